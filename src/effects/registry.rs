//! Settings of package managers: where packages come from, and which programs stand between.

use super::target::{Log, Target};
use crate::finding::Severity;

/// Settings that make a package manager run a program, by file.
const PROGRAMS: &[(&str, &[&str])] = &[
    (
        ".npmrc",
        &["script-shell", "node-options", "git", "shell", "editor", "init-module", "globalconfig", "prefix"],
    ),
    (".yarnrc.yml", &["yarnPath", "plugins", "- path", "path"]),
    (".yarnrc", &["yarn-path"]),
    (
        "config.toml",
        &[
            "rustc",
            "rustc-wrapper",
            "rustc-workspace-wrapper",
            "rustdoc",
            "runner",
            "linker",
            "credential-provider",
            "global-credential-providers",
            "git-fetch-with-cli",
        ],
    ),
    (
        "config",
        &[
            "rustc",
            "rustc-wrapper",
            "rustc-workspace-wrapper",
            "rustdoc",
            "runner",
            "linker",
            "credential-provider",
        ],
    ),
    ("bunfig.toml", &["preload"]),
];

/// Reports changed settings of package managers, and the lines that make one run a program.
pub(super) fn inspect(target: &Target<'_>, log: &mut Log<'_>) {
    if !target.changes() || !is_registry_config(target) {
        return;
    }
    log.path(target, "registry-config", &[("what", "decides where packages come from")]);
    let programs = PROGRAMS.iter().find(|(name, _)| *name == target.name()).map_or(&[][..], |(_, keys)| keys);
    for (range, line) in target.lines() {
        let Some((key, value)) = line.split_once(['=', ':', ' ']) else { continue };
        let key = key.trim().trim_matches(['"', '\'']);
        if programs.contains(&key) && !matches!(value.trim(), "" | "true" | "false") {
            log.text(
                target,
                "registry-config",
                range,
                &[("what", "names a program that package commands run")],
            )
            .severity(Severity::High);
        }
    }
}

fn is_registry_config(target: &Target<'_>) -> bool {
    match target.name() {
        ".npmrc"
        | ".yarnrc"
        | ".yarnrc.yml"
        | "pip.conf"
        | "pip.ini"
        | ".pypirc"
        | "nuget.config"
        | "bunfig.toml"
        | ".condarc"
        | "uv.toml"
        | ".gemrc"
        | ".netrc"
        | "_netrc"
        | "poetry.toml"
        | "gradle-wrapper.properties"
        | "maven-wrapper.properties"
        | ".pip.conf"
        | ".curlrc"
        | ".wgetrc" => true,
        "config.toml" | "config" | "credentials" | "credentials.toml" => target.folder() == ".cargo",
        "settings.xml" => target.folder() == ".mvn" || target.folder() == ".m2",
        "extensions.xml" | "jvm.config" | "maven.config" => target.folder() == ".mvn",
        _ => target.below(".bundle") || target.folder() == ".pip",
    }
}
