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
        if matches!(name, "SConstruct" | "SConscript") {
            return Some(Language::Python);
        }
        let (stem, extension) = name.rsplit_once('.')?;
        if stem.is_empty() {
            return None;
        }
        Some(match extension.to_ascii_lowercase().as_str() {
            "py" | "pyi" | "pyw" | "py3" | "wsgi" => Language::Python,
            "js" | "mjs" | "cjs" | "jsx" | "es6" | "es" | "jsm" => Language::JavaScript,
            "ts" | "mts" | "cts" => Language::TypeScript,
            "tsx" => Language::Tsx,
            _ => return None,
        })
    }

    /// The grammar that the first word of a fence's info string names, in any of the ways that are written: `python`,
    /// `{python}`, `{.python}`, `python{1,3}`, `python,ignore`, `python3.11`, `python:app.py`, `app.py`.
    pub fn of_fence(word: &str) -> Option<Self> {
        let bare = word.trim_start_matches(['{', '.', ' ']);
        let whole =
            bare.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.' | '-' | '/' | '+' | '#'));
        let whole = whole.into_iter().next().unwrap_or(bare).to_ascii_lowercase();
        // `python3.11`
        let name = whole.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        Some(match name {
            "python" | "py" | "ipython" | "pycon" | "python-repl" | "pyrepl" | "py3k" => Language::Python,
            "javascript" | "js" | "jsx" | "mjs" | "cjs" | "es" | "node" | "nodejs" | "javascriptreact" => {
                Language::JavaScript
            }
            "typescript" | "ts" | "mts" | "cts" => Language::TypeScript,
            "tsx" | "typescriptreact" => Language::Tsx,
            _ => return Language::of_path(&whole).or_else(|| Language::of_path(bare.trim_end_matches('}'))),
        })
    }

    /// The grammar of what the first line of a script has run it: `#!/usr/bin/env python3`.
    pub fn of_shebang(text: &str) -> Option<Self> {
        let line = text.strip_prefix('\u{feff}').unwrap_or(text).strip_prefix("#!")?;
        let line = line.split(['\n', '\r']).next().unwrap_or(line);
        // What a path begins with, options and what `env` sets say nothing.
        let words = line.split_whitespace().filter(|word| !word.starts_with('-') && !word.contains('='));
        let mut names = words.map(|word| word.rsplit(['/', '\\']).next().unwrap_or(word));
        let runner = names.find(|name| {
            !matches!(
                *name,
                "env"
                    | "busybox"
                    | "nice"
                    | "exec"
                    | "run"
                    | "npx"
                    | "pnpx"
                    | "bunx"
                    | "npm"
                    | "pnpm"
                    | "yarn"
                    | "poetry"
                    | "pdm"
                    | "hatch"
                    | "rye"
                    | "pipenv"
            )
        })?;
        let runner = runner.strip_suffix(".exe").unwrap_or(runner);
        let plain = runner.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == 't');
        Some(match (runner, plain) {
            (_, "python" | "pypy" | "ipython") | ("uv" | "pipx" | "pythonw", _) => Language::Python,
            ("node" | "nodejs" | "gjs" | "qjs" | "zx" | "babel-node", _) => Language::JavaScript,
            ("deno" | "bun" | "tsx" | "ts-node" | "ts-node-esm" | "tsm", _) => Language::TypeScript,
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
            ("deploy/app.wsgi", Some(Language::Python)),
            ("site_scons/SConstruct", Some(Language::Python)),
            ("lib/a.es6", Some(Language::JavaScript)),
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
        for word in [
            "{python}",
            "{.python",
            "python{1,3}",
            "python,ignore",
            "python:app.py",
            "app.py",
            "{.app.py}",
            "python3.11",
            "python;x",
            "python[1]",
            "app.py:12-40",
            "Python-repl",
        ] {
            assert_eq!(Language::of_fence(word), Some(Language::Python), "{word}");
        }
        for word in ["bash", "", "text", "{code-block}", "a.md", "sh:run.sh"] {
            assert_eq!(Language::of_fence(word), None, "{word}");
        }
    }

    #[test]
    fn first_line_of_a_script_decides() {
        for (line, language) in [
            ("#!/usr/bin/env python3", Some(Language::Python)),
            ("#!/usr/bin/python3.12 -u", Some(Language::Python)),
            ("#! /opt/venv/bin/pypy3", Some(Language::Python)),
            ("#!/usr/bin/env -S uv run --script", Some(Language::Python)),
            ("#!/usr/bin/env -S PYTHONPATH=lib python", Some(Language::Python)),
            ("#!/usr/bin/env node", Some(Language::JavaScript)),
            ("#!/usr/bin/env -S npx tsx", Some(Language::TypeScript)),
            ("#!/usr/bin/env -S deno run -A", Some(Language::TypeScript)),
            ("#!/usr/bin/env -S poetry run python", Some(Language::Python)),
            ("#!/bin/sh", None),
            ("#!/usr/bin/perl -w", None),
            ("#!", None),
            ("# python", None),
        ] {
            assert_eq!(Language::of_shebang(&format!("{line}\nx\n")), language, "{line}");
        }
    }
}
