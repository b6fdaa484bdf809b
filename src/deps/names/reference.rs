//! What a text asks for: a package by its name, or code from an address.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::deps::version::Ecosystem;

/// How a text names a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum How {
    /// A command installs it, and leaves no trace in a manifest.
    Install,
    /// A command installs it, and writes it into the manifest.
    Add,
    /// A command installs it for the machine, or fetches and runs it once.
    Tool,
    /// conda installs it, whose names are most often those of PyPI.
    Conda,
    /// Code imports it: the name is that of a module.
    Import,
    /// A manifest asks for it.
    Requirement,
}

/// A package that a text names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reference {
    /// Whose package it is.
    pub(super) ecosystem: Ecosystem,
    /// The name as it is written; of an import the module, in Python its dotted path.
    pub(super) name: String,
    /// The version or range that is asked for, as it is written; empty when none is.
    pub(super) spec: String,
    /// The bytes of the view that name it.
    pub(super) at: Range<usize>,
    /// How it is named.
    pub(super) how: How,
}

/// Code that a command takes from an address instead of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// The address, as it is written.
    pub(super) text: String,
    /// The bytes of the view that name it.
    pub(super) at: Range<usize>,
    /// One clause: why what comes from there may be something else tomorrow.
    pub(super) why: &'static str,
    /// Whether whoever stands on the way can change it.
    pub(super) plain: bool,
}

/// A registry that a command asks beside or instead of the public one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Index {
    /// The option, as it is written.
    pub(super) option: String,
    /// The bytes of the view from the option to its value.
    pub(super) at: Range<usize>,
    /// Whether the public registry is asked, too: then the higher version wins, whoever made it.
    pub(super) beside: bool,
    /// Whether whoever stands on the way can change what it says.
    pub(super) plain: bool,
}

/// What the commands of a text ask for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Packages by name.
    pub(super) references: Vec<Reference>,
    /// Code from addresses.
    pub(super) addresses: Vec<Address>,
    /// Registries.
    pub(super) indexes: Vec<Index>,
    /// Programs that are fetched and fed to an interpreter, and whether in a way that hides or lets others change them.
    pub(super) piped: Vec<(Range<usize>, bool)>,
}
