//! The whole report: the tables of one period, of one beside another, or of several side by side, and what is said with
//! them.

use std::collections::BTreeSet;

use anyhow::Result;

use super::build;
use super::built::{self, Built};
use super::causes;
use super::cohorts;
use super::compare::{self, Compare};
use super::every::{self, Part};
use super::goals::Goal;
use super::plan::{self, PLAN};
use super::scope::Scope;
use super::top::Foldings;
use super::verdicts::{self, Verdict};
use super::{Report, targets};
use crate::calendar::{self, Every};
use crate::error::{data_error, usage_error};
use crate::period::{Period, format_day};
use crate::say;

/// More periods than this are a wrong date or a wrong option: ten years of weeks.
const MOST_PERIODS: usize = 530;

/// What is asked beside the scope.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The tables; none named: all that the inputs allow.
    pub names: &'a [String],
    pub every: Option<Every>,
    pub compare: Option<Compare>,
    /// What was to be reached.
    pub goals: &'a [Goal],
}

/// The report, and what is said beside it, a line each.
pub struct Answer {
    pub report: Report,
    pub notes: Vec<String>,
    /// The targets that are missed.
    pub missed: Vec<Verdict>,
    /// Those that are near, or behind their pace.
    pub warned: Vec<Verdict>,
}

/// Builds what was asked for, and holds it against the goals.
///
/// # Errors
/// An unknown table, a named one that lacks its inputs, a comparison without a period.
pub fn answer(scope: &Scope, asked: &Asked) -> Result<Answer> {
    let wants_plan = asked.names.is_empty() || asked.names.iter().any(|name| name == PLAN);
    if wants_plan && asked.goals.is_empty() && !asked.names.is_empty() {
        return Err(data_error(
            "the table `plan` needs `[targets]` in funnel.toml, or a plan (`--plan`)",
            "set a target, or leave the table out of the command",
        ));
    }
    let names: Vec<String> = asked.names.iter().filter(|name| *name != PLAN).cloned().collect();
    let is_plan_alone = names.is_empty() && !asked.names.is_empty();
    let mut notes = Vec::new();
    let shown = match asked.every {
        Some(every) => {
            let (periods, left_out) = periods(scope, every)?;
            notes.extend(left_out);
            Some(periods)
        }
        None => None,
    };
    let rest = Asked { names: &names, ..*asked };
    let (report, more) = match (&shown, asked.compare) {
        _ if is_plan_alone => (built::around(scope, Vec::new()), Vec::new()),
        (Some(shown), _) => every_period(scope, &rest, shown)?,
        (None, Some(compare)) => compared(scope, &rest, compare)?,
        (None, None) => {
            let (mut report, notes) = build::report(scope, &names)?;
            compare::mark_rows(&mut report.tables);
            (report, notes)
        }
    };
    notes.extend(more);
    let mut answer = Answer { report, notes, missed: Vec::new(), warned: Vec::new() };
    if !asked.goals.is_empty() {
        hold_against_goals(scope, asked, shown.as_deref(), wants_plan, &mut answer)?;
    }
    answer.report.definitions = built::definitions(scope.catalogue, &answer.report.tables);
    Ok(answer)
}

/// Marks what misses its target, and adds the table of all targets where it is wanted. A target of a KPI that no table
/// of the report shows is not looked at: who asks for one table is not told about another.
fn hold_against_goals(
    scope: &Scope,
    asked: &Asked,
    shown: Option<&[Period]>,
    wants_plan: bool,
    answer: &mut Answer,
) -> Result<()> {
    let tables = &mut answer.report.tables;
    let values = tables.iter().flat_map(|table| &table.blocks).flat_map(|block| &block.rows);
    let kpis: BTreeSet<&str> = values.flat_map(|row| &row.values).map(|value| value.kpi.as_str()).collect();
    let goals: Vec<Goal> =
        asked.goals.iter().filter(|goal| wants_plan || kpis.contains(goal.kpi.as_str())).cloned().collect();
    let (judged, notes) = targets::judge_all(scope, shown, &goals)?;
    targets::mark(tables, &judged, scope);
    if let Some(plan) = plan::table(scope, &judged).filter(|_| wants_plan) {
        let place = tables.iter().position(|table| table.name == build::OWN_KPIS).unwrap_or(tables.len());
        tables.insert(place, plan);
    }
    if tables.is_empty() {
        return Err(data_error(
            say!("the table `plan` has nothing to show: no target can be held against these data"),
            if notes.is_empty() {
                say!("no target is for this period and part of the data")
            } else {
                notes.join("; ")
            },
        ));
    }
    let (missed, warned) = verdicts::told(&judged, tables, scope.data.currency.as_deref());
    answer.notes.extend(notes);
    answer.report.is_judged = true;
    answer.missed = missed;
    answer.warned = warned;
    Ok(())
}

/// The report of one period beside another one.
fn compared(scope: &Scope, asked: &Asked, compare: Compare) -> Result<(Report, Vec<String>)> {
    let Some(period) = scope.period else {
        return Err(usage_error(
            "`--compare` needs a period",
            "name one, such as `--month 2026-10`, or several with `--every month`",
        ));
    };
    let before = compare.period(period);
    // what stays is decided by the period that is reported on
    let foldings = Foldings::new(scope.top);
    let mut built = build::tables(scope, asked.names, &foldings)?;
    built.check(asked.names)?;
    for table in &mut built.tables {
        causes::judge(scope, table, |note| note)?;
    }
    let mut notes = built.left_out();
    notes.extend(built::notes(scope, &built.tables)?);
    if let Some(note) = no_data_before(scope, &before) {
        notes.push(note);
    } else {
        let earlier = scope.in_period(&before);
        let mut others = build::tables(&earlier, asked.names, &foldings)?;
        cohorts::align([&mut built.tables, &mut others.tables]);
        compare::add(&mut built.tables, scope, &others.tables, &earlier, &foldings)?;
        notes.extend(data_begin_within(scope, &before));
        cohorts::lay_down(&mut built.tables, &period.label);
        compare::widen(&mut built.tables, &before);
        for table in &mut built.tables {
            table.scope = say!("{scope}, beside {period}", scope = table.scope, period = before.label);
        }
    }
    let report = Report { is_compared: true, ..built::around(scope, built.tables) };
    Ok((report, notes))
}

/// The report of each calendar period.
fn every_period(scope: &Scope, asked: &Asked, shown: &[Period]) -> Result<(Report, Vec<String>)> {
    let mut notes = Vec::new();
    let (all, befores) = with_those_before(scope, asked.compare, shown);
    let foldings = foldings_of_span(scope, asked.names, shown)?;
    let mut parts = Vec::new();
    let mut merged = Built { tables: Vec::new(), lacking: Vec::new() };
    for (place, period) in all.iter().enumerate() {
        let of_period = scope.in_period(period);
        let built = build::tables(&of_period, asked.names, &foldings)?;
        merged.lacking.extend(built.lacking);
        parts.push(Part {
            period,
            scope: of_period,
            tables: built.tables,
            before: befores.get(place).copied().flatten(),
            is_shown: place < shown.len(),
        });
    }
    if let (Some(compare), true) = (asked.compare, befores.iter().all(Option::is_none)) {
        let before = shown.last().and_then(|last| no_data_before(scope, &compare.period(last)));
        notes.extend(before);
    }
    cohorts::align(parts.iter_mut().map(|part| &mut part.tables));
    merged.tables = every::side_by_side(&parts, scope, asked, &foldings)?;
    merged.settle();
    merged.check(asked.names)?;
    notes.extend(merged.left_out());
    notes.extend(built::notes(scope, &merged.tables)?);
    let report =
        Report { is_compared: asked.compare.is_some(), ..built::around_periods(scope, merged.tables) };
    Ok((report, notes))
}

/// Periods with those that they are compared with behind them; and for each its place there, where the data have it.
fn with_those_before(
    scope: &Scope,
    compare: Option<Compare>,
    shown: &[Period],
) -> (Vec<Period>, Vec<Option<usize>>) {
    let mut all = shown.to_vec();
    let mut befores = Vec::new();
    for period in shown {
        let before = compare.map(|compare| compare.period(period));
        let before = before.filter(|before| no_data_before(scope, before).is_none());
        befores.push(before.map(|before| {
            all.iter().position(|known| *known == before).unwrap_or_else(|| {
                all.push(before);
                all.len() - 1
            })
        }));
    }
    (all, befores)
}

/// What stays in the tables of several periods: the largest values of all of them together.
///
/// # Errors
/// An unknown table.
fn foldings_of_span(scope: &Scope, names: &[String], shown: &[Period]) -> Result<Foldings> {
    let foldings = Foldings::new(scope.top);
    if let Some((first, last)) = shown.first().zip(shown.last()).filter(|_| scope.top.is_some()) {
        let span = Period::span(first.from, last.to);
        build::tables(&scope.in_period(&span), names, &foldings)?;
    }
    Ok(foldings)
}

/// The calendar periods within the period that was asked for, or from the first to the last date of the data; and what
/// was left out of them.
///
/// # Errors
/// Data without dates, more periods than anybody reads, a span that begins after the data end.
fn periods(scope: &Scope, every: Every) -> Result<(Vec<Period>, Vec<String>)> {
    let option = format!("--every {}", every.name());
    let data = scope.data;
    let (from, to) = match (scope.period, data.first_day.zip(data.as_of)) {
        (Some(period), _) => (period.from, period.to),
        (None, Some((first, last))) if first <= last => {
            (calendar::period_of(every, first).from, calendar::period_of(every, last).to)
        }
        (None, _) => {
            return Err(data_error(
                format!("`{option}`: the data have no dates"),
                "map a column of dates in funnel.toml",
            ));
        }
    };
    let mut periods = calendar::periods(every, from, to);
    if periods.len() > MOST_PERIODS {
        return Err(usage_error(
            format!(
                "`{option}`: from {} to {} there are {} periods",
                format_day(from),
                format_day(to),
                periods.len()
            ),
            "name a shorter span with `--from` and `--to`, or a longer period; a date far from the others may be a wrong one",
        ));
    }
    let Some(as_of) = data.as_of else { return Ok((periods, Vec::new())) };
    let begun = periods.iter().filter(|period| period.from <= as_of).count();
    if begun == 0 {
        return Err(usage_error(
            format!("`{option}`: {} begins after the data end, on {}", format_day(from), format_day(as_of)),
            "name a period within the data with `--from` and `--to`",
        ));
    }
    let later = periods.split_off(begun);
    let note = later.first().map(|first| {
        say!(
            "left out: {period} and what follows begins after the data end, on {as_of}",
            period = first.label,
            as_of = format_day(as_of)
        )
    });
    Ok((periods, note.into_iter().collect()))
}

/// Why there is nothing to compare with: zeros before the first date of the data are no figures.
fn no_data_before(scope: &Scope, before: &Period) -> Option<String> {
    let first = scope.data.first_day.filter(|first| before.to <= *first)?;
    Some(say!(
        "note: nothing to compare with: {period} lies before the data, which begin on {first}",
        period = before.label,
        first = format_day(first)
    ))
}

fn data_begin_within(scope: &Scope, before: &Period) -> Option<String> {
    let first = scope.data.first_day.filter(|first| before.contains(*first) && *first > before.from)?;
    Some(say!(
        "note: the data begin on {first}, within {period}, which the report is compared with",
        first = format_day(first),
        period = before.label
    ))
}
