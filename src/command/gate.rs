//! `weft gate`: CI's one question. It reads only.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use weft::artifact::Origin;
use weft::error::{Error, ErrorKind, Exit, Result};
use weft::finding::printable;
use weft::history::{Queue, Standing, Verdict};
use weft::ingest::git;
use weft::policy::{Policy, Report};
use weft::report::Format;

use super::online::Network;
use super::scan::{Reporting, listed, range_under_its_base};
use super::world::World;
use super::{output, print, proposal, settings, verify};

/// May this change be merged? Scans what the range adds, looks for its approval, and gives one verdict.
///
/// Settings, reviewers and allowances come from the base of the range. Findings that the reviewers of an approved item
/// waived do not block again.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The change, A..B
    #[arg(long, value_name = "A..B")]
    range: String,
    /// The branch it is to be merged into (default: the one checked out)
    #[arg(long, value_name = "REF")]
    target: Option<String>,
    #[command(flatten)]
    reporting: Reporting,
    #[command(flatten)]
    network: Network,
}

pub(super) fn run(arguments: &Arguments, world: &World) -> Result<Exit> {
    let reporting = &arguments.reporting;
    let (submission, policy) = range_under_its_base(&arguments.range, reporting, world)?;
    let Origin::Range { trusted, head, .. } = &submission.origin else {
        return Err(Error::new(ErrorKind::Bug, "a range without ends"));
    };
    let mut checks = settings::checks(world, reporting.rules.as_deref())?;
    settings::confidential(&mut checks, &policy, &listed(&submission, reporting), world)?;
    arguments.network.ask(&mut checks, &submission, &policy, world);
    let (mut report, _) = output::scan(&submission, &checks, &policy, world, false);
    let base = (trusted != git::NO_COMMIT).then_some(trusted.as_str());
    let coverage = verify::coverage(&policy, base, head, arguments.target.as_deref(), world)?;
    accept(&mut report, &coverage, &policy, &checks, world)?;
    if coverage.uncovered().next().is_some() {
        report.hold(&approval(&coverage));
    }
    let context = output::context(&checks, &policy, reporting, &submission, world);
    output::write(&report, &context, reporting)?;
    let exit = report.exit();
    let text = closing(&report, &coverage, exit, reporting.quiet);
    match reporting.format {
        Format::Text => print(text.as_bytes())?,
        Format::Github => print((annotations(&coverage) + &text).as_bytes())?,
        // A machine format on standard output stays whole.
        Format::Json | Format::Sarif => super::advise(&text),
    }
    Ok(exit)
}

/// How many commits are covered, or wait.
fn approval(coverage: &Verdict) -> String {
    let all = coverage.commits.len();
    match coverage.uncovered().count() {
        0 => format!("{all} {} covered", verify::commits(all)),
        n => format!("{n} of {all} {} without an approval", verify::commits(all)),
    }
}

/// Allows the findings that the approvals of these commits waived: for each waiver one finding of the same rule at the
/// same path.
fn accept(
    report: &mut Report,
    coverage: &Verdict,
    policy: &Policy,
    checks: &weft::Checks,
    world: &World,
) -> Result<()> {
    let root = world.repository()?;
    let queue = Queue::open(root, proposal::history(policy, root).as_deref())?;
    let items: BTreeSet<&String> = coverage
        .commits
        .iter()
        .filter_map(|commit| match &commit.standing {
            Standing::Approved { by } => Some(by),
            _ => None,
        })
        .flatten()
        .collect();
    for id in items {
        let (_, item, _) = queue.item(id, &policy.review, world.now)?;
        report.accept(&item.accepted(), &format!("review of item {id}"), policy, &checks.rules);
    }
    Ok(())
}

fn annotations(coverage: &Verdict) -> String {
    let mut text = String::new();
    for one in coverage.uncovered() {
        let Standing::Uncovered { why, .. } = &one.standing else { continue };
        let message = printable(&format!("{:.12} {}: {why}", one.commit, one.title)).replace('%', "%25");
        let _ = writeln!(text, "::error title=not approved::{message}");
    }
    text
}

/// Coverage, then the one line that says which outcome decided.
fn closing(report: &Report, coverage: &Verdict, exit: Exit, quiet: bool) -> String {
    let approval = approval(coverage);
    let verdict = match exit {
        Exit::Held => format!("held: {approval}"),
        Exit::Passed if report.exit_zero => format!("{}; {approval}", report.verdict),
        Exit::Passed => format!("passed: nothing blocks, {approval}"),
        _ => format!("{}; {approval}", report.verdict),
    };
    let table = if quiet { String::new() } else { verify::table(coverage) };
    format!("{table}gate: {verdict}\n")
}
