//! Which database answers for an ecosystem.

use std::collections::BTreeSet;

use super::store;
use super::{Database, EcosystemStatus, Fact};
use crate::artifact::Digest;
use crate::deps::version::Ecosystem;
use crate::error::Result;

/// The databases of a run: for each ecosystem one answers, the one whose data is of the latest day; of two of the same day
/// the one that was added.
#[derive(Default)]
pub struct Databases {
    added: Vec<Database>,
    /// Whether nothing but what was added counts.
    alone: bool,
    /// What answers for the packages that it was asked about, whatever day others are of.
    asked: Option<(Database, BTreeSet<(Ecosystem, String)>)>,
}

impl Databases {
    /// The built-in data alone.
    pub fn built_in() -> Self {
        Databases::default()
    }

    /// Only this database: what it does not know is not checked.
    pub fn only(database: Database) -> Self {
        Databases { added: vec![database], alone: true, asked: None }
    }

    /// Adds one.
    pub fn add(&mut self, database: Database) {
        self.added.push(database);
    }

    /// Has this one answer for the packages of these names: it was built of what a server said of them.
    pub fn prefer(&mut self, database: Database, names: impl Iterator<Item = (Ecosystem, String)>) {
        let names = names.map(|(ecosystem, name)| (ecosystem, ecosystem.key(&name))).collect();
        self.asked = Some((database, names));
    }

    /// The facts on a package, as the ecosystem writes its name. Errors: what holds them is damaged.
    pub(in crate::deps) fn facts(&self, ecosystem: Ecosystem, name: &str) -> Result<Vec<Fact>> {
        let asked =
            self.asked.as_ref().filter(|(_, names)| names.contains(&(ecosystem, ecosystem.key(name))));
        let here =
            self.here(ecosystem)?.map_or(Ok(Vec::new()), |database| database.facts(ecosystem, name))?;
        let Some((database, _)) = asked else { return Ok(here) };
        // A mirror that is empty or behind takes nothing away.
        let mut facts = database.facts(ecosystem, name)?;
        let more: Vec<Fact> =
            here.into_iter().filter(|fact| facts.iter().all(|one| one.id != fact.id)).collect();
        facts.extend(more);
        Ok(facts)
    }

    /// The one that answers for `ecosystem`; `None`: nothing is known of it. Errors: the built-in data is damaged.
    pub fn of(&self, ecosystem: Ecosystem) -> Result<Option<&Database>> {
        match self.asked.as_ref().filter(|(asked, _)| asked.status_of(ecosystem).is_some()) {
            Some((asked, _)) => Ok(Some(asked)),
            None => self.here(ecosystem),
        }
    }

    fn here(&self, ecosystem: Ecosystem) -> Result<Option<&Database>> {
        let built_in = if self.alone { None } else { Some(Database::embedded()?) };
        let all = built_in.into_iter().chain(&self.added);
        let known = all.filter_map(|database| Some((&database.status_of(ecosystem)?.as_of, database)));
        Ok(known.max_by(|(one, _), (other, _)| one.cmp(other)).map(|(_, database)| database))
    }

    /// What is known of each ecosystem that has data, and whether that is compiled in.
    pub fn status(&self) -> Result<Vec<(EcosystemStatus, bool)>> {
        let mut rows = Vec::new();
        for ecosystem in Ecosystem::ALL {
            let Some(database) = self.of(ecosystem)? else { continue };
            let built_in = !self.alone && std::ptr::eq(database, Database::embedded()?);
            rows.extend(database.status_of(ecosystem).map(|status| (status.clone(), built_in)));
        }
        Ok(rows)
    }

    /// One file with the data of these ecosystems, as it is in use; [`Database::open`] opens it. Errors: some of it is
    /// damaged.
    pub fn export(&self, ecosystems: &[Ecosystem]) -> Result<Vec<u8>> {
        let mut parts = Vec::new();
        for ecosystem in ecosystems {
            parts.extend(self.of(*ecosystem)?.map(|database| (&database.store, *ecosystem)));
        }
        store::copy(&parts)
    }

    /// Tells what these answer from what others do.
    pub fn digest(&self) -> Digest {
        let added = self.added.iter().chain(self.asked.as_ref().map(|(database, _)| database));
        let digests: Vec<String> = added.map(|database| database.digest().to_string()).collect();
        let names = self.asked.as_ref().map(|(_, names)| names);
        Digest::of(format!("{} {} {names:?}", self.alone, digests.join(" ")).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deps::database::{Form, Input, build, build_records};

    fn database(ecosystem: Ecosystem, id: &str, as_of: &str) -> Database {
        let record = format!(
            r#"{{"id": "{id}", "affected": [{{"package": {{"ecosystem": "{ecosystem}", "name": "a"}}, "versions": ["1.0"]}}]}}"#
        );
        let records = vec![serde_json::from_str(&record).unwrap()];
        let input = Input { ecosystem, records, as_of: Some(as_of.into()) };
        Database::open(build_records(vec![input], Form::Installed).unwrap()).unwrap()
    }

    fn ids(databases: &Databases, ecosystem: Ecosystem) -> Vec<String> {
        databases.facts(ecosystem, "a").unwrap().into_iter().map(|fact| fact.id).collect()
    }

    #[test]
    fn the_latest_day_answers_and_what_was_asked_before_all() {
        let mut databases = Databases::built_in();
        databases.add(database(Ecosystem::Npm, "OLD", "2001-01-01"));
        assert_eq!(ids(&databases, Ecosystem::Npm), [""; 0], "the built-in data is of a later day");
        databases.add(database(Ecosystem::Npm, "NEW", "9999-01-01"));
        assert_eq!(ids(&databases, Ecosystem::Npm), ["NEW"]);
        databases.add(database(Ecosystem::Npm, "SAME-DAY", "9999-01-01"));
        assert_eq!(ids(&databases, Ecosystem::Npm), ["SAME-DAY"]);
        databases.add(database(Ecosystem::Maven, "M", "2001-01-01"));
        assert_eq!(ids(&databases, Ecosystem::Maven), ["M"], "nothing is built in");
        databases.prefer(
            database(Ecosystem::Npm, "ASKED", "2001-01-01"),
            [(Ecosystem::Npm, "b".into())].into_iter(),
        );
        assert_eq!(ids(&databases, Ecosystem::Npm), ["SAME-DAY"], "it was not asked about this one");
        databases.prefer(
            database(Ecosystem::Npm, "ASKED", "2001-01-01"),
            [(Ecosystem::Npm, "a".into())].into_iter(),
        );
        assert_eq!(ids(&databases, Ecosystem::Npm), ["ASKED", "SAME-DAY"]);
        let built_in: Vec<_> =
            databases.status().unwrap().iter().map(|row| (row.0.ecosystem, row.1)).collect();
        let expected = [("crates.io", true), ("PyPI", true), ("npm", false), ("Go", true), ("Maven", false)];
        assert_eq!(built_in, expected);
        let only = Databases::only(database(Ecosystem::Npm, "ONLY", "2001-01-01"));
        assert!(only.of(Ecosystem::PyPi).unwrap().is_none());
    }

    #[test]
    fn what_is_exported_opens_and_says_the_same() {
        let mut databases = Databases::built_in();
        databases.add(database(Ecosystem::Maven, "M", "2001-01-01"));
        let file = databases.export(&[Ecosystem::Cargo, Ecosystem::Maven, Ecosystem::NuGet]).unwrap();
        let opened = Database::open(file).unwrap();
        opened.verify().unwrap();
        assert_eq!(opened.facts(Ecosystem::Maven, "a").unwrap()[0].id, "M");
        let regex = |database: &Database| database.facts(Ecosystem::Cargo, "regex").unwrap();
        assert_eq!(regex(&opened), regex(Database::embedded().unwrap()));
        assert_eq!(opened.status().len(), 2);
    }

    #[test]
    fn other_data_has_another_digest() {
        let mut databases = Databases::built_in();
        let before = databases.digest();
        databases.add(database(Ecosystem::Npm, "A", "2001-01-01"));
        let after = databases.digest();
        assert_ne!(before, after);
        let empty = Databases::only(Database::open(build(Vec::new()).unwrap()).unwrap());
        assert_ne!(empty.digest(), before);
    }
}
