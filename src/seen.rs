//! What the first pass keeps of one document, and how it is written down for a later run.

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Note};
use crate::policy::Allowance;
use crate::redact::Redacted;
use crate::{analyze, deps};

/// What the first pass keeps of one document.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) findings: Vec<Finding>,
    pub(crate) notes: Vec<Note>,
    pub(crate) allowances: Vec<Allowance>,
    pub(crate) code: analyze::Facts,
    pub(crate) packages: deps::Facts,
    pub(crate) kept: Option<Redacted>,
}

/// All of a [`Seen`] but the document, in the order in which [`Read`] reads it.
#[derive(Serialize)]
struct Written<'s> {
    /// As JSON, as reports have them: empty fields are left out, which a format without names cannot say.
    findings: Vec<u8>,
    notes: &'s [Note],
    allowances: &'s [Allowance],
    code: &'s analyze::Facts,
    packages: &'s deps::Facts,
}

#[derive(Deserialize)]
struct Read {
    findings: Vec<u8>,
    notes: Vec<Note>,
    allowances: Vec<Allowance>,
    code: analyze::Facts,
    packages: deps::Facts,
}

impl Seen {
    /// The bytes that [`Seen::read`] reads; what its imports were looked up as is not among them. `None` for what is
    /// kept nowhere: facts about secrets, and documents.
    pub(crate) fn written(seen: Option<&Seen>) -> Option<Vec<u8>> {
        let Some(seen) = seen else { return Some(Vec::new()) };
        let stages = [&seen.findings, &seen.code.findings, &seen.packages.findings];
        let secret = stages.into_iter().flatten().any(|finding| finding.secret.is_some());
        if secret || seen.kept.is_some() {
            return None;
        }
        let findings = match stages.iter().all(|findings| findings.is_empty()) {
            true => Vec::new(),
            false => serde_json::to_vec(&stages).ok()?,
        };
        let (notes, allowances) = (&seen.notes, &seen.allowances);
        postcard::to_allocvec(&Written {
            findings,
            notes,
            allowances,
            code: &seen.code,
            packages: &seen.packages,
        })
        .ok()
    }

    /// What was written; `None` for bytes that say something else. Of most files of most scans nothing is kept.
    pub(crate) fn read(bytes: &[u8]) -> Option<Option<Box<Seen>>> {
        if bytes.is_empty() {
            return Some(None);
        }
        let (read, rest): (Read, _) = postcard::take_from_bytes(bytes).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let Read { findings, notes, allowances, mut code, mut packages } = read;
        let mut stages: [Vec<Finding>; 3] = match findings.is_empty() {
            true => Default::default(),
            false => serde_json::from_slice(&findings).ok()?,
        };
        let findings = std::mem::take(&mut stages[0]);
        [code.findings, packages.findings] = [std::mem::take(&mut stages[1]), std::mem::take(&mut stages[2])];
        Some(Some(Box::new(Seen { findings, notes, allowances, code, packages, kept: None })))
    }
}
