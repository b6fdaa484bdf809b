//! A line of shell -> its commands, word by word, each word where it stands. As much of the grammar as install commands
//! need: quotes, continued lines, what parts commands. Values of variables are not known.

use std::ops::Range;

/// A word with its quotes taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// What the command gets.
    pub(super) text: String,
    /// The bytes of the text that it stands in, quotes included.
    pub(super) at: Range<usize>,
}

/// One command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Command {
    /// Its name and arguments.
    pub(super) words: Vec<Word>,
    /// Whether it reads what the command before it writes.
    pub(super) fed: bool,
}

/// The commands of a range of the text, in order; what `$(` and `<(` hold are commands of their own.
pub(super) fn commands(text: &str, range: Range<usize>) -> Vec<Command> {
    let Some(line) = text.get(range.clone()) else { return Vec::new() };
    let mut reading = Reading { base: range.start, ..Reading::default() };
    let mut characters = line.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        match (reading.quote, character) {
            (Some('\''), '\'') | (Some('"'), '"') => reading.quote = None,
            (Some('\''), _) => reading.push(at, character),
            // A line break that is escaped is none; any other character that is escaped is itself.
            (_, '\\') if matches!(next, Some('\n' | '\r')) => {
                characters.next_if(|(_, next)| *next == '\r');
                characters.next_if(|(_, next)| *next == '\n');
                if reading.quote.is_none() {
                    reading.end_word(at);
                }
            }
            (None, '\\') | (Some(_), '\\') if next.is_some_and(|next| "\\\"'$` ;&|<>()#".contains(next)) => {
                if let Some((_, next)) = characters.next() {
                    reading.push(at, next);
                }
            }
            (Some(_), _) => reading.push(at, character),
            (None, '\'' | '"') => {
                reading.begin(at);
                reading.quote = Some(character);
            }
            (None, '#') if reading.word.is_none() => {
                reading.end_command(at, false);
                while characters.next_if(|(_, next)| *next != '\n').is_some() {}
            }
            (None, '|') => {
                reading.end_command(at, next != Some('|'));
                characters.next_if(|(_, next)| matches!(next, '|' | '&'));
            }
            // `2>&1` and `&>` are no end.
            (None, '&') if next == Some('>') || line[..at].ends_with('>') => reading.push(at, character),
            (None, ';' | '&' | '\n' | '(' | ')' | '`') => {
                reading.end_command(at, false);
                if character == '&' {
                    characters.next_if(|(_, next)| *next == '&');
                }
            }
            (None, space) if space.is_whitespace() => reading.end_word(at),
            (None, _) => reading.push(at, character),
        }
    }
    reading.end_command(line.len(), false);
    reading.commands
}

#[derive(Default)]
struct Reading {
    commands: Vec<Command>,
    command: Command,
    /// The word that is being read and where it began.
    word: Option<(usize, String)>,
    quote: Option<char>,
    base: usize,
}

impl Reading {
    fn begin(&mut self, at: usize) -> &mut String {
        &mut self.word.get_or_insert_with(|| (at, String::new())).1
    }

    fn push(&mut self, at: usize, character: char) {
        self.begin(at).push(character);
    }

    fn end_word(&mut self, at: usize) {
        if let Some((start, text)) = self.word.take() {
            self.command.words.push(Word { text, at: self.base + start..self.base + at });
        }
    }

    /// Ends a command; `feeds` says whether the next one reads what it writes.
    fn end_command(&mut self, at: usize, feeds: bool) {
        self.end_word(at);
        let next = Command { words: Vec::new(), fed: feeds };
        let command = std::mem::replace(&mut self.command, next);
        if !command.words.is_empty() {
            self.commands.push(command);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(bool, Vec<String>)> {
        let words = |command: Command| command.words.into_iter().map(|word| word.text).collect();
        commands(text, 0..text.len()).into_iter().map(|command| (command.fed, words(command))).collect()
    }

    fn words(text: &str) -> Vec<String> {
        read(text).into_iter().next().unwrap().1
    }

    #[test]
    fn quotes_escapes_and_continued_lines_make_words() {
        assert_eq!(words("pip install 'a>1' \"b c\" d\\ e"), ["pip", "install", "a>1", "b c", "d e"]);
        assert_eq!(words("pip install \\\n    a \\\r\n  b # c"), ["pip", "install", "a", "b"]);
        assert_eq!(words("a'b'\"c\"d ''"), ["abcd", ""]);
        assert_eq!(words("cd C:\\new\\x"), ["cd", "C:\\new\\x"]);
        assert_eq!(words("a#b"), ["a#b"]);
    }

    #[test]
    fn commands_are_parted() {
        let all = |text| read(text).into_iter().map(|(_, words)| words.join(" ")).collect::<Vec<_>>();
        assert_eq!(all("a x && b; c || d & e\nf"), ["a x", "b", "c", "d", "e", "f"]);
        assert_eq!(all("a 2>&1 &> f"), ["a 2>&1 &> f"]);
        assert_eq!(all("bash <(curl x)"), ["bash <", "curl x"]);
        let fed = |text| read(text).into_iter().map(|(fed, _)| fed).collect::<Vec<_>>();
        assert_eq!(fed("a | b |& c || d"), [false, true, true, false]);
    }

    #[test]
    fn words_know_where_they_stand() {
        let text = "x: pip 'install'";
        let command = commands(text, 3..text.len()).remove(0);
        assert_eq!(&text[command.words[1].at.clone()], "'install'");
    }

    proptest! {
        #[test]
        fn any_text_reads(text in "[ -~\n\u{e9}]{0,80}") {
            for command in commands(&text, 0..text.len()) {
                for word in command.words {
                    prop_assert!(text.get(word.at).is_some());
                }
            }
        }
    }
}
