//! What the cells of a grid have in common is said once, by the row or the heading: the KPI, and the period.

use super::find::is_turned;
use crate::report::{Block, Row, Show, Table, Value};

/// The KPI and the period of the columns of a grid; where the columns are periods the row has the KPI.
pub struct Common<'a> {
    is_turned: bool,
    columns: Vec<Option<&'a Value>>,
    table_period: &'a str,
}

impl<'a> Common<'a> {
    /// Of the rows that are printed.
    pub fn of(table: &'a Table, block: &'a Block, rows: &[&'a Row]) -> Common<'a> {
        let first = |place: usize| {
            rows.iter().filter(|row| shows_value(block, row, place)).map(|row| &row.values[place]).next()
        };
        Common {
            is_turned: is_turned(block),
            columns: (0..block.columns.len()).map(first).collect(),
            table_period: &table.period,
        }
    }

    /// The KPI that a heading says for its column; empty where it says none.
    pub fn kpi_of_column(&self, place: usize) -> &'a str {
        self.columns[place].filter(|_| !self.is_turned).map_or("", |value| &value.kpi)
    }

    /// The period that a heading says for its column; empty where it is that of the table.
    pub fn period_of_column(&self, place: usize) -> &'a str {
        let period = self.columns[place].and_then(|value| value.period.as_deref());
        period.filter(|period| *period != self.table_period).unwrap_or_default()
    }

    /// The KPI that a row says for its cells; empty where it says none.
    pub fn kpi_of_row<'b>(&self, row: &'b Row) -> &'b str {
        let mut values = row.values.iter().filter(|value| self.is_turned && !value.is_absent());
        values.next().map_or("", |value| &value.kpi)
    }

    /// The KPI and the period that a cell has to say itself; empty where its row or its heading does.
    pub fn own_of<'b>(&self, table: &'b Table, row: &'b Row, place: usize) -> (&'b str, &'b str) {
        let value = &row.values[place];
        let said = if self.is_turned { self.kpi_of_row(row) } else { self.kpi_of_column(place) };
        let kpi = if said == value.kpi { "" } else { &value.kpi };
        let period = value.period.as_deref().unwrap_or(&table.period);
        let heading = self.period_of_column(place);
        let said = if heading.is_empty() { &table.period } else { heading };
        (kpi, if said == period { "" } else { period })
    }
}

fn shows_value(block: &Block, row: &Row, place: usize) -> bool {
    row.shows(&block.columns[place]) == Show::Value && !row.values[place].is_absent()
}
