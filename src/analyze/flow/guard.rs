//! What a test tells of the values it looks at, where it holds and where it does not.

use super::Engine;
use super::function::{Frame, State};
use super::summary::Summary;
use super::value::{Abstract, Key, Known, Origin, Taint};
use crate::analyze::ir::{Argument, Binary, Literal, Name, Op, Span, Unary, Value};
use crate::analyze::model::{ANY, Kinds, Models};
use crate::rule::Slot;
use crate::syntax::Language;

/// A value, the kinds that a test cleans it for, and the kinds it has to be clean for already.
pub(super) type Cleaned = (Value, Kinds, Kinds);

/// Conditions within conditions are followed so deep.
const DEEPEST: u32 = 3;

/// Functions whose result is their argument in another form: a test of one is a test of the other.
const SAME: &[&str] = &[
    "str",
    "String",
    "fspath",
    "toString",
    "lower",
    "upper",
    "toLowerCase",
    "toUpperCase",
    "strip",
    "trim",
    "Path",
];

impl Engine<'_> {
    /// The value that a test of `value` speaks of: of `str(path)` the path. A part of a text is not the text.
    fn looked_at(&self, frame: &Frame<'_>, value: Value) -> Value {
        let mut at = value;
        for _ in 0..4 {
            at = match &frame.function.step(at).op {
                // `host or ""`
                Op::Either(options) => {
                    let mut others = options.iter().filter(|option| !frame.value(**option).constant());
                    match (others.next(), others.next()) {
                        (Some(only), None) => *only,
                        _ => break,
                    }
                }
                Op::Call { callee, arguments } => {
                    match (&frame.function.step(*callee).op, arguments.as_slice()) {
                        (Op::Load(name) | Op::Member(_, name), [argument])
                            if SAME.contains(&self.program.names.text(*name)) =>
                        {
                            argument.value
                        }
                        (Op::Member(object, name), []) if SAME.contains(&self.program.names.text(*name)) => {
                            *object
                        }
                        _ => break,
                    }
                }
                _ => break,
            };
        }
        at
    }

    /// The state after the condition was true, or was false.
    pub(super) fn refined(&self, frame: &Frame<'_>, condition: Value, holds: bool) -> State {
        let mut state = frame.state.clone();
        let (origins, kinds) = self.compared_with_constant(frame, condition, holds);
        if kinds != 0 {
            for held in state.iter_mut().flatten() {
                held.clean_of(&origins, kinds);
            }
        }
        for (value, kinds, after) in self.cleaned_by(frame, condition, holds) {
            let mut value = self.looked_at(frame, value);
            let mut after = after;
            if kinds & !(self.models.path | self.models.entry) == 0
                && after == self.models.normal_path
                && let Some(path) = self.not_normalised(frame, value)
            {
                (value, after) = (self.looked_at(frame, path), 0);
            }
            if kinds == ANY && after == 0 {
                self.trust(frame, value, &mut state);
            }
            let Some((name, keys)) = self.place(frame, value) else { continue };
            let Some(index) = frame.local(name) else { continue };
            if let Some(held) = state[index].take() {
                let span = frame.function.step(value).span;
                state[index] = Some(self.clean_at(held, &keys, (kinds, after), span));
            }
        }
        if let Some((value, kinds)) = self.kept_out(frame, condition, holds)
            && let Some((name, keys)) = self.place(frame, value)
            && let Some(index) = frame.local(name).filter(|_| keys.is_empty())
            && let Some(held) = state[index].take()
        {
            state[index] = Some(Abstract { taint: self.without_names(&held.taint, kinds), ..held });
        }
        state
    }

    /// After a call of a function that throws unless its arguments are as they should be.
    pub(super) fn past(&self, frame: &mut Frame<'_>, summary: &Summary, from: &[Option<Value>]) {
        for (tests, value) in summary.tests.iter().zip(from) {
            let (Some(value), true) = (value, tests.always != 0) else { continue };
            let Some((name, keys)) = self.place(frame, *value) else { continue };
            let Some(index) = frame.local(name) else { continue };
            if let Some(held) = frame.state[index].take() {
                let span = frame.function.step(*value).span;
                frame.state[index] = Some(self.clean_at(held, &keys, (tests.always, 0), span));
            }
        }
    }

    /// After a check of who sent something (`event.origin`), all of what was sent is trusted.
    fn trust(&self, frame: &Frame<'_>, sender: Value, state: &mut State) {
        let Known::Path(node) = frame.value(sender).known else { return };
        let said = self.table.node(node);
        let Some((whole, _)) = said.path.rsplit_once('.').filter(|_| said.compared == ANY) else { return };
        for held in state.iter_mut().flatten() {
            let Known::Path(other) = held.known else { continue };
            let path = &self.table.node(other).path;
            if path.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
                *held = Abstract::known(Known::Constant);
            }
        }
    }

    /// The origins of what a condition compares with constants, and the kinds their data is then clean for:
    /// `urlparse(x).hostname in ALLOWED` speaks of `x`.
    fn compared_with_constant(
        &self,
        frame: &Frame<'_>,
        condition: Value,
        holds: bool,
    ) -> (Vec<Origin>, Kinds) {
        let none = (Vec::new(), 0);
        let (mut condition, mut holds) = (condition, holds);
        while let Op::Unary(Unary::Not, inner) = &frame.function.step(condition).op {
            (condition, holds) = (*inner, !holds);
        }
        let (operator, looked, constant) = match &frame.function.step(condition).op {
            Op::Binary(operator, left, right) => (*operator, *left, *right),
            Op::Call { callee, arguments } => {
                match (&frame.function.step(*callee).op, arguments.as_slice()) {
                    // `allowed.includes(host)`
                    (Op::Member(list, name), [argument])
                        if matches!(self.program.names.text(*name), "includes" | "has" | "contains") =>
                    {
                        (Binary::In, argument.value, *list)
                    }
                    // `host.endswith(".example.com")`
                    (Op::Member(host, name), [end])
                        if matches!(self.program.names.text(*name), "endswith" | "endsWith")
                            && self.ends_host(frame, arguments) =>
                    {
                        (Binary::Eq, *host, end.value)
                    }
                    _ => return none,
                }
            }
            _ => return none,
        };
        let equal = match operator {
            Binary::Eq | Binary::Is | Binary::In => holds,
            Binary::Ne | Binary::IsNot | Binary::NotIn => !holds,
            _ => return none,
        };
        let listed = matches!(operator, Binary::In | Binary::NotIn);
        // `"example.com" in host` only says that it is a part of the host.
        let sides = [(looked, constant), (constant, looked)];
        let sides = sides.into_iter().take(if listed { 1 } else { 2 });
        for (value, other) in sides.filter(|_| equal) {
            let value = self.looked_at(frame, value);
            let Known::Path(node) = frame.value(value).known else { continue };
            let kinds = self.table.node(node).compared;
            // A list that is not known here is a list of the program's own.
            let own = self.ours(frame.value(other)) && (!listed || self.lists(frame, other));
            if kinds != 0 && own {
                let origins = frame.value(value).taint.flows().iter().map(|flow| flow.origin).collect();
                return (origins, kinds);
            }
        }
        none
    }

    fn cleaned_by(&self, frame: &Frame<'_>, condition: Value, holds: bool) -> Vec<Cleaned> {
        self.cleaned_within(frame, condition, holds, 0)
    }

    pub(super) fn cleaned_within(
        &self,
        frame: &Frame<'_>,
        condition: Value,
        holds: bool,
        depth: u32,
    ) -> Vec<Cleaned> {
        if depth > DEEPEST {
            return Vec::new();
        }
        let (condition, holds) = self.meant(frame, condition, holds);
        match &frame.function.step(condition).op {
            Op::Binary(operator, left, right) => self.compared(frame, *operator, *left, *right, holds),
            Op::Call { callee, arguments } => {
                let Some(all) = self.each_of_all(frame, *callee, arguments, (holds, depth)) else {
                    return self.tested(frame, *callee, arguments, holds);
                };
                all
            }
            Op::Either(options) => self.cleaned_by_each(frame, options, holds, depth + 1),
            // What is not true has nothing in it.
            Op::Load(_) | Op::Member(..) | Op::Index(..) if !holds => vec![(condition, ANY, 0)],
            _ => Vec::new(),
        }
    }

    /// What all of several conditions tell, of which one holds at least.
    fn cleaned_by_each(&self, frame: &Frame<'_>, options: &[Value], holds: bool, depth: u32) -> Vec<Cleaned> {
        let mut told = options.iter().map(|option| self.cleaned_within(frame, *option, holds, depth));
        let first = told.next().unwrap_or_default();
        told.fold(first, |all, next| {
            let both = |(value, kinds, after): Cleaned| {
                let place = self.place(frame, value)?;
                let other = next.iter().find(|(other, _, needs)| {
                    *needs == after && self.place(frame, *other).as_ref() == Some(&place)
                })?;
                (kinds & other.1 != 0).then_some((value, kinds & other.1, after))
            };
            all.into_iter().filter_map(both).collect()
        })
    }

    /// The condition that another one comes to, and whether it holds: `not`, `bool(..)`, a variable that it is kept in.
    pub(super) fn meant(&self, frame: &Frame<'_>, condition: Value, holds: bool) -> (Value, bool) {
        let (mut condition, mut holds) = (condition, holds);
        for _ in 0..6 {
            match &frame.function.step(condition).op {
                Op::Unary(Unary::Not, inner) => {
                    condition = *inner;
                    holds = !holds;
                }
                // The condition may be kept in a variable first.
                Op::Store(_, inner) | Op::Await(inner) => condition = *inner,
                Op::Load(name) => match self.only_store(frame, *name) {
                    Some(stored) if holds || !self.program.names.text(*name).starts_with('#') => {
                        condition = stored
                    }
                    _ => break,
                },
                Op::Call { callee, arguments } => {
                    match (&frame.function.step(*callee).op, arguments.as_slice()) {
                        (Op::Load(name), [argument])
                            if matches!(self.program.names.text(*name), "bool" | "Boolean")
                                && !self.bound_here(frame, *name) =>
                        {
                            condition = argument.value;
                        }
                        _ => break,
                    }
                }
                _ => break,
            }
        }
        (condition, holds)
    }

    /// What a variable of the function holds that is written once.
    pub(super) fn only_store(&self, frame: &Frame<'_>, name: Name) -> Option<Value> {
        let count = self.written.get(&(frame.id, name)).copied().unwrap_or(0);
        // The temporary of `a && b` is `b`, or nothing.
        let chosen = self.program.names.text(name).starts_with('#') && count == 2;
        if frame.local(name).is_none() || !(count == 1 || chosen) {
            return None;
        }
        let mut stores = frame.function.steps.iter().filter_map(|step| match step.op {
            Op::Store(stored, value) if stored == name => Some(value),
            _ => None,
        });
        let nothing = |value: &Value| matches!(frame.function.step(*value).op, Op::Literal(Literal::Null));
        let stored = stores.next()?;
        (count == 1 || (chosen && stores.all(|other| nothing(&other)))).then_some(stored)
    }

    fn compared(
        &self,
        frame: &Frame<'_>,
        operator: Binary,
        left: Value,
        right: Value,
        holds: bool,
    ) -> Vec<Cleaned> {
        if self.language != Language::Python
            && let Some(cleaned) = self.compared_in_script(frame, operator, left, right, holds)
        {
            return cleaned;
        }
        if self.language == Language::Python
            && let Some(cleaned) = self.compared_in_python(frame, operator, [left, right], holds)
        {
            return cleaned;
        }
        if let Some(paths) = self.in_common(frame, operator, [left, right], holds) {
            return paths.into_iter().map(|path| (path, self.models.path, self.models.normal_path)).collect();
        }
        let (one, two) = (frame.value(left), frame.value(right));
        match (operator, holds) {
            // Equal to a constant, or one of a list of constants.
            (Binary::Eq | Binary::Is, true) | (Binary::Ne | Binary::IsNot, false) => {
                let left_is = two.constant().then_some((left, ANY, 0));
                let right_is = one.constant().then_some((right, ANY, 0));
                left_is.into_iter().chain(right_is).collect()
            }
            (Binary::In, _) | (Binary::NotIn, _) => {
                let inside = holds == (operator == Binary::In);
                if let Op::Member(path, name) = frame.function.step(right).op
                    && inside
                    && self.program.names.text(name) == "parents"
                {
                    // The path lies in that folder, when no `..` leads out of it again.
                    let within = (path, self.models.path, self.models.normal_path);
                    return if one.all().is_empty() { vec![within] } else { Vec::new() };
                }
                let kinds = if inside { self.listed_in(frame, right) } else { 0 };
                if kinds != 0 {
                    return vec![(left, kinds, 0)];
                }
                let Known::Text(text) = &one.known else { return Vec::new() };
                let absent = holds == (operator == Binary::NotIn);
                let told =
                    self.table.contains.iter().filter(|it| text.contains(&it.text) && it.negated == absent);
                // Of a literal whose ends are known what lies between them is all that is left.
                let between = match frame.function.step(right).op {
                    Op::Slice(whole) => Some(whole),
                    _ => None,
                };
                let ends = |after| after != 0 && self.models.sinks.name(after) == "literal-end";
                told.map(|it| (between.filter(|_| ends(it.after)).unwrap_or(right), it.kinds, it.after))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// A test that is a call: `name.isdigit()`, `re.fullmatch(pattern, name)`.
    pub(super) fn tested(
        &self,
        frame: &Frame<'_>,
        callee: Value,
        arguments: &[Argument],
        holds: bool,
    ) -> Vec<Cleaned> {
        let member = match &frame.function.step(callee).op {
            Op::Member(object, name) => Some((*object, self.program.names.text(*name))),
            _ => None,
        };
        if let Some(cleaned) = self.tested_by_function(frame, callee, arguments, holds) {
            return cleaned;
        }
        if let Some(cleaned) = self.tested_by_expression(frame, callee, arguments, holds) {
            return cleaned;
        }
        if let Some(cleaned) = self.tested_type(frame, callee, arguments, holds) {
            return cleaned;
        }
        if self.language != Language::Python
            && let Some((object, name)) = member
            && !self.guards(frame, callee)
            && let Some(cleaned) = self.tested_in_script(frame, object, name, arguments, holds)
        {
            return cleaned;
        }
        let known = match frame.value(callee).known {
            Known::Path(node) => self.table.call(node),
            _ => {
                member.and_then(|(_, name)| self.table.anything(name)).and_then(|node| self.table.call(node))
            }
        };
        let Some(node) = known else { return Vec::new() };
        let mut cleaned = Vec::new();
        let prefix = member.is_some_and(|(_, name)| matches!(name, "startswith" | "startsWith"));
        for guard in self.table.node(node).guards.iter().filter(|guard| guard.negated != holds) {
            let required = |requirement| self.holds(frame, requirement, arguments);
            let kinds = match prefix {
                true => self.prefixed(frame, guard, arguments),
                false if guard.requirements.iter().all(required) => guard.kinds,
                false => 0,
            };
            if kinds == 0 {
                continue;
            }
            match &guard.slot {
                Slot::Receiver => cleaned.extend(member.map(|(object, _)| (object, kinds, guard.after))),
                slot => {
                    let filling = self.filling(slot, arguments);
                    cleaned.extend(filling.into_iter().map(|argument| (argument.value, kinds, guard.after)));
                }
            }
        }
        cleaned
    }

    /// Whether a model says what a call tells of its arguments.
    fn guards(&self, frame: &Frame<'_>, callee: Value) -> bool {
        let Known::Path(node) = frame.value(callee).known else { return false };
        self.table.call(node).is_some_and(|node| !self.table.node(node).guards.is_empty())
    }

    /// A path that neither begins at the root nor leads upwards stays in its folder.
    pub(super) fn contained(&self, taint: Taint) -> Taint {
        let Models { path, entry, relative, no_dots, .. } = *self.models;
        taint.cleaned_after(path | entry, relative | no_dots)
    }

    /// The value with what lies at `keys` in it clean.
    fn clean_at(&self, held: Abstract, keys: &[Key], kinds: (Kinds, Kinds), span: Span) -> Abstract {
        match keys {
            [] => Abstract { taint: self.contained(held.taint.cleaned_after(kinds.0, kinds.1)), ..held },
            [key, rest @ ..] => {
                let mut part = self.part(&held, key, span);
                if !rest.is_empty() && matches!(part.known, Known::Path(_)) && part.parts.is_none() {
                    // Its other members are read from the model again; what it holds itself would count for all.
                    part.taint = Taint::default();
                }
                held.with(Some(key.clone()), self.clean_at(part, rest, kinds, span))
            }
        }
    }

    /// What lies at a key; of a library's value, what its model says, so that its other members stay what they are.
    fn part(&self, held: &Abstract, key: &Key, span: Span) -> Abstract {
        let set = held.parts.as_ref().is_some_and(|parts| parts.known.iter().any(|(known, _)| known == key));
        match (&held.known, key) {
            (Known::Path(node), Key::Text(name)) if !set => match self.table.member(*node, name) {
                Some(next) => {
                    let value = self.path(next, span);
                    if value.taint.is_empty() {
                        Abstract { taint: held.taint.clone(), ..value }
                    } else {
                        value
                    }
                }
                None => Abstract::tainted(self.path(*node, span).taint),
            },
            _ => held.at(Some(key)),
        }
    }
}
