//! The codec that a file of Python names for itself (PEP 263): under most of them ASCII reads as itself, under a few a
//! comment is code.

/// Codecs of one byte a character, or several that are none of ASCII, under which ASCII reads as itself.
const PLAIN: &[&str] = &[
    "utf-8",
    "utf8",
    "u8",
    "utf",
    "cp860",
    "cp861",
    "cp862",
    "cp863",
    "cp865",
    "cp866",
    "cp869",
    "cp65001",
    "ascii",
    "us-ascii",
    "646",
    "latin",
    "latin1",
    "latin-1",
    "l1",
    "iso-latin-1",
    "euc-jp",
    "eucjp",
    "ujis",
    "euc-jis-2004",
    "euc-jisx0213",
    "euc-kr",
    "euckr",
    "ks-c-5601",
    "gb2312",
    "euc-cn",
    "euccn",
    "chinese",
    "tis-620",
    "viscii",
    "hp-roman8",
    "ptcp154",
    "kz1048",
];

/// Beginnings of the names of such codecs that come in numbers.
const FAMILIES: &[&str] = &[
    "utf-8-",
    "latin-1-",
    "iso-8859-",
    "iso8859-",
    "8859-",
    "latin-",
    "latin",
    "koi8-",
    "mac-",
    "mac",
    "windows-125",
    "cp125",
    "cp85",
    "cp43",
    "cp77",
];

/// Codecs under which ASCII reads as itself in a text that is all ASCII.
const WIDE: &[&str] = &[
    "gbk",
    "cp936",
    "936",
    "ms936",
    "gb18030",
    "gb18030-2000",
    "big5",
    "big5-tw",
    "csbig5",
    "big5-hkscs",
    "big5hkscs",
    "hkscs",
    "cp950",
    "950",
    "ms950",
    "shift-jis",
    "shiftjis",
    "sjis",
    "s-jis",
    "csshiftjis",
    "cp932",
    "932",
    "ms932",
    "mskanji",
    "ms-kanji",
    "cp949",
    "949",
    "ms949",
    "uhc",
    "johab",
    "cp1361",
    "ms1361",
];

/// The codec that a text names, when its code may read as something else under it than it is written.
pub fn other_codec(text: &str) -> Option<&str> {
    let mut lines = text.split(['\n', '\r']).filter(|line| !line.is_empty());
    let named = lines.next().and_then(|first| match cookie(first) {
        Some(found) => Some(found),
        // The second line counts behind a comment or an empty line.
        None if is_comment(first) => lines.next().and_then(cookie),
        None => None,
    })?;
    let name = named.to_ascii_lowercase().replace('_', "-");
    let plain = PLAIN.contains(&name.as_str()) || FAMILIES.iter().any(|family| name.starts_with(family));
    let wide = text.is_ascii() && WIDE.contains(&name.as_str());
    (!plain && !wide).then_some(named)
}

/// Whether nothing but a comment stands on a line.
fn is_comment(line: &str) -> bool {
    let code = line.trim_start_matches([' ', '\t', '\u{c}', '\u{feff}']);
    code.is_empty() || code.starts_with('#')
}

/// `^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)`
fn cookie(line: &str) -> Option<&str> {
    if !is_comment(line) {
        return None;
    }
    line.match_indices("coding").find_map(|(at, word)| {
        let rest = line[at + word.len()..].strip_prefix([':', '='])?.trim_start_matches([' ', '\t']);
        let inside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let length = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        (length > 0).then(|| &rest[..length])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codecs_under_which_ascii_is_something_else_are_named() {
        for (text, found) in [
            ("# -*- coding: utf-8 -*-\n", None),
            ("#!/usr/bin/env python\n# vim: set fileencoding=UTF_8 :\n", None),
            ("# -*- coding: iso-8859-15 -*-\n", None),
            ("# coding: cp1252\n", None),
            ("# coding: shift_jis\n", None),
            ("# coding: shift_jis\nx = '\u{fffd}'\n", Some("shift_jis")),
            ("# -*- coding: utf-7 -*-\n", Some("utf-7")),
            ("\n# coding=unicode_escape\n", Some("unicode_escape")),
            (" \n# coding: utf-7\n", Some("utf-7")),
            ("\u{c}\n# coding: utf-7\n", Some("utf-7")),
            ("# coding: shift_jis_2004\n", Some("shift_jis_2004")),
            ("# coding: cp864\n", Some("cp864")),
            ("# coding: cp865\n", None),
            ("#!/usr/bin/python\r# coding: rot13\r", Some("rot13")),
            ("x = 1\n# coding: utf-7\n", None),
            ("#\n#\n# coding: utf-7\n", None),
            ("x = 'coding: utf-7'\n", None),
        ] {
            assert_eq!(other_codec(text), found, "{text}");
        }
    }
}
