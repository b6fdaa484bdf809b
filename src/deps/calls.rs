//! What the Rust and Go code of a scan calls, for the advisories that name the functions with the weakness. It reads
//! names and brackets, no grammar: enough to say "this is called here", never that something is not.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::deps::version::Ecosystem;
use crate::finding::{Called, Finding};

/// The most calls of one file that are kept.
const MOST: usize = 10_000;

/// What one file calls.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Calls {
    path: String,
    /// The modules whose names it uses: crates and what comes of them by `use`, Go's import paths.
    modules: BTreeSet<String>,
    /// Each called path as it is written (`Regex::new`, `.is_match`, `language.Parse`), and its first line.
    called: BTreeMap<String, u32>,
}

/// The language of a file that may call functions of these ecosystems.
fn ecosystem(path: &str) -> Option<Ecosystem> {
    match path.rsplit_once('.')?.1 {
        "rs" => Some(Ecosystem::Cargo),
        "go" => Some(Ecosystem::Go),
        _ => None,
    }
}

/// Reads a file; `None` for one of another language.
pub(super) fn read(path: &str, text: &str) -> Option<Calls> {
    let ecosystem = ecosystem(path)?;
    let mut calls = Calls { path: path.to_owned(), ..Calls::default() };
    for (index, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        // An import path of Go holds slashes, and stands in quotes.
        if ecosystem == Ecosystem::Go {
            calls.modules.extend(quoted(line).filter(|path| path.contains('.')).map(str::to_owned));
        } else {
            calls.modules.extend(roots(code).map(str::to_owned));
        }
        for path in called(code) {
            if calls.called.len() >= MOST {
                return Some(calls);
            }
            let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
            calls.called.entry(path.to_owned()).or_insert(line);
        }
    }
    Some(calls)
}

/// The texts in double quotes.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The first segments of paths, and all segments of a `use`.
fn roots(code: &str) -> impl Iterator<Item = &str> {
    let import = code.trim_start().trim_start_matches("pub ").starts_with("use ");
    let words = code.split(|c: char| !is_word(c) && c != ':').filter(|word| !word.is_empty());
    words.flat_map(move |word| {
        let most = if import { usize::MAX } else { usize::from(word.contains("::")) };
        word.split("::").take(most)
    })
}

/// The paths before round brackets: `Regex::new`, `.is_match`, `language.Parse`.
fn called(code: &str) -> impl Iterator<Item = &str> {
    code.match_indices('(').filter_map(|(end, _)| {
        let before = &code[..end];
        let start = before
            .rfind(|c: char| !is_word(c) && c != ':' && c != '.')
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let path = &before[start..];
        path.ends_with(is_word).then_some(path)
    })
}

impl Calls {
    /// The line on which it calls `function` of `module`.
    fn line(&self, ecosystem: Ecosystem, module: &str, function: &str) -> Option<u32> {
        if self::ecosystem(&self.path) != Some(ecosystem) {
            return None;
        }
        match ecosystem {
            Ecosystem::Go => self.go(module, function),
            _ => self.rust(module, function),
        }
    }

    fn rust(&self, module: &str, function: &str) -> Option<u32> {
        let root = module.split("::").next()?;
        if !self.modules.contains(root) {
            return None;
        }
        let last = module.rsplit("::").next()?;
        let method = last.starts_with(char::is_uppercase);
        let lines = self.called.iter().filter(|(path, _)| match path.rsplit_once("::") {
            Some((of, name)) => name == function && of.rsplit("::").next() == Some(last),
            None => match path.rsplit_once('.') {
                Some((_, name)) => method && name == function,
                None => !method && *path == function && self.modules.contains(function),
            },
        });
        lines.map(|(_, line)| *line).min()
    }

    fn go(&self, module: &str, function: &str) -> Option<u32> {
        if !self.modules.contains(module) {
            return None;
        }
        // The last part of a path is the name of the package, but for a version of the module.
        let mut parts = module.rsplit('/');
        let last = parts
            .next()
            .filter(|last| last.strip_prefix('v').is_none_or(|rest| rest.parse::<u32>().is_err()));
        let package = last.or_else(|| parts.next())?;
        let lines = self.called.iter().filter(|(path, _)| {
            path.rsplit_once('.').is_some_and(|(of, name)| match function.rsplit_once('.') {
                Some((_, method)) => name == method,
                None => name == function && of == package,
            })
        });
        lines.map(|(_, line)| *line).min()
    }
}

/// Says of each advisory that names functions where one of them is called.
pub(super) fn mention(findings: &mut [Finding], calls: &[Calls]) {
    for finding in findings {
        let Some(advisory) = finding.advisory.as_mut().filter(|advisory| !advisory.functions.is_empty())
        else {
            continue;
        };
        let Some(ecosystem) = Ecosystem::of(&advisory.ecosystem) else {
            continue;
        };
        let places = calls.iter().flat_map(|calls| {
            let place = |function: &String| {
                let (module, name) = split(ecosystem, function)?;
                let line = calls.line(ecosystem, module, name)?;
                Some(Called { path: calls.path.clone(), line, function: function.clone() })
            };
            advisory.functions.iter().filter_map(place)
        });
        advisory.called = places.min_by(|one, other| (&one.path, one.line).cmp(&(&other.path, other.line)));
    }
}

/// How a function is written: `regex::Regex::new`, `golang.org/x/text/language.Parse`.
pub(super) fn written(ecosystem: Ecosystem, of: &str, name: &str) -> String {
    let between = if ecosystem == Ecosystem::Go { "." } else { "::" };
    format!("{of}{between}{name}")
}

fn split(ecosystem: Ecosystem, function: &str) -> Option<(&str, &str)> {
    if ecosystem != Ecosystem::Go {
        return function.rsplit_once("::");
    }
    let slash = function.rfind('/')?;
    // Of the path's last part, the package, up to its first dot; a version like `yaml.v3` belongs to it.
    let rest = &function[slash + 1..];
    let at = rest
        .match_indices('.')
        .map(|(at, _)| at)
        .find(|at| rest[at + 1..].starts_with(char::is_uppercase))?;
    Some((&function[..slash + 1 + at], &rest[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str, text: &str, function: &str) -> Option<u32> {
        let ecosystem = ecosystem(path).unwrap();
        let (module, name) = split(ecosystem, function).unwrap();
        read(path, text).unwrap().line(ecosystem, module, name)
    }

    #[test]
    fn calls_of_rust() {
        let rust = |text: &str, function: &str| line("a.rs", text, function);
        assert_eq!(rust("use regex::Regex;\nfn f() { Regex::new(\"a\"); }", "regex::Regex::new"), Some(2));
        assert_eq!(rust("fn f() { let r = regex::Regex::new(x)?; }", "regex::Regex::new"), Some(1));
        assert_eq!(
            rust("use regex::Regex;\nfn f(r: Regex) {\n r.is_match(x) }", "regex::Regex::is_match"),
            Some(3)
        );
        assert_eq!(rust("use webbrowser::open;\n\nfn f() { open(x) }", "webbrowser::open"), Some(3));
        assert_eq!(rust("fn f() { webbrowser::open(x) }", "webbrowser::open"), Some(1));
        for (text, function) in [
            ("use other::Regex;\nfn f() { Regex::new(x) }", "regex::Regex::new"),
            ("use regex::Regex;\nfn f() { Other::new(x) }", "regex::Regex::new"),
            ("use regex::Regex; // Regex::new(x)\n", "regex::Regex::new"),
            ("use webbrowser::Browser;\nfn f() { File::open(x); open(y) }", "webbrowser::open"),
        ] {
            assert_eq!(rust(text, function), None, "{text}");
        }
    }

    #[test]
    fn calls_of_go() {
        let go = |text: &str, function: &str| line("a.go", text, function);
        let text = "import (\n\t\"golang.org/x/text/language\"\n\ty \"gopkg.in/yaml.v3\"\n)\nfunc f() {\n\tlanguage.Parse(s)\n\tn.Append(b)\n}";
        assert_eq!(go(text, "golang.org/x/text/language.Parse"), Some(6));
        assert_eq!(go(text, "golang.org/x/text/language.Form.Append"), Some(7));
        assert_eq!(go(text, "golang.org/x/text/other.Parse"), None);
        assert_eq!(
            split(Ecosystem::Go, "gopkg.in/yaml.v3.Unmarshal"),
            Some(("gopkg.in/yaml.v3", "Unmarshal"))
        );
    }

    #[test]
    fn other_files_and_any_text() {
        assert!(read("a.py", "f()").is_none());
        for text in ["(", "::(", "\u{e9}(", "a\u{e9}::b(", "\"(", ".(", "use ;\n", "\"\"\""] {
            read("a.rs", text).unwrap();
            read("a.go", text).unwrap();
        }
    }
}
