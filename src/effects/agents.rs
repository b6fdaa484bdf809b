//! Files that steer whoever works here next: instructions to coding agents, and weft's own settings.

use super::json;
use super::target::{Log, Target};
use crate::finding::Severity;

/// Names of instruction and settings files, wherever they lie.
const FILES: &[&str] = &[
    "claude.md",
    "claude.local.md",
    "agents.md",
    "agents.override.md",
    "agent.md",
    "gemini.md",
    "qwen.md",
    "codex.md",
    "copilot-instructions.md",
    ".cursorrules",
    ".windsurfrules",
    ".clinerules",
    ".roorules",
    ".rules",
    ".goosehints",
    ".aider.conf.yml",
    ".aiderignore",
    ".cursorignore",
    ".mcp.json",
    "mcp.json",
    ".roomodes",
    "conventions.md",
    "opencode.json",
    "opencode.jsonc",
    ".replit.md",
    ".junie.md",
    "warp.md",
    "crush.md",
    ".crush.json",
];

/// Folders that belong to an agent host.
const FOLDERS: &[&str] = &[
    ".claude",
    ".cursor",
    ".codex",
    ".gemini",
    ".windsurf",
    ".clinerules",
    ".roo",
    ".continue",
    ".aider",
    ".kiro",
    ".junie",
    ".amazonq",
    ".agents",
    ".opencode",
    ".augment",
    ".qwen",
    ".trae",
    ".factory",
    ".agent",
];

/// Reports changes to what steers agents, and to weft's own settings.
pub(super) fn inspect(target: &Target<'_>, log: &mut Log<'_>) {
    let name = target.name();
    // `weft.toml` itself is reported where settings are read; this is the agents' own tool, which names the history.
    if name.starts_with(".weft") {
        log.path(target, "settings-changed", &[]);
    }
    let github = target.below(".github")
        && ["instructions", "prompts", "chatmodes", "agents", "hooks", "skills"]
            .iter()
            .any(|folder| target.below(folder));
    if FILES.contains(&name) || FOLDERS.iter().any(|folder| target.below(folder)) || github {
        log.path(target, "agent-instructions-write", &[]);
        commands(target, log);
    }
}

/// Commands that an agent host starts: hooks and tool servers.
fn commands(target: &Target<'_>, log: &mut Log<'_>) {
    let name = target.name();
    if !(name.ends_with(".json") || name.ends_with(".jsonc")) {
        return;
    }
    for text in json::strings(target.text()) {
        let key = text.keys.last().copied().unwrap_or("");
        let starts = matches!(
            key,
            "command"
                | "bash"
                | "powershell"
                | "apiKeyHelper"
                | "awsAuthRefresh"
                | "awsCredentialExport"
                | "otelHeadersHelper"
        );
        let opens =
            key == "enableAllProjectMcpServers" || key == "defaultMode" && text.value == "bypassPermissions";
        let host = text.keys.iter().any(|key| {
            key.eq_ignore_ascii_case("hooks")
                || key.to_ascii_lowercase().contains("servers")
                || *key == "statusLine"
        });
        if opens || starts && (host || text.keys.len() == 1) {
            log.text(target, "agent-instructions-write", text.range, &[]).severity(Severity::High);
        }
    }
}
