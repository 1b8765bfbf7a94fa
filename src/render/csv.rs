//! Tidy CSV, a row a value, with keys that stay: what other programs read for years.

use std::collections::BTreeSet;

use anyhow::Result;

use super::json::is_number;
use crate::csv_text::CsvText;
use crate::kpi::exact::Exact;
use crate::kpi::view::TOTAL;
use crate::report::compare::Comparison;
use crate::report::{Report, Table, Value};

/// The version of the schema: it grows when a column or a key changes its name, its place or its meaning, or goes.
pub const SCHEMA: u32 = 1;

/// The columns in front of the dimensions.
const PLACE: [&str; 5] = ["table", "period", "basis", "as_of", "report_currency"];

/// The columns behind the dimensions.
const NUMBERS: [&str; 7] = ["kpi", "value", "unit", "numerator", "denominator", "ci_low", "ci_high"];

/// The columns that a comparison adds.
const COMPARISON: [&str; 6] =
    ["previous", "change", "change_percent", "difference_low", "difference_high", "significant"];

/// The columns that targets add.
const TARGET: [&str; 2] = ["target", "target_status"];

/// Whether a column of the schema is a dimension.
pub fn is_dimension(name: &str) -> bool {
    !PLACE.iter().chain(&NUMBERS).chain(&COMPARISON).chain(&TARGET).any(|fixed| *fixed == name)
}

/// The report as CSV.
///
/// # Errors
/// None that a report can cause.
pub fn render(report: &Report, text: CsvText) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let dimensions = dimensions(report);
    let heading = heading(report, &dimensions);
    writer.write_record(heading.iter().map(|name| text.write(name).into_owned()))?;
    for record in records(report, &dimensions) {
        let cells = record.cells(report);
        writer.write_record(heading.iter().zip(&cells).map(|(name, cell)| {
            if is_number(name) { cell.clone() } else { text.write(cell).into_owned() }
        }))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// A value with all that says where it belongs.
pub struct Record<'a> {
    table: &'a Table,
    /// One for each dimension in play.
    pub key: Vec<String>,
    value: &'a Value,
}

/// The columns of the tidy schema.
pub fn heading(report: &Report, dimensions: &[String]) -> Vec<String> {
    let fixed = |names: &[&str]| names.iter().map(|name| (*name).to_string()).collect::<Vec<_>>();
    let mut heading = fixed(&PLACE);
    heading.extend(dimensions.iter().map(|name| column_of(name)));
    heading.extend(fixed(&NUMBERS));
    if report.is_compared {
        heading.extend(fixed(&COMPARISON));
    }
    if report.is_judged {
        heading.extend(fixed(&TARGET));
    }
    heading
}

/// The column of a dimension; one that is called as a column of the schema has a name of its own.
fn column_of(dimension: &str) -> String {
    if is_dimension(dimension) { dimension.to_string() } else { format!("dimension_{dimension}") }
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

/// Every value once, in the order of the report; behind the values of a table those that they are compared with, as far
/// as they do not stand there already.
pub fn records<'a>(report: &'a Report, dimensions: &[String]) -> Vec<Record<'a>> {
    let mut seen = BTreeSet::new();
    let mut records = Vec::new();
    for table in &report.tables {
        let mut add = |key: &[String], value: &'a Value| {
            let period = value.period.as_deref().unwrap_or(&table.period);
            if !value.is_absent() && seen.insert((&table.name, period, key.to_vec(), &value.kpi)) {
                records.push(Record { table, key: key.to_vec(), value });
            }
        };
        let rows = || table.blocks.iter().flat_map(|block| block.rows.iter().map(move |row| (block, row)));
        for (block, row) in rows() {
            let of_row = key_of(&row.key, &block.dimensions, dimensions);
            for (place, value) in row.values.iter().enumerate() {
                match block.columns.get(place).map(|column| &column.key).filter(|key| !key.is_empty()) {
                    None => add(&of_row, value),
                    // such a column says nothing where it has no value
                    Some(_) if value.value.is_none() => {}
                    Some(of_column) => {
                        let whole: Vec<String> = row.key.iter().chain(of_column).cloned().collect();
                        add(&key_of(&whole, &block.dimensions, dimensions), value);
                    }
                }
            }
        }
        for (block, row) in rows().filter(|_| report.is_compared) {
            let key = key_of(&row.key, &block.dimensions, dimensions);
            let compared = row.values.iter().filter_map(|value| value.comparison.as_deref());
            compared.for_each(|compared| add(&key, &compared.previous));
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
    pub fn cells(&self, report: &Report) -> Vec<String> {
        let value = self.value;
        let mut cells = vec![
            self.table.name.clone(),
            value.period.as_deref().unwrap_or(&self.table.period).to_string(),
            value.basis.name().to_string(),
            report.as_of.clone(),
            report.currency.clone().unwrap_or_default(),
        ];
        cells.extend(self.key.iter().cloned());
        cells.extend([
            value.kpi.clone(),
            plain(value.value),
            value.unit.name().to_string(),
            plain(value.numerator),
            plain(value.denominator),
            limit(value.interval.map(|interval| interval.low)),
            limit(value.interval.map(|interval| interval.high)),
        ]);
        if report.is_compared {
            cells.extend(comparison_cells(value.comparison.as_deref()));
        }
        if report.is_judged {
            let judged = value.judgement.as_deref();
            cells.push(plain(judged.and_then(|judged| Some(judged.target?.1))));
            cells.push(judged.map_or("", |judged| judged.status.name()).to_string());
        }
        cells
    }
}

/// The cells of [`COMPARISON`].
fn comparison_cells(compared: Option<&Comparison>) -> [String; 6] {
    let Some(compared) = compared else { return Default::default() };
    [
        plain(compared.previous.value),
        plain(compared.change),
        plain(compared.change_percent),
        limit(compared.difference.map(|interval| interval.low)),
        limit(compared.difference.map(|interval| interval.high)),
        compared.difference.map(|_| compared.is_significant.to_string()).unwrap_or_default(),
    ]
}

/// A number as it stands in CSV and JSON; empty where there is none.
pub fn plain(number: Option<Exact>) -> String {
    number.map(Exact::to_plain).unwrap_or_default()
}

/// A limit of an interval as it stands in CSV and JSON.
pub fn limit(limit: Option<f64>) -> String {
    limit.map(|limit| format!("{limit:.6}")).unwrap_or_default()
}
