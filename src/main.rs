//! The command `weft`: parse, run, exit code.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::quiet_panics();
    match std::panic::catch_unwind(command::run) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(_) => ExitCode::from(weft::error::Exit::Bug.code()),
    }
}
