//! The way of spend to the leads, for whatever the spend file itself does not know.
//!
//! Money goes to leads in equal shares, exact to the cent, at the finest key that both sides have and in the month in
//! which the lead was created; what finds no lead goes one level up, and what finds none at all stays visible. What is
//! spent at different values of the spend file's own dimensions is shared out apart, so that every table sees the same
//! shares, by whatever it is split.

use std::collections::HashMap;

use anyhow::{Context, Result};
use polars::prelude::*;
use rayon::prelude::*;

use super::index::NO_LEAD;
use super::shares::{CENT, shares};
use super::{Data, Over};
use crate::input::table::{Days, code_slice};
use crate::mask::Mask;
use crate::period::month_number;

/// The keys of allocation, from the coarsest to the finest.
const KEYS: [&str; 3] = ["channel", "campaign", "keyword"];

/// Up to so many keys are summed in an array rather than in a map.
const FEW_KEYS: usize = 1 << 14;

/// Amounts in millionths by a key of the caller's.
pub type Sums = HashMap<u64, i128, PlFixedStateQuality>;

/// Where each part of the spend went.
#[derive(Debug)]
pub struct Allocation {
    parts: Vec<Part>,
    /// The leads of each key in the order of their IDs.
    members: Vec<Vec<u32>>,
}

/// Spend rows that are alike in all dimensions and in the month.
#[derive(Debug)]
struct Part {
    /// One of the rows, for the dimensions of all.
    spend_row: usize,
    /// In millionths.
    amount: i128,
    to: To,
}

/// Whom a part reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    Nobody,
    Lead(u32),
    /// In equal shares, by the place in `members`.
    Leads(usize),
}

impl Allocation {
    /// Sums of the shares by a key of spend row and lead ([`NO_LEAD`] for what reached nobody); shares for which the
    /// key is none do not count. Keys are smaller than `count`.
    pub fn sums(&self, count: u64, key: impl Fn(usize, u32) -> Option<u64> + Sync) -> Sums {
        match usize::try_from(count) {
            Ok(count) if count <= FEW_KEYS => self.sums_of_few(count, &key),
            _ => self.sums_of_many(&key),
        }
    }

    fn sums_of_few(&self, count: usize, key: &(impl Fn(usize, u32) -> Option<u64> + Sync)) -> Sums {
        let add_part = |mut sums: Vec<i128>, part: &Part| {
            self.for_each_share(part, |lead, amount| {
                if let Some(place) = key(part.spend_row, lead).and_then(|key| usize::try_from(key).ok()) {
                    sums[place] += amount;
                }
            });
            sums
        };
        let empty = || vec![0; count];
        let sums = self.parts.par_iter().fold(empty, add_part).reduce(empty, |mut all, more| {
            all.iter_mut().zip(more).for_each(|(sum, amount)| *sum += amount);
            all
        });
        (0..).zip(sums).collect()
    }

    fn sums_of_many(&self, key: &(impl Fn(usize, u32) -> Option<u64> + Sync)) -> Sums {
        let add_part = |mut sums: Sums, part: &Part| {
            self.for_each_share(part, |lead, amount| {
                if let Some(key) = key(part.spend_row, lead) {
                    *sums.entry(key).or_default() += amount;
                }
            });
            sums
        };
        self.parts.par_iter().fold(Sums::default, add_part).reduce(Sums::default, |mut all, more| {
            for (key, amount) in more {
                *all.entry(key).or_default() += amount;
            }
            all
        })
    }

    /// Calls `add` with each lead that a part reaches and its share.
    fn for_each_share(&self, part: &Part, mut add: impl FnMut(u32, i128)) {
        match part.to {
            To::Nobody => add(NO_LEAD, part.amount),
            To::Lead(lead) => add(lead, part.amount),
            To::Leads(place) => {
                let members = &self.members[place];
                let shares = shares(part.amount, members.len(), CENT);
                members.iter().zip(shares).for_each(|(lead, share)| add(*lead, share));
            }
        }
    }
}

/// Brings amounts of spend rows to the leads.
///
/// `amount` gives that of each of the spend rows `rows`; `candidates` are the leads that may get some.
///
/// # Errors
/// None on data that were joined.
pub fn allocate(
    data: &Data,
    amount: &dyn Fn(usize) -> i128,
    rows: &Mask,
    candidates: &Mask,
) -> Result<Allocation> {
    let mut allocation = Allocation { parts: parts(data, amount, rows, candidates), members: Vec::new() };
    let candidates = in_order_of_ids(data, candidates)?;
    for keys in levels(data) {
        let space = KeySpace::new(data, &keys)?;
        allocate_level(data, &space, &candidates, &mut allocation);
    }
    Ok(allocation)
}

/// The spend by all its dimensions and months; rows of a lead that is a candidate go to that lead.
fn parts(data: &Data, amount: &dyn Fn(usize) -> i128, rows: &Mask, candidates: &Mask) -> Vec<Part> {
    let spend = &data.facts[&Over::Spend];
    let table = &spend.table;
    let dates = table.dates("date");
    let months = MonthNumbers::new(dates.as_ref());
    let dimensions: Vec<(UInt32Chunked, u128)> = table
        .dictionaries
        .iter()
        .filter_map(|(name, words)| Some((table.codes(name)?, words.len() as u128)))
        .collect();
    let codes: Vec<(&[u32], u128)> =
        dimensions.iter().map(|(codes, width)| (code_slice(codes), *width)).collect();
    let mut part_of_key: HashMap<(u128, u32), usize> = HashMap::new();
    let mut parts: Vec<Part> = Vec::new();
    for row in rows.rows() {
        let month = u128::from(dates.as_ref().map_or(0, |dates| months.of(dates.get(row))));
        let key = codes
            .iter()
            .fold(month, |key, (codes, width)| key.wrapping_mul(*width).wrapping_add(u128::from(codes[row])));
        let lead = Some(spend.lead_of(row)).filter(|lead| *lead != NO_LEAD && candidates.has(*lead as usize));
        let part = *part_of_key.entry((key, lead.unwrap_or(NO_LEAD))).or_insert_with(|| {
            parts.push(Part { spend_row: row, amount: 0, to: lead.map_or(To::Nobody, To::Lead) });
            parts.len() - 1
        });
        parts[part].amount += amount(row);
    }
    parts
}

/// The dimensions of the key at each level, the finest first. Without any dimension in common the month alone is the key.
fn levels(data: &Data) -> Vec<Vec<String>> {
    let (spend, leads) = (&data.facts[&Over::Spend].table, &data.leads().table);
    let is_shared =
        |name: &&str| spend.dictionaries.contains_key(*name) && leads.dictionaries.contains_key(*name);
    let shared: Vec<String> = KEYS.into_iter().filter(is_shared).map(String::from).collect();
    if shared.is_empty() {
        return vec![Vec::new()];
    }
    (1..=shared.len()).rev().map(|length| shared[..length].to_vec()).collect()
}

/// Gives the parts that have reached nobody yet to the leads of their key.
fn allocate_level(data: &Data, space: &KeySpace, candidates: &[u32], allocation: &mut Allocation) {
    let first = allocation.members.len();
    let mut place_of_key: HashMap<u64, u32, PlFixedStateQuality> = HashMap::default();
    for part in allocation.parts.iter().filter(|part| part.to == To::Nobody) {
        let key = space.of_spend[part.spend_row];
        let next = u32::try_from(place_of_key.len()).unwrap_or(NO_LEAD);
        if key != 0 {
            place_of_key.entry(key).or_insert(next);
        }
    }
    if place_of_key.is_empty() {
        return;
    }
    allocation.members.resize(first + place_of_key.len(), Vec::new());
    let place_of_lead = space
        .places_of_leads(data.leads().lead_count, |key| place_of_key.get(&key).copied().unwrap_or(NO_LEAD));
    for &lead in candidates {
        let place = place_of_lead[lead as usize];
        if place != NO_LEAD {
            allocation.members[first + place as usize].push(lead);
        }
    }
    for part in allocation.parts.iter_mut().filter(|part| part.to == To::Nobody) {
        if let Some(place) = place_of_key.get(&space.of_spend[part.spend_row]) {
            let place = first + *place as usize;
            if !allocation.members[place].is_empty() {
                part.to = To::Leads(place);
            }
        }
    }
}

/// The keys of one level as numbers that spend and leads have in common; 0 stands for no key.
struct KeySpace {
    of_spend: Vec<u64>,
    created: Option<Days>,
    months: MonthNumbers,
    /// For each dimension of the key the codes of the leads and the number of words.
    lead_codes: Vec<(UInt32Chunked, u64)>,
}

impl KeySpace {
    fn new(data: &Data, keys: &[String]) -> Result<KeySpace> {
        let spend = &data.facts[&Over::Spend].table;
        let leads = &data.leads().table;
        let dates = spend.dates("date");
        let months = MonthNumbers::new(dates.as_ref());
        let height = spend.frame.height();
        // without dates in the spend file the month is no part of the key
        let mut of_spend: Vec<u64> =
            (0..height).map(|row| dates.as_ref().map_or(1, |dates| months.of(dates.get(row)))).collect();
        let created =
            dates.map(|_| data.created_at().cloned().unwrap_or_else(|| Days::none(leads.frame.height())));
        let mut lead_codes = Vec::new();
        for name in keys {
            let words = leads.dictionaries.get(name).context("a key that both sides have")?;
            let own = spend.dictionaries.get(name).context("a key that both sides have")?;
            let spend_codes = spend.codes(name).context("a key that both sides have")?;
            let width = words.len() as u64;
            let lead_code =
                |word| words.binary_search(word).ok().and_then(|code| u32::try_from(code).ok()).unwrap_or(0);
            let lead_code_of_word: Vec<u32> = own.iter().map(lead_code).collect();
            for (key, code) in of_spend.iter_mut().zip(code_slice(&spend_codes)) {
                *key = extend_key(*key, lead_code_of_word[*code as usize], width);
            }
            lead_codes.push((leads.codes(name).context("a key that both sides have")?, width));
        }
        Ok(KeySpace { of_spend, created, months, lead_codes })
    }

    /// For each lead the place of its key.
    fn places_of_leads(&self, height: usize, place: impl Fn(u64) -> u32 + Sync) -> Vec<u32> {
        let codes: Vec<(&[u32], u64)> =
            self.lead_codes.iter().map(|(codes, width)| (code_slice(codes), *width)).collect();
        let key = |row: usize| {
            let month = self.created.as_ref().map_or(1, |created| self.months.of(created.get(row)));
            codes.iter().fold(month, |key, (codes, width)| extend_key(key, codes[row], *width))
        };
        (0..height).into_par_iter().with_min_len(1 << 12).map(|row| place(key(row))).collect()
    }
}

/// A key with one more dimension; an empty cell is no key.
fn extend_key(key: u64, code: u32, width: u64) -> u64 {
    if key == 0 || code == 0 { 0 } else { key * width + u64::from(code) }
}

/// The months of a span of days, looked up instead of computed for every row.
struct MonthNumbers {
    first_day: i32,
    numbers: Vec<u64>,
}

impl MonthNumbers {
    /// The months from the first to the last of these days.
    fn new(days: Option<&Days>) -> MonthNumbers {
        let span = days.and_then(|days| days.earliest().zip(days.latest()));
        let Some((first, last)) = span else {
            return MonthNumbers { first_day: 0, numbers: Vec::new() };
        };
        // a lead of the last month may be created after the last day of spend
        let (first_day, last_day) = (first - 31, last + 31);
        let number = |day| u64::try_from(month_number(day)).unwrap_or(0);
        MonthNumbers { first_day, numbers: (first_day..=last_day).map(number).collect() }
    }

    /// The month of a day; 0 without a day, or for one in another time.
    fn of(&self, day: Option<i32>) -> u64 {
        let place = day.and_then(|day| usize::try_from(day.checked_sub(self.first_day)?).ok());
        place.and_then(|place| self.numbers.get(place).copied()).unwrap_or(0)
    }
}

/// The leads of a set in the order of their IDs: the order of the files must not decide who gets a cent more.
fn in_order_of_ids(data: &Data, leads: &Mask) -> Result<Vec<u32>> {
    let ids = data.leads().table.ids("lead_id").context("leads have IDs")?;
    let array = ids.downcast_as_array();
    let mut rows: Vec<u32> = leads.rows().map(|row| u32::try_from(row).unwrap_or(NO_LEAD)).collect();
    let id = |row: u32| array.get(row as usize);
    // most exports are in this order already
    if !rows.par_windows(2).all(|pair| id(pair[0]) <= id(pair[1])) {
        rows.par_sort_unstable_by_key(|row| id(*row));
    }
    Ok(rows)
}
