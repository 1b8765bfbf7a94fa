//! Where one number comes from: its definition and formula, its parts on the data at hand, and the rows behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::Result;

use super::build::OWN_KPIS;
use super::lack::{setting, way_out};
use super::layout::with_unit;
use super::scope::{Scope, describe_scope, undated};
use super::top::place_in_order;
use super::{Value, pseudonym};
use crate::check::Finding;
use crate::config::Basis;
use crate::csv_text::CsvText;
use crate::error::{data_error, suggestion, usage_error};
use crate::kpi::catalogue::{Calculation, Entry, Unit};
use crate::kpi::evaluate::Evaluator;
use crate::kpi::exact::Exact;
use crate::kpi::group::Key;
use crate::leads::index::NO_LEAD;
use crate::leads::{Facts, Over};
use crate::period::format_day;
use crate::render::{interval_text, value_text};

/// The explanation of a KPI as text.
///
/// # Errors
/// An unknown KPI, or one that the data cannot give.
pub fn explain(scope: &Scope, name: &str) -> Result<String> {
    let entry = scope.catalogue.kpi(name)?;
    refuse_lacking(scope, name)?;
    let basis = entry.kpi.basis.or(scope.basis).unwrap_or(default_basis(scope, name)?);
    let value = scope.value(name, basis, &[], None)?;
    let lines = facts(scope, entry, basis, &value);
    let mut text = format!("{} ({name})\n", entry.kpi.title.text());
    if !entry.kpi.definition.text().is_empty() {
        let _ = writeln!(text, "{}", entry.kpi.definition.text());
    }
    text.push('\n');
    write_pairs(&mut text, &lines);
    text.push_str("\nMeasures\n");
    write_pairs(&mut text, &measures(scope, scope.evaluator(basis), &entry.calculation)?);
    if !scope.by.is_empty() {
        text.push_str(&by_dimensions(scope, name, basis)?);
    }
    let undated = undated(scope);
    if !scope.data.findings.is_empty() || !undated.is_empty() {
        text.push_str("\nLeft out, or worth knowing\n");
        for line in scope.data.findings.iter().chain(&undated).map(Finding::describe) {
            let _ = writeln!(text, "  {line}");
        }
    }
    Ok(text)
}

/// Why a KPI has no value.
fn why_empty(scope: &Scope, entry: &Entry, basis: Basis, value: &Value) -> &'static str {
    let has_period = scope.period.is_some() && basis == Basis::Event;
    let needs_period = entry.calculation.measures().iter().any(|measure| {
        let quantity = &scope.catalogue.measures[*measure];
        quantity.text.contains("< period_to") && !quantity.text.contains("period_from is null")
    });
    match value.denominator {
        _ if needs_period && !has_period => "it needs a period in event basis, such as `--month 2026-03`",
        Some(denominator) if denominator.is_zero() => "the denominator is 0",
        Some(_) if matches!(entry.calculation, Calculation::Days(..)) => "too few have come so far",
        _ => "it is unknown under this filter",
    }
}

fn plain_text(exact: Exact) -> String {
    exact.as_count().map_or_else(|| exact.to_text(2), crate::check::group_thousands)
}

fn refuse_lacking(scope: &Scope, name: &str) -> Result<()> {
    match scope.lacking(name)? {
        Some(lack) => {
            let lacks = if setting(&lack).is_some() { "it needs" } else { "the inputs lack" };
            Err(data_error(
                format!("`{name}` cannot be computed: {lacks} {lack}"),
                way_out(&lack, "name the input that has it, or map the column in funnel.toml"),
            ))
        }
        None => Ok(()),
    }
}

/// The basis of the first table that shows the KPI; cohort for KPIs that no table shows. A KPI of the user's own is shown
/// by the table of such.
fn default_basis(scope: &Scope, name: &str) -> Result<Basis> {
    let tables = super::tables::tables()?;
    let is_money_or_churn = {
        let entry = scope.catalogue.kpi(name)?;
        entry
            .calculation
            .measures()
            .iter()
            .any(|measure| scope.catalogue.measures[*measure].over != Over::Leads)
    };
    let shows = |table: &&super::tables::Table| {
        table.blocks.iter().flat_map(|block| &block.columns).any(|column| match column {
            super::tables::Column::Kpi(kpi) | super::tables::Column::Side { kpi, .. } => kpi == name,
        })
    };
    let is_own = scope.catalogue.kpi(name)?.is_own;
    let of_own = || tables.iter().find(|table| is_own && table.name == OWN_KPIS);
    let basis = tables.iter().find(shows).or_else(of_own).map(|table| table.basis);
    let fallback = if is_money_or_churn { Basis::Event } else { Basis::Cohort };
    Ok(basis.unwrap_or(fallback))
}

/// What a KPI that counts earlier spend counts here; none for all others.
fn lag(scope: &Scope, entry: &Entry, basis: Basis) -> Option<String> {
    let measures = entry.calculation.measures();
    let days = |name: &&str| Some(scope.catalogue.measures[*name].days_earlier).filter(|days| *days > 0);
    let days = measures.iter().find_map(days)?;
    Some(match scope.evaluator(basis).view.earlier_period(days) {
        Some(earlier) => format!("what was spent in {}", earlier.label),
        None => "none here: it needs a period in event basis, such as `--month 2026-03`".to_string(),
    })
}

/// What is known of a value, a line each: its name and what it says.
fn facts(scope: &Scope, entry: &Entry, basis: Basis, value: &Value) -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = vec![
        ("formula".into(), entry.formula.clone()),
        ("scope".into(), describe_scope(scope, basis)),
        ("source".into(), entry.kpi.source.clone().unwrap_or_else(|| "funnel.toml".to_string())),
    ];
    lines.extend(lag(scope, entry, basis).map(|lag| ("lag".to_string(), lag)));
    let unit = match value.unit {
        Unit::Share | Unit::Part => "%".to_string(),
        Unit::Days => "days".to_string(),
        Unit::Hours => "hours".to_string(),
        Unit::Months => "months".to_string(),
        Unit::Money => scope.data.currency.clone().unwrap_or_default(),
        Unit::Count | Unit::Number => String::new(),
    };
    let shown = match value.value {
        Some(exact) => format!("{} {unit}", value_text(exact, value.unit)).trim_end().to_string(),
        None => match &value.text {
            Some(text) => text.clone(),
            None => format!("empty: {}", why_empty(scope, entry, basis, value)),
        },
    };
    lines.push(("value".into(), shown));
    if let Some(interval) = value.interval {
        lines.push(("95% interval".into(), format!("{} %", interval_text(interval))));
    }
    for (part, exact) in [("numerator", value.numerator), ("denominator", value.denominator)] {
        lines.extend(exact.map(|exact| (part.to_string(), plain_text(exact))));
    }
    lines
}

fn measures(
    scope: &Scope,
    evaluator: &Evaluator,
    calculation: &Calculation,
) -> Result<Vec<(String, String)>> {
    let mut lines = Vec::new();
    for name in calculation.measures() {
        let total = evaluator.grouped(name, &[])?.map(|grouped| plain_text(grouped.total.exact()));
        let total = total.unwrap_or_else(|| "unknown under this filter".to_string());
        lines.push((name.to_string(), format!("{total}: {}", scope.catalogue.measures[name].text)));
    }
    Ok(lines)
}

fn by_dimensions(scope: &Scope, name: &str, basis: Basis) -> Result<String> {
    let entry = scope.catalogue.kpi(name)?;
    let keys = scope.evaluator(basis).keys(entry, scope.by)?;
    let heading = with_unit(entry.kpi.title.text(), entry.kpi.unit, scope.data.currency.as_deref());
    let mut text = format!("\n{heading}, by {}\n", scope.by.join(" and "));
    let mut lines = Vec::new();
    let mut keys: Vec<Key> = keys.into_iter().collect();
    keys.sort_by_cached_key(|key| place_in_order(scope, scope.by, key));
    for key in keys {
        let value = scope.value(name, basis, scope.by, Some(&key))?;
        let shown = value.value.map_or_else(String::new, |exact| value_text(exact, value.unit));
        let parts = value.numerator.zip(value.denominator);
        let parts = parts.map(|(numerator, denominator)| {
            format!("  {} / {}", plain_text(numerator), plain_text(denominator))
        });
        lines.push((key.join(", "), format!("{shown}{}", parts.unwrap_or_default())));
    }
    write_pairs(&mut text, &lines);
    Ok(text)
}

fn write_pairs(text: &mut String, pairs: &[(String, String)]) {
    let width = pairs.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    for (label, value) in pairs {
        let padding = " ".repeat(width - label.chars().count());
        let _ = writeln!(text, "  {label}{padding}  {value}");
    }
}

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

/// The rows behind a KPI as CSV: table, ID, file and line, the columns that are asked for, and what each adds to every
/// measure.
///
/// The column of a measure adds up to the measure. Rows are in the order of table, ID, file and line.
///
/// # Errors
/// An unknown KPI or column, a KPI that the data cannot give, or `--by`, which has no place here.
pub fn rows(scope: &Scope, name: &str, printed: &Printed) -> Result<String> {
    if !scope.by.is_empty() {
        return Err(usage_error(
            "`--rows` and `--by` do not go together",
            "select rows with `--where DIM=VALUE`",
        ));
    }
    let entry = scope.catalogue.kpi(name)?;
    refuse_lacking(scope, name)?;
    check_columns(scope, printed.columns)?;
    let basis = entry.kpi.basis.or(scope.basis).unwrap_or(default_basis(scope, name)?);
    let evaluator = scope.evaluator(basis);
    let names: Vec<&str> = entry.calculation.measures().into_iter().collect();
    let mut rows: BTreeMap<(Over, String, String, u32, usize), Vec<Exact>> = BTreeMap::new();
    for (place, measure) in names.iter().enumerate() {
        for (over, row, amount) in evaluator.contributions(measure)? {
            let (id, file, line) = identify(scope, over, row);
            let amounts =
                rows.entry((over, id, file, line, row)).or_insert_with(|| vec![Exact::ZERO; names.len()]);
            amounts[place] = amount;
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let columns = printed.columns.iter().map(String::as_str);
    let heading = ["table", "id", "file", "line"].into_iter().chain(columns).chain(names.iter().copied());
    writer.write_record(heading.map(|name| printed.text(name)))?;
    for ((over, id, file, line, row), amounts) in rows {
        let fixed = [over.name().to_string(), printed.id(&id), printed.text(&file), line.to_string()];
        let cells = printed.columns.iter().map(|column| cell(scope, over, row, column, printed));
        let amounts = amounts.into_iter().map(Exact::to_plain);
        writer.write_record(fixed.into_iter().chain(cells).chain(amounts))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
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
