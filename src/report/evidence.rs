//! The rows behind the totals of a report, kept with it: when a month is restated, `funnel diff` can then say which leads
//! made the difference, although the exports of that day are gone.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Table;
use super::rows::identify;
use super::scope::Scope;
use crate::config::Basis;
use crate::input::table::code_slice;
use crate::kpi::exact::Exact;
use crate::leads::{Facts, Over};
use crate::period::format_day;

/// What the totals of a report are made of.
#[derive(Debug, Default, Clone)]
pub struct Evidence {
    /// By basis, for each KPI that the report has on it, the measures that it is computed of.
    pub measures_of: BTreeMap<&'static str, BTreeMap<String, Vec<String>>>,
    /// In the order of basis, table and ID.
    pub rows: Vec<EvidenceRow>,
}

/// What the rows of one ID add to each measure.
#[derive(Debug, Clone)]
pub struct EvidenceRow {
    pub basis: Basis,
    pub table: Over,
    /// The ID of its lead or customer; of a row that names nobody its date and dimensions.
    pub id: String,
    /// Where the first of its rows stands.
    pub file: String,
    pub line: u32,
    /// By measure: 1 a row that counts, its amount or its days.
    pub amounts: BTreeMap<String, Exact>,
}

impl Evidence {
    /// What the totals of one table are made of.
    #[must_use]
    pub fn of_table(&self, table: &Table) -> Evidence {
        let values = || table.blocks.iter().flat_map(|block| &block.rows).flat_map(|row| &row.values);
        let mut own = self.clone();
        let mut measures: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (basis, of_basis) in &mut own.measures_of {
            of_basis.retain(|kpi, _| values().any(|value| value.kpi == *kpi && value.basis.name() == *basis));
            measures.insert(*basis, of_basis.values().flatten().cloned().collect());
        }
        for row in &mut own.rows {
            let known = measures.get(row.basis.name());
            row.amounts.retain(|measure, _| known.is_some_and(|known| known.contains(measure)));
        }
        own.rows.retain(|row| !row.amounts.is_empty());
        own
    }
}

/// The rows behind all KPIs of the tables, for the totals in the scope of the report.
///
/// # Errors
/// A predicate that does not fit the columns.
pub fn evidence(scope: &Scope, tables: &[Table]) -> Result<Evidence> {
    let mut evidence = Evidence::default();
    let mut wanted: BTreeSet<(Basis, String)> = BTreeSet::new();
    let rows = tables.iter().flat_map(|table| &table.blocks).flat_map(|block| &block.rows);
    for value in rows.flat_map(|row| &row.values) {
        let Some(entry) = scope.catalogue.kpis.get(&value.kpi) else { continue };
        let measures: Vec<String> = entry.calculation.measures().into_iter().map(String::from).collect();
        wanted.extend(measures.iter().map(|measure| (value.basis, measure.clone())));
        let of_basis = evidence.measures_of.entry(value.basis.name()).or_default();
        of_basis.insert(value.kpi.clone(), measures);
    }
    let mut known: BTreeMap<(Basis, Over, String), EvidenceRow> = BTreeMap::new();
    for (basis, measure) in wanted {
        for (table, row, amount) in scope.evaluator(basis).contributions(&measure)? {
            let (id, file, line) = identify(scope, table, row);
            let id = if id.is_empty() { describe(&scope.data.facts[&table], row) } else { id };
            let place = known.entry((basis, table, id.clone()));
            let amounts = &mut place
                .or_insert_with(|| EvidenceRow { basis, table, id, file, line, amounts: BTreeMap::new() })
                .amounts;
            let sum = amounts.entry(measure.clone()).or_insert(Exact::ZERO);
            *sum = sum.plus(amount).unwrap_or(*sum);
        }
    }
    evidence.rows = known.into_values().collect();
    Ok(evidence)
}

/// What tells a row without an ID from others: its date and its dimensions.
fn describe(facts: &Facts, row: usize) -> String {
    let table = &facts.table;
    let date = facts.event_date.and_then(|name| table.dates(name)?.get(row)).map(format_day);
    let words = table.dictionaries.iter().filter_map(|(name, words)| {
        let codes = table.codes(name)?;
        words.get(code_slice(&codes)[row] as usize).filter(|word| !word.is_empty()).cloned()
    });
    date.into_iter().chain(words).collect::<Vec<_>>().join(" · ")
}
