//! Tidy CSV, a row a value, with keys that stay: what other programs read for years.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::kpi::exact::Exact;
use crate::kpi::view::TOTAL;
use crate::report::{Report, Table, Value};

/// The report as CSV.
///
/// # Errors
/// None that a report can cause.
pub fn render(report: &Report) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let dimensions = dimensions(report);
    writer.write_record(heading(&dimensions))?;
    for record in records(report, &dimensions) {
        writer.write_record(record.cells())?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// A value with all that says where it belongs.
pub struct Record<'a> {
    table: &'a Table,
    as_of: &'a str,
    /// One for each dimension in play.
    pub key: Vec<String>,
    value: &'a Value,
}

/// The columns of the tidy schema.
pub fn heading(dimensions: &[String]) -> Vec<String> {
    let fixed = |names: &[&str]| names.iter().map(|name| (*name).to_string()).collect::<Vec<_>>();
    let mut heading = fixed(&["table", "period", "basis", "as_of"]);
    heading.extend(dimensions.iter().cloned());
    heading.extend(fixed(&["kpi", "value", "unit", "numerator", "denominator", "ci_low", "ci_high"]));
    heading
}

/// Every dimension that splits some block, in the order of the tables.
pub fn dimensions(report: &Report) -> Vec<String> {
    let mut dimensions: Vec<String> = Vec::new();
    for name in report.tables.iter().flat_map(|table| &table.blocks).flat_map(|block| &block.dimensions) {
        if !dimensions.contains(name) {
            dimensions.push(name.clone());
        }
    }
    dimensions
}

/// Every value once, in the order of the report.
pub fn records<'a>(report: &'a Report, dimensions: &[String]) -> Vec<Record<'a>> {
    let mut seen = BTreeSet::new();
    let mut records = Vec::new();
    for table in &report.tables {
        for block in &table.blocks {
            for row in &block.rows {
                let of_row = key_of(&row.key, &block.dimensions, dimensions);
                let shown = block.columns.iter().zip(&row.values).filter(|(_, value)| !value.is_absent());
                for (column, value) in shown {
                    let key = if column.key.is_empty() {
                        of_row.clone()
                    } else {
                        // such a column says nothing where it has no value
                        if value.value.is_none() {
                            continue;
                        }
                        let whole: Vec<String> = row.key.iter().chain(&column.key).cloned().collect();
                        key_of(&whole, &block.dimensions, dimensions)
                    };
                    if seen.insert((&table.name, key.clone(), &value.kpi)) {
                        records.push(Record { table, as_of: &report.as_of, key, value });
                    }
                }
            }
        }
    }
    records
}

fn key_of(key: &[String], own: &[String], all: &[String]) -> Vec<String> {
    let part = |name: &String| own.iter().position(|known| known == name).and_then(|place| key.get(place));
    all.iter().map(|name| part(name).cloned().unwrap_or_else(|| TOTAL.to_string())).collect()
}

impl Record<'_> {
    /// The cells in the order of [`heading`]; an empty one is no value.
    pub fn cells(&self) -> Vec<String> {
        let plain = |number: Option<Exact>| number.map(Exact::to_plain).unwrap_or_default();
        let limit = |limit: Option<f64>| limit.map(|limit| format!("{limit:.6}")).unwrap_or_default();
        let mut cells = vec![
            self.table.name.clone(),
            self.table.period.clone(),
            self.value.basis.name().to_string(),
            self.as_of.to_string(),
        ];
        cells.extend(self.key.iter().cloned());
        cells.extend([
            self.value.kpi.clone(),
            plain(self.value.value),
            self.value.unit.name().to_string(),
            plain(self.value.numerator),
            plain(self.value.denominator),
            limit(self.value.interval.map(|interval| interval.low)),
            limit(self.value.interval.map(|interval| interval.high)),
        ]);
        cells
    }
}
