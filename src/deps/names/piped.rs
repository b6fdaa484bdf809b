//! Commands that fetch a program and run it before anybody has seen it.

use std::ops::Range;

use super::shell::{Command, Word};

/// Where a line fetches a program and feeds it to an interpreter, and whether it does so in a way that hides the program or
/// lets whoever stands on the way change it.
pub(super) fn read(text: &str, line: Range<usize>, commands: &[Command]) -> Option<(Range<usize>, bool)> {
    let place = fed(commands).or_else(|| substituted(text, commands)).or_else(|| powershell(text, &line))?;
    let said = text.get(place.clone()).unwrap_or_default();
    let lower = said.to_ascii_lowercase();
    let open =
        lower.contains("http://") && !lower.contains("http://localhost") && !lower.contains("http://127.");
    let unchecked = commands.iter().flat_map(|command| &command.words).any(|word| {
        matches!(word.text.as_str(), "-k" | "--insecure" | "--no-check-certificate" | "-SkipCertificateCheck")
    });
    let hidden = ["base64 -d", "base64 --decode", "xxd -r", "rev |"].iter().any(|it| lower.contains(it));
    Some((place, open || unchecked || hidden))
}

/// `curl x | sh`, with anything between that passes it on.
fn fed(commands: &[Command]) -> Option<Range<usize>> {
    let mut fetched = None;
    for command in commands {
        let words = behind_lead(&command.words);
        let Some(first) = words.first() else { continue };
        if command.fed
            && let Some(start) = fetched
        {
            if runs_its_input(words) {
                return Some(start..first.at.end);
            }
        } else {
            fetched = is_fetch(words).then_some(first.at.start);
        }
    }
    None
}

/// `bash <(curl x)`, `sh -c "$(curl x)"`, `eval "$(wget -O- x)"`, `. <(curl x)`.
fn substituted(text: &str, commands: &[Command]) -> Option<Range<usize>> {
    for (index, command) in commands.iter().enumerate() {
        let words = behind_lead(&command.words);
        let Some(first) = words.first() else { continue };
        let name = program(&first.text);
        if !(is_shell(name) || matches!(name, "eval" | "source" | "." | "iex")) {
            continue;
        }
        let holds = |word: &&Word| {
            ["$(curl ", "$(wget ", "`curl ", "`wget ", "<(curl ", "<(wget "]
                .iter()
                .any(|it| word.text.contains(it))
        };
        if let Some(word) = words[1..].iter().find(holds) {
            return Some(first.at.start..word.at.end);
        }
        let Some(inner) = commands.get(index + 1) else { continue };
        let (Some(last), Some(next)) = (words.last(), inner.words.first()) else { continue };
        let between = text.get(last.at.end..next.at.start).unwrap_or_default();
        let opens = last.text.ends_with(['<', '$']) && between.starts_with('(') || between.contains('`');
        if opens && is_fetch(behind_lead(&inner.words)) {
            return Some(first.at.start..inner.words.last().map_or(next.at.end, |word| word.at.end));
        }
    }
    None
}

/// `irm x | iex`, `iex (iwr x)`, `iex ((New-Object Net.WebClient).DownloadString('x'))`.
fn powershell(text: &str, line: &Range<usize>) -> Option<Range<usize>> {
    let said = text.get(line.clone())?;
    let mut runs = None;
    let mut fetches = None;
    let named = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut at = 0;
    for part in said.split_inclusive(|c| !named(c)) {
        let word = part.trim_end_matches(|c| !named(c));
        let place = line.start + at..line.start + at + word.len();
        at += part.len();
        match word.to_ascii_lowercase().as_str() {
            "iex" | "invoke-expression" => runs = runs.or(Some(place)),
            "irm" | "iwr" | "invoke-restmethod" | "invoke-webrequest" | "downloadstring" => {
                fetches = fetches.or(Some(place));
            }
            _ => {}
        }
    }
    let (runs, fetches) = (runs?, fetches?);
    Some(runs.start.min(fetches.start)..runs.end.max(fetches.end))
}

/// The words of a command without what stands before it.
fn behind_lead(words: &[Word]) -> &[Word] {
    let passed = |word: &Word| {
        let text = word.text.as_str();
        let wraps = matches!(
            text,
            "sudo"
                | "doas"
                | "env"
                | "exec"
                | "command"
                | "time"
                | "RUN"
                | "run:"
                | "-"
                | "$"
                | ">"
                | "@"
                | "then"
                | "do"
                | "if"
                | "nohup"
        );
        wraps
            || text.starts_with('-')
            || text.ends_with(':') && text.len() > 1
            || text.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            })
    };
    let first = words.iter().take(16).position(|word| !passed(word)).unwrap_or(words.len().min(16));
    &words[first..]
}

fn program(word: &str) -> &str {
    let word = word.trim_start_matches(['@', '!']);
    word.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(word)
}

fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "zsh" | "dash" | "ash" | "ksh" | "fish")
}

/// Whether a command writes what it fetches from the network.
fn is_fetch(words: &[Word]) -> bool {
    let Some(first) = words.first() else { return false };
    let fetches = matches!(program(&first.text), "curl" | "wget" | "fetch" | "http" | "https" | "aria2c");
    // What lies on this machine is nobody else's.
    fetches
        && !words.iter().any(|word| word.text.contains("://localhost") || word.text.contains("://127.0.0.1"))
}

/// Whether an interpreter takes its program from what it reads: it is given no other.
fn runs_its_input(words: &[Word]) -> bool {
    let Some(first) = words.first() else { return false };
    let name = program(&first.text);
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let shell = is_shell(name);
    if !(shell || matches!(plain, "python" | "node" | "perl" | "ruby" | "php" | "deno" | "bun")) {
        return false;
    }
    for word in &words[1..] {
        match word.text.as_str() {
            "-" | "-s" | "/dev/stdin" => return true,
            "-c" | "-m" | "-e" | "-p" | "-r" | "-n" => return false,
            option if shell && option.starts_with('-') => {
                if !option.starts_with("--") && option.contains('c') {
                    return false;
                }
                if !option.starts_with("--") && option.contains('s') {
                    return true;
                }
            }
            option if option.starts_with('-') => {
                if option.len() > 2 && option.ends_with('e')
                    || option.starts_with("-ne")
                    || option.starts_with("-pe")
                {
                    return false;
                }
            }
            redirection if redirection.contains('>') => return true,
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::shell::commands;
    use super::*;

    fn said(line: &str) -> Option<(&str, bool)> {
        let (place, hidden) = read(line, 0..line.len(), &commands(line, 0..line.len()))?;
        Some((&line[place], hidden))
    }

    #[test]
    fn programs_that_are_run_as_they_come() {
        for line in [
            "curl -fsSL https://x.example/i.sh | sh",
            "RUN curl https://x.example/i.sh | sudo -E bash -",
            "wget -qO- https://x.example/i.sh | bash -s -- --yes",
            "curl -sSL https://x.example/i.py | python3 -",
            "curl https://x.example/i.gz | gunzip | sh -x",
            "bash <(curl -s https://x.example/i.sh)",
            "sh -c \"$(curl -fsSL https://x.example/i.sh)\"",
            "eval \"$(curl -s https://x.example)\"",
            "source <(curl -s https://x.example)",
            "bash -c `curl -s https://x.example`",
            "irm https://x.example/i.ps1 | iex",
            "iex ((New-Object System.Net.WebClient).DownloadString('https://x.example/i.ps1'))",
        ] {
            assert_eq!(said(line).map(|(_, hidden)| hidden), Some(false), "{line}");
        }
        for line in [
            "curl http://x.example/i.sh | sh",
            "curl -k https://x.example/i.sh | sh",
            "curl https://x.example/i | base64 -d | bash",
        ] {
            assert_eq!(said(line).map(|(_, hidden)| hidden), Some(true), "{line}");
        }
        let line = "cd x && curl https://x.example | sh && y";
        assert_eq!(said(line), Some(("curl https://x.example | sh", false)));
    }

    #[test]
    fn data_that_a_program_reads() {
        for line in [
            "curl https://x.example | python -m json.tool",
            "curl https://x.example | python3 -c 'import sys'",
            "curl https://x.example | perl -ne 'print'",
            "curl https://x.example | node -e 'x'",
            "curl https://x.example | tar xz",
            "curl https://x.example | bash install.sh",
            "curl https://x.example -o i.sh && sh i.sh",
            "curl http://localhost:8000/x | sh",
            "cat x | sh",
            "curl https://x.example; cat x | sh",
            "echo \"$(curl https://x.example)\"",
            "iwr https://x.example -OutFile x",
        ] {
            assert_eq!(said(line), None, "{line}");
        }
    }
}
