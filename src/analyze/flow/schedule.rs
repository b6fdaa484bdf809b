//! Functions that are handed to something that calls them: threads, pools, timers, queues of tasks. They get the
//! arguments that are handed along: `pool.submit(work, x)` calls `work(x)`.

use std::rc::Rc;

use super::Engine;
use super::eval::each;
use super::function::Frame;
use super::summary::Bindings;
use super::value::{Abstract, Bound, Key, Known, Parts};
use crate::analyze::ir::{Argument, Op, Pass, Span, Value};
use crate::analyze::model::{NodeId, Schedule};
use crate::rule::{Hands, Slot};

/// Functions that are handed on are followed so deep.
const DEEPEST: u32 = 5;

impl Engine<'_> {
    /// What a call of something that calls a function yields; `None`: it is given no function that is known.
    pub(super) fn scheduled(
        &mut self,
        frame: &mut Frame<'_>,
        node: NodeId,
        callee: Value,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Abstract> {
        if self.calling >= DEEPEST {
            return None;
        }
        let table = self.table;
        for schedule in &table.node(node).schedules {
            if !schedule.requirements.iter().all(|requirement| self.holds(frame, requirement, arguments)) {
                continue;
            }
            if schedule.hands == Hands::Run {
                self.run_method(frame, callee, span);
                continue;
            }
            let Some(function) = self.handed_function(frame, schedule, callee, arguments) else { continue };
            let Some(given) = self.handed_along(frame, schedule, arguments) else { continue };
            // It runs elsewhere or later: what it throws, and that it ends the program, is no matter of the caller.
            let exited = frame.exited;
            self.calling += 1;
            let result = self.runs(frame, schedule.hands, function, &given, span);
            self.calling -= 1;
            frame.exited = exited;
            if matches!(frame.value(function).known, Known::Any) {
                continue;
            }
            return Some(match schedule.hands {
                Hands::Call => result,
                Hands::Partial => self.partial(frame, function, &given),
                Hands::Each | Hands::EachListed => {
                    Abstract::holding(Parts { rest: Some(Box::new(result.flat())), ..Parts::default() })
                }
                // A promise of what it returns.
                Hands::Later | Hands::Listed | Hands::Run => Abstract::tainted(result.all()),
            });
        }
        None
    }

    /// Calls the method `run` of an object of the file that is started: a thread with a class of its own.
    fn run_method(&mut self, frame: &mut Frame<'_>, callee: Value, span: Span) {
        let Op::Member(object, _) = frame.function.step(callee).op else { return };
        let held = frame.value(object).clone();
        let (Known::Instance(class), Some(run)) = (&held.known, self.program.names.get("run")) else {
            return;
        };
        if let Some(method) = self.object_member(frame, &held, *class, run, span) {
            self.calling += 1;
            self.invoke(frame, &method, &[], span);
            self.calling -= 1;
        }
    }

    /// The function that such a call is given; also a parameter, for the callers to say what it is.
    fn handed_function(
        &self,
        frame: &Frame<'_>,
        schedule: &Schedule,
        callee: Value,
        arguments: &[Argument],
    ) -> Option<Value> {
        let value = match &schedule.function {
            Slot::Receiver => match frame.function.step(callee).op {
                Op::Member(object, _) => object,
                _ => return None,
            },
            slot => self.single(slot, arguments)?.value,
        };
        let receiver = schedule.function == Slot::Receiver;
        let callable = match frame.value(value).known {
            Known::Function(_) | Known::Bound(..) | Known::Method(..) | Known::Foreign(_) => true,
            Known::Class(_) | Known::Either(_) => !receiver,
            Known::Path(node) => !receiver && self.table.call(node).is_some(),
            Known::Any => !receiver && self.parameter_at(frame, value).is_some(),
            _ => false,
        };
        callable.then_some(value)
    }

    /// The argument that fills a slot, when it is written there.
    fn single<'x>(&self, slot: &Slot, arguments: &'x [Argument]) -> Option<&'x Argument> {
        let written = |argument: &&Argument| matches!(argument.pass, Pass::Plain | Pass::Keyword(_));
        self.filling(slot, arguments).into_iter().find(written)
    }

    /// The arguments that the function is called with; `None`: there are none where they have to be.
    fn handed_along(
        &self,
        frame: &Frame<'_>,
        schedule: &Schedule,
        arguments: &[Argument],
    ) -> Option<Vec<Argument>> {
        let listed = |index: usize| {
            let argument = self.single(schedule.arguments.get(index)?, arguments)?;
            let fixed =
                matches!(frame.value(argument.value).known, Known::Int(_) | Known::Text(_) | Known::Bool(_));
            (!fixed).then_some(argument)
        };
        match schedule.hands {
            Hands::Listed => {
                let (list, named) = (listed(0), listed(1));
                list.or(named)?;
                let elements = list.map(|list| elements(frame, list)).unwrap_or_default();
                let entries = named.map(|named| self.entries(frame, named)).unwrap_or_default();
                return Some(elements.into_iter().chain(entries).collect());
            }
            Hands::Each | Hands::EachListed => _ = listed(0)?,
            _ => {}
        }
        let Some(Slot::Position(first, _)) = schedule.arguments.first() else { return Some(Vec::new()) };
        let own = match &schedule.function {
            Slot::Keyword(name) | Slot::Position(_, Some(name)) => Some(name.as_str()),
            _ => None,
        };
        let mut next = 0;
        let along = |argument: &&Argument| match argument.pass {
            Pass::Keyword(name) => own != Some(self.program.names.text(name)),
            Pass::SpreadKeywords => true,
            Pass::Plain | Pass::Spread => {
                next += 1;
                next > *first
            }
        };
        Some(arguments.iter().filter(along).copied().collect())
    }

    /// The entries of a dictionary as keywords.
    fn entries(&self, frame: &Frame<'_>, named: &Argument) -> Vec<Argument> {
        let spread = vec![Argument { pass: Pass::SpreadKeywords, ..*named }];
        let Op::Dict(entries) = &frame.function.step(named.value).op else { return spread };
        let keyword = |key: Option<Value>| match &frame.value(key?).known {
            Known::Text(text) => self.program.names.get(text),
            _ => None,
        };
        let named = entries.iter().map(|entry| {
            let pass = Pass::Keyword(keyword(entry.key)?);
            Some(Argument { value: entry.value, pass, span: entry.span })
        });
        named.collect::<Option<Vec<_>>>().unwrap_or(spread)
    }

    /// Calls the function with what it is given.
    fn runs(
        &mut self,
        frame: &mut Frame<'_>,
        hands: Hands,
        function: Value,
        given: &[Argument],
        span: Span,
    ) -> Abstract {
        let held = frame.value(function).clone();
        if held.known.is_function() && matches!(hands, Hands::Each | Hands::EachListed) {
            let plain = given.iter().filter(|argument| argument.pass == Pass::Plain);
            let elements: Vec<_> = plain.map(|argument| each(frame.value(argument.value))).collect();
            let elements = match (hands, elements.first()) {
                (Hands::EachListed, Some(first)) => spread(first),
                _ => elements,
            };
            return self.invoke(frame, &held, &elements, span);
        }
        let (id, bound, receiver) = match held.known.clone() {
            Known::Function(id) => (id, None, None),
            Known::Bound(id, bound) if bound.first.is_empty() => (id, Some(bound), None),
            Known::Bound(..) => {
                let values: Vec<_> =
                    given.iter().map(|argument| frame.value(argument.value).clone()).collect();
                return self.invoke(frame, &held, &values, span);
            }
            Known::Method(id, receiver) => (id, None, Some((*receiver).clone())),
            _ => return self.call(frame, function, given, span),
        };
        let object = match frame.function.step(function).op {
            Op::Member(object, _) if receiver.is_some() => Some(object),
            _ => None,
        };
        let values = self.by_parameter(frame, id, receiver, given);
        let result = self.apply(frame, id, bound.as_deref(), &values, span);
        if let Some(summary) = self.summary_of(id).filter(|summary| !summary.writes.is_empty()) {
            let from = self.places_by_parameter(id, object, given);
            let around = bound.as_deref().map_or(&[][..], |bound| &bound.around);
            let bindings = Bindings { id, arguments: &values, around };
            self.write_back(frame, &summary, &bindings, &from);
        }
        result
    }

    /// The function with its first arguments fixed.
    fn partial(&self, frame: &Frame<'_>, function: Value, given: &[Argument]) -> Abstract {
        let held = frame.value(function);
        let plain = given.iter().filter(|argument| argument.pass == Pass::Plain);
        let fixed: Vec<_> = plain.map(|argument| frame.value(argument.value).clone()).collect();
        if fixed.is_empty() {
            return held.clone();
        }
        let (id, mut bound) = match &held.known {
            Known::Function(id) => (*id, Bound::default()),
            Known::Bound(id, bound) => (*id, (**bound).clone()),
            _ => return held.clone(),
        };
        bound.first.extend(fixed);
        Abstract::known(Known::Bound(id, Rc::new(bound)))
    }
}

/// The elements of a list of arguments.
fn elements(frame: &Frame<'_>, list: &Argument) -> Vec<Argument> {
    let Op::List(elements) = &frame.function.step(list.value).op else {
        return vec![Argument { pass: Pass::Spread, ..*list }];
    };
    let argument = |element: &crate::analyze::ir::Element| Argument {
        value: element.value,
        pass: if element.spread { Pass::Spread } else { Pass::Plain },
        span: frame.function.step(element.value).span,
    };
    elements.iter().map(argument).collect()
}

/// The elements of a tuple as arguments; of one that is not known any of them may be anywhere.
fn spread(tuple: &Abstract) -> Vec<Abstract> {
    const ENOUGH: i64 = 8;
    let length = tuple.parts.as_ref().and_then(|parts| parts.length);
    (0..length.unwrap_or(ENOUGH).min(ENOUGH)).map(|index| tuple.at(Some(&Key::Index(index)))).collect()
}
