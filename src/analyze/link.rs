//! The second pass: data whose way leads through several files.
//!
//! Each file says of its functions where their parameters' data goes and what they return, in terms of calls of other
//! files' functions. Those are resolved through imports, classes and instances ([`resolve`]); then what a function makes
//! of its parameters is computed in rounds until nothing changes ([`solve`]), which also serves recursion and circular
//! imports. Rounds and sizes are bounded, and every order is that of the paths, so that the result does not depend on
//! who was first.

mod convert;
mod library;
mod resolve;
mod solve;

use super::facts::{Module, StepFact};
use super::ir::Span;
use super::model::{Kinds, Models};

/// Data that reaches a sink by way of several files.
#[derive(Debug, Clone)]
pub(super) struct Crossing {
    /// The module of the sink.
    pub(super) module: usize,
    /// What must be clean and is not.
    pub(super) span: Span,
    /// The sink kind.
    pub(super) sink: Kinds,
    /// The kind of source.
    pub(super) source: Kinds,
    /// The way, source first: the module and the step.
    pub(super) steps: Vec<(usize, StepFact)>,
}

/// Follows the data of all modules; in order of module, place and kinds. Also why not all of it was followed.
pub(super) fn link(modules: &[Module], models: &Models) -> (Vec<Crossing>, Vec<&'static str>) {
    let worth = modules.iter().any(|module| !module.pending.is_empty());
    if !worth {
        return (Vec::new(), Vec::new());
    }
    solve::Solver::new(modules, models).run()
}
