//! Command lines as lists of words: which word is a program, and which one a shell or an interpreter in them reads.

use std::rc::Rc;

use super::Engine;
use super::function::Frame;
use super::value::{Key, Parts, texts};
use crate::analyze::ir::{Argument, Op, Value};
use crate::analyze::model::Kinds;
use crate::syntax::Language;

/// What a program reads a word as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Command,
    Code,
}

/// Programs that run the program which their later words name.
#[rustfmt::skip]
const RUNNERS: &[&str] = &[
    "env", "sudo", "doas", "su", "runuser", "nohup", "nice", "ionice", "timeout", "setsid", "stdbuf", "time", "xargs",
    "busybox", "chroot", "nsenter", "unshare", "docker", "podman", "kubectl", "flatpak", "strace", "xvfb-run", "uv",
    "poetry", "pipenv", "conda",
];

/// Programs that read a word as code of a language, and what comes before it.
const INTERPRETERS: &[(&str, &[&str])] = &[
    ("python", &["-c"]),
    ("pypy", &["-c"]),
    ("node", &["-e", "--eval", "-p", "--print", "-pe"]),
    ("nodejs", &["-e", "--eval", "-p", "--print", "-pe"]),
    ("bun", &["-e", "--eval"]),
    ("deno", &["eval"]),
    ("perl", &["-e", "-E"]),
    ("ruby", &["-e"]),
    ("php", &["-r"]),
    ("lua", &["-e"]),
    ("osascript", &["-e"]),
];

impl Engine<'_> {
    /// A command line as a list: its program, and what a shell in it is told to run.
    pub(super) fn command_line(
        &mut self,
        frame: &mut Frame<'_>,
        argument: &Argument,
        kind: Kinds,
        name: &str,
    ) {
        let value = frame.value(argument.value).clone();
        let Some(parts) = value.parts.as_deref().filter(|parts| parts.length.is_some()) else {
            if !value.taint.is_empty() {
                self.check(frame, argument.value, argument.span, self.models.program, name);
            }
            return;
        };
        let mut words = words(parts);
        if let Op::List(elements) = &frame.function.step(argument.value).op {
            for (word, element) in words.iter_mut().zip(elements).filter(|(word, _)| word.is_empty()) {
                word.extend(self.own_interpreter(frame, element.value));
            }
        }
        let told = told(&words);
        for (key, part) in &parts.known {
            let Key::Index(index) = key else { continue };
            let told = told.filter(|(at, _)| *at as i64 == *index);
            if *index == 0 || told.is_some() {
                let span = self.element_span(frame, argument, *index);
                let kind = told.map_or(self.models.program, |(_, told)| self.told_kind(told, kind));
                self.report(frame, part, span, kind, name);
            }
        }
    }

    /// A program and, after it, the list of its arguments: what a shell is told to run.
    pub(super) fn shell_arguments(
        &mut self,
        frame: &mut Frame<'_>,
        program: &Argument,
        arguments: &[Argument],
        kind: Kinds,
        name: &str,
    ) {
        let mut first = texts(&frame.value(program.value).known).to_vec();
        first.extend(self.own_interpreter(frame, program.value));
        let next = arguments.iter().skip_while(|argument| !std::ptr::eq(*argument, program)).nth(1);
        let Some(list) = next.filter(|_| !first.is_empty()) else { return };
        let Some(parts) = frame.value(list.value).parts.clone() else { return };
        let mut all = vec![first];
        all.extend(words(&parts));
        let Some((at, told)) = told(&all) else { return };
        let index = at as i64 - 1;
        if let Some((_, part)) = parts.known.iter().find(|(key, _)| *key == Key::Index(index)) {
            let span = self.element_span(frame, list, index);
            let kind = self.told_kind(told, kind);
            self.report(frame, part, span, kind, name);
        }
    }

    /// The interpreter that runs the program itself: `sys.executable`, `process.execPath`.
    fn own_interpreter(&self, frame: &Frame<'_>, value: Value) -> Option<Rc<str>> {
        let (Op::Member(_, name) | Op::Load(name)) = frame.function.step(value).op else { return None };
        match self.program.names.text(name) {
            "executable" if self.language == Language::Python => Some("python".into()),
            "execPath" if self.language != Language::Python => Some("node".into()),
            _ => None,
        }
    }

    fn told_kind(&self, told: Told, command: Kinds) -> Kinds {
        match told {
            Told::Command => command,
            Told::Code => self.models.sinks.get("code").unwrap_or(command),
        }
    }
}

/// The texts that each word of a command line may be.
fn words(parts: &Parts) -> Vec<Vec<Rc<str>>> {
    let mut words = Vec::new();
    for (key, part) in &parts.known {
        if let Key::Index(index) = key
            && *index == words.len() as i64
        {
            words.push(texts(&part.known).to_vec());
        }
    }
    words
}

/// The word of a command line that a shell or an interpreter in it runs.
fn told(words: &[Vec<Rc<str>>]) -> Option<(usize, Told)> {
    let runs = |word: &Vec<Rc<str>>| word.iter().any(|text| RUNNERS.contains(&&*program_name(text)));
    let last = if words.first().is_some_and(runs) { words.len() } else { 1 };
    words.iter().enumerate().take(last).find_map(|(at, word)| {
        let after = |wanted: &dyn Fn(&str) -> bool| {
            let flag = words.iter().skip(at + 1).position(|word| word.iter().any(|text| wanted(text)))?;
            Some(at + flag + 2)
        };
        word.iter().find_map(|text| {
            if &*program_name(text) == "ssh" {
                return Some((after_host(words, at)?, Told::Command));
            }
            if is_shell(text) {
                return Some((after(&is_command_flag)?, Told::Command));
            }
            let name = program_name(text);
            let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
            let (_, flags) = INTERPRETERS.iter().find(|(known, _)| *known == name)?;
            Some((after(&|text| flags.contains(&text))?, Told::Code))
        })
    })
}

/// The word behind the host of `ssh`, which a shell reads there.
fn after_host(words: &[Vec<Rc<str>>], ssh: usize) -> Option<usize> {
    let mut at = ssh + 1;
    while let Some(flag) = words.get(at)?.first().filter(|text| text.starts_with('-')) {
        at += if flag.len() == 2 && flag.ends_with(|c| "BbcDEeFIiJLlmOopQRSWw".contains(c)) { 2 } else { 1 };
    }
    Some(at + 1)
}

/// The name of a program without its folder and ending.
fn program_name(program: &str) -> String {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program).to_ascii_lowercase();
    name.strip_suffix(".exe").map(str::to_owned).unwrap_or(name)
}

/// Whether a program reads its next words as commands.
pub(in crate::analyze) fn is_shell(program: &str) -> bool {
    let shells = ["sh", "bash", "zsh", "dash", "ash", "ksh", "fish", "cmd", "powershell", "pwsh"];
    shells.contains(&&*program_name(program))
}

pub(super) fn is_command_flag(flag: &str) -> bool {
    let short = flag.starts_with('-') && !flag.starts_with("--") && flag.ends_with('c');
    short || matches!(flag.to_ascii_lowercase().as_str(), "/c" | "/k" | "-command")
}
