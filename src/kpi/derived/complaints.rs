//! Whether a customer had complained before it left, or has so far: one half of the quarrel about churn.

use std::collections::HashMap;

use anyhow::{Context, Result};
use polars::prelude::UInt32Chunked;

use super::super::catalogue::Catalogue;
use super::super::evaluate::Evaluator;
use super::super::view::{Dimension, View};
use super::add_words;
use crate::config::{Basis, Config};
use crate::input::table::{Days, code_slice};
use crate::leads::index::NO_LEAD;
use crate::leads::{Data, Facts, Over};
use crate::words;

/// The dimension of customers.
pub const NAME: &str = "complained";
pub const YES: &str = words!("had a complaint");
pub const NO: &str = words!("no complaint");

/// The date of customers: the first complaint between the start of the first contract and the leaving.
const FIRST: &str = "complained_at";

/// Adds the dimension to the customers, and the date of the first complaint: whether a case that the measure `complaints`
/// counts was opened between the start of the customer's first contract and its leaving. What comes later can be no cause
/// of it.
///
/// # Errors
/// A measure `complaints` of the user's own that does not fit the columns.
pub fn add(data: &mut Data, _config: &Config, catalogue: &Catalogue) -> Result<()> {
    let (Some(tickets), Some(customers)) = (data.facts.get(&Over::Tickets), data.facts.get(&Over::Customers))
    else {
        return Ok(());
    };
    let Some(opened) = tickets.table.dates("opened_at") else { return Ok(()) };
    let evaluator = Evaluator::new(View::new(data, Basis::Cohort, None, &[]), catalogue, false);
    if evaluator.lacking_of("complaints").is_some() {
        return Ok(());
    }
    let Some(complaints) = evaluator.rows("complaints")? else { return Ok(()) };
    let mut days_of_customer: HashMap<u32, Vec<i32>> = HashMap::new();
    for row in complaints.mask.rows() {
        if let (lead, Some(day)) = (tickets.lead_of(row), opened.get(row)) {
            days_of_customer.entry(data.customer_of(lead)).or_default().push(day);
        }
    }
    let started = customers.table.dates("started_at").context("customers have a start")?;
    let churned = customers.table.dates("churned_at").context("customers have an end")?;
    let height = customers.table.frame.height();
    let first_start = first_starts(&started, height, |row| data.customer_of(customers.lead_of(row)));
    let first_of = |row: usize| {
        let lead = customers.lead_of(row);
        let customer = data.customer_of(lead);
        let days = days_of_customer.get(&customer).filter(|_| lead != NO_LEAD)?;
        let is_within = |day: &i32| {
            first_start.get(&customer).is_none_or(|start| day >= start)
                && churned.get(row).is_none_or(|end| *day <= end)
        };
        days.iter().copied().filter(is_within).min()
    };
    let firsts: Vec<Option<i32>> = (0..height).map(first_of).collect();
    // of a customer that the CRM does not know nothing ties the cases to the contracts
    let place = |row: usize| match (customers.lead_of(row), firsts[row]) {
        (NO_LEAD, _) => 0,
        (_, Some(_)) => 1,
        (_, None) => 2,
    };
    add_words(data, Over::Customers, NAME, &["", YES, NO], &(0..height).map(place).collect::<Vec<_>>())?;
    let table = &mut data.facts.get_mut(&Over::Customers).context("customers")?.table;
    table
        .frame
        .with_column(Days::from_rows(firsts.into_iter()).to_series(FIRST))
        .context("columns of one height")?;
    Ok(())
}

/// The start of the first contract of each customer; `customer_of` tells that of each spell.
fn first_starts(started: &Days, height: usize, customer_of: impl Fn(usize) -> u32) -> HashMap<u32, i32> {
    let mut firsts: HashMap<u32, i32> = HashMap::new();
    for (row, start) in (0..height).filter_map(|row| Some((row, started.get(row)?))) {
        let first = firsts.entry(customer_of(row)).or_insert(start);
        *first = start.min(*first);
    }
    firsts
}

/// The dimension as it stood on a day: who complained later had not complained yet.
pub fn before(customers: &Facts, dimension: Dimension, day: i32) -> Dimension {
    let Some(firsts) = customers.table.dates(FIRST) else { return dimension };
    let none = dimension.words.iter().position(|word| word == NO).and_then(|code| u32::try_from(code).ok());
    let Some(none) = none else { return dimension };
    let codes = code_slice(&dimension.codes).iter().enumerate();
    let code = |(row, code): (usize, &u32)| {
        if firsts.get(row).is_some_and(|first| first >= day) { none } else { *code }
    };
    let codes: Vec<u32> = codes.map(code).collect();
    Dimension { codes: UInt32Chunked::from_vec(NAME.into(), codes), ..dimension }
}
