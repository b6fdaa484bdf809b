//! Which packages may be asked about: nobody learns the name of a private one.

use std::ops::Range;

use crate::deps::lockfile::Format;
use crate::deps::registry::is_public;
use crate::deps::version::Ecosystem;

/// Names that are never sent to anybody: patterns in which `*` stands for any text.
#[derive(Debug, Clone, Default)]
pub struct Private {
    patterns: Vec<String>,
}

impl Private {
    /// Of the patterns of the settings: `@acme/*`, `github.com/acme/*`.
    pub fn new(patterns: &[String]) -> Self {
        Private { patterns: patterns.to_vec() }
    }

    /// Whether a name is one of them, however either is spelt.
    pub fn is(&self, name: &str) -> bool {
        let name = folded(name);
        self.patterns.iter().any(|pattern| matches(&folded(pattern), &name))
    }
}

/// A name without what registries do not tell apart: capitals, and which of `-`, `_` and `.` stands between words.
fn folded(name: &str) -> String {
    name.chars().map(|c| if matches!(c, '_' | '.') { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// Whether `text` is what `pattern` says, `*` being any text: each piece is found as early as can be.
fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

/// How far an address may reach beyond the bytes that say which package it is: they end where it begins.
const REACH: usize = 1024;

/// Whether nothing in the bytes that say which package it is says that it is from elsewhere than a public registry;
/// `elsewhere`: a line of the file says so of them all; `sure`: what does not say so counts as from there. What Composer took from its public registry says so.
pub(in crate::deps) fn of_public_registry(
    text: &str,
    said: &Range<usize>,
    ecosystem: Ecosystem,
    elsewhere: bool,
    sure: bool,
) -> bool {
    let rest = text.get(said.end..).unwrap_or_default();
    let line = rest.find('\n').unwrap_or(rest.len()).min(REACH);
    let reach = (0..=line).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(0);
    let said = text.get(said.start..said.end + reach).unwrap_or_default();
    !elsewhere
        && hosts(said).all(is_public)
        && (!sure && ecosystem != Ecosystem::Packagist || hosts(said).next().is_some())
}

/// Whether a line of a lockfile that names the registry of all its packages names one that is not public, or does not say
/// which. Other formats say it of each package.
pub(in crate::deps) fn names_another_registry(format: Format, text: &str) -> bool {
    let words: &[&str] = match format {
        Format::Requirements => {
            &["-i", "--index-url", "--extra-index-url", "--find-links", "-f", "--no-index"]
        }
        Format::Gems => &["remote:"],
        Format::Pipfile => &["\"url\":"],
        _ => return false,
    };
    text.lines().map(str::trim_start).any(|line| {
        let named = |word: &&str| {
            let rest = line.strip_prefix(*word);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '=']))
        };
        words.iter().any(named) && !public_alone(line)
    })
}

/// Whether a command or the environment of one sets a registry of somebody's own: from then on nobody knows which names are
/// public.
pub(in crate::deps) fn sets_a_registry(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "--registry",
        "--index-url",
        "--extra-index-url",
        "PIP_INDEX_URL",
        "PIP_EXTRA_INDEX_URL",
        "UV_INDEX",
        "UV_DEFAULT_INDEX",
        "npm_config_registry",
        "NPM_CONFIG_REGISTRY",
        "GOPRIVATE",
        "GOPROXY",
    ];
    text.lines().any(|line| {
        let short = || line.contains("pip") && line.split_whitespace().any(|word| word == "-i");
        (WORDS.iter().any(|word| line.contains(word)) || short()) && !public_alone(line)
    })
}

/// The same of a settings file of a package manager, or of a manifest with settings of one.
pub(in crate::deps) fn settings_set_a_registry(text: &str) -> bool {
    const KEYS: &[&str] = &[
        "registry",
        "npmRegistryServer",
        "index-url",
        "extra-index-url",
        "index_url",
        "find-links",
        "find_links",
        "replace-with",
        "default-index",
    ];
    const SECTIONS: &[&str] =
        &["[[source]]", "tool.uv.index", "tool.poetry.source", "tool.pdm.source", "[[index]]"];
    let sources = SECTIONS.iter().any(|section| text.contains(section));
    text.lines().any(|line| {
        let line = line.trim_start();
        let key = line.split(['=', ':', ' ', '\t']).next().unwrap_or_default();
        let scoped = line.starts_with('@') && line.contains(":registry");
        let named = scoped || KEYS.contains(&key) || sources && key == "url";
        named && !public_alone(line)
    })
}

/// Whether all hosts of a line are public, and there are some.
fn public_alone(line: &str) -> bool {
    let mut hosts = hosts(line).peekable();
    hosts.peek().is_some() && hosts.all(is_public)
}

/// The hosts of the addresses in a text.
fn hosts(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("://").map(|(at, mark)| {
        let rest = &text[at + mark.len()..];
        let end = rest.find(|c: char| c.is_whitespace() || "/\"'?#>),".contains(c)).unwrap_or(rest.len());
        let host = &rest[..end];
        let host = host.rsplit('@').next().unwrap_or(host);
        host.split(':').next().unwrap_or(host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_names() {
        let private = Private::new(&["@acme/*".into(), "acme-*-lib".into(), "exactly".into()]);
        for name in ["@acme/a", "acme-x-lib", "acme-x-lib-lib", "exactly"] {
            assert!(private.is(name), "{name}");
        }
        for name in ["@acme2/a", "acme-lib", "exactly-not", "not-exactly", ""] {
            assert!(!private.is(name), "{name}");
        }
        let spelt = Private::new(&["acme_*".into(), "Acme.Corp.*".into(), "@Acme/*".into()]);
        assert!(["acme-one", "ACME_one", "acme-corp-two", "@acme/x"].into_iter().all(|name| spelt.is(name)));
        assert!(Private::new(&["*".into()]).is("anything"));
        assert!(!Private::default().is("anything"));
    }

    #[test]
    fn what_is_from_another_address_is_not_sent() {
        let said = |text: &str| of_public_registry(text, &(0..text.len()), Ecosystem::Npm, false, false);
        assert!(said("left-pad 1.3.0"));
        assert!(!said("\"resolved\": \"https://registry.example/left-pad-1.3.0.tgz\""));
        assert!(!said("https://user:word@registry.example:8443/x"));
        assert!(!of_public_registry("left-pad", &(0..8), Ecosystem::Npm, true, false));
        assert!(
            !of_public_registry("a/b 1.0", &(0..3), Ecosystem::Packagist, false, false),
            "it does not say from where"
        );
        let at = "\"resolved\": \"https://registry.example/a.tgz\"";
        assert!(
            !of_public_registry(at, &(0..13), Ecosystem::Npm, false, false),
            "the address begins where the bytes end"
        );
        let host = hosts("a = \"https://me@Registry.Example:80/x\" http://other.example").collect::<Vec<_>>();
        assert_eq!(host, ["Registry.Example", "other.example"]);
        use Format::{Gems, Npm, Pipfile, Requirements};
        for (format, text, another) in [
            (Requirements, "--index-url https://registry.example/simple\na==1.0\n", true),
            (Requirements, "-i ${OWN}\n", true),
            (Requirements, "a==1.0 # https://docs.example/\n", false),
            (Gems, "GEM\n  remote: https://registry.example/\n", true),
            (Pipfile, "\"url\": \"https://registry.example/simple\"", true),
            // Who wants to be paid is no registry.
            (Npm, "\"funding\": {\n\"url\": \"https://sponsors.example/\"}", false),
        ] {
            assert_eq!(names_another_registry(format, text), another, "{text}");
        }
    }

    #[test]
    fn a_registry_of_ones_own_is_seen_where_it_is_set() {
        for text in [
            "pip install -i https://registry.example x",
            "npm i --registry \"$OWN\" x",
            "PIP_INDEX_URL=$OWN pip install x",
            "ENV PIP_EXTRA_INDEX_URL https://registry.example",
        ] {
            assert!(sets_a_registry(text), "{text}");
        }
        for text in [
            "pip install x",
            "npm i x",
            "the index of a book",
            "registry = Registry()",
            "grep -i x",
            "registry: ghcr",
        ] {
            assert!(!sets_a_registry(text), "{text}");
        }
        for text in [
            "registry=https://registry.example/",
            "@acme:registry=https://registry.example/",
            "registry \"https://registry.example\"",
            "npmRegistryServer: \"https://registry.example\"",
            "[global]\nindex-url = https://registry.example",
            "[[tool.uv.index]]\nurl = \"https://registry.example\"",
        ] {
            assert!(settings_set_a_registry(text), "{text}");
        }
        for text in [
            "[project.urls]\nurl = \"https://docs.example\"",
            "\"publishConfig\": {\"registry\": 1}",
            "a = 1",
        ] {
            assert!(!settings_set_a_registry(text), "{text}");
        }
    }
}
