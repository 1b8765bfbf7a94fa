//! Where one number comes from: its definition and formula, its parts on the data at hand, and the rows behind them.

use anyhow::Result;

use super::build::OWN_KPIS;
use super::explanation::{Explanation, Grid, Section, findings_title};
use super::lack::{setting, way_out};
use super::layout::{label_headings, labels, split_title, with_unit};
use super::scope::{Scope, describe_scope, undated};
use super::top::place_in_order;
use super::{Value, causes, order};
use crate::check::Finding;
use crate::config::Basis;
use crate::error::data_error;
use crate::kpi::catalogue::{Calculation, Entry, Unit};
use crate::kpi::evaluate::Evaluator;
use crate::kpi::exact::Exact;
use crate::kpi::group::Key;
use crate::lang;
use crate::leads::Over;
use crate::render::{interval_text, measured_text, value_text};
use crate::say;

/// The explanation of a KPI.
///
/// # Errors
/// An unknown KPI, or one that the data cannot give.
pub fn explain(scope: &Scope, name: &str) -> Result<Explanation> {
    let entry = scope.catalogue.kpi(name)?;
    refuse_lacking(scope, name)?;
    let basis = basis_of_question(scope, name)?;
    let value = scope.value(name, basis, &[], None)?;
    let measures = measures(scope, scope.evaluator(basis), &entry.calculation)?;
    let mut sections = vec![
        Section::of_pairs(String::new(), facts(scope, entry, basis, &value)),
        Section::of_pairs(say!("Measures"), measures),
    ];
    match &entry.calculation {
        Calculation::Curve(_) => sections.extend(by_age(scope, basis)?),
        Calculation::Contrast => sections.push(contrasts(scope, basis)?),
        _ => {}
    }
    if !scope.by.is_empty() {
        sections.push(by_dimensions(scope, name, basis)?);
    }
    let undated = undated(scope);
    let findings: Vec<String> = scope.data.findings.iter().chain(&undated).map(Finding::describe).collect();
    if !findings.is_empty() {
        let is_of_part = scope.period.is_some() || !scope.filters.is_empty();
        sections.push(Section::of_lines(findings_title(is_of_part), findings));
    }
    Ok(Explanation {
        title: format!("{} ({name})", entry.kpi.title.text()),
        definition: entry.kpi.definition.text().to_string(),
        sections,
    })
}

/// Why a KPI has no value.
fn why_empty(scope: &Scope, entry: &Entry, basis: Basis, value: &Value) -> String {
    let has_period = scope.period.is_some() && basis == Basis::Event;
    let needs_period = entry.calculation.measures().iter().any(|measure| {
        let quantity = &scope.catalogue.measures[*measure];
        quantity.text.contains("< period_to") && !quantity.text.contains("period_from is null")
    });
    match value.denominator {
        _ if matches!(entry.calculation, Calculation::Contrast) => {
            say!("it stands between two sides of the customers, as below")
        }
        _ if needs_period && !has_period => {
            say!("it needs a period in event basis, such as `--month 2026-03`")
        }
        Some(denominator) if denominator.is_zero() => say!("the denominator is 0"),
        Some(_) if matches!(entry.calculation, Calculation::Days(..)) => say!("too few have come so far"),
        _ => say!("it is unknown under this filter"),
    }
}

/// A number as it is told to people: whole where it counts something, else with two decimals.
pub fn plain_text(exact: Exact) -> String {
    exact.as_count().map_or_else(|| exact.to_text(2), lang::whole)
}

/// Refuses a KPI that the data cannot give.
///
/// # Errors
/// What the inputs lack for it.
pub fn refuse_lacking(scope: &Scope, name: &str) -> Result<()> {
    match scope.lack(name)? {
        Some(lack) => {
            let lacks = if setting(&lack).is_some() { "it needs" } else { "the inputs lack" };
            Err(data_error(
                format!("`{name}` cannot be computed: {lacks} {}", lack.english),
                way_out(&lack, "name the input that has it, or map the column in funnel.toml"),
            ))
        }
        None => Ok(()),
    }
}

/// The basis in which a KPI is explained: its own, else that of the command line, else that of its table.
///
/// # Errors
/// An unknown KPI.
pub fn basis_of_question(scope: &Scope, name: &str) -> Result<Basis> {
    let own = scope.catalogue.kpi(name)?.kpi.basis;
    Ok(own.or(scope.basis).unwrap_or(default_basis(scope, name)?))
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
    let is_shown = |column: &super::tables::Column| match column {
        super::tables::Column::Kpi(kpi) | super::tables::Column::Side { kpi, .. } => kpi == name,
    };
    let shown_in = |table: &super::tables::Table| {
        table.blocks.iter().any(|block| block.columns.iter().any(is_shown)).then_some(table.basis)
    };
    let is_own = scope.catalogue.kpi(name)?.is_own;
    let of_own = || tables.iter().find(|table| is_own && table.name == OWN_KPIS).map(|table| table.basis);
    let basis = tables.iter().find_map(shown_in).or_else(of_own);
    let fallback = if is_money_or_churn { Basis::Event } else { Basis::Cohort };
    Ok(basis.unwrap_or(fallback))
}

/// What a KPI that counts earlier spend counts here; none for all others.
fn lag(scope: &Scope, entry: &Entry, basis: Basis) -> Option<String> {
    let measures = entry.calculation.measures();
    let days = |name: &&str| Some(scope.catalogue.measures[*name].days_earlier).filter(|days| *days > 0);
    let days = measures.iter().find_map(days)?;
    Some(match scope.evaluator(basis).view.earlier_period(days) {
        Some(earlier) => say!("what was spent in {period}", period = earlier.label),
        None => say!("none here: it needs a period in event basis, such as `--month 2026-03`"),
    })
}

/// What is known of a value, a line each: its name and what it says.
fn facts(scope: &Scope, entry: &Entry, basis: Basis, value: &Value) -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = vec![
        (say!("formula"), entry.formula.clone()),
        (say!("scope"), describe_scope(scope, basis)),
        (say!("source"), entry.kpi.source.clone().unwrap_or_else(|| "funnel.toml".to_string())),
    ];
    lines.extend(lag(scope, entry, basis).map(|lag| (say!("lag"), lag)));
    let shown = match value.value {
        Some(exact) => measured_text(exact, value.unit, scope.data.currency.as_deref()),
        None => match &value.text {
            Some(text) => text.clone(),
            None => say!("empty: {reason}", reason = why_empty(scope, entry, basis, value)),
        },
    };
    lines.push((say!("value"), shown));
    if let Some(interval) = value.interval {
        lines.push((say!("95% interval"), lang::percent(&interval_text(interval))));
    }
    lines.extend(value.numerator.map(|exact| (say!("numerator"), plain_text(exact))));
    lines.extend(value.denominator.map(|exact| (say!("denominator"), plain_text(exact))));
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
        let total = total.unwrap_or_else(|| say!("unknown under this filter"));
        lines.push((name.to_string(), format!("{total}: {}", scope.catalogue.measures[name].text)));
    }
    Ok(lines)
}

fn by_dimensions(scope: &Scope, name: &str, basis: Basis) -> Result<Section> {
    let entry = scope.catalogue.kpi(name)?;
    let mut keys: Vec<Key> = scope.evaluator(basis).keys(entry, scope.by)?.into_iter().collect();
    keys.sort_by_cached_key(|key| place_in_order(scope, scope.by, key));
    let row = |key: &Key| -> Result<Vec<String>> {
        let value = scope.value(name, basis, scope.by, Some(key))?;
        let part = |part: Option<Exact>| part.map(plain_text).unwrap_or_default();
        let cells = [
            value.value.map_or_else(String::new, |exact| value_text(exact, value.unit)),
            value.interval.map(interval_text).unwrap_or_default(),
            part(value.numerator),
            part(value.denominator),
        ];
        Ok(labels(scope.data, scope.by, key).into_iter().chain(cells).collect())
    };
    let mut rows: Vec<Vec<String>> = keys.iter().map(row).collect::<Result<_>>()?;
    let value = with_unit(entry.kpi.title.text(), entry.kpi.unit, scope.data.currency.as_deref());
    let numbers = [value, say!("95% interval"), say!("Numerator"), say!("Denominator")];
    let mut headings: Vec<String> = label_headings(scope.by).into_iter().chain(numbers).collect();
    let labels = scope.by.len();
    // what no row has is no column: a sum has no interval and no parts
    for place in (labels + 1..headings.len()).rev() {
        if rows.iter().all(|row| row[place].is_empty()) {
            headings.remove(place);
            for row in &mut rows {
                row.remove(place);
            }
        }
    }
    let title = split_title(entry.kpi.title.text(), scope.by);
    Ok(Section::of_grid(title, Grid { headings, rows, labels }, Vec::new()))
}

/// What customers had brought by each age that all of them have reached: the numbers that the last age is one of.
fn by_age(scope: &Scope, basis: Basis) -> Result<Option<Section>> {
    let Some(curves) = scope.evaluator(basis).curves(&[])? else { return Ok(None) };
    let curve = &curves.total;
    let row = |(age, margin): (usize, &i128)| {
        let value = value_text(curve.at(age)?, Unit::Money);
        let margin = plain_text(Exact::millionths(*margin));
        Some(vec![age.to_string(), value, margin, lang::whole(curve.members)])
    };
    let rows: Vec<Vec<String>> = curve.by_age.iter().enumerate().filter_map(row).collect();
    let none = rows.is_empty().then(|| say!("not all customers have reached a whole month"));
    let money = |heading: &str| with_unit(heading, Unit::Money, scope.data.currency.as_deref());
    let headings =
        vec![say!("Age, months"), money(&say!("Per customer")), money(&say!("Margin")), say!("Customers")];
    Ok(Some(Section::of_grid(
        say!("Margin per customer by age in months: the last is the age that all have reached"),
        Grid { headings, rows, labels: 0 },
        none.into_iter().chain(order::without_beginning(scope, basis)?).collect(),
    )))
}

/// The differences between the sides of the two questions about churn.
fn contrasts(scope: &Scope, basis: Basis) -> Result<Section> {
    let grid = causes::described(scope, basis)?;
    let none = grid.rows.is_empty().then(|| say!("a side has no customers"));
    let title = say!("Difference in the share that left, points");
    Ok(Section::of_grid(title, grid, none.into_iter().collect()))
}
