//! What is told on stderr while a command runs: lines for people, or a JSON object a line (`--log json`) for whoever
//! collects logs. Nothing else writes there but the bar of long reading and, for people, the usage of a command line that
//! cannot be read.

pub mod beside;
mod json;
mod stopwatch;
pub mod usage;

use std::io::Write as _;
use std::path::PathBuf;

use self::stopwatch::Stopwatch;
use crate::Outcome;
use crate::cli::{Cli, LogFormat};
use crate::error::Failure;
use crate::input::Progress;
use crate::input::profile::FileProfile;
use crate::kpi::exact::Exact;
use crate::render::terminal::visible;
use crate::report::verdicts::Verdict;

/// How to tell, and since when.
pub struct Log {
    format: LogFormat,
    is_quiet: bool,
    stopwatch: Stopwatch,
}

/// Something that happened.
pub enum Event<'a> {
    /// A file was read.
    Read(&'a FileProfile),
    /// A report that was kept was read, with so many values; people named it themselves.
    Kept { file: &'a str, values: usize },
    /// What a reader should know.
    Note(&'a str),
    /// What was left out or looks wrong: the key of the check that tells it too, how many (or how much), and a line.
    Finding { key: &'a str, count: Exact, text: &'a str },
    /// What is near its target, or behind its pace.
    Warning(&'a Verdict),
    /// A target that is missed: why the exit code is 3.
    Missed(&'a Verdict),
    /// A limit of the audit that is exceeded: why the exit code is 3.
    Exceeded(&'a str),
    /// The end of a command that could do its work, with the files that it wrote.
    Done { outcome: Outcome, written: &'a [PathBuf] },
    /// The end of one that could not.
    Error(&'a anyhow::Error),
    /// A command line that cannot be read, and the way out.
    Usage { text: &'a str, hint: &'a str },
}

impl Log {
    /// The log that a command line asks for; the seconds count from here.
    pub fn of(cli: &Cli) -> Log {
        Log { format: cli.log, is_quiet: cli.quiet, stopwatch: Stopwatch::start() }
    }

    /// The log of a command line that cannot be read and asks for events.
    pub fn of_events() -> Log {
        Log { format: LogFormat::Json, is_quiet: false, stopwatch: Stopwatch::start() }
    }

    /// Whether nothing is to be said that need not be.
    pub fn is_quiet(&self) -> bool {
        self.is_quiet
    }

    /// Whether programs read it.
    pub fn is_json(&self) -> bool {
        self.format == LogFormat::Json
    }

    /// A bar for reading so many bytes, where it would neither disturb silence nor a program.
    ///
    /// # Errors
    /// Those of finding out how many.
    pub fn progress(&self, bytes: impl FnOnce() -> anyhow::Result<u64>) -> anyhow::Result<Progress> {
        if self.is_quiet || self.is_json() { Ok(Progress::hidden()) } else { bytes().map(Progress::new) }
    }

    /// Tells what happened, as far as it is to be told; nobody reading it is no error.
    pub fn tell<'a>(&self, events: impl IntoIterator<Item = Event<'a>>) {
        let mut stderr = std::io::stderr().lock();
        for event in events.into_iter().filter(|event| !self.is_quiet || is_told_even_so(event)) {
            let lines = match self.format {
                LogFormat::Text => text(&event),
                LogFormat::Json => vec![json::line(&event, self.stopwatch.seconds())],
            };
            for line in lines {
                // JSON has no such characters in it
                let _ = writeln!(stderr, "{}", visible(&line));
            }
        }
    }

    /// Tells lines, each as such an event.
    pub fn tell_lines<'a>(&self, lines: &'a [String], event: impl Fn(&'a str) -> Event<'a>) {
        self.tell(lines.iter().map(|line| event(line)));
    }
}

/// Why the exit code is not 0 is said even where nothing else is to be said.
fn is_told_even_so(event: &Event) -> bool {
    matches!(event, Event::Missed(_) | Event::Exceeded(_) | Event::Error(_) | Event::Usage { .. })
}

/// An event as lines for people; the end of a command needs no word.
fn text(event: &Event) -> Vec<String> {
    match event {
        Event::Read(file) => file.describe(),
        Event::Note(line) | Event::Finding { text: line, .. } | Event::Exceeded(line) => {
            vec![(*line).to_string()]
        }
        Event::Warning(verdict) | Event::Missed(verdict) => vec![verdict.text.clone()],
        Event::Usage { text, hint } => vec![format!("error: {text}"), format!("hint: {hint}")],
        Event::Done { .. } | Event::Kept { .. } => Vec::new(),
        Event::Error(error) => {
            let hint = Failure::of(error).and_then(Failure::hint).map(|hint| format!("hint: {hint}"));
            std::iter::once(format!("error: {error:#}")).chain(hint).collect()
        }
    }
}
