//! What money needs beyond the join of leads: one currency, and customers that pay, renew and leave as one.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use polars::prelude::*;

use super::accounts::{self, Customers};
use super::currency::Currencies;
use super::margin::Margin;
use super::rates::Rates;
use super::{Facts, Over, Stages, customers, payments, renewals};
use crate::check::Finding;
use crate::config::Config;
use crate::input::Inputs;
use crate::input::table::{Origin, Table};
use crate::input::tables::Kind;
use crate::mask::Mask;

/// Brings all amounts into the reporting currency: those of leads by the day of the win, else of the loss or closing,
/// else of creation; spend, contracts and payments by their own date.
///
/// # Errors
/// An amount that no rate fits.
pub fn convert(
    rates: &mut Rates,
    currencies: &Currencies,
    (leads, stages, not_yet): (&mut Table, &Stages, &Mask),
    facts: &mut BTreeMap<Over, Facts>,
) -> Result<()> {
    forget(leads, not_yet)?;
    let won = stages.won.map(|place| &stages.stages[place].at);
    let created = stages.of_creation().map(|stage| &stage.at);
    let closed = leads.dates("closed_at");
    let day_of_lead = |row: usize| {
        let days = [won, Some(&stages.lost_at), closed.as_ref(), created];
        days.into_iter().flatten().find_map(|days| days.get(row))
    };
    rates.convert(leads, &["amount", "margin"], currencies, &day_of_lead)?;
    for (over, column, amounts) in [
        (Over::Spend, "date", &["cost"][..]),
        (Over::Contracts, "started_at", &["mrr", "amount"]),
        (Over::Payments, "paid_at", &["amount", "margin"]),
    ] {
        if let Some(facts) = facts.get_mut(&over) {
            let days = facts.table.dates(column);
            let day_of_row = |row: usize| days.as_ref().and_then(|days| days.get(row));
            rates.convert(&mut facts.table, amounts, currencies, &day_of_row)?;
        }
    }
    Ok(())
}

/// Takes the amounts of leads that are not there yet away: they count nowhere, and no rate has to fit them.
fn forget(leads: &mut Table, not_yet: &Mask) -> Result<()> {
    for column in ["amount", "margin"].into_iter().filter(|_| not_yet.count() > 0) {
        let Some(numbers) = leads.numbers(column) else { continue };
        let known = numbers.iter().enumerate().map(|(row, number)| number.filter(|_| !not_yet.has(row)));
        let known: Int64Chunked = known.collect_ca(column.into());
        leads.frame.with_column(known.into_series()).context("columns of one height")?;
    }
    Ok(())
}

/// Makes customers of contracts, payments and leads that were won, and tells contracts and payments what follows from it.
/// For contracts and payments the row of the customer of each of their rows comes back.
///
/// # Errors
/// None on tables that were read.
pub fn one_by_one(
    leads: &Table,
    stages: &Stages,
    (config, margin): (&Config, Margin),
    mut customers: Customers,
    facts: &mut BTreeMap<Over, Facts>,
    findings: &mut Vec<Finding>,
) -> Result<BTreeMap<Over, Vec<u32>>> {
    let mut numbers: BTreeMap<Over, Vec<u32>> = BTreeMap::new();
    for over in [Over::Contracts, Over::Payments] {
        numbers.extend(facts.get(&over).map(|facts| (over, customers.numbers(facts))));
    }
    if let (Some(contracts), Some(numbers)) = (facts.get_mut(&Over::Contracts), numbers.get(&Over::Contracts))
    {
        renewals::add(contracts, numbers, config.renewal.grace_days()?)?;
    }
    let contracts = facts.get(&Over::Contracts).filter(|contracts| contracts.table.has("started_at"));
    // neither needs the other, and each takes one thread
    let (spells, made) = rayon::join(
        || contracts.zip(numbers.get(&Over::Contracts)).map(|(table, own)| customers::spells(table, own)),
        || accounts::accounts(leads, stages, &customers, facts, &numbers),
    );
    let (mut accounts, rows_of) = made?;
    if let Some((spells, noticed)) = spells.transpose()? {
        findings.extend(noticed);
        facts.insert(Over::Customers, spells);
    }
    if let (Some(payments), Some(rows)) = (facts.get_mut(&Over::Payments), rows_of.get(&Over::Payments)) {
        payments::number(payments, rows, &accounts.table, findings)?;
        findings.extend(margin.unknown(Over::Payments, &payments.table));
        accounts::add_margin(&mut accounts.table, rows, margin.earned(&payments.table).unwrap_or_default())?;
        if let Some(spend) = facts.get_mut(&Over::Spend) {
            accounts::add_month(&mut spend.table, "date")?;
        }
    }
    facts.insert(Over::Accounts, accounts);
    Ok(rows_of)
}

/// A CRM without a lead, for payments and contracts alone.
///
/// # Errors
/// Neither payments nor contracts: then nothing can be said without a CRM.
pub fn nobody(inputs: &Inputs) -> Result<Table> {
    let tells = |kind: Kind| inputs.tables.contains_key(&kind);
    if !tells(Kind::Payments) && !tells(Kind::Contracts) {
        return Err(super::no_crm());
    }
    let ids = StringChunked::full_null("lead_id".into(), 0);
    let frame = DataFrame::new(vec![ids.into_column()]).context("one column")?;
    Ok(Table { frame, dictionaries: BTreeMap::new(), origin: Origin::default() })
}
