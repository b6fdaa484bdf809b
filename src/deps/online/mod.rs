//! OSV's server, asked about the very packages of a scan: batches of questions, then the records that answer them. What
//! comes back is a database that answers like any other.

mod about;
mod judge;
mod public;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::database::{Database, Form, Input, build_records, slim};
use super::osv::Record;
use super::update::is_id;
use super::version::{Affected, Ecosystem, affected};
use crate::artifact::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::network::{Answer, Client, Request};

pub use about::{ABOUT, About, Known, about};
pub use judge::{Ask, Asking};
pub(super) use judge::{Direct, Pages, ask as ask_registries};
pub use public::Private;
pub(super) use public::{
    names_another_registry, of_public_registry, sets_a_registry, settings_set_a_registry,
};

/// OSV's own server of questions.
pub const SERVER: &str = "https://api.osv.dev";

/// How many questions one request holds.
const BATCH: usize = 1000;
/// How often a question may be continued: a package has no more advisories than that many pages.
const PAGES: usize = 100;
/// The longest answer to a batch, and the longest record.
const ANSWER: u64 = 64 << 20;
const RECORD: u64 = 16 << 20;

/// One version of a package of a public registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageVersion {
    /// Its ecosystem.
    pub ecosystem: Ecosystem,
    /// Its name, as its lockfile writes it.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Asks `server` about `packages`, on the day `today`: a database that knows their advisories and answers for their
/// ecosystems. Records that did not change since they were kept in `kept` are not fetched again. Errors name the address
/// and what was wrong.
pub fn ask(
    packages: &[PackageVersion],
    server: &str,
    client: &Client,
    kept: Option<&Path>,
    today: &str,
) -> Result<Database> {
    let asking = Server { address: server.trim_end_matches('/'), client };
    let questions: BTreeSet<Question> = packages.iter().map(Question::of).collect();
    let questions: Vec<Question> = questions.into_iter().collect();
    let answers = asking.ids(&questions)?;
    // Which version is the way out is told by all advisories of a package, not by those of the one that is there.
    let of_package = |(question, ids): (&Question, &BTreeMap<String, String>)| {
        (!ids.is_empty()).then(|| Question { version: None, ..question.clone() })
    };
    let hit: BTreeSet<Question> = questions.iter().zip(&answers).filter_map(of_package).collect();
    let hit: Vec<Question> = hit.into_iter().collect();
    let further = asking.ids(&hit)?;
    let ids: BTreeMap<String, String> =
        answers.iter().chain(&further).flatten().map(|(id, time)| (id.clone(), time.clone())).collect();
    let mut records = asking.records(&ids, kept)?;
    for (question, ids) in questions.iter().zip(&answers) {
        for id in ids.keys() {
            records.get_mut(id).into_iter().for_each(|record| question.named_by(record));
        }
    }
    let mut inputs: BTreeMap<Ecosystem, Vec<Record>> = BTreeMap::new();
    for package in packages {
        inputs.entry(package.ecosystem).or_default();
    }
    for (ecosystem, input) in &mut inputs {
        input.extend(records.values().map(|record| slim(record.clone(), *ecosystem)));
        input.retain(|record| !record.affected.is_empty());
    }
    let input = |(ecosystem, records)| Input { ecosystem, records, as_of: Some(today.to_owned()) };
    Database::open(build_records(inputs.into_iter().map(input).collect(), Form::Installed)?)
}

/// A question: which advisories are there on this version, or on any.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Question {
    package: Package,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_token: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Package {
    ecosystem: &'static str,
    name: String,
}

#[derive(Deserialize)]
struct Answered {
    results: Vec<Row>,
}

#[derive(Default, Deserialize)]
struct Row {
    #[serde(default)]
    vulns: Vec<Named>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
    #[serde(default)]
    modified: String,
}

impl Question {
    fn of(package: &PackageVersion) -> Question {
        let ecosystem = package.ecosystem;
        let name = ecosystem.key(&package.name);
        // The server strips nothing: a module of Go is asked for as its records write it.
        let version = match ecosystem {
            Ecosystem::Go => package.version.trim_start_matches('v').to_owned(),
            _ => package.version.clone(),
        };
        Question {
            package: Package { ecosystem: ecosystem.name(), name },
            version: Some(version),
            page_token: None,
        }
    }

    /// Has `record` name the version that the server says it is about, should its ranges be read otherwise here.
    fn named_by(&self, record: &mut Record) {
        let Some(ecosystem) = Ecosystem::of(self.package.ecosystem) else {
            return;
        };
        let Some(version) = &self.version else { return };
        let about = |one: &&mut super::osv::AffectedPackage| {
            one.package.as_ref().is_some_and(|package| {
                package.ecosystem == self.package.ecosystem
                    && ecosystem.key(&package.name) == self.package.name
            })
        };
        let Some(one) = record.affected.iter_mut().find(about) else { return };
        if affected(ecosystem, version, &super::database::ranges(ecosystem, one), &one.versions)
            != Affected::Yes
        {
            one.versions.push(version.clone());
        }
    }
}

struct Server<'a> {
    address: &'a str,
    client: &'a Client,
}

impl Server<'_> {
    /// The ids that answer each question, and when each was changed last.
    fn ids(&self, questions: &[Question]) -> Result<Vec<BTreeMap<String, String>>> {
        let mut answers = vec![BTreeMap::new(); questions.len()];
        let mut open: Vec<(usize, Question)> = questions.iter().cloned().enumerate().collect();
        for _ in 0..PAGES {
            if open.is_empty() {
                return Ok(answers);
            }
            let mut next = Vec::new();
            for batch in open.chunks(BATCH) {
                for ((number, question), row) in batch.iter().zip(self.batch(batch)?) {
                    for Named { id, modified } in row.vulns {
                        if !is_id(&id) {
                            return Err(self.wrong("an answer names an advisory by no id"));
                        }
                        answers[*number].insert(id, modified);
                    }
                    if let Some(token) = row.next_page_token.filter(|token| !token.is_empty()) {
                        next.push((*number, Question { page_token: Some(token), ..question.clone() }));
                    }
                }
            }
            open = next;
        }
        Err(self.wrong("the answers have no end"))
    }

    fn batch(&self, batch: &[(usize, Question)]) -> Result<Vec<Row>> {
        let url = format!("{}/v1/querybatch", self.address);
        let queries: Vec<&Question> = batch.iter().map(|(_, question)| question).collect();
        let body = serde_json::to_vec(&serde_json::json!({ "queries": queries }))
            .map_err(|error| Error::new(ErrorKind::Bug, "cannot write the questions").because(error))?;
        let Answer::Body { bytes, .. } = self.client.ask(&Request::post(&url, body, ANSWER))? else {
            return Err(self.wrong("it takes no questions there"));
        };
        let answered: Answered = serde_json::from_slice(&bytes)
            .map_err(|error| self.wrong("its answer is none").because(error))?;
        if answered.results.len() != batch.len() {
            return Err(self.wrong("it does not answer each question"));
        }
        Ok(answered.results)
    }

    fn records(
        &self,
        ids: &BTreeMap<String, String>,
        kept: Option<&Path>,
    ) -> Result<BTreeMap<String, Record>> {
        let mut records = BTreeMap::new();
        let mut wanted: Vec<&str> = Vec::new();
        for (id, time) in ids {
            match kept.and_then(|kept| read_kept(kept, id, time)) {
                Some(record) => drop(records.insert(id.clone(), record)),
                None => wanted.push(id),
            }
        }
        let url = |id: &&str| Request::get(format!("{}/v1/vulns/{id}", self.address), RECORD);
        self.client.ask_all(wanted.iter().map(url).collect(), |number, answer| {
            let id = wanted[number];
            let Answer::Body { bytes, .. } = answer? else {
                return Err(self.wrong(&format!("it names {id} and does not have it")));
            };
            let record: Record = serde_json::from_slice(&bytes).map_err(|error| {
                self.wrong(&format!("what it has of {id} is no OSV record")).because(error)
            })?;
            if record.id != id {
                return Err(self.wrong(&format!("what it has of {id} is of another advisory")));
            }
            // A full disk costs the next run its time, and nobody anything else.
            let _ = kept.map(|kept| keep(kept, &record, &bytes));
            records.insert(id.to_owned(), record);
            Ok(())
        })?;
        Ok(records)
    }

    fn wrong(&self, what: &str) -> Error {
        Error::new(ErrorKind::Io, format!("{}: {what}", crate::network::shown(self.address)))
            .hint("check the address; without --online the data that is here answers")
    }
}

/// Where a record is kept: names of files are digests, whatever an id says.
fn place(kept: &Path, id: &str) -> PathBuf {
    kept.join(format!("{:.32}.json", Digest::of(id.as_bytes()).to_string()))
}

/// A kept record, when it is as it was at `time`.
fn read_kept(kept: &Path, id: &str, time: &str) -> Option<Record> {
    let bytes = std::fs::read(place(kept, id)).ok()?;
    let record: Record = serde_json::from_slice(&bytes).ok()?;
    (record.id == id && !time.is_empty() && record.modified.as_deref() == Some(time)).then_some(record)
}

fn keep(kept: &Path, record: &Record, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    std::fs::create_dir_all(kept)?;
    let mut file = tempfile::NamedTempFile::new_in(kept)?;
    file.write_all(bytes)?;
    file.persist(place(kept, &record.id)).map_err(|error| error.error)?;
    Ok(())
}
