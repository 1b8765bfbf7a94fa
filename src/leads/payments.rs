//! Payments in the order of each customer: which is the first, which come after it, and of which cohort they are.

use anyhow::{Context, Result};
use polars::prelude::*;

use super::Facts;
use super::accounts::COHORT_MONTH;
use crate::check::{Finding, finding};
use crate::input::cell::SCALE;
use crate::input::table::{Table, code_slice};
use crate::say;

/// The number of a payment among those of its customer, from 1.
pub const NUMBER: &str = "payment_number";

/// Adds to payments their number among those of the customer and the cohort of the customer.
///
/// A customer's payments are in the order of their dates; of one day the largest is first, then the words decide, so
/// that the order of the rows does not. Money that was given back (an amount below 0) is no payment: it bears the
/// number of the payment before it.
///
/// # Errors
/// None on tables that were read.
pub fn number(
    payments: &mut Facts,
    account_of: &[u32],
    accounts: &Table,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let table = &mut payments.table;
    let days = table.dates("paid_at").context("payments have a date")?;
    let amounts = table.numbers("amount").context("payments have an amount")?;
    let undated = (0..table.frame.height()).filter(|row| days.get(*row).is_none());
    findings.extend(finding(
        "payments_without_date",
        say!("payments without a date, in no period"),
        undated,
        &table.origin,
    ));
    let unknown = (0..table.frame.height()).filter(|row| amounts.get(*row).is_none());
    findings.extend(finding(
        "payments_without_amount",
        say!("payments without an amount, not counted"),
        unknown,
        &table.origin,
    ));
    let texts: Vec<UInt32Chunked> = table.dictionaries.keys().filter_map(|name| table.codes(name)).collect();
    let text_of = |row: u32| texts.iter().map(|codes| codes.get(row as usize)).collect::<Vec<_>>();
    let mut order: Vec<u32> = (0..u32::try_from(table.frame.height()).unwrap_or(u32::MAX)).collect();
    let key = |row: u32| {
        let place = row as usize;
        let day = days.get(place);
        (account_of[place], day.is_none(), day, std::cmp::Reverse(amounts.get(place)))
    };
    order.sort_unstable_by(|left, right| {
        key(*left).cmp(&key(*right)).then_with(|| text_of(*left).cmp(&text_of(*right)))
    });
    let mut numbers = vec![0_i64; order.len()];
    let (mut customer, mut number) = (None, 0);
    for row in order {
        let place = row as usize;
        if customer != Some(account_of[place]) {
            (customer, number) = (Some(account_of[place]), 0);
        }
        number += i64::from(amounts.get(place).is_some_and(|amount| amount >= 0));
        numbers[place] = number.max(1) * SCALE;
    }
    let cohorts = accounts.codes(COHORT_MONTH).context("customers have a cohort")?;
    let cohorts = code_slice(&cohorts);
    let cohorts = account_of.iter().map(|account| cohorts[*account as usize]).collect();
    let columns = [
        Int64Chunked::from_vec(NUMBER.into(), numbers).into_series(),
        UInt32Chunked::from_vec(COHORT_MONTH.into(), cohorts).into_series(),
    ];
    for column in columns {
        table.frame.with_column(column).context("columns of one height")?;
    }
    let words = accounts.dictionaries.get(COHORT_MONTH).context("customers have a cohort")?;
    table.dictionaries.insert(COHORT_MONTH.to_string(), words.clone());
    Ok(())
}
