//! Builds a [`Program`] function by function, block by block.

use super::{
    Block, BlockId, Class, ClassId, End, Function, FunctionId, Literal, Name, Op, Parameter, Program, Span,
    Step, Value,
};

/// Texts longer than this are no constants to fold.
const LONGEST_TEXT: usize = 4096;

/// Keys longer than this are no names of parts.
const LONGEST_KEY: usize = 64;

/// A program under construction. Instructions go to the current block of the innermost open function.
pub(crate) struct Builder {
    program: Program,
    open: Vec<Open>,
    temps: u32,
}

struct Open {
    id: FunctionId,
    current: BlockId,
    handler: Option<BlockId>,
    outer: Vec<Name>,
}

impl Builder {
    /// Starts with the top level open.
    pub(crate) fn new(span: Span) -> Self {
        let mut builder = Builder { program: Program::default(), open: Vec::new(), temps: 0 };
        builder.enter(None, None, None, span);
        builder
    }

    /// The finished program.
    pub(crate) fn finish(mut self) -> Program {
        while !self.open.is_empty() {
            self.leave();
        }
        self.program
    }

    /// The name of `text`.
    pub(crate) fn name(&mut self, text: &str) -> Name {
        self.program.names.intern(text)
    }

    /// The name of `text` when something has it.
    pub(crate) fn known(&self, text: &str) -> Option<Name> {
        self.program.names.get(text)
    }

    /// The text of a name.
    pub(crate) fn text(&self, name: Name) -> &str {
        self.program.names.text(name)
    }

    /// A fresh variable of the current function that no source can name.
    pub(crate) fn temp(&mut self) -> Name {
        self.temps += 1;
        let text = format!("#{}", self.temps);
        let name = self.name(&text);
        self.bind(name);
        name
    }

    /// Says under which name a variable of the top level is exported.
    pub(crate) fn export(&mut self, exported: Name, variable: Name) {
        self.program.exports.push((exported, variable));
    }

    /// Says once why something was left out.
    pub(crate) fn leave_out(&mut self, why: &str) {
        if !self.program.left_out.iter().any(|known| known == why) {
            self.program.left_out.push(why.to_owned());
        }
    }

    /// Opens a function: what follows goes into it until [`Builder::leave`]. Its parent is the innermost open function
    /// that is no class body.
    pub(crate) fn enter(
        &mut self,
        name: Option<Name>,
        parent: Option<FunctionId>,
        class: Option<ClassId>,
        span: Span,
    ) -> FunctionId {
        let id = FunctionId(self.program.functions.len() as u32);
        let entry = Block { steps: Vec::new(), end: End::Open, handler: None };
        self.program.functions.push(Function {
            name,
            parent,
            class,
            parameters: Vec::new(),
            locals: Vec::new(),
            steps: Vec::new(),
            blocks: vec![entry],
            directive: None,
            later: false,
            span,
        });
        self.open.push(Open { id, current: BlockId(0), handler: None, outer: Vec::new() });
        id
    }

    /// Closes the innermost function.
    pub(crate) fn leave(&mut self) {
        if let Some(open) = self.open.pop() {
            let function = &mut self.program.functions[open.id.0 as usize];
            function.locals.sort_unstable();
            function.locals.dedup();
            function.locals.retain(|name| !open.outer.contains(name));
        }
    }

    /// The innermost open function.
    pub(crate) fn function(&self) -> FunctionId {
        self.open.last().map_or(FunctionId(0), |open| open.id)
    }

    /// Adds a class; its methods and body are filled in by [`Builder::class`].
    pub(crate) fn add_class(&mut self, name: Option<Name>, span: Span) -> ClassId {
        self.program.classes.push(Class {
            name,
            methods: Vec::new(),
            getters: Vec::new(),
            setters: Vec::new(),
            body: None,
            fields: Vec::new(),
            interfaces: Vec::new(),
            record: None,
            span,
        });
        ClassId(self.program.classes.len() as u32 - 1)
    }

    /// A class to fill in.
    pub(crate) fn class(&mut self, id: ClassId) -> &mut Class {
        &mut self.program.classes[id.0 as usize]
    }

    /// Says what directive stands at the head of the innermost open function.
    pub(crate) fn directive(&mut self, text: &str) {
        let name = self.name(text);
        self.current().directive = Some(name);
    }

    /// Declares a parameter and stores it to its name.
    pub(crate) fn parameter(&mut self, parameter: Parameter) -> Value {
        let (name, span) = (parameter.name, parameter.span);
        let function = self.current();
        function.parameters.push(parameter);
        let index = function.parameters.len() as u32 - 1;
        let value = self.push(Op::Parameter(index), span);
        self.store(name, value, span)
    }

    /// Marks `name` as bound by the current function: done by [`Builder::store`]; call it for `var` without a value.
    pub(crate) fn bind(&mut self, name: Name) {
        let locals = &mut self.current().locals;
        if locals.last() != Some(&name) {
            locals.push(name);
        }
    }

    /// Marks `name` as not bound here though it is assigned: `global`, `nonlocal`, an assignment to an outer `let`.
    pub(crate) fn outer(&mut self, name: Name) {
        if let Some(open) = self.open.last_mut() {
            open.outer.push(name);
        }
    }

    /// Appends an instruction to the current block.
    pub(crate) fn push(&mut self, op: Op, span: Span) -> Value {
        if let Op::Index(_, key) = &op {
            self.name_key(*key);
        }
        if matches!(op, Op::Yield(_)) {
            self.works_later();
        }
        let current = self.open.last().map_or(BlockId(0), |open| open.current);
        let function = self.current();
        let value = Value(function.steps.len() as u32);
        function.steps.push(Step { op, span });
        function.blocks[current.0 as usize].steps.push(value);
        value
    }

    /// Marks the current function as one whose calls yield what does its work.
    pub(crate) fn works_later(&mut self) {
        self.current().later = true;
    }

    /// What is read at a constant key is a part with a name.
    fn name_key(&mut self, key: Value) {
        let step = &self.current().steps[key.0 as usize];
        if let Op::Literal(Literal::Text(text)) = &step.op
            && text.len() <= LONGEST_KEY
        {
            let text = text.clone();
            self.name(&text);
        }
    }

    /// Writes a variable of the current function.
    pub(crate) fn store(&mut self, name: Name, value: Value, span: Span) -> Value {
        self.bind(name);
        self.push(Op::Store(name, value), span)
    }

    /// A text literal.
    pub(crate) fn literal_text(&mut self, text: &str, span: Span) -> Value {
        let literal = if text.len() <= LONGEST_TEXT { Literal::Text(text.into()) } else { Literal::Other };
        self.push(Op::Literal(literal), span)
    }

    /// A new block of the current function; exceptions in it go where those of the current `try` go.
    pub(crate) fn block(&mut self) -> BlockId {
        let handler = self.open.last().and_then(|open| open.handler);
        let blocks = &mut self.current().blocks;
        blocks.push(Block { steps: Vec::new(), end: End::Open, handler });
        BlockId(blocks.len() as u32 - 1)
    }

    /// Appends to `block` from here on.
    pub(crate) fn switch(&mut self, block: BlockId) {
        if let Some(open) = self.open.last_mut() {
            open.current = block;
        }
    }

    /// Ends the current block, unless it has ended (code after a `return`).
    pub(crate) fn end(&mut self, end: End) {
        let current = self.open.last().map_or(BlockId(0), |open| open.current);
        let block = &mut self.current().blocks[current.0 as usize];
        if block.end == End::Open {
            block.end = end;
        }
    }

    /// Blocks made from here on go to `handler` on an exception; returns the handler until now, to restore it.
    pub(crate) fn handler(&mut self, handler: Option<BlockId>) -> Option<BlockId> {
        self.open.last_mut().and_then(|open| std::mem::replace(&mut open.handler, handler))
    }

    /// Ends the current block with `end` and goes on in a fresh block that nothing leads to.
    pub(crate) fn dead(&mut self, end: End) {
        self.end(end);
        let block = self.block();
        self.switch(block);
    }

    fn current(&mut self) -> &mut Function {
        let id = self.function();
        &mut self.program.functions[id.0 as usize]
    }
}
