//! The names that many projects ask for, and what a module of Python is installed as: compiled in, unpacked at first use.
//!
//! The file is one zstd frame of lines. A line `=KEY TIER` begins a list of names, sorted by bytes; the list `imports`
//! has a module and its distribution a line, with a colon between.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::OnceLock;

use crate::deps::version::Ecosystem;
use crate::error::{Error, ErrorKind, Result};

static EMBEDDED: &[u8] = include_bytes!("../data/names.bin");

/// The most bytes that the frame may unpack to.
const UNPACKED: usize = 1 << 22;

/// The list of modules and distributions.
const IMPORTS: &str = "imports";

/// How many ask for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    /// It is among the first 1,000.
    First,
    /// It is among the first 5,000, or on a list without an order.
    Second,
    /// It is on the list.
    Third,
}

/// One name of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    at: Range<u32>,
    tier: Tier,
}

/// The lists, opened. One serves all threads.
pub(super) struct Popular {
    text: String,
    /// By key of the list, sorted by name.
    lists: BTreeMap<String, Vec<Name>>,
}

impl Popular {
    /// The lists compiled into this binary, unpacked when first asked for; empty ones if they were damaged, which a test
    /// rules out.
    pub(super) fn embedded() -> &'static Popular {
        static OPENED: OnceLock<Popular> = OnceLock::new();
        OPENED.get_or_init(|| {
            Popular::open(EMBEDDED).unwrap_or_else(|| Popular { text: String::new(), lists: BTreeMap::new() })
        })
    }

    /// Opens what [`pack`] wrote; `None` when it is anything else.
    fn open(frame: &[u8]) -> Option<Popular> {
        let text = String::from_utf8(zstd::bulk::decompress(frame, UNPACKED).ok()?).ok()?;
        let mut lists: BTreeMap<String, Vec<Name>> = BTreeMap::new();
        let (mut at, mut current) = (0u32, None);
        for line in text.split_inclusive('\n') {
            let start = at;
            at += line.len() as u32;
            let line = line.trim_end_matches('\n');
            if let Some(head) = line.strip_prefix('=') {
                let (key, tier) = head.split_once(' ')?;
                let tier = match tier {
                    "1" => Tier::First,
                    "2" => Tier::Second,
                    _ => Tier::Third,
                };
                current = Some((key.to_owned(), tier));
            } else if let Some((key, tier)) = &current {
                let name = Name { at: start..start + line.len() as u32, tier: *tier };
                lists.entry(key.clone()).or_default().push(name);
            }
        }
        for list in lists.values_mut() {
            // A module is looked up by what stands before its colon.
            list.sort_by_key(|one| name(&text, one).split(':').next().unwrap_or_default());
        }
        Some(Popular { text, lists })
    }

    fn list(&self, ecosystem: Ecosystem) -> &[Name] {
        key(ecosystem).and_then(|key| self.lists.get(key)).map_or(&[], Vec::as_slice)
    }

    /// How many ask for a name, as [`Ecosystem::key`] spells it; `None` when it is on no list.
    pub(super) fn tier(&self, ecosystem: Ecosystem, wanted: &str) -> Option<Tier> {
        let list = self.list(ecosystem);
        let found = list.binary_search_by(|one| name(&self.text, one).cmp(wanted)).ok()?;
        list.get(found).map(|one| one.tier)
    }

    /// The names of an ecosystem with how many ask for each, sorted by name.
    pub(super) fn names(&self, ecosystem: Ecosystem) -> impl Iterator<Item = (&str, Tier)> {
        self.list(ecosystem).iter().map(|one| (name(&self.text, one), one.tier))
    }

    /// What a module of Python is installed as, where that is not its own name.
    pub(super) fn distribution(&self, module: &str) -> Option<&str> {
        let list = self.lists.get(IMPORTS)?;
        let split = |one: &Name| name(&self.text, one).split_once(':').unwrap_or_default();
        let found = list.binary_search_by(|one| split(one).0.cmp(module)).ok()?;
        list.get(found).map(|one| split(one).1)
    }
}

/// A name of the text; the ranges were made from it.
fn name<'t>(text: &'t str, one: &Name) -> &'t str {
    text.get(one.at.start as usize..one.at.end as usize).unwrap_or_default()
}

/// The key of an ecosystem's list; `None` where there is none.
fn key(ecosystem: Ecosystem) -> Option<&'static str> {
    match ecosystem {
        Ecosystem::PyPi => Some("pypi"),
        Ecosystem::Npm => Some("npm"),
        Ecosystem::Go => Some("go"),
        Ecosystem::RubyGems => Some("rubygems"),
        _ => None,
    }
}

/// Packs lists into the bytes that are compiled in. Each has a key (`pypi`, `npm`, `go`, `rubygems`, `imports`), whether
/// its lines are in the order of popularity, and its text, a name a line. Errors: zstd fails.
pub fn pack(lists: &[(&str, bool, String)]) -> Result<Vec<u8>> {
    let mut text = String::new();
    for (key, ordered, names) in lists {
        // The sources name some twice: the first place counts.
        let mut seen = BTreeSet::new();
        let names = names.lines().map(str::trim).filter(|name| !name.is_empty());
        let names: Vec<String> =
            names.map(|name| spelt(key, name)).filter(|name| seen.insert(name.clone())).collect();
        let ends = if *ordered { [1_000, 5_000, names.len()] } else { [0, names.len(), names.len()] };
        let mut start = 0;
        for (tier, end) in ends.into_iter().enumerate() {
            let end = end.min(names.len());
            let mut some: Vec<&str> = names[start.min(end)..end].iter().map(String::as_str).collect();
            some.retain(|name| !is_plain(key, name));
            some.sort_unstable();
            start = end;
            if !some.is_empty() {
                text.push_str(&format!("={key} {}\n", tier + 1));
                some.iter().for_each(|name| text.extend([name, "\n"]));
            }
        }
    }
    let failed = |error| Error::new(ErrorKind::Io, "the lists of names cannot be compressed").because(error);
    zstd::bulk::compress(text.as_bytes(), 22).map_err(failed)
}

/// A name as it is looked up.
fn spelt(key: &str, name: &str) -> String {
    match key {
        "pypi" => Ecosystem::PyPi.key(name),
        _ => name.to_owned(),
    }
}

/// Whether a module's distribution has its own name, so that nobody need know.
fn is_plain(key: &str, line: &str) -> bool {
    let same = |(module, distribution)| Ecosystem::PyPi.key(module) == Ecosystem::PyPi.key(distribution);
    key == IMPORTS && line.split_once(':').is_none_or(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_lists_open_and_are_small() {
        let popular = Popular::open(EMBEDDED).unwrap();
        let count = |ecosystem| popular.names(ecosystem).count();
        assert_eq!((count(Ecosystem::Npm), count(Ecosystem::RubyGems)), (5_247, 974));
        assert!(count(Ecosystem::PyPi) > 14_900 && count(Ecosystem::Go) > 2_900);
        assert!(EMBEDDED.len() < 250_000, "{}", EMBEDDED.len());
    }

    #[test]
    fn names_have_tiers() {
        let popular = Popular::embedded();
        assert_eq!(popular.tier(Ecosystem::PyPi, "requests"), Some(Tier::First));
        assert_eq!(popular.tier(Ecosystem::Npm, "@types/node"), Some(Tier::First));
        assert_eq!(popular.tier(Ecosystem::Go, "golang.org/x/text"), Some(Tier::Second));
        assert_eq!(popular.tier(Ecosystem::PyPi, "reqeusts"), None);
        assert_eq!(popular.tier(Ecosystem::Cargo, "serde"), None);
        assert_eq!(popular.distribution("yaml"), Some("PyYAML"));
        assert_eq!(popular.distribution("requests"), None);
    }

    #[test]
    fn lists_come_back_in_their_tiers() {
        let names: String = (0..5_002).map(|number| format!("name-{number:04}\n")).collect();
        let lists =
            [("npm", true, names), ("imports", false, "cv2:opencv\ncv2:opencv\nsame:Same\n".to_owned())];
        let popular = Popular::open(&pack(&lists).unwrap()).unwrap();
        let tier = |name| popular.tier(Ecosystem::Npm, name);
        assert_eq!(
            ["name-0999", "name-1000", "name-4999", "name-5000", "name-9999"].map(tier),
            [Some(Tier::First), Some(Tier::Second), Some(Tier::Second), Some(Tier::Third), None]
        );
        assert_eq!((popular.distribution("cv2"), popular.distribution("same")), (Some("opencv"), None));
        assert!(Popular::open(b"no frame").is_none());
    }
}
