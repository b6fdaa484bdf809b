//! The scripts in a page or in a component of one file (`.html`, `.vue`, `.svelte`): a text of the same length that is
//! the scripts and blanks, so that every place in it is a place in the page.
//!
//! Inline handlers (`onclick="run()"`) and `v-html` become functions where they stand.

use super::Language;

/// The extensions of files that hold scripts.
const EXTENSIONS: &[&str] = &["html", "htm", "xhtml", "vue", "svelte"];

/// A page is looked through for so many tags.
const MOST_TAGS: usize = 20_000;

/// The scripts of a page; `None` when the path names no page, or it holds none.
pub fn scripts(path: &str, text: &str) -> Option<(Language, String)> {
    let (_, extension) = path.rsplit_once('.')?;
    if !EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)) {
        return None;
    }
    let mut page = Page { text, script: blank(text), language: Language::JavaScript, found: false };
    page.read();
    let Page { script, language, found, .. } = page;
    let script = String::from_utf8(script).ok().filter(|_| found)?;
    Some((language, script))
}

struct Page<'t> {
    text: &'t str,
    script: Vec<u8>,
    language: Language,
    found: bool,
}

/// Blanks for all bytes but the ends of lines.
fn blank(text: &str) -> Vec<u8> {
    text.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { byte } else { b' ' }).collect()
}

impl Page<'_> {
    /// Goes from tag to tag.
    fn read(&mut self) {
        let mut at = 0;
        for _ in 0..MOST_TAGS {
            let Some(open) = self.find(at, "<") else { return };
            if self.starts(open, "<!--") {
                at = self.comment_end(open);
                continue;
            }
            // A `<` in a text opens nothing: `a < b`.
            let next = self.text.as_bytes().get(open + 1);
            if !next.is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?')) {
                at = open + 1;
                continue;
            }
            let Some(end) = self.tag_end(open) else { return };
            at = end;
            if self.named(open, "script") {
                let close = self.closing(end);
                if let Some(language) = self.code(open, end) {
                    self.copy(end, close);
                    self.language = self.language.max(language);
                }
                at = close;
            } else if self.named(open, "style") {
                at = self.find(end, "</style").unwrap_or(self.text.len());
            } else {
                self.attributes(open, end);
            }
        }
    }

    /// Where the comment at `open` ends: browsers take `--!>` for its end too.
    fn comment_end(&self, open: usize) -> usize {
        let end = self.find(open, "-->").unwrap_or(self.text.len());
        let other = self.text.get(open + 4..end).and_then(|inside| inside.find("--!>"));
        other.map_or(end, |at| open + 4 + at)
    }

    fn find(&self, from: usize, what: &str) -> Option<usize> {
        self.text.get(from..)?.find(what).map(|at| from + at)
    }

    fn starts(&self, at: usize, what: &str) -> bool {
        self.text.get(at..).is_some_and(|rest| rest.starts_with(what))
    }

    /// Whether the tag at `open` has that name.
    fn named(&self, open: usize, name: &str) -> bool {
        let bytes = self.text.as_bytes();
        let own = bytes.get(open + 1..open + 1 + name.len());
        let after = bytes.get(open + 1 + name.len());
        own.is_some_and(|own| own.eq_ignore_ascii_case(name.as_bytes()))
            && after.is_none_or(|after| !after.is_ascii_alphanumeric() && *after != b'-')
    }

    /// The place behind the tag at `open`; a `>` in a quoted value is none. An apostrophe elsewhere quotes nothing.
    fn tag_end(&self, open: usize) -> Option<usize> {
        let (mut quote, mut before) = (None, b' ');
        for (index, byte) in self.text.as_bytes().iter().enumerate().skip(open + 1) {
            match (quote, byte) {
                (None, b'"' | b'\'') if before == b'=' => quote = Some(*byte),
                (Some(open), byte) if open == *byte => quote = None,
                (None, b'>') => return Some(index + 1),
                _ => {}
            }
            if !byte.is_ascii_whitespace() {
                before = *byte;
            }
        }
        None
    }

    /// Where the script that begins at `from` is closed.
    fn closing(&self, from: usize) -> usize {
        let bytes = self.text.as_bytes();
        let rest = bytes.get(from..).unwrap_or_default();
        let found = rest.windows(8).position(|window| window.eq_ignore_ascii_case(b"</script"));
        found.map_or(bytes.len(), |at| from + at)
    }

    /// The language of a script by its tag; `None` for data and templates.
    fn code(&self, open: usize, end: usize) -> Option<Language> {
        let tag = self.text.get(open..end)?.to_ascii_lowercase();
        let value = |name: &str| {
            let (_, rest) = tag.split_once(name)?;
            let rest = rest.trim_start_matches(['"', '\'']);
            rest.split(['"', '\'', ' ', '>', '\n']).next().map(str::to_owned)
        };
        match value(" lang=").as_deref() {
            Some("ts" | "typescript") => return Some(Language::TypeScript),
            Some("tsx") => return Some(Language::Tsx),
            _ => {}
        }
        match value(" type=").as_deref() {
            None | Some("" | "module" | "text/javascript" | "application/javascript" | "text/babel") => {
                Some(Language::JavaScript)
            }
            Some("text/typescript") => Some(Language::TypeScript),
            Some(_) => None,
        }
    }

    fn copy(&mut self, from: usize, to: usize) {
        let Some(code) = self.text.as_bytes().get(from..to) else { return };
        self.found |= code.iter().any(|byte| !byte.is_ascii_whitespace());
        if let Some(place) = self.script.get_mut(from..to) {
            place.copy_from_slice(code);
        }
    }

    /// The attributes of a tag that are code.
    fn attributes(&mut self, open: usize, end: usize) {
        let mut at = open;
        while let Some(equals) =
            self.text.get(at..end).and_then(|rest| rest.find('=')).map(|found| at + found)
        {
            let bytes = self.text.as_bytes();
            let Some(quote) = bytes.get(equals + 1).filter(|byte| matches!(byte, b'"' | b'\'')) else {
                at = equals + 1;
                continue;
            };
            let rest = bytes.get(equals + 2..end).unwrap_or_default();
            let Some(length) = rest.iter().position(|byte| byte == quote) else { return };
            let (from, to) = (equals + 2, equals + 2 + length);
            let before = self.text.get(open..equals).unwrap_or("");
            let name = before.rsplit(|c: char| c.is_whitespace()).next().unwrap_or("");
            let before = match name.to_ascii_lowercase().as_str() {
                "v-html" => ";$=>e.srcdoc=",
                name if name.starts_with("on") && !name.contains([':', '-']) => ";$=>{",
                _ => "",
            };
            // A name in the page has at most as many bytes as what stands for it.
            if !before.is_empty() && from >= open + before.len() {
                self.put(from - before.len(), before);
                self.copy(from, to);
                self.put(to, if before.ends_with('{') { "}" } else { ";" });
            }
            at = to + 1;
        }
    }

    fn put(&mut self, at: usize, code: &str) {
        let free = self.script.get(at..at + code.len()).is_some_and(|place| !place.contains(&b'\n'));
        if let Some(place) = self.script.get_mut(at..at + code.len()).filter(|_| free) {
            place.copy_from_slice(code.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scripts_stand_where_they_stood() {
        let page = "<p title='é'>x</p>\n<script>\nlet a = 1;\n</script>\n<script type=\"application/json\">{}</script>";
        let (language, script) = scripts("a.html", page).unwrap();
        assert_eq!(language, Language::JavaScript);
        assert_eq!(script.len(), page.len());
        assert_eq!(script.find("let"), page.find("let"));
        assert_eq!(script.split_whitespace().collect::<Vec<_>>(), ["let", "a", "=", "1;"]);
        assert_eq!(script.matches('\n').count(), page.matches('\n').count());
    }

    #[test]
    fn components_name_their_language() {
        let page = "<template><div v-html=\"text\"></div></template>\n<script setup lang=\"ts\">\nlet a: B;\n</script>";
        let (language, script) = scripts("a.vue", page).unwrap();
        assert_eq!(language, Language::TypeScript);
        assert!(script.contains(";$=>e.srcdoc=text;"), "{script}");
    }

    #[test]
    fn handlers_are_functions() {
        let page = "<!-- <script>no</script> --><button onclick=\"run('x > y')\" class=\"b\">a</button>";
        let (_, script) = scripts("a.html", page).unwrap();
        assert_eq!(script.trim(), ";$=>{run('x > y')}");
    }

    #[test]
    fn a_script_behind_odd_markup_is_found() {
        for before in
            ["<!-- --!>", "<!----!>", "<!-->", "<!--->", "if a < b, it's c", "<p title=it's>", "<b 'a>"]
        {
            let page = format!("{before}<script>run()</script>");
            let script = scripts("a.html", &page).map(|(_, script)| script);
            assert_eq!(script.as_deref().map(str::trim), Some("run()"), "{before}");
        }
    }

    #[test]
    fn pages_without_scripts_and_other_files_are_left_alone() {
        for (path, text) in [
            ("a.html", "<p>text</p>"),
            ("a.html", "<script src='a.js'></script>"),
            ("a.md", "<script>a</script>"),
            ("a.html", "<style>a{}</style>"),
        ] {
            assert!(scripts(path, text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_page_keeps_its_length(text in "(<script>|</script>|<p on|=\"|\"|>|é|\n|<!--|v-html){0,20}") {
            if let Some((_, script)) = scripts("a.vue", &text) {
                prop_assert_eq!(script.len(), text.len());
            }
        }
    }
}
