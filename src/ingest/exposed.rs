//! What comes to count because lines before it go away: the first line of a statement over several, the beginning of a
//! comment or string. A change that only takes away brings it all the same.

use std::ops::Range;

/// Which lines of the new side count as brought by a hunk, beside those that it adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Exposed {
    /// None.
    Nothing,
    /// These.
    Lines(Range<u32>),
    /// Nobody can tell how far it reaches.
    Everything,
}

/// Judges a hunk by its lines of both sides; `next` is the line of the new side behind it.
pub(super) fn exposed(removed: &[&[u8]], added: &[&[u8]], next: u32) -> Exposed {
    if removed.is_empty() {
        return Exposed::Nothing;
    }
    if open(removed) != open(added) || quotes(removed) % 2 != quotes(added) % 2 {
        return Exposed::Everything;
    }
    let goes_on = |lines: &[&[u8]]| lines.last().is_some_and(|line| line.trim_ascii_end().ends_with(b"\\"));
    // A package that was a link to a folder is one of the registry.
    let link = |lines: &[&[u8]]| lines.iter().any(|line| line.trim_ascii().starts_with(b"\"link\""));
    if link(removed) && !link(added) {
        return Exposed::Lines(next.saturating_sub(1).max(1)..next.saturating_add(1));
    }
    if goes_on(removed) && !goes_on(added) {
        return Exposed::Lines(next..next.saturating_add(1));
    }
    Exposed::Nothing
}

/// How many comments the lines begin and do not end, less those that they end and did not begin.
fn open(lines: &[&[u8]]) -> i64 {
    let marks: [(&[u8], &[u8]); 2] = [(b"/*", b"*/"), (b"<!--", b"-->")];
    let line = |line: &&[u8]| {
        let line = line.trim_ascii();
        let of = |(begin, end): &(&[u8], &[u8])| {
            i64::from(line.starts_with(begin)) - i64::from(line.ends_with(end))
        };
        marks.iter().map(of).sum::<i64>()
    };
    lines.iter().map(line).sum()
}

/// How many marks of long strings the lines hold.
fn quotes(lines: &[&[u8]]) -> usize {
    let of = |mark: &'static [u8]| {
        lines.iter().map(|line| memchr::memmem::find_iter(line, mark).count()).sum::<usize>()
    };
    of(b"\"\"\"") + of(b"'''")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(removed: &[&str], added: &[&str]) -> Exposed {
        let removed: Vec<&[u8]> = removed.iter().map(|line| line.as_bytes()).collect();
        let added: Vec<&[u8]> = added.iter().map(|line| line.as_bytes()).collect();
        exposed(&removed, &added, 7)
    }

    #[test]
    fn what_a_removed_line_held_back_counts() {
        for (removed, added, expected) in [
            (&["--no-binary \\\n"][..], &[][..], Exposed::Lines(7..8)),
            (&["a \\\n"], &["b \\\n"], Exposed::Nothing),
            (&["\"link\": true,\n"], &[], Exposed::Lines(6..8)),
            (&["/*\n"], &[], Exposed::Everything),
            (&["/* one line */\n"], &[], Exposed::Nothing),
            (&["-->\n"], &[], Exposed::Everything),
            (&["x = \"\"\"\n"], &[], Exposed::Everything),
            (&["\"\"\"What it does.\"\"\"\n"], &[], Exposed::Nothing),
            (&["\"\"\"\n"], &["'''\n"], Exposed::Nothing),
            (&["\"src/**/*.ts\",\n"], &[], Exposed::Nothing),
            (&["import x\n"], &[], Exposed::Nothing),
            (&[], &["/*\n"], Exposed::Nothing),
        ] {
            assert_eq!(of(removed, added), expected, "{removed:?} {added:?}");
        }
    }
}
