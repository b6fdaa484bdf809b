//! The scripts in a page or in a component of one file (`.html`, `.svg`, `.vue`, `.svelte`, `.astro`): a text of the same length that is
//! the scripts and blanks, so that every place in it is a place in the page.
//!
//! Inline handlers (`onclick="run()"`), `v-html`, `{@html }` and `set:html` become functions where they stand.

use super::Language;

/// The extensions of files that hold scripts.
const EXTENSIONS: &[&str] = &["html", "htm", "xhtml", "svg", "vue", "svelte", "astro"];

/// A page is looked through for so many tags.
const MOST_TAGS: usize = 20_000;

/// The longest expression in a page, in bytes.
const LONGEST_EXPRESSION: usize = 8192;

/// The scripts of a page; `None` when the path names no page, or it holds none.
pub fn scripts(path: &str, text: &str) -> Option<(Language, String)> {
    let (_, extension) = path.rsplit_once('.')?;
    if !EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)) {
        return None;
    }
    let mut page = Page { text, script: blank(text), language: Language::JavaScript, found: false };
    let start = if extension.eq_ignore_ascii_case("astro") { page.front() } else { 0 };
    page.read(start);
    if extension.eq_ignore_ascii_case("svelte") {
        page.raw("{@html ");
    }
    if extension.eq_ignore_ascii_case("astro") {
        page.raw("set:html={");
    }
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
    /// The script between dashes that a component of Astro begins with; where it ends.
    fn front(&mut self) -> usize {
        let lead = self.text.len() - self.text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).len();
        if !self.starts(lead, "---") {
            return 0;
        }
        let from = lead + 3;
        let to = self.find(from, "\n---").unwrap_or(self.text.len());
        self.copy(from, to);
        self.language = Language::TypeScript;
        to
    }

    /// The expressions behind `open` that are put into the page as they are.
    fn raw(&mut self, open: &str) {
        const SINK: &str = "$=>e.srcdoc=";
        let mut at = 0;
        for _ in 0..MOST_TAGS {
            let Some(from) = self.find(at, open).map(|found| found + open.len()) else { return };
            at = from;
            let mut depth = 0_usize;
            let rest = self.text.as_bytes().get(from..).unwrap_or_default();
            let length = rest.iter().take(LONGEST_EXPRESSION).position(|byte| {
                depth = match byte {
                    b'{' => depth + 1,
                    b'}' if depth == 0 => return true,
                    b'}' => depth - 1,
                    _ => depth,
                };
                false
            });
            let before = from.checked_sub(SINK.len() + 1);
            let place = before.and_then(|before| self.script.get(before..from));
            let (Some(length), Some(before), Some(place)) = (length, before, place) else { continue };
            // A line end goes on ending what stands on the line before.
            let end = if place.contains(&b'\n') { "\n" } else { ";" };
            if place.iter().any(|byte| !byte.is_ascii_whitespace()) {
                continue;
            }
            if let Some(place) = self.script.get_mut(before..from) {
                place.copy_from_slice(format!("{end}{SINK}").as_bytes());
            }
            self.copy(from, from + length);
            self.put(from + length, ";");
        }
    }

    /// Goes from tag to tag.
    fn read(&mut self, start: usize) {
        let mut at = start;
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
                    let (from, to) = self.without_marks(end, close);
                    self.copy(from, to);
                    // The next script may stand on the same line.
                    self.put(close, ";");
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

    /// What of a script stands inside of the marks of XML: `<![CDATA[` and `]]>`.
    fn without_marks(&self, from: usize, to: usize) -> (usize, usize) {
        let code = self.text.get(from..to).unwrap_or("");
        let inside =
            code.trim_start().strip_prefix("<![CDATA[").and_then(|rest| rest.trim_end().strip_suffix("]]>"));
        let Some(inside) = inside else { return (from, to) };
        let start = to - code.trim_start().len() + "<![CDATA[".len();
        (start, start + inside.len())
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
            None
            | Some(
                ""
                | "module"
                | "text/javascript"
                | "application/javascript"
                | "text/ecmascript"
                | "application/ecmascript"
                | "application/x-javascript"
                | "text/x-javascript"
                | "text/babel"
                | "text/jsx",
            ) => Some(Language::JavaScript),
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
        assert_eq!(script.split_whitespace().collect::<Vec<_>>(), ["let", "a", "=", "1;", ";"]);
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
    fn what_is_put_into_a_page_as_it_is() {
        let page = "<script>\nlet q; // why\n</script>\n{@html f({ q })}\n<p>and a text</p><b>{@html q}</b>";
        let (_, script) = scripts("a.svelte", page).unwrap();
        assert_eq!(script.len(), page.len());
        let lines: Vec<_> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(lines, ["let q; // why", ";", "$=>e.srcdoc=f({ q });", ";$=>e.srcdoc=q;"]);
        let page =
            "---\nconst q: string = Astro.url.search;\n---\n<article set:html={q} />\n<script>run()</script>";
        let (language, script) = scripts("a.astro", page).unwrap();
        assert_eq!(language, Language::TypeScript);
        let lines: Vec<_> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(lines, ["const q: string = Astro.url.search;", ";$=>e.srcdoc=q;", "run();"]);
    }

    #[test]
    fn scripts_of_a_drawing_are_read() {
        let page = "<svg><script type=\"text/ecmascript\"><![CDATA[\nrun()\n]]></script></svg>";
        assert_eq!(scripts("a.svg", page).unwrap().1.split_whitespace().collect::<Vec<_>>(), ["run()", ";"]);
    }

    #[test]
    fn a_script_behind_odd_markup_is_found() {
        for before in
            ["<!-- --!>", "<!----!>", "<!-->", "<!--->", "if a < b, it's c", "<p title=it's>", "<b 'a>"]
        {
            let page = format!("{before}<script>run()</script>");
            let script = scripts("a.html", &page).map(|(_, script)| script);
            assert_eq!(script.as_deref().map(str::trim), Some("run();"), "{before}");
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
        fn any_page_keeps_its_length(text in "(<script>|</script>|<p on|=\"|\"|>|é|\n|<!--|v-html|---|\\{@html |set:html=\\{|\\}|<!\\[CDATA\\[|\\]\\]>){0,20}") {
            for path in ["a.vue", "a.svelte", "a.astro", "a.svg"] {
                if let Some((_, script)) = scripts(path, &text) {
                    prop_assert_eq!(script.len(), text.len());
                }
            }
        }
    }
}
