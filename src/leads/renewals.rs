//! Which contracts came to their end, and which of them went on: by a date of renewal or by the contract that follows.

use std::collections::HashMap;

use anyhow::{Context, Result};
use polars::prelude::*;

use super::Facts;
use crate::input::table::{Days, code_slice};

/// A contract as renewals see it.
struct Contract {
    started: Option<i32>,
    ends: Option<i32>,
    churned: Option<i32>,
    renewed: Option<i32>,
    product: u32,
}

impl Contract {
    /// Whether the other contract carries this one on: it starts after it and by `until`, and runs beyond its end. A
    /// contract for another product that ran beside this one for longer than the grace does not.
    fn is_carried_on_by(&self, other: &Contract, ends: i32, grace: i32) -> bool {
        let (Some(started), Some(other_started)) = (self.started, other.started) else { return false };
        let runs_on = |day: Option<i32>| day.is_none_or(|day| day > ends);
        let end = self.churned.map_or(ends, |churned| churned.min(ends));
        let is_beside = self.product != other.product
            && self.product != 0
            && other.product != 0
            && other_started < end.saturating_sub(grace);
        other_started > started
            && other_started <= ends.saturating_add(grace)
            && runs_on(other.ends)
            && runs_on(other.churned)
            && !is_beside
    }
}

/// Adds to contracts with an end `renewal_by`, the last day on which a renewal counts, and `is_renewed`: renewed on a
/// date by then, or carried on by another contract of the customer.
///
/// # Errors
/// None on tables that were read.
pub fn add(contracts: &mut Facts, customers: &[u32], grace: i32) -> Result<()> {
    let table = &mut contracts.table;
    let Some(ends) = table.dates("ends_at") else { return Ok(()) };
    let (started, churned) = (table.dates("started_at"), table.dates("churned_at"));
    let renewed = table.dates("renewed_at");
    let products = ["product_group", "product"].iter().find_map(|name| table.codes(name));
    let day = |days: &Option<Days>, row: usize| days.as_ref().and_then(|days| days.get(row));
    let contract = |row: usize| Contract {
        started: day(&started, row),
        ends: ends.get(row),
        churned: day(&churned, row),
        renewed: day(&renewed, row),
        product: products.as_ref().map_or(0, |codes| code_slice(codes)[row]),
    };
    let height = table.frame.height();
    let mut by_customer: HashMap<u32, Vec<usize>> = HashMap::new();
    for (row, customer) in customers.iter().enumerate() {
        by_customer.entry(*customer).or_default().push(row);
    }
    let is_renewed = |row: usize| {
        let own = contract(row);
        let ends = own.ends?;
        let in_time = own.renewed.is_some_and(|day| day <= ends.saturating_add(grace));
        let others = by_customer[&customers[row]].iter().filter(|other| **other != row);
        let is_carried_on =
            || others.clone().any(|other| own.is_carried_on_by(&contract(*other), ends, grace));
        Some(in_time || is_carried_on())
    };
    let is_renewed: BooleanChunked = (0..height).map(is_renewed).collect_ca("is_renewed".into());
    let until = Days::from_rows((0..height).map(|row| Some(ends.get(row)?.saturating_add(grace))));
    table.frame.with_column(until.to_series("renewal_by")).context("columns of one height")?;
    table.frame.with_column(is_renewed.into_series()).context("columns of one height")?;
    Ok(())
}
