//! Gemfile of Bundler. It is a program in Ruby: of it only the lines are read that name a gem by a text.

use super::source::{Reference, Source};
use super::{Manifest, Requirement};
use crate::deps::lockfile::{Reading, Usage, conflict, lines};

/// What a block is about.
#[derive(Clone, Copy, PartialEq)]
enum Block {
    /// Only for those who work on the program.
    Development,
    /// From a repository, a folder or an index of its own.
    Elsewhere,
    /// Only under a condition.
    Condition,
    Other,
}

/// Reads a text.
pub(super) fn read(text: &str) -> Manifest {
    let (mut manifest, mut reading) = (Manifest::default(), Reading::default());
    manifest.runs = true;
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (start, line) in lines(text) {
        if conflict(line) {
            reading.unread(start, "a merge conflict is not resolved");
            continue;
        }
        let bare = without_comment(line).trim();
        let at = start + line.len() - line.trim_start().len();
        // A statement goes on in the next line behind a comma.
        let (at, statement) = match open.take() {
            Some((at, before)) => (at, format!("{before} {bare}")),
            None => (at, bare.to_owned()),
        };
        if statement.ends_with(',') && statement.len() < 4096 {
            open = Some((at, statement));
        } else if statement == "gemspec" || statement.starts_with("gemspec ") {
            manifest.runs = false;
        } else if statement == "end" {
            blocks.pop();
        } else if let Some(block) = block(&statement) {
            blocks.push(block);
        } else if let Some(mut one) = gem(&statement, at, &blocks) {
            // A name behind the line that the statement begins on is told at its beginning.
            if text.get(one.at.clone()) != Some(one.name.as_str()) {
                one.at = at..at + "gem".len();
            }
            manifest.requirements.push(one);
        }
    }
    manifest.finish(reading)
}

/// The line up to a comment that no text holds.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    for (at, character) in line.char_indices() {
        match (quote, character) {
            (None, '#') => return &line[..at],
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
    }
    line
}

/// What a statement that begins a block is about.
fn block(statement: &str) -> Option<Block> {
    let word = statement.split([' ', '(']).next().unwrap_or_default();
    let begins = statement.ends_with(" do") || statement.contains(" do |");
    match word {
        "if" | "unless" | "case" | "install_if" => Some(Block::Condition),
        "begin" | "def" | "while" => Some(Block::Other),
        "group" if begins && (statement.contains(":development") || statement.contains(":test")) => {
            Some(Block::Development)
        }
        "git" | "github" | "path" | "source" if begins => Some(Block::Elsewhere),
        _ => begins.then_some(Block::Other),
    }
}

/// `gem "name", "~> 1.0", branch: "main"`.
fn gem(statement: &str, at: usize, blocks: &[Block]) -> Option<Requirement> {
    let rest = statement.strip_prefix("gem")?;
    let arguments = rest.strip_prefix(['(', ' '])?;
    let mut texts = texts(arguments);
    let (first, name) = texts.next()?;
    // Another expression is no name.
    if !arguments[..first].trim_start_matches(['(', ' ']).is_empty() {
        return None;
    }
    let (mut ranges, mut options): (Vec<&str>, Vec<(&str, &str)>) = (Vec::new(), Vec::new());
    for (text_at, text) in texts {
        let before = arguments[..text_at].trim_end();
        match before.strip_suffix(':').or_else(|| before.strip_suffix("=>").map(str::trim_end)) {
            Some(key) => {
                let other = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
                options.push((key.rsplit(other).next().unwrap_or_default(), text));
            }
            None if options.is_empty() && is_range(text) => ranges.push(text),
            None => {}
        }
    }
    let named = at + (statement.len() - rest.len()) + (rest.len() - arguments.len()) + first + 1;
    let says = |blocks: &[Block], block| blocks.contains(&block);
    let option = |key: &str| options.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
    let development = says(blocks, Block::Development)
        || arguments.contains("group: :development")
        || arguments.contains("group: :test");
    let usage = if development { Usage::Development } else { Usage::Program };
    let repository = option("git").or_else(|| option("github")).or_else(|| option("gist"));
    let from = if let Some(address) = repository {
        Source::repository(address, option("branch"), option("tag"), option("ref"))
    } else if option("path").is_some() {
        Source::Path
    } else if option("source").is_some() || says(blocks, Block::Elsewhere) {
        Source::Workspace
    } else {
        Source::Registry
    };
    let mut one = Requirement::new(name, &ranges.join(", "), named..named + name.len(), usage).from(from);
    one.offered =
        says(blocks, Block::Condition) || statement.contains(" if ") || statement.contains(" unless ");
    Some(one)
}

/// Whether a text is a range rather than the value of an option.
fn is_range(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || "~<>=!".contains(c))
}

/// The texts between quotes, and where each of them begins.
fn texts(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + line[at..].find(['"', '\''])?;
        let quote = line[start..].chars().next()?;
        let length = line[start + 1..].find(quote)?;
        at = start + length + 2;
        Some((start, &line[start + 1..start + 1 + length]))
    })
}

/// The branch of which a reference of Composer is one: `dev-main`, or `dev-main#0123abc`.
pub(super) fn branch(range: &str) -> Option<Reference> {
    let named = range.strip_prefix("dev-")?;
    match named.split_once('#') {
        Some((_, commit)) => Some(Reference::Commit(commit.to_owned())),
        None => Some(Reference::Branch(named.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{harmless, problems, told};
    use super::*;
    use crate::finding::NoteKind::NotChecked;

    const MANIFEST: &str = "source 'https://registry.example'\n\nruby \"3.3.0\" # gem \"no\"\n\ngem \"rails\", \"~> 7.1\", \">= 7.1.2\"\n\
        gem('puma')\ngem 'forked', git: 'https://git.example/forked.git', branch: 'main'\ngem \"old\", :github => \"o/old\", :ref \
        => \"0123456\"\ngem \"near\", path: \"../near\"\ngem 'long',\n    '1.2.3',\n    require: false\ngem \"maybe\" if ENV[\"X\"]\n\
        gem name\n\ngroup :development, :test do\n  gem \"rspec\", \">= 3\", require: \"rspec/all\"\nend\n\ngem 'bootsnap', require: false\n";

    #[test]
    fn gems_with_their_ranges_and_sources() {
        for text in [MANIFEST.to_owned(), format!("\u{feff}{}", MANIFEST.replace('\n', "\r\n"))] {
            let manifest = read(&text);
            assert_eq!((&manifest.problems, manifest.runs), (&vec![], true));
            let expected = [
                r#"rails "~> 7.1, >= 7.1.2" Program registry"#,
                r#"puma "" Program registry"#,
                r#"forked "" Program git.example/forked.git, branch main"#,
                r#"old "" Program o/old, commit 0123456"#,
                r#"near "" Program path"#,
                r#"long "1.2.3" Program registry"#,
                r#"maybe "" Program offered registry"#,
                r#"rspec ">= 3" Development registry"#,
                r#"bootsnap "" Program registry"#,
            ];
            assert_eq!(told(&text, &manifest), expected);
        }
        assert!(!read("gemspec\ngem \"a\"\n").runs);
        assert_eq!(problems("\n<<<<<<< ours\n", &read("\n<<<<<<< ours\n"))[0].0, NotChecked);
    }

    proptest! {
        #[test]
        fn cuts_and_changes_do_no_harm(at in 0..MANIFEST.len(), length in 0usize..40, put in r#"[\[\]()"':,# =>é\n]{0,4}"#) {
            let end = (at + length).min(MANIFEST.len());
            let text = format!("{}{put}{}", &MANIFEST[..at], &MANIFEST[end..]);
            harmless(&text, &read(&text));
        }
    }
}
