//! Declarations of parameters and fields as Python writes them: `name: Annotated[int | None, Query(ge=1)] = None`.

/// Types that hold no text: what makes a value of one refuses all that is none.
#[rustfmt::skip]
const VALUES: &[&str] = &[
    "int", "float", "bool", "complex", "UUID", "UUID1", "UUID3", "UUID4", "UUID5", "date", "datetime", "time", "timedelta",
    "Decimal", "Fraction", "PositiveInt", "NegativeInt", "NonNegativeInt", "NonPositiveInt", "PositiveFloat",
    "NegativeFloat", "NonNegativeFloat", "NonPositiveFloat", "conint", "confloat", "condecimal", "StrictInt", "StrictBool",
    "StrictFloat", "IPvAnyAddress", "IPv4Address", "IPv6Address", "None", "NoneType",
    // What a resolver of GraphQL is told of the query.
    "GraphQLResolveInfo", "ResolveInfo",
];

/// What stands around types without being one.
#[rustfmt::skip]
const AROUND: &[&str] = &[
    "Optional", "Union", "List", "list", "Set", "set", "Sequence", "Iterable", "Tuple", "tuple", "FrozenSet", "frozenset",
];

/// What of a declaration says that another function provides it.
const PROVIDES: &[&str] = &["Depends(", "Security(", "Inject("];

/// Types within types are read so deep.
const DEEPEST: u32 = 8;

/// Whether a type of that name holds no text.
pub(super) fn is_value(name: &str) -> bool {
    VALUES.contains(&name)
}

/// Whether what has that type is a number or the like, whichever of its types it is of: `int`, `Optional[UUID]`.
pub(super) fn harmless(kind: &str) -> bool {
    each_type(kind, 0, &mut |path| last(path) == "Literal" || is_value(last(path)))
}

/// The types that an annotation names, without what stands around them.
pub(super) fn words(kind: &str) -> Vec<&str> {
    let mut found = Vec::new();
    each_type(kind, 0, &mut |name| {
        found.push(name);
        true
    });
    found.retain(|name| *name != "None");
    found
}

/// Whether something holds of every type that an annotation names: of `Annotated` only the first counts, and a `Literal`
/// is one whatever is in it.
fn each_type<'t>(kind: &'t str, depth: u32, holds: &mut dyn FnMut(&'t str) -> bool) -> bool {
    let kind = kind.trim().trim_matches(['"', '\'']);
    if kind.is_empty() || depth > DEEPEST {
        return false;
    }
    let alternatives = split(kind, '|');
    if alternatives.len() > 1 {
        return alternatives.into_iter().all(|one| each_type(one, depth + 1, holds));
    }
    let end = kind.find(['[', '(']).unwrap_or(kind.len());
    let path = kind[..end].trim();
    let name = last(path);
    let inner = kind[end..].strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match inner {
        Some(inner) if name == "Annotated" => {
            split(inner, ',').first().is_some_and(|first| each_type(first, depth + 1, holds))
        }
        Some(inner) if AROUND.contains(&name) => {
            let inner: Vec<&str> = split(inner, ',').into_iter().filter(|one| one.trim() != "...").collect();
            !inner.is_empty() && inner.into_iter().all(|one| each_type(one, depth + 1, holds))
        }
        _ => holds(path),
    }
}

/// The text before a character that stands in no brackets and no quotes.
pub(super) fn before(text: &str, end: char) -> &str {
    let (mut depth, mut quote) = (0i32, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, c) if c == end && depth <= 0 => return &text[..at],
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            _ => {}
        }
    }
    text
}

/// The parts of a text between characters that stand in no brackets and no quotes.
fn split(text: &str, by: char) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), text);
    loop {
        let part = before(rest, by);
        parts.push(part);
        match rest[part.len()..].strip_prefix(by) {
            Some(more) => rest = more,
            None => return parts,
        }
    }
}

/// The last name of a path: `UUID` of `uuid.UUID`.
pub(super) fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path).trim()
}

/// The only type that a declaration names: `Item` of `items: list[Item] | None = None`.
pub(super) fn only_type(declaration: &str) -> Option<&str> {
    match words(declared_type(declaration)).as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

/// The type of a declaration as it is written; empty when it has none.
pub(super) fn declared_type(declaration: &str) -> &str {
    declaration.split_once(':').map_or("", |(_, rest)| before(rest, '=').trim())
}

/// Whether a parameter is declared to be a text, or an object with fields of its own: `name: str`, `item: Item`.
pub(super) fn declared_plain(declaration: &str) -> bool {
    const OPEN: &[&str] =
        &["dict", "Dict", "Any", "Mapping", "MutableMapping", "object", "Json", "JSON", "OrderedDict"];
    let types = words(declared_type(declaration));
    !types.is_empty() && !types.into_iter().any(|path| OPEN.contains(&last(path)))
}

/// Whether another function provides a parameter, as it is declared.
pub(super) fn provided(declaration: &str) -> bool {
    PROVIDES.iter().any(|call| behind(declaration, call).is_some())
}

/// The function that provides it; empty when it is the type itself.
pub(super) fn provider(declaration: &str) -> &str {
    let inside = PROVIDES.iter().find_map(|call| behind(declaration, call)).unwrap_or("");
    let first = inside.trim_start();
    let first = first.strip_prefix("dependency=").unwrap_or(first).trim_start();
    let end = first.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(first.len());
    let rest = first[end..].trim_start();
    // `Depends(Checker("a"))`, `Depends(use_cache=False)`: no name of a function.
    if rest.starts_with([',', ')']) { &first[..end] } else { "" }
}

/// The type that a parameter is declared to have, whoever provides it: `p: Page = Depends()`, `Annotated[Page, Depends()]`.
pub(super) fn type_in(declaration: &str) -> &str {
    let inner = match declaration.split_once("Annotated[") {
        Some((_, inner)) => inner,
        None => declaration.split_once(':').map_or("", |(_, kind)| kind),
    };
    inner.split(['=', ',', '[', ']']).next().unwrap_or("").trim()
}

/// The expression that a declared text has to match: `pattern=r"^[a-z]+$"`.
pub(super) fn pattern_of(declaration: &str) -> Option<String> {
    let found = ["pattern=", "regex="].iter().find_map(|name| behind(declaration, name))?;
    let raw = found.strip_prefix(['r', 'R']);
    let text = raw.unwrap_or(found);
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (body, rest) = text[1..].split_once(quote)?;
    // A text that goes on is another one.
    rest.trim_start().strip_prefix([',', ')'])?;
    Some(if raw.is_some() { body.to_owned() } else { body.replace("\\\\", "\\") })
}

/// What stands behind a name that is written in a declaration itself, in no text of it.
fn behind<'d>(declaration: &'d str, name: &str) -> Option<&'d str> {
    let mut quote = None;
    declaration.char_indices().find_map(|(at, c)| {
        let here = quote.is_none()
            && declaration[at..].starts_with(name)
            && !declaration[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
        here.then(|| &declaration[at + name.len()..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_off_declarations() {
        for (declaration, pattern) in [
            ("name: str = Field(pattern=r'^[a-z]+$')", Some("^[a-z]+$")),
            ("name: str = Query(None, regex=\"^\\\\d+$\")", Some("^\\d+$")),
            ("name: Annotated[str, Path(pattern='^a$')]", Some("^a$")),
            ("name: str = Field(no_pattern='^a$')", None),
            ("name: str = Field(pattern=NAME)", None),
            ("name: str = Query(description=\"see pattern='^[a-z]+$'\")", None),
            ("name: str = Query(pattern='^[a-z]+$' '.*')", None),
            ("name: str = Query(pattern='^[a-z]+$' + MORE)", None),
        ] {
            assert_eq!(pattern_of(declaration).as_deref(), pattern, "{declaration}");
        }
        assert_eq!(before("Annotated[str, Field(x=1)] = 2", '='), "Annotated[str, Field(x=1)] ");
        assert_eq!(before("str, Field(x=']')]", ','), "str");
    }

    #[test]
    fn the_provider_and_the_type_are_read_off_a_declaration() {
        for (declaration, name, kind) in [
            ("t: str = Depends(tenant)", "tenant", "str"),
            ("t=Depends(deps.tenant, use_cache=False)", "deps.tenant", ""),
            ("p: Page = Depends()", "", "Page"),
            ("p: Annotated[Page, Depends()]", "", "Page"),
            ("p: Annotated[dict, Depends(dependency=common)]", "common", "dict"),
            ("p: str = Security(current, scopes=['a'])", "current", "str"),
            ("p = Depends(Checker('a'))", "", ""),
            ("p: str = Query(description='what it Depends(on)')", "", "str"),
        ] {
            assert_eq!((provider(declaration), type_in(declaration)), (name, kind), "{declaration}");
        }
    }

    #[test]
    fn values_are_those_of_every_type_that_is_named() {
        for kind in [
            "int",
            "Optional[int]",
            "int | None",
            "List[UUID]",
            "uuid.UUID",
            "Literal['a', 'b']",
            "typing.Literal['a']",
            "Annotated[int, Query(ge=1)]",
            "Union[int, Literal['str']]",
            "tuple[int, ...]",
            "conint(ge=1)",
            "datetime.date",
            "\"int\"",
            "list[int | bool]",
        ] {
            assert!(harmless(kind), "{kind}");
        }
        for kind in [
            "str",
            "int | bytes",
            "int | Item",
            "Union[int, Any]",
            "Annotated[str, int]",
            "dict[int, int]",
            "",
            "list",
            "list[]",
            "int | ",
            "Integer",
            "Literal | str",
        ] {
            assert!(!harmless(kind), "{kind}");
        }
        assert_eq!(only_type("items: list[a.Item] | None = None"), Some("a.Item"));
        assert_eq!(only_type("item: Item | Other"), None);
        assert!(
            declared_plain("a: Optional[str] = 'Any'")
                && !declared_plain("a: str | dict")
                && !declared_plain("a")
        );
    }
}
