//! Looks values up in a report, so that what is drawn is what the tables say and nothing else.

use std::collections::BTreeSet;

use crate::kpi::catalogue::Unit;
use crate::kpi::view::TOTAL;
use crate::lang;
use crate::report::{Block, Column, Report, Row, Show, Table, Value};

/// The table whose values are those of other tables once more, beside their targets.
const PLAN: &str = "plan";

/// A value where it stands.
#[derive(Clone, Copy)]
pub struct Found<'a> {
    pub table: &'a Table,
    pub column: &'a Column,
    pub value: &'a Value,
}

impl Found<'_> {
    /// Whether the value is one of a period that is over: the heading of another one says more than its label.
    pub fn is_whole(&self) -> bool {
        self.value.period.as_deref().is_none_or(|period| lang::day_or_period(period) == self.column.heading)
    }
}

/// The table of a name.
pub fn table<'a>(report: &'a Report, name: &str) -> Option<&'a Table> {
    report.tables.iter().find(|table| table.name == name)
}

/// Whether a row is about all that the table counts.
pub fn is_total(row: &Row) -> bool {
    row.key.iter().all(|part| part == TOTAL)
}

/// Whether the columns of a block are periods, and its KPIs the rows.
pub fn is_turned(block: &Block) -> bool {
    block.rows.iter().any(|row| row.show.is_some())
}

/// Each value of a KPI in total, the first of each period that has one: all of the first table that knows it and of one
/// basis, for the same KPI of leads created and of what happened are two numbers.
pub fn totals<'a>(report: &'a Report, kpi: &str) -> Vec<Found<'a>> {
    let mut seen = BTreeSet::new();
    let mut found: Vec<Found> = Vec::new();
    for table in report.tables.iter().filter(|table| table.name != PLAN) {
        for block in &table.blocks {
            for row in block.rows.iter().filter(|row| is_total(row)) {
                for (column, value) in block.columns.iter().zip(&row.values) {
                    let is_itself = matches!(row.shows(column), Show::Value | Show::Data);
                    if value.kpi == kpi
                        && is_itself
                        && column.key.is_empty()
                        && value.value.is_some()
                        && found.first().is_none_or(|first| {
                            (&first.table.name, first.value.basis) == (&table.name, value.basis)
                        })
                        && seen.insert(value.period.as_deref())
                    {
                        found.push(Found { table, column, value });
                    }
                }
            }
        }
    }
    found
}

/// The places of the columns that show values themselves.
pub fn value_columns(block: &Block) -> Vec<usize> {
    (0..block.columns.len()).filter(|place| block.columns[*place].show == Show::Value).collect()
}

/// The place of the first column that shows the interval of a KPI, and the KPI.
pub fn interval_column(block: &Block) -> Option<(usize, &str)> {
    let place = block.columns.iter().position(|column| column.show == Show::Interval)?;
    let kpi = block.rows.iter().map(|row| row.values[place].kpi.as_str()).find(|kpi| !kpi.is_empty())?;
    Some((place, kpi))
}

/// The places of all columns that show intervals.
pub fn interval_columns(block: &Block) -> Vec<usize> {
    (0..block.columns.len()).filter(|place| block.columns[*place].show == Show::Interval).collect()
}

/// The place of the column that shows a KPI itself, where all rows of it are of that KPI.
pub fn column_of(block: &Block, kpi: &str) -> Option<usize> {
    (0..block.columns.len()).find(|place| {
        matches!(block.columns[*place].show, Show::Value | Show::Data)
            && !block.rows.is_empty()
            && block.rows.iter().all(|row| row.values[*place].kpi == kpi)
    })
}

/// The KPIs of the steps in the table of conversions: the count of the first stage, and the shares, those of steps and
/// those of the first stage, in their order.
pub fn conversions(report: &Report) -> Option<(&str, Vec<&str>)> {
    let block = table(report, "conversion")?.blocks.iter().find(|block| !is_split(block))?;
    let values = || {
        block.rows.iter().flat_map(|row| {
            block
                .columns
                .iter()
                .zip(&row.values)
                .filter(|(column, value)| row.shows(column) == Show::Value && !value.is_absent())
        })
    };
    let first = values().map(|(_, value)| value).find(|value| value.unit == Unit::Count)?;
    let mut shares: Vec<&str> = Vec::new();
    for (_, value) in values().filter(|(_, value)| value.unit == Unit::Share) {
        if !shares.contains(&value.kpi.as_str()) {
            shares.push(&value.kpi);
        }
    }
    Some((&first.kpi, shares))
}

/// Whether the rows of a block are values of dimensions.
fn is_split(block: &Block) -> bool {
    !block.dimensions.is_empty()
}
