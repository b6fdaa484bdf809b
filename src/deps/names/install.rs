//! A command -> what it installs: the package managers, their verbs and the options that have values.

use super::reference::{Address, Asked, How, Index, Reference};
use super::shell::{Command, Word, commands};
use super::spec::{self, Spec};
use crate::deps::version::Ecosystem;

/// A verb of a package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Verb {
    ecosystem: Ecosystem,
    how: How,
    /// Whether only the first argument names a package: the others are the program's.
    one: bool,
    /// Whether its manager is pnpm, whose `-w` has no value.
    pnpm: bool,
    /// The index of its first argument.
    from: usize,
}

/// Adds what a command asks for. Words that stand before it (`sudo`, `RUN`, `- run:`, a prompt) are passed over.
pub(super) fn read(text: &str, command: &Command, asked: &mut Asked) {
    inside(text, command, asked, true);
}

fn inside(text: &str, command: &Command, asked: &mut Asked, open: bool) {
    let words = &command.words;
    let Some(first) = lead(words) else { return };
    let rest = &words[first..];
    if let Some(verb) = verb(rest) {
        arguments(&rest[verb.from.min(rest.len())..], verb, asked);
    } else if let Some(line) = quoted(rest).filter(|_| open) {
        // `sh -c "pip install x"`, `run: "pip install x"`: read where it stands, without the quotes around it.
        for command in commands(text, line.at.start + 1..line.at.end.saturating_sub(1)) {
            inside(text, &command, asked, false);
        }
    }
}

/// The word that holds a whole line of commands.
fn quoted(words: &[Word]) -> Option<&Word> {
    let shell = matches!(program(&words.first()?.text), "sh" | "bash" | "zsh" | "dash" | "ash" | "su");
    let line = match shell {
        true => words.iter().skip_while(|word| !is_command_option(&word.text)).nth(1)?,
        false if words.len() == 1 => words.first()?,
        false => return None,
    };
    (line.text.contains(' ') && line.at.len() == line.text.len() + 2).then_some(line)
}

/// `-c`, `-lc`, `-exc`.
fn is_command_option(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|letters| letters.ends_with('c') && letters.len() < 5)
}

/// Where the command itself begins.
fn lead(words: &[Word]) -> Option<usize> {
    const MOST: usize = 16;
    let mut options = false;
    let mut index = 0;
    while index < words.len().min(MOST) {
        let word = words[index].text.as_str();
        let assignment = word.split_once('=').is_some_and(|(name, _)| is_variable(name));
        let label = word.ends_with(':') && index < 2 && word.len() > 1;
        let passed = matches!(
            word,
            "$" | ">"
                | "%"
                | "!"
                | "@"
                | "-"
                | "*"
                | "+"
                | "#"
                | ">>"
                | "PS>"
                | "RUN"
                | "then"
                | "do"
                | "else"
                | "if"
                | "while"
        );
        let wraps = matches!(
            word,
            "sudo"
                | "doas"
                | "env"
                | "command"
                | "exec"
                | "time"
                | "nohup"
                | "nice"
                | "xargs"
                | "RUN"
                | "eatmydata"
        );
        if wraps {
            options = true;
        } else if options && word.starts_with('-') {
            // The options of sudo, env and nice that have a value.
            index += usize::from(matches!(word, "-u" | "-g" | "-n" | "-C" | "--user"));
        } else if !(assignment || label || passed) {
            return Some(index);
        }
        index += 1;
    }
    None
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A program's name without its folder, and what Jupyter and make write before it.
fn program(word: &str) -> &str {
    let word = word.trim_start_matches(['!', '%', '@']);
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name.strip_suffix(".exe").or_else(|| name.strip_suffix(".cmd")).unwrap_or(name)
}

/// The verb of a package manager that a command begins with.
fn verb(words: &[Word]) -> Option<Verb> {
    use Ecosystem::{Cargo, Go, Npm, Packagist, PyPi, RubyGems};
    let name = program(&words.first()?.text);
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let (first, after) = next(words, 1)?;
    let made = |ecosystem, how, from| Some(Verb { ecosystem, how, one: false, pnpm: name == "pnpm", from });
    let once = |ecosystem, from| Some(Verb { ecosystem, how: How::Tool, one: true, pnpm: false, from });
    let second = || next(words, after);
    match (name, first) {
        ("pip", "install" | "download" | "wheel") => made(PyPi, How::Install, after),
        ("python" | "pypy" | "py", _) => {
            // `python -I -m pip install`
            let module = words.iter().take(8).position(|word| word.text == "-m")?;
            let rest = words.get(module + 1..)?;
            // Nothing else goes on here: a line of many `python -m` does not lead down and down.
            let named = matches!(rest.first()?.text.as_str(), "pip" | "uv" | "pipx");
            let verb = if named { verb(rest)? } else { return None };
            Some(Verb { from: verb.from + module + 1, ..verb })
        }
        ("uv", "pip") => {
            second().filter(|(verb, _)| *verb == "install").and_then(|(_, at)| made(PyPi, How::Install, at))
        }
        ("uv" | "poetry" | "pdm" | "rye", "add") => made(PyPi, How::Add, after),
        ("pipenv", "install") => made(PyPi, How::Add, after),
        ("uv", "tool") => match second()? {
            ("install", at) => made(PyPi, How::Tool, at),
            ("run", at) => once(PyPi, at),
            _ => None,
        },
        ("uvx", _) => once(PyPi, 1),
        ("pipx", "run") => once(PyPi, after),
        ("pipx", "install") => made(PyPi, How::Tool, after),
        ("conda" | "mamba" | "micromamba", "install") => made(PyPi, How::Conda, after),
        ("npm", "install" | "i" | "add" | "in" | "ins" | "isntall") => made(Npm, How::Add, after),
        ("npm" | "pnpm" | "yarn" | "bun", "exec" | "x" | "dlx") => once(Npm, after),
        ("npx" | "pnpx" | "bunx", _) => once(Npm, 1),
        ("pnpm" | "bun", "add" | "i" | "install") | ("yarn", "add") => made(Npm, How::Add, after),
        ("yarn", "global") => {
            second().filter(|(verb, _)| *verb == "add").and_then(|(_, at)| made(Npm, How::Tool, at))
        }
        ("cargo", "add") => made(Cargo, How::Add, after),
        ("cargo", "install" | "binstall") => made(Cargo, How::Tool, after),
        ("go", "get") => made(Go, How::Add, after),
        ("go", "install" | "run") => {
            made(Go, How::Tool, after).map(|verb| Verb { one: first == "run", ..verb })
        }
        ("gem", "install") => made(RubyGems, How::Tool, after),
        ("bundle", "add") => made(RubyGems, How::Add, after),
        ("composer", "require") => made(Packagist, How::Add, after),
        ("composer", "global") => {
            second().filter(|(verb, _)| *verb == "require").and_then(|(_, at)| made(Packagist, How::Tool, at))
        }
        _ => None,
    }
}

/// The next word that is no option, from an index on, and the index behind it.
fn next(words: &[Word], from: usize) -> Option<(&str, usize)> {
    let mut index = from;
    while let Some(word) = words.get(index) {
        if !word.text.starts_with('-') && !word.text.starts_with('+') {
            return Some((&word.text, index + 1));
        }
        let valued = matches!(
            word.text.as_str(),
            "-C" | "--cwd"
                | "--prefix"
                | "--directory"
                | "--project"
                | "--dir"
                | "-w"
                | "--workspace"
                | "-F"
                | "--filter"
                | "-n"
                | "--name"
        );
        index += 1 + usize::from(valued);
    }
    None
}

/// The options, among those of all managers, whose value is the next word.
const VALUED: &[&str] = &[
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "-t",
    "--target",
    "--prefix",
    "--root",
    "--platform",
    "--python-version",
    "--implementation",
    "--abi",
    "--trusted-host",
    "--timeout",
    "--default-timeout",
    "--retries",
    "--proxy",
    "--cache-dir",
    "--log",
    "--progress-bar",
    "--no-binary",
    "--only-binary",
    "--src",
    "--upgrade-strategy",
    "--config-settings",
    "--global-option",
    "--install-option",
    "--report",
    "--cert",
    "--client-cert",
    "--python",
    "-p",
    "--group",
    "-G",
    "--extra",
    "-E",
    "--extras",
    "--requirements",
    "--build-constraint",
    "--resolution",
    "--prerelease",
    "--workspace",
    "-w",
    "--tag",
    "--loglevel",
    "--cache",
    "--omit",
    "--include",
    "--userconfig",
    "-C",
    "--dir",
    "--filter",
    "-F",
    "--cwd",
    "--network-timeout",
    "--modules-folder",
    "--vers",
    "--branch",
    "--rev",
    "--path",
    "--features",
    "--target-dir",
    "--manifest-path",
    "--rename",
    "--bin",
    "--example",
    "-j",
    "--jobs",
    "--profile",
    "--config",
    "--color",
    "-Z",
    "--version",
    "-v",
    "-n",
    "--name",
    "--bindir",
    "--install-dir",
    "-P",
    "-g",
    "--working-dir",
    "-d",
    "-o",
    "-tags",
    "-ldflags",
    "-f",
    "--file",
    "--with-python",
    "--package",
    "--from",
    "--with",
    "--channel",
    "--index-strategy",
    "--keyring-provider",
    "--link-mode",
    "--exclude-newer",
    "--no-binary-package",
    "--only-binary-package",
    "--config-setting",
    "--refresh-package",
    "--upgrade-package",
    "--reinstall-package",
    "--torch-backend",
    "--python-platform",
    "--override",
    "--overrides",
    "--build-constraints",
    "--use-feature",
    "--use-deprecated",
    "--exists-action",
    "--root-user-action",
    "--install-strategy",
    "--depth",
    "--fetch-retries",
    "--fetch-timeout",
    "--scope",
    "--script-shell",
    "--cpu",
    "--os",
    "--libc",
    "--reporter",
    "--store-dir",
    "--network-concurrency",
    "--mutex",
    "--cache-folder",
    "--message-format",
    "--source",
];

/// Options without a value in one ecosystem, though they have one in another.
fn is_flag(ecosystem: Ecosystem, option: &str) -> bool {
    match ecosystem {
        Ecosystem::Npm => {
            matches!(option, "-g" | "-E" | "-D" | "-d" | "-P" | "-f" | "-n" | "-p" | "-v" | "-c" | "-o")
        }
        Ecosystem::PyPi => matches!(option, "-g" | "-d" | "-v" | "-P" | "--version"),
        Ecosystem::Cargo => matches!(option, "-v" | "-f" | "-n" | "-r" | "-d"),
        Ecosystem::Go => matches!(option, "-t" | "-d" | "-v" | "-f" | "-n"),
        _ => matches!(option, "-f" | "-E" | "-r"),
    }
}

/// Reads what follows a verb.
fn arguments(words: &[Word], verb: Verb, asked: &mut Asked) {
    let mut verb = verb;
    let all = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.text.as_str()));
    if verb.ecosystem == Ecosystem::Npm && all(&["-g", "--global", "--location=global"]) {
        verb.how = How::Tool;
    }
    if all(&["--path"]) && verb.ecosystem == Ecosystem::Cargo {
        return;
    }
    let held = words.windows(2).any(|pair| pair[0].text == "--rev" && pair[1].text.len() >= 7)
        || words.iter().any(|word| word.text.starts_with("--rev="));
    let from_git = verb.ecosystem == Ecosystem::Cargo && is_git(words);
    let mut index = 0;
    let mut options = true;
    // `npx --package x run`: what is fetched is said apart from what is run.
    let mut apart = false;
    while let Some(word) = words.get(index) {
        index += 1;
        if !(options && word.text.starts_with('-') && word.text.len() > 1) {
            // What is written into a file or read from one.
            if word.text.starts_with(['>', '<']) || matches!(word.text.as_str(), "2>" | "&>") {
                if matches!(word.text.as_str(), ">" | ">>" | "<" | "2>" | "&>") {
                    index += 1;
                }
                continue;
            }
            if word.text.ends_with(['>']) || word.text.contains("2>&1") {
                continue;
            }
            if verb.one && apart {
                return;
            }
            if !from_git {
                argument(word, verb, held, asked);
            }
            if verb.one {
                return;
            }
            continue;
        }
        let (option, inline) = match word.text.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value)),
            _ => (word.text.as_str(), None),
        };
        if option == "--" {
            options = false;
            continue;
        }
        let value = match inline {
            Some(value) => Some((value, word)),
            None => words.get(index).map(|word| (word.text.as_str(), word)),
        };
        let takes = takes_value(verb, option);
        if takes && inline.is_none() {
            index += 1;
        }
        if let Some((value, place)) = value.filter(|_| takes) {
            apart |= option_value(option, value, word, place, verb, held, asked);
        }
    }
}

fn is_git(words: &[Word]) -> bool {
    words.iter().any(|word| word.text == "--git" || word.text.starts_with("--git="))
}

/// Whether the next word is the value of an option.
fn takes_value(verb: Verb, option: &str) -> bool {
    if verb.pnpm && option == "-w" {
        return false;
    }
    let place = index_option(verb.ecosystem, option).is_some()
        || matches!(option, "-e" | "--editable") && verb.ecosystem == Ecosystem::PyPi
        || option == "--git";
    let runs = verb.one && matches!(option, "-p" | "--package" | "--with" | "--from" | "--spec");
    place || runs || VALUED.contains(&option) && !is_flag(verb.ecosystem, option)
}

/// Whether an option names a registry, and whether the public one is asked beside it.
fn index_option(ecosystem: Ecosystem, option: &str) -> Option<bool> {
    match (ecosystem, option) {
        (Ecosystem::PyPi, "--extra-index-url" | "--index" | "--find-links" | "-f") => Some(true),
        (Ecosystem::PyPi, "-i" | "--index-url" | "--default-index") => Some(false),
        (Ecosystem::Npm, "--registry") => Some(false),
        (Ecosystem::Cargo, "--index") => Some(false),
        (Ecosystem::RubyGems, "-s" | "--source") => Some(true),
        _ => None,
    }
}

/// Reads the value of an option; whether it says which package is run.
fn option_value(
    option: &str,
    value: &str,
    at: &Word,
    place: &Word,
    verb: Verb,
    held: bool,
    asked: &mut Asked,
) -> bool {
    if let Some(beside) = index_option(verb.ecosystem, option).filter(|_| verb.how != How::Conda) {
        // A name of a registry that is set elsewhere, or a folder, is nobody else's.
        if value.contains("://") {
            let at = at.at.start..place.at.end;
            let plain = value.starts_with("http://");
            asked.indexes.push(Index { option: option.to_owned(), at, beside, plain });
        }
        return false;
    }
    let word = Word { text: value.to_owned(), at: place.at.clone() };
    match option {
        "-e" | "--editable" => argument(&word, verb, held, asked),
        "--git" if !held => {
            let why = match asked_for_a_place(verb) {
                true => "a branch, tag or default branch can be moved",
                false => return false,
            };
            let plain = value.starts_with("http://") || value.starts_with("git://");
            if !value.contains(['$', '{', '<']) {
                asked.addresses.push(Address { text: value.to_owned(), at: place.at.clone(), why, plain });
            }
        }
        "-p" | "--package" | "--from" | "--spec" if verb.one => {
            argument(&word, verb, held, asked);
            return true;
        }
        "--with" if verb.one => argument(&word, verb, held, asked),
        _ => {}
    }
    false
}

/// Adds the registries that the lines of a list of requirements name.
pub(super) fn options(text: &str, asked: &mut Asked) {
    let verb = Verb { ecosystem: Ecosystem::PyPi, how: How::Install, one: false, pnpm: false, from: 0 };
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if line.trim_start().starts_with('-') {
            for command in commands(text, start..at) {
                // What else they name is read where lists of requirements are.
                let mut found = Asked::default();
                arguments(&command.words, verb, &mut found);
                asked.indexes.extend(found.indexes);
            }
        }
    }
}

/// Whether `--git` of this verb names where code is taken from.
fn asked_for_a_place(verb: Verb) -> bool {
    matches!(verb.ecosystem, Ecosystem::Cargo | Ecosystem::PyPi)
}

/// Adds what one argument names.
fn argument(word: &Word, verb: Verb, held: bool, asked: &mut Asked) {
    match spec::read(verb.ecosystem, &word.text) {
        Spec::Name(name, spec) => {
            let (ecosystem, at, how) = (verb.ecosystem, word.at.clone(), verb.how);
            asked.references.push(Reference { ecosystem, name, spec, at, how });
        }
        Spec::Address(text, Some(why)) if !held && verb.how != How::Conda => {
            let plain =
                ["http://", "git://", "git+http://", "git+git://"].iter().any(|it| text.starts_with(it));
            asked.addresses.push(Address { text, at: word.at.clone(), why, plain });
        }
        Spec::Address(..) | Spec::Nothing => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Asked {
        let mut asked = Asked::default();
        commands(text, 0..text.len()).iter().for_each(|command| read(text, command, &mut asked));
        asked
    }

    fn names(text: &str) -> Vec<String> {
        let asked = asked(text);
        let said = |one: &Reference| {
            assert!(text[one.at.clone()].contains(&one.name), "{one:?}");
            format!("{} {}{}", one.ecosystem, one.name, if one.spec.is_empty() { "" } else { "=" })
        };
        asked.references.iter().map(said).collect()
    }

    #[test]
    fn every_manager_is_read() {
        for (line, expected) in [
            ("pip install a-b 'c>=1' -r x.txt d[e]", "PyPI a-b,PyPI c=,PyPI d"),
            ("pip3.11 install --upgrade a", "PyPI a"),
            ("python -m pip install -U a", "PyPI a"),
            ("/usr/bin/python3.12 -I -m pip install a", "PyPI a"),
            ("uv pip install a", "PyPI a"),
            ("uv add --dev a --group x b", "PyPI a,PyPI b"),
            ("uv tool install a", "PyPI a"),
            ("uvx --from a b c", "PyPI a"),
            ("poetry add a -G dev", "PyPI a"),
            ("pdm add a", "PyPI a"),
            ("pipx run a b", "PyPI a"),
            ("conda install -c x -n y a=1", "PyPI a="),
            ("npm i -D a@1 @b/c", "npm a=,npm @b/c"),
            ("npm install", ""),
            ("npm ci", ""),
            ("npm run build", ""),
            ("npx --yes a@2 b", "npm a="),
            ("npx -p a b", "npm a"),
            ("npx -p a -p b c", "npm a,npm b"),
            ("yarn add a", "npm a"),
            ("yarn global add a", "npm a"),
            ("pnpm add -w a", "npm a"),
            ("pnpm --filter x add a", "npm a"),
            ("pnpm dlx a b", "npm a"),
            ("bunx a", "npm a"),
            ("cargo add a --features b,c", "crates.io a"),
            ("cargo +nightly install a --locked", "crates.io a"),
            ("cargo install --path .", ""),
            ("go get -u example.org/a/b@v1", "Go example.org/a/b="),
            ("go install ./...", ""),
            ("gem install a -v 1.0", "RubyGems a"),
            ("composer require a/b:^1 --dev", "Packagist a/b="),
        ] {
            assert_eq!(names(line).join(","), expected, "{line}");
        }
    }

    #[test]
    fn what_stands_before_a_command_is_passed_over() {
        for line in [
            "$ pip install a",
            "sudo -H -u x pip install a",
            "RUN --mount=type=cache,target=/x pip install a",
            "- run: pip install a",
            "A=1 B=2 pip install a",
            "!pip install a",
            "cd x && pip install a > log 2>&1",
            "if pip install a; then",
            "sh -c 'pip install a'",
            "run: \"pip install a\"",
            "apt-get update \\\n && pip install \\\n    a",
        ] {
            assert_eq!(names(line), ["PyPI a"], "{line}");
        }
        assert_eq!(names("echo pip install a"), [""; 0]);
        assert_eq!(names("pip install -e . $X ${Y} <z> ./w"), [""; 0]);
    }

    #[test]
    fn addresses_and_indexes_are_told() {
        let said = |line| {
            let asked = asked(line);
            let addresses: Vec<String> = asked.addresses.into_iter().map(|one| one.text).collect();
            (addresses, asked.indexes.iter().map(|one| (one.beside, one.plain)).collect::<Vec<_>>())
        };
        let git = "git+https://git.example/x.git@main";
        assert_eq!(said("pip install git+https://git.example/x.git@main").0, [git]);
        assert_eq!(said("pip install -e git+https://git.example/x.git@main").0, [git]);
        assert_eq!(said("cargo install --git https://git.example/x a").0, ["https://git.example/x"]);
        assert_eq!(said("cargo install --git https://git.example/x --rev 0123456 a").0, [""; 0]);
        assert_eq!(said("npm i owner/x").0, ["owner/x"]);
        assert_eq!(said("go install example.org/a@master").0, ["example.org/a@master"]);
        assert_eq!(said("pip install --extra-index-url https://x.example a").1, [(true, false)]);
        assert_eq!(said("pip install -i http://x.example a").1, [(false, true)]);
        assert_eq!(said("npm i --registry=https://x.example a").1, [(false, false)]);
        assert_eq!(said("pip install --index-url $INDEX a").1, []);
    }
}
