//! The order of rows, and what is said under a table.

use super::scope::Scope;
use super::{Row, tables};
use crate::kpi::exact::Exact;
use crate::kpi::view::is_bucket;
use crate::leads::Over;
use crate::leads::accounts::COHORT_MONTH;

/// Months in their order, all else by size.
pub fn sort_rows(rows: &mut [Row], dimensions: &[String]) {
    if dimensions.first().is_some_and(|name| name == COHORT_MONTH) {
        rows.sort_by_key(|row| (row.key.iter().any(|part| is_bucket(part)), row.key.clone()));
    } else {
        rows.sort_by_key(sort_key);
    }
}

/// Buckets like `(none)` last, then the larger first column first, then by name: a total order.
fn sort_key(row: &Row) -> (bool, std::cmp::Reverse<i128>, Vec<String>) {
    let is_bucket = row.key.iter().any(|part| is_bucket(part));
    let size = row.values.first().and_then(|value| value.value).map_or(i128::MIN, Exact::to_millionths);
    (is_bucket, std::cmp::Reverse(size), row.key.clone())
}

/// The notes of a table; `{margin}` says what margin is in these data.
pub fn notes(scope: &Scope, table: &tables::Table) -> Vec<String> {
    let payments = scope.data.facts.get(&Over::Payments);
    let margin = payments.map(|facts| scope.data.margin.describe(&facts.table)).unwrap_or_default();
    table.notes.iter().map(|note| note.replace("{margin}", &margin)).collect()
}
