//! What runs without anyone asking: CI jobs, editor tasks, package scripts; and commands that fetch code and run it.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::json;
use super::target::{Log, Target};
use crate::finding::Severity;

/// A download that is fed to an interpreter in a shell. Commands are ASCII: Unicode classes would make the expression
/// fifty times as large.
static PIPED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    const EDGE: &str = r"(?-u:\b)";
    const SPACE: &str = r"[ \t\r\n]";
    const WORD: &str = "[0-9A-Za-z_]";
    let interpreter = r"(?:ba|z|da|k|fi)?sh|python[0-9.]*|node|perl|ruby|php|deno|bun";
    let piped = format!(
        r"{EDGE}(?:curl|wget){EDGE}[^\n|]*\|{SPACE}*(?:base64{SPACE}+-+d{WORD}*{SPACE}*\|{SPACE}*)?(?:sudo{SPACE}+(?:-{WORD}+{SPACE}+)*)?(?:/[^ \t\r\n]*/)?(?:env{SPACE}+)?(?:{interpreter})(?:[^0-9A-Za-z_.-]|$)"
    );
    let substituted = format!(
        r#"{EDGE}(?:(?:ba|z|da|k)?sh|eval|source){EDGE}[^\n|;&]{{0,40}}(?:<\(|\$\(|`){SPACE}*(?:curl|wget){EDGE}"#
    );
    Regex::new(&format!("{piped}|{substituted}")).ok()
});

/// The same in PowerShell.
static POWERSHELL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i:\b(?:iwr|irm|invoke-webrequest|invoke-restmethod|downloadstring)\b[^\n]{0,400}\b(?:iex|invoke-expression)\b|\b(?:iex|invoke-expression)\b[^\n]{0,400}\b(?:iwr|irm|invoke-webrequest|invoke-restmethod|downloadstring)\b)").ok()
});

/// Whether a command fetches code and runs it. An expression is compiled when a command has a word that it asks for.
pub(super) fn fetches_and_runs(command: &str) -> Option<Range<usize>> {
    let lower = command.to_lowercase();
    let asked = |words: &[&str], expression: &LazyLock<Option<Regex>>| {
        let named = words.iter().any(|word| lower.contains(word));
        if named { expression.as_ref()?.find(command).map(|found| found.range()) } else { None }
    };
    let in_shell = asked(&["curl", "wget"], &PIPED);
    let in_powershell = asked(&["iex", "invo"], &POWERSHELL);
    in_shell.into_iter().chain(in_powershell).min_by_key(|range| range.start)
}

/// Reports files that CI, an editor or a package manager runs.
pub(super) fn inspect(target: &Target<'_>, log: &mut Log<'_>) {
    if target.changes() {
        ci(target, log);
        editor(target, log);
        build(target, log);
    }
    match target.name() {
        "package.json" => scripts(target, log, is_npm_lifecycle),
        "composer.json" => scripts(target, log, |keys| keys.first() == Some(&"scripts")),
        _ => {}
    }
}

fn ci(target: &Target<'_>, log: &mut Log<'_>) {
    let Some(system) = ci_system(target) else { return };
    log.path(target, "ci-workflow-write", &[("system", system)]);
    for (range, line) in target.lines() {
        if fetches_and_runs(line).is_some() {
            log.text(target, "ci-workflow-write", range, &[("system", "code fetched from the network in")])
                .severity(Severity::High);
        }
    }
}

/// Whose jobs a file describes.
fn ci_system(target: &Target<'_>) -> Option<&'static str> {
    let yaml = target.name().ends_with(".yml") || target.name().ends_with(".yaml");
    let forge = |folder: &str| {
        target.below(folder)
            && (target.below("workflows") || target.below("actions"))
            && !target.name().ends_with(".md")
    };
    if forge(".github") {
        return Some("GitHub Actions");
    }
    if forge(".gitea") || forge(".forgejo") {
        return Some("Forgejo Actions");
    }
    let root = target.names.len() == 1;
    Some(match target.name() {
        "action.yml" | "action.yaml" if root => "a GitHub action",
        ".gitlab-ci.yml" => "GitLab CI",
        _ if target.below(".gitlab") && yaml && !target.below("issue_templates") => "GitLab CI",
        _ if target.below(".circleci") => "CircleCI",
        name if name == "jenkinsfile"
            || name.starts_with("jenkinsfile.")
            || name.ends_with(".jenkinsfile") =>
        {
            "Jenkins"
        }
        ".travis.yml" => "Travis CI",
        name if name.starts_with("azure-pipelines") && yaml => "Azure Pipelines",
        _ if target.below(".azure-pipelines") && yaml => "Azure Pipelines",
        "bitbucket-pipelines.yml" => "Bitbucket Pipelines",
        ".drone.yml" | ".drone.star" => "Drone",
        ".woodpecker.yml" => "Woodpecker",
        _ if target.below(".woodpecker") => "Woodpecker",
        _ if target.below(".buildkite") => "Buildkite",
        ".cirrus.yml" | ".cirrus.star" => "Cirrus CI",
        "appveyor.yml" | ".appveyor.yml" => "AppVeyor",
        "cloudbuild.yaml" | "cloudbuild.yml" | "cloudbuild.json" => "Cloud Build",
        "buildspec.yml" | "buildspec.yaml" => "CodeBuild",
        _ if target.below(".teamcity") => "TeamCity",
        _ if target.below(".semaphore") => "Semaphore",
        _ if target.names.first().is_some_and(|name| name == ".ci") => "CI",
        ".ci" if root => "CI",
        _ => return None,
    })
}

/// Settings by which an editor or shell runs something when a folder is opened.
const ON_OPEN: &[&str] = &[
    "runon",
    "folderopen",
    "initializecommand",
    "oncreatecommand",
    "postcreatecommand",
    "poststartcommand",
    "postattachcommand",
    "updatecontentcommand",
    "automationprofile",
    "task.allowautomatictasks",
];

fn editor(target: &Target<'_>, log: &mut Log<'_>) {
    let name = target.name();
    let folder = [".vscode", ".idea", ".devcontainer", ".zed", ".fleet", ".theia", ".nova", ".vim", ".nvim"]
        .iter()
        .any(|folder| target.below(folder));
    let on_entry = matches!(
        name,
        ".envrc"
            | ".vimrc"
            | ".exrc"
            | ".nvimrc"
            | ".nvim.lua"
            | ".lvimrc"
            | ".gvimrc"
            | ".dir-locals.el"
            | ".dir-locals-2.el"
            | ".bashrc"
            | ".bash_profile"
            | ".profile"
            | ".zshrc"
            | ".zshenv"
            | ".zprofile"
            | ".autoenv"
            | ".gdbinit"
            | ".lldbinit"
    );
    let tools = matches!(
        name,
        ".devcontainer.json"
            | "mise.toml"
            | ".mise.toml"
            | ".gitpod.yml"
            | ".sublime-project"
            | ".tmuxinator.yml"
    );
    if !(folder
        || on_entry
        || tools
        || name.ends_with(".code-workspace")
        || name.ends_with(".sublime-project"))
    {
        return;
    }
    let quiet = matches!(name, "extensions.json" | ".gitignore") || name.ends_with(".code-snippets");
    if quiet {
        return;
    }
    let severity = if on_entry && !target.text().is_empty() { Severity::High } else { Severity::Medium };
    log.path(target, "editor-task-write", &[]).severity(severity);
    for text in json::strings(target.text()) {
        let key = text
            .keys
            .iter()
            .rev()
            .find(|key| !key.is_empty())
            .map_or(String::new(), |key| key.to_lowercase());
        let value = text.value.to_lowercase();
        if ON_OPEN.contains(&key.as_str()) && !matches!(value.as_str(), "default" | "off" | "") {
            log.text(target, "editor-task-write", text.range, &[]).severity(Severity::High);
        }
    }
}

/// Scripts that npm, pnpm, yarn and bun run by themselves when a package is installed or packed.
fn is_npm_lifecycle(keys: &[&str]) -> bool {
    matches!(
        keys,
        [
            "scripts",
            "preinstall"
                | "install"
                | "postinstall"
                | "prepare"
                | "preprepare"
                | "postprepare"
                | "prepublish"
                | "dependencies"
                | "pnpm:devpreinstall"
        ]
    )
}

fn scripts(target: &Target<'_>, log: &mut Log<'_>, lifecycle: impl Fn(&[&str]) -> bool) {
    for text in json::strings(target.text()) {
        let fetches = text.keys.first() == Some(&"scripts") && fetches_and_runs(text.value).is_some();
        let runs = lifecycle(&text.keys);
        if !(fetches || runs && target.changes()) {
            continue;
        }
        let script = text.keys.get(1).copied().unwrap_or("scripts");
        let severity = match (fetches, runs) {
            (true, true) => Severity::Critical,
            (true, false) => Severity::High,
            _ => Severity::Medium,
        };
        log.text(target, "package-script", text.range, &[("script", script)]).severity(severity);
    }
}

/// Code that a build or an interpreter runs by itself.
fn build(target: &Target<'_>, log: &mut Log<'_>) {
    let name = target.name();
    match name {
        "build.rs" => log.path(target, "package-script", &[("script", "build.rs")]).severity(Severity::Low),
        "sitecustomize.py" | "usercustomize.py" | ".pnpmfile.cjs" | "binding.gyp" | "extconf.rb" => {
            log.path(target, "package-script", &[("script", name)]).severity(Severity::Medium);
        }
        "setup.py" => lines_with(
            target,
            log,
            &["cmdclass", "os.system", "subprocess", "exec(", "eval(", "urlopen"],
            "setup.py",
        ),
        "pyproject.toml" => lines_with(target, log, &["backend-path"], "the build backend"),
        _ if name.ends_with(".pth") => {
            let range = target.lines().find(|(_, line)| line.starts_with("import")).map(|(range, _)| range);
            if let Some(range) = range {
                log.text(target, "package-script", range, &[("script", "a .pth file")])
                    .severity(Severity::High);
            }
        }
        _ => {}
    }
}

fn lines_with(target: &Target<'_>, log: &mut Log<'_>, words: &[&str], script: &str) {
    for (range, line) in target.lines() {
        let code = line.split('#').next().unwrap_or("");
        if words.iter().any(|word| code.contains(word)) && !code.trim_start().starts_with("import ") {
            log.text(target, "package-script", range, &[("script", script)]);
        }
    }
}
