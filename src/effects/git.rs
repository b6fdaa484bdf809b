//! git's own files: the repository folder in every disguise, settings that run commands, attributes, submodules, hooks.

use std::ops::Range;

use super::target::{Log, Target};
use crate::artifact::Mode;
use crate::finding::Severity;

/// The hooks that git runs by name.
const HOOKS: &[&str] = &[
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "p4-changelist",
    "p4-prepare-changelist",
    "p4-post-changelist",
    "p4-pre-submit",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-receive",
    "post-rewrite",
    "post-update",
    "pre-applypatch",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "pre-receive",
    "prepare-commit-msg",
    "proc-receive",
    "push-to-checkout",
    "reference-transaction",
    "sendemail-validate",
    "update",
];

/// Reports writes into `.git`, hooks, and git's settings, attributes and submodules that run or fetch something.
pub(super) fn inspect(target: &Target<'_>, log: &mut Log<'_>) {
    if target.changes() && target.names.iter().any(|name| name == ".git") {
        log.path(target, "git-directory-write", &[]);
    }
    if is_config(target) {
        settings(target, log);
    }
    if target.changes() {
        hooks(target, log);
        match target.name() {
            ".gitattributes" => attributes(target, log),
            ".gitmodules" => modules(target, log),
            _ => {}
        }
        if target.mode == Mode::Submodule {
            log.path(
                target,
                "gitattributes-filter",
                &[("what", "another repository becomes part of this one")],
            );
        }
    }
}

/// A file that git could read as settings. A tree that is only looked at may hold a person's dotfiles, which are
/// theirs; there only `config`, the name inside an embedded repository, counts.
fn is_config(target: &Target<'_>) -> bool {
    match target.name() {
        "config" => true,
        "config.worktree" | ".gitconfig" | "gitconfig" => target.changes(),
        name => target.changes() && name.ends_with(".gitconfig"),
    }
}

fn settings(target: &Target<'_>, log: &mut Log<'_>) {
    for (key, value, range) in entries(target) {
        if runs_command(&key, value) {
            log.text(target, "git-config-command", range, &[("key", &key)]);
        }
    }
}

/// Each setting of a git config: `section.subsection.key` (section and key in lower case), value, byte range of the line.
fn entries<'a>(target: &Target<'a>) -> Vec<(String, &'a str, Range<usize>)> {
    let mut found = Vec::new();
    let mut section = String::new();
    for (range, line) in target.lines() {
        let mut rest = line.trim();
        if let Some(header) = rest.strip_prefix('[')
            && let Some((name, after)) = header.split_once(']')
        {
            let (name, subsection) = name.split_once(' ').unwrap_or((name, ""));
            section = name.trim().to_ascii_lowercase();
            if !subsection.trim().is_empty() {
                section = format!("{section}.{}", subsection.trim().trim_matches('"'));
            }
            rest = after.trim();
        }
        if rest.is_empty() || rest.starts_with(['#', ';']) || section.is_empty() {
            continue;
        }
        let (key, value) = rest.split_once('=').unwrap_or((rest, "true"));
        found.push((format!("{section}.{}", key.trim().to_ascii_lowercase()), value.trim(), range));
    }
    found
}

/// Whether git would run `value`, or read settings or code from where it says.
fn runs_command(key: &str, value: &str) -> bool {
    let value = value.trim_matches('"').trim();
    let boolean = matches!(
        value.to_ascii_lowercase().as_str(),
        "" | "true" | "false" | "yes" | "no" | "on" | "off" | "0" | "1"
    );
    let section = key.split('.').next().unwrap_or("");
    let last = key.rsplit('.').next().unwrap_or("");
    match (section, last) {
        ("core", "fsmonitor" | "sshcommand" | "hookspath" | "pager" | "editor" | "askpass" | "gitproxy") => {
            !boolean
        }
        ("core", "worktree" | "attributesfile" | "alternaterefscommand") => !boolean,
        ("alias", _) => value.starts_with('!'),
        ("filter", "clean" | "smudge" | "process") => !value.starts_with("git-lfs ") && !boolean,
        ("diff", "external" | "textconv" | "command") | ("merge", "driver") => !boolean,
        ("difftool" | "mergetool" | "browser" | "man", "cmd" | "path") => !boolean,
        ("credential", "helper") => value.starts_with(['!', '/', '.']),
        ("gpg", "program" | "defaultkeycommand") | ("sequence", "editor") | ("pager", _) => !boolean,
        ("include" | "includeif", "path") => true,
        ("protocol", "allow") => key == "protocol.ext.allow" && value.eq_ignore_ascii_case("always"),
        ("remote", "uploadpack" | "receivepack" | "vcs") | ("uploadpack", "packobjectshook") => !boolean,
        ("url", "insteadof" | "pushinsteadof") => true,
        ("submodule", "update") => value.starts_with('!'),
        ("trailer", "command" | "cmd") | ("sendemail", "smtpserver" | "tocmd" | "cccmd") => !boolean,
        _ => false,
    }
}

fn hooks(target: &Target<'_>, log: &mut Log<'_>) {
    let name = target.name();
    let folder = target.below(".husky") || target.below(".githooks") || target.below(".git-hooks");
    let by_name = HOOKS.contains(&name)
        && (target.folder().contains("hooks") || target.names.len() == 1)
        && name != "update";
    if folder || by_name || (target.below(".git") && target.below("hooks")) {
        log.path(target, "git-hook-write", &[]).severity(if target.text().is_empty() {
            Severity::Medium
        } else {
            Severity::High
        });
        return;
    }
    let manager = matches!(
        name,
        ".pre-commit-config.yaml"
            | ".pre-commit-config.yml"
            | ".overcommit.yml"
            | "captainhook.json"
            | ".huskyrc"
            | "prek.toml"
            | ".simple-git-hooks.json"
            | ".simple-git-hooks.js"
            | ".simple-git-hooks.cjs"
            | "simple-git-hooks.json"
    ) || name.trim_start_matches('.').starts_with("lefthook")
        && [".yml", ".yaml", ".toml", ".json"].iter().any(|end| name.ends_with(end))
        || name.starts_with(".huskyrc.")
        || name.starts_with(".lintstagedrc")
        || target.below(".lefthook");
    if manager {
        log.path(target, "git-hook-write", &[]);
    }
}

fn attributes(target: &Target<'_>, log: &mut Log<'_>) {
    for (range, line) in target.lines().filter(|(_, line)| !line.trim_start().starts_with('#')) {
        let driver = line.split_whitespace().skip(1).find_map(|word| {
            let (kind, name) = word.split_once('=')?;
            let named = match kind {
                "filter" => name != "lfs",
                "diff" => matches!(name, "external"),
                "merge" => !matches!(name, "union" | "binary" | "text" | "lfs" | "ours"),
                _ => false,
            };
            named.then(|| format!("files pass through the {kind} driver `{name}`"))
        });
        let hidden = line.split_whitespace().skip(1).any(|word| word == "-diff");
        let what = driver.or_else(|| hidden.then(|| "changes of these files are not shown in diffs".into()));
        if let Some(what) = what {
            log.text(target, "gitattributes-filter", range, &[("what", &what)]);
        }
    }
}

fn modules(target: &Target<'_>, log: &mut Log<'_>) {
    for (key, value, range) in entries(target) {
        let value = value.trim_matches('"').trim();
        let climbs = |text: &str| text.split(['/', '\\']).any(|part| part == "..");
        let (what, severity) = match key.rsplit('.').next().unwrap_or("") {
            "update" if value.starts_with('!') => {
                ("`git submodule update` runs a command", Severity::Critical)
            }
            "url" if value.starts_with('-') => {
                ("a submodule's address is read as an option", Severity::Critical)
            }
            "url" if value.starts_with("ext::") || value.starts_with("fd::") => {
                ("a submodule's address runs a command", Severity::Critical)
            }
            "url" if value.starts_with("file:") || value.starts_with('/') => {
                ("a submodule is read from this machine", Severity::High)
            }
            "url" if value.contains(['\n', '\r', '%']) && value.to_ascii_lowercase().contains("%0a") => {
                ("a submodule's address holds an encoded line break", Severity::High)
            }
            "path" if climbs(value) || super::path::fold(value).iter().any(|name| name == ".git") => {
                ("a submodule is put outside its place", Severity::Critical)
            }
            "url" if climbs(&key) => ("a submodule's name leaves `.git/modules`", Severity::Critical),
            "url" => ("another repository becomes part of this one", Severity::Medium),
            _ => continue,
        };
        log.text(target, "gitattributes-filter", range, &[("what", what)]).severity(severity);
    }
}
