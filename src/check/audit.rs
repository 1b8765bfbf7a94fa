//! The audit of `funnel check`: everything that is looked for, one group after the other, as a plain value.

use std::collections::BTreeMap;

use anyhow::Result;

use super::completeness::{self, Completeness};
use super::list::{CHECKS, Check, OfEvents, STOPS};
use super::subject::Found;
use super::subject::{Answer, CrmRow, Subject};
use super::threshold::Threshold;
use super::{channels, coverage, customers, deals, duplicates, noticed, order, orphans, time};
use crate::config::Config;
use crate::input::profile::FileProfile;
use crate::kpi::exact::Exact;
use crate::leads::Data;
use crate::period::format_day;
use crate::{lang, say, words};

const EVENTS_HAVE_NO_IDS: &str = words!("the rows of the CRM are events without lead IDs");

/// Everything that a renderer needs.
#[derive(Debug)]
pub struct Audit {
    /// `YYYY-MM-DD`, empty where the data have no date.
    pub as_of: String,
    pub currency: Option<String>,
    /// What a row of the CRM is.
    pub row: CrmRow,
    /// The number of leads that are there on the day of the audit.
    pub leads: u64,
    pub files: Vec<FileProfile>,
    /// Every check once, in the order of [`CHECKS`].
    pub findings: Vec<Checked>,
    pub coverage: Vec<coverage::Coverage>,
    pub completeness: Completeness,
}

/// A check with what was found and the limit that it has.
#[derive(Debug)]
pub struct Checked {
    pub check: &'static Check,
    /// What is counted, in the plural.
    pub what: String,
    /// What was found, or what it would take to look.
    pub outcome: std::result::Result<Found, String>,
    pub threshold: Option<Threshold>,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    NotChecked,
    Clean,
    Found,
    Exceeded,
}

impl Status {
    /// The word in CSV and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Status::NotChecked => "not_checked",
            Status::Clean => "clean",
            Status::Found => "found",
            Status::Exceeded => "exceeded",
        }
    }
}

impl Checked {
    /// Whether something was found that no report can be made of.
    pub fn stops_report(&self) -> bool {
        self.check.section == STOPS && matches!(self.status(), Status::Found | Status::Exceeded)
    }

    /// What came of it.
    pub fn status(&self) -> Status {
        match &self.outcome {
            Err(_) => Status::NotChecked,
            Ok(found) if self.threshold.as_ref().is_some_and(|limit| limit.is_exceeded(found)) => {
                Status::Exceeded
            }
            Ok(found) if found.count.is_zero() => Status::Clean,
            Ok(_) => Status::Found,
        }
    }
}

impl Found {
    /// The share of what was looked at.
    pub fn share(&self) -> Option<Exact> {
        self.count.over(self.of?)
    }
}

/// Audits the data by the limits of the configuration.
///
/// # Errors
/// None on data that were joined.
pub fn audit(data: &Data, config: &Config) -> Result<Audit> {
    let subject = Subject::new(data);
    let mut answers = noticed::answers(&subject, config);
    answers.extend(duplicates::answers(&subject));
    answers.extend(orphans::answers(&subject));
    answers.extend(order::answers(&subject, config.negative_days));
    answers.extend(time::answers(&subject));
    answers.extend(channels::answers(&subject));
    let (coverage, attribution) = coverage::answers(&subject)?;
    answers.extend(attribution);
    answers.extend(deals::answers(&subject));
    answers.extend(customers::answers(&subject));
    let (completeness, placeholders) = completeness::completeness(&subject);
    answers.push(placeholders);
    Ok(Audit {
        as_of: data.as_of.map(format_day).unwrap_or_default(),
        currency: data.currency.clone(),
        row: subject.row,
        leads: subject.counted.count(),
        files: data.files.clone(),
        findings: with_limits(answers, config, data.is_event_based),
        coverage,
        completeness,
    })
}

/// The limits that are exceeded, a line each.
pub fn exceeded(audit: &Audit) -> Vec<String> {
    let line = |checked: &Checked| {
        let (Ok(found), Some(limit)) = (&checked.outcome, &checked.threshold) else {
            return String::new();
        };
        let number = |number: Exact| if found.is_money { number.to_text(2) } else { number.to_text(0) };
        let (key, count, limit) = (checked.check.key, number(found.count), limit.to_string());
        match (found.of.map(number), found.share().map(Exact::to_percent)) {
            (Some(of), Some(share)) => say!(
                "exceeded: {key}: {count} of {of} ({share}%), the limit is {limit}",
                key = key,
                count = count,
                of = of,
                share = share,
                limit = limit
            ),
            (Some(of), None) => say!(
                "exceeded: {key}: {count} of {of}, the limit is {limit}",
                key = key,
                count = count,
                of = of,
                limit = limit
            ),
            (None, _) => say!(
                "exceeded: {key}: {count}, the limit is {limit}",
                key = key,
                count = count,
                limit = limit
            ),
        }
    };
    audit.findings.iter().filter(|checked| checked.status() == Status::Exceeded).map(line).collect()
}

/// The limits that could not be tested, a line each: a limit that nothing is held against must not look kept.
pub fn untested(audit: &Audit) -> Vec<String> {
    let limited = audit.findings.iter().filter(|checked| checked.threshold.is_some());
    limited
        .filter_map(|checked| {
            let needs = checked.outcome.as_ref().err()?;
            let key = checked.check.key;
            Some(say!("note: the limit of {key} is not tested: {needs}", key = key, needs = needs))
        })
        .collect()
}

/// The findings that no report can be made of, a line each.
pub fn stopping(audit: &Audit) -> Vec<String> {
    let stopping = audit.findings.iter().filter(|checked| checked.stops_report());
    stopping
        .filter_map(|checked| {
            let found = checked.outcome.as_ref().ok()?;
            let (key, count) = (checked.check.key, found.count.to_text(0));
            Some(match found.examples.shown.first() {
                Some(place) => say!(
                    "note: no report can be made: {key}: {count} ({place})",
                    key = key,
                    count = count,
                    place = place
                ),
                None => say!("note: no report can be made: {key}: {count}", key = key, count = count),
            })
        })
        .collect()
}

/// The answers in the order of the list, each with its limit.
fn with_limits(answers: Vec<Answer>, config: &Config, is_event_based: bool) -> Vec<Checked> {
    let mut by_key: BTreeMap<&str, Answer> =
        answers.into_iter().map(|answer| (answer.check.key, answer)).collect();
    CHECKS
        .iter()
        .filter_map(|check| {
            let answer = by_key.remove(check.key);
            debug_assert!(answer.is_some(), "nobody answers {}", check.key);
            let threshold = config.check.get(check.key).cloned();
            let outcome = answer?.outcome;
            let (what, outcome) = match check.of_events {
                OfEvents::Called(events) if is_event_based => (events, outcome),
                OfEvents::Nothing if is_event_based => (check.what, Err(EVENTS_HAVE_NO_IDS)),
                _ => (check.what, outcome),
            };
            Some(Checked { check, what: lang::text(what), outcome: outcome.map_err(lang::text), threshold })
        })
        .collect()
}
