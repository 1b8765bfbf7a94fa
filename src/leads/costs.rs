//! The costs of the configuration as a table, a row a day, so that any period adds them up like ad spend.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use polars::prelude::*;

use super::Facts;
use super::accounts::{COHORT_MONTH, month_codes};
use super::index::NO_LEAD;
use super::shares::{CENT, shares};
use crate::config::money::Amounts;
use crate::input::table::{Days, Origin, Table};
use crate::period::{end_of_month, month_number};

/// The costs from the first day of the data to `as_of`, each amount in equal shares over the days of its month or
/// period, exact to the cent; an amount a month is that of every calendar month of the data. None where nothing is set.
///
/// # Errors
/// None on amounts that were understood.
pub fn facts(costs: &[(&'static str, Amounts)], first: i32, as_of: i32, path: &str) -> Result<Option<Facts>> {
    if costs.is_empty() {
        return Ok(None);
    }
    let mut days: BTreeMap<i32, [i64; 2]> = BTreeMap::new();
    for (name, amounts) in costs {
        let place = usize::from(*name == "retention");
        for (from, to, amount) in spans(amounts, first, as_of) {
            let length = usize::try_from(to - from).unwrap_or_default();
            for (day, share) in (from..to).zip(shares(i128::from(amount), length, CENT)) {
                if day <= as_of {
                    days.entry(day).or_default()[place] += i64::try_from(share).unwrap_or_default();
                }
            }
        }
    }
    let dates = Days::from_rows(days.keys().map(|day| Some(*day)));
    let (cohorts, words) = month_codes(days.keys().map(|day| Some(*day)));
    let mut columns = vec![dates.to_series("date").into_column(), cohorts.into_column()];
    for (name, _) in costs {
        let place = usize::from(*name == "retention");
        let amounts = days.values().map(|amounts| amounts[place]).collect();
        columns.push(Int64Chunked::from_vec((*name).into(), amounts).into_column());
    }
    let height = days.len();
    let origin =
        Origin { files: vec![path.to_string()], file_of_row: vec![0; height], line_of_row: vec![0; height] };
    Ok(Some(Facts {
        table: Table {
            frame: DataFrame::new(columns).context("columns of one height")?,
            dictionaries: BTreeMap::from([(COHORT_MONTH.to_string(), Arc::new(words))]),
            origin,
        },
        lead_rows: Some(vec![NO_LEAD; height]),
        lead_count: 0,
        event_date: Some("date"),
    }))
}

/// The spans of days (half-open) with the amount of each.
fn spans(amounts: &Amounts, first: i32, as_of: i32) -> Vec<(i32, i32, i64)> {
    match amounts {
        Amounts::Periods(periods) => {
            periods.iter().map(|(period, amount)| (period.from, period.to, *amount)).collect()
        }
        Amounts::EachMonth(amount) => (month_number(first)..=month_number(as_of))
            .map(|month| (end_of_month(month - 1), end_of_month(month), *amount))
            .collect(),
    }
}
