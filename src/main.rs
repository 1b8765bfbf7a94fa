//! Parse the command line, run, print at most one error, set the exit code; nothing else.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use funnel_kpi::Outcome;
use funnel_kpi::cli::Cli;
use funnel_kpi::error::Failure;

fn main() -> ExitCode {
    match funnel_kpi::run(Cli::parse()) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Missed) => ExitCode::from(3),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // nobody reading stderr must not change the exit code
            let mut stderr = std::io::stderr().lock();
            let _ = writeln!(stderr, "error: {error:#}");
            let failure = Failure::of(&error);
            if let Some(hint) = failure.and_then(Failure::hint) {
                let _ = writeln!(stderr, "hint: {hint}");
            }
            ExitCode::from(failure.map_or(1, Failure::exit_code))
        }
    }
}

/// A reader that has seen enough (`funnel report | head`) is no error.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
