//! Tables that were built, with what is said beside them: what was left out and why, and what the report is of.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::build::OWN_KPIS;
use super::lack::way_out;
use super::scope::{Scope, undated, without_date};
use super::{Definition, Report, Table, Value, tables};
use crate::check::Finding;
use crate::error::data_error;
use crate::kpi::catalogue::Catalogue;
use crate::kpi::roles;
use crate::lang::Bilingual;
use crate::period::format_day;
use crate::say;

/// Tables that were filled, and what kept the others from it.
pub struct Built {
    pub tables: Vec<Table>,
    /// Name and need of each table that was asked for and is not there.
    pub lacking: Vec<(String, Bilingual)>,
}

impl Built {
    /// Why tables were left out, a line each.
    pub fn left_out(&self) -> Vec<String> {
        self.missed().map(|left_out| left_out.told).collect()
    }

    fn missed(&self) -> impl Iterator<Item = Bilingual> + '_ {
        // who has no KPIs of his own does not miss their table
        let missed = self.lacking.iter().filter(|(table, _)| table != OWN_KPIS);
        missed.map(|(table, reason)| Bilingual {
            english: format!("{table} needs {}", reason.english),
            told: say!("left out: {table} needs {reason}", table = table, reason = reason),
        })
    }

    /// Names each table that is not there once, of several periods: what one of them lacks another may have.
    pub fn settle(&mut self) {
        let mut known: Vec<String> = self.tables.iter().map(|table| table.name.clone()).collect();
        self.lacking.retain(|(name, _)| {
            let is_new = !known.contains(name);
            known.push(name.clone());
            is_new
        });
    }

    /// Whether the report is the one that was asked for.
    ///
    /// # Errors
    /// A table that was named and is not there, or no table at all.
    pub fn check(&self, names: &[String]) -> Result<()> {
        if let Some((table, reason)) = self.lacking.first().filter(|_| !names.is_empty()) {
            return Err(data_error(
                format!("the table `{table}` needs {}", reason.english),
                format!("{}, or leave the table out of the command", way_out(reason, "name the input")),
            ));
        }
        if self.tables.is_empty() {
            return Err(data_error(
                "these inputs allow no table",
                self.missed().map(|missed| missed.english).collect::<Vec<_>>().join("; "),
            ));
        }
        Ok(())
    }
}

/// Tables with what a report says beside them.
pub fn around(scope: &Scope, tables: Vec<Table>) -> Report {
    let of_data =
        scope.data.findings.iter().chain(&undated(scope)).map(Finding::describe).collect::<Vec<_>>();
    Report {
        tables,
        findings: outside_data(scope).into_iter().chain(of_data).collect(),
        as_of: scope.data.as_of.map(format_day).unwrap_or_default(),
        currency: scope.data.currency.clone(),
        filters: scope
            .filters
            .iter()
            .map(|filter| format!("{}={}", filter.dimension, filter.value))
            .collect(),
        is_compared: false,
        is_judged: false,
        evidence: None,
        definitions: Vec::new(),
        stages: scope.catalogue.stages.clone(),
        skips: scope.catalogue.skips,
        roles: scope.catalogue.roles.clone(),
    }
}

/// What the KPIs of tables are, each once, in the order in which they first occur.
pub fn definitions(catalogue: &Catalogue, tables: &[Table]) -> Vec<Definition> {
    let rows = tables.iter().flat_map(|table| &table.blocks).flat_map(|block| &block.rows);
    let mut known = BTreeSet::new();
    let mut definitions = Vec::new();
    for value in rows.flat_map(|row| &row.values).filter(|value| known.insert(value.kpi.as_str())) {
        definitions.extend(of_beside(catalogue, value));
        definitions.extend(catalogue.kpis.get(&value.kpi).map(|entry| Definition {
            kpi: value.kpi.clone(),
            title: entry.kpi.title.text().to_string(),
            unit: value.unit,
            definition: entry.kpi.definition.text().to_string(),
            formula: entry.formula.clone(),
        }));
    }
    definitions
}

/// What a key is that stands beside a KPI; none where it is a KPI itself.
fn of_beside(catalogue: &Catalogue, value: &Value) -> Option<Definition> {
    let found = catalogue.beside(&value.kpi)?;
    let of = catalogue.kpis.get(found.kpi)?.kpi.title.text();
    Some(Definition {
        kpi: value.kpi.clone(),
        title: format!("{of}: {}", found.fill(found.beside.title.text())),
        unit: value.unit,
        definition: found.fill(found.beside.definition.text()),
        formula: found.fill(&found.beside.formula),
    })
}

/// Tables of several periods with what a report says beside them: what has no date is in none of the periods, whether
/// they were named or are all that the data have.
pub fn around_periods(scope: &Scope, tables: Vec<Table>) -> Report {
    let findings = scope.data.findings.iter().chain(&without_date(scope)).map(Finding::describe).collect();
    Report { findings, ..around(scope, tables) }
}

/// What a reader of a report of these tables must be told beside it: KPIs left out for want of a setting, own KPIs left
/// out, a period without data.
///
/// # Errors
/// None on a catalogue that was parsed.
pub fn notes(scope: &Scope, tables: &[Table]) -> Result<Vec<String>> {
    let mut notes = without_a_role(scope, tables)?;
    notes.extend(own_kpis_left_out(scope)?);
    notes.extend(period_outside_data(scope));
    Ok(notes)
}

/// The KPIs of these tables that are about the stage of a role, where no stage has it.
fn without_a_role(scope: &Scope, tables: &[Table]) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for definition in
        tables::tables()?.iter().filter(|known| tables.iter().any(|table| table.name == known.name))
    {
        let mut kpis: BTreeMap<&str, (Vec<&str>, Bilingual)> = BTreeMap::new();
        for tables::Column::Kpi(kpi) | tables::Column::Side { kpi, .. } in
            definition.blocks.iter().flat_map(|block| &block.columns)
        {
            let Some(role) = roles::vacant(scope.catalogue, kpi) else { continue };
            let (names, _) = kpis.entry(role.name).or_insert_with(|| (Vec::new(), (role.setting)()));
            if !names.contains(&kpi.as_str()) {
                names.push(kpi);
            }
        }
        lines.extend(kpis.into_values().map(|(names, setting)| {
            let (kpis, table) = (names.join(", "), &definition.name);
            if names.len() == 1 {
                say!("left out: {kpi} in {table} needs {lack}", kpi = kpis, table = table, lack = setting)
            } else {
                say!("left out: {kpis} in {table} need {lack}", kpis = kpis, table = table, lack = setting)
            }
        }));
    }
    Ok(lines)
}

/// The KPIs of the user's own that the data cannot give: they must not vanish without a word.
fn own_kpis_left_out(scope: &Scope) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for name in scope.catalogue.own() {
        lines.extend(
            scope
                .lacking(name)?
                .map(|lack| say!("left out: the KPI {kpi} needs {lack}", kpi = name, lack = lack)),
        );
    }
    Ok(lines)
}

/// A period in which the data have no date at all is a mistake more often than not.
fn period_outside_data(scope: &Scope) -> Option<String> {
    outside_data(scope).map(|text| say!("note: {text}", text = text))
}

fn outside_data(scope: &Scope) -> Option<String> {
    let (first, last) = scope.data.first_day.zip(scope.data.as_of)?;
    let period = scope.period.filter(|period| period.to <= first || period.from > last)?;
    Some(say!(
        "{period} lies outside the data, which run from {first} to {last}: its zeros are no figures",
        period = period.label,
        first = format_day(first),
        last = format_day(last)
    ))
}
