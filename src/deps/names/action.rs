//! The actions that a job of CI uses by a name that can be moved.

use std::ops::Range;

use super::spec::has_commit;

/// The actions (`owner/name@ref`) of a workflow whose ref is a branch or tag, each where it is named, once each. Tags of the
/// forge's own actions are left out: whoever runs the job can change these anyway.
pub(super) fn moving(text: &str) -> Vec<(String, Range<usize>)> {
    const OWN: [&str; 2] = ["actions/", "github/"];
    let mut found: Vec<(String, Range<usize>)> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for at in memchr::memmem::find_iter(text.as_bytes(), b"uses:") {
        let line = &text[text[..at].rfind('\n').map_or(0, |end| end + 1)..at];
        let key = line.trim_start().trim_start_matches("- ").trim().is_empty();
        let rest = text[at + 5..].split('\n').next().unwrap_or_default();
        let value = rest.trim_start();
        let start = at + 5 + rest.len() - value.len();
        let value = value.trim_start_matches(['"', '\'']);
        let start = start + usize::from(text[start..].starts_with(['"', '\'']));
        let end =
            value.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '#')).unwrap_or(value.len());
        let value = &value[..end];
        let Some((name, version)) = value.split_once('@') else { continue };
        let own = OWN.iter().any(|owner| name.starts_with(owner)) && !is_branch(version);
        let elsewhere = name.starts_with('.') || name.contains(':') || value.contains("${");
        if key && !own && !elsewhere && name.contains('/') && !has_commit(version) && seen.insert(value) {
            found.push((value.to_owned(), start..start + value.len()));
        }
    }
    found
}

/// Whether a ref is one that moves with every change: the common names of branches.
pub(super) fn is_branch(version: &str) -> bool {
    matches!(version, "main" | "master" | "HEAD" | "dev" | "develop" | "trunk" | "latest")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_and_tags_can_be_moved() {
        let text = "steps:\n  - uses: actions/checkout@v4\n  - name: x\n    uses: \"owner/tool/sub@v1\"  # one\n\
                    \x20 - uses: actions/cache@main\n  - uses: ./local@x\n  - uses: docker://image@v1\n\
                    \x20 - uses: owner/held@0123456789abcdef0123456789abcdef01234567\n  - uses: owner/tool/sub@v1\n\
                    # uses: owner/no@v1\n";
        let found = moving(text);
        let names: Vec<&str> = found
            .iter()
            .map(|(name, at)| {
                assert_eq!(&text[at.clone()], name);
                name.as_str()
            })
            .collect();
        assert_eq!(names, ["owner/tool/sub@v1", "actions/cache@main"]);
    }
}
