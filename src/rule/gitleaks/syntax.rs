//! The patterns of Go's regexp package, written as the regex crate reads them. The two agree on all but a few characters.

/// Rewrites what differs: braces that repeat nothing, brackets and operators inside classes, quoted runs, octal and
/// superfluous escapes, negated names of properties. What neither reads stays, and does not compile.
pub(super) fn translate(go: &str) -> String {
    let mut out = String::with_capacity(go.len() + 16);
    let mut rest = go;
    while let Some(first) = rest.chars().next() {
        let behind = &rest[first.len_utf8()..];
        rest = match first {
            '\\' => {
                let (escape, after) = escape(behind);
                match escape {
                    Escape::Character(character) => literal(&mut out, character),
                    Escape::Quoted(text) => text.chars().for_each(|character| literal(&mut out, character)),
                    Escape::Set(set) => out.push_str(&format!("[{set}]")),
                    Escape::Other(text) => out.push_str(&text),
                }
                after
            }
            '[' => class(behind, &mut out),
            '{' if !repeats(behind) => {
                out.push_str(r"\{");
                behind
            }
            _ => {
                out.push(first);
                behind
            }
        };
    }
    out
}

/// `text` as a pattern that matches it alone.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    text.chars().for_each(|character| literal(&mut out, character));
    out
}

/// Whether a brace before `text` begins a repetition: `{3}`, `{3,}`, `{3,5}`.
fn repeats(text: &str) -> bool {
    let Some((inside, _)) = text.split_once('}') else { return false };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    !least.is_empty() && digits(least) && digits(most)
}

fn literal(out: &mut String, character: char) {
    // The regex crate reads `\<` and `\>` as ends of words.
    if character.is_ascii_punctuation() && !matches!(character, '<' | '>' | '_') {
        out.push('\\');
    }
    out.push(character);
}

enum Escape {
    /// One character.
    Character(char),
    /// `\Q...\E`
    Quoted(String),
    /// The inside of a class.
    Set(&'static str),
    /// The same in both, backslash included.
    Other(String),
}

/// The escape that `text` begins with, behind its backslash, and what follows.
fn escape(text: &str) -> (Escape, &str) {
    let Some(first) = text.chars().next() else { return (Escape::Other("\\".into()), "") };
    let behind = &text[first.len_utf8()..];
    match first {
        'Q' => {
            let (quoted, after) = behind.split_once(r"\E").unwrap_or((behind, ""));
            (Escape::Quoted(quoted.to_owned()), after)
        }
        'E' => (Escape::Quoted(String::new()), behind),
        'Z' => (Escape::Other(r"\z".into()), behind),
        'd' => (Escape::Set("0-9"), behind),
        'w' => (Escape::Set("0-9A-Za-z_"), behind),
        'D' => (Escape::Set("^0-9"), behind),
        'W' => (Escape::Set("^0-9A-Za-z_"), behind),
        '0'..='7' => {
            let length = text.bytes().take(3).take_while(|byte| (b'0'..b'8').contains(byte)).count();
            let code = u32::from_str_radix(&text[..length], 8).ok().and_then(char::from_u32);
            // Without the zero a single digit refers back to a group: neither reads that.
            match code.filter(|_| first == '0' || length > 1) {
                Some(character) => {
                    (Escape::Other(format!(r"\x{{{:x}}}", u32::from(character))), &text[length..])
                }
                None => (Escape::Other(format!("\\{first}")), behind),
            }
        }
        'p' | 'P' if behind.starts_with("{^") => {
            let other = if first == 'p' { 'P' } else { 'p' };
            (Escape::Other(format!("\\{other}{{")), &behind[2..])
        }
        'p' | 'P' | 'x' if behind.starts_with('{') => {
            let end = behind.find('}').map_or(behind.len(), |end| end + 1);
            (Escape::Other(format!("\\{first}{}", &behind[..end])), &behind[end..])
        }
        _ if first.is_ascii_punctuation() => (Escape::Character(first), behind),
        _ => (Escape::Other(format!("\\{first}")), behind),
    }
}

/// Writes the class whose inside `text` begins with, and returns what follows it. In Go a bracket inside is a character
/// and there are no operators between sets.
fn class<'t>(text: &'t str, out: &mut String) -> &'t str {
    out.push('[');
    let mut rest = text;
    if let Some(behind) = rest.strip_prefix('^') {
        out.push('^');
        rest = behind;
    }
    let mut first = true;
    loop {
        let Some(character) = rest.chars().next() else { return rest };
        if character == ']' && !first {
            out.push(']');
            return &rest[1..];
        }
        first = false;
        if let Some(end) = rest.strip_prefix("[:").and_then(|inside| inside.find(":]")) {
            out.push_str(&rest[..end + 4]);
            rest = &rest[end + 4..];
            continue;
        }
        let single;
        (single, rest) = member(rest, out);
        // Only a single character begins a range; behind a set a hyphen is one.
        let to = rest.strip_prefix('-').filter(|to| single && !to.is_empty() && !to.starts_with(']'));
        if let Some(to) = to {
            out.push('-');
            rest = member(to, out).1;
        }
    }
}

/// Writes one member of a class; whether it is a single character, and what follows.
fn member<'t>(text: &'t str, out: &mut String) -> (bool, &'t str) {
    let Some(first) = text.chars().next() else { return (false, text) };
    let behind = &text[first.len_utf8()..];
    if first != '\\' {
        literal(out, first);
        return (true, behind);
    }
    let (escape, after) = escape(behind);
    let single = match escape {
        Escape::Character(character) => {
            literal(out, character);
            true
        }
        Escape::Quoted(text) => {
            text.chars().for_each(|character| literal(out, character));
            text.chars().count() == 1
        }
        Escape::Set(set) if set.starts_with('^') => {
            out.push_str(&format!("[{set}]"));
            false
        }
        Escape::Set(set) => {
            out.push_str(set);
            false
        }
        Escape::Other(text) => {
            out.push_str(&text);
            ![r"\s", r"\S", r"\p", r"\P"].iter().any(|set| text.starts_with(set))
        }
    };
    (single, after)
}

#[cfg(test)]
mod tests {
    use super::translate;

    /// The translation of a pattern, compiled.
    fn matches(go: &str, text: &str) -> bool {
        let pattern = translate(go);
        regex::Regex::new(&pattern)
            .unwrap_or_else(|error| panic!("{go} became {pattern}: {error}"))
            .is_match(text)
    }

    #[test]
    fn what_both_read_alike_stays() {
        for pattern in
            [r"(?i)\bkey_[a-z]{2,5}(?:\s|$)", r"(?P<x>a|b)+?\z", r"\x60\x{41}\n", r"a{3}b{3,}", "^.*$"]
        {
            assert_eq!(translate(pattern), pattern);
        }
    }

    #[test]
    fn what_differs_means_the_same() {
        for (go, yes, no) in [
            (r"^\${[A-Z]+}$", "${AB}", "$AB"),
            (r"^x{,3}$", "x{,3}", "xx"),
            (r"^[[\]a]+$", "[]a", "b"),
            (r"^[]a]+$", "]a", "["),
            (r"^[\w-.]+$", "a-.b", "/"),
            (r"^[a&&b~~c-]+$", "a&b~c-", "d"),
            (r"^[+--]$", ",", "a"),
            (r"^\<\>\/\-\_\'$", "<>/-_'", "x"),
            (r"^\Qa.b[\E+$", "a.b[[", "axb["),
            (r"^\101\0$", "A\0", "B\0"),
            (r"^[[:alnum:]_[]$", "[", "-"),
            (r"^\p{^Greek}$", "a", "\u{3b1}"),
            (r"^[\D]$", "a", "1"),
            (r"^\W$", "\u{e9}", "e"),
            (r"a\Z", "ba", "ab"),
        ] {
            assert!(matches(go, yes), "{go} on {yes}");
            assert!(!matches(go, no), "{go} on {no}");
        }
    }

    #[test]
    fn what_is_broken_stays_broken() {
        for pattern in ["[a", "(a", r"\", r"\1", "a**b)", "[z-a]"] {
            assert!(regex::Regex::new(&translate(pattern)).is_err(), "{pattern}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_pattern_panics(pattern in r".{0,30}", dense in r"[\\\[\]{}^\-a-c:,&QE0-9]{0,20}") {
            translate(&pattern);
            translate(&dense);
        }
    }
}
