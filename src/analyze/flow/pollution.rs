//! Prototype pollution by hand: `object[key][name] = value` where whoever sends the request chooses `key`, and merges
//! that go through all keys of what they are given.
//!
//! What `object[key]` yields carries the data of the key, clean for every sink kind but `prototype`: that marks it as an
//! object which the key chose. A write into a marked object is the finding. What a function writes into a parameter is a
//! matter of its callers, by a kind of its own. The keys of a parameter's value are a source of the kind `key`.

use super::Engine;
use super::function::Frame;
use super::sink::{Arrival, Target};
use super::value::{Abstract, Event, Flow, Known, Link, Origin, Taint};
use crate::analyze::ir::{Binary, Op, Span, Unary, Value};
use crate::analyze::model::{ANY, Kinds};
use crate::syntax::Language;

impl Engine<'_> {
    fn pollutes(&self) -> bool {
        self.language != Language::Python
    }

    /// Whether a flow marks an object that its data chose.
    fn marks(&self, flow: &Flow) -> bool {
        flow.clean == ANY & !self.models.prototype
    }

    /// The marks of what stands in `held` at a key that is not known.
    pub(super) fn marked(&self, held: &Abstract, key: &Abstract) -> Taint {
        if !self.pollutes() || key.taint.is_empty() || key.constant() {
            return Taint::default();
        }
        let own = held.all();
        // The keys of an object lead to what it holds itself.
        let enumerated = key.taint.flows().iter().any(|flow| {
            matches!(flow.origin, Origin::Parameter(..))
                && own.flows().iter().any(|it| it.origin == flow.origin)
        });
        if enumerated {
            return Taint::default();
        }
        let dirty = key.taint.flows().iter().filter(|flow| flow.clean & self.models.prototype == 0);
        let marks = dirty.map(|flow| Flow { clean: ANY & !self.models.prototype, whole: 0, ..flow.clone() });
        Taint::from(marks.collect())
    }

    /// The keys of a value, as a source where the caller chooses the value.
    pub(super) fn enumerated(&self, keys: Abstract, span: Span) -> Abstract {
        let parameter = |flow: &Flow| matches!(flow.origin, Origin::Parameter(..)) && flow.clean == 0;
        if !self.pollutes() || !keys.all().flows().iter().any(parameter) {
            return keys;
        }
        let origin = Origin::Source(self.models.key, span);
        let trace = Link::after(None, span, Event::Read);
        let source = Flow { origin, clean: ANY & !self.models.prototype, whole: 0, trace, via: None };
        Abstract { taint: keys.taint.join(&Taint::of(source)), ..keys }
    }

    /// A write into an object: a finding when the object is marked, a matter of the callers when it is theirs.
    pub(super) fn written_into(&mut self, frame: &mut Frame<'_>, object: Value, span: Span) {
        if !self.pollutes() {
            return;
        }
        let taint = frame.value(object).taint.clone();
        for flow in taint.flows() {
            let target = match flow.origin {
                _ if self.marks(flow) => self.models.prototype,
                Origin::Parameter(..) if flow.clean == 0 => self.models.prototype_object,
                _ => continue,
            };
            let trace = Link::after(flow.trace.clone(), span, Event::Reaches("a prototype".into()));
            let at = Arrival { clean: 0, via: flow.via.clone(), span, trace };
            self.arrived(frame, flow.origin, Target::Sink(target), at);
        }
    }

    /// The sink kind at which a flow arrives that is handed to a function which writes into what it is given; `None`
    /// when it does not.
    pub(super) fn written_by_callee(&self, flow: &Flow, kind: Kinds) -> Option<Kinds> {
        match flow.origin {
            _ if kind != self.models.prototype_object => (flow.clean & kind == 0).then_some(kind),
            _ if self.marks(flow) => Some(self.models.prototype),
            Origin::Parameter(..) if flow.clean == 0 => Some(kind),
            _ => None,
        }
    }

    /// The value that a condition keeps from being the name of a prototype, and the kinds that cleans: `key !==
    /// "__proto__"` is enough where one key is chosen; of a merge in depth `constructor` has to be kept out too.
    pub(super) fn kept_out(
        &self,
        frame: &Frame<'_>,
        condition: Value,
        holds: bool,
    ) -> Option<(Value, Kinds)> {
        if !self.pollutes() {
            return None;
        }
        let (mut condition, mut holds) = (condition, holds);
        while let Op::Unary(Unary::Not, inner) = &frame.function.step(condition).op {
            (condition, holds) = (*inner, !holds);
        }
        let (value, names, equal) = match &frame.function.step(condition).op {
            Op::Binary(Binary::Eq, left, right) => (*left, *right, true),
            Op::Binary(Binary::Ne, left, right) => (*left, *right, false),
            Op::Call { callee, arguments } => {
                match (&frame.function.step(*callee).op, arguments.as_slice()) {
                    (Op::Member(list, name), [argument]) => match self.program.names.text(*name) {
                        "includes" | "has" => (argument.value, *list, true),
                        _ => return None,
                    },
                    _ => return None,
                }
            }
            _ => return None,
        };
        if equal == holds {
            return None;
        }
        let named = |wanted: &[&str]| {
            let value = frame.value(names);
            let is = |known: &Known| super::value::texts(known).iter().any(|text| wanted.contains(&&**text));
            let parts = value.parts.iter().flat_map(|parts| parts.known.iter());
            is(&value.known) || parts.into_iter().any(|(_, part)| is(&part.known))
        };
        let proto = if named(&["__proto__"]) { self.models.proto_name } else { 0 };
        let constructor = if named(&["constructor", "prototype"]) { self.models.constructor_name } else { 0 };
        let kinds = proto | constructor;
        (kinds != 0).then_some((value, kinds))
    }

    /// The data with names of prototypes kept out of it.
    pub(super) fn without_names(&self, taint: &Taint, kinds: Kinds) -> Taint {
        let both = self.models.proto_name | self.models.constructor_name;
        let flows = taint.flows().iter().cloned().map(|mut flow| {
            let enumerated = matches!(flow.origin, Origin::Source(kind, _) if kind == self.models.key);
            // A mark's kinds are all set already: what is known of its names is kept in `whole`, which it does not use.
            let known = if enumerated { &mut flow.whole } else { &mut flow.clean };
            *known |= kinds;
            let clean = if enumerated { *known & both == both } else { *known & self.models.proto_name != 0 };
            if clean {
                flow.clean |= self.models.prototype;
            }
            flow
        });
        Taint::from(flows.filter(|flow| flow.clean != ANY).collect())
    }
}
