//! Parse the command line, run, print at most one error, set the exit code; nothing else.

use std::process::ExitCode;

use clap::Parser;
use funnel_kpi::Outcome;
use funnel_kpi::cli::Cli;
use funnel_kpi::error::exit_code;
use funnel_kpi::log::{Event, Log, usage};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if usage::tell(&error, std::env::args_os()) => return ExitCode::from(2),
        Err(error) => error.exit(),
    };
    let log = Log::of(&cli);
    match funnel_kpi::run(cli, &log) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Missed) => ExitCode::from(3),
        Err(error) => {
            log.tell([Event::Error(&error)]);
            ExitCode::from(exit_code(&error))
        }
    }
}
