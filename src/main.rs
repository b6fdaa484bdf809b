//! The command `weft`: parse, run, exit code.

#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::exit)]

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::quiet_panics();
    match std::panic::catch_unwind(command::run) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(_) => ExitCode::from(weft::error::Exit::Bug.code()),
    }
}
