//! Amounts in other currencies become amounts in the reporting one, each at the latest rate on or before its day.
//!
//! A rate is units of the reporting currency for one unit of another. It is kept as the fraction that is written, the
//! product is rounded half away from zero to the millionth: sums of what was rounded are exact.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, Result};
use polars::prelude::*;

use super::currency::{Currencies, are_same};
use crate::check::{Finding, finding_of_texts};
use crate::error::data_error;
use crate::input::table::{Origin, Table, code_slice};
use crate::kpi::exact::Exact;
use crate::period::format_day;
use crate::{lang, say};

/// A rate, as it was written and as a fraction.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rate {
    exact: Exact,
    text: String,
    /// The row of the file.
    row: usize,
}

/// The rates of all files, and what has been converted with them.
pub struct Rates {
    reporting: String,
    by_currency: BTreeMap<Arc<str>, BTreeMap<i32, Rate>>,
    origin: Origin,
    /// The amounts that each rate has converted, by currency and day of the rate.
    used: BTreeMap<(Arc<str>, i32), u64>,
    /// What each word or sign stands for.
    names: BTreeMap<String, Arc<str>>,
}

/// An amount on its way: its row and column, its currency, its day.
struct Foreign<'a> {
    origin: &'a Origin,
    row: usize,
    column: &'a str,
    currency: &'a str,
    day: Option<i32>,
}

impl Foreign<'_> {
    fn place(&self) -> String {
        self.origin.describe(self.row)
    }
}

impl Rates {
    /// The rates of the table `rates`, into the reporting currency.
    ///
    /// # Errors
    /// A rate that is none, a row without currency or date, two rates of one day; no reporting currency.
    pub fn new(table: &Table, reporting: Option<&str>) -> Result<Rates> {
        let reporting = reporting.ok_or_else(|| {
            data_error(
                "rates are named, but not the currency of the report",
                "set `currency = \"EUR\"` at the top of funnel.toml, or `--currency EUR`",
            )
        })?;
        let days = table.dates("date").context("rates have a date")?;
        let cell = |name: &str| -> Result<Vec<&str>> {
            let codes = table.codes(name).context("a text column")?;
            let words = table.dictionaries.get(name).context("a text column")?;
            Ok(code_slice(&codes).iter().map(|code| words[*code as usize].as_str()).collect())
        };
        let (currencies, texts) = (cell("currency")?, cell("rate")?);
        let mut by_currency: BTreeMap<Arc<str>, BTreeMap<i32, Rate>> = BTreeMap::new();
        for (row, (currency, text)) in currencies.into_iter().zip(texts).enumerate() {
            let place = || table.origin.describe(row);
            let (Some(day), false) = (days.get(row), currency.is_empty()) else {
                return Err(data_error(
                    format!(
                        "{}: a rate without {}",
                        place(),
                        if currency.is_empty() { "a currency" } else { "a date" }
                    ),
                    "each row has a date, a currency and the rate from that day on",
                ));
            };
            let exact = fraction(text).ok_or_else(|| not_a_rate(&place(), text, currency, reporting))?;
            let rate = Rate { exact, text: text.to_string(), row };
            let known = by_currency.entry(Arc::from(currency.to_uppercase())).or_default().insert(day, rate);
            if let Some(known) = known.filter(|known| known.exact != exact) {
                return Err(data_error(
                    format!(
                        "{}: column `rate`: `{text}`, but `{}` for {currency} of {} in {}",
                        place(),
                        known.text,
                        format_day(day),
                        table.origin.describe(known.row)
                    ),
                    "keep one rate for each currency and day",
                ));
            }
        }
        Ok(Rates {
            reporting: reporting.to_string(),
            by_currency,
            origin: table.origin.clone(),
            used: BTreeMap::new(),
            names: BTreeMap::new(),
        })
    }

    /// Converts these columns of a table; `day_of` says on which day the amounts of a row were.
    ///
    /// # Errors
    /// An amount without a rate, without a day to look it up, or one that becomes too large.
    pub fn convert(
        &mut self,
        table: &mut Table,
        columns: &[&str],
        currencies: &Currencies,
        day_of: &dyn Fn(usize) -> Option<i32>,
    ) -> Result<()> {
        for column in columns {
            let Some(numbers) = table.numbers(column) else { continue };
            let in_row = currencies.of_column(table, column);
            let mut converted: Vec<Option<i64>> = numbers.iter().collect();
            for (row, amount) in converted.iter_mut().enumerate() {
                let (Some(known), Some(currency)) = (*amount, in_row(row)) else { continue };
                if known == 0 || currency == self.reporting {
                    continue;
                }
                let foreign = Foreign { origin: &table.origin, row, column, currency, day: day_of(row) };
                *amount = Some(self.converted(known, &foreign)?);
            }
            drop(in_row);
            let converted: Int64Chunked = converted.into_iter().collect_ca((*column).into());
            table.frame.with_column(converted.into_series()).context("columns of one height")?;
        }
        Ok(())
    }

    fn converted(&mut self, amount: i64, foreign: &Foreign) -> Result<i64> {
        let name = self.name_of(foreign)?;
        if are_same(&name, &self.reporting) {
            return Ok(amount);
        }
        let known = Some(name).filter(|name| self.by_currency.contains_key(name));
        let Some((name, day)) = known.zip(foreign.day) else {
            return Err(self.no_rate(foreign));
        };
        let found = self.by_currency[&name].range(..=day).next_back();
        let Some((since, rate)) = found else { return Err(self.no_rate(foreign)) };
        let exact = Exact::millionths(i128::from(amount)).times(rate.exact).map(Exact::to_millionths);
        let number = exact.and_then(|exact| i64::try_from(exact).ok()).ok_or_else(|| {
            data_error(
                format!("{}: column `{}`: the amount in {} is too large", foreign.place(), foreign.column, self.reporting),
                "check the rate: it is what one unit of the other currency costs in the currency of the report",
            )
        })?;
        *self.used.entry((name, *since)).or_default() += 1;
        Ok(number)
    }

    /// The currency that a word or sign stands for: the one of the report, one with rates, else the word itself.
    ///
    /// # Errors
    /// A sign of several of them.
    fn name_of(&mut self, foreign: &Foreign) -> Result<Arc<str>> {
        if let Some(known) = self.names.get(foreign.currency) {
            return Ok(known.clone());
        }
        let word: Arc<str> = Arc::from(foreign.currency.to_uppercase());
        let reporting = Arc::from(self.reporting.to_uppercase());
        let all: BTreeSet<Arc<str>> = self.by_currency.keys().cloned().chain([reporting]).collect();
        let fitting: Vec<Arc<str>> =
            all.into_iter().filter(|name| are_same(name, foreign.currency)).collect();
        let name = match fitting.as_slice() {
            [] => word,
            [only] => only.clone(),
            _ if fitting.contains(&word) => word,
            several => {
                return Err(data_error(
                    format!(
                        "{}: column `{}`: `{}` may be {}",
                        foreign.place(),
                        foreign.column,
                        foreign.currency,
                        several.join(" or ")
                    ),
                    "say which in a column `currency`, or for a whole file in its block: `[crm.values]` with `currency = \"USD\"`",
                ));
            }
        };
        self.names.insert(foreign.currency.to_string(), name.clone());
        Ok(name)
    }

    fn no_rate(&self, foreign: &Foreign) -> anyhow::Error {
        let (place, Foreign { column, currency, day, .. }) = (foreign.place(), foreign);
        let Some(day) = day else {
            return data_error(
                format!(
                    "{place}: column `{column}`: an amount in {currency} without a date, so no rate fits it"
                ),
                "give the row a date, or convert the amount before the export",
            );
        };
        let known =
            self.by_currency.iter().find(|(name, _)| are_same(name, currency)).map(|(_, rates)| rates);
        let first = known.and_then(|rates| rates.first_key_value());
        let files: BTreeSet<&String> = self.origin.files.iter().collect();
        let files = files.into_iter().cloned().collect::<Vec<_>>().join(", ");
        let (what, hint) = match first {
            Some((first, _)) => (
                "on or before it",
                format!(
                    "the first rate for {currency} in {files} is of {}: add an earlier one",
                    format_day(*first)
                ),
            ),
            None => (
                "at all",
                format!(
                    "add rows for {currency} to {files}: what one {currency} costs in {}",
                    self.reporting
                ),
            ),
        };
        data_error(
            format!(
                "{place}: column `{column}`: an amount in {currency} of {}, and no rate {what}",
                format_day(*day)
            ),
            hint,
        )
    }

    /// Which rates were used, for the notes: currency, rate, its day, how many amounts.
    pub fn finding(&self) -> Option<Finding> {
        let count: u64 = self.used.values().sum();
        let texts = self.used.iter().map(|((currency, day), count)| {
            let text = self.by_currency[currency][day].text.as_str();
            say!(
                "1 {currency} = {rate} {reporting} from {day} on: {count} {count:amount|amounts}",
                currency = currency.as_ref(),
                rate = lang::decimal(text),
                reporting = self.reporting,
                day = format_day(*day),
                count = *count
            )
        });
        let what = say!("amounts in other currencies, converted to {currency}", currency = self.reporting);
        finding_of_texts("converted_amounts", what, self.used.len(), texts)
            .map(|found| found.with_count(count))
    }
}

fn not_a_rate(place: &str, text: &str, currency: &str, reporting: &str) -> anyhow::Error {
    let shown = if text.is_empty() { "an empty cell".to_string() } else { format!("`{text}`") };
    data_error(
        format!("{place}: column `rate`: {shown} is not a rate"),
        format!(
            "a rate is what one {currency} costs in {reporting}: a number above 0 with a decimal point or comma and no thousands"
        ),
    )
}

/// `0.9213` or `0,9213` as a fraction above 0, every decimal kept.
fn fraction(text: &str) -> Option<Exact> {
    let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let is_plain = |digits: &str| digits.len() <= 12 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain(whole) || !is_plain(part) || whole.is_empty() {
        return None;
    }
    let digits: i128 = format!("{whole}{part}").parse().ok()?;
    let scale = 10_i128.pow(u32::try_from(part.len()).ok()?);
    Exact::fraction(digits, scale).filter(|rate| rate.is_positive())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_keeps_its_decimals() {
        assert_eq!(fraction("0.0000357"), Exact::fraction(357, 10_000_000));
        assert_eq!(fraction("1,95583"), Exact::fraction(195_583, 100_000));
        for bad in ["", "0", "-1", "1.2.3", "1,000.5", "x", "1e3", ".5"] {
            assert_eq!(fraction(bad), None, "{bad}");
        }
    }

    #[test]
    fn products_are_rounded_half_away_from_zero() {
        let product = |amount: i128| {
            Exact::millionths(amount).times(fraction("0.5").unwrap()).map(Exact::to_millionths)
        };
        assert_eq!((product(1), product(3), product(-1)), (Some(1), Some(2), Some(-1)));
    }
}
