//! What other files have to know of a file whose data has been followed.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Engine;
use super::effect::Written;
use super::foreign::{Given, Passage, RECEIVER, Step, is_blank};
use super::made::makes;
use super::sink::{Arrival, Target};
use super::summary::{Reach, Slot, Summary};
use super::value::{Abstract, Flow, Key, Known, Link, Origin, Part, Parts, Taint};
use crate::analyze::facts::{
    ArgumentFact, CallFact, ClassFact, FlowFact, FunctionFact, GivenFact, KnownFact, Module, OriginFact,
    Packed, ParameterFact, PartFact, PassFact, PendingFact, StepFact, SymbolFact, TargetFact, ValueFact,
};
use crate::analyze::ir::{ClassId, FunctionId, Name, Pass, Span};
use crate::analyze::lower::interface_name;

/// The last steps of a trace that are kept where most of it lies in one file.
const MOST_STEPS: usize = 8;

/// The most members that are known to hold a constructor's parameters.
const MOST_KEPT: usize = 1_024;

/// Members, and those that hold what methods make of them, by class.
type Made = FxHashMap<ClassId, Vec<(PartFact, PartFact)>>;

/// What is said at steps, each text once.
#[derive(Default)]
pub(super) struct Said {
    texts: Vec<Box<str>>,
    numbers: FxHashMap<Box<str>, u32>,
}

impl Said {
    fn number(&mut self, text: String) -> u32 {
        if let Some(number) = self.numbers.get(text.as_str()) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.as_str().into());
        self.numbers.insert(text.into(), number);
        number
    }
}

impl Engine<'_> {
    /// The file as other files see it.
    pub(super) fn module(&self) -> Module {
        let name = |name| self.program.names.text(name).into();
        let mut names: Vec<(Box<str>, ValueFact)> = self.variables[0]
            .iter()
            .filter(|(key, _)| self.exports(self.program.names.text(**key)))
            .map(|(key, value)| (name(*key), self.value_fact(value, 0)))
            .collect();
        let only = |known: &Known| ValueFact { known: self.known_fact(known), ..ValueFact::default() };
        for (key, known) in self.others.iter().filter(|(key, _)| self.exports(self.program.names.text(*key)))
        {
            names.push((name(*key), only(known)));
        }
        for (exported, local) in &self.program.exports {
            let exported = self.program.names.text(*exported);
            let held = self.variables[0].get(local).map(|value| self.value_fact(value, 0));
            let others = self.others.iter().filter(|(key, _)| key == local).map(|(_, known)| only(known));
            for value in held.into_iter().chain(others) {
                let same = |it: &(Box<str>, ValueFact)| *it.0 == *exported && it.1.known == value.known;
                if value.known != KnownFact::Any && !names.iter().any(same) {
                    names.push((exported.into(), value));
                }
            }
        }
        names.sort_by(|one, other| one.0.cmp(&other.0));
        let symbols = self.foreign.symbols.iter().map(|symbol| match &symbol.step {
            Step::Place(place) => SymbolFact::Place(place.clone()),
            Step::Member(of, name) => SymbolFact::Member(of.0, (&**name).into()),
            Step::Call(of) => SymbolFact::Call(of.0),
            Step::Among(all) => SymbolFact::Among(all.iter().map(|of| of.0).collect()),
            Step::Own(class) => SymbolFact::Own(class.0),
            Step::Super(class) => SymbolFact::Super(class.0),
            Step::Class(class) => SymbolFact::Class(class.0),
        });
        let calls = self.foreign.calls.iter().map(|call| CallFact {
            symbol: call.symbol.0,
            arguments: call.arguments.iter().map(|given| self.argument_fact(given)).collect(),
        });
        let pending = self.pending.values().map(|one| self.pending_fact(one.origin, one.target, &one.at));
        let made = self.made_of_members();
        let mut module = Module {
            path: self.path.to_owned(),
            family: self.language.family(),
            view: 0,
            half: None,
            names,
            stars: self.stars.iter().map(|star| self.known_fact(star)).collect(),
            functions: (0..self.program.functions.len())
                .map(|index| self.function_fact(index, &made))
                .collect(),
            classes: (0..self.program.classes.len()).map(|index| self.class_fact(index)).collect(),
            symbols: symbols.collect(),
            calls: Packed::of(calls),
            pending: Packed::of(pending),
            said: Vec::new(),
        };
        module.said = self.said.take().texts;
        module
    }

    fn exports(&self, name: &str) -> bool {
        match self.language {
            crate::syntax::Language::Python => !name.starts_with('#'),
            _ => name.starts_with("exports."),
        }
    }

    fn argument_fact(&self, given: &Given) -> ArgumentFact {
        let fact = match (&given.known, given.list) {
            (_, Some((shell, told))) => GivenFact::List(shell, told),
            (Known::Text(text), _) => GivenFact::Text((**text).into()),
            (Known::Int(number), _) => GivenFact::Int(*number),
            (Known::Bool(truth), _) => GivenFact::Bool(*truth),
            (Known::Null, _) => GivenFact::Null,
            (Known::Constant, _) => GivenFact::Constant,
            (Known::Path(node), _) => GivenFact::Path(self.table.node(*node).path.as_str().into()),
            _ => {
                let last = self.text_of(given.span).rsplit(['.', '=']).next().unwrap_or("").trim();
                let name =
                    last.len() <= 32 && last.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                if name && !last.is_empty() { GivenFact::Written(last.into()) } else { GivenFact::Any }
            }
        };
        ArgumentFact { pass: self.pass_fact(given.pass), given: fact }
    }

    fn pass_fact(&self, pass: Pass) -> PassFact {
        match pass {
            Pass::Plain => PassFact::Plain,
            Pass::Keyword(name) => PassFact::Keyword(PartFact::named(self.program.names.text(name))),
            Pass::Spread | Pass::SpreadKeywords => PassFact::Spread,
        }
    }

    fn function_fact(&self, index: usize, made: &Made) -> FunctionFact {
        let function = &self.program.functions[index];
        let text = |name| self.program.names.text(name);
        let first = function.parameters.first().map(|first| text(first.name));
        let mut fact = FunctionFact {
            receiver: function.class.is_some() && matches!(first, Some("self" | "cls" | "this")),
            blank: function.class.is_some() && is_blank(function),
            ..FunctionFact::default()
        };
        fact.parameters = function
            .parameters
            .iter()
            .map(|parameter| ParameterFact {
                name: PartFact::named(text(parameter.name)),
                rest: parameter.rest,
                keywords: parameter.keywords,
            })
            .collect();
        if let Slot::Early(summary) | Slot::Done(summary) = &self.summaries[index] {
            let own = FunctionId(index as u32);
            fact.result = self.value_fact(&only_of(&summary.result, own), 0);
            let mut handed = FxHashSet::default();
            // Of methods of one name that are called of the object as it is, one call says where it goes.
            let mut again = |reach: &Reach| match reach.target {
                Target::Argument(Passage { call, argument: RECEIVER, part: PartFact::SAME, .. }) => {
                    let symbol = self.foreign.calls.get(call as usize).map(|call| call.symbol);
                    !handed.insert((reach.parameter, symbol))
                }
                _ => false,
            };
            let reaches = summary.reaches.iter().filter(|reach| reach.parameter.0 == own && !again(reach));
            let fact_of = |reach: &Reach| {
                self.pending_fact(
                    Origin::Parameter(reach.parameter.0, reach.parameter.1, reach.parameter.2),
                    reach.target,
                    &reach.at,
                )
            };
            fact.reaches = Packed::of(reaches.map(fact_of));
            let kept = summary.keeps.then(|| self.members_of(own, summary, made)).flatten();
            fact.keeps = kept.map(Vec::into_boxed_slice);
        }
        fact
    }

    /// Which members of its object hold a constructor's parameters: those that it writes, and those that other methods
    /// make of these. `None` when they are too many: then it may be any.
    fn members_of(
        &self,
        constructor: FunctionId,
        summary: &Summary,
        made: &Made,
    ) -> Option<Vec<(u32, PartFact)>> {
        let mut held: Vec<(u32, PartFact)> = Vec::new();
        for written in summary.writes.iter().filter(|written| written.parameter == 0) {
            let origins = written.value.all();
            let given = origins.flows().iter().filter_map(|flow| match flow.origin {
                Origin::Parameter(of, parameter, _) if of == constructor => Some(parameter),
                _ => None,
            });
            held.extend(given.map(|parameter| (parameter, member_written(written))));
        }
        let class = self.program.function(constructor).class;
        let made = class.and_then(|class| made.get(&self.first_of(class))).map_or(&[][..], Vec::as_slice);
        let (mut seen, mut whole) = (FxHashSet::default(), FxHashSet::default());
        let mut open = held;
        let mut held = Vec::new();
        while let Some((parameter, member)) = open.pop() {
            if !seen.insert((parameter, member)) {
                continue;
            }
            if held.len() >= MOST_KEPT {
                return None;
            }
            held.push((parameter, member));
            // They are sorted, so that those of one member stand together.
            let of = |from: PartFact| {
                let start = made.partition_point(|(other, _)| *other < from);
                made[start..].iter().take_while(move |(other, _)| *other == from)
            };
            if member == PartFact::WHOLE {
                open.extend(made.iter().map(|(_, to)| (parameter, *to)));
                continue;
            }
            open.extend(of(member).map(|(_, to)| (parameter, *to)));
            // What is made of the whole object is made of each member, once.
            if whole.insert(parameter) {
                open.extend(of(PartFact::WHOLE).map(|(_, to)| (parameter, *to)));
            }
        }
        held.sort_unstable();
        Some(held)
    }

    /// What methods make of members of their objects, and the members that they keep it in, by the first class of the line.
    fn made_of_members(&self) -> Made {
        let mut made = Made::default();
        for (index, function) in self.program.functions.iter().enumerate() {
            let id = FunctionId(index as u32);
            let (Some(class), Slot::Early(summary) | Slot::Done(summary)) =
                (function.class, &self.summaries[index])
            else {
                continue;
            };
            if makes(self.program, id) {
                continue;
            }
            for written in summary.writes.iter().filter(|written| written.parameter == 0) {
                for flow in written.value.all().flows() {
                    let Origin::Parameter(of, 0, part) = flow.origin else { continue };
                    if of == id {
                        let from = match part {
                            Part::Name(name) => PartFact::named(self.program.names.text(name)),
                            _ => PartFact::WHOLE,
                        };
                        made.entry(self.first_of(class)).or_default().push((from, member_written(written)));
                    }
                }
            }
        }
        for pairs in made.values_mut() {
            pairs.sort_unstable();
            pairs.dedup();
        }
        made
    }

    /// The class that a line of classes of the file begins with.
    fn first_of(&self, class: ClassId) -> ClassId {
        self.lineage(class).last().copied().unwrap_or(class)
    }

    fn class_fact(&self, index: usize) -> ClassFact {
        let (id, class) = (ClassId(index as u32), &self.program.classes[index]);
        let text = |name| Box::<str>::from(self.program.names.text(name));
        let mut fields: Vec<(Box<str>, ValueFact)> = self
            .fields
            .iter()
            .filter(|((of, _), _)| *of == id)
            .map(|((_, name), value)| (text(*name), self.value_fact(value, 1)))
            .collect();
        // What its body sets beside methods: `run = os.system`.
        let body = class.body.and_then(|body| self.variables.get(body.0 as usize)).into_iter().flatten();
        for (name, value) in body.filter(|(name, _)| !class.methods.iter().any(|(known, _)| known == *name)) {
            let says = self.known_fact(&value.known) != KnownFact::Any;
            if says && !self.fields.contains_key(&(id, *name)) {
                fields.push((text(*name), self.value_fact(value, 1)));
            }
        }
        fields.sort_by(|one, other| one.0.cmp(&other.0));
        let bases = self.class_bases.get(&id).into_iter().flatten();
        ClassFact {
            methods: class.methods.iter().map(|(name, id)| (text(*name), id.0)).collect(),
            fields,
            bases: bases.map(|base| self.known_fact(base)).collect(),
            shape: self.class_shape_fact(id),
            interfaces: class.interfaces.iter().flat_map(|name| self.interface(*name)).collect(),
        }
    }

    /// What the name of an interface stands for.
    fn interface(&self, name: Name) -> Vec<KnownFact> {
        let own = self.program.names.get(&interface_name(self.program.names.text(name)));
        let held = own.into_iter().chain([name]).filter_map(|name| self.variables[0].get(&name));
        held.map(|value| self.known_fact(&value.known)).filter(|known| *known != KnownFact::Any).collect()
    }

    fn known_fact(&self, known: &Known) -> KnownFact {
        match known.each().first().unwrap_or(known) {
            Known::Function(id) | Known::Bound(id, _) | Known::Method(id, _) => KnownFact::Function(id.0),
            Known::Class(id) => KnownFact::Class(id.0),
            Known::Instance(id) => KnownFact::Instance(id.0),
            Known::Foreign(symbol) => KnownFact::Symbol(symbol.0),
            Known::Path(node) => KnownFact::Path(self.table.node(*node).path.as_str().into()),
            _ => KnownFact::Any,
        }
    }

    fn value_fact(&self, value: &Abstract, depth: u32) -> ValueFact {
        let known = self.known_fact(&value.known);
        let flows = value.all().flows().iter().map(|flow| self.flow_fact(flow)).collect();
        let parts = value.parts.as_deref().filter(|_| depth < 2);
        let member = |(key, part): &(Key, Abstract)| match key {
            Key::Text(name) | Key::Member(name) => {
                let fact = self.value_fact(part, depth + 1);
                let says = fact.known != KnownFact::Any || !fact.members.is_empty();
                says.then(|| (Box::<str>::from(&**name), fact))
            }
            Key::Index(_) => None,
        };
        let members = parts.into_iter().flat_map(|parts| parts.known.iter().filter_map(member)).collect();
        ValueFact { known, flows, members, shape: self.shape_fact(value).map(Box::new) }
    }

    fn flow_fact(&self, flow: &Flow) -> FlowFact {
        let origin = match flow.origin {
            Origin::Source(kinds, _) => OriginFact::Source(kinds),
            Origin::Parameter(_, index, Part::Name(name)) => {
                OriginFact::Parameter(index, PartFact::named(self.program.names.text(name)))
            }
            Origin::Parameter(_, index, _) => OriginFact::Parameter(index, PartFact::WHOLE),
            Origin::Foreign(call) => OriginFact::Call(call),
        };
        let via = flow.via.iter().flat_map(|via| via.iter());
        let via = via.map(|passage| (passage.call, passage.argument, passage.part, passage.read));
        let steps = Link::steps(&flow.trace);
        let kept = steps.len().saturating_sub(MOST_STEPS);
        let steps = steps.iter().enumerate().filter(|(index, _)| *index == 0 || *index >= kept);
        let step = |(_, (span, event)): (usize, &(Span, super::value::Event))| StepFact {
            span: *span,
            said: self.said.borrow_mut().number(event.said(self.text, *span)),
        };
        FlowFact { origin, clean: flow.clean, via: via.collect(), steps: steps.map(step).collect() }
    }

    fn pending_fact(&self, origin: Origin, target: Target, at: &Arrival) -> PendingFact {
        let flow = Flow { origin, clean: at.clean, whole: 0, trace: at.trace.clone(), via: at.via.clone() };
        let target = match target {
            Target::Sink(kind) => TargetFact::Sink(kind),
            Target::Argument(passage) => TargetFact::Argument(passage.call, passage.argument, passage.part),
        };
        PendingFact { flow: self.flow_fact(&flow), target, span: at.span }
    }
}

/// The member of an object that is written.
fn member_written(written: &Written) -> PartFact {
    match written.keys.first().or(written.key.as_ref()) {
        Some(Key::Text(name) | Key::Member(name)) => PartFact::named(name),
        _ => PartFact::WHOLE,
    }
}

/// The value without the data of other functions' parameters, which no caller of this one hands over.
fn only_of(value: &Abstract, function: FunctionId) -> Abstract {
    let own = |flow: &&Flow| !matches!(flow.origin, Origin::Parameter(of, ..) if of != function);
    let strip = |taint: &Taint| Taint::from(taint.flows().iter().filter(own).cloned().collect());
    let parts = value.parts.as_deref().map(|parts| {
        Rc::new(Parts {
            known: parts.known.iter().map(|(key, part)| (key.clone(), only_of(part, function))).collect(),
            rest: parts.rest.as_deref().map(|rest| Box::new(only_of(rest, function))),
            ..*parts
        })
    });
    Abstract { taint: strip(&value.taint), known: value.known.clone(), parts }
}
