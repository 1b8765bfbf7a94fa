//! A bar on stderr for reading that takes long enough to wonder about. It shows bytes and touches no number.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::say;

/// Reading that ends within this time shows no bar.
const PATIENCE: Duration = Duration::from_secs(2);

/// How much of the files has been read.
#[derive(Debug)]
pub struct Progress {
    state: Option<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    started: Instant,
    total: u64,
    done: u64,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A bar over so many bytes, which appears on stderr if that is a terminal.
    pub fn new(total: u64) -> Progress {
        use std::io::IsTerminal as _;
        let is_seen = std::io::stderr().is_terminal();
        let state = || Mutex::new(State { started: Instant::now(), total, done: 0, bar: None });
        Progress { state: is_seen.then(state) }
    }

    /// No bar at all.
    pub fn hidden() -> Progress {
        Progress { state: None }
    }

    /// So many bytes more have been read.
    pub fn add(&self, bytes: usize) {
        let Some(state) = &self.state else { return };
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.done += bytes as u64;
        if state.bar.is_none() && state.started.elapsed() > PATIENCE {
            state.bar = Some(bar(state.total));
        }
        if let Some(bar) = &state.bar {
            bar.set_position(state.done.min(state.total));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let state = self.state.take().and_then(|state| state.into_inner().ok());
        if let Some(bar) = state.and_then(|state| state.bar) {
            bar.finish_and_clear();
        }
    }
}

fn bar(total: u64) -> ProgressBar {
    // the bar fills in marks of its own
    let template = say!(
        "reading {bar} {done} of {all}, {rest} left",
        bar = "{bar:40}",
        done = "{bytes}",
        all = "{total_bytes}",
        rest = "{eta}"
    );
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()).with_style(style)
}
