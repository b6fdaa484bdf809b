//! Which grammar reads a file.

/// A grammar. JSX is JavaScript here: its grammar reads both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Python 3, stubs too.
    Python,
    /// JavaScript, with or without JSX.
    JavaScript,
    /// TypeScript without JSX: `<T>x` is a cast.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
}

impl Language {
    /// Every grammar.
    pub const ALL: [Language; 4] =
        [Language::Python, Language::JavaScript, Language::TypeScript, Language::Tsx];

    /// The grammar of a file name's extension; `None` for a file weft does not analyse.
    pub fn of_path(path: &str) -> Option<Self> {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let (stem, extension) = name.rsplit_once('.')?;
        if stem.is_empty() {
            return None;
        }
        Some(match extension.to_ascii_lowercase().as_str() {
            "py" | "pyi" | "pyw" => Language::Python,
            "js" | "mjs" | "cjs" | "jsx" => Language::JavaScript,
            "ts" | "mts" | "cts" => Language::TypeScript,
            "tsx" => Language::Tsx,
            _ => return None,
        })
    }

    /// The grammar that the first word of a fence's info string names.
    pub fn of_fence(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "python" | "py" | "python3" | "py3" => Language::Python,
            "javascript" | "js" | "jsx" | "mjs" | "cjs" | "node" | "nodejs" => Language::JavaScript,
            "typescript" | "ts" | "mts" | "cts" => Language::TypeScript,
            "tsx" => Language::Tsx,
            _ => return None,
        })
    }

    /// The name that rule pages and models use: TypeScript is covered by "javascript".
    pub fn family(self) -> &'static str {
        match self {
            Language::Python => "python",
            Language::JavaScript | Language::TypeScript | Language::Tsx => "javascript",
        }
    }

    /// Whether it is TypeScript's.
    pub(super) fn has_types(self) -> bool {
        matches!(self, Language::TypeScript | Language::Tsx)
    }

    /// The compiled grammar.
    pub(crate) fn grammar(self) -> tree_sitter::Language {
        match self {
            Language::Python => tree_sitter_python::LANGUAGE.into(),
            Language::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
            Language::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Language::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
        }
    }

    /// The grammars to try when this one does not understand everything: an extension may lie about JSX or types.
    pub(super) fn others(self) -> &'static [Language] {
        match self {
            Language::Python => &[],
            Language::JavaScript => &[Language::Tsx],
            Language::TypeScript => &[Language::Tsx],
            Language::Tsx => &[Language::TypeScript],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extension_decides() {
        for (path, language) in [
            ("src/app.py", Some(Language::Python)),
            ("a.b/c.MJS", Some(Language::JavaScript)),
            ("x.d.ts", Some(Language::TypeScript)),
            ("page.tsx", Some(Language::Tsx)),
            ("a.py/readme", None),
            (".py", None),
            ("py", None),
            ("", None),
        ] {
            assert_eq!(Language::of_path(path), language, "{path}");
        }
    }

    #[test]
    fn fence_word_decides() {
        assert_eq!(Language::of_fence("Python"), Some(Language::Python));
        assert_eq!(Language::of_fence("jsx"), Some(Language::JavaScript));
        assert_eq!(Language::of_fence("bash"), None);
    }
}
