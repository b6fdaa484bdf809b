//! tree -> [`Program`](super::ir::Program), one module a family of languages.

pub(crate) mod javascript;
