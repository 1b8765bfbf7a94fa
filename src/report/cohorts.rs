//! What customers brought by age, in several periods: a period is the cohort of those who began in it, and two cohorts are
//! compared at the same age.
//!
//! Within one period ages are columns. Where periods or changes are the columns, each age is a row: this module turns the
//! one into the other, so that `every` and `compare` need to know little of ages.

use super::ages::{AGE, KPI, columns};
use super::layout::{total_labels, without_split};
use super::{Block, Column, Row, Show, Table, Value};
use crate::config::Basis;
use crate::kpi::catalogue::Unit;
use crate::kpi::view::TOTAL;
use crate::lang;
use crate::leads::accounts::COHORT_MONTH;
use crate::{say, words};

/// The heading of the labels that are ages.
pub const AGE_HEADING: &str = words!("Age, months");

/// Whether the columns of a block are ages.
pub fn has_ages(block: &Block) -> bool {
    groups_of(&block.dimensions).is_some()
}

/// The dimensions that split customers into groups, where a block of these dimensions has ages as its columns.
pub fn groups_of(dimensions: &[String]) -> Option<&[String]> {
    dimensions.split_last().filter(|(last, _)| *last == AGE).map(|(_, groups)| groups)
}

/// Gives the blocks of ages in the tables of several periods the same columns, those of the oldest cohort; and leaves only
/// their totals where they are split by the month in which customers began, with a note.
pub fn align<'a>(periods: impl IntoIterator<Item = &'a mut Vec<Table>>) {
    let tables: Vec<&mut Table> = periods.into_iter().flatten().collect();
    let blocks = tables.iter().flat_map(|table| &table.blocks).filter(|block| has_ages(block));
    let width = blocks.map(|block| block.columns.len()).max().unwrap_or_default();
    for table in tables {
        let mut left_out = None;
        for block in table.blocks.iter_mut().filter(|block| has_ages(block)) {
            left_out = left_out.or(leave_total(block));
            block.columns = columns(width.saturating_sub(1));
            for row in &mut block.rows {
                let basis = row.values.first().map_or(Basis::Event, |value| value.basis);
                row.values.resize_with(width, || Value::empty(KPI, basis, Unit::Money));
            }
        }
        if let Some(split) = left_out {
            table.notes.push(say!(
                "realised value by age is of all customers who began in a period, not by {dimensions}: periods beside each \
                 other are cohorts already",
                dimensions = split
            ));
        }
    }
}

/// Takes the rows of a block that is split by the month in which customers began: no two periods have the same. Says
/// what it was split by, if it is such a block.
fn leave_total(block: &mut Block) -> Option<String> {
    let groups = groups_of(&block.dimensions).unwrap_or_default();
    if !groups.iter().any(|name| name == COHORT_MONTH) {
        return None;
    }
    // of all groups together, as the table's own title says
    block.title = without_split(&block.title, groups);
    let names: Vec<String> = groups.iter().map(|name| lang::dimension(name)).collect();
    let split = lang::all_of(&names);
    block.rows.retain(|row| row.key.iter().all(|part| part == TOTAL));
    for row in &mut block.rows {
        row.key.clear();
        row.labels = total_labels(&[]);
    }
    block.labels = vec![String::new()];
    block.dimensions = vec![AGE.to_string()];
    Some(split)
}

/// Makes a row of each age in tables that are compared, so that a cohort, the one before and the change stand side by side.
pub fn lay_down(tables: &mut [Table], period: &str) {
    let blocks = tables.iter_mut().flat_map(|table| &mut table.blocks);
    for block in blocks.filter(|block| has_ages(block)) {
        let has_labels = block.labels.iter().any(|label| !label.is_empty());
        let columns = std::mem::take(&mut block.columns);
        let mut rows = Vec::new();
        for row in std::mem::take(&mut block.rows) {
            let mut labels = if has_labels { row.labels } else { Vec::new() };
            for (value, column) in row.values.into_iter().zip(&columns) {
                let mut values = vec![value];
                if !keep_reached(&mut values) {
                    continue;
                }
                rows.push(Row {
                    labels: labels.iter().cloned().chain([column.heading.clone()]).collect(),
                    key: row.key.iter().chain(&column.key).cloned().collect(),
                    values,
                    show: Some(Show::Data).filter(|_| column.show == Show::Data),
                });
                labels.iter_mut().for_each(String::clear);
            }
        }
        block.rows = rows;
        block.labels.retain(|label| !label.is_empty());
        block.labels.push(lang::text(AGE_HEADING));
        block.columns = vec![Column {
            heading: lang::day_or_period(period),
            show: Show::Value,
            unit: Unit::Number,
            key: Vec::new(),
        }];
    }
}

/// Empties the places of ages that neither a cohort nor the one that it is compared with has reached; says whether any is
/// left.
pub fn keep_reached(values: &mut [Value]) -> bool {
    let is_reached = |value: &Value| {
        let previous = value.comparison.as_ref().and_then(|compared| compared.previous.value);
        value.value.or(previous).is_some()
    };
    for value in values.iter_mut().filter(|value| !is_reached(value)) {
        *value = Value::absent();
    }
    values.iter().any(|value| !value.is_absent())
}
