//! The seconds that a run took: the one thing told that differs from run to run, and so it goes to the log alone.

use std::time::Instant;

/// Started with the run.
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Counts from now.
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// Seconds since the start, to the millisecond.
    pub fn seconds(&self) -> f64 {
        (self.0.elapsed().as_secs_f64() * 1000.0).round() / 1000.0
    }
}
