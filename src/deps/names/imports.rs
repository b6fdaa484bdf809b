//! The packages that code imports: found line by line, since few files hold one that anybody has to be asked about, and
//! held against the tree of the file when one is to be reported.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::reference::{How, Reference};
use super::standard;
use crate::deps::version::Ecosystem;
use crate::syntax::{Language, Parsed};

/// So many places of one name are kept of a file: the first may stand in a text.
const PLACES: usize = 2;

/// The most names of one file.
const MOST: usize = 2_000;

/// The imports of other packages in a text. What is relative, of the standard library or no name of a package is left out.
pub(super) fn read(language: Language, text: &str) -> Vec<Reference> {
    let mut found = Found::default();
    match language {
        Language::Python => python(text, &mut found),
        Language::JavaScript | Language::TypeScript | Language::Tsx => javascript(text, &mut found),
    }
    found.references
}

/// The distributions that a script says it needs (`# /// script`), each where it is named.
pub(super) fn script_requirements(text: &str) -> Vec<Reference> {
    let Some(start) = text.find("# /// script").filter(|at| *at == 0 || text[..*at].ends_with('\n')) else {
        return Vec::new();
    };
    let mut references = Vec::new();
    let mut listed = false;
    let mut at = start;
    for line in text[start..].split_inclusive('\n').take(500) {
        let begin = at;
        at += line.len();
        let line = line.trim_end();
        let Some(said) = line.strip_prefix('#').map(str::trim) else { break };
        if said == "///" {
            break;
        }
        listed |= said.strip_prefix("dependencies").is_some_and(|rest| rest.trim_start().starts_with('='));
        if !listed {
            continue;
        }
        for (index, quoted) in line.split(['"', '\'']).enumerate() {
            let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let name = &quoted[..quoted.find(|c| !named(c)).unwrap_or(quoted.len())];
            if index % 2 == 1 && !name.is_empty() {
                let from = begin + (quoted.as_ptr() as usize - line.as_ptr() as usize);
                let spec = quoted[name.len()..].trim().to_owned();
                let at = from..from + name.len();
                let (ecosystem, how) = (Ecosystem::PyPi, How::Requirement);
                references.push(Reference { ecosystem, name: name.to_owned(), spec, at, how });
            }
        }
        listed = !said.ends_with(']');
    }
    references
}

#[derive(Default)]
struct Found {
    references: Vec<Reference>,
    seen: HashMap<String, usize>,
}

impl Found {
    fn add(&mut self, ecosystem: Ecosystem, name: &str, at: Range<usize>) {
        let full = self.seen.len() >= MOST && !self.seen.contains_key(name);
        if name.is_empty() || name.len() > 214 || full || standard::library(ecosystem, name).is_some() {
            return;
        }
        let places = self.seen.entry(name.to_owned()).or_default();
        *places += 1;
        if *places <= PLACES {
            let (name, spec, how) = (name.to_owned(), String::new(), How::Import);
            self.references.push(Reference { ecosystem, name, spec, at, how });
        }
    }
}

fn python(text: &str, found: &mut Found) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at + (line.len() - line.trim_start().len());
        at += line.len();
        let line = line.trim();
        let rest = match line.strip_prefix("import ") {
            Some(rest) => rest,
            None => match line.strip_prefix("from ") {
                // Only the module that is named first.
                Some(rest) if rest.contains(" import") => rest.split(" import").next().unwrap_or_default(),
                _ => continue,
            },
        };
        let mut from = start + line.len() - line[line.find(' ').unwrap_or(0)..].len() + 1;
        for part in rest.split(',') {
            let name = part.trim_start();
            let begin = from + part.len() - name.len();
            let end = name.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(name.len());
            let behind = name[end..].trim_start();
            let ends = behind.is_empty() || behind.starts_with(['.', '#', ';']) || behind.starts_with("as ");
            if ends && !name[..end].starts_with('_') {
                found.add(Ecosystem::PyPi, &name[..end], begin..begin + end);
            }
            from += part.len() + 1;
            if part.contains('#') {
                break;
            }
        }
    }
}

/// The words that a module's name follows.
static NAMING: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::new(["from", "import", "require"]).ok());

fn javascript(text: &str, found: &mut Found) {
    let Some(naming) = NAMING.as_ref() else { return };
    let bytes = text.as_bytes();
    let space =
        |at: usize| bytes[at..].iter().take(200).take_while(|byte| byte.is_ascii_whitespace()).count();
    for word in naming.find_iter(text) {
        let before = word.start().checked_sub(1).and_then(|at| bytes.get(at));
        if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'.')) {
            continue;
        }
        let mut at = word.end() + space(word.end());
        if bytes.get(at) == Some(&b'(') && word.pattern().as_usize() > 0 {
            at += 1;
            at += space(at);
        } else if word.pattern().as_usize() == 2 {
            continue;
        }
        let Some(quote) = bytes.get(at).filter(|byte| matches!(byte, b'"' | b'\'')) else { continue };
        let window = &bytes[at + 1..bytes.len().min(at + 300)];
        let Some(length) = memchr::memchr2(*quote, b'\n', window) else { continue };
        let Some(module) = text.get(at + 1..at + 1 + length) else { continue };
        if let Some(name) = package(module) {
            found.add(Ecosystem::Npm, name, at + 1..at + 1 + name.len());
        }
    }
}

/// The package of a module's name: `lodash/fp` is of `lodash`, `@scope/name/x` of `@scope/name`; `None` when it is a file
/// or a name that a bundler makes up.
fn package(module: &str) -> Option<&str> {
    let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    let scoped = module.strip_prefix('@');
    let mut parts = scoped.unwrap_or(module).split('/');
    let first = parts.next()?;
    let name = match scoped {
        Some(_) => {
            let second = parts.next().filter(|second| !second.is_empty() && !first.is_empty())?;
            module.get(..first.len() + second.len() + 2)?
        }
        None => first,
    };
    let bare = name.strip_prefix('@').unwrap_or(name);
    let fits = bare.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && bare.chars().all(|c| named(c) || c == '/')
        && !name.ends_with(".js");
    fits.then_some(name)
}

/// Whether the module named at a place is imported there, and not only where it can be had: what stands in a text, in a
/// `try` that does without it, or for a type checker alone is not. What a function imports when it is called counts where
/// `lazy` says so.
pub(super) fn stands(parsed: &Parsed<'_>, at: &Range<usize>, lazy: bool) -> bool {
    let mut cursor = parsed.root().walk();
    let mut imports = false;
    loop {
        let node = cursor.node();
        match node.kind() {
            "import_statement" | "import_from_statement" | "export_statement" | "call_expression" => {
                imports = true;
            }
            "try_statement" => return false,
            "function_definition" if !lazy => return false,
            "if_statement" => {
                let condition = node.child_by_field_name("condition");
                let text = condition.map_or("", |condition| parsed.text_of(condition));
                if text.contains("TYPE_CHECKING") || text.contains("sys.") || text.contains("platform") {
                    return false;
                }
            }
            // What cannot be read may be anything.
            "ERROR" => return false,
            _ => {}
        }
        if cursor.goto_first_child_for_byte(at.start).is_none() {
            return imports && node.kind() != "template_string" && node.start_byte() <= at.start;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{parse, steps_for};

    fn names(language: Language, text: &str) -> Vec<String> {
        let references = read(language, text);
        references.iter().for_each(|one| assert_eq!(&text[one.at.clone()], one.name));
        references.into_iter().map(|one| one.name).collect()
    }

    #[test]
    fn modules_of_python() {
        let text = "import os, requests.auth as r, yaml  # import no\nfrom flask_login import x\nfrom . import a\n\
                    from .b import c\nif x:\n    import\tzmq\n    import zmq\nimportant = 1\nfrom x\nimport _x\n";
        assert_eq!(names(Language::Python, text), ["requests", "yaml", "flask_login", "zmq"]);
    }

    #[test]
    fn modules_of_javascript() {
        let text = "import a from 'a';\nimport {\n b } from \"@s/b/c\";\nimport 'c/d.css';\nconst d = require('d');\n\
                    const e = await import('e');\nexport * from 'f';\nimport x from './x';\nimport y from '@/y';\n\
                    import z from 'node:fs';\nimport w from 'fs';\nx.from('no');\nimport v from '~/v';\nrequire.resolve('no')\n";
        assert_eq!(names(Language::TypeScript, text), ["a", "@s/b", "c", "d", "e", "f"]);
    }

    #[test]
    fn what_only_looks_like_an_import_is_none() {
        let stand = |language, text: &str, lazy| {
            let parsed = parse(language, text, steps_for(text)).unwrap();
            let all = read(language, text);
            let standing =
                all.iter().filter(|one| stands(&parsed, &one.at, lazy)).map(|one| one.name.clone());
            (all.len(), standing.collect::<Vec<_>>())
        };
        let text = "\"\"\"\nimport a\n\"\"\"\ntry:\n    import b\nexcept ImportError:\n    b = None\n\
                    if TYPE_CHECKING:\n    import c\ndef f():\n    import d\n";
        assert_eq!(stand(Language::Python, text, true), (4, vec!["d".to_owned()]));
        assert_eq!(stand(Language::Python, text, false), (4, vec![]));
        let text = "const t = `\nimport a from 'a'`;\nlet b;\ntry { b = require('b') } catch {}\nimport c from 'c';\n";
        assert_eq!(stand(Language::JavaScript, text, false), (3, vec!["c".to_owned()]));
    }

    #[test]
    fn scripts_say_what_they_need() {
        let text = "#!/usr/bin/env python\n# /// script\n# requires-python = \">=3.11\"\n# dependencies = [\n#   \"requests<3\",\n\
                    #   'rich',\n# ]\n# ///\nimport requests\n";
        let found = script_requirements(text);
        let names: Vec<&str> = found.iter().map(|one| &text[one.at.clone()]).collect();
        assert_eq!((names, found[0].spec.as_str()), (vec!["requests", "rich"], "<3"));
        assert_eq!(script_requirements("# no\n"), []);
    }
}
