//! What waits for a person. It holds redacted text only: it is pushed with the history.

use serde::{Deserialize, Serialize};

use super::event::{Actor, Binding};
use crate::artifact::{Digest, Subject};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Finding, Severity};
use crate::policy::{Policy, Report};
use crate::redact::{Mask, Redacted, View};
use crate::rule::{Category, RuleSet};

/// One masked place of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Mark {
    /// The first byte of the placeholder.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
    /// The rule that found what was there.
    pub rule: String,
    /// How many bytes the original has there.
    pub bytes: usize,
}

/// Redacted text with its masked places.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Text {
    /// The text; empty for binary content.
    pub text: String,
    /// The masked places, in order.
    pub marks: Vec<Mark>,
    /// Whether the original is not text.
    pub binary: bool,
}

impl Text {
    /// A whole document.
    pub fn of(document: &Redacted) -> Self {
        Text {
            text: document.text().to_owned(),
            marks: document.masks().iter().map(|mask| mark(mask, 0)).collect(),
            binary: document.binary(),
        }
    }

    /// One file of it: the whole, or a fence.
    pub fn part(view: &View<'_>) -> Self {
        let range = view.span();
        let inside = |mask: &&Mask| mask.text.start >= range.start && mask.text.end <= range.end;
        let document = view.document();
        Text {
            text: view.text().to_owned(),
            marks: document.masks().iter().filter(inside).map(|mask| mark(mask, range.start)).collect(),
            binary: document.binary(),
        }
    }
}

fn mark(mask: &Mask, from: usize) -> Mark {
    Mark {
        start: mask.text.start - from,
        end: mask.text.end - from,
        rule: mask.rule.clone(),
        bytes: mask.bytes,
    }
}

/// One changed file as the reviewer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FileView {
    /// Its path.
    pub path: String,
    /// Before; `None` when it was not there.
    pub before: Option<Text>,
    /// After; `None` when it is gone.
    pub after: Option<Text>,
    /// The line of the reply that its first line is, when it is a fence of one: findings name the reply's lines.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<usize>,
}

/// Where the bytes are until they are committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Source {
    /// Standard input: in the owner-only folder of this repository.
    Input,
    /// A reply in a file of the AI history or elsewhere; read again at commit.
    Reply {
        /// The path, relative to the repository that holds it.
        path: String,
    },
    /// The index: git objects.
    Staged,
    /// Commits that are there already.
    Range {
        /// The last commit, hex.
        head: String,
    },
}

/// One commit of a range: what it does by itself. Approved with the item, so that the commits may land one by one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Step {
    /// The commit, hex.
    pub commit: String,
    /// Its changes against its first parent.
    pub changes: Subject,
}

/// A finding that keeps the gate shut until it is waived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Blocker {
    /// The finding's key, as `waive` takes it.
    pub key: String,
    /// Its rule.
    pub rule: String,
    /// Whether it is a secret of critical severity: then only "this is no live secret" waives it.
    pub live: bool,
}

impl Blocker {
    /// The findings of `report` that act on the gate, as waivers name them.
    pub fn of(report: &Report, policy: &Policy, rules: &RuleSet) -> Vec<Blocker> {
        let blocking = report.findings.iter().filter(|finding| Report::blocks(finding, policy));
        let mut blockers: Vec<Blocker> = blocking
            .map(|finding| Blocker {
                key: finding_key(finding),
                rule: finding.rule.clone(),
                live: finding.severity == Severity::Critical
                    && rules.get(&finding.rule).is_some_and(|rule| rule.category == Category::Secrets),
            })
            .collect();
        blockers.dedup_by(|one, other| one.key == other.key);
        blockers
    }
}

/// The short name of a finding: 12 hex digits over rule, place, fingerprint and message.
pub fn finding_key(finding: &Finding) -> String {
    let region = finding.location.region;
    let identity = format!(
        "{}\0{}\0{}:{}\0{}\0{}",
        finding.rule,
        finding.location.path,
        region.start_line,
        region.start_column,
        finding.fingerprint,
        finding.message
    );
    Digest::of(identity.as_bytes()).to_string()[..12].to_owned()
}

/// The digests recorded beside the subject.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Digests {
    /// SHA-256 of the policy file's bytes, hex.
    pub policy: String,
    /// SHA-256 of the rule set, hex.
    pub rules: String,
    /// SHA-256 of the SARIF log, hex.
    pub sarif: String,
}

/// Everything an item is made from.
pub struct Draft<'a> {
    /// What would be applied.
    pub subject: Subject,
    /// The feature; letters, digits, `_` and `-`.
    pub feature: String,
    /// The agent.
    pub agent: String,
    /// Where the bytes are.
    pub source: Source,
    /// The repository's id, as `history::Queue::repository` has it.
    pub repository: String,
    /// The ref it is for.
    pub target: String,
    /// The commit it was made against, hex.
    pub base: String,
    /// Who submits.
    pub submitter: Actor,
    /// Who wrote it: names or addresses, for four eyes.
    pub authors: Vec<String>,
    /// The prompt, redacted.
    pub prompt: Option<&'a Redacted>,
    /// The reply, redacted.
    pub reply: Option<&'a Redacted>,
    /// Redacted files before the change; those of the subject's paths are kept.
    pub before: &'a [Redacted],
    /// Redacted files after the change, when they are not fences of the reply.
    pub after: &'a [Redacted],
    /// The commits of a range.
    pub steps: Vec<Step>,
    /// The scan.
    pub report: Report,
    /// The policy it was judged by, from the base.
    pub policy: &'a Policy,
    /// The rules it was judged by.
    pub rules: &'a RuleSet,
    /// Their digests.
    pub digests: Digests,
    /// Random, hex or any text.
    pub nonce: String,
}

/// One item of the queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReviewItem {
    /// The format: 1.
    pub version: u32,
    /// Its name, subject digest, repository, branch and base.
    pub about: Binding,
    /// What would be applied.
    pub subject: Subject,
    /// The feature.
    pub feature: String,
    /// The agent.
    pub agent: String,
    /// Where the bytes are.
    pub source: Source,
    /// Who submitted it.
    pub submitter: Actor,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// The prompt, redacted.
    pub prompt: Option<Text>,
    /// The reply, redacted.
    pub reply: Option<Text>,
    /// Each changed file, redacted.
    pub files: Vec<FileView>,
    /// The commits of a range.
    pub steps: Vec<Step>,
    /// What the scan found.
    pub report: Report,
    /// The findings that keep the gate shut.
    pub blockers: Vec<Blocker>,
    /// Digests of policy, rules and SARIF.
    pub digests: Digests,
}

impl ReviewItem {
    /// Makes an item. Errors: a feature or agent name that cannot be a folder; a change with nothing in it.
    pub fn new(draft: Draft<'_>) -> Result<ReviewItem> {
        name_check("feature", &draft.feature, 3)?;
        name_check("agent", &draft.agent, 1)?;
        if draft.subject.changes.is_empty() {
            return Err(Error::new(ErrorKind::Usage, "nothing to submit: the change is empty"));
        }
        let subject = draft.subject.digest().to_string();
        let id = Digest::of(format!("weft-item-v1\n{subject}\n{}\n", draft.nonce).as_bytes()).to_string();
        let files = draft.subject.changes.iter().map(|change| view(change, &draft)).collect();
        Ok(ReviewItem {
            version: 1,
            about: Binding {
                item: id[..12].to_owned(),
                subject,
                repository: draft.repository,
                target: draft.target,
                base: draft.base,
            },
            files,
            prompt: draft.prompt.map(Text::of),
            reply: draft.reply.map(Text::of),
            subject: draft.subject,
            feature: draft.feature,
            agent: draft.agent,
            source: draft.source,
            submitter: draft.submitter,
            authors: draft.authors,
            steps: draft.steps,
            blockers: Blocker::of(&draft.report, draft.policy, draft.rules),
            report: draft.report,
            digests: draft.digests,
        })
    }

    /// Rule and target path of each finding that blocked: an approval of the item waived every one.
    pub fn accepted(&self) -> Vec<(String, String)> {
        let blocked = |finding: &&Finding| {
            let key = finding_key(finding);
            self.blockers.iter().any(|blocker| blocker.key == key)
        };
        let place = |finding: &Finding| {
            let location = &finding.location;
            (finding.rule.clone(), location.target.clone().unwrap_or_else(|| location.path.clone()))
        };
        self.report.findings.iter().filter(blocked).map(place).collect()
    }

    /// The bytes that are stored and whose digest the submitted event names.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::new(ErrorKind::Bug, "an item cannot be written").because(error))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads an item and checks it against the digest that the log names. Errors (kind `Mismatch`) say what differs.
    pub fn open(bytes: &[u8], expected: &str, about: &Binding) -> Result<ReviewItem> {
        let differs = |what: &str| {
            Error::new(ErrorKind::Mismatch, format!("the queue item {} {what}", about.item))
                .hint("it was edited after it was submitted: submit it again")
        };
        if Digest::of(bytes).to_string() != expected {
            return Err(differs("is not the one that was submitted"));
        }
        let item: ReviewItem =
            serde_json::from_slice(bytes).map_err(|error| differs("cannot be read").because(error))?;
        if item.bytes()? != bytes {
            return Err(differs("is not written as weft writes items"));
        }
        if item.about != *about || item.subject.digest().to_string() != about.subject {
            return Err(differs("does not hold the subject that the log names"));
        }
        Ok(item)
    }
}

fn view(change: &crate::artifact::Change, draft: &Draft<'_>) -> FileView {
    let named = |documents: &[Redacted]| {
        documents.iter().find(|document| document.path() == change.path).map(Text::of)
    };
    let views = draft.reply.map(Redacted::views).unwrap_or_default();
    let bound = |view: &&View<'_>| view.path().is_some_and(|path| plain(path) == change.path);
    let after = change.new.as_ref().map(|_| match (named(draft.after), views.iter().rfind(bound)) {
        (Some(text), _) => (text, None),
        (None, Some(fence)) => (Text::part(fence), Some(first_line(fence))),
        (None, None) => (unseen(), None),
    });
    let (after, from) = after.map_or((None, None), |(text, from)| (Some(text), from));
    let before = change.old.as_ref().map(|_| named(draft.before).unwrap_or_else(unseen));
    FileView { path: change.path.clone(), before, after, from }
}

fn first_line(fence: &View<'_>) -> usize {
    let before = fence.document().text().as_bytes().get(..fence.span().start).unwrap_or_default();
    memchr::memchr_iter(b'\n', before).count() + 1
}

/// A fence's path as it lands: `./a//b` is `a/b`, as ingest has it.
fn plain(path: &str) -> String {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/")
}

/// Content that nobody redacted is shown like binary content: by its digest only.
fn unseen() -> Text {
    Text { binary: true, ..Text::default() }
}

fn name_check(what: &str, name: &str, least: usize) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if starts && name.bytes().all(plain) && (least..=50).contains(&name.len()) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Usage,
        format!("the {what} name \"{}\" cannot be a folder", crate::finding::printable(name)),
    )
    .hint(format!("use {least} to 50 letters, digits, `_` and `-`: `--{what} NAME`")))
}
