//! What goes into the AI history: the redacted prompt and result and the SARIF log, in weft-cli's layout.

use git2::{Repository, Tree};
use jiff::Timestamp;

use super::log::folders;
use crate::artifact::Digest;
use crate::review::{ItemState, ReviewItem, show_text};

/// How the time of an entry stands in the names of its files.
const STAMP: &str = "%Y%m%d_%H%M%S_%6f";

/// The time of the entry that has a file of this path.
pub(super) fn time(path: &str) -> Option<Timestamp> {
    let stamp = path.rsplit('/').next()?.split_once("_result.")?.0;
    let time = jiff::civil::DateTime::strptime(STAMP, stamp).ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

/// The files of an item, by path.
pub(super) fn files(
    repository: &Repository,
    tree: Option<&Tree<'_>>,
    item: &ReviewItem,
    state: &ItemState,
    sarif: &[u8],
    now: Timestamp,
) -> Vec<(String, Vec<u8>)> {
    let folder = format!("{}/{}", item.feature, item.agent);
    let stamp = now.strftime(STAMP).to_string();
    let mut files = Vec::new();
    if let Some(prompt) = &item.prompt {
        let number = tree.map_or(1, |tree| next_number(repository, tree, &folder, &item.feature));
        let head = format!(
            "---\nfeature: {}\nagent: {}\nprompt_spec_version: 1.0.0\n---\n\n",
            item.feature, item.agent
        );
        let text = with_front_matter(&prompt.text, head);
        files.push((format!("{folder}/in/{}_prompt_v{number}.md", item.feature), text.into_bytes()));
    }
    let result = match &item.reply {
        Some(reply) => with_front_matter(&reply.text, result_head(item, &reply.text, now)),
        // A change without a reply is kept as what the reviewer saw.
        None => {
            let shown = show_text(item, state);
            result_head(item, &shown, now) + &shown
        }
    };
    files.push((format!("{folder}/out/{stamp}_result.md"), result.into_bytes()));
    files.push((format!("{folder}/out/{stamp}_result.sarif"), sarif.to_vec()));
    files
}

fn with_front_matter(text: &str, head: String) -> String {
    if text.starts_with("---\n") || text.starts_with("---\r\n") { text.to_owned() } else { head + text }
}

fn result_head(item: &ReviewItem, output: &str, now: Timestamp) -> String {
    let prompt = match &item.prompt {
        Some(prompt) => Digest::of(body(&prompt.text).trim().as_bytes()).to_string(),
        None => "error".to_owned(),
    };
    format!(
        "---\nfeature: {}\nagent: {}\nprompt_spec_version: 1.0.0\ngenerated_at: {}\nprompt_hash: {prompt}\noutput_hash: {}\n---\n\n",
        item.feature,
        item.agent,
        now.strftime("%Y-%m-%dT%H:%M:%S.%6fZ"),
        Digest::of(output.as_bytes()),
    )
}

fn body(prompt: &str) -> &str {
    prompt.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).map_or(prompt, |(_, body)| body)
}

/// The number after the last prompt of the folder, processed ones included.
fn next_number(repository: &Repository, tree: &Tree<'_>, folder: &str, feature: &str) -> u32 {
    if !folders(repository, tree, folder).iter().any(|name| name == "in") {
        return 1;
    }
    let prefix = format!("{feature}_prompt_v");
    let number = |name: &str| name.strip_prefix(&prefix)?.split('.').next()?.parse::<u32>().ok();
    let place = tree.get_path(std::path::Path::new(&format!("{folder}/in"))).ok();
    let names = place.and_then(|entry| repository.find_tree(entry.id()).ok());
    let highest =
        names.iter().flat_map(|tree| tree.iter()).filter_map(|entry| number(entry.name().ok()?)).max();
    highest.unwrap_or(0).saturating_add(1)
}
