//! Times of day, for the one question that whole days do not answer: how soon sales touched a lead.
//!
//! A date is read to its day, and its time dropped: nothing else needs it, and it would take time and memory. Only where
//! the CRM has a date of the first touch by sales are the times of that date and of the lead's creation read as well, each
//! as a column of its own beside that of the days.

use anyhow::{Context, Result};

use super::format::Settled;
use super::read::ColumnPlan;
use super::table::{Days, Table};
use crate::config::ColumnType;

/// The column of the first touch by sales: a call, a mail or a message of a salesperson to the lead.
pub const FIRST_TOUCH: &str = "first_touch_at";
/// Stands before the name of the column whose times a column holds; no name that a user could give begins with it.
const MARK: char = '\0';

/// The times of day of the CRM's rows, as they were read.
#[derive(Debug, Clone)]
pub struct Clock {
    /// The column of the date of the lead's creation.
    pub created: String,
    pub of_creation: Moments,
    pub of_touch: Moments,
    /// Whether some of these times name a zone and others none: then no difference of two is known.
    pub mixes_zones: bool,
}

/// Points of time of the rows of a table: a day, and where the cell has one the second of that day, both in UTC.
#[derive(Debug, Clone)]
pub struct Moments {
    days: Days,
    seconds: Days,
}

impl Moments {
    /// The day of a row in days from 1970-01-01, and the second of that day.
    pub fn get(&self, row: usize) -> Option<(i32, i32)> {
        self.days.get(row).zip(self.seconds.get(row))
    }

    /// Whether any row has a time of day.
    pub fn is_timed(&self) -> bool {
        self.seconds.earliest().is_some()
    }
}

/// The column of the dates whose times a column of the plan holds; of any other column itself.
pub fn date_of(column: &str) -> &str {
    column.strip_prefix(MARK).unwrap_or(column)
}

/// Adds to the columns of the CRM the times of day of the creation and of the first touch, where it has both dates.
///
/// The date of creation is that of the first of the stages that has a column.
pub fn plan(columns: &mut Vec<ColumnPlan>, stages: &[String]) {
    let is_date =
        |name: &str| columns.iter().any(|plan| plan.name == name && plan.column_type == ColumnType::Date);
    let created = stages.iter().map(|stage| format!("{stage}_at")).find(|name| is_date(name));
    let Some(created) = created.filter(|created| is_date(FIRST_TOUCH) && created != FIRST_TOUCH) else {
        return;
    };
    columns.extend([created.as_str(), FIRST_TOUCH].map(|name| ColumnPlan {
        name: format!("{MARK}{name}"),
        column_type: ColumnType::Time,
        limit: None,
    }));
}

/// Takes the times of day out of a table that has just been read; none where there are no such columns.
///
/// # Errors
/// None on a table that was read by this plan.
pub fn take(table: &mut Table, columns: &[ColumnPlan], settled: &[Settled]) -> Result<Option<Clock>> {
    let mut all = Vec::new();
    let (mut has_zone, mut has_no_zone) = (false, false);
    for (plan, settled) in
        columns.iter().zip(settled).filter(|(plan, _)| plan.column_type == ColumnType::Time)
    {
        let series = table.frame.drop_in_place(&plan.name).context("a column of the plan")?;
        let seconds = series.i32().context("times of day are seconds")?.rechunk().into_owned();
        let name = date_of(&plan.name).to_string();
        let days = table.dates(&name).context("the times of day are those of a date")?;
        all.push((name, Moments { days, seconds: Days::of_numbers(seconds) }));
        has_zone |= settled.zones.named;
        has_no_zone |= settled.zones.unnamed;
    }
    let mut all = all.into_iter();
    let (Some((created, of_creation)), Some((_, of_touch))) = (all.next(), all.next()) else {
        return Ok(None);
    };
    Ok(Some(Clock { created, of_creation, of_touch, mixes_zones: has_zone && has_no_zone }))
}
