//! One reply or prompt: from standard input, and what applying it would write.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::artifact::{Action, Content, Entry, FrontMatter, Origin, Original, Provenance, Role, Submission};
use crate::ingest::{front, markdown};

/// The path that standard input is shown under.
pub const STDIN: &str = "<stdin>";

/// Standard input: a reply or prompt when front matter or a fence with `path=` says so, else a document, whose secrets
/// and hidden text count all the same.
pub fn stdin(bytes: impl Into<Arc<[u8]>>) -> Submission {
    let bytes = bytes.into();
    let front = front::parse(&bytes, &[]);
    let role = match &front {
        Some(front) => role_of(front),
        None if has_target(&bytes) => Role::Reply,
        None => Role::Document,
    };
    Submission {
        origin: Origin::Reply,
        entries: vec![Entry::new(STDIN, role, Action::Inspect, Content::Bytes(bytes))],
        notes: Vec::new(),
        provenance: front.as_ref().map(provenance).unwrap_or_default(),
        symlinks: Vec::new(),
        around: Vec::new(),
    }
}

/// A reply whose bytes were kept: as it was on standard input.
pub fn of(kept: Original) -> Submission {
    stdin(kept.reveal().clone())
}

/// What a text with this front matter is: a result records hashes, a prompt does not.
pub(super) fn role_of(front: &FrontMatter) -> Role {
    let hashed = front.output_line > 1 || front.prompt_line > 1;
    if hashed || !front.names_spec { Role::Reply } else { Role::Prompt }
}

/// Feature, agent and conversation of front matter.
pub(super) fn provenance(front: &FrontMatter) -> Provenance {
    Provenance {
        feature: front.feature.clone(),
        agent: front.agent.clone(),
        conversation: front.conversation.clone(),
    }
}

/// Whether any reader sees a fence that is bound for a path.
fn has_target(bytes: &[u8]) -> bool {
    markdown::read(bytes, &(0..0), &(0..bytes.len())).fences.iter().any(|fence| fence.path.is_some())
}

/// The files that upstream would write or delete, sorted by path: its fences in order, the last one of a path wins. The
/// content is exactly what upstream writes: no newline at the end. Paths lose `.` components, as the disk reads them;
/// any other oddity stays, for the gate to judge.
pub fn applied(reply: &Original) -> Vec<Original> {
    let mut last = BTreeMap::new();
    for fence in reply.fences.iter().filter(|fence| fence.upstream) {
        if let Some(path) = &fence.path {
            last.insert(plain(path), fence);
        }
    }
    let bytes = reply.reveal();
    last.into_iter()
        .map(|(path, fence)| {
            let content = match fence.action {
                Action::Delete => &[],
                _ => bytes.get(fence.content.clone()).unwrap_or_default(),
            };
            Original::new(path, Role::Code, fence.action, content)
        })
        .collect()
}

/// `./a//b/.` is `a/b`.
fn plain(path: &str) -> String {
    let root = if path.starts_with('/') { "/" } else { "" };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::read;

    fn role(text: &str) -> Role {
        stdin(text.as_bytes()).entries[0].role
    }

    #[test]
    fn standard_input_is_what_it_looks_like() {
        assert_eq!(
            role("---\nfeature: abc\nagent: 01-x\nprompt_spec_version: 1.0.0\n---\n\nhi"),
            Role::Prompt
        );
        assert_eq!(role("---\nfeature: abc\noutput_hash: error\n---\n\nhi"), Role::Reply);
        assert_eq!(role("---\ntitle: x\n---\n\nhi"), Role::Reply);
        assert_eq!(role("Here:\n\n```py path=a.py\nx\n```\n"), Role::Reply);
        assert_eq!(role("Here:\n\n~~~py path=a.py\nx\n~~~\n"), Role::Reply);
        assert_eq!(role("Here:\n\n```py\nx\n```\n"), Role::Document);
        assert_eq!(role("diff --git a/x b/x\n"), Role::Document);
    }

    #[test]
    fn provenance_comes_from_front_matter() {
        let text =
            "---\nfeature: abc\nagent: 01-x\nprompt_spec_version: 1.0.0\nconversation_id: abc-1\n---\n\nhi";
        let made = stdin(text.as_bytes()).provenance;
        assert_eq!(
            (made.feature.as_deref(), made.agent.as_deref(), made.conversation.as_deref()),
            (Some("abc"), Some("01-x"), Some("abc-1"))
        );
    }

    #[test]
    fn applying_takes_the_last_fence_of_a_path() {
        let text = "```py path=b.py\nold\n```\n```py path=./b.py action=update\nnew\n\n```\n```sh path=a action=delete\nx\n```\n~~~py path=c\nx\n~~~\n";
        let submission = stdin(text.as_bytes());
        let reply = read(&submission.entries[0], &1_000_000).unwrap();
        let files = applied(&reply);
        let files: Vec<(&str, Action, &[u8])> =
            files.iter().map(|file| (file.path.as_str(), file.action, &file.reveal()[..])).collect();
        assert_eq!(files, [("a", Action::Delete, &b""[..]), ("b.py", Action::Update, &b"new"[..])]);
    }
}
