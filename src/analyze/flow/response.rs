//! What kind of content a response is said to hold: text that is no page cannot hold a script.

use super::Engine;
use super::function::Frame;
use super::value::{Abstract, Key, Known};
use crate::analyze::ir::{Argument, Literal, Op, Pass, Value};
use crate::syntax::Language;

/// Where the mark is kept in a response: no program can name it.
fn mark() -> Key {
    Key::Member("content type".into())
}

/// What a response is said to hold is looked for so far behind where it is made.
const MOST_STEPS: usize = 256;

/// Chains of calls are looked through so far: `response.status(200).type("txt").send(x)`.
const LONGEST: u32 = 6;

impl Engine<'_> {
    /// Notes what a call says of the content of the response that it is made on.
    pub(super) fn typed(&mut self, frame: &mut Frame<'_>, callee: Value, arguments: &[Argument]) {
        if self.language == Language::Python {
            return;
        }
        let Op::Member(object, name) = frame.function.step(callee).op else { return };
        let Some(page) = self.says_page(frame, self.program.names.text(name), arguments) else { return };
        if let Some(place) = self.place(frame, object) {
            self.change(frame, &place, |response| {
                response.with(Some(mark()), Abstract::known(Known::Bool(page)))
            });
        }
    }

    /// Whether a method call says that the content is a page, or that it is something else.
    fn says_page(&self, frame: &Frame<'_>, name: &str, arguments: &[Argument]) -> Option<bool> {
        let plain: Vec<_> = arguments.iter().filter(|argument| argument.pass == Pass::Plain).collect();
        let value = |index: usize| plain.get(index).map(|argument| frame.value(argument.value));
        match name {
            "type" | "contentType" => value(0).map(page),
            "set" | "header" | "setHeader" => match (&value(0)?.known, value(1)) {
                (Known::Text(key), Some(value)) if key.eq_ignore_ascii_case("content-type") => {
                    Some(page(value))
                }
                // What the browser is to save it does not show.
                (Known::Text(key), Some(_)) if key.eq_ignore_ascii_case("content-disposition") => {
                    let saved = |argument: &&&Argument| self.text_of(argument.span).contains("attachment");
                    plain.get(1).filter(saved).map(|_| false)
                }
                (_, None) => header(value(0)?).map(page),
                _ => None,
            },
            "writeHead" => plain.iter().find_map(|argument| header(frame.value(argument.value))).map(page),
            _ => None,
        }
    }

    /// Whether a response that a call makes is said to hold something other than a page before it can be sent:
    /// `r = make_response(x)`, then `r.mimetype = "text/plain"` or `r.headers["Content-Type"] = "text/csv"`.
    pub(super) fn said_later(&self, frame: &Frame<'_>, callee: Value) -> bool {
        if self.language != Language::Python {
            return false;
        }
        // Whatever comes in between in the same block does not leave the function.
        let Some(block) = frame.function.blocks.get(frame.block) else { return false };
        let after = block.steps.partition_point(|step| *step <= callee);
        let mut steps = block.steps.iter().skip(after).take(MOST_STEPS);
        let step = |value: &Value| &frame.function.step(*value).op;
        let made =
            steps.find(|value| matches!(step(value), Op::Call { callee: called, .. } if *called == callee));
        let stored = steps.find_map(|value| match step(value) {
            Op::Store(name, stored) if Some(stored) == made => Some(*name),
            _ => None,
        });
        let Some(response) = stored else { return false };
        let is_it = |value: &Value| matches!(step(value), Op::Load(name) if *name == response);
        let headers = |value: &Value| match step(value) {
            Op::Member(object, name) => is_it(object) && self.program.names.text(*name) == "headers",
            _ => is_it(value),
        };
        let text = |value: &Value| match step(value) {
            Op::Literal(Literal::Text(text)) => Some(text.to_ascii_lowercase()),
            _ => None,
        };
        let mut plain = false;
        for value in steps {
            let kind = match step(value) {
                Op::SetMember(object, name, kind)
                    if is_it(object)
                        && matches!(self.program.names.text(*name), "mimetype" | "content_type") =>
                {
                    kind
                }
                Op::SetIndex(object, key, kind)
                    if headers(object) && text(key).is_some_and(|key| key == "content-type") =>
                {
                    kind
                }
                Op::Store(name, _) if *name == response => break,
                _ => continue,
            };
            plain =
                text(kind).is_some_and(|kind| !["html", "svg", "xml"].iter().any(|page| kind.contains(page)));
        }
        plain
    }

    /// Whether a response is said to hold something other than a page.
    pub(super) fn no_page(&self, frame: &Frame<'_>, response: Value) -> bool {
        let mut at = response;
        for _ in 0..LONGEST {
            let held = frame.value(at);
            let parts = held.parts.as_deref();
            let marked = parts.and_then(|parts| parts.known.iter().find(|(key, _)| *key == mark()));
            if let Some((_, said)) = marked {
                return said.known == Known::Bool(false);
            }
            let Op::Call { callee, arguments } = &frame.function.step(at).op else { return false };
            let Op::Member(object, name) = frame.function.step(*callee).op else { return false };
            if let Some(page) = self.says_page(frame, self.program.names.text(name), arguments) {
                return !page;
            }
            at = object;
        }
        false
    }
}

/// The content type among headers that are given as an object.
fn header(headers: &Abstract) -> Option<&Abstract> {
    let parts = headers.parts.as_deref()?;
    let named = |key: &Key| matches!(key, Key::Text(key) if key.eq_ignore_ascii_case("content-type"));
    parts.known.iter().find(|(key, _)| named(key)).map(|(_, value)| value)
}

/// Whether a content type is that of a page; one that is computed is taken to be chosen with care.
fn page(kind: &Abstract) -> bool {
    match &kind.known {
        Known::Text(kind) => {
            let kind = kind.to_ascii_lowercase();
            ["html", "svg", "xml"].iter().any(|page| kind.contains(page))
        }
        _ => !kind.all().is_empty(),
    }
}
