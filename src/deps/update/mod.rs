//! A server's advisories -> the installed database: what changed is fetched, checked, built aside and renamed. Whatever
//! goes wrong on the way, the old database stays, and what has arrived is there for the next try.

mod archive;
mod import;
mod list;
mod pending;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use import::{Imported, import};
pub(super) use list::is_id;
use pending::Pending;

use super::database::{Database, Folder, Known, Listed, Origin, slim};
use super::osv::Record;
use super::version::Ecosystem;
use crate::error::{Error, ErrorKind, Result};
use crate::network::{Answer, Client, Request};

/// OSV's own server of advisories, a folder an ecosystem.
pub const SERVER: &str = "https://osv-vulnerabilities.storage.googleapis.com";

/// The longest list, the longest record, the longest archive.
const LIST: u64 = 256 << 20;
const RECORD: u64 = 16 << 20;
const ARCHIVE: u64 = 4 << 30;
/// When more records than this changed, the archive of all of them is fetched instead.
const ONE_BY_ONE: usize = 1000;

/// What an update does, told while it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It asks what changed.
    List,
    /// It fetches the archive of all records.
    Archive,
    /// It has so many of so many changed records.
    Records(usize, usize),
    /// It builds the database.
    Build,
}

/// What an update did to one ecosystem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// How many records there are now.
    pub records: usize,
    /// How many of them are new or changed.
    pub changed: usize,
    /// How many are gone.
    pub gone: usize,
    /// Ids that the server lists and does not have: they are as they were.
    pub missing: Vec<String>,
}

/// Brings the database of one ecosystem in `folder` to what `server` has on the day `today`. Errors say what failed and
/// leave the old database in use; data that is smaller by a fifth than what is here is one, unless `smaller`.
pub fn update(
    folder: &Folder,
    ecosystem: Ecosystem,
    server: &str,
    client: &Client,
    today: &str,
    smaller: bool,
    watch: &mut dyn FnMut(Step),
) -> Result<Updated> {
    let _lock = folder.lock()?;
    let base = format!("{}/{ecosystem}", server.trim_end_matches('/'));
    let known = Known::read(&folder.file(ecosystem, "records"))
        .filter(|known| known.origin.url == base && !known.records.is_empty());
    let whole = known.is_some() && Database::open_file(&folder.file(ecosystem, "facts")).is_ok();
    let known = known.unwrap_or_default();
    watch(Step::List);
    let address = format!("{base}/modified_id.csv");
    let etag = known.origin.etag.as_deref().filter(|_| whole);
    let (list, etag) = match client.ask(&Request::get(&address, LIST).unless(etag))? {
        Answer::Body { bytes, etag } => (list::read(&address, &bytes)?, etag),
        Answer::Same => {
            let records = known.records.len();
            watch(Step::Build);
            folder.install(ecosystem, &known, Some(today.to_owned()))?;
            return Ok(Updated { records, changed: 0, gone: 0, missing: Vec::new() });
        }
        Answer::Missing => {
            return Err(Error::new(ErrorKind::Io, format!("{address} is not there"))
                .hint("check the address and the name of the ecosystem; the old data stays in use"));
        }
    };
    let origin = Origin { url: base, etag };
    let mut fetching = Fetching { folder, ecosystem, client, origin, list, smaller, watch };
    let (next, updated) = fetching.run(known)?;
    watch(Step::Build);
    folder.install(ecosystem, &next, Some(today.to_owned()))?;
    Pending::drop(folder, ecosystem);
    Ok(updated)
}

struct Fetching<'a> {
    folder: &'a Folder,
    ecosystem: Ecosystem,
    client: &'a Client,
    origin: Origin,
    /// The time of each record.
    list: BTreeMap<String, String>,
    /// Whether much less than what is here is taken.
    smaller: bool,
    watch: &'a mut dyn FnMut(Step),
}

impl Fetching<'_> {
    fn run(&mut self, mut known: Known) -> Result<(Known, Updated)> {
        let before = known.records.len();
        known.records.retain(|id, _| self.list.contains_key(id));
        let gone = before - known.records.len();
        let mut changed = self.changed(&known);
        let total = changed.len();
        // The archive holds them all in one answer.
        if total > ONE_BY_ONE || known.records.is_empty() {
            self.archive(&mut known)?;
            changed = self.changed(&known);
        }
        if changed.len() > ONE_BY_ONE {
            let message =
                format!("{}/all.zip lacks {} of the listed advisories", self.origin.url, changed.len());
            return Err(Error::new(ErrorKind::Io, message)
                .hint("the server may be putting new ones out just now; try again later"));
        }
        let missing = self.one_by_one(&mut known, changed)?;
        known.origin = self.origin.clone();
        if !missing.is_empty() {
            // What is listed and not there may be there the next time: the list is to be read again.
            known.origin.etag = None;
        }
        self.shrunk(&known)?;
        let records = known.records.len();
        Ok((known, Updated { records, changed: total - missing.len(), gone, missing }))
    }

    /// A server that suddenly has much less than what is here, built in or installed, may be broken, or somebody else.
    fn shrunk(&self, known: &Known) -> Result<()> {
        let (databases, _) = self.folder.load();
        let before = databases.of(self.ecosystem)?.and_then(|here| here.status_of(self.ecosystem));
        let before = before.map_or(0, |status| status.advisories);
        let now = known.records.values().filter(|listed| listed.record.withdrawn.is_none()).count();
        if self.smaller || now >= before - before / 5 {
            return Ok(());
        }
        let message = format!("{} has {now} advisories where there are {before}", self.origin.url);
        Err(Error::new(ErrorKind::Mismatch, message)
            .hint("the old data stays in use; if this is right, `weft db update --smaller` takes it"))
    }

    /// The listed ids whose record is not known, or known as of another time.
    fn changed(&self, known: &Known) -> Vec<String> {
        let same = |id: &str, time: &str| known.records.get(id).is_some_and(|listed| listed.time == time);
        self.list.iter().filter(|(id, time)| !same(id, time)).map(|(id, _)| id.clone()).collect()
    }

    fn archive(&mut self, known: &mut Known) -> Result<()> {
        (self.watch)(Step::Archive);
        let url = format!("{}/all.zip", self.origin.url);
        let mut part = pending::Part::open(self.folder, self.ecosystem)?;
        let (file, etag) = part.begun();
        let there = self.client.download(
            &url,
            ARCHIVE,
            file,
            etag,
            &mut pending::noting(self.folder, self.ecosystem),
        )?;
        if !there {
            return Err(Error::new(ErrorKind::Io, format!("{url} is not there")).hint("check the address"));
        }
        let (list, ecosystem) = (&self.list, self.ecosystem);
        let outcome = archive::read(&url, part.file()?, archive::Bounds::default(), &mut |record| {
            if let Some(time) = list.get(&record.id) {
                let listed = Listed { time: time.clone(), record: slim(record, ecosystem) };
                known.records.insert(listed.record.id.clone(), listed);
            }
            Ok(())
        });
        // A damaged archive is of no use to the next try, and a read one to nobody.
        part.remove();
        outcome
    }

    /// Fetches these records; the ids of those that are not there.
    fn one_by_one(&mut self, known: &mut Known, ids: Vec<String>) -> Result<Vec<String>> {
        let total = ids.len();
        let mut pending = Pending::open(self.folder, self.ecosystem)?;
        let mut wanted = Vec::new();
        for id in ids {
            match pending.take(&id, &self.list[&id]) {
                Some(listed) => drop(known.records.insert(id, listed)),
                None => wanted.push(id),
            }
        }
        let requests = wanted.iter().map(|id| Request::get(format!("{}/{id}.json", self.origin.url), RECORD));
        let mut missing = Vec::new();
        let mut failed = None;
        let (list, ecosystem, watch) = (&self.list, self.ecosystem, &mut self.watch);
        let mut done = total - wanted.len();
        self.client.ask_all(requests.collect(), |number, answer| {
            let id = &wanted[number];
            match answer.and_then(|answer| record(id, &self.origin.url, answer)) {
                Ok(Some(record)) => {
                    let listed = Listed { time: list[id].clone(), record: slim(record, ecosystem) };
                    pending.keep(&listed)?;
                    known.records.insert(id.clone(), listed);
                    done += 1;
                    watch(Step::Records(done, total));
                }
                Ok(None) => missing.push(id.clone()),
                // The others may still arrive, for the next try.
                Err(error) => failed = failed.take().or(Some(error)),
            }
            Ok(())
        })?;
        missing.sort();
        match failed {
            Some(error) => {
                Err(error.hint("what arrived is kept for the next try; the old data stays in use"))
            }
            None if missing.len() > 1 + list.len() / 100 => {
                let message =
                    format!("{} lists {} advisories that are not there", self.origin.url, missing.len());
                Err(Error::new(ErrorKind::Io, message).hint("try again later; the old data stays in use"))
            }
            None => Ok(missing),
        }
    }
}

/// The record of an answer, when it is the one that was asked for.
fn record(id: &str, url: &str, answer: Answer) -> Result<Option<Record>> {
    let Answer::Body { bytes, .. } = answer else { return Ok(None) };
    let wrong = |what: &str| Error::new(ErrorKind::Io, format!("{url}/{id}.json: {what}"));
    let record: Record =
        serde_json::from_slice(&bytes).map_err(|error| wrong("is no OSV record").because(error))?;
    if record.id != id {
        return Err(wrong("is the record of another advisory"));
    }
    Ok(Some(record))
}
