//! `--top N`: the rows of the largest values stay, the rest becomes one row `(other)`, so that the parts still add up.
//!
//! Which values stay is decided once for all grids of a table that are split alike, by the first column of the first of
//! them: otherwise `(other)` would be something else in each grid, and the rows of the CSV would not add up. For the same
//! reason it is decided once for all periods of an answer: `(other)` of March has to be what it was in February.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use anyhow::Result;

use super::layout::labels;
use super::maturity::AGE_DAYS;
use super::scope::Scope;
use super::{Row, Value};
use crate::kpi::exact::Exact;
use crate::kpi::group::Key;
use crate::kpi::view::{OTHER, is_bucket};
use crate::leads::accounts::COHORT_MONTH;

/// What stays in each table of an answer, however many periods it has: the period that is built first decides.
pub struct Foldings {
    limit: Option<usize>,
    tables: RefCell<BTreeMap<String, Rc<Folding>>>,
}

impl Foldings {
    /// Keeps so many values in each table, or all.
    pub fn new(limit: Option<usize>) -> Foldings {
        Foldings { limit, tables: RefCell::default() }
    }

    /// What stays in a table.
    pub fn of(&self, table: &str) -> Rc<Folding> {
        let mut tables = self.tables.borrow_mut();
        tables.entry(table.to_string()).or_insert_with(|| Rc::new(Folding::new(self.limit))).clone()
    }
}

/// The values that stay in the grids of one table, by the dimensions of the grid.
pub struct Folding {
    limit: Option<usize>,
    kept: RefCell<BTreeMap<Vec<String>, BTreeSet<Key>>>,
}

impl Folding {
    /// Keeps so many values, or all.
    fn new(limit: Option<usize>) -> Folding {
        Folding { limit, kept: RefCell::default() }
    }

    /// The values that stay by these dimensions; none where all do. `rows` are those of a grid, the largest first: the
    /// first grid decides.
    pub fn kept(&self, dimensions: &[String], rows: &[Row]) -> Option<BTreeSet<Key>> {
        let limit = self.limit?;
        let mut known = self.kept.borrow_mut();
        let largest =
            || rows.iter().map(|row| &row.key).filter(|key| can_fold(key)).take(limit).cloned().collect();
        Some(known.entry(dimensions.to_vec()).or_insert_with(largest).clone())
    }

    /// The values that stay by these dimensions, where a grid has decided it.
    pub fn decided(&self, dimensions: &[String]) -> Option<BTreeSet<Key>> {
        self.kept.borrow().get(dimensions).cloned()
    }
}

/// Whether a row may become a part of `(other)`: rows that are nothing but `(none)` and the like stay what they are.
pub fn can_fold(key: &Key) -> bool {
    !key.iter().all(|part| is_bucket(part))
}

/// The rows of a grid in their order, with those that do not stay made one; `others` computes it from what stays.
///
/// # Errors
/// What `others` cannot compute.
pub fn arrange(
    scope: &Scope,
    dimensions: &[String],
    mut rows: Vec<Row>,
    folding: Option<&Folding>,
    others: impl Fn(&BTreeSet<Key>) -> Result<Vec<Value>>,
) -> Result<Vec<Row>> {
    let width = rows.first().map_or(0, |row| row.values.len());
    let ranked = (0..width).find(|place| rows.iter().any(|row| row.values[*place].value.is_some()));
    rows.sort_by_key(|row| sort_key(row, ranked));
    if let Some(kept) = folding.and_then(|folding| folding.kept(dimensions, &rows)) {
        let count = rows.len();
        rows.retain(|row| kept.contains(&row.key) || !can_fold(&row.key));
        if rows.len() < count {
            let key = vec![OTHER.to_string(); dimensions.len()];
            rows.push(Row {
                labels: labels(scope.data, dimensions, &key),
                key,
                values: others(&kept)?,
                show: None,
            });
        }
    }
    rows.sort_by_cached_key(|row| (place_in_order(scope, dimensions, &row.key), sort_key(row, ranked)));
    Ok(rows)
}

/// Buckets like `(none)` last, then the larger number first, then by name: a total order. `ranked` is the place of the
/// first column that has numbers.
pub fn sort_key(row: &Row, ranked: Option<usize>) -> (bool, std::cmp::Reverse<i128>, Key) {
    let is_bucket = row.key.iter().any(|part| is_bucket(part));
    let ranked = ranked.and_then(|place| row.values.get(place)).and_then(|value| value.value);
    (is_bucket, std::cmp::Reverse(ranked.map_or(i128::MIN, Exact::to_millionths)), row.key.clone())
}

/// What goes before the size of a row: values of the data before `(other)` before `(none)` and the like, and by bands
/// from the smallest number to the largest, by months and ages from the first to the last.
pub fn place_in_order(scope: &Scope, dimensions: &[String], key: &Key) -> (u8, Vec<(usize, String)>) {
    let kind = match key {
        key if key.first().is_some_and(|part| part == OTHER) => 1,
        key => u8::from(key.iter().any(|part| is_bucket(part))) * 2,
    };
    let has_order =
        |name: &String| name == COHORT_MONTH || name == AGE_DAYS || scope.data.bands.contains_key(name);
    if !dimensions.iter().any(has_order) {
        return (kind, Vec::new());
    }
    let place = |(name, value): (&String, &String)| {
        let labels = scope.data.bands.get(name);
        let place = match labels {
            Some(labels) => labels.iter().position(|label| label == value),
            None if name == AGE_DAYS => value.parse().ok(),
            None => None,
        };
        (place.unwrap_or(usize::MAX), value.clone())
    };
    (kind, dimensions.iter().zip(key).map(place).collect())
}
