//! The audit of `funnel check`: everything that is looked for, one group after the other, as a plain value.

use std::collections::BTreeMap;

use anyhow::Result;

use super::completeness::{self, Completeness};
use super::list::{CHECKS, Check};
use super::subject::{Answer, Examples, Found, Subject, answer, counted, whole};
use super::threshold::Threshold;
use super::{channels, coverage, customers, deals, duplicates, order, orphans, time};
use crate::config::Config;
use crate::input::profile::FileProfile;
use crate::kpi::exact::Exact;
use crate::leads::Data;
use crate::period::format_day;

/// Everything that a renderer needs.
#[derive(Debug)]
pub struct Audit {
    /// `YYYY-MM-DD`, empty where the data have no date.
    pub as_of: String,
    pub currency: Option<String>,
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
    /// What was found, or what it would take to look.
    pub outcome: std::result::Result<Found, &'static str>,
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
    let mut answers = noticed_on_the_way(&subject);
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
        leads: subject.counted.count(),
        files: data.files.clone(),
        findings: with_limits(answers, config),
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
        let of = found.of.map(|of| format!(" of {}", number(of))).unwrap_or_default();
        let share = found.share().map(|share| format!(" ({}%)", share.to_percent())).unwrap_or_default();
        format!("exceeded: {}: {}{of}{share}, the limit is {limit}", checked.check.key, number(found.count))
    };
    audit.findings.iter().filter(|checked| checked.status() == Status::Exceeded).map(line).collect()
}

/// The limits that could not be tested, a line each: a limit that nothing is held against must not look kept.
pub fn untested(audit: &Audit) -> Vec<String> {
    let limited = audit.findings.iter().filter(|checked| checked.threshold.is_some());
    limited
        .filter_map(|checked| {
            let needs = checked.outcome.as_ref().err()?;
            Some(format!("note: the limit of {} is not tested: {needs}", checked.check.key))
        })
        .collect()
}

/// What reading and joining noticed, as answers.
fn noticed_on_the_way(subject: &Subject) -> Vec<Answer> {
    let data = subject.data;
    let leads = subject.leads().frame.height() as u64;
    let told = |key: &'static str, of: &dyn Fn(u64) -> Option<u64>, effect: &dyn Fn(u64) -> String| {
        let findings: Vec<_> = data.findings.iter().filter(|finding| finding.key == Some(key)).collect();
        let count = findings.iter().map(|finding| finding.count).sum();
        let shown = findings.iter().flat_map(|finding| finding.examples.iter().cloned());
        let mut examples = Examples::of_texts(shown);
        examples.has_more |= findings.iter().any(|finding| finding.has_more);
        let found = counted(count, 0, examples, effect(count));
        answer(key, Ok(Found { of: of(count).map(whole), ..found }))
    };
    let won = subject.won.count();
    let lost = data.stages.lost.and(&subject.counted).count();
    let rows = |count: u64| Some(leads + count);
    vec![
        unreadable_rows(&data.files),
        told("totals_that_differ", &|_| None, &|_| {
            "rows are missing on one side: spend and all that is divided by it follow the rows, not the total"
                .to_string()
        }),
        told("rows_without_lead_id", &rows, &|_| {
            "in no number: whatever leads they are, every count of leads is too low by them".to_string()
        }),
        told("duplicate_leads", &rows, &|count| {
            let all = leads + count;
            format!("none, as each lead counts once: row by row there would be {all} leads, not {leads}")
        }),
        told("second_values", &rows, &|_| {
            "by these columns a lead counts under its first value: splits depend on the order of \
             rows"
                .to_string()
        }),
        told("further_deals", &rows, &|_| {
            "none, as each lead counts once: by what was won of its deals, else by what is open, else by the last that \
             was lost"
                .to_string()
        }),
        told("deals_without_lead", &|_| Some(leads), &|count| {
            format!(
                "each counts as a lead of its own: if all were deals of other leads, there would be {count} leads less"
            )
        }),
        told("won_and_lost", &|_| Some(won), &|count| {
            format!(
                "counted as won: if they were lost, {} leads would be won, not {won}",
                won - count.min(won)
            )
        }),
        told("lost_without_stage", &|_| Some(lost), &|_| {
            "counted at the first stage only: its conversion is too low by those that came further"
                .to_string()
        }),
        told("dates_after_as_of", &|_| None, &|_| {
            "not there yet for any number: a stage with such a date is not reached".to_string()
        }),
    ]
}

fn unreadable_rows(files: &[FileProfile]) -> Answer {
    let rejected: usize = files.iter().map(|file| file.rejected.len()).sum();
    let rows: usize = files.iter().map(|file| file.rows + file.rejected.len()).sum();
    let places = files.iter().flat_map(|file| {
        file.rejected.iter().map(move |rejected| format!("{}:{}", file.name, rejected.line))
    });
    let effect = "they are in no number: every count and sum of their files is too low by them".to_string();
    let found = counted(rejected as u64, rows as u64, Examples::of_texts(places), effect);
    answer("unreadable_rows", Ok(Found { of: (rows > 0).then(|| whole(rows as u64)), ..found }))
}

/// The answers in the order of the list, each with its limit.
fn with_limits(answers: Vec<Answer>, config: &Config) -> Vec<Checked> {
    let mut by_key: BTreeMap<&str, Answer> =
        answers.into_iter().map(|answer| (answer.check.key, answer)).collect();
    CHECKS
        .iter()
        .filter_map(|check| {
            let answer = by_key.remove(check.key);
            debug_assert!(answer.is_some(), "nobody answers {}", check.key);
            let threshold = config.check.get(check.key).cloned();
            Some(Checked { check, outcome: answer?.outcome, threshold })
        })
        .collect()
}
