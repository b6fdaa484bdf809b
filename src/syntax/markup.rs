//! The scripts in a page or in a component of one file (`.html`, `.svg`, `.vue`, `.svelte`, `.astro`): a text of the same length that is
//! the scripts and blanks, so that every place in it is a place in the page.
//!
//! Inline handlers (`onclick="run()"`), `v-html`, `{@html }` and `set:html` become functions where they stand.

use std::ops::Range;

use super::Language;

/// The extensions of files that hold scripts.
const EXTENSIONS: &[&str] = &["html", "htm", "xhtml", "svg", "vue", "svelte", "astro"];

/// A page is looked through for so many expressions that are put into it as they are.
const MOST_RAW: usize = 20_000;

/// The longest expression in a page, in bytes.
const LONGEST_EXPRESSION: usize = 8192;

/// Elements whose content holds no tags: browsers read it up to the end tag.
const TEXTS: &[&str] = &["style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"];

/// The scripts of a page.
#[derive(Debug)]
pub struct Scripts {
    /// The language of all of them.
    pub language: Language,
    /// The page with blanks for all else.
    pub text: String,
    /// Whether nothing that is code had to be left out.
    pub whole: bool,
}

/// The scripts of a page; `None` when the path names no page, or it holds none.
pub fn scripts(path: &str, text: &str) -> Option<Scripts> {
    let (_, extension) = path.rsplit_once('.')?;
    if !EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)) {
        return None;
    }
    let mut page =
        Page { text, script: blank(text), language: Language::JavaScript, found: false, whole: true };
    let start = if extension.eq_ignore_ascii_case("astro") { page.front() } else { 0 };
    page.read(start);
    if extension.eq_ignore_ascii_case("svelte") {
        page.raw("{@html");
    }
    if extension.eq_ignore_ascii_case("astro") {
        page.raw("set:html={");
    }
    let Page { script, language, found, whole, .. } = page;
    let text = String::from_utf8(script).ok().filter(|_| found || !whole)?;
    Some(Scripts { language, text, whole })
}

struct Page<'t> {
    text: &'t str,
    script: Vec<u8>,
    language: Language,
    found: bool,
    whole: bool,
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
        for turn in 0.. {
            let Some(mut from) = self.find(at, open).map(|found| found + open.len()) else { return };
            if turn == MOST_RAW {
                self.whole = false;
                return;
            }
            at = from;
            if !open.ends_with('{') {
                // `{@htmlx` is something else.
                if !self.text.as_bytes().get(from).is_some_and(u8::is_ascii_whitespace) {
                    continue;
                }
                from += 1;
            }
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
            let free = place.filter(|place| place.iter().all(u8::is_ascii_whitespace));
            let (Some(length), Some(before), Some(place)) = (length, before, free) else {
                self.whole = false;
                continue;
            };
            // A line end goes on ending what stands on the line before.
            let end = if place.contains(&b'\n') { "\n" } else { ";" };
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
        while let Some(open) = self.find(at, "<") {
            if self.starts(open, "<!--") {
                at = self.comment_end(open);
                continue;
            }
            match self.text.as_bytes().get(open + 1..).unwrap_or_default() {
                [first, ..] if first.is_ascii_alphabetic() => {}
                [b'/', first, ..] if first.is_ascii_alphabetic() => {}
                // `<!doctype html>`, `<?xml ?>`, `</ >`: whatever stands in it, it ends here.
                [b'!' | b'?' | b'/', ..] => {
                    at = self.find(open, ">").unwrap_or(self.text.len());
                    continue;
                }
                // A `<` in a text opens nothing: `a < b`.
                _ => {
                    at = open + 1;
                    continue;
                }
            }
            let Some(end) = self.tag_end(open) else { return };
            at = end;
            if self.named(open, "script") {
                let close = self.closing(end, "script");
                if let Some(language) = self.code(open, end) {
                    let (from, to) = self.without_marks(end, close);
                    self.copy(from, to);
                    // The next script may stand on the same line.
                    self.put(close, ";");
                    self.language = self.language.max(language);
                }
                at = close;
            } else if let Some(name) = TEXTS.iter().find(|name| self.named(open, name)) {
                at = self.closing(end, name);
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

    /// Where the element of that name is closed whose content begins at `from`.
    fn closing(&self, from: usize, name: &str) -> usize {
        let bytes = self.text.as_bytes();
        let rest = bytes.get(from..).unwrap_or_default();
        let closes = |window: &[u8]| {
            window.starts_with(b"</")
                && window.get(2..).is_some_and(|it| it.eq_ignore_ascii_case(name.as_bytes()))
        };
        let found = rest.windows(name.len() + 2).position(closes);
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
        let (mut lang, mut kind) = (String::new(), String::new());
        for (name, value) in self.attributes_of(open, end) {
            let value = self.text.get(value).unwrap_or("").trim().to_ascii_lowercase();
            match self.text.get(name).unwrap_or("").to_ascii_lowercase().as_str() {
                "lang" if lang.is_empty() => lang = value,
                "type" if kind.is_empty() => kind = value,
                _ => {}
            }
        }
        match lang.as_str() {
            "ts" | "typescript" => return Some(Language::TypeScript),
            "tsx" => return Some(Language::Tsx),
            _ => {}
        }
        let plain = kind.split(';').next().unwrap_or("").trim_end();
        match plain {
            "" | "module" | "text/babel" | "text/jsx" => Some(Language::JavaScript),
            "text/typescript" => Some(Language::TypeScript),
            kind => {
                let name = kind.strip_prefix("text/").or_else(|| kind.strip_prefix("application/"))?;
                let name = name.strip_prefix("x-").unwrap_or(name);
                // `text/javascript1.5`
                let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
                matches!(name, "javascript" | "ecmascript" | "jscript" | "livescript")
                    .then_some(Language::JavaScript)
            }
        }
    }

    /// The attributes of the tag at `open`: where their names and values stand.
    fn attributes_of(&self, open: usize, end: usize) -> Vec<(Range<usize>, Range<usize>)> {
        let bytes = self.text.as_bytes().get(..end.saturating_sub(1)).unwrap_or_default();
        let until = |from: usize, stops: &dyn Fn(u8) -> bool| {
            let rest = bytes.get(from..).unwrap_or_default();
            rest.iter().position(|byte| stops(*byte)).map_or(bytes.len(), |at| from + at)
        };
        let filled = |byte: u8| !byte.is_ascii_whitespace();
        let mut found = Vec::new();
        let mut at = until(open + 1, &|byte| byte.is_ascii_whitespace() || byte == b'/');
        loop {
            let from = until(at, &|byte| filled(byte) && byte != b'/');
            if from >= bytes.len() {
                return found;
            }
            let to = until(from + 1, &|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'='));
            at = until(to, &filled);
            if bytes.get(at) != Some(&b'=') {
                continue;
            }
            let value = until(at + 1, &filled);
            let (inside, outside) = match bytes.get(value) {
                Some(quote @ (b'"' | b'\'')) => {
                    let close = until(value + 1, &|byte| byte == *quote);
                    (value + 1..close, close + 1)
                }
                _ => {
                    let close = until(value, &|byte| byte.is_ascii_whitespace());
                    (value..close, close)
                }
            };
            found.push((from..to, inside));
            at = outside;
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
        for (name, value) in self.attributes_of(open, end) {
            let before = match self.text.get(name).unwrap_or("").to_ascii_lowercase().as_str() {
                "v-html" => ";$=>e.srcdoc=",
                name if name.starts_with("on") && !name.contains([':', '-']) => ";$=>{",
                _ => continue,
            };
            // A name in the page has at most as many bytes as what stands for it.
            if value.start >= open + before.len() {
                self.put(value.start - before.len(), before);
                self.copy(value.start, value.end);
                self.put(value.end, if before.ends_with('{') { "}" } else { ";" });
            }
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
        let Scripts { language, text: script, .. } = scripts("a.html", page).unwrap();
        assert_eq!(language, Language::JavaScript);
        assert_eq!(script.len(), page.len());
        assert_eq!(script.find("let"), page.find("let"));
        assert_eq!(script.split_whitespace().collect::<Vec<_>>(), ["let", "a", "=", "1;", ";"]);
        assert_eq!(script.matches('\n').count(), page.matches('\n').count());
    }

    #[test]
    fn components_name_their_language() {
        let page = "<template><div v-html=\"text\"></div></template>\n<script setup lang=\"ts\">\nlet a: B;\n</script>";
        let Scripts { language, text: script, .. } = scripts("a.vue", page).unwrap();
        assert_eq!(language, Language::TypeScript);
        assert!(script.contains(";$=>e.srcdoc=text;"), "{script}");
    }

    #[test]
    fn handlers_are_functions() {
        let page = "<!-- <script>no</script> --><button onclick=\"run('x > y')\" class=\"b\">a</button>";
        let script = scripts("a.html", page).unwrap().text;
        assert_eq!(script.trim(), ";$=>{run('x > y')}");
    }

    #[test]
    fn what_is_put_into_a_page_as_it_is() {
        let page = "<script>\nlet q; // why\n</script>\n{@html f({ q })}\n<p>and a text</p><b>{@html q}</b>";
        let script = scripts("a.svelte", page).unwrap().text;
        assert_eq!(script.len(), page.len());
        let lines: Vec<_> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(lines, ["let q; // why", ";", "$=>e.srcdoc=f({ q });", ";$=>e.srcdoc=q;"]);
        let page =
            "---\nconst q: string = Astro.url.search;\n---\n<article set:html={q} />\n<script>run()</script>";
        let Scripts { language, text: script, .. } = scripts("a.astro", page).unwrap();
        assert_eq!(language, Language::TypeScript);
        let lines: Vec<_> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(lines, ["const q: string = Astro.url.search;", ";$=>e.srcdoc=q;", "run();"]);
    }

    #[test]
    fn scripts_of_a_drawing_are_read() {
        let page = "<svg><script type=\"text/ecmascript\"><![CDATA[\nrun()\n]]></script></svg>";
        assert_eq!(
            scripts("a.svg", page).unwrap().text.split_whitespace().collect::<Vec<_>>(),
            ["run()", ";"]
        );
    }

    #[test]
    fn a_script_behind_odd_markup_is_found() {
        for before in [
            "<!-- --!>",
            "<!----!>",
            "<!-->",
            "<!--->",
            "if a < b, it's c",
            "<p title=it's>",
            "<b 'a>",
            "<!x a=\">",
            "<? a=\">",
            "</ a=\">",
            "<textarea><!-- </textarea>",
            "<TITLE><!-- </title>",
            "<STYLE>a</STYLE>",
            &"<b>x</b>".repeat(20_001),
        ] {
            let page = format!("{before}<script>run()</script>");
            let script = scripts("a.html", &page).map(|page| page.text);
            assert_eq!(script.as_deref().map(str::trim), Some("run();"), "{before}");
        }
    }

    #[test]
    fn a_script_is_one_whatever_its_tag_says_of_it() {
        for tag in [
            "",
            " type=module",
            " TYPE='text/jscript'",
            " type=text/javascript1.5",
            " type=\"text/x-ecmascript\"",
            " type = text/livescript",
            " type='text/javascript; charset=utf-8'",
            " data-x=\" type=foo\"",
            " async src",
        ] {
            let page = format!("<script{tag}>run()</script>");
            assert_eq!(
                scripts("a.html", &page).map(|page| page.text.trim().to_owned()),
                Some("run();".into()),
                "{tag}"
            );
        }
        for tag in [" type=text/plain", " type='application/ld+json'", " a type=x-template"] {
            assert!(scripts("a.html", &format!("<script{tag}>run()</script>")).is_none(), "{tag}");
        }
    }

    #[test]
    fn handlers_are_written_in_many_ways() {
        for (tag, expected) in [
            ("<p onclick=f()>", ";$=>{f()}"),
            ("<p onclick = \"f()\">", ";$=>{f()}"),
            ("<p x=\"1\"onclick='f()'/>", ";$=>{f()}"),
            ("<p x=\"1\"/ONCLICK='f()'/>", ";$=>{f()}"),
        ] {
            let script = scripts("a.html", tag).unwrap().text;
            assert_eq!(script.split_whitespace().collect::<String>(), expected, "{tag}");
        }
        // A name that may be one is not looked for again from the start of the tag.
        let many = format!("<p {}>", "=\"\" ".repeat(100_000));
        assert!(scripts("a.html", &many).is_none());
    }

    #[test]
    fn what_finds_no_room_is_said() {
        let whole = |page: &str| scripts("a.svelte", page).map(|page| page.whole);
        assert_eq!(whole("<p>some text before</p>{@html\nq}"), Some(true));
        assert_eq!(whole("{@html q}"), Some(false));
        assert_eq!(whole("<p>some text before</p>{@html a}{@html q}"), Some(false));
        assert_eq!(whole("<p>some text before</p>{@html q"), Some(false));
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
                if let Some(page) = scripts(path, &text) {
                    prop_assert_eq!(page.text.len(), text.len());
                }
            }
        }
    }
}
