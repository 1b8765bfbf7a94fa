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
use crate::kpi::group::shown;
use crate::kpi::view::{Dimension, dimension};
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
    /// The values of the dimensions that split the report, of its first row.
    pub dimensions: BTreeMap<String, String>,
    /// How many rows it has.
    pub count: usize,
    /// Where the first of its rows stands.
    pub file: String,
    pub line: u32,
    /// By measure: 1 a row that counts, its amount or its days; of times until an event what lasts of them.
    pub amounts: BTreeMap<String, Exact>,
    /// How many rows add to a measure, where it is more than one.
    pub counts: BTreeMap<String, usize>,
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
            row.counts.retain(|measure, _| row.amounts.contains_key(measure));
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
        let measures = entry.calculation.measures();
        wanted.extend(measures.iter().map(|measure| (value.basis, (*measure).to_string())));
        let evaluator = scope.evaluator(value.basis);
        let measures = measures.iter().flat_map(|measure| evaluator.lasting_columns(measure)).collect();
        let of_basis = evidence.measures_of.entry(value.basis.name()).or_default();
        of_basis.insert(value.kpi.clone(), measures);
    }
    let mut known: BTreeMap<(Basis, Over, String), EvidenceRow> = BTreeMap::new();
    let mut rows_of: BTreeMap<(Basis, Over, String), BTreeSet<usize>> = BTreeMap::new();
    let splits = Splits::of(scope, tables);
    for (basis, measure) in wanted {
        let columns = scope.evaluator(basis).lasting(&measure)?;
        let cells = columns.iter().flat_map(|(name, cells)| cells.iter().map(move |cell| (name, *cell)));
        for (column, (table, row, amount)) in cells {
            let (id, file, line) = identify(scope, table, row);
            let id = if id.is_empty() { describe(&scope.data.facts[&table], row) } else { id };
            rows_of.entry((basis, table, id.clone())).or_default().insert(row);
            let place = known.entry((basis, table, id.clone()));
            let first = || {
                let dimensions = splits.values(scope, table, row);
                EvidenceRow {
                    basis,
                    table,
                    id,
                    dimensions,
                    count: 1,
                    file,
                    line,
                    amounts: BTreeMap::new(),
                    counts: BTreeMap::new(),
                }
            };
            let row = place.or_insert_with(first);
            match row.amounts.get_mut(column) {
                Some(sum) => {
                    *sum = sum.plus(amount).unwrap_or(*sum);
                    *row.counts.entry(column.clone()).or_insert(1) += 1;
                }
                None => drop(row.amounts.insert(column.clone(), amount)),
            }
        }
    }
    for (place, row) in &mut known {
        row.count = rows_of.get(place).map_or(1, BTreeSet::len);
    }
    evidence.rows = known.into_values().collect();
    Ok(evidence)
}

/// The dimensions that split tables, as each table of the data has them.
struct Splits {
    known: BTreeMap<Over, Vec<(String, Dimension)>>,
}

impl Splits {
    fn of(scope: &Scope, tables: &[Table]) -> Splits {
        let blocks = tables.iter().flat_map(|table| &table.blocks);
        // what was worked out, such as how long a lead has been open, moves by itself from day to day
        let is_of_data = |name: &&String| !scope.data.derived.contains(name.as_str());
        let names: BTreeSet<&String> =
            blocks.flat_map(|block| &block.dimensions).filter(is_of_data).collect();
        let of_table = |over: Over| {
            let found =
                names.iter().filter_map(|name| Some(((*name).clone(), dimension(scope.data, over, name)?)));
            (over, found.collect())
        };
        Splits { known: scope.data.facts.keys().map(|over| of_table(*over)).collect() }
    }

    /// The values of a row; one without a lead has none of a lead.
    fn values(&self, scope: &Scope, over: Over, row: usize) -> BTreeMap<String, String> {
        let Some(dimensions) = self.known.get(&over) else { return BTreeMap::new() };
        let value = |(name, dimension): &(String, Dimension)| {
            let row = if dimension.is_of_lead { scope.data.facts[&over].lead_of(row) as usize } else { row };
            let code = *code_slice(&dimension.codes).get(row)?;
            Some((name.clone(), shown(dimension.words.get(code as usize)?)))
        };
        dimensions.iter().filter_map(value).collect()
    }
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
