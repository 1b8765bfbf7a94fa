//! Whether a customer had complained before it left, or has so far: one half of the quarrel about churn.

use std::collections::HashMap;

use anyhow::{Context, Result};

use super::super::catalogue::Catalogue;
use super::super::evaluate::Evaluator;
use super::super::view::View;
use super::add_words;
use crate::config::{Basis, Config};
use crate::leads::index::NO_LEAD;
use crate::leads::{Data, Over};

/// The dimension of customers.
pub const NAME: &str = "complained";
pub const YES: &str = "had a complaint";
pub const NO: &str = "no complaint";

/// Adds the dimension to the customers: whether a case that the measure `complaints` counts was opened between the
/// start of the customer's first contract and its leaving. What comes later can be no cause of it.
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
    let customer_of = |lead: u32| match &data.customer_of_lead {
        Some(customers) if lead != NO_LEAD => customers[lead as usize],
        _ => lead,
    };
    let mut days_of_customer: HashMap<u32, Vec<i32>> = HashMap::new();
    for row in complaints.mask.rows() {
        if let (lead, Some(day)) = (tickets.lead_of(row), opened.get(row)) {
            days_of_customer.entry(customer_of(lead)).or_default().push(day);
        }
    }
    let started = customers.table.dates("started_at").context("customers have a start")?;
    let churned = customers.table.dates("churned_at").context("customers have an end")?;
    let had_one = |row: usize| {
        let lead = customers.lead_of(row);
        let days = days_of_customer.get(&customer_of(lead)).filter(|_| lead != NO_LEAD);
        let is_within = |day: &&i32| {
            started.get(row).is_none_or(|start| **day >= start)
                && churned.get(row).is_none_or(|end| **day <= end)
        };
        days.is_some_and(|days| days.iter().any(|day| is_within(&day)))
    };
    // of a customer that the CRM does not know nothing ties the cases to the contracts
    let place =
        |row: usize| if customers.lead_of(row) == NO_LEAD { 0 } else { 1 + usize::from(!had_one(row)) };
    let places: Vec<usize> = (0..customers.table.frame.height()).map(place).collect();
    add_words(data, Over::Customers, NAME, &["", YES, NO], &places)
}
