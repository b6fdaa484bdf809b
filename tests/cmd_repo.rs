//! The pages of `tests/cmd/repo/`: each runs, command by command, in a repository that is made for it, with a key that is
//! made for it. In a process of its own, since it has a working directory of its own.

mod temp;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// A reply as an agent hands it over: its code holds an address, a test card number and a commit id.
const REPLY: &str = "---\nfeature: order-search\nagent: 04-integration\nprompt_spec_version: 1.0.0\n---\n\nHere is the \
                     contact card.\n\n```python path=src/contact.py\nEMAIL = \"maria.lindqvist@shop-mail.se\"\nCARD = \
                     \"4111111111111111\"\nSINCE = \"0123456789abcdef0123456789abcdef01234567\"\n```\n";

/// A prompt that goes out redacted.
const PROMPT: &str =
    "Ask maria.lindqvist@shop-mail.se what the order of 3 May was, and why the search does not find it.\n";

/// What a model answers to a redacted prompt: it uses one placeholder of it, and one that it made up.
const ANSWER: &str = "I wrote to WEFT_EMAIL_FFF3HHSYFT, as WEFT_JWT_ABCDEFGHIJ says.\n";

/// Two commits of long ago: a token comes and goes.
fn past(repository: &temp::Repo) {
    let token = weft::rule::expand("ghp_%{github}");
    let texts = [
        format!("def connect():\n    return open_session(token=\"{token}\")\n"),
        "def connect():\n    return open_session(token=os.environ[\"TOKEN\"])\n".to_owned(),
    ];
    for (day, text) in ["2020-01-15", "2020-02-01"].iter().zip(texts) {
        repository.write("src/connect.py", &text);
        repository.git(&["add", "src/connect.py"]);
        let when = format!("{day}T12:00:00Z");
        let mut commit = repository.command("git");
        commit.args(["commit", "-q", "-m", "connect"]).env("GIT_COMMITTER_DATE", when);
        assert!(commit.status().unwrap().success());
    }
}

fn run(page: &Path) {
    let repository = temp::Repo::new();
    repository.git(&["config", "user.name", "Anna"]);
    repository.git(&["config", "user.email", "anna@example.org"]);
    let key = temp::TestKey::new(7);
    key.write(&repository.path().join("../reviewer_key"));
    let reviewer = &key.policy().review.reviewer[0];
    let settings = format!(
        "[coverage]\nwho = \"all\"\n\n[[review.reviewer]]\nname = \"{}\"\nemail = \"{}\"\nkey = \"{}\"\n",
        reviewer.name, reviewer.email, reviewer.key
    );
    if !page.ends_with("init.md") {
        repository.write_and_commit("weft.toml", &settings);
    }
    if page.ends_with("history.md") {
        past(&repository);
    }
    fs::write(repository.path().join("../reply.md"), REPLY).unwrap();
    fs::write(repository.path().join("../prompt.md"), PROMPT).unwrap();
    fs::write(repository.path().join("../answer.md"), ANSWER).unwrap();
    env::set_current_dir(repository.path()).unwrap();
    let cases = trycmd::TestCases::new();
    cases
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env("HOME", "/dev/null")
        .env("XDG_CONFIG_HOME", "/dev/null")
        .env("XDG_CACHE_HOME", "/dev/null")
        .env("WEFT_CACHE_DIR", "")
        .env("WEFT_DB_DIR", "")
        .env("WEFT_ADVISORIES_URL", "")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("WEFT_KEY", "a key that is made for this page")
        .case(page);
    cases.run();
}

#[test]
fn pages_of_a_repository_say_what_happens() {
    let folder = env::current_dir().unwrap().join("tests/cmd/repo");
    let mut pages: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    pages
        .iter()
        .filter(|page| page.extension().is_some_and(|extension| extension == "md"))
        .for_each(|page| run(page));
}
