//! Values beside those of another period, or of the rest of their total: a figure alone does not say whether it moved.
//!
//! Two reports are built in the same way, one a period, and laid over each other here; so whatever a table shows can be
//! compared, and a table more needs nothing more.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Result;
use clap::ValueEnum;

use super::ages;
use super::cohorts;
use super::maturity::AGE_DAYS;
use super::scope::Scope;
use super::top::{Folding, Foldings, place_in_order, sort_key};
use super::{Block, Column, Row, Show, Table, Value};
use crate::calendar;
use crate::config::Basis;
use crate::kpi::catalogue::Unit;
use crate::kpi::exact::Exact;
use crate::kpi::statistics::{Interval, newcombe};
use crate::kpi::view::{OTHER, TOTAL};
use crate::lang;
use crate::period::{Period, format_day};
use crate::say;

/// Fewer trials than this on a side say nothing that a reader should act on.
const FEWEST_TRIALS: u64 = 30;

/// Which period a report is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compare {
    /// The period of the same kind before: month before month; the same number of days before `--from`
    Previous,
    /// The same period a year before
    Year,
}

impl Compare {
    /// The period that another one is compared with.
    pub fn period(self, period: &Period) -> Period {
        match self {
            Compare::Previous => calendar::before(period),
            Compare::Year => calendar::year_before(period),
        }
    }
}

/// A value beside another one.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The other value; its period is the one that is compared with, and none where it is the rest of the total.
    pub previous: Value,
    /// Value minus previous value, in the unit of the value: for a share 0.01 is a point.
    pub change: Option<Exact>,
    /// The change in percent of the previous value; none for shares, and where that is not above 0.
    pub change_percent: Option<Exact>,
    /// The two-sided 95% interval of the difference of two shares.
    pub difference: Option<Interval>,
    /// Whether that interval excludes 0 and both shares have at least 30 trials.
    pub is_significant: bool,
}

/// A value beside another one.
pub fn comparison(value: &Value, previous: Value) -> Comparison {
    let change = value.value.zip(previous.value).and_then(|(value, previous)| value.minus(previous));
    let is_share = is_share(value.unit);
    let base = previous.value.filter(|previous| !is_share && previous.is_positive());
    let change_percent =
        change.zip(base).and_then(|(change, base)| change.over(base)?.times(Exact::whole(100)));
    // only shares of trials have an interval, and only they can differ by chance in a way that is known
    let trials = |value: &Value| {
        value.interval?;
        value.numerator.and_then(Exact::as_count).zip(value.denominator.and_then(Exact::as_count))
    };
    let sides = trials(value).zip(trials(&previous));
    let difference = sides.and_then(|(one, other)| newcombe(one, other));
    let is_large = sides.is_some_and(|(one, other)| one.1.min(other.1) >= FEWEST_TRIALS);
    let excludes_zero = difference.is_some_and(|interval| interval.low > 0.0 || interval.high < 0.0);
    Comparison { previous, change, change_percent, difference, is_significant: is_large && excludes_zero }
}

/// Whether changes of this unit are points, not percent.
pub fn is_share(unit: Unit) -> bool {
    matches!(unit, Unit::Share | Unit::Part)
}

/// Sets the values of tables beside those of the same tables of another period; what only that one knows becomes a row.
/// In both the same values are folded, those of `foldings`.
///
/// # Errors
/// A predicate that does not fit the columns.
pub fn add(
    tables: &mut [Table],
    now: &Scope,
    others: &[Table],
    before: &Scope,
    foldings: &Foldings,
) -> Result<()> {
    let period: Option<Arc<str>> = before.period.map(|period| period.label.as_str().into());
    for table in tables {
        let other = others.iter().find(|other| other.name == table.name);
        let others = other.map_or(&[][..], |other| &other.blocks);
        let folding = foldings.of(&table.name);
        add_missing_blocks(&mut table.blocks, others);
        for block in &mut table.blocks {
            let other = others.iter().find(|other| is_same_block(block, other));
            if let Some(other) = other {
                add_missing_rows(block, other, now, Some((now, &folding)))?;
            }
            let mut previous = Vec::with_capacity(block.rows.len());
            let known = other.map(RowsByPlace::new);
            for row in &block.rows {
                previous.push(values_beside(block, row, known.as_ref(), (before, &folding))?);
            }
            for (row, previous) in block.rows.iter_mut().zip(previous) {
                for (value, mut previous) in row.values.iter_mut().zip(previous) {
                    previous.period.clone_from(&period);
                    value.comparison = Some(Box::new(comparison(value, previous)));
                }
            }
        }
        table.notes.extend(notes(table, now, before));
    }
    Ok(())
}

/// Gives a table the blocks that it has in another period only, without rows, behind what they follow there.
fn add_missing_blocks(blocks: &mut Vec<Block>, others: &[Block]) {
    let mut place = 0;
    for other in others {
        let found = blocks.iter().position(|block| is_same_block(block, other));
        if found.is_none() {
            blocks.insert(place, Block { rows: Vec::new(), ..other.clone() });
        }
        place = found.unwrap_or(place) + 1;
    }
}

/// The rows of a block by what they are about.
pub struct RowsByPlace<'a> {
    block: &'a Block,
    rows: HashMap<(&'a [String], &'a [String]), &'a Row>,
}

impl<'a> RowsByPlace<'a> {
    /// The rows of a block.
    pub fn new(block: &'a Block) -> RowsByPlace<'a> {
        let rows = block.rows.iter().map(|row| ((row.key.as_slice(), row.labels.as_slice()), row));
        RowsByPlace { block, rows: rows.collect() }
    }

    /// The row that is about the same.
    pub fn find(&self, row: &Row) -> Option<&'a Row> {
        self.rows.get(&(row.key.as_slice(), row.labels.as_slice())).copied()
    }
}

/// The values of a row in another period: those that stand in the same grid there, else those at the same place.
///
/// # Errors
/// A predicate that does not fit the columns.
pub fn values_beside(
    block: &Block,
    row: &Row,
    known: Option<&RowsByPlace>,
    (scope, folding): (&Scope, &Folding),
) -> Result<Vec<Value>> {
    let found = known.and_then(|known| Some((known.block, known.find(row)?)));
    let values = row.values.iter().enumerate().map(|(place, like)| match found {
        Some((other, row)) => {
            let is_same = other.columns.get(place) == block.columns.get(place);
            let value = row.values.get(place).filter(|value| is_same && value.kpi == like.kpi);
            Ok(value.map_or_else(|| like.emptied(), |value| Value { comparison: None, ..value.clone() }))
        }
        None => value_at(scope, folding, like, (&block.dimensions, &row.key)),
    });
    values.collect()
}

/// Gives each value of a compared table a column for what it is compared with, and one for the change.
pub fn widen(tables: &mut [Table], with: &Period) {
    for block in tables.iter_mut().flat_map(|table| &mut table.blocks) {
        let columns = std::mem::take(&mut block.columns);
        for row in &mut block.rows {
            let values = std::mem::take(&mut row.values);
            for (value, column) in values.into_iter().zip(&columns) {
                let copies = if column.show == Show::Value { 3 } else { 1 };
                row.values.extend(std::iter::repeat_n(value, copies));
            }
        }
        for column in columns {
            let beside = (column.show == Show::Value).then(|| {
                let change = if is_share(column.unit) { say!("Change, points") } else { say!("Change, %") };
                let before = lang::day_or_period(&with.label);
                [(before, Show::Previous), (change, Show::Change)].map(|(heading, show)| Column {
                    heading,
                    show,
                    unit: column.unit,
                    key: column.key.clone(),
                })
            });
            block.columns.push(column);
            block.columns.extend(beside.into_iter().flatten());
        }
    }
}

/// Marks the shares of rows that differ from the rest of their total.
pub fn mark_rows(tables: &mut [Table]) {
    for table in tables {
        let mut is_marked = false;
        for block in &mut table.blocks {
            is_marked |= mark_rows_of_block(block);
        }
        if is_marked {
            table.notes.push(say!(
                "a share marked * differs from the rest of its total: the 95% interval of the difference (Newcombe) excludes \
                 0, with 30 or more on either side; of twenty rows that do not differ, one is marked by chance"
            ));
        }
    }
}

fn mark_rows_of_block(block: &mut Block) -> bool {
    let is_total = |row: &Row| !row.key.is_empty() && row.key.iter().all(|part| part == TOTAL);
    let Some(total) = block.rows.iter().position(is_total) else { return false };
    let totals = block.rows[total].values.clone();
    let mut is_marked = false;
    for row in block.rows.iter_mut().filter(|row| !is_total(row)) {
        for (value, total) in row.values.iter_mut().zip(&totals) {
            let compared = rest(value, total).map(|rest| comparison(value, rest));
            if let Some(compared) = compared.filter(|compared| compared.is_significant) {
                value.comparison = Some(Box::new(compared));
                is_marked = true;
            }
        }
    }
    is_marked
}

/// What a total is without one of its rows; none for values that are no shares of trials.
fn rest(value: &Value, total: &Value) -> Option<Value> {
    value.interval.zip(total.interval)?;
    let numerator = total.numerator?.minus(value.numerator?)?;
    let denominator = total.denominator?.minus(value.denominator?)?;
    let interval = crate::kpi::statistics::wilson(numerator.as_count()?, denominator.as_count()?)?;
    Some(Value {
        value: numerator.over(denominator),
        numerator: Some(numerator),
        denominator: Some(denominator),
        interval: Some(interval),
        ..value.emptied()
    })
}

/// The value of the same KPI at the same values of dimensions in another scope; nothing where that cannot be said.
///
/// # Errors
/// A predicate that does not fit the columns.
fn value_at(
    scope: &Scope,
    folding: &Folding,
    like: &Value,
    (dimensions, key): (&[String], &[String]),
) -> Result<Value> {
    if dimensions.last().is_some_and(|name| name == AGE_DAYS) {
        // an age that a cohort has not reached is known to its own table alone
        return Ok(like.emptied());
    }
    let groups = cohorts::groups_of(dimensions);
    let dimensions = groups.unwrap_or(dimensions);
    // a place that is no value of dimensions is known to its own table alone, and so is an age
    let is_place = (groups.is_some() || !dimensions.is_empty()) && key.len() == dimensions.len();
    let is_of_age = groups.is_some() && like.kpi == ages::KPI;
    if !is_place || is_of_age || !scope.catalogue.kpis.contains_key(&like.kpi) {
        return Ok(like.emptied());
    }
    let key = key.to_vec();
    if key.iter().all(|part| part == TOTAL) {
        return scope.value(&like.kpi, like.basis, dimensions, None);
    }
    match folding.decided(dimensions).filter(|_| key.iter().all(|part| part == OTHER)) {
        Some(kept) => scope.value_of_others(&like.kpi, like.basis, dimensions, &kept),
        None => scope.value(&like.kpi, like.basis, dimensions, Some(&key)),
    }
}

/// Whether two blocks, of one table in two periods, are the same grid.
pub fn is_same_block(one: &Block, other: &Block) -> bool {
    (&one.title, &one.dimensions, &one.labels) == (&other.title, &other.dimensions, &other.labels)
}

/// Gives a block the rows that it has in another period only, so that what is gone is seen to be gone. Their values are
/// those of the scope, or none without one; `order` is any scope over the same data.
///
/// # Errors
/// A predicate that does not fit the columns.
pub fn add_missing_rows(
    block: &mut Block,
    other: &Block,
    order: &Scope,
    scope: Option<(&Scope, &Folding)>,
) -> Result<()> {
    let known = RowsByPlace::new(block);
    let mut missing = Vec::new();
    for row in other.rows.iter().filter(|row| known.find(row).is_none()) {
        let values = row.values.iter().map(|value| match scope {
            Some((scope, folding)) => value_at(scope, folding, value, (&block.dimensions, &row.key)),
            None => Ok(value.emptied()),
        });
        let values = values.collect::<Result<_>>()?;
        missing.push(Row { labels: row.labels.clone(), key: row.key.clone(), values, show: row.show });
    }
    if !missing.is_empty() {
        block.rows.extend(missing);
        if !block.dimensions.is_empty() {
            let place = |row: &Row| place_in_order(order, &block.dimensions, &row.key);
            let is_total = |row: &Row| row.key.iter().all(|part| part == TOTAL);
            block.rows.sort_by_cached_key(|row| (is_total(row), place(row), sort_key(row, Some(0))));
        }
    }
    Ok(())
}

/// What the mark of a change says; none where nothing is marked.
pub fn significance_note<'a>(mut values: impl Iterator<Item = &'a Value>) -> Option<String> {
    let is_marked = |value: &Value| value.comparison.as_ref().is_some_and(|compared| compared.is_significant);
    values.any(is_marked).then(|| {
        say!(
            "changes marked *: the two shares differ, the 95% interval of their difference (Newcombe) excludes 0, with 30 or \
             more on either side"
        )
    })
}

/// What a reader of a compared table must know.
fn notes(table: &Table, now: &Scope, before: &Scope) -> Vec<String> {
    let values = || table.blocks.iter().flat_map(|block| &block.rows).flat_map(|row| &row.values);
    let mut notes: Vec<String> = significance_note(values()).into_iter().collect();
    let (Some(period), Some(previous), Some(as_of)) = (now.period, before.period, now.data.as_of) else {
        return notes;
    };
    if period.to > as_of + 1 {
        notes.push(say!(
            "{period} is not over: what it has up to {as_of} stands beside the whole of {previous}",
            period = period.label,
            as_of = format_day(as_of),
            previous = previous.label
        ));
    }
    if values().any(|value| value.basis == Basis::Cohort) {
        notes.push(say!(
            "cohort basis: the leads of {period} have had less time to move on than those of {previous}",
            period = period.label,
            previous = previous.label
        ));
    }
    notes
}
