//! The expressions of models: `subprocess.run(0, shell=True)`, `flask.request.args`, `*.execute(0)`.
//!
//! ```text
//! name.name().name       what imports and calls lead to: `sqlite3.connect().cursor()`
//! ~name.name             a value of that name whose origin is unknown: a parameter, an import from elsewhere
//! *.name                 the member of any value that no model knows
//! f(0)  f(0|cmd)         of a sink: the argument by position, or by position or keyword
//! f(cmd=)  f(*)          by keyword alone; any argument
//! x.f(self)              the receiver of the method
//! f(0:argv)              a command line as a list: its program, and what a shell in it is given
//! f(0:first)             of a list or tuple its first element: `(body, status)`
//! f(0:system)            of a list of messages to a language model what the system is told
//! f(**)                  what is spread into keywords
//! f(a.b=)                a property of an object that is given as the option `a`
//! f(0, shell=True)       only when the keyword is (or may be) that constant
//! f(1, 0=href)           only when the argument at that position is that text, whatever the case
//! f(0!=*)                only when there is no argument at that position
//! f(0, root!=*)          only when the keyword is missing
//! f(0, Loader!=Safe)     only when the keyword is missing or is written otherwise
//! f(0, parser=@a.b)      only when the argument is what the models call `a.b`
//! x.member = 0           an assignment to the member
//! f().host is            of a guard: the value is compared with constants; it speaks of all that its data is in
//! 'text' in 0            of a guard: the text is looked for in the value
//! !f(0)                  of a guard: clean where the test does not hold
//! ```

/// Where an expression starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Root {
    /// An import or a global.
    Named,
    /// `~`: a value of that name of unknown origin.
    Unknown,
    /// `*`: anything.
    Any,
}

/// One step from a value to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// `.name`
    Member(String),
    /// `()`
    Call,
}

/// Which argument of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    /// By position, and the keyword it may also have.
    Position(usize, Option<String>),
    /// By keyword.
    Keyword(String),
    /// Any of them.
    Every,
    /// What is spread into keywords: `**data`.
    Keywords,
    /// The receiver of a method.
    Receiver,
}

/// What a keyword argument must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The keyword.
    pub keyword: String,
    /// The constant, or the last name of what is written; `*` for any.
    pub value: String,
    /// Whether it must be other than that.
    pub other: bool,
}

/// A parsed expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// Where it starts.
    pub root: Root,
    /// The steps; a final call's parentheses are the last.
    pub parts: Vec<Part>,
    /// The arguments it is about.
    pub slots: Vec<Slot>,
    /// Whether the argument is a command line as a list.
    pub argv: bool,
    /// Whether of a list or tuple only the first element counts.
    pub first: bool,
    /// Whether of a list of messages only what the system is told counts.
    pub system: bool,
    /// Conditions on keyword arguments.
    pub requirements: Vec<Requirement>,
    /// Whether it is an assignment.
    pub assignment: bool,
    /// `'text' in`
    pub contains: Option<String>,
    /// `is`
    pub compared: bool,
    /// `!`
    pub negated: bool,
}

/// What an expression is for in a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A value: a source, a type, something clean.
    Value,
    /// A call.
    Call,
    /// A sink.
    Sink,
    /// A test.
    Test,
}

impl Expression {
    /// Whether it can be that; the error says what to write. What cannot would be read and never met.
    pub(super) fn fits(&self, role: Role) -> Result<(), String> {
        let shown = self.parts.iter().fold(String::new(), |path, part| match part {
            Part::Member(name) if path.is_empty() => name.clone(),
            Part::Member(name) => format!("{path}.{name}"),
            Part::Call => path + "()",
        });
        let wrong = |why: &str| Err(format!("`{shown}`: {why}"));
        if role != Role::Test && (self.negated || self.compared || self.contains.is_some()) {
            return wrong("only a guard has `!`, `is` and `in 0`");
        }
        let called = self.parts.last() == Some(&Part::Call);
        match role {
            Role::Call if !called => wrong("write it as a call, with () behind it"),
            Role::Test if !called && !self.compared && self.contains.is_none() => {
                wrong("a guard is a call, `f(0)`, a comparison, `x is`, or `'text' in 0`")
            }
            Role::Sink if self.slots.is_empty() && !self.assignment => {
                wrong("a sink says which argument must be clean: write `f(0)`, `f(name=)` or `f(*)`")
            }
            _ => self.typed(),
        }
    }

    /// Whether what the models are said to call an argument can be read.
    fn typed(&self) -> Result<(), String> {
        let typed = self.requirements.iter().filter_map(|one| one.value.strip_prefix('@'));
        typed.map(Expression::parse).find_map(Result::err).map_or(Ok(()), Err)
    }

    /// Reads one; the error says what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("`{text}`: {why}");
        let (negated, rest) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut expression = Expression {
            root: Root::Named,
            parts: Vec::new(),
            slots: Vec::new(),
            argv: false,
            first: false,
            system: false,
            requirements: Vec::new(),
            assignment: false,
            contains: None,
            compared: false,
            negated,
        };
        if let Some(quoted) = rest.strip_prefix('\'') {
            let (literal, tail) =
                quoted.rsplit_once('\'').ok_or_else(|| wrong("close the quoted text with '"))?;
            if tail.trim() != "in 0" || literal.is_empty() {
                return Err(wrong("write a test for a text as 'text' in 0"));
            }
            expression.contains = Some(literal.to_owned());
            return Ok(expression);
        }
        let rest = match rest.strip_suffix(" is") {
            Some(path) => {
                expression.compared = true;
                path
            }
            None => rest,
        };
        let rest = match rest.strip_suffix("= 0") {
            Some(target) => {
                expression.assignment = true;
                target.trim_end()
            }
            None => rest,
        };
        let path = match rest.strip_prefix('~') {
            Some(path) => {
                expression.root = Root::Unknown;
                path
            }
            None => rest,
        };
        let path = match path.strip_prefix("*.") {
            Some(path) => {
                expression.root = Root::Any;
                path
            }
            None => path,
        };
        let (path, arguments) = match path.strip_suffix(')') {
            Some(open) => {
                let (path, arguments) = open.rsplit_once('(').ok_or_else(|| wrong("a ( is missing"))?;
                (path, Some(arguments))
            }
            None => (path, None),
        };
        for name in path.split('.') {
            let bare = name.trim_end_matches("()");
            let start = bare.strip_suffix("_*").unwrap_or(bare);
            if bare.is_empty() || start.contains(['(', ')', ' ', '"', ',', '*', '~']) {
                return Err(wrong("write names with dots between them, and () only after a name"));
            }
            expression.parts.push(Part::Member(bare.to_owned()));
            expression.parts.extend((0..(name.len() - bare.len()) / 2).map(|_| Part::Call));
        }
        if let Some(arguments) = arguments {
            expression.parts.push(Part::Call);
            for argument in arguments.split(',').map(str::trim).filter(|argument| !argument.is_empty()) {
                expression.argument(argument).map_err(|why| wrong(&why))?;
            }
        }
        Ok(expression)
    }

    fn argument(&mut self, text: &str) -> Result<(), String> {
        let requirement = |keyword: &str, value: &str, other| Requirement {
            keyword: keyword.to_owned(),
            value: value.replace("\\n", "\n").replace("\\r", "\r"),
            other,
        };
        if let Some((keyword, value)) = text.split_once("!=") {
            self.requirements.push(requirement(keyword, value, true));
        } else if let Some(keyword) = text.strip_suffix('=') {
            self.slots.push(Slot::Keyword(keyword.to_owned()));
        } else if let Some((keyword, value)) = text.split_once('=') {
            self.requirements.push(requirement(keyword, value, false));
        } else if text == "*" {
            self.slots.push(Slot::Every);
        } else if text == "**" {
            self.slots.push(Slot::Keywords);
        } else if text == "self" {
            self.slots.push(Slot::Receiver);
        } else {
            let (text, shape) = text.split_once(':').unwrap_or((text, ""));
            match shape {
                "" => {}
                "argv" => self.argv = true,
                "first" => self.first = true,
                "system" => self.system = true,
                _ => {
                    let why = format!("`:{shape}` is no form of an argument: write :argv, :first or :system");
                    return Err(why);
                }
            }
            let (position, keyword) = match text.split_once('|') {
                Some((position, keyword)) => (position, Some(keyword.to_owned())),
                None => (text, None),
            };
            let position = position
                .parse()
                .map_err(|_| format!("`{text}` is no argument: write 0, 0|name, name= or *"))?;
            self.slots.push(Slot::Position(position, keyword));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read() {
        let read = Expression::parse("subprocess.run(0|args, shell=True)").unwrap();
        assert_eq!(read.parts.len(), 3);
        assert_eq!(read.slots, [Slot::Position(0, Some("args".into()))]);
        assert_eq!(read.requirements[0].value, "True");
        let read = Expression::parse("sqlite3.connect().cursor()").unwrap();
        assert_eq!(read.parts.iter().filter(|part| **part == Part::Call).count(), 2);
        assert_eq!(Expression::parse("*.execute(0)").unwrap().root, Root::Any);
        assert_eq!(Expression::parse("~request.GET").unwrap().root, Root::Unknown);
        assert!(Expression::parse("*.innerHTML = 0").unwrap().assignment);
        assert_eq!(Expression::parse("!'..' in 0").unwrap().contains.as_deref(), Some(".."));
    }

    #[test]
    fn what_would_never_be_met_is_refused() {
        for (text, role, expected) in [
            ("f()", Role::Sink, "which argument must be clean"),
            ("x.y = 0", Role::Sink, ""),
            ("f(a=)", Role::Sink, ""),
            ("f", Role::Call, "write it as a call"),
            ("f.g", Role::Test, "a guard is a call"),
            ("f().host is", Role::Test, ""),
            ("!'..' in 0", Role::Test, ""),
            ("!f(0)", Role::Sink, "only a guard"),
            ("f(0, parser=@a..b)", Role::Sink, "names with dots"),
        ] {
            let said = Expression::parse(text).unwrap().fits(role).err().unwrap_or_default();
            assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{text}: {said}");
        }
    }

    #[test]
    fn wrong_ones_say_what_to_write() {
        for (text, expected) in [
            ("", "names with dots"),
            ("a b", "names with dots"),
            ("f(x)", "no argument"),
            ("f0)", "( is missing"),
        ] {
            let message = Expression::parse(text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
