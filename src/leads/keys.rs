//! The keys by which spend finds its leads: dimensions that both sides have, and the month.

use anyhow::{Context, Result};
use polars::prelude::*;

use super::{Data, Over};
use crate::input::table::{Days, code_slice};
use crate::period::month_number;

/// The keys of one level as numbers that spend and leads have in common; 0 stands for no key.
pub struct KeySpace {
    /// All keys are smaller.
    pub size: u64,
    spent: Option<Days>,
    created: Option<Days>,
    months: MonthNumbers,
    dimensions: Vec<KeyDimension>,
}

/// A dimension of the keys.
struct KeyDimension {
    spend_codes: UInt32Chunked,
    /// The code that leads have for each word of spend.
    lead_code_of_word: Vec<u32>,
    lead_codes: UInt32Chunked,
    /// The number of words that leads have.
    width: u64,
}

impl KeySpace {
    /// The keys of these dimensions, and of the month where the spend file has dates.
    ///
    /// # Errors
    /// A dimension that one of the sides lacks.
    pub fn new(data: &Data, keys: &[String]) -> Result<KeySpace> {
        let spend = &data.facts[&Over::Spend].table;
        let leads = &data.leads().table;
        let spent = spend.dates("date");
        let months = MonthNumbers::new(spent.as_ref());
        let created = spent
            .as_ref()
            .map(|_| data.created_at().cloned().unwrap_or_else(|| Days::none(leads.frame.height())));
        let mut dimensions = Vec::new();
        // without dates in the spend file the month is no part of the key
        let mut size = months.count().max(2);
        for name in keys {
            let words = leads.dictionaries.get(name).context("a key that both sides have")?;
            let own = spend.dictionaries.get(name).context("a key that both sides have")?;
            let lead_code =
                |word| words.binary_search(word).ok().and_then(|code| u32::try_from(code).ok()).unwrap_or(0);
            let width = words.len() as u64;
            size = size.saturating_mul(width);
            dimensions.push(KeyDimension {
                spend_codes: spend.codes(name).context("a key that both sides have")?,
                lead_code_of_word: own.iter().map(lead_code).collect(),
                lead_codes: leads.codes(name).context("a key that both sides have")?,
                width,
            });
        }
        Ok(KeySpace { size, spent, created, months, dimensions })
    }

    /// The key of a spend row.
    pub fn of_spend(&self, row: usize) -> u64 {
        let month = self.spent.as_ref().map_or(1, |spent| self.months.of(spent.get(row)));
        self.dimensions.iter().fold(month, |key, dimension| {
            let word = code_slice(&dimension.spend_codes)[row] as usize;
            extend_key(key, dimension.lead_code_of_word[word], dimension.width)
        })
    }

    /// The key of each lead.
    pub fn of_leads(&self) -> impl Fn(usize) -> u64 + '_ {
        let codes: Vec<(&[u32], u64)> = self
            .dimensions
            .iter()
            .map(|dimension| (code_slice(&dimension.lead_codes), dimension.width))
            .collect();
        move |row| {
            let month = self.created.as_ref().map_or(1, |created| self.months.of(created.get(row)));
            codes.iter().fold(month, |key, (codes, width)| extend_key(key, codes[row], *width))
        }
    }
}

/// A key with one more dimension; an empty cell is no key.
fn extend_key(key: u64, code: u32, width: u64) -> u64 {
    if key == 0 || code == 0 { 0 } else { key * width + u64::from(code) }
}

/// The months of a span of days, looked up instead of computed for every row; the first month is 1.
pub struct MonthNumbers {
    first_day: i32,
    numbers: Vec<u32>,
}

impl MonthNumbers {
    /// The months from the first to the last of these days.
    pub fn new(days: Option<&Days>) -> MonthNumbers {
        let span = days.and_then(|days| days.earliest().zip(days.latest()));
        let Some((first, last)) = span else {
            return MonthNumbers { first_day: 0, numbers: Vec::new() };
        };
        // a lead of the last month may be created after the last day of spend
        let (first_day, last_day) = (first - 31, last + 31);
        let first_month = month_number(first_day) - 1;
        let number = |day| u32::try_from(month_number(day) - first_month).unwrap_or(0);
        MonthNumbers { first_day, numbers: (first_day..=last_day).map(number).collect() }
    }

    /// The month of a day; 0 without a day, or for one in another time.
    pub fn of(&self, day: Option<i32>) -> u64 {
        let place = day.and_then(|day| usize::try_from(day.checked_sub(self.first_day)?).ok());
        u64::from(place.and_then(|place| self.numbers.get(place).copied()).unwrap_or(0))
    }

    /// All months are smaller.
    pub fn count(&self) -> u64 {
        u64::from(self.numbers.last().copied().unwrap_or(0)) + 1
    }
}
