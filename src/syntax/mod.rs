//! text -> tree: grammars, parsing within a step budget, walking, comments, strings, imports. A tool of redact,
//! analyze and deps, no stage.
//!
//! Nothing here recurses and nothing looks at a clock: hostile input costs at most its step budget, and the same text
//! gives the same tree.

mod codec;
mod imports;
mod language;
mod markup;
mod parse;
mod spelling;
mod table;
mod tags;
mod token;
mod walk;

pub use codec::other_codec;
pub use imports::{Imports, dotted};
pub use language::Language;
pub use markup::{Scripts, scripts};
pub use parse::{MAX_BYTES, Parsed, Unparsed, parse, steps_for};
pub use spelling::{respelled, with_line_ends};
pub use table::{Place, Table};
pub use tags::without_tags;
pub(crate) use token::decoded;
pub use token::{Text, comments, strings, unquoted};
pub use walk::{Walk, walk};
