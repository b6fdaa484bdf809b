//! HTML inside Markdown that hides what it holds: comments, `display:none` and its like.

use std::ops::Range;

/// Collects concealed ranges from the pieces of HTML, in order.
#[derive(Default)]
pub(super) struct Concealed {
    found: Vec<(Range<usize>, &'static str)>,
    /// A hiding element that is open: its name, how many of that name are open, where it began.
    element: Option<(String, usize, usize)>,
    /// Where a comment that is open began.
    comment: Option<usize>,
}

/// Elements whose content browsers never show.
const INVISIBLE: [&str; 5] = ["script", "style", "template", "noscript", "head"];

impl Concealed {
    /// Reads one piece of HTML that stands at `range`.
    pub(super) fn read(&mut self, html: &str, range: Range<usize>) {
        let mut rest = html;
        let at = |rest: &str| (range.start + (html.len() - rest.len())).min(range.end);
        loop {
            if let Some(start) = self.comment {
                let Some(end) = rest.find("-->") else { break };
                rest = &rest[end + 3..];
                self.comment = None;
                self.found.push((start..at(rest), "inside an HTML comment"));
            }
            let Some(open) = rest.find('<') else { break };
            rest = &rest[open..];
            if rest.starts_with("<!--") {
                self.comment = Some(at(rest));
                rest = &rest[4..];
                continue;
            }
            let start = at(rest);
            let end = rest.find('>').map_or(rest.len(), |end| end + 1);
            self.tag(&rest[1..end], start, range.start + (html.len() - rest.len()) + end);
            rest = &rest[end..];
        }
        if self.comment.is_none() {
            self.found.push((range, "inside raw HTML"));
        }
    }

    /// Everything found; what is still open hides the rest.
    pub(super) fn finish(mut self, end: usize) -> Vec<(Range<usize>, &'static str)> {
        if let Some(start) = self.comment {
            self.found.push((start..end, "inside an HTML comment"));
        }
        if let Some((_, _, start)) = self.element {
            self.found.push((start..end, "inside an HTML element that is not shown"));
        }
        self.found
    }

    fn tag(&mut self, tag: &str, start: usize, end: usize) {
        let closes = tag.starts_with('/');
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(|character| character.is_ascii_alphanumeric() || *character == '-')
            .collect::<String>()
            .to_ascii_lowercase();
        if name.is_empty() {
            return;
        }
        match &mut self.element {
            None if !closes && hides(&name, tag) => self.element = Some((name, 1, start)),
            Some((open, depth, _)) if *open == name && !closes => *depth += 1,
            Some((open, depth, begun)) if *open == name => {
                *depth -= 1;
                if *depth == 0 {
                    self.found.push((*begun..end, "inside an HTML element that is not shown"));
                    self.element = None;
                }
            }
            _ => {}
        }
    }
}

fn hides(name: &str, tag: &str) -> bool {
    let tag: String =
        tag.chars().filter(|character| !character.is_whitespace()).collect::<String>().to_ascii_lowercase();
    let style = ["display:none", "visibility:hidden", "font-size:0", "opacity:0;", "opacity:0\""];
    INVISIBLE.contains(&name)
        || style.iter().any(|hiding| tag.contains(hiding))
        || tag.trim_end_matches(['>', '/']).ends_with("hidden")
        || tag.contains("hidden=")
}
