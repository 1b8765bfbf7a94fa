//! The report as a workbook: a sheet a table with real numbers, what was left out, definitions, and the rows of the tidy
//! CSV. For those who go on calculating where the report ends.
//!
//! No cell is a formula: what stands in an export is written as text, whatever it begins with.

mod cell;
mod sheet;

use anyhow::Result;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet, XlsxError};

use self::cell::Cell;
use self::sheet::Sheet;
use super::csv::{dimensions, heading, records};
use super::is_number;
use crate::check::audit::Audit;
use crate::error::data_error;
use crate::report::layout::is_age;
use crate::report::{Block, Report, Row, Show, Table};
use crate::say;

/// The longest name that a sheet can have.
const LONGEST_NAME: usize = 31;
/// The workbook's day where the data have none: a clock would make two runs differ.
const SOME_DAY: &str = "2000-01-01";
/// More columns of labels than this leave no room to scroll when they are frozen.
const MOST_FROZEN: usize = 3;

/// The report as the bytes of a workbook.
///
/// # Errors
/// More rows than a sheet can have, or a text longer than a cell can hold.
pub fn render(report: &Report) -> Result<Vec<u8>> {
    let dimensions = dimensions(report);
    let heading = heading(report, &dimensions);
    let rows = records(report, &dimensions).into_iter().map(|record| {
        let cells = heading.iter().zip(record.cells(report));
        cells.map(|(name, text)| Cell::typed(name, text, is_number(name) || is_age(name))).collect()
    });
    workbook(report, &heading, rows).map_err(|error| refused(&error))
}

/// The audit as the bytes of a workbook.
///
/// # Errors
/// More rows than a sheet can have, or a text longer than a cell can hold.
pub fn audit(audit: &Audit) -> Result<Vec<u8>> {
    let report = crate::report::audit::report(audit);
    let columns = super::audit::COLUMNS;
    let heading: Vec<String> = columns.iter().map(|(name, _)| (*name).to_string()).collect();
    let rows = super::audit::rows(audit).into_iter().map(|cells| {
        let cells = columns.iter().zip(cells);
        cells.map(|((name, is_number), text)| Cell::typed(name, text, *is_number)).collect()
    });
    workbook(&report, &heading, rows).map_err(|error| refused(&error))
}

fn refused(error: &XlsxError) -> anyhow::Error {
    let reason = match error {
        XlsxError::RowColumnLimitError => "a sheet has at most 1 048 576 rows".to_string(),
        XlsxError::ParameterError(reason) => reason.clone(),
        other => other.to_string(),
    };
    data_error(
        format!("the report does not fit into a workbook: {reason}"),
        "write `--format csv`, which has no such limit, or split by less",
    )
}

/// The sheets in order; `rows` are those of the sheet `data`, below its heading.
fn workbook(
    report: &Report,
    heading: &[String],
    rows: impl Iterator<Item = Vec<Cell>>,
) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let day =
        ExcelDateTime::parse_from_str(&report.as_of).or_else(|_| ExcelDateTime::parse_from_str(SOME_DAY))?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&day));
    let mut names = Vec::new();
    let mut add = |name: &str, mut worksheet: Worksheet| -> Result<(), XlsxError> {
        worksheet.set_name(free_name(name, &mut names))?;
        worksheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
        workbook.push_worksheet(worksheet);
        Ok(())
    };
    for table in &report.tables {
        add(&table.name, table_sheet(table)?)?;
    }
    if !report.findings.is_empty() {
        add("findings", findings_sheet(report)?)?;
    }
    if !report.definitions.is_empty() {
        add("definitions", definitions_sheet(report)?)?;
    }
    add("data", data_sheet(heading, rows)?)?;
    workbook.save_to_buffer()
}

/// A name that a sheet can have and none has yet.
fn free_name(name: &str, taken: &mut Vec<String>) -> String {
    let legal = name.replace(['[', ']', ':', '*', '?', '/', '\\', '\''], "_");
    let shortened = |ending: &str| {
        let start: String = legal.chars().take(LONGEST_NAME - ending.len()).collect();
        format!("{start}{ending}")
    };
    let all = std::iter::once(String::new()).chain((2_u32..).map(|number| format!(" {number}")));
    let mut free = all.map(|ending| shortened(&ending)).filter(|name| {
        // two names that differ in capitals alone are one
        !taken.contains(&name.to_lowercase())
    });
    let name = free.next().unwrap_or_default();
    taken.push(name.to_lowercase());
    name
}

/// A table as it is printed: title, scope, its blocks one under another, its notes.
fn table_sheet(table: &Table) -> Result<Worksheet, XlsxError> {
    let mut sheet = Sheet::new(&table.name);
    sheet.line(&table.title, &sheet::title())?;
    sheet.line(&table.scope, &sheet::plain())?;
    let mut frozen = sheet.row();
    for block in &table.blocks {
        sheet.skip();
        sheet.line(&block.title, &sheet::strong())?;
        let columns = columns(block);
        let headings = columns.iter().map(|(place, side)| side.heading(&block.columns[*place].heading));
        sheet.headings(block.labels.len(), block.labels.iter().cloned().chain(headings))?;
        // the heading of one block above the rows of another would say what is not so
        if table.blocks.len() == 1 {
            frozen = sheet.row();
        }
        for row in block.rows.iter().filter(|row| row.show != Some(Show::Data)) {
            match row.show {
                Some(Show::Interval) => {
                    sheet.cells(limit_cells(row, Side::Low))?;
                    sheet.cells(limit_cells(row, Side::High))?;
                }
                _ => sheet.cells(row_cells(block, row, &columns))?,
            }
        }
    }
    if !table.notes.is_empty() {
        sheet.skip();
        sheet.line(&say!("Notes"), &sheet::strong())?;
        table.notes.iter().try_for_each(|note| sheet.line(note, &sheet::plain()))?;
    }
    let labels = table.blocks.iter().map(|block| block.labels.len()).min().unwrap_or(0);
    sheet.finish(frozen, labels.min(MOST_FROZEN))
}

/// Which part of a value stands in a column of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Whole,
    /// The limits of an interval, which are two numbers.
    Low,
    High,
}

impl Side {
    fn heading(self, heading: &str) -> String {
        match self {
            Side::Whole => heading.to_string(),
            Side::Low => say!("{heading}: low", heading = heading),
            Side::High => say!("{heading}: high", heading = heading),
        }
    }
}

/// The columns of a block that are for people, by their places.
fn columns(block: &Block) -> Vec<(usize, Side)> {
    let sides = |show: Show| match show {
        Show::Data => &[][..],
        Show::Interval => &[Side::Low, Side::High],
        _ => &[Side::Whole],
    };
    let columns = block.columns.iter().enumerate();
    columns.flat_map(|(place, column)| sides(column.show).iter().map(move |side| (place, *side))).collect()
}

/// One limit of each interval of a row of intervals, whose last label says which.
fn limit_cells(row: &Row, side: Side) -> Vec<Cell> {
    let last = row.labels.len().saturating_sub(1);
    let label = |(place, label): (usize, &String)| {
        if place == last { Cell::text(&side.heading(label)) } else { Cell::text(label) }
    };
    let values = row.values.iter().map(|value| Cell::of_value(value, Show::Interval, side));
    row.labels.iter().enumerate().map(label).chain(values).collect()
}

fn row_cells(block: &Block, row: &Row, columns: &[(usize, Side)]) -> Vec<Cell> {
    let label = |(place, label): (usize, &String)| match block.dimensions.get(place) {
        Some(dimension) if is_age(dimension) => Cell::number_or_text(label),
        _ => Cell::text(label),
    };
    let labels = row.labels.iter().enumerate().map(label);
    let values = columns
        .iter()
        .map(|(place, side)| Cell::of_value(&row.values[*place], row.shows(&block.columns[*place]), *side));
    labels.chain(values).collect()
}

fn findings_sheet(report: &Report) -> Result<Worksheet, XlsxError> {
    let mut sheet = Sheet::new("findings");
    sheet.headings(1, std::iter::once(report.findings_title()))?;
    for finding in &report.findings {
        sheet.cells(vec![Cell::text(finding)])?;
    }
    sheet.finish(1, 0)
}

fn definitions_sheet(report: &Report) -> Result<Worksheet, XlsxError> {
    let mut sheet = Sheet::new("definitions");
    let headings = [say!("KPI"), say!("Title"), say!("Unit"), say!("Definition"), say!("Formula")];
    sheet.headings(headings.len(), headings.into_iter())?;
    for definition in &report.definitions {
        let unit = definition.unit.title();
        let texts = [&definition.kpi, &definition.title, &unit, &definition.definition, &definition.formula];
        sheet.cells(texts.map(|text| Cell::text(text)).into())?;
    }
    sheet.finish(1, 1)
}

/// The rows of the tidy CSV, to filter and to pivot.
fn data_sheet(heading: &[String], rows: impl Iterator<Item = Vec<Cell>>) -> Result<Worksheet, XlsxError> {
    let mut sheet = Sheet::new("data");
    sheet.headings(heading.len(), heading.iter().cloned())?;
    for row in rows {
        sheet.cells(row)?;
    }
    sheet.filter(heading.len())?;
    sheet.finish(1, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_sheets_are_legal_and_differ() {
        let mut taken = Vec::new();
        assert_eq!(free_name("cost", &mut taken), "cost");
        assert_eq!(free_name("Cost", &mut taken), "Cost 2");
        assert_eq!(free_name("a/b:c", &mut taken), "a_b_c");
        let long = "x".repeat(40);
        assert_eq!(free_name(&long, &mut taken), "x".repeat(31));
        assert_eq!(free_name(&long, &mut taken), format!("{} 2", "x".repeat(29)));
    }
}
