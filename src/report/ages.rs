//! The grid of realised value: a row for each group of customers, a column for each age in months.

use std::collections::BTreeSet;

use anyhow::Result;

use super::layout::{label_headings, labels, split_title, total_labels, with_unit};
use super::scope::Scope;
use super::tables::{self, Show};
use super::top::{Folding, arrange, can_fold};
use super::{Block, Column, Row, Value};
use crate::config::Basis;
use crate::kpi::catalogue::Unit;
use crate::kpi::exact::Exact;
use crate::kpi::group::{Choice, Key};
use crate::kpi::realised::Curve;
use crate::kpi::view::TOTAL;
use crate::say;

/// The dimension of the columns.
pub const AGE: &str = "age_months";
/// Ages that people are shown; CSV and JSON have all.
const SHOWN: [usize; 17] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 18, 24, 36, 48];
/// One payment of the year 1 must not make a column for each month since.
const MOST_AGES: usize = 121;
/// What stands at each age.
pub const KPI: &str = "ltv_realised";

/// Customers, and for each age the margin per customer that had been received by then, as far as all have reached it.
///
/// # Errors
/// None on tables that were read.
pub fn block(
    scope: &Scope,
    block: &tables::Block,
    basis: Basis,
    dimensions: &[String],
    folding: &Folding,
) -> Result<Vec<Block>> {
    let Some(curves) = scope.evaluator(basis).curves(dimensions)? else { return Ok(Vec::new()) };
    let all = || curves.groups.values().chain([&curves.total]);
    let ages = all().map(|curve| curve.by_age.len()).max().unwrap_or(0).min(MOST_AGES);
    if ages == 0 {
        return Ok(Vec::new());
    }
    let values = |curve: &Curve| values(curve, ages, basis);
    let rows: Vec<Row> = curves
        .groups
        .iter()
        .filter(|_| !dimensions.is_empty())
        .map(|(key, curve)| Row {
            labels: labels(scope.data, dimensions, key),
            key: key.clone(),
            values: values(curve),
            show: None,
        })
        .collect();
    let others = |kept: &BTreeSet<Key>| {
        let is_other = |key: &Key| can_fold(key) && !kept.contains(key);
        Ok(values(&curves.of(Choice::Where(&is_other))))
    };
    let mut rows = arrange(scope, dimensions, rows, Some(folding), others)?;
    let key = vec![TOTAL.to_string(); dimensions.len()];
    rows.push(Row { labels: total_labels(dimensions), key, values: values(&curves.total), show: None });
    let title = with_unit(&block.title, Unit::Money, scope.data.currency.as_deref());
    Ok(vec![Block {
        title: split_title(&title, dimensions),
        labels: label_headings(dimensions),
        dimensions: dimensions.iter().cloned().chain([AGE.to_string()]).collect(),
        columns: columns(ages),
        rows,
    }])
}

/// The number of customers of a group, and what they had brought by each of so many ages.
fn values(curve: &Curve, ages: usize, basis: Basis) -> Vec<Value> {
    let members =
        Value { value: Some(whole(curve.members)), ..Value::empty("customers_begun", basis, Unit::Count) };
    let at_age = (0..ages).map(|age| Value {
        value: curve.at(age),
        numerator: curve.by_age.get(age).map(|margin| Exact::millionths(*margin)),
        denominator: curve.at(age).map(|_| whole(curve.members)),
        ..Value::empty(KPI, basis, Unit::Money)
    });
    std::iter::once(members).chain(at_age).collect()
}

/// The number of customers, and so many ages.
pub fn columns(ages: usize) -> Vec<Column> {
    let members =
        Column { heading: say!("Customers"), show: Show::Value, unit: Unit::Count, key: Vec::new() };
    let of_age = (0..ages).map(|age| Column {
        heading: age.to_string(),
        show: if SHOWN.contains(&age) { Show::Value } else { Show::Data },
        unit: Unit::Money,
        key: vec![age.to_string()],
    });
    std::iter::once(members).chain(of_age).collect()
}

fn whole(number: u64) -> Exact {
    Exact::whole(i128::from(number))
}
