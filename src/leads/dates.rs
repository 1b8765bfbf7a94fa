//! The span of the data: its last day stands for "today", so what is only planned must not move it.

use std::collections::BTreeMap;

use polars::prelude::*;
use rayon::prelude::*;

use super::Stages;
use crate::input::table::Table;
use crate::input::tables::Kind;

/// The first and the last days of all tables, in days from 1970-01-01.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    pub first: Option<i32>,
    /// The last day on which something is known to have happened, closing dates aside.
    pub latest: Option<i32>,
    /// The last day that any date names, plans among them.
    pub latest_named: Option<i32>,
}

/// What is agreed, not what has happened.
const AGREED: &str = "ends_at";
/// For an open deal a plan.
const CLOSING: &str = "closed_at";

/// The span of all dates that tell what has happened.
pub fn span(tables: &BTreeMap<Kind, Table>) -> Span {
    let columns: Vec<&Column> = tables
        .values()
        .flat_map(|table| table.frame.get_columns())
        .filter(|column| *column.dtype() == DataType::Date && column.name() != AGREED)
        .collect();
    let of_column = |column: &&Column| {
        let (first, last) = column.as_materialized_series().to_physical_repr().i32().ok()?.min_max()?;
        let latest = (column.name() != CLOSING).then_some(last);
        Some(Span { first: Some(first), latest, latest_named: Some(last) })
    };
    let together = |one: Span, other: Span| Span {
        first: one.first.into_iter().chain(other.first).min(),
        latest: one.latest.max(other.latest),
        latest_named: one.latest_named.max(other.latest_named),
    };
    columns.par_iter().filter_map(of_column).reduce(Span::default, together)
}

/// The last closing date of a lead that was won or lost.
pub fn latest_closing(leads: &Table, stages: &Stages) -> Option<i32> {
    let days = leads.dates(CLOSING)?;
    let won = stages.won.map(|place| &stages.stages[place].reached);
    let closed = won.map_or_else(|| stages.lost.clone(), |won| won.or(&stages.lost));
    closed.rows().filter_map(|row| days.get(row)).max()
}
