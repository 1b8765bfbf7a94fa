//! The rows behind one number as CSV: where each stands, and columns from which the number can be computed again.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::explain::{basis_of_question, refuse_lacking};
use super::pseudonym;
use super::scope::Scope;
use crate::csv_text::CsvText;
use crate::error::{suggestion, usage_error};
use crate::kpi::catalogue::Entry;
use crate::kpi::exact::Exact;
use crate::kpi::listing::{Listed, MARGIN_BY_AGE, computed_from};
use crate::leads::index::NO_LEAD;
use crate::leads::{Facts, Over};
use crate::period::format_day;
use crate::say;

/// The order of the rows: table, ID, file, line, and the place in the table.
type Place = (Over, String, String, u32, usize);

/// What is printed of a row beside its place and what it adds.
pub struct Printed<'a> {
    /// Columns of its table, else of its lead.
    pub columns: &'a [String],
    /// IDs are replaced under this key.
    pub key: Option<&'a pseudonym::Key>,
    pub csv_text: CsvText,
}

impl Printed<'_> {
    fn text(&self, text: &str) -> String {
        self.csv_text.write(text).into_owned()
    }

    fn id(&self, id: &str) -> String {
        self.key.map_or_else(|| self.text(id), |key| pseudonym::pseudonym(key, id))
    }
}

/// The rows behind a KPI as CSV: table, ID, file and line, the columns that are asked for, and those that the KPI can be
/// computed from (`kpi::listing`); and what these are, a line each. Rows are in the order of table, ID, file and line.
///
/// # Errors
/// An unknown KPI or column, a KPI that the data cannot give, or `--by`, which has no place here.
pub fn rows(scope: &Scope, name: &str, printed: &Printed) -> Result<(String, Vec<String>)> {
    if !scope.by.is_empty() {
        return Err(usage_error(
            "`--rows` and `--by` do not go together",
            "select rows with `--where DIM=VALUE`",
        ));
    }
    let entry = scope.catalogue.kpi(name)?;
    refuse_lacking(scope, name)?;
    check_columns(scope, printed.columns)?;
    let basis = basis_of_question(scope, name)?;
    let listed = scope.evaluator(basis).listed(entry)?;
    let mut rows: BTreeMap<Place, Vec<Option<Exact>>> = BTreeMap::new();
    for (place, column) in listed.iter().enumerate() {
        let absent = || listed.iter().map(|column| (!column.has_gaps).then_some(Exact::ZERO)).collect();
        for (over, row, amount) in &column.cells {
            let (id, file, line) = identify(scope, *over, *row);
            rows.entry((*over, id, file, line, *row)).or_insert_with(absent)[place] = Some(*amount);
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let columns = printed.columns.iter().chain(listed.iter().map(|column| &column.name)).map(String::as_str);
    let heading = ["table", "id", "file", "line"].into_iter().chain(columns);
    writer.write_record(heading.map(|name| printed.text(name)))?;
    for ((over, id, file, line, row), amounts) in rows {
        let fixed = [over.name().to_string(), printed.id(&id), printed.text(&file), line.to_string()];
        let cells = printed.columns.iter().map(|column| cell(scope, over, row, column, printed));
        let amounts = amounts.into_iter().map(|amount| amount.map_or_else(String::new, Exact::to_plain));
        writer.write_record(fixed.into_iter().chain(cells).chain(amounts))?;
    }
    Ok((String::from_utf8(writer.into_inner()?)?, notes(name, entry, &listed)))
}

/// What the columns are, a line each, and how the KPI is computed from them.
fn notes(name: &str, entry: &Entry, listed: &[Listed]) -> Vec<String> {
    let mut lines = vec![say!("note: {kpi} = {formula}", kpi = name, formula = computed_from(entry))];
    let is_age = |column: &Listed| column.name.starts_with(MARGIN_BY_AGE);
    let of_ages = listed.iter().find(|column| is_age(column));
    let others = listed.iter().filter(|column| !is_age(column));
    // of a hundred ages one line tells all
    let named = others.map(|column| (column.name.as_str(), column));
    let of_ages = of_ages.map(|column| ("margin_by_age_N", column));
    let line = |(name, column): (&str, &Listed)| {
        say!("note: column {column}: {what}", column = name, what = column.what)
    };
    lines.extend(named.chain(of_ages).map(line));
    lines
}

fn check_columns(scope: &Scope, columns: &[String]) -> Result<()> {
    let tables = || scope.data.facts.values().map(|facts| &facts.table.frame);
    let Some(unknown) =
        columns.iter().find(|name| !tables().any(|frame| frame.get_column_index(name).is_some()))
    else {
        return Ok(());
    };
    let known: BTreeSet<String> =
        tables().flat_map(|frame| frame.get_column_names_str()).map(String::from).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    Err(usage_error(format!("unknown column `{unknown}`"), suggestion(unknown, &known)))
}

/// A cell of a row, of its own table or of its lead; empty where neither has the column.
fn cell(scope: &Scope, over: Over, row: usize, column: &str, printed: &Printed) -> String {
    let facts = &scope.data.facts[&over];
    if facts.table.has(column) {
        return own_cell(facts, row, column, printed);
    }
    match facts.lead_of(row) {
        NO_LEAD => String::new(),
        lead => own_cell(scope.data.leads(), lead as usize, column, printed),
    }
}

fn own_cell(facts: &Facts, row: usize, column: &str, printed: &Printed) -> String {
    let table = &facts.table;
    let text = || {
        let code = table.codes(column)?.get(row)?;
        table.dictionaries.get(column)?.get(code as usize).map(|text| printed.text(text))
    };
    let id = || table.ids(column)?.get(row).map(|id| printed.id(id));
    let number =
        || table.numbers(column)?.get(row).map(|number| Exact::millionths(i128::from(number)).to_plain());
    let day = || table.dates(column)?.get(row).map(format_day);
    text().or_else(id).or_else(number).or_else(day).unwrap_or_default()
}

/// The ID of a row (of its lead where it has one), its file and line.
pub fn identify(scope: &Scope, over: Over, row: usize) -> (String, String, u32) {
    let facts = &scope.data.facts[&over];
    let (file, line) = facts.table.origin.place(row);
    let lead = facts.lead_of(row);
    let of_lead = if lead == NO_LEAD { None } else { id_of(scope.data.leads(), lead as usize) };
    let of_contract = || id_of(scope.data.facts.get(&Over::Contracts)?, contract_of(scope, over, row)?);
    let id = of_lead.or_else(|| id_of(facts, row)).or_else(of_contract).unwrap_or_default();
    (id, file.to_string(), line)
}

fn id_of(facts: &Facts, row: usize) -> Option<String> {
    let id = |column: &str| facts.table.ids(column)?.get(row).map(String::from);
    id("lead_id").or_else(|| id("customer_id"))
}

/// The contract with which a customer begins, and which names it where the CRM does not: it stands at the same place.
fn contract_of(scope: &Scope, over: Over, row: usize) -> Option<usize> {
    let contracts = scope.data.facts.get(&Over::Contracts).filter(|_| over == Over::Customers)?;
    let (origin, own) = (&contracts.table.origin, &scope.data.facts[&over].table.origin);
    let (file, line) = (own.file_of_row.get(row)?, own.line_of_row.get(row)?);
    // contracts stand in the order of their files and lines
    let start = origin.file_of_row.partition_point(|other| other < file);
    let end = origin.file_of_row.partition_point(|other| other <= file);
    origin.line_of_row[start..end].binary_search(line).ok().map(|place| start + place)
}
