//! Texts with places for values: `"%s?page=%d" % (url, page)`, `"{}/{}".format(url, name)`.

use super::Engine;
use super::function::Frame;
use super::text::ends_host;
use super::value::{Known, Taint};
use crate::analyze::ir::{Argument, Op, Pass, Value};
use crate::syntax::Language;

/// Places of a text that are told apart; values for later ones are taken to be put anywhere.
const MOST: usize = 64;

/// A place for a value.
struct Place<'t> {
    /// The text before it, other places included.
    before: &'t str,
    /// The letter of its kind; none for one in braces.
    kind: Option<char>,
    /// What it is named, when it is.
    name: Option<&'t str>,
}

impl Place<'_> {
    /// Whether only a number can be put there. Of JavaScript's letters fewer ask for one, and what it does not know it
    /// leaves alone, with the value behind the text.
    fn number(&self, language: Language) -> bool {
        let python = language == Language::Python;
        self.kind.is_some_and(|kind| match kind {
            'd' | 'i' | 'f' => true,
            'u' | 'F' | 'e' | 'E' | 'g' | 'G' | 'x' | 'X' | 'o' => python,
            _ => false,
        })
    }

    /// Whether what is put there is written as a literal, its line breaks escaped.
    fn quoted(&self, language: Language) -> bool {
        language == Language::Python && matches!(self.kind, Some('r' | 'a'))
    }
}

/// The places of `%s`, `%(name)d`, `%%` and the like, in order.
fn printf(text: &str) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    let mut rest = 0;
    while let Some(at) = text[rest..].find('%').map(|at| rest + at) {
        let mut end = at + 1;
        let mut name = None;
        if let Some(named) = text[end..].strip_prefix('(')
            && let Some(length) = named.find(')')
        {
            name = Some(&named[..length]);
            end += length + 2;
        }
        let options =
            |c: char| c.is_ascii_digit() || matches!(c, '#' | '-' | ' ' | '+' | '.' | '*' | 'l' | 'h' | 'L');
        let length = text[end..].len() - text[end..].trim_start_matches(options).len();
        let stars = text[end..end + length].matches('*').count();
        end += length;
        let Some(kind) = text[end..].chars().next() else { break };
        rest = end + kind.len_utf8();
        if !kind.is_ascii_alphabetic() {
            continue;
        }
        if places.len() >= MOST {
            break;
        }
        // A width that is a value of its own is a number.
        let widths = (0..stars.min(2)).map(|_| Place { before: &text[..at], kind: Some('d'), name: None });
        places.extend(widths);
        places.push(Place { before: &text[..at], kind: Some(kind), name });
    }
    places
}

/// The places of `{}`, `{0}` and `{name}`; `None` for a text that is not that simple.
fn braces(text: &str) -> Option<Vec<Place<'_>>> {
    let mut places = Vec::new();
    let mut rest = 0;
    while let Some(at) = text[rest..].find(['{', '}']).map(|at| rest + at) {
        let doubled = [text[at..].starts_with("{{"), text[at..].starts_with("}}")].contains(&true);
        if doubled {
            rest = at + 2;
            continue;
        }
        let inner = text[at..].strip_prefix('{')?;
        let length = inner.find(['{', '}']).filter(|end| inner[*end..].starts_with('}'))?;
        let name = inner[..length].split([':', '!', '.', '[']).next();
        if places.len() >= MOST {
            return None;
        }
        let name = name.filter(|name| !name.is_empty());
        places.push(Place { before: &text[..at], kind: None, name });
        rest = at + length + 2;
    }
    Some(places)
}

impl Engine<'_> {
    /// The data in a text whose places are filled with values.
    fn filled_in(&self, frame: &Frame<'_>, place: &Place<'_>, value: Value) -> Taint {
        let data = frame.value(value).all();
        if place.number(self.language) {
            return Taint::default();
        }
        let start = place.before.split(['%', '{']).next().unwrap_or("");
        let chosen = if ends_host(place.before) { self.models.location | self.models.address } else { 0 };
        let data = data.cleaned(self.cleaned_after(start) | chosen);
        if place.before.is_empty() { data } else { self.behind(data) }
    }

    /// The data in `format % values`, where the values are written there.
    pub(super) fn percent(&self, frame: &Frame<'_>, format: &str, values: Value) -> Option<Taint> {
        let places = printf(format);
        let values: Vec<Value> = match &frame.function.step(values).op {
            Op::List(elements) if elements.iter().all(|element| !element.spread) => {
                elements.iter().map(|element| element.value).collect()
            }
            Op::List(_) | Op::Dict(_) => return None,
            _ if frame.value(values).parts.is_some() => return None,
            _ => vec![values],
        };
        let plain = places.iter().all(|place| place.name.is_none());
        if !plain || places.len() != values.len() {
            return None;
        }
        let filled = places.iter().zip(values).map(|(place, value)| self.filled_in(frame, place, value));
        filled.reduce(|one, other| one.join(&other))
    }

    /// The data in `format.format(values)`.
    pub(super) fn formatted(
        &self,
        frame: &Frame<'_>,
        callee: Value,
        arguments: &[Argument],
    ) -> Option<Taint> {
        let Op::Member(object, name) = frame.function.step(callee).op else { return None };
        let Known::Text(text) = &frame.value(object).known else { return None };
        if self.language != Language::Python || self.program.names.text(name) != "format" {
            return None;
        }
        let anywhere = || {
            let start = text.split('{').next().unwrap_or("");
            self.put_after(start, self.handed(frame, arguments))
        };
        // Of a text without places (`"x = %s".format(x)`) it is not known what its author thought would be put where.
        let Some(places) = braces(text).filter(|places| !places.is_empty()) else { return Some(anywhere()) };
        let mut next = 0;
        let mut taint = Taint::default();
        for place in &places {
            let number = match place.name {
                None => {
                    next += 1;
                    Some(next - 1)
                }
                Some(name) => name.parse::<usize>().ok(),
            };
            let given = arguments.iter().enumerate().find(|(index, argument)| match argument.pass {
                Pass::Plain => number == Some(*index),
                Pass::Keyword(known) => Some(self.program.names.text(known)) == place.name,
                Pass::Spread | Pass::SpreadKeywords => false,
            });
            // Out of several at once.
            let Some((_, given)) = given else { return Some(anywhere()) };
            taint = taint.join(&self.filled_in(frame, place, given.value));
        }
        Some(taint)
    }

    /// Whether an argument of a call fills a place in the text that is its first which holds no line break: `log("%d", n)`.
    pub(super) fn fills_one_line(
        &self,
        frame: &Frame<'_>,
        arguments: &[Argument],
        argument: &Argument,
    ) -> bool {
        let at = arguments.iter().position(|it| it.span == argument.span);
        let (Some(at), Some(first)) = (at, arguments.first()) else { return false };
        let Known::Text(text) = &frame.value(first.value).known else { return false };
        let plain = arguments[..=at].iter().all(|it| it.pass == Pass::Plain);
        let place = at.checked_sub(1).and_then(|at| printf(text).into_iter().nth(at));
        plain
            && place.is_some_and(|place| {
                let one_line = place.number(self.language) || place.quoted(self.language);
                one_line && place.name.is_none()
            })
    }
}

#[cfg(test)]
mod tests {
    use super::{braces, printf};
    use crate::syntax::Language;

    #[test]
    fn places_of_a_text() {
        let said = |text: &str| {
            let places = printf(text);
            let one = |it: super::Place<'_>| {
                format!("{}|{}|{}", it.before, it.number(Language::Python), it.name.unwrap_or(""))
            };
            places.into_iter().map(one).collect::<Vec<_>>()
        };
        assert_eq!(said("%s?%d 100%% %(at)05.2f"), ["|false|", "%s?|true|", "%s?%d 100%% |true|at"]);
        assert_eq!(said("%*d%s"), ["|true|", "|true|", "%*d|false|"]);
        assert!(!printf("%x")[0].number(Language::JavaScript));
        assert!(said("100%").is_empty() && said("%(").is_empty() && said("").is_empty());
        let named = |text: &str| {
            let places = braces(text)?;
            Some(places.iter().map(|it| it.name.unwrap_or("").to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(named("{}{{x}}{0}{a.b!r:>4}"), Some(vec![String::new(), "0".into(), "a".into()]));
        assert_eq!((named("{:{}}"), named("}"), named("{")), (None, None, None));
    }
}
