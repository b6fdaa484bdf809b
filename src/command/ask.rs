//! Questions to the person at the terminal. Without a person there is no answer, and no answer is a no.

use std::io::{BufRead, IsTerminal, Write};

use weft::error::{Error, ErrorKind, Result};

/// Asks for `answer` to be typed. Errors (kind `Held`) when nobody is there to type it.
pub(super) fn confirm(question: &str, answer: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Error::new(ErrorKind::Held, "a person has to answer at a terminal, and there is none")
            .hint("run the command in a terminal; with --yes it does not ask, and your key's passphrase or touch is then the only question"));
    }
    let failed = |error| Error::new(ErrorKind::Io, "cannot ask at the terminal").because(error);
    let mut screen = std::io::stderr().lock();
    write!(screen, "{question} Type {answer} to go on: ").and_then(|()| screen.flush()).map_err(failed)?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(failed)?;
    Ok(line.trim() == answer)
}

/// Asks for the passphrase of a key, without echo; `None` when nobody is there.
pub(super) fn passphrase(key: &str) -> Option<String> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    rpassword::prompt_password(format!("passphrase of {key}: ")).ok()
}
