//! The state hooks of React and its kin: `const [value, setValue] = useState(start)`.

use tree_sitter::Node;

use super::{Frame, Lowering, field, first, parts};
use crate::analyze::ir::{End, Op, Parameter, Span};

impl<'a> Lowering<'_, 'a> {
    /// A variable and the function that sets it; false when the declaration is something else.
    pub(super) fn state_pair(&mut self, pattern: Node<'_>, value: Node<'_>) -> bool {
        let names = parts(pattern);
        let [variable, setter] = names[..] else { return false };
        let plain = pattern.kind() == "array_pattern"
            && variable.kind() == "identifier"
            && setter.kind() == "identifier"
            && value.kind() == "call_expression";
        let hook = field(value, "function").filter(|_| plain).map(|function| self.text(function));
        if !hook.is_some_and(|hook| hook == "useState" || hook.ends_with(".useState")) {
            return false;
        }
        let span = Span::of(value);
        let start = match field(value, "arguments").and_then(first) {
            Some(start) => {
                let lowered = self.expression(start);
                match super::call::is_function(start.kind()) {
                    true => self.invoke(lowered, &[], span),
                    false => lowered,
                }
            }
            None => self.null(span),
        };
        self.bind_pattern(variable, start, true);
        let (held, name) = (self.name(variable), self.name(setter));
        let parent = self.builder.function();
        let at = Span::of(setter);
        let id = self.builder.enter(Some(name), Some(parent), None, at);
        self.frames.push(Frame::default());
        let given = self.builder.temp();
        self.frame().declared.insert(given);
        let stored = self.builder.parameter(Parameter {
            name: given,
            rest: false,
            keywords: false,
            annotation: None,
            span: at,
        });
        // `setValue(before => ..)` sets what the function makes of the value.
        let before = self.builder.push(Op::Load(held), at);
        let callee = self.builder.push(Op::Load(given), at);
        let made = self.invoke(callee, &[before], at);
        let after = self.builder.push(Op::Either(vec![stored, made]), at);
        self.assign(held, after, at);
        self.builder.end(End::Return(None));
        self.frames.pop();
        self.builder.leave();
        let closure = self.builder.push(Op::Closure(id, Vec::new()), at);
        self.declare(name, closure, at);
        true
    }
}
