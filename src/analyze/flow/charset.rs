//! What a regular expression says of the characters of a text: which ones a text that passes an anchored test can hold,
//! and which ones a global replacement takes out. From the characters follow the sink kinds that the text is clean for.
//! Expressions are as JavaScript writes them; those of Python have the flag `P`.

use super::host;
use crate::analyze::model::{ANY, KindNames, Kinds};

/// The ASCII characters as bits, and whether any others are in the set too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Set {
    ascii: u128,
    beyond: bool,
}

const EVERYTHING: Set = Set { ascii: u128::MAX, beyond: true };

/// What the characters of one alternative or of a whole expression may be.
#[derive(Debug, Clone, Copy, Default)]
struct Words {
    set: Set,
    /// Whether it has no more than a few words: no repetition, no wide class.
    few: bool,
    /// Whether it begins at the start of the text, and ends at its end.
    start: bool,
    end: bool,
    /// The number of characters it takes, where every way through it takes one.
    single: bool,
}

/// The characters that make text of a sink kind something else than data there.
const DANGEROUS: &[(&str, &str)] = &[
    ("command", " \t\n\r;&|`$()<>{}[]*?!#~'\"\\^%"),
    ("program", "/\\ "),
    ("sql", "'\"`;()\\ \t\n\r"),
    ("html", "<"),
    ("code", "()[]{};'\"`\\=,+\n"),
    ("template", "{<$#@%["),
    ("path", "/"),
    ("archive", "/"),
    ("ssrf", "./:@\\"),
    ("redirect", "/:\\"),
    ("header", "\r\n"),
    ("log", "\n"),
    ("email", "\r\n"),
    ("regex", "()[]{}*+?|\\"),
    ("xpath", "'\"()[]"),
    ("ldap", "*()\\"),
    ("nosql", "[$"),
    ("format", "%"),
    ("prototype", "_"),
    ("relative", "/"),
    ("no-dots", "."),
    ("no-apostrophe", "'"),
    ("no-quote", "\""),
    ("reflection", "_"),
    ("sql-clause", "'\"`;()\\ \t\n\r"),
    ("nosql-code", "()[]{};'\"`\\=,+\n"),
    ("vm-context", "()[]{};'\"`\\=,+\n"),
    ("timer", "()[]{};'\"`\\=,+\n"),
    ("browser-script", "()[]{};'\"`\\=,+\n"),
    ("module", "./\\:@"),
    ("entry", "/"),
    ("request-path", "./?#\\"),
    ("url", ":"),
    ("external", ":"),
    ("inner-html", "<"),
    ("markup", "<"),
    ("xxe", "<"),
    ("session", "\n"),
    ("prompt", " \n"),
];

/// Where a test begins and ends whatever the expression says: Python's `match` and `fullmatch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Anywhere.
    Anywhere,
    /// At the start of the text.
    Start,
    /// All of the text.
    Whole,
}

/// The kinds with the characters that matter to each.
#[derive(Debug, Default)]
pub(crate) struct Dangers {
    characters: Vec<(Kinds, u128)>,
    /// The kinds that an address is clean for whose host is fixed, that stays on its own host, and that is no script.
    fixed: Kinds,
    local: Kinds,
    scheme: Kinds,
}

impl Dangers {
    /// For the kinds that rules or models name.
    pub(crate) fn new(names: &KindNames) -> Self {
        let mask = |text: &str| text.bytes().fold(0, |mask, byte| mask | bit(byte));
        let known = |(kind, text): &(&str, &str)| Some((names.get(kind)?, mask(text)));
        let all =
            |kinds: &[&str]| kinds.iter().filter_map(|kind| names.get(kind)).fold(0, |all, kind| all | kind);
        Dangers {
            characters: DANGEROUS.iter().filter_map(known).collect(),
            fixed: all(&["ssrf", "redirect", "url", "external"]),
            local: all(&["redirect", "url"]),
            scheme: all(&["url", "external"]),
        }
    }

    /// The kinds that a text of these characters is clean for.
    fn harmless(&self, set: Set) -> Kinds {
        self.characters
            .iter()
            .filter(|(_, mask)| mask & set.ascii == 0)
            .fold(0, |kinds, (kind, _)| kinds | kind)
    }

    /// The kinds that a text of these characters is clean for.
    pub(crate) fn among(&self, characters: &str) -> Kinds {
        self.harmless(Set { ascii: ascii_of(characters), beyond: !characters.is_ascii() })
    }

    /// The kinds that a text is clean for when it passes (or, negated, fails) the test.
    pub(crate) fn tested(&self, pattern: &str, extent: Extent, passes: bool) -> Kinds {
        let Some((body, flags)) = parts(pattern) else { return 0 };
        let Some((Some(words), lines)) = Reader::read(body, flags) else { return 0 };
        if !passes {
            // What is looked for anywhere in the text is not in it.
            return match words.single && !words.start && !words.end && extent == Extent::Anywhere {
                true => self.harmless(Set { ascii: !words.set.ascii, beyond: true }),
                false => 0,
            };
        }
        // Where lines count, the start and the end may be those of any of them.
        let starts = words.start && !lines || extent != Extent::Anywhere;
        let ends = words.end && !lines || extent == Extent::Whole;
        let address = match host::start(body, extent != Extent::Anywhere, lines) {
            Some(host::Start::Host) => self.fixed,
            Some(host::Start::Local) => self.local,
            Some(host::Start::Scheme) => self.scheme,
            None => 0,
        };
        let all = match starts && ends {
            true if words.few => ANY,
            true => self.harmless(words.set),
            false => 0,
        };
        all | address
    }

    /// The kinds that what matches is clean for, and each group of it.
    pub(crate) fn matched(&self, pattern: &str) -> Kinds {
        let Some((body, flags)) = parts(pattern) else { return 0 };
        // What is only looked at may be in a group too.
        if body.contains("(?=") || body.contains("(?<=") {
            return 0;
        }
        match Reader::read(body, flags) {
            Some((Some(words), _)) if words.few => ANY,
            Some((Some(words), _)) => self.harmless(words.set),
            _ => 0,
        }
    }

    /// The kinds that a text is clean for after all that matches was replaced by `with`.
    pub(crate) fn replaced(&self, pattern: &str, with: &str) -> Kinds {
        let Some((body, flags)) = parts(pattern) else { return 0 };
        let Some((Some(words), _)) = Reader::read(body, flags) else { return 0 };
        if !flags.contains('g') || !words.single || words.start || words.end || puts_back(with, flags) {
            return 0;
        }
        let left = words.set.ascii & !ascii_of(with);
        self.harmless(Set { ascii: !left, beyond: true })
    }

    /// The kinds that a text is clean for after every `what` was replaced by `with`.
    pub(crate) fn replaced_text(&self, what: &str, with: &str) -> Kinds {
        if what.len() != 1 {
            return 0;
        }
        self.harmless(Set { ascii: !(ascii_of(what) & !ascii_of(with)), beyond: true })
    }
}

fn bit(byte: u8) -> u128 {
    if byte < 128 { 1 << byte } else { 0 }
}

fn ascii_of(text: &str) -> u128 {
    text.bytes().fold(0, |mask, byte| mask | bit(byte))
}

fn range(from: u8, to: u8) -> u128 {
    (from..=to.min(127)).fold(0, |mask, byte| mask | bit(byte))
}

/// The body and the flags of `/body/flags`.
fn parts(pattern: &str) -> Option<(&str, &str)> {
    let (body, flags) = pattern.strip_prefix('/')?.rsplit_once('/')?;
    Some((body, flags))
}

/// Whether a replacement puts what it takes out in its place again, without a backslash before it.
fn puts_back(with: &str, flags: &str) -> bool {
    let mark = if flags.contains('P') { '\\' } else { '$' };
    let group = |c: char| c.is_ascii_digit() || matches!(c, '&' | '<' | 'g');
    let mut text = with.chars().peekable();
    let mut last = ' ';
    while let Some(next) = text.next() {
        if flags.contains('P') && next == '\\' && text.next_if_eq(&'\\').is_some() {
            last = '\\';
            continue;
        }
        if next == mark && text.peek().copied().is_some_and(group) && last != '\\' {
            return true;
        }
        last = next;
    }
    false
}

/// A Python expression with the flag `x` without its blanks and remarks.
fn compact(body: &str) -> String {
    let (mut read, mut class, mut rest) = (String::new(), false, body.chars());
    while let Some(next) = rest.next() {
        match next {
            '\\' => {
                read.push(next);
                read.extend(rest.next());
            }
            '#' if !class => while !matches!(rest.next(), Some('\n') | None) {},
            _ if next.is_whitespace() && !class => {}
            _ => {
                class = next == '[' || class && next != ']';
                read.push(next);
            }
        }
    }
    read
}

/// Reads an expression from left to right; groups nest, with a bound.
struct Reader<'t> {
    rest: std::iter::Peekable<std::str::Chars<'t>>,
    fold: bool,
    /// Whether `^` and `$` stand at every line.
    lines: bool,
    python: bool,
    depth: u32,
}

/// The characters of a class, and what is left behind it; `text` begins after the `[`.
pub(super) fn class_of(text: &str) -> Option<(u128, &str)> {
    let mut reader =
        Reader { rest: text.chars().peekable(), fold: false, lines: false, python: false, depth: 0 };
    let set = reader.class()?;
    let left: usize = reader.rest.map(char::len_utf8).sum();
    Some((set.ascii, &text[text.len() - left..]))
}

/// The characters that an expression can match; `None` when that cannot be told.
pub(super) fn letters_of(text: &str) -> Option<u128> {
    Reader::read(text, "").and_then(|(words, _)| words).map(|words| words.set.ascii)
}

const DEEPEST: u32 = 24;

impl<'t> Reader<'t> {
    /// The words of an expression, and whether lines count in it; the inner `None` when the words cannot be told, the
    /// outer one when it is no expression.
    fn read(body: &'t str, flags: &str) -> Option<(Option<Words>, bool)> {
        let python = flags.contains('P');
        if python && flags.contains('x') {
            let (body, flags) = (compact(body), flags.replace('x', ""));
            let (words, lines) = Reader::read(&body, &flags)?;
            return Some((words, lines));
        }
        let (fold, lines) = (flags.contains('i'), flags.contains('m'));
        let mut reader = Reader { rest: body.chars().peekable(), fold, lines, python, depth: 0 };
        let words = reader.alternatives();
        reader.rest.next().is_none().then_some((words, reader.lines))
    }

    /// `a|b`: anchored where each of them is.
    fn alternatives(&mut self) -> Option<Words> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut all = self.sequence()?;
        while self.rest.next_if_eq(&'|').is_some() {
            let next = self.sequence()?;
            all = Words {
                set: Set { ascii: all.set.ascii | next.set.ascii, beyond: all.set.beyond | next.set.beyond },
                few: all.few && next.few,
                start: all.start && next.start,
                end: all.end && next.end,
                single: all.single && next.single,
            };
        }
        self.depth -= 1;
        Some(all)
    }

    fn sequence(&mut self) -> Option<Words> {
        let mut all = Words { few: true, ..Words::default() };
        let mut taken = 0u32;
        while let Some(next) = self.rest.peek().copied() {
            if next == '|' || next == ')' {
                break;
            }
            self.rest.next();
            // Nothing may follow the end.
            if next != '$' {
                all.end = false;
            }
            let (atom, repeated) = match next {
                '^' => {
                    all.start |= taken == 0;
                    continue;
                }
                '$' => {
                    all.end = true;
                    continue;
                }
                '(' => {
                    let (group, counts) = self.group()?;
                    if !counts {
                        continue;
                    }
                    let repeated = self.quantifier();
                    if !repeated.optional {
                        all.start |= taken == 0 && group.start;
                        all.end |= group.end;
                    }
                    (group, repeated)
                }
                '\\' if self.python && self.rest.next_if_eq(&'A').is_some() => {
                    all.start |= taken == 0;
                    continue;
                }
                '\\' if self.python && self.rest.next_if(|c| matches!(c, 'Z' | 'z')).is_some() => {
                    all.end = true;
                    continue;
                }
                '\\' => match self.escape()? {
                    Some(set) => (atom(set), self.quantifier()),
                    None => continue,
                },
                '[' => (atom(self.class()?), self.quantifier()),
                '.' => (atom(EVERYTHING), self.quantifier()),
                literal => (atom(self.literal(literal)), self.quantifier()),
            };
            all.set.ascii |= atom.set.ascii;
            all.set.beyond |= atom.set.beyond;
            all.few &= atom.few && !repeated.often;
            all.single = taken == 0 && atom.single && !repeated.optional;
            taken += 1;
        }
        Some(all)
    }

    /// A group, and whether it takes characters at all.
    fn group(&mut self) -> Option<(Words, bool)> {
        let mut counts = true;
        if self.rest.next_if_eq(&'?').is_some() {
            match self.rest.next()? {
                ':' | '>' => {}
                '=' | '!' => counts = false,
                'P' => match self.rest.next()? {
                    '<' => while self.rest.next()? != '>' {},
                    // What an earlier group matched.
                    '=' => {
                        while self.rest.next()? != ')' {}
                        return Some((atom(EVERYTHING), true));
                    }
                    _ => return None,
                },
                '#' => {
                    while self.rest.next()? != ')' {}
                    return Some((Words::default(), false));
                }
                flag if flag.is_ascii_alphabetic() => {
                    let mut flag = flag;
                    while flag != ')' && flag != ':' {
                        match flag {
                            'i' => self.fold = true,
                            'm' => self.lines = true,
                            'a' | 's' | 'u' | 'L' => {}
                            _ => return None,
                        }
                        flag = self.rest.next()?;
                    }
                    if flag == ')' {
                        return Some((Words::default(), false));
                    }
                }
                '<' => match self.rest.peek()? {
                    '=' | '!' => counts = false,
                    _ => while self.rest.next()? != '>' {},
                },
                _ => return None,
            }
        }
        let words = self.alternatives()?;
        (self.rest.next()? == ')').then_some((words, counts))
    }

    fn quantifier(&mut self) -> Repeated {
        let found = match self.rest.peek() {
            Some('*') => Repeated { optional: true, often: true },
            Some('+') => Repeated { optional: false, often: true },
            Some('?') => Repeated { optional: true, often: false },
            Some('{') => {
                let mut copy = self.rest.clone();
                copy.next();
                let inside: String = copy.by_ref().take_while(|c| *c != '}').take(12).collect();
                if !inside.starts_with(|c: char| c.is_ascii_digit()) {
                    return Repeated::default();
                }
                self.rest = copy;
                let _ = self.rest.next_if_eq(&'?');
                return Repeated { optional: inside.starts_with('0'), often: true };
            }
            _ => return Repeated::default(),
        };
        self.rest.next();
        // Lazy and possessive forms match the same texts.
        let _ = self.rest.next_if(|c| matches!(c, '?' | '+'));
        found
    }

    /// The characters of an escape; `Some(None)` for one that takes none.
    fn escape(&mut self) -> Option<Option<Set>> {
        let word = range(b'a', b'z') | range(b'A', b'Z') | range(b'0', b'9') | bit(b'_');
        let space = ascii_of(" \t\n\r\u{b}\u{c}");
        let only = |ascii| Some(Some(Set { ascii, beyond: false }));
        match self.rest.next()? {
            'd' => only(range(b'0', b'9')),
            'w' => only(word),
            's' => Some(Some(Set { ascii: space, beyond: true })),
            'D' => Some(Some(Set { ascii: !range(b'0', b'9'), beyond: true })),
            'W' => Some(Some(Set { ascii: !word, beyond: true })),
            'S' => Some(Some(Set { ascii: !space, beyond: true })),
            'b' | 'B' => Some(None),
            'n' => only(bit(b'\n')),
            'r' => only(bit(b'\r')),
            't' => only(bit(b'\t')),
            'v' | 'f' => only(ascii_of("\u{b}\u{c}")),
            '0' => only(1),
            'x' => self.code(2),
            'u' => self.code(4),
            // What a group matched, or a property of characters: anything.
            '1'..='9' | 'k' => Some(Some(EVERYTHING)),
            'p' | 'P' => {
                if self.rest.next_if_eq(&'{').is_some() {
                    while self.rest.next()? != '}' {}
                }
                Some(Some(EVERYTHING))
            }
            other => Some(Some(self.literal(other))),
        }
    }

    fn code(&mut self, digits: usize) -> Option<Option<Set>> {
        let mut number = 0u32;
        for _ in 0..digits {
            match self.rest.next_if(char::is_ascii_hexdigit) {
                Some(digit) => number = number * 16 + digit.to_digit(16).unwrap_or(0),
                None => return Some(Some(EVERYTHING)),
            }
        }
        Some(Some(self.literal(char::from_u32(number).unwrap_or('\u{fffd}'))))
    }

    fn literal(&self, character: char) -> Set {
        match u8::try_from(character) {
            Ok(byte) if byte < 128 => Set { ascii: self.folded(bit(byte)), beyond: false },
            _ => Set { ascii: 0, beyond: true },
        }
    }

    fn folded(&self, ascii: u128) -> u128 {
        if !self.fold {
            return ascii;
        }
        let (upper, lower) = (range(b'A', b'Z'), range(b'a', b'z'));
        ascii | (ascii & upper) << 32 | (ascii & lower) >> 32
    }

    fn class(&mut self) -> Option<Set> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut set = Set::default();
        let mut last: Option<u8> = None;
        let mut first = true;
        loop {
            let next = self.rest.next()?;
            // JavaScript's `[]` is empty, Python's `[]a]` holds the bracket; nobody writes either.
            if next == ']' && !first {
                break;
            }
            first = false;
            let (member, single) = match next {
                '\\' => {
                    let member = match self.rest.peek() {
                        Some('b') => {
                            self.rest.next();
                            Set { ascii: bit(8), beyond: false }
                        }
                        _ => self.escape()?.unwrap_or_default(),
                    };
                    (member, one_of(member))
                }
                '-' if last.is_some() && self.rest.peek().is_some_and(|c| *c != ']') => {
                    let end = match self.rest.next()? {
                        '\\' => one_of(self.escape()?.unwrap_or_default()),
                        end => u8::try_from(end).ok(),
                    };
                    match (last, end) {
                        (Some(from), Some(to)) => {
                            (Set { ascii: self.folded(range(from, to)), beyond: to > 127 }, None)
                        }
                        _ => (EVERYTHING, None),
                    }
                }
                literal => (self.literal(literal), u8::try_from(literal).ok().filter(|byte| *byte < 128)),
            };
            last = single;
            set = Set { ascii: set.ascii | member.ascii, beyond: set.beyond | member.beyond };
        }
        Some(if negated { Set { ascii: !set.ascii, beyond: true } } else { set })
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Repeated {
    optional: bool,
    often: bool,
}

/// One character of a set.
fn atom(set: Set) -> Words {
    Words { set, few: set.ascii.count_ones() <= 2 && !set.beyond, single: true, ..Words::default() }
}

/// The only character of a set.
fn one_of(set: Set) -> Option<u8> {
    (set.ascii.count_ones() == 1 && !set.beyond).then(|| set.ascii.trailing_zeros() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dangers() -> (Dangers, KindNames) {
        let mut names = KindNames::default();
        for (kind, _) in DANGEROUS {
            names.bit(kind);
        }
        (Dangers::new(&names), names)
    }

    #[test]
    fn anchored_tests_clean_by_their_characters() {
        let (dangers, names) = dangers();
        for (pattern, kind, clean) in [
            ("/^[a-z0-9]+$/", "command", true),
            ("/^[a-z0-9]+$/i", "sql", true),
            ("/[a-z0-9]+/", "command", false),
            ("/^[a-z0-9]+/", "command", false),
            ("/^a|b$/", "command", false),
            ("/^(?:a|b)$/", "command", true),
            ("/^(asc|desc)$/", "sql", true),
            ("/^.*$/", "command", false),
            ("/^[^;]+$/", "command", false),
            ("/^[\\w.-]+$/", "path", true),
            ("/^[\\w./-]+$/", "path", false),
            ("/^\\d{4}-\\d{2}$/", "sql", true),
            ("/^[a-z ]+$/", "command", false),
            ("/^[a-z]+$/m", "command", false),
            ("/^(?=x)[\\w]+$/", "command", true),
            ("/^\\S+$/", "header", true),
            ("/^[\\s\\S]*$/", "header", false),
            ("/(^[a-z]+$)/", "command", true),
            ("/^[a-z]+$|x/", "command", false),
        ] {
            let kinds = dangers.tested(pattern, Extent::Anywhere, true);
            assert_eq!(kinds & names.get(kind).unwrap() != 0, clean, "{pattern} {kind}");
        }
    }

    #[test]
    fn tests_for_bad_characters_clean_when_they_fail() {
        let (dangers, names) = dangers();
        for (pattern, kind, clean) in [
            ("/[^a-z]/", "command", true),
            ("/[<>]/", "html", true),
            ("/[<>]/", "sql", false),
            ("/^[<>]/", "html", false),
            ("/[<>]x/", "html", false),
            ("/\\//", "path", true),
        ] {
            let kinds = dangers.tested(pattern, Extent::Anywhere, false);
            assert_eq!(kinds & names.get(kind).unwrap() != 0, clean, "{pattern} {kind}");
        }
    }

    #[test]
    fn expressions_of_python_are_read() {
        let (dangers, names) = dangers();
        for (pattern, extent, kind, clean) in [
            ("/[a-z0-9]+/P", Extent::Whole, "command", true),
            ("/[a-z0-9]+/P", Extent::Start, "command", false),
            ("/[a-z0-9]+$/P", Extent::Start, "command", true),
            ("/[a-z0-9]+\\Z/P", Extent::Start, "command", true),
            ("/\\A[a-z0-9]+\\Z/P", Extent::Anywhere, "command", true),
            ("/^[a-z0-9]+$/mP", Extent::Start, "command", false),
            ("/^[a-z0-9]+$/mP", Extent::Whole, "command", true),
            ("/(?m)^[a-z0-9]+$/P", Extent::Start, "command", false),
            ("/(?i)^[a-z0-9]+$/P", Extent::Start, "command", true),
            ("/(?P<name>[a-z]+)-(?P=name)/P", Extent::Whole, "command", false),
            ("/(?P<name>[a-z]+)/P", Extent::Whole, "command", true),
            ("/ [a-z]+  # the name\n (?: - [a-z]+ )? /xP", Extent::Whole, "command", true),
            ("/./P", Extent::Start, "command", false),
            ("/.*/P", Extent::Whole, "command", false),
            ("/a|b/P", Extent::Whole, "command", true),
            ("/a$|b/P", Extent::Start, "command", false),
        ] {
            let kinds = dangers.tested(pattern, extent, true);
            assert_eq!(kinds & names.get(kind).unwrap() != 0, clean, "{pattern} {extent:?} {kind}");
        }
    }

    #[test]
    fn what_matches_is_clean_by_its_characters() {
        let (dangers, names) = dangers();
        for (pattern, kind, clean) in [
            ("/[a-z]+/", "command", true),
            ("/id=(\\d+)/", "command", true),
            ("/id=(.+)/", "command", false),
            ("/(?=(.*))a/", "command", false),
        ] {
            assert_eq!(dangers.matched(pattern) & names.get(kind).unwrap() != 0, clean, "{pattern} {kind}");
        }
    }

    #[test]
    fn what_is_put_back_is_not_taken_out() {
        let (dangers, names) = dangers();
        for (pattern, with, clean) in [
            ("/([^a-z])/g", "$1", false),
            ("/[^a-z]/g", "$&", false),
            ("/([^a-z])/gP", "\\1", false),
            ("/([^a-z])/gP", "\\g<1>", false),
            ("/[^a-z]/gP", "-", true),
        ] {
            let kinds = dangers.replaced(pattern, with);
            assert_eq!(kinds & names.get("command").unwrap() != 0, clean, "{pattern} {with}");
        }
    }

    #[test]
    fn global_replacements_clean_by_what_they_take_out() {
        let (dangers, names) = dangers();
        for (pattern, with, kind, clean) in [
            ("/[^a-z0-9]/g", "", "command", true),
            ("/[^a-z0-9]+/g", "_", "sql", true),
            ("/[^a-z0-9]/", "", "command", false),
            ("/</g", "&lt;", "html", true),
            ("/'/g", "\\'", "sql", false),
            ("/\\W/g", "", "path", true),
            ("/\\.|\\//g", "", "path", true),
            ("/\\.\\.\\//g", "", "path", false),
            ("/[\\r\\n]/g", "", "log", true),
            ("/\\r?\\n/g", "", "log", false),
        ] {
            let kinds = dangers.replaced(pattern, with);
            assert_eq!(kinds & names.get(kind).unwrap() != 0, clean, "{pattern} {kind}");
        }
    }

    #[test]
    fn any_expression_is_read() {
        let (dangers, _) = dangers();
        for pattern in
            ["", "/", "//", "/(/", "/[/", "/(?/", "/\\/", "/a{/", "/a{1,}/g", "/(?<a>b)\\k<a>/", "/[z-a]/"]
        {
            dangers.tested(pattern, Extent::Anywhere, true);
            dangers.replaced(pattern, "");
        }
        dangers.tested(&format!("/{}/", "(".repeat(10_000)), Extent::Anywhere, true);
    }
}
