//! What is told beside an answer, and whether the answer misses what it was to reach.

use super::{Event, Log};
use crate::Outcome;
use crate::check::Finding;
use crate::check::audit::{self, Audit, Status};
use crate::check::subject::whole;
use crate::cli::Format;
use crate::render;
use crate::report::answer::Answer;
use crate::report::scope::{Scope, without_date};

/// Tells what is said beside a report, and how it ended.
pub fn tell_report(answer: &Answer, scope: &Scope, formats: &[Format], log: &Log) -> Outcome {
    log.tell_lines(&answer.notes, Event::Note);
    // what stands in the report is not said twice to people
    if log.is_json() || !formats.iter().any(|format| render::shows_findings(*format)) {
        // each line is that of a finding
        let undated = without_date(scope);
        let known = scope.data.findings.iter().chain(&undated);
        tell_findings(known.filter(|found| answer.report.findings.contains(&found.describe())), log);
    }
    log.tell(answer.warned.iter().map(Event::Warning));
    log.tell(answer.missed.iter().map(Event::Missed));
    if answer.missed.is_empty() { Outcome::Done } else { Outcome::Missed }
}

/// Tells findings, an event each.
pub fn tell_findings<'a>(findings: impl IntoIterator<Item = &'a Finding>, log: &Log) {
    for found in findings {
        let (key, count) = (found.key, whole(found.count));
        log.tell([Event::Finding { key, count, text: &found.describe() }]);
    }
}

/// Tells what an audit found, which people read in the audit itself, and its limits.
pub fn tell_audit(audit: &Audit, log: &Log) -> Outcome {
    let checks = audit.findings.iter().filter(|_| log.is_json());
    for checked in checks {
        if let (Ok(found), Status::Found | Status::Exceeded) = (&checked.outcome, checked.status()) {
            log.tell([Event::Finding { key: checked.check.key, count: found.count, text: &checked.what }]);
        }
    }
    tell_limits(audit, log)
}

/// Says which limits are exceeded, even where nothing else is to be said: they are why the exit code is not 0.
fn tell_limits(audit: &Audit, log: &Log) -> Outcome {
    log.tell_lines(&audit::stopping(audit), Event::Note);
    log.tell_lines(&audit::untested(audit), Event::Note);
    let exceeded = audit::exceeded(audit);
    log.tell_lines(&exceeded, Event::Exceeded);
    if exceeded.is_empty() { Outcome::Done } else { Outcome::Missed }
}
