//! Values held against what was to be reached: each goal gets one verdict, and wherever its value stands in the report it
//! bears the mark.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;

use super::goals::{Aim, Goal, Place};
use super::presence;
use super::scope::Scope;
use super::verdicts::subject;
use super::{Table, Value};
use crate::calendar;
use crate::config::Basis;
use crate::kpi::catalogue::{Calculation, CurveSide, Direction, Entry, Unit};
use crate::kpi::exact::Exact;
use crate::kpi::view::TOTAL;
use crate::lang;
use crate::leads::Over;
use crate::period::{Period, format_day};
use crate::{say, words};

/// How a value stands to what was to be reached, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// There is no value or no row that it would count, or nothing says on which side of the plan is better.
    NotJudged,
    Met,
    /// Not there yet, and as far as the elapsed part of the period asks.
    OnPace,
    /// Met, but beyond the softer limit.
    Warned,
    /// Not there yet, and less far than the elapsed part of the period asks.
    Behind,
    Missed,
}

impl Status {
    /// The status of a word in CSV and JSON.
    pub fn of_name(name: &str) -> Option<Status> {
        use Status::{Behind, Met, Missed, NotJudged, OnPace, Warned};
        [NotJudged, Met, OnPace, Warned, Behind, Missed].into_iter().find(|status| status.name() == name)
    }

    /// The word in CSV and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Status::NotJudged => "not_judged",
            Status::Met => "met",
            Status::OnPace => "on_pace",
            Status::Warned => "warned",
            Status::Behind => "behind",
            Status::Missed => "missed",
        }
    }
}

/// A verdict.
#[derive(Debug, Clone)]
pub struct Judgement {
    pub status: Status,
    /// The limit or plan that decided, and what it asks.
    pub target: Option<(Side, Exact)>,
    /// What the elapsed part of an unfinished period asks.
    pub pace: Option<Exact>,
}

/// On which side of a number its target is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    AtLeast,
    AtMost,
    /// A plan of a KPI of which more is neither better nor worse.
    Planned,
}

impl Side {
    /// The word in the log.
    pub fn name(self) -> &'static str {
        match self {
            Side::AtLeast => "at_least",
            Side::AtMost => "at_most",
            Side::Planned => "planned",
        }
    }
}

/// A goal in one period, with the value and the verdict.
pub struct Judged<'a> {
    pub goal: &'a Goal,
    /// The label of the period, or `all`.
    pub period: String,
    pub value: Value,
    pub judgement: Judgement,
}

/// Holds every goal that the scope is about against its value. `shown` are the periods of the report's columns, if it has
/// such. Also says what could not be looked at.
///
/// # Errors
/// A predicate that does not fit the columns.
pub fn judge_all<'a>(
    scope: &Scope,
    shown: Option<&[Period]>,
    goals: &'a [Goal],
) -> Result<(Vec<Judged<'a>>, Vec<String>)> {
    let mut asked: Vec<(&Goal, Option<Period>)> = Vec::new();
    let mut notes = Vec::new();
    for goal in goals {
        // under a filter the total is not the total of the target
        let holds =
            |filter: &crate::kpi::view::Filter| goal.place.get(&filter.dimension) == Some(&filter.value);
        if !scope.filters.iter().all(holds) {
            continue;
        }
        if let Some(lack) = scope.lacking(&goal.kpi)? {
            notes.push(say!("left out: the target of {kpi} needs {lack}", kpi = goal.kpi, lack = lack));
            continue;
        }
        asked.extend(periods_of(scope, shown, &goal.aim).into_iter().map(|period| (goal, period)));
    }
    let periods: BTreeMap<(i32, i32), Period> = asked
        .iter()
        .filter_map(|(_, period)| period.clone())
        .map(|period| ((period.from, period.to), period))
        .collect();
    let scopes: BTreeMap<(i32, i32), Scope> =
        periods.iter().map(|(key, period)| (*key, scope.in_period(period))).collect();
    let mut judged = Vec::new();
    for (goal, period) in asked {
        let of_period = period.as_ref().and_then(|period| scopes.get(&(period.from, period.to)));
        judged.push(judge(of_period.unwrap_or(scope), goal)?);
    }
    notes.extend(
        judged
            .iter()
            .filter(|judged| judged.value.value.is_none())
            .map(|judged| say!("note: not judged, without a value: {subject}", subject = subject(judged))),
    );
    notes.extend(
        judged
            .iter()
            .filter(|judged| is_of_no_row(judged))
            .map(|judged| say!("note: not judged, without a row: {subject}", subject = subject(judged))),
    );
    notes.sort();
    notes.dedup();
    notes.extend(not_begun(scope, goals));
    Ok((judged, notes))
}

/// Whether a verdict would be one on rows that are not there: its value is 0 because nothing is counted.
fn is_of_no_row(judged: &Judged) -> bool {
    let Judgement { status, target, .. } = &judged.judgement;
    let is_neutral = target.is_some_and(|(side, _)| side == Side::Planned);
    *status == Status::NotJudged && judged.value.value.is_some() && !is_neutral
}

/// The periods in which an aim is looked at, within those that are reported; none stands for all dates. What has not begun
/// by the day of the data cannot be missed.
fn periods_of(scope: &Scope, shown: Option<&[Period]>, aim: &Aim) -> Vec<Option<Period>> {
    let span = match (shown, scope.period) {
        (Some(shown), _) => shown.first().zip(shown.last()).map(|(first, last)| (first.from, last.to)),
        (None, period) => period.map(|period| (period.from, period.to)),
    };
    let is_within = |period: &Period| span.is_none_or(|(from, to)| from <= period.from && period.to <= to);
    let has_begun = |period: &Period| scope.data.as_of.is_none_or(|as_of| period.from <= as_of);
    let of_goal: Vec<Period> = match aim {
        Aim::Plan(_, period) => vec![period.clone()],
        Aim::Limits { every: Some(every), .. } => {
            let data = scope.data.first_day.zip(scope.data.as_of).map(|(first, last)| {
                (calendar::period_of(*every, first).from, calendar::period_of(*every, last).to)
            });
            let (from, to) = span.or(data).unwrap_or_default();
            let periods = calendar::periods(*every, from, to);
            periods.into_iter().filter(|period| period.kind == Some(*every)).collect()
        }
        Aim::Limits { every: None, .. } => match (shown, scope.period) {
            (Some(shown), _) => shown.to_vec(),
            (None, Some(period)) => vec![period.clone()],
            (None, None) => return vec![None],
        },
    };
    of_goal.into_iter().filter(|period| is_within(period) && has_begun(period)).map(Some).collect()
}

/// The plans that nothing can be said about yet.
fn not_begun(scope: &Scope, goals: &[Goal]) -> Option<String> {
    let as_of = scope.data.as_of?;
    let later = goals.iter().filter(|goal| match &goal.aim {
        Aim::Plan(_, period) => {
            period.from > as_of && scope.period.is_none_or(|asked| asked.contains(period.from))
        }
        Aim::Limits { .. } => false,
    });
    let count = later.count();
    let day = format_day(as_of);
    (count > 0).then(|| {
        say!("left out: rows of the plan whose period begins after {day}: {count}", day = day, count = count)
    })
}

/// A goal in the period of the scope.
fn judge<'a>(scope: &Scope, goal: &'a Goal) -> Result<Judged<'a>> {
    let entry = scope.catalogue.kpi(&goal.kpi)?;
    let basis = goal.basis.or(scope.basis).unwrap_or_else(|| usual_basis(scope, entry));
    let is_split = |name: &&String| !scope.filters.iter().any(|filter| filter.dimension == **name);
    let dimensions: Vec<String> = goal.place.keys().filter(is_split).cloned().collect();
    let key: Vec<String> = dimensions.iter().map(|name| goal.place[name].clone()).collect();
    let key = Some(&key).filter(|key| !key.is_empty());
    let mut value = scope.value(&goal.kpi, basis, &dimensions, key)?;
    value.period = scope.period.map(|period| period.label.as_str().into());
    // of what adds up over a period only so much can be there as has passed of it
    let elapsed = scope.period.zip(scope.data.as_of).and_then(|(period, as_of)| {
        let days = i128::from(as_of) + 1 - i128::from(period.from);
        let is_open = as_of + 1 < period.to && adds_up(entry);
        Exact::fraction(days, i128::from(period.to - period.from)).filter(|_| is_open)
    });
    let judgement = match value.value {
        Some(actual) => {
            let judged = verdict(actual, &goal.aim, entry.kpi.better, elapsed);
            // what is not there exceeds nothing, and has earned no praise
            let is_met = judged.status < Status::Behind && judged.status != Status::NotJudged;
            let is_of_nothing = is_met && actual.is_zero() && !presence::has_rows(scope, goal)?;
            if is_of_nothing { Judgement { status: Status::NotJudged, ..judged } } else { judged }
        }
        None => Judgement {
            status: if is_past(scope, goal, basis, (&dimensions, key))? {
                Status::Missed
            } else {
                Status::NotJudged
            },
            target: target_of(&goal.aim, entry.kpi.better),
            pace: None,
        },
    };
    let period = scope.period.map_or_else(|| "all".to_string(), |period| period.label.clone());
    value.judgement = Some(Box::new(judgement.clone()));
    Ok(Judged { goal, period, value, judgement })
}

/// Whether a payback that has not come yet is already later than its target: at the last age that all customers have
/// reached nothing was paid back.
fn is_past(
    scope: &Scope,
    goal: &Goal,
    basis: Basis,
    (dimensions, key): (&[String], Option<&Vec<String>>),
) -> Result<bool> {
    let entry = scope.catalogue.kpi(&goal.kpi)?;
    let Aim::Limits { max: Some(max), .. } = &goal.aim else { return Ok(false) };
    if !matches!(entry.calculation, Calculation::Curve(CurveSide::Payback)) {
        return Ok(false);
    }
    let Some(curves) = scope.evaluator(basis).curves(dimensions)? else { return Ok(false) };
    let curve = key.map_or(Some(&curves.total), |key| curves.groups.get(key));
    let last = curve.and_then(|curve| curve.by_age.len().checked_sub(1));
    let last = last.map(|age| Exact::whole(age as i128));
    Ok(last.and_then(|last| last.minus(*max)).is_some_and(|beyond| beyond.is_zero() || beyond.is_positive()))
}

/// Counts and money of a plan are what happens in its period; conversions and days are about the leads created in it.
fn usual_basis(scope: &Scope, entry: &Entry) -> Basis {
    let is_of_leads = entry
        .calculation
        .measures()
        .iter()
        .all(|measure| scope.catalogue.measures[*measure].over == Over::Leads);
    match entry.kpi.unit {
        Unit::Share | Unit::Days | Unit::Hours if is_of_leads => Basis::Cohort,
        _ => Basis::Event,
    }
}

/// Whether a KPI of two halves of a period is the sum of both.
fn adds_up(entry: &Entry) -> bool {
    let is_sum = matches!(entry.calculation, Calculation::Value(_));
    is_sum && !entry.kpi.is_level && matches!(entry.kpi.unit, Unit::Count | Unit::Money | Unit::Number)
}

fn target_of(aim: &Aim, better: Option<Direction>) -> Option<(Side, Exact)> {
    match aim {
        Aim::Limits { min: Some(min), .. } => Some((Side::AtLeast, *min)),
        Aim::Limits { max: Some(max), .. } => Some((Side::AtMost, *max)),
        Aim::Limits { warn, .. } => warn.map(|warn| (side_of(better), warn)),
        Aim::Plan(plan, _) => Some((side_of(better), *plan)),
    }
}

fn side_of(better: Option<Direction>) -> Side {
    match better {
        Some(Direction::Up) => Side::AtLeast,
        Some(Direction::Down) => Side::AtMost,
        None => Side::Planned,
    }
}

/// The verdict on a value. `elapsed` is the part of an unfinished period that has passed, for what adds up over it.
fn verdict(actual: Exact, aim: &Aim, better: Option<Direction>, elapsed: Option<Exact>) -> Judgement {
    let pace_of = |number: Exact| elapsed.and_then(|elapsed| number.times(elapsed));
    match aim {
        Aim::Plan(plan, _) => {
            let side = side_of(better);
            let status = if side == Side::Planned {
                Status::NotJudged
            } else {
                against(actual, side, *plan, pace_of(*plan))
            };
            Judgement { status, target: Some((side, *plan)), pace: pace_of(*plan) }
        }
        Aim::Limits { min, max, warn, .. } => {
            let limits = [(Side::AtLeast, *min), (Side::AtMost, *max)];
            let limits = limits.into_iter().filter_map(|(side, limit)| Some((side, limit?)));
            let worst = limits
                .map(|(side, limit)| (against(actual, side, limit, pace_of(limit)), (side, limit)))
                .max_by_key(|(status, _)| *status);
            let (status, target) =
                worst.map_or((Status::Met, None), |(status, target)| (status, Some(target)));
            // the softer limit lies on the side of the hard one
            let side = target.map_or_else(|| side_of(better), |(side, _)| side);
            let near = warn.filter(|warn| {
                let status = against(actual, side, *warn, pace_of(*warn));
                matches!(status, Status::Missed | Status::Behind)
            });
            let status = if near.is_some() && status < Status::Warned { Status::Warned } else { status };
            let target = target.or(warn.map(|warn| (side, warn)));
            Judgement { status, target, pace: target.and_then(|(_, limit)| pace_of(limit)) }
        }
    }
}

/// A value against one number.
fn against(actual: Exact, side: Side, limit: Exact, pace: Option<Exact>) -> Status {
    let is_below = |one: Exact, other: Exact| other.minus(one).is_some_and(Exact::is_positive);
    match (side, pace) {
        (Side::AtMost, _) if is_below(limit, actual) => Status::Missed,
        (Side::AtMost, Some(pace)) if is_below(pace, actual) => Status::Behind,
        (Side::AtLeast, None) if is_below(actual, limit) => Status::Missed,
        (Side::AtLeast, Some(_)) if !is_below(actual, limit) => Status::Met,
        (Side::AtLeast, Some(pace)) if is_below(actual, pace) => Status::Behind,
        (Side::AtLeast | Side::AtMost, Some(_)) => Status::OnPace,
        _ => Status::Met,
    }
}

/// Marks the values of the tables that goals are about.
pub fn mark(tables: &mut [Table], judged: &[Judged], scope: &Scope) {
    let mut by_kpi: HashMap<&str, Vec<&Judged>> = HashMap::new();
    for judged in judged {
        by_kpi.entry(&judged.goal.kpi).or_default().push(judged);
    }
    let filters: Place =
        scope.filters.iter().map(|filter| (filter.dimension.clone(), filter.value.clone())).collect();
    for table in tables {
        let mut worst = Status::NotJudged;
        for block in &mut table.blocks {
            for row in &mut block.rows {
                for value in row.values.iter_mut().filter(|value| by_kpi.contains_key(value.kpi.as_str())) {
                    let split = block.dimensions.iter().cloned().zip(row.key.iter().cloned());
                    let mut place: Place = split.filter(|(_, value)| value != TOTAL).collect();
                    place.extend(filters.clone());
                    let period = value.period.as_deref().unwrap_or(&table.period);
                    // without a period both bases count the same
                    let fits = |judged: &&&Judged| {
                        judged.goal.place == place
                            && judged.period == period
                            && (judged.value.basis == value.basis || period == "all")
                    };
                    let verdicts = by_kpi[value.kpi.as_str()].iter().filter(fits);
                    if let Some(judged) = verdicts.max_by_key(|judged| judged.judgement.status) {
                        worst = worst.max(judged.judgement.status);
                        value.judgement = Some(Box::new(judged.judgement.clone()));
                    }
                }
            }
        }
        if worst >= Status::Warned {
            table.notes.push(lang::text(MARKS));
        }
    }
}

/// What the marks of values mean.
pub const MARKS: &str =
    words!("! misses its target; ~ is beyond the limit of warning, or behind the pace of its plan");
