//! Where the code of a requirement is to come from.

use std::fmt;

/// Where the code of a requirement is to come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::deps) enum Source {
    /// A registry.
    Registry,
    /// A git repository, by its address without credentials.
    Git {
        /// The address.
        address: String,
        /// What of it.
        reference: Reference,
    },
    /// A folder or a file.
    Path,
    /// An archive at an address of its own.
    Address,
    /// What another file of the project says: a workspace, a catalog, an index of its own.
    Workspace,
}

/// What of a git repository is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::deps) enum Reference {
    /// A branch, which moves.
    Branch(String),
    /// A tag.
    Tag(String),
    /// One commit.
    Commit(String),
    /// Nothing: the branch that the repository opens with.
    Default,
}

impl Reference {
    /// A reference of which only the text is known: a commit is written in hexadecimal digits, a tag has a digit in it as
    /// versions do, and anything else is a branch.
    pub(super) fn guess(text: &str) -> Self {
        let version = text.rsplit('/').next().unwrap_or(text).trim_start_matches(['v', 'V']);
        if text.is_empty() || text == "HEAD" {
            Reference::Default
        } else if (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Reference::Commit(text.to_owned())
        } else if version.starts_with(|c: char| c.is_ascii_digit()) && version.contains('.')
            || text.starts_with("semver:")
        {
            Reference::Tag(text.to_owned())
        } else {
            Reference::Branch(text.to_owned())
        }
    }
}

impl Source {
    /// A repository at an address, which may have credentials, and behind `#` or the last `@` of its path a reference.
    pub(super) fn git(written: &str) -> Self {
        let bare = written.strip_prefix("git+").unwrap_or(written);
        let (bare, fragment) = bare.split_once('#').map_or((bare, ""), |(bare, fragment)| (bare, fragment));
        let path = bare.find("://").map_or(0, |found| found + 3);
        let path = bare[path..].find('/').map_or(bare.len(), |slash| path + slash);
        let (bare, behind) = match bare[path..].rfind('@') {
            Some(at) => (&bare[..path + at], &bare[path + at + 1..]),
            None => (bare, ""),
        };
        // Python's tools write `#egg=name` behind the reference, npm the reference itself.
        let named = fragment.split('&').all(|part| part.contains('='));
        let reference = if behind.is_empty() && !named { fragment } else { behind };
        Source::Git { address: without_credentials(bare), reference: Reference::guess(reference) }
    }

    /// A repository whose manifest says by keys what of it is meant.
    pub(super) fn repository(
        address: &str,
        branch: Option<&str>,
        tag: Option<&str>,
        commit: Option<&str>,
    ) -> Self {
        let commit = commit.map(|commit| match Reference::guess(commit) {
            // Cargo and Poetry take any reference for `rev`.
            Reference::Default => Reference::Default,
            known => known,
        });
        let tag = || tag.map(|tag| Reference::Tag(tag.to_owned()));
        let branch = || branch.map(|branch| Reference::Branch(branch.to_owned()));
        let reference = commit.or_else(tag).or_else(branch).unwrap_or(Reference::Default);
        Source::Git { address: without_credentials(address), reference }
    }

    /// Whether the same words may mean other code tomorrow: a branch, or no reference at all.
    pub(in crate::deps) fn moves(&self) -> bool {
        matches!(self, Source::Git { reference: Reference::Branch(_) | Reference::Default, .. })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Registry => f.write_str("registry"),
            Source::Git { address, reference } => match reference {
                Reference::Branch(name) => write!(f, "{address}, branch {name}"),
                Reference::Tag(name) => write!(f, "{address}, tag {name}"),
                Reference::Commit(name) => write!(f, "{address}, commit {name}"),
                Reference::Default => write!(f, "{address}, default branch"),
            },
            Source::Path => f.write_str("path"),
            Source::Address => f.write_str("address"),
            Source::Workspace => f.write_str("workspace"),
        }
    }
}

/// An address without a scheme, user and password.
fn without_credentials(address: &str) -> String {
    let bare = address.split_once("://").map_or(address, |(_, bare)| bare);
    let end = bare.find('/').unwrap_or(bare.len());
    let host = bare[..end].rfind('@').map_or(0, |at| at + 1);
    bare[host..].split(['?', '#']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_references() {
        for (written, expected) in [
            ("git+https://u:p@git.example/a.git@v1.0#egg=a", "git.example/a.git, tag v1.0"),
            ("git+https://git.example/a.git#egg=a", "git.example/a.git, default branch"),
            ("git+ssh://git@git.example/a.git#main", "git.example/a.git, branch main"),
            ("git@git.example:o/a.git#0123456", "git.example:o/a.git, commit 0123456"),
            ("https://git.example/a#semver:^1.0", "git.example/a, tag semver:^1.0"),
            ("git+https://git.example/a@feature/x", "git.example/a, branch feature/x"),
            ("", ", default branch"),
        ] {
            assert_eq!(Source::git(written).to_string(), expected, "{written}");
        }
    }

    #[test]
    fn keys_say_what_is_meant() {
        let told = |branch, tag, commit| {
            Source::repository("https://u@git.example/a", branch, tag, commit).to_string()
        };
        assert_eq!(told(Some("main"), None, None), "git.example/a, branch main");
        assert_eq!(told(None, Some("one"), None), "git.example/a, tag one");
        assert_eq!(told(None, None, Some("0123456789")), "git.example/a, commit 0123456789");
        assert_eq!(told(None, None, Some("main")), "git.example/a, branch main");
        assert_eq!(told(None, None, None), "git.example/a, default branch");
        assert!(Source::repository("a", None, None, None).moves() && !Source::Path.moves());
    }
}
