//! Verdicts that have to be told: what misses its target or comes near, in a line for people and in parts for programs.

use super::Table;
use super::goals::{Aim, Place};
use super::plan::PLAN;
use super::targets::{Judged, Judgement, Side, Status};
use crate::config::Basis;
use crate::kpi::catalogue::Unit;
use crate::kpi::exact::Exact;
use crate::kpi::view::TOTAL;
use crate::lang;
use crate::render::{measured_text, status_text};
use crate::say;

/// What is told of a value and its target.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// For people, a line.
    pub text: String,
    pub status: Status,
    pub kpi: String,
    /// The first table of the report that shows the value; none where only that of all targets does.
    pub table: Option<String>,
    /// The label of the period, or `all`.
    pub period: String,
    pub basis: Basis,
    /// The dimensions that the target is about, with its values of them; none for a total.
    pub dimensions: Place,
    pub unit: Unit,
    pub value: Option<Exact>,
    /// What the value was to reach, and on which side of it.
    pub target: Option<(Side, Exact)>,
    /// The softer limit.
    pub warn: Option<Exact>,
    /// What the elapsed part of an unfinished period asks.
    pub pace: Option<Exact>,
}

/// The verdicts that miss, and those that come near or are behind; `tables` are those of the report.
pub fn told(judged: &[Judged], tables: &[Table], currency: Option<&str>) -> (Vec<Verdict>, Vec<Verdict>) {
    let with = |statuses: &[Status]| {
        let chosen = judged.iter().filter(|judged| statuses.contains(&judged.judgement.status));
        chosen.map(|judged| verdict(judged, tables, currency)).collect()
    };
    (with(&[Status::Missed]), with(&[Status::Warned, Status::Behind]))
}

fn verdict(judged: &Judged, tables: &[Table], currency: Option<&str>) -> Verdict {
    let Judgement { status, target, pace } = &judged.judgement;
    Verdict {
        text: line(judged, currency),
        status: *status,
        kpi: judged.goal.kpi.clone(),
        table: tables
            .iter()
            .find(|table| table.name != PLAN && shows(table, judged))
            .map(|table| table.name.clone()),
        period: judged.period.clone(),
        basis: judged.value.basis,
        dimensions: judged.goal.place.clone(),
        unit: judged.value.unit,
        value: judged.value.value,
        target: *target,
        warn: match &judged.goal.aim {
            Aim::Limits { warn, .. } => *warn,
            Aim::Plan(..) => None,
        },
        pace: *pace,
    }
}

/// Whether a table has the value that was judged, at its place.
fn shows(table: &Table, judged: &Judged) -> bool {
    let mut blocks = table.blocks.iter();
    blocks.any(|block| {
        block.rows.iter().any(|row| {
            let split = block.dimensions.iter().cloned().zip(row.key.iter().cloned());
            let place: Place = split.filter(|(_, value)| value != TOTAL).collect();
            let is_of_part =
                |place: &Place| place.iter().all(|(name, value)| judged.goal.place.get(name) == Some(value));
            is_of_part(&place)
                && row.values.iter().any(|value| {
                    value.kpi == judged.goal.kpi
                        && value.judgement.is_some()
                        && value.value == judged.value.value
                        && value.period.as_deref().unwrap_or(&table.period) == judged.period
                })
        })
    })
}

fn line(judged: &Judged, currency: Option<&str>) -> String {
    let Judgement { status, target, pace } = &judged.judgement;
    let number = |number: Exact| measured_text(number, judged.value.unit, currency);
    let actual = judged.value.value.map(number).or_else(|| judged.value.text.clone());
    let target = target.map(|(side, limit)| target_in_words(side, &judged.goal.aim, &number(limit)));
    let warn = match &judged.goal.aim {
        Aim::Limits { warn, .. } => warn.filter(|_| *status == Status::Warned),
        Aim::Plan(..) => None,
    };
    let warn = warn.map(|warn| say!("warning at {limit}", limit = number(warn)));
    let pace =
        pace.filter(|_| *status == Status::Behind).map(|pace| say!("{pace} by now", pace = number(pace)));
    let parts: Vec<String> = [actual, target, warn, pace].into_iter().flatten().collect();
    format!("{}{}: {}", beginning(*status), subject(judged), parts.join(", "))
}

/// What a line begins with: why it is told.
fn beginning(status: Status) -> String {
    match status {
        Status::Missed => say!("missed: "),
        Status::Behind => say!("behind: "),
        Status::Warned => say!("warned: "),
        other => format!("{}: ", status_text(other)),
    }
}

/// `churn_rate, 2026-Q2, owner = Anna`.
pub fn subject(judged: &Judged) -> String {
    let place: Vec<String> =
        judged.goal.place.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let place = if place.is_empty() { say!("total") } else { lang::all_of(&place) };
    let period = lang::period(&judged.period);
    format!("{}, {period}, {place}", judged.goal.kpi)
}

fn target_in_words(side: Side, aim: &Aim, limit: &str) -> String {
    match (aim, side) {
        (Aim::Plan(..), _) => say!("plan {limit}", limit = limit),
        (_, Side::AtLeast) => say!("target at least {limit}", limit = limit),
        (_, Side::AtMost) => say!("target at most {limit}", limit = limit),
        (_, Side::Planned) => say!("target {limit}", limit = limit),
    }
}
