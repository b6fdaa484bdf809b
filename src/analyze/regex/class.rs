//! Classes and escapes of a regular expression.

use super::letters::{CharSet, named};
use super::parse::{Parser, Written};
use super::syntax::Node;

impl Parser<'_> {
    /// A class, behind its `[`.
    pub(super) fn class(&mut self, place: usize) -> Option<Node> {
        let negated = self.eat("^");
        let mut set = CharSet::default();
        let mut items = 0u32;
        loop {
            // In Python a bracket that comes first is one of the characters.
            if self.peek()? == ']' && (items > 0 || !self.python()) {
                self.at += 1;
                break;
            }
            items += 1;
            let first = self.class_item()?;
            let range = self.peek() == Some('-') && self.text.get(self.at + 1).is_some_and(|c| *c != ']');
            set = match (first, range) {
                (Ok(first), true) => {
                    self.at += 1;
                    match self.class_item()? {
                        Ok(last) if first <= last => set.or(&CharSet::range(first, last)),
                        // A range to a class is an error, or three things in old JavaScript.
                        _ => return None,
                    }
                }
                (Ok(one), false) => set.or(&CharSet::one(one)),
                (Err(class), _) => set.or(&class),
            };
        }
        let set = if self.flags.ignore_case { set.folded() } else { set };
        let written = match (negated, items) {
            (true, _) => Written::Other,
            (false, 1) if self.python() => Written::Literal,
            (false, _) => Written::Class,
        };
        let set = if negated { set.not() } else { set };
        Some(self.set(set, written, place))
    }

    fn class_item(&mut self) -> Option<Result<char, CharSet>> {
        match self.next()? {
            '\\' if self.eat("b") => Some(Ok('\u{8}')),
            '\\' if self.flags.unicode && self.eat("-") => Some(Ok('-')),
            '\\' => self.escaped_set(),
            character => Some(Ok(character)),
        }
    }

    /// What an escape stands for, behind its backslash: a character or a set.
    pub(super) fn escaped_set(&mut self) -> Option<Result<char, CharSet>> {
        let wide = self.python() && !self.flags.ascii;
        let spaces = wide || !self.python();
        let python = self.python();
        Some(match self.next()? {
            'd' => Err(named::digit(wide)),
            'D' => Err(named::digit(wide).not()),
            'w' => Err(named::word(wide)),
            'W' => Err(named::word(wide).not()),
            's' => Err(named::space(spaces, python)),
            'S' => Err(named::space(spaces, python).not()),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'f' => Ok('\u{c}'),
            'v' => Ok('\u{b}'),
            'a' if python => Ok('\u{7}'),
            'x' => Ok(self.code(2)?),
            'u' if self.flags.unicode && self.eat("{") => Ok(self.braced_code()?),
            'u' => Ok(self.code(4)?),
            'U' if python => Ok(self.code(8)?),
            'c' if !python => {
                let letter = self.next().filter(char::is_ascii_alphabetic)?;
                Ok(char::from((letter as u8) & 31))
            }
            'p' if self.flags.unicode => Err(self.property()?),
            'P' if self.flags.unicode => Err(self.property()?.not()),
            '0' if self.peek().is_none_or(|c| !c.is_ascii_digit()) => Ok('\0'),
            // Octal, and letters that mean nothing or something newer.
            '0'..='9' => return None,
            letter if python && letter.is_ascii_alphabetic() => return None,
            'k' | 'p' | 'P' if !self.flags.unicode => return None,
            other => Ok(other),
        })
    }

    fn code(&mut self, digits: usize) -> Option<char> {
        let text: String = self.text.get(self.at..self.at + digits)?.iter().collect();
        self.at += digits;
        u32::from_str_radix(&text, 16).ok().and_then(char::from_u32)
    }

    fn braced_code(&mut self) -> Option<char> {
        let mut text = String::new();
        loop {
            match self.next()? {
                '}' => return u32::from_str_radix(&text, 16).ok().and_then(char::from_u32),
                digit if text.len() < 8 => text.push(digit),
                _ => return None,
            }
        }
    }

    /// `{L}` of `\p{L}`. Of the characters that are not ASCII none is taken to be in it or out of it by mistake: the
    /// analysis sees those of it that are ASCII and treats the rest as letters.
    fn property(&mut self) -> Option<CharSet> {
        let mut name = String::new();
        if !self.eat("{") {
            return None;
        }
        loop {
            match self.next()? {
                '}' => break,
                letter => name.push(letter),
            }
        }
        let upper = CharSet::range('A', 'Z');
        let lower = CharSet::range('a', 'z');
        let name = name.rsplit('=').next().unwrap_or("");
        Some(match name {
            "L" | "Letter" | "Alphabetic" | "Alpha" => {
                named::word(true).without_ascii().or(&upper).or(&lower)
            }
            "Lu" | "Uppercase_Letter" | "Uppercase" => upper,
            "Ll" | "Lowercase_Letter" | "Lowercase" => lower,
            "N" | "Number" | "Nd" | "Decimal_Number" => named::digit(true),
            "Z" | "Separator" | "Zs" | "Space_Separator" => CharSet::one(' '),
            "White_Space" => named::space(true, false),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::super::syntax::{Flags, Flavour, Node};

    fn set(text: &str, flavour: Flavour, flags: Flags) -> impl Fn(char) -> bool {
        let regex = parse(&text.chars().collect::<Vec<_>>(), flavour, flags).unwrap();
        let Node::Sequence(items) = &regex.node else { panic!("{regex:?}") };
        let [Node::Set(set, _)] = items.as_slice() else { panic!("{regex:?}") };
        let set = regex.sets[*set].clone();
        move |character| set.contains(character)
    }

    #[test]
    fn classes_hold_what_they_say() {
        let all = Flags { unicode: true, ..Flags::default() };
        for (text, inside, outside) in [
            ("[a-c]", "abc", "d-"),
            ("[^a-c]", "d\u{e9}\n", "abc"),
            (r"[\d\-x]", "09-x", "ay"),
            (r"[\s\S]", "a \u{e9}", ""),
            (r"[^\W_]", "aZ0", "_ -"),
            (r"\x41", "A", "a"),
            (r"[\b]", "\u{8}", "b"),
            (".", "a\u{e9}", "\n"),
        ] {
            for flavour in [Flavour::Python, Flavour::JavaScript] {
                let holds = set(text, flavour, Flags::default());
                assert!(inside.chars().all(&holds) && !outside.chars().any(&holds), "{text} {flavour:?}");
            }
        }
        assert!(set(r"\u{1F600}", Flavour::JavaScript, all)('\u{1F600}'));
        assert!(set(r"\p{Lu}", Flavour::JavaScript, all)('A'));
        assert!(set("[]a]", Flavour::Python, Flags::default())(']'));
        assert!(set("[a]", Flavour::Python, Flags { ignore_case: true, ..Flags::default() })('A'));
    }
}
