//! What deps.dev knows of a package: whether there is one of that name, since when, which versions it has, and which of
//! them are deprecated.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::artifact::Digest;
use crate::deps::version::Ecosystem;
use crate::error::{Error, ErrorKind, Result};
use crate::network::{Answer, Client, Request};

/// The server of the Open Source Insights project.
pub const ABOUT: &str = "https://api.deps.dev";

/// The longest answer: packages of many thousand versions have some megabytes.
const ANSWER: u64 = 64 << 20;
/// The most packages that one run asks about.
const MOST: usize = 2000;

/// What is known of one package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Whether there is one of that name.
    pub exists: bool,
    /// The day of its first version.
    pub first: Option<Date>,
    /// Its versions.
    pub versions: BTreeMap<String, Version>,
    /// The version that is installed when none is named.
    pub newest: Option<String>,
}

/// One version of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The day it was published.
    pub published: Option<Date>,
    /// Whether its publisher says not to use it, and why.
    pub deprecated: Option<String>,
}

/// What is known of the packages that were asked about, as their ecosystem compares names.
#[derive(Debug, Clone, Default)]
pub struct Known {
    packages: BTreeMap<(Ecosystem, String), About>,
    today: Option<Date>,
}

impl Known {
    /// Nothing yet, on this day.
    #[cfg(test)]
    pub(super) fn on(today: Date) -> Self {
        Known { today: Some(today), ..Known::default() }
    }

    /// What is known of a package; `None`: nobody asked.
    pub fn of(&self, ecosystem: Ecosystem, name: &str) -> Option<&About> {
        self.packages.get(&(ecosystem, ecosystem.key(name)))
    }

    /// The days from `day` to the day of the questions.
    pub fn days_since(&self, day: Date) -> Option<i32> {
        Some(day.until(self.today?).ok()?.get_days())
    }

    /// Tells this from what else was answered.
    pub fn digest(&self) -> Digest {
        Digest::of(format!("{:?}", self.packages).as_bytes())
    }
}

/// The name of an ecosystem at deps.dev; `None` for those that it does not have.
fn system(ecosystem: Ecosystem) -> Option<&'static str> {
    Some(match ecosystem {
        Ecosystem::Cargo => "cargo",
        Ecosystem::PyPi => "pypi",
        Ecosystem::Npm => "npm",
        Ecosystem::Go => "go",
        Ecosystem::Maven => "maven",
        Ecosystem::NuGet => "nuget",
        Ecosystem::RubyGems => "rubygems",
        Ecosystem::Packagist => return None,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(default)]
    versions: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    version_key: Key,
    #[serde(default)]
    published_at: Option<String>,
    #[serde(default)]
    is_default: bool,
    #[serde(default)]
    is_deprecated: bool,
    #[serde(default)]
    deprecated_reason: Option<String>,
}

#[derive(Deserialize)]
struct Key {
    version: String,
}

/// What was kept of an earlier question, and of which day.
#[derive(Serialize, Deserialize)]
struct Kept {
    name: String,
    day: String,
    about: About,
}

/// Asks `server` about packages by name, on the day `today`; what was asked on the same day and is in `kept` is not asked
/// again. Of more than 2,000 names those behind are left out, and `true` says so. Errors name the address and what was
/// wrong.
pub fn about(
    names: impl Iterator<Item = (Ecosystem, String)>,
    server: &str,
    client: &Client,
    kept: Option<&Path>,
    today: &str,
) -> Result<(Known, bool)> {
    let server = server.trim_end_matches('/');
    let mut known = Known { today: today.parse().ok(), ..Known::default() };
    let mut wanted = Vec::new();
    let keys: BTreeSet<(Ecosystem, String)> = names.map(|(of, name)| (of, of.key(&name))).collect();
    for key in keys {
        let Some(system) = system(key.0) else { continue };
        let url = format!("{server}/v3/systems/{system}/packages/{}", escaped(&key.1));
        match kept.and_then(|kept| read_kept(kept, &url, today)) {
            Some(about) => drop(known.packages.insert(key, about)),
            None => wanted.push((key, url)),
        }
    }
    let more = wanted.len() > MOST;
    wanted.truncate(MOST);
    let requests = wanted.iter().map(|(_, url)| Request::get(url, ANSWER)).collect();
    client.ask_all(requests, |number, answer| {
        let (key, url) = &wanted[number];
        let about = match answer? {
            Answer::Missing | Answer::Same => About::default(),
            Answer::Body { bytes, .. } => read(&bytes).ok_or_else(|| {
                let what = format!("{}: its answer on {} is none", crate::network::shown(server), key.1);
                Error::new(ErrorKind::Io, what).hint("check the address")
            })?,
        };
        // A full disk costs the next run its time, and nobody anything else.
        let _ = kept.map(|kept| keep(kept, url, today, &about));
        known.packages.insert(key.clone(), about);
        Ok(())
    })?;
    Ok((known, more))
}

fn read(bytes: &[u8]) -> Option<About> {
    let package: Package = serde_json::from_slice(bytes).ok()?;
    let mut about = About { exists: true, ..About::default() };
    for row in package.versions {
        let published: Option<Date> =
            row.published_at.as_deref().and_then(|time| time.get(..10)?.parse().ok());
        about.first = match (about.first, published) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        if row.is_default {
            about.newest = Some(row.version_key.version.clone());
        }
        let deprecated = row.is_deprecated.then(|| row.deprecated_reason.unwrap_or_default());
        about.versions.insert(row.version_key.version, Version { published, deprecated });
    }
    Some(about)
}

/// A name as a part of an address.
fn escaped(name: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    name.bytes().map(byte).collect()
}

fn place(kept: &Path, url: &str) -> PathBuf {
    kept.join(format!("{:.32}.about.json", Digest::of(url.as_bytes()).to_string()))
}

fn read_kept(kept: &Path, url: &str, today: &str) -> Option<About> {
    let kept: Kept = serde_json::from_slice(&std::fs::read(place(kept, url)).ok()?).ok()?;
    (kept.name == url && kept.day == today).then_some(kept.about)
}

fn keep(kept: &Path, url: &str, today: &str, about: &About) -> std::io::Result<()> {
    use std::io::Write as _;
    std::fs::create_dir_all(kept)?;
    let row = Kept { name: url.to_owned(), day: today.to_owned(), about: about.clone() };
    let mut file = tempfile::NamedTempFile::new_in(kept)?;
    file.write_all(&serde_json::to_vec(&row)?)?;
    file.persist(place(kept, url)).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loopback::{Reply, Server};
    use crate::network::Limits;

    const LEFT_PAD: &str = r#"{"packageKey": {"system": "NPM", "name": "left-pad"}, "versions": [
        {"versionKey": {"system": "NPM", "name": "left-pad", "version": "1.0.0"}, "publishedAt": "2014-03-14T00:00:00Z", "isDefault": false},
        {"versionKey": {"system": "NPM", "name": "left-pad", "version": "1.3.0"}, "publishedAt": "2018-04-09T01:06:00Z", "isDefault": true,
         "isDeprecated": true, "deprecatedReason": "use String.prototype.padStart()"}]}"#;

    fn client() -> Client {
        let limits = Limits { pause: std::time::Duration::from_millis(1), tries: 2, ..Limits::default() };
        Client::new(limits).unwrap()
    }

    #[test]
    fn packages_are_asked_about_once_a_day() {
        let server = Server::start(|asked| match asked.path.as_str() {
            "/v3/systems/npm/packages/left-pad" => Reply::ok(LEFT_PAD),
            _ => Reply::status(404),
        });
        let kept = tempfile::tempdir().unwrap();
        let names = || {
            let names = [
                (Ecosystem::Npm, "left-pad"),
                (Ecosystem::Npm, "left-pad"),
                (Ecosystem::Npm, "@no/such"),
                (Ecosystem::PyPi, "No_Such"),
                (Ecosystem::Packagist, "a/b"),
            ];
            names.into_iter().map(|(ecosystem, name)| (ecosystem, name.to_owned()))
        };
        let ask = |today: &str| about(names(), &server.url, &client(), Some(kept.path()), today).unwrap().0;
        let known = ask("2018-05-09");
        let left_pad = known.of(Ecosystem::Npm, "left-pad").unwrap();
        assert_eq!((left_pad.exists, left_pad.newest.as_deref()), (true, Some("1.3.0")));
        assert_eq!(known.days_since(left_pad.versions["1.3.0"].published.unwrap()), Some(30));
        assert_eq!(left_pad.first.unwrap().to_string(), "2014-03-14");
        assert!(left_pad.versions["1.3.0"].deprecated.as_ref().unwrap().starts_with("use "));
        assert!(!known.of(Ecosystem::Npm, "@no/such").unwrap().exists);
        assert!(!known.of(Ecosystem::PyPi, "no-such").unwrap().exists);
        assert_eq!((known.of(Ecosystem::Packagist, "a/b"), known.of(Ecosystem::Npm, "other")), (None, None));
        let mut lines = server.lines();
        lines.sort();
        let path = |rest: &str| format!("GET /v3/systems/{rest}");
        assert_eq!(
            lines,
            [path("npm/packages/%40no%2Fsuch"), path("npm/packages/left-pad"), path("pypi/packages/no-such")]
        );
        assert_eq!(ask("2018-05-09").digest(), known.digest());
        assert_eq!(server.asked().len(), 3, "nothing is asked twice on a day");
        ask("2018-05-10");
        assert_eq!(server.asked().len(), 6);
    }

    #[test]
    fn answers_that_are_none_are_refused() {
        for (reply, says) in [
            ((|| Reply::ok("<html>")) as fn() -> Reply, "its answer on a is none"),
            (|| Reply::ok(r#"{"versions": [{}]}"#), "its answer on a is none"),
            (|| Reply::status(500), "500"),
        ] {
            let server = Server::start(move |_| reply());
            let names = std::iter::once((Ecosystem::Npm, "a".to_owned()));
            let error = about(names, &server.url, &client(), None, "2026-01-02").unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}
