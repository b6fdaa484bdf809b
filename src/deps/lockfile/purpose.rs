//! What packages are there for, found by what needs them: for lockfiles that say what the project asks for, not what each
//! package is for.

use std::collections::HashSet;

use super::graph::{Graph, Node};
use super::{Reading, Usage};

/// The needs of a lockfile, put together while it is read. The three graphs have the same nodes.
#[derive(Default)]
pub(super) struct Purposes {
    /// Everything.
    all: Graph,
    /// Without what only those who work on the program ask for.
    program: Graph,
    /// Without that, and without what is optional.
    firm: Graph,
}

impl Purposes {
    /// Adds a package.
    pub(super) fn add(&mut self, name: &str) -> Node {
        self.program.add("");
        self.firm.add("");
        self.all.add(name)
    }

    /// Says that one package needs another, and what for.
    pub(super) fn need(&mut self, of: Node, other: Node, usage: Usage) {
        self.all.need(of, other);
        if usage != Usage::Development {
            self.program.need(of, other);
        }
        if usage == Usage::Program {
            self.firm.need(of, other);
        }
    }

    /// Says that ways begin at a package, and what the project has it for.
    pub(super) fn root(&mut self, node: Node, usage: Usage) {
        self.all.root(node);
        if usage != Usage::Development {
            self.program.root(node);
        }
        if usage == Usage::Program {
            self.firm.root(node);
        }
    }

    /// Says that a package may be needed by something that could not be followed.
    pub(super) fn doubt(&mut self, node: Node) {
        self.program.root(node);
        self.firm.root(node);
    }

    /// Hands the graph over, and says what the packages are there for of which the file does not.
    pub(super) fn finish(self, reading: &mut Reading) {
        let [all, program, firm] = [&self.all, &self.program, &self.firm].map(Graph::ways);
        for package in reading.packages.iter_mut().filter(|package| package.usage == Usage::Program) {
            let Some(node) = package.node.filter(|node| all.lead_to(*node)) else { continue };
            if !program.lead_to(node) {
                package.usage = Usage::Development;
            } else if !firm.lead_to(node) {
                package.usage = Usage::Optional;
            }
        }
        reading.graph = self.all;
    }
}

/// The packages that something needs and the file does not have: a sign that it is cut off.
#[derive(Default)]
pub(super) struct Missing {
    first: Option<(usize, String)>,
    names: HashSet<String>,
}

impl Missing {
    /// Notes a package and where it is asked for.
    pub(super) fn note(&mut self, at: usize, name: &str) {
        self.first.get_or_insert_with(|| (at, name.to_owned()));
        self.names.insert(name.to_owned());
    }

    /// Says so, once for all.
    pub(super) fn report(self, reading: &mut Reading) {
        if let Some((at, name)) = self.first {
            let others = self.names.len() - 1;
            let others = if others > 0 { format!(" and {others} more") } else { String::new() };
            let message =
                format!("the file has no entry for {name}{others}: it is cut off, or was changed by hand");
            reading.partial(at, message);
        }
    }
}
