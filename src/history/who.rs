//! Whose commits need an approval.

use git2::Commit;

use crate::policy::{Coverage, Who};

/// The policy's answer, with the patterns ready.
pub(super) struct Agents {
    all: bool,
    patterns: Vec<String>,
}

/// How agents and bots sign, wherever they run.
const KNOWN: [&str; 8] = [
    "*[bot]",
    "*[bot]@*",
    "noreply@anthropic.com",
    "cursoragent@cursor.com",
    "codex@openai.com",
    "*noreply@aider.chat",
    "copilot@github.com",
    "*copilot@users.noreply.github.com",
];

impl Agents {
    pub(super) fn new(policy: &Coverage) -> Agents {
        let own = policy.agents.iter().map(String::as_str);
        let patterns = KNOWN.into_iter().chain(own).map(str::to_lowercase).collect();
        Agents { all: policy.who == Who::All, patterns }
    }

    /// Why a commit needs no approval; `None`: it needs one.
    pub(super) fn exempt(&self, commit: &Commit<'_>) -> Option<String> {
        if self.all {
            return None;
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).to_lowercase();
        let (author, committer) = (commit.author(), commit.committer());
        let people =
            [author.name_bytes(), author.email_bytes(), committer.name_bytes(), committer.email_bytes()];
        let message = text(commit.message_bytes());
        let theirs = people.iter().any(|name| self.matches(&text(name))) || self.trailer(&message);
        (!theirs).then(|| "no agent made it, and the policy covers agents".into())
    }

    fn matches(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| glob(pattern.as_bytes(), name.trim().as_bytes()))
    }

    /// A trailer that names an agent. Every line is looked at, not only the last paragraph: forges add text below.
    fn trailer(&self, message: &str) -> bool {
        message.lines().filter_map(|line| line.split_once(':')).any(|(key, value)| match key.trim() {
            "weft-item" | "assisted-by" | "generated-by" | "agent" => !value.trim().is_empty(),
            "co-authored-by" | "signed-off-by" => {
                let (name, address) = value.split_once('<').unwrap_or((value, ""));
                self.matches(name) || self.matches(address.trim_end().trim_end_matches('>'))
            }
            _ => false,
        })
    }
}

/// Whether `*` in `pattern` can stand for what is missing. Linear: each star is tried once, further right each time.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut star, mut seen, mut from) = (0, None, 0, 0);
    while seen < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some(at);
                from = seen;
                at += 1;
            }
            Some(byte) if *byte == text[seen] => (at, seen) = (at + 1, seen + 1),
            _ => match star {
                Some(star) => {
                    from += 1;
                    (at, seen) = (star + 1, from);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn stars_match_anything_and_nothing_else_does() {
        assert!(glob(b"*[bot]@*", b"dependabot[bot]@users.example"));
        assert!(glob(b"*", b"") && glob(b"a*b*c", b"aXbYbZc"));
        assert!(!glob(b"a*b", b"abc") && !glob(b"bot", b"robot"));
    }
}
