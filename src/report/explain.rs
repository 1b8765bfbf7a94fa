//! Where one number comes from: its definition and formula, its parts on the data at hand, and the rows behind them.

use std::fmt::Write as _;

use anyhow::Result;

use super::build::OWN_KPIS;
use super::lack::{setting, way_out};
use super::layout::{labels, split_title, with_unit};
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

/// The explanation of a KPI as text.
///
/// # Errors
/// An unknown KPI, or one that the data cannot give.
pub fn explain(scope: &Scope, name: &str) -> Result<String> {
    let entry = scope.catalogue.kpi(name)?;
    refuse_lacking(scope, name)?;
    let basis = basis_of_question(scope, name)?;
    let value = scope.value(name, basis, &[], None)?;
    let lines = facts(scope, entry, basis, &value);
    let mut text = format!("{} ({name})\n", entry.kpi.title.text());
    if !entry.kpi.definition.text().is_empty() {
        let _ = writeln!(text, "{}", entry.kpi.definition.text());
    }
    text.push('\n');
    write_pairs(&mut text, &lines);
    let _ = writeln!(text, "\n{}", say!("Measures"));
    write_pairs(&mut text, &measures(scope, scope.evaluator(basis), &entry.calculation)?);
    text.push_str(&match &entry.calculation {
        Calculation::Curve(_) => by_age(scope, basis)?,
        Calculation::Contrast => contrasts(scope, basis)?,
        _ => String::new(),
    });
    if !scope.by.is_empty() {
        text.push_str(&by_dimensions(scope, name, basis)?);
    }
    let undated = undated(scope);
    if !scope.data.findings.is_empty() || !undated.is_empty() {
        let is_of_part = scope.period.is_some() || !scope.filters.is_empty();
        let title = if is_of_part {
            say!("Left out, or worth knowing, in the whole of the files")
        } else {
            say!("Left out, or worth knowing")
        };
        let _ = writeln!(text, "\n{title}");
        for line in scope.data.findings.iter().chain(&undated).map(Finding::describe) {
            let _ = writeln!(text, "  {line}");
        }
    }
    Ok(text)
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

fn by_dimensions(scope: &Scope, name: &str, basis: Basis) -> Result<String> {
    let entry = scope.catalogue.kpi(name)?;
    let keys = scope.evaluator(basis).keys(entry, scope.by)?;
    let heading = with_unit(entry.kpi.title.text(), entry.kpi.unit, scope.data.currency.as_deref());
    let mut text = format!("\n{}\n", split_title(&heading, scope.by));
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
        let label = labels(scope.data, scope.by, &key).join(", ");
        lines.push((label, format!("{shown}{}", parts.unwrap_or_default())));
    }
    write_pairs(&mut text, &lines);
    Ok(text)
}

/// What customers had brought by each age that all of them have reached: the numbers that the last age is one of.
fn by_age(scope: &Scope, basis: Basis) -> Result<String> {
    let Some(curves) = scope.evaluator(basis).curves(&[])? else { return Ok(String::new()) };
    let curve = &curves.total;
    let lines: Vec<(String, String)> = curve
        .by_age
        .iter()
        .enumerate()
        .filter_map(|(age, margin)| {
            let value = value_text(curve.at(age)?, Unit::Money);
            let margin = plain_text(Exact::millionths(*margin));
            Some((age.to_string(), format!("{value}  {margin} / {}", curve.members)))
        })
        .collect();
    let heading = say!("Margin per customer by age in months: the last is the age that all have reached");
    let mut text = format!("\n{heading}\n");
    if lines.is_empty() {
        let _ = writeln!(text, "  {}", say!("not all customers have reached a whole month"));
    }
    write_pairs(&mut text, &lines);
    if let Some(line) = order::without_beginning(scope, basis)? {
        let _ = writeln!(text, "  {line}");
    }
    Ok(text)
}

/// The differences between the sides of the two questions about churn.
fn contrasts(scope: &Scope, basis: Basis) -> Result<String> {
    let mut text = format!("\n{}\n", say!("Difference in the share that left, points"));
    let lines = causes::described(scope, basis)?;
    if lines.is_empty() {
        let _ = writeln!(text, "  {}", say!("a side has no customers"));
    }
    write_pairs(&mut text, &lines);
    Ok(text)
}

/// Writes labels and what they are for, in two columns.
pub fn write_pairs(text: &mut String, pairs: &[(String, String)]) {
    let width = pairs.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    for (label, value) in pairs {
        let padding = " ".repeat(width - label.chars().count());
        let _ = writeln!(text, "  {label}{padding}  {value}");
    }
}
