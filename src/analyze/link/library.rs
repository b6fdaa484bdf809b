//! Functions of libraries that files of the project hand on under names of their own: `export { exec as run } from
//! "child_process"`, `run = os.system`. Only when all files are known is it known that a call is one of theirs.

use crate::analyze::facts::{ArgumentFact, GivenFact, PartFact, PassFact};
use crate::analyze::flow::foreign::RECEIVER;
use crate::analyze::model::{Kinds, Models, Said, Sink, Table};
use crate::rule::{Requirement, Slot};

/// A call of a function of a library.
pub(super) struct LibraryCall<'c> {
    pub(super) table: &'c Table,
    pub(super) models: &'c Models,
    pub(super) script: bool,
    pub(super) said: &'c Said,
    pub(super) arguments: &'c [ArgumentFact],
}

impl LibraryCall<'_> {
    /// The sinks that part of an argument reaches.
    pub(super) fn reached(&self, argument: u16, part: PartFact) -> Vec<Kinds> {
        let mut kinds = Vec::new();
        for sink in self.said.sinks.iter().filter(|sink| self.required(&sink.requirements)) {
            let kind = if sink.system { None } else { self.reaches(sink, argument, part) };
            kinds.extend(kind.filter(|kind| !kinds.contains(kind)));
        }
        kinds
    }

    /// The kinds that what it yields is clean for.
    pub(super) fn cleans(&self) -> Kinds {
        let conditional = self.said.conditional.iter().filter(|one| self.required(&one.requirements));
        conditional.fold(self.said.cleans, |cleans, one| cleans | one.cleans)
    }

    /// The source that what it yields is.
    pub(super) fn source(&self) -> Kinds {
        let conditional = self.said.conditional.iter().filter(|one| self.required(&one.requirements));
        conditional.fold(self.said.source, |source, one| source | one.source)
    }

    fn reaches(&self, sink: &Sink, argument: u16, part: PartFact) -> Option<Kinds> {
        if argument == RECEIVER {
            return sink.slots.contains(&Slot::Receiver).then_some(sink.kind);
        }
        if sink.argv {
            let filled = sink.slots.iter().any(|slot| self.fills(slot, argument, part));
            return if filled {
                self.command_line(sink, argument, part)
            } else {
                self.told(sink, argument, part)
            };
        }
        if !sink.slots.iter().any(|slot| self.fills(slot, argument, part)) {
            return None;
        }
        let list = matches!(self.arguments.get(argument as usize)?.given, GivenFact::List(..));
        let others = sink.first && list && !part.meets(PartFact::element(0));
        (!others).then_some(sink.kind)
    }

    /// A command line as a list: its program, and what a shell in it is told to run.
    fn command_line(&self, sink: &Sink, argument: u16, part: PartFact) -> Option<Kinds> {
        match self.arguments.get(argument as usize)?.given {
            GivenFact::List(shell, told) => match told {
                Some(told) if shell && part.meets(PartFact::element(i64::from(told))) => Some(sink.kind),
                _ => part.meets(PartFact::element(0)).then_some(self.models.program),
            },
            _ => Some(self.models.program),
        }
    }

    /// The list behind a program that is a shell.
    fn told(&self, sink: &Sink, argument: u16, part: PartFact) -> Option<Kinds> {
        let before = argument.checked_sub(1)?;
        let filled = sink.slots.iter().any(|slot| self.fills(slot, before, PartFact::WHOLE));
        let GivenFact::Text(program) = &self.arguments.get(before as usize)?.given else { return None };
        let GivenFact::List(_, Some(told)) = self.arguments.get(argument as usize)?.given else {
            return None;
        };
        let reached = filled
            && crate::analyze::flow::is_shell(program)
            && part.meets(PartFact::element(i64::from(told)));
        reached.then_some(sink.kind)
    }

    /// Whether an argument is one that a slot names.
    fn fills(&self, slot: &Slot, argument: u16, part: PartFact) -> bool {
        let Some(given) = self.arguments.get(argument as usize) else { return false };
        match slot {
            Slot::Every => true,
            Slot::Receiver => false,
            Slot::Keywords => given.pass == PassFact::Spread,
            Slot::Keyword(name) => match &given.pass {
                PassFact::Keyword(known) => *known == PartFact::named(name),
                PassFact::Spread => true,
                // The options of a JavaScript call are an object.
                PassFact::Plain => {
                    let first = name.split('.').next().unwrap_or(name);
                    self.script && part != PartFact::WHOLE && part.meets(PartFact::named(first))
                }
            },
            Slot::Position(..) => self.at(slot) == Some(argument as usize),
        }
    }

    /// The argument that a slot of a place or a name names.
    fn at(&self, slot: &Slot) -> Option<usize> {
        let keyword = |name: &str| {
            let wanted = PassFact::Keyword(PartFact::named(name));
            let same = |it: &ArgumentFact| it.pass == wanted;
            self.arguments.iter().position(same)
        };
        match slot {
            Slot::Position(index, name) => {
                let plain = |it: &(usize, &ArgumentFact)| !matches!(it.1.pass, PassFact::Keyword(_));
                let plain: Vec<_> = self.arguments.iter().enumerate().filter(plain).collect();
                let spread = plain.iter().take(index + 1).position(|(_, it)| it.pass == PassFact::Spread);
                match plain.get(spread.unwrap_or(*index)) {
                    Some((at, _)) => Some(*at),
                    None => name.as_ref().and_then(|name| keyword(name)),
                }
            }
            Slot::Keyword(name) => keyword(name),
            _ => None,
        }
    }

    fn required(&self, requirements: &[Requirement]) -> bool {
        requirements.iter().all(|requirement| self.holds(requirement))
    }

    /// Whether the arguments are as required; what is only known when the program runs may be anything.
    fn holds(&self, requirement: &Requirement) -> bool {
        let slot = match requirement.keyword.parse() {
            Ok(position) => Slot::Position(position, None),
            Err(_) => Slot::Keyword(requirement.keyword.clone()),
        };
        let given = self.at(&slot).and_then(|at| self.arguments.get(at)).map(|argument| &argument.given);
        if let Some(kind) = requirement.value.strip_prefix('@') {
            let node = |path| self.table.written(path).map(|node| self.table.canonical(node));
            let same = matches!(given, Some(GivenFact::Path(path)) if node(path) == node(kind));
            return same != requirement.other;
        }
        let Some(given) = given else { return requirement.other };
        if requirement.value == "*" {
            return !requirement.other;
        }
        let wanted = &requirement.value;
        let position = matches!(slot, Slot::Position(..));
        let same = match given {
            GivenFact::Text(text) if text.is_empty() && position => wanted == "''",
            GivenFact::Text(text) if position => text.eq_ignore_ascii_case(wanted),
            GivenFact::Text(text) => **text == **wanted,
            GivenFact::Bool(truth) => wanted.eq_ignore_ascii_case(&truth.to_string()),
            GivenFact::Int(number) => *wanted == number.to_string() || (wanted == "True" && *number != 0),
            GivenFact::Null => matches!(&**wanted, "None" | "null"),
            GivenFact::Path(name) | GivenFact::Written(name) => {
                let same = name.rsplit('.').next() == Some(wanted.as_str());
                if position { requirement.other && same } else { same || !requirement.other }
            }
            GivenFact::Any | GivenFact::Constant | GivenFact::List(..) => !position && !requirement.other,
        };
        same != requirement.other
    }
}
