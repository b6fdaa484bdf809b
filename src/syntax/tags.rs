//! Source code that a template engine fills in: a text of the same length without the engine's tags, which the grammar
//! understands where no interpreter could load the file as it is.

use std::ops::Range;

use super::{Language, Parsed, Walk, parse, steps_for};

/// A text has so many tags at most.
const MOST_TAGS: usize = 20_000;

/// The longest tag, in bytes.
const LONGEST: usize = 500;

/// The text without its tags, when a grammar understands all of it then: blanks for `{% if user %}`, a name for
/// `{{ user.name }}`, brackets for `{{ f(user)|tojson }}`. `None` when nothing of the sort stands in code, or something is
/// not understood all the same.
///
/// What is taken out says nothing that could run: no interpreter loads a file with `{%` in its code, and a value or a
/// comment is names and filters alone, or stays in brackets. A tag in a string or a comment of the language explains
/// nothing, and stays.
pub fn without_tags(language: Language, text: &str) -> Option<String> {
    let mut tags = tags(text);
    for _ in 0..2 {
        if tags.is_empty() {
            return None;
        }
        let plain = filled_in(text, &tags);
        let parsed = parse(language, &plain, steps_for(&plain)).ok()?;
        let before = tags.len();
        let quoted = quoted(&parsed);
        tags.retain(|tag| !covered(&quoted, tag));
        if tags.len() == before {
            return parsed.errors.is_empty().then_some(plain);
        }
    }
    None
}

/// Whether a tag begins in one of some ranges, which are sorted and do not overlap.
fn covered(ranges: &[Range<usize>], tag: &Range<usize>) -> bool {
    let next = ranges.partition_point(|it| it.end <= tag.start);
    ranges.get(next).is_some_and(|it| it.start <= tag.start)
}

/// Where no code stands: strings, comments, what an element says.
fn quoted(parsed: &Parsed<'_>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut walk = Walk::new(parsed.root());
    while let Some(node) = walk.next() {
        let kind = node.kind();
        let text = matches!(
            kind,
            "string"
                | "string_content"
                | "string_fragment"
                | "comment"
                | "html_comment"
                | "regex"
                | "jsx_text"
        );
        // What a string or a template computes is code.
        if text && (kind != "string" || parsed.language != Language::Python) {
            found.push(node.byte_range());
            walk.prune();
        }
    }
    found
}

/// The tags of a text, in order.
fn tags(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found: Vec<Range<usize>> = Vec::new();
    for open in memchr::memchr_iter(b'{', bytes) {
        if found.len() >= MOST_TAGS {
            break;
        }
        if found.last().is_some_and(|last| open < last.end) {
            continue;
        }
        let rest = &text[open..text.floor_char_boundary((open + LONGEST).min(text.len()))];
        let line = rest.lines().next().unwrap_or(rest);
        found.extend(statement(line).or_else(|| value(rest)).map(|length| open..open + length));
    }
    found
}

/// The length of a tag that decides or repeats, `{% if user %}`, or that is a comment.
fn statement(line: &str) -> Option<usize> {
    if let Some(inside) = line.strip_prefix("{%") {
        return inside.find("%}").map(|at| at + 4);
    }
    let inside = line.strip_prefix("{#")?;
    let inside = &inside[..inside.find("#}")?];
    inside.chars().all(|c| is_plain(c) || ",!?".contains(c)).then(|| inside.len() + 4)
}

/// The length of a tag that stands for a value: `{{ user.name|escape }}`, `{{- .Name }}`, `{{ f(user)|tojson }}`.
fn value(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("{{")?;
    inside.find("}}").map(|at| at + 4)
}

/// Whether a value computes nothing: names, filters, plain words in quotes.
fn is_constant(tag: &str) -> bool {
    let inside = &tag[2..tag.len() - 2];
    let begins = inside.trim_start_matches(['-', '~', ' ']);
    let named = begins.starts_with(|c: char| c.is_alphabetic() || "_.$'\"".contains(c));
    let count = |quote: char| inside.matches(quote).count();
    let (one, two) = (count('\''), count('"'));
    // What is quoted ends in the tag.
    let whole = one.min(two) == 0 && (one + two) % 2 == 0;
    named && whole && inside.chars().all(|c| is_plain(c) || "'\"".contains(c))
}

/// Whether a character is none that calls, assigns or quotes.
fn is_plain(character: char) -> bool {
    character.is_alphanumeric() || " _.$|:-~".contains(character)
}

/// The text with something in the place of each tag that says nothing.
fn filled_in(text: &str, tags: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    for tag in tags {
        out.push_str(&text[out.len()..tag.start]);
        let written = &text[tag.clone()];
        if written.starts_with("{{") && !is_constant(written) {
            out.push_str(&format!(" ({}) ", &written[2..written.len() - 2]));
        } else {
            let name = written.starts_with("{{");
            out.extend(std::iter::repeat_n(if name { '_' } else { ' ' }, tag.len()));
        }
    }
    out.push_str(&text[out.len()..]);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_template_makes_is_understood_without_its_tags() {
        for (language, text) in [
            (Language::Python, "from {{ cookiecutter.slug }}.app import main\n"),
            (Language::Python, "{% if cookiecutter.a == 'b' %}\nx = 1\n{%- else %}\nx = 2\n{% endif %}\n"),
            (Language::Python, "def {{ name | lower }}():\n    return '{{ title }}'\n"),
            (Language::JavaScript, "f([{% for a in b %}{{ a.c|escapejs }}, {% endfor %}]); {# d #}\n"),
            (Language::JavaScript, "const a = {{- .Site.Title }};\nlet {{ b }} = 1;\n"),
            (
                Language::JavaScript,
                "fetch({{ url_for('add')|tojson }});\nlet a = {{ {\n 'b': c.d,\n } | tojson }};\n",
            ),
        ] {
            let plain = without_tags(language, text);
            assert_eq!(plain.map(|plain| plain.len()), Some(text.len()), "{text}");
        }
    }

    #[test]
    fn what_a_tag_calls_stays() {
        let plain = without_tags(Language::JavaScript, "let a = {{ eval(b) }};\n");
        assert_eq!(plain.as_deref(), Some("let a =  ( eval(b) ) ;\n"));
    }

    #[test]
    fn a_tag_hides_nothing() {
        for (language, text) in [
            (Language::Python, "T = '{{ title }}'; x = = 1\n"),
            (Language::Python, "# {% if x %}\nx = = 1\n"),
            (Language::Python, "{% if x %}\nx = = 1\n"),
            (Language::Python, "x = = 1\n"),
            (Language::JavaScript, "s = '{% '; a = = b; t = ' %}'\n"),
            (Language::JavaScript, "const a = <b style={{ c: d( = ) }}/>;\n"),
            (Language::JavaScript, "const t = `{{ title }}`; import defer * as q from 'x'\n"),
        ] {
            assert_eq!(without_tags(language, text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn places_stay(text in "(\\{%|%\\}|\\{\\{|\\}\\}|\\{#|#\\}|[a-z '\"=\n\u{e9}]){0,40}", index in 0usize..4) {
            if let Some(plain) = without_tags(Language::ALL[index], &text) {
                prop_assert_eq!(plain.len(), text.len());
            }
        }
    }
}
