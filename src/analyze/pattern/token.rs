//! The tokens of a query, which is written as tree-sitter's are.

/// A token of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'q> {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    Choice,
    /// `]`
    Chosen,
    /// `?` behind a node.
    Optional,
    /// `*` behind a node.
    Any,
    /// `+` behind a node.
    Many,
    /// `.` between nodes.
    Anchor,
    /// `@name`, without the `@`.
    Capture(&'q str),
    /// `name:`, without the colon.
    Field(&'q str),
    /// `!name`, without the mark.
    Absent(&'q str),
    /// A quoted text, its escapes read.
    Text(String),
    /// Anything else: names of nodes and conditions.
    Word(&'q str),
}

/// The tokens of one pattern of a query.
#[derive(Debug, Default)]
pub(super) struct Tokens<'q> {
    pub(super) tokens: Vec<Token<'q>>,
    /// Of each token the line of the query that it stands on, from 0.
    lines: Vec<usize>,
}

impl Tokens<'_> {
    /// The line of a token; of one behind the last, that of the last.
    pub(super) fn line(&self, token: usize) -> usize {
        self.lines.get(token).or(self.lines.last()).copied().unwrap_or(0)
    }
}

/// The tokens of each pattern of a query.
pub(super) fn forms(query: &str) -> Vec<Tokens<'_>> {
    let mut forms: Vec<Tokens<'_>> = Vec::new();
    let mut depth = 0usize;
    let (mut line, mut counted) = (0, 0);
    for (token, at) in tokens(query) {
        let begins = matches!(token, Token::Open | Token::Choice | Token::Text(_) | Token::Word(_));
        if depth == 0 && begins {
            forms.push(Tokens::default());
        }
        line += query[counted..at].matches('\n').count();
        counted = at;
        match token {
            Token::Open | Token::Choice => depth += 1,
            Token::Close | Token::Chosen => depth = depth.saturating_sub(1),
            _ => {}
        }
        if let Some(form) = forms.last_mut() {
            form.tokens.push(token);
            form.lines.push(line);
        }
    }
    forms
}

/// The tokens of a query, each with where it begins.
fn tokens(query: &str) -> Vec<(Token<'_>, usize)> {
    let mut tokens = Vec::new();
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        let at = query.len() - rest.len();
        let tail = &rest[first.len_utf8()..];
        let (token, behind) = match first {
            ';' => (None, tail.find('\n').map_or("", |end| &tail[end..])),
            '(' => (Some(Token::Open), tail),
            ')' => (Some(Token::Close), tail),
            '[' => (Some(Token::Choice), tail),
            ']' => (Some(Token::Chosen), tail),
            '?' => (Some(Token::Optional), tail),
            '*' => (Some(Token::Any), tail),
            '+' => (Some(Token::Many), tail),
            '.' => (Some(Token::Anchor), tail),
            '"' => {
                let (text, behind) = quoted(tail);
                (Some(Token::Text(text)), behind)
            }
            '@' => {
                let (name, behind) = word(tail, "?*+");
                (Some(Token::Capture(name)), behind)
            }
            '!' => {
                let (name, behind) = word(tail, "");
                (Some(Token::Absent(name)), behind)
            }
            '#' => {
                let (name, behind) = word(rest, "");
                (Some(Token::Word(name)), behind)
            }
            _ => match word(rest, ":?*+") {
                (name, behind) if behind.starts_with(':') => (Some(Token::Field(name)), &behind[1..]),
                // A stray mark alone would never end.
                ("", _) => (Some(Token::Word(&rest[..first.len_utf8()])), tail),
                (name, behind) => (Some(Token::Word(name)), behind),
            },
        };
        tokens.extend(token.map(|token| (token, at)));
        rest = behind.trim_start();
    }
    tokens
}

/// A word and what stands behind it.
fn word<'q>(text: &'q str, marks: &str) -> (&'q str, &'q str) {
    let ends = |c: char| c.is_whitespace() || "()[]\"@;".contains(c) || marks.contains(c);
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

/// A text up to its closing quote, and what stands behind that.
fn quoted(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (out, &text[at + 1..]),
            '\\' => out.extend(characters.next().map(|(_, escaped)| match escaped {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '0' => '\0',
                other => other,
            })),
            other => out.push(other),
        }
    }
    (out, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_cut_into_its_patterns() {
        let forms =
            forms("; a comment (\n(a b: \"x\\\"\" . !d _?) @report\n[(c)? \"]\"] @d+ (#eq? @d \"e\")");
        let shown: Vec<String> = forms.iter().map(|form| format!("{:?}", form.tokens)).collect();
        assert_eq!(
            shown,
            [
                r#"[Open, Word("a"), Field("b"), Text("x\""), Anchor, Absent("d"), Word("_"), Optional, Close, Capture("report")]"#,
                r#"[Choice, Open, Word("c"), Close, Optional, Text("]"), Chosen, Capture("d"), Many]"#,
                r##"[Open, Word("#eq?"), Capture("d"), Text("e"), Close]"##,
            ]
        );
    }

    #[test]
    fn tokens_have_lines() {
        let forms = forms("; c\n(a\n  (b))\n(c)");
        assert_eq!(forms.iter().map(|form| form.line(0)).collect::<Vec<_>>(), [1, 3]);
        assert_eq!((forms[0].line(3), forms[0].line(99)), (2, 2));
    }

    #[test]
    fn an_endless_text_ends() {
        let forms_of = |query| forms(query).into_iter().map(|form| form.tokens).collect::<Vec<_>>();
        assert_eq!(forms_of("(a \"b"), [vec![Token::Open, Token::Word("a"), Token::Text("b".into())]]);
        assert_eq!(forms(":").len(), 0);
    }
}
