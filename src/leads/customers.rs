//! Contracts become customers: a spell is the time in which a customer has at least one running contract.
//!
//! Churn counts customers, not papers: who replaces one contract by the next has not left, who comes back has come
//! anew. So the customers at the start of a period, the new and the churned ones add up to those at its end.

use std::collections::HashMap;

use anyhow::{Context, Result};
use polars::prelude::*;

use super::index::{Index, NO_LEAD};
use super::{Facts, Stages};
use crate::check::{Finding, finding};
use crate::input::table::Table;
use crate::mask::Mask;
use crate::say;

/// For each lead, the lead that stands for its customer: the first won, else the first created, of those with its
/// `customer_id`; and an index from customer IDs to these leads. None where the CRM has no customer IDs.
pub fn representatives(leads: &Table, stages: &Stages) -> Option<(Vec<u32>, Index)> {
    let ids = leads.ids("customer_id")?;
    let lead_ids = leads.ids("lead_id")?;
    let (index, duplicates) = Index::new(ids);
    let rank = |row: u32| rank(stages, &lead_ids, row as usize);
    let height = u32::try_from(leads.frame.height()).unwrap_or(NO_LEAD);
    let mut best: HashMap<u32, u32> = HashMap::new();
    for &(later, first) in &duplicates {
        let current = best.entry(first).or_insert(first);
        if rank(later) < rank(*current) {
            *current = later;
        }
    }
    let mut of_lead: Vec<u32> = (0..height).map(|row| best.get(&row).copied().unwrap_or(row)).collect();
    for (later, first) in duplicates {
        of_lead[later as usize] = best.get(&first).copied().unwrap_or(first);
    }
    let index = index.with_targets(of_lead.clone());
    Some((of_lead, index))
}

/// What makes one lead of a customer stand for it before another: the lowest does, the first won, else the first created.
pub fn rank<'a>(stages: &Stages, lead_ids: &'a StringChunked, lead: usize) -> impl Ord + use<'a> {
    let day = |at: Option<i32>| at.map_or((true, 0), |day| (false, day));
    let won = stages.won.map(|place| &stages.stages[place]).filter(|won| won.reached.has(lead));
    let won_at = won.and_then(|won| won.at.get(lead));
    let created = stages.of_creation().and_then(|stage| stage.at.get(lead));
    // who was won on no known day was won all the same
    (won.is_none(), day(won_at), day(created), lead_ids.get(lead))
}

/// A contract on its way into a spell.
#[derive(Clone, Copy)]
struct Contract {
    customer: u32,
    started: i32,
    churned: Option<i32>,
    row: u32,
    /// The row of the contract that ends last: it gives the reason and every other text of the spell.
    last_row: u32,
    /// Whether it is the customer's first.
    is_first: bool,
}

/// The spells of all customers, in the order of customer and start: columns `started_at`, `churned_at`, `first`
/// (whether it is the customer's first spell), `last` (whether it is the last one), and the text columns of the contract
/// that ends last. Each stands where its first contract stands. `customers` has the number of the customer of each contract.
/// Beside them what is wrong with contracts.
///
/// # Errors
/// None on tables that were read.
pub fn spells(contracts: &Facts, customers: &[u32]) -> Result<(Facts, Vec<Finding>)> {
    let mut findings = Vec::new();
    let table = &contracts.table;
    let started = table.dates("started_at").context("contracts have a start")?;
    let churned = table.dates("churned_at");
    let nameless_start = (0..table.frame.height()).filter(|row| started.get(*row).is_none());
    findings.extend(finding(
        "contracts_without_start",
        say!("contracts without a start, left out of customers"),
        nameless_start,
        &table.origin,
    ));
    let ends_early = |row: usize| {
        let churned = churned.as_ref().and_then(|days| days.get(row));
        started.get(row).zip(churned).is_some_and(|(started, churned)| churned < started)
    };
    let reversed = Mask::from_rows(table.frame.height(), ends_early);
    findings.extend(finding(
        "contracts_ended_before_start",
        say!("data error, contracts that churned before they started, left out of customers"),
        reversed.rows(),
        &table.origin,
    ));
    let mut spells: Vec<Contract> = Vec::with_capacity(table.frame.height());
    spells.extend((0..table.frame.height()).filter(|row| !reversed.has(*row)).filter_map(|row| {
        let churned = churned.as_ref().and_then(|days| days.get(row));
        let (customer, started, row) = (customers[row], started.get(row)?, u32::try_from(row).ok()?);
        Some(Contract { customer, started, churned, row, last_row: row, is_first: true })
    }));
    let texts: Vec<UInt32Chunked> = table.dictionaries.keys().filter_map(|name| table.codes(name)).collect();
    // of contracts that are alike in dates the texts decide, so that the order of the rows does not
    let text_of = |row: u32| texts.iter().map(|codes| codes.get(row as usize)).collect::<Vec<_>>();
    spells.sort_unstable_by(|left, right| {
        let dates =
            |contract: &Contract| (contract.customer, contract.started, contract.churned.unwrap_or(i32::MAX));
        dates(left).cmp(&dates(right)).then_with(|| text_of(left.row).cmp(&text_of(right.row)))
    });
    spells.dedup_by(joins);
    Ok((to_facts(contracts, &spells)?, findings))
}

/// Whether a contract belongs to the spell before it: both overlap, or follow each other by the next day. The spell takes
/// its end over.
fn joins(contract: &mut Contract, spell: &mut Contract) -> bool {
    if contract.customer != spell.customer {
        return false;
    }
    if spell.churned.is_some_and(|churned| contract.started > churned.saturating_add(1)) {
        contract.is_first = false;
        return false;
    }
    let ends_later = match (spell.churned, contract.churned) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(spell), Some(contract)) => contract > spell,
    };
    if ends_later {
        (spell.churned, spell.last_row) = (contract.churned, contract.row);
    }
    true
}

fn to_facts(contracts: &Facts, spells: &[Contract]) -> Result<Facts> {
    let started: Int32Chunked =
        spells.iter().map(|spell| Some(spell.started)).collect_ca("started_at".into());
    let churned: Int32Chunked = spells.iter().map(|spell| spell.churned).collect_ca("churned_at".into());
    let first: BooleanChunked = spells.iter().map(|spell| Some(spell.is_first)).collect_ca("first".into());
    let is_last =
        |place: usize| spells.get(place + 1).is_none_or(|next| next.customer != spells[place].customer);
    let last: BooleanChunked = (0..spells.len()).map(|place| Some(is_last(place))).collect_ca("last".into());
    let mut columns = vec![
        started.into_date().into_column(),
        churned.into_date().into_column(),
        first.into_column(),
        last.into_column(),
    ];
    let last_rows: IdxCa = spells.iter().map(|spell| spell.last_row).collect_ca("rows".into());
    for name in contracts.table.dictionaries.keys() {
        let column = contracts.table.frame.column(name).context("a text column")?;
        columns.push(column.take(&last_rows).context("rows of the contracts")?);
    }
    let places = spells.iter().map(|spell| spell.row as usize);
    Ok(Facts {
        lead_rows: Some(spells.iter().map(|spell| contracts.lead_of(spell.row as usize)).collect()),
        lead_count: contracts.lead_count,
        event_date: None,
        table: Table {
            frame: DataFrame::new(columns).context("columns of one height")?,
            dictionaries: contracts.table.dictionaries.clone(),
            origin: contracts.table.origin.select(places),
        },
    })
}
