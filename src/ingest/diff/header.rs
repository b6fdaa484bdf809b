//! The lines above a file's hunks: names (quoted or not), modes, renames.

use super::{FileDiff, Hunk};
use crate::artifact::Mode;

/// What the header lines of one file said.
#[derive(Debug, Default)]
pub(super) struct Headers {
    line: u32,
    /// The names of `diff --git`, used where nothing below repeats them.
    both: Option<(String, String)>,
    old: Option<String>,
    new: Option<String>,
    from: Option<String>,
    to: Option<String>,
    old_mode: Option<Mode>,
    new_mode: Option<Mode>,
    created: bool,
    deleted: bool,
    binary: bool,
    copied: bool,
}

const NOWHERE: &str = "/dev/null";

impl Headers {
    pub(super) fn start(&mut self, line: u32) {
        self.line = line;
    }

    pub(super) fn started(&self) -> bool {
        self.line > 0
    }

    pub(super) fn line(&self) -> u32 {
        self.line.max(1)
    }

    /// Whether a hunk may follow.
    pub(super) fn named(&self) -> bool {
        self.new.is_some()
    }

    /// Whether another `---` starts another file.
    pub(super) fn complete(&self) -> bool {
        self.old.is_some() && self.new.is_some()
    }

    /// Reads one line; those that say nothing about the file are skipped.
    pub(super) fn read(&mut self, text: &[u8]) -> Result<(), &'static str> {
        let after = |key: &str| text.strip_prefix(key.as_bytes());
        let unreadable = "the file name is not one that git writes";
        if let Some(rest) = after("diff --git ") {
            self.both = both_names(rest);
        } else if let Some(rest) = after("--- ") {
            self.old = Some(name_before_tab(rest).ok_or(unreadable)?);
        } else if let Some(rest) = after("+++ ") {
            self.new = Some(name_before_tab(rest).ok_or(unreadable)?);
        } else if let Some(rest) = after("rename from ").or_else(|| after("copy from ")) {
            self.from = Some(name(rest).ok_or(unreadable)?);
            self.copied = text.starts_with(b"copy");
        } else if let Some(rest) = after("rename to ").or_else(|| after("copy to ")) {
            self.to = Some(name(rest).ok_or(unreadable)?);
        } else if let Some(rest) = after("old mode ") {
            self.old_mode = Some(mode(rest)?);
        } else if let Some(rest) = after("new mode ") {
            self.new_mode = Some(mode(rest)?);
        } else if let Some(rest) = after("deleted file mode ") {
            (self.old_mode, self.deleted) = (Some(mode(rest)?), true);
        } else if let Some(rest) = after("new file mode ") {
            (self.new_mode, self.created) = (Some(mode(rest)?), true);
        } else if let Some(rest) = after("index ") {
            if let Some(at) = memchr::memchr(b' ', rest) {
                let same = Some(mode(&rest[at + 1..])?);
                (self.old_mode, self.new_mode) = (same, same);
            }
        } else if text == b"GIT binary patch"
            || (text.starts_with(b"Binary files ") && text.ends_with(b" differ"))
        {
            self.binary = true;
        }
        Ok(())
    }

    /// The file, when the lines named one.
    pub(super) fn finish<'a>(self, hunks: Vec<Hunk<'a>>) -> Result<Option<FileDiff<'a>>, &'static str> {
        if !self.started() {
            return Ok(None);
        }
        let (old, new) = match (self.old, self.new, self.both) {
            (Some(old), Some(new), _) => without_prefixes(old, new),
            (None, None, Some((old, new))) => without_prefixes(old, new),
            (None, None, None) if self.from.is_some() && self.to.is_some() => Default::default(),
            (Some(_), None, None) => return Ok(None),
            _ => return Err("the file's names cannot be read"),
        };
        let old = self.from.unwrap_or(old);
        let new = self.to.unwrap_or(new);
        let there = |name: String, absent: bool| (!absent && name != NOWHERE).then_some(name);
        let file = FileDiff {
            line: self.line,
            old: there(old, self.created),
            new: there(new, self.deleted),
            old_mode: self.old_mode,
            new_mode: self.new_mode,
            binary: self.binary,
            copied: self.copied,
            hunks,
        };
        match (&file.old, &file.new) {
            (None, None) => Err("the file is neither before nor after the change"),
            _ => Ok(Some(file)),
        }
    }
}

/// `@@ -1,2 +3,4 @@`
pub(super) fn hunk<'a>(text: &[u8]) -> Option<Hunk<'a>> {
    let text = std::str::from_utf8(&text[..text.len().min(100)])
        .or_else(|error| std::str::from_utf8(&text[..error.valid_up_to()]))
        .ok()?;
    let (ranges, _) = text.strip_prefix("@@ -")?.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    let range = |text: &str| -> Option<(u32, u32)> {
        let (start, length) = text.split_once(',').unwrap_or((text, "1"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (start, length) = (digits(start).then_some(start)?, digits(length).then_some(length)?);
        let (start, length): (u32, u32) = (start.parse().ok()?, length.parse().ok()?);
        (start.checked_add(length)? < i32::MAX as u32 && (start > 0 || length == 0))
            .then_some((start, length))
    };
    let ((old_start, old_len), (new_start, new_len)) = (range(old)?, range(new)?);
    Some(Hunk { old_start, old_len, new_start, new_len, lines: Vec::new() })
}

fn mode(text: &[u8]) -> Result<Mode, &'static str> {
    let digits = std::str::from_utf8(text).ok().filter(|text| text.len() == 6);
    let bits = digits.and_then(|digits| u32::from_str_radix(digits, 8).ok());
    bits.map(Mode::from_bits).ok_or("the mode is not six octal digits")
}

/// A name, quoted as git quotes: `"a\tb\303\251"`.
fn name(text: &[u8]) -> Option<String> {
    match text.first() {
        Some(b'"') => unquote(text).filter(|(_, rest)| rest.is_empty()).map(|(name, _)| name),
        Some(_) => Some(String::from_utf8_lossy(text).into_owned()),
        None => None,
    }
}

/// The name of `---` and `+++`: a time may follow after a tab.
fn name_before_tab(text: &[u8]) -> Option<String> {
    if text.first() == Some(&b'"') {
        return unquote(text).map(|(name, _)| name);
    }
    name(text.split(|byte| *byte == b'\t').next()?)
}

/// A quoted name at the start of `text`, and what follows it.
fn unquote(text: &[u8]) -> Option<(String, &[u8])> {
    let mut bytes = Vec::new();
    let mut at = 1;
    loop {
        match *text.get(at)? {
            b'"' => return Some((String::from_utf8_lossy(&bytes).into_owned(), &text[at + 1..])),
            b'\\' => {
                at += 1;
                let escaped = *text.get(at)?;
                bytes.push(match escaped {
                    b'a' => 7,
                    b'b' => 8,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 11,
                    b'f' => 12,
                    b'r' => b'\r',
                    b'"' | b'\\' => escaped,
                    b'0'..=b'3' => {
                        let octal = std::str::from_utf8(text.get(at..at + 3)?).ok()?;
                        at += 2;
                        u8::from_str_radix(octal, 8).ok()?
                    }
                    _ => return None,
                });
            }
            byte => bytes.push(byte),
        }
        at += 1;
    }
}

/// Both names of `diff --git`. Without quotes only two equal names can be told apart, and git writes no others there
/// without repeating them below.
fn both_names(text: &[u8]) -> Option<(String, String)> {
    if text.first() == Some(&b'"') {
        let (old, rest) = unquote(text)?;
        return Some((old, name(rest.strip_prefix(b" ")?)?));
    }
    if text.ends_with(b"\"") {
        let at = memchr::memmem::find(text, b" \"")?;
        return Some((name(&text[..at])?, name(&text[at + 1..])?));
    }
    let half = text.len().checked_sub(1)? / 2;
    let (old, new) = (text.get(..half)?, text.get(half + 1..)?);
    let after = |name: &[u8]| name.iter().position(|byte| *byte == b'/').map(|at| name[at..].to_vec());
    let same = old == new || (after(old).is_some() && after(old) == after(new));
    (text[half] == b' ' && same).then_some(())?;
    Some((name(old)?, name(new)?))
}

/// Takes off `a/` and `b/`, or the letters of `diff.mnemonicPrefix`, where both names have them.
fn without_prefixes(old: String, new: String) -> (String, String) {
    let strip = |name: &str, letters: &str| -> Option<String> {
        if name == NOWHERE {
            return Some(name.to_owned());
        }
        let (letter, rest) = name.split_once('/')?;
        (letter.len() == 1 && letters.contains(letter) && !rest.is_empty()).then(|| rest.to_owned())
    };
    for (before, after) in [("a", "b"), ("c", "iw"), ("i", "w"), ("o", "w"), ("1", "2")] {
        if let (Some(old), Some(new)) = (strip(&old, before), strip(&new, after)) {
            return (old, new);
        }
    }
    (old, new)
}
