//! Ad spend: a row a day, and its way to the leads where a table asks for what the spend file does not know.
//!
//! Money goes to leads in equal shares, exact to the cent, at the finest key that both sides have and in the month
//! in which the lead was created; what finds no lead goes one level up, and what finds none at all stays visible.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use polars::prelude::*;
use rayon::prelude::*;

use super::index::{Index, NO_LEAD};
use super::shares::{CENT, PIECE, equal_shares, shares};
use super::{Data, Facts, Over};
use crate::check::{Finding, finding};
use crate::error::data_error;
use crate::input::table::{Days, Table, code_slice};
use crate::mask::Mask;
use crate::period::{format_day, month_number};

/// The keys of allocation, from the coarsest to the finest.
const KEYS: [&str; 3] = ["channel", "campaign", "keyword"];
/// A range of dates longer than this is a mistake.
const LONGEST_RANGE: i32 = 3_660;

/// The spend file, a row a day; ranges of dates are spread over their days.
///
/// # Errors
/// A range that ends before it begins.
pub fn facts(
    table: Table,
    index: &Index,
    lead_count: usize,
    as_of: Option<i32>,
    findings: &mut Vec<Finding>,
) -> Result<Facts> {
    let table = if table.has("date") { table } else { spread_ranges(table)? };
    let table = match as_of {
        Some(day) => super::hide_later(table, "date", day)?,
        None => table,
    };
    if let Some(dates) = table.dates("date") {
        let undated = (0..table.frame.height()).filter(|row| dates.get(*row).is_none());
        findings.extend(finding("spend rows without a date, in no period", undated, &table.origin));
    }
    let lead_rows = match table.ids("lead_id") {
        Some(ids) => index.find_all(&ids),
        None => Vec::new(),
    };
    if !lead_rows.is_empty() {
        let orphans = (0..lead_rows.len()).filter(|row| lead_rows[*row] == NO_LEAD);
        findings.extend(finding(
            "spend rows of leads that are not in the CRM, shared out by the rest of their key",
            orphans,
            &table.origin,
        ));
    }
    let lead_rows = if lead_rows.is_empty() { vec![NO_LEAD; table.frame.height()] } else { lead_rows };
    Ok(Facts { table, lead_rows: Some(lead_rows), lead_count, event_date: Some("date") })
}

/// Spreads every row with `from` and `to` (both included) over its days, each number in whole cents, the sum kept.
fn spread_ranges(table: Table) -> Result<Table> {
    let (Some(from), Some(to)) = (table.dates("from"), table.dates("to")) else {
        return Ok(table);
    };
    let mut rows: Vec<u32> = Vec::new();
    let mut days: Vec<Option<i32>> = Vec::new();
    let mut lengths: Vec<usize> = Vec::new();
    for row in 0..table.frame.height() {
        let span = from.get(row).zip(to.get(row));
        let length = span.map_or(1, |(from, to)| to - from + 1);
        if !(1..=LONGEST_RANGE).contains(&length) {
            return Err(bad_range(&table, row, span.unwrap_or_default()));
        }
        lengths.push(usize::try_from(length).unwrap_or(1));
        for part in 0..length {
            rows.push(u32::try_from(row).unwrap_or(NO_LEAD));
            days.push(span.map(|(from, _)| from + part));
        }
    }
    let taken = IdxCa::from_vec("rows".into(), rows.clone());
    let mut frame = table.frame.take(&taken).context("rows of the table")?;
    for name in table.frame.get_column_names_str() {
        if let Some(numbers) = table.numbers(name) {
            // clicks and impressions are whole, money goes down to the cent
            let unit = if name == "cost" { CENT } else { PIECE };
            let spread = lengths.iter().enumerate().flat_map(|(row, length)| {
                let number = numbers.get(row);
                shares(number.map_or(0, i128::from), *length, unit)
                    .map(move |share| number.and(i64::try_from(share).ok()))
            });
            let spread: Int64Chunked = spread.collect_ca(name.into());
            frame.with_column(spread.into_series()).context("columns of one height")?;
        }
    }
    let date: Int32Chunked = days.into_iter().collect_ca("date".into());
    frame.with_column(date.into_date().into_series()).context("columns of one height")?;
    let origin = table.origin.select(rows.iter().map(|row| *row as usize));
    Ok(Table { frame, dictionaries: table.dictionaries, origin })
}

fn bad_range(table: &Table, row: usize, (from, to): (i32, i32)) -> anyhow::Error {
    let reason = if to < from { "ends before it begins" } else { "is longer than ten years" };
    data_error(
        format!(
            "{}: the range from {} to {} {reason}",
            table.origin.describe(row),
            format_day(from),
            format_day(to)
        ),
        "`from` is the first and `to` the last day of the spend of a row",
    )
}

/// Adds an amount to what a lead has already.
///
/// # Errors
/// A sum that is too large to be money.
fn add(sum: &mut i64, amount: i128) -> Result<()> {
    let added = i64::try_from(i128::from(*sum) + amount);
    *sum = added.map_err(|_| {
        data_error(
            "the spend of one lead is more than 9,223,372,036,854",
            "check the column `cost` of the ad spend",
        )
    })?;
    Ok(())
}

/// What allocation made of the spend.
#[derive(Debug, Clone)]
pub struct Allocated {
    /// The amount of each lead in millionths.
    pub of_lead: Int64Chunked,
    /// What found no lead: the words of `fixed` dimensions, and the amount in millionths.
    pub leftover: Vec<(Vec<String>, i128)>,
}

/// Brings amounts of spend rows to the leads.
///
/// `amount` gives that of each of the spend rows `rows`; `candidates` are the leads that may get some. The dimensions
/// `fixed` are the spend file's own: what is spent at one of their values stays there at every level.
///
/// # Errors
/// None on data that were joined.
pub fn allocate(
    data: &Data,
    amount: &dyn Fn(usize) -> i128,
    rows: &Mask,
    candidates: &Mask,
    fixed: &[String],
) -> Result<Allocated> {
    let spend = &data.facts[&Over::Spend];
    let mut of_lead = vec![0_i64; spend.lead_count];
    let mut open: Vec<usize> = Vec::new();
    for row in rows.rows() {
        let lead = spend.lead_of(row);
        if lead != NO_LEAD && candidates.has(lead as usize) {
            add(&mut of_lead[lead as usize], amount(row))?;
        } else {
            open.push(row);
        }
    }
    for keys in levels(data, fixed) {
        if open.is_empty() {
            break;
        }
        let space = KeySpace::new(data, &keys)?;
        open = allocate_level(data, &space, amount, open, candidates, &mut of_lead)?;
    }
    let columns: Vec<Option<_>> =
        fixed.iter().map(|name| spend.table.codes(name).zip(spend.table.dictionaries.get(name))).collect();
    let mut leftover: BTreeMap<Vec<String>, i128> = BTreeMap::new();
    for row in open {
        let words = columns.iter().map(|column| {
            column.as_ref().map_or_else(String::new, |(codes, words)| {
                words[codes.get(row).unwrap_or(0) as usize].clone()
            })
        });
        *leftover.entry(words.collect()).or_default() += amount(row);
    }
    Ok(Allocated {
        of_lead: Int64Chunked::from_vec("spend".into(), of_lead),
        leftover: leftover.into_iter().collect(),
    })
}

/// The dimensions of the key at each level, the finest first. Without any dimension in common the month alone is the key.
fn levels(data: &Data, fixed: &[String]) -> Vec<Vec<String>> {
    let (spend, leads) = (&data.facts[&Over::Spend].table, &data.leads().table);
    let is_shared =
        |name: &str| spend.dictionaries.contains_key(name) && leads.dictionaries.contains_key(name);
    if fixed.iter().any(|name| !is_shared(name)) {
        return Vec::new();
    }
    let shared: Vec<&str> = KEYS.into_iter().filter(|name| is_shared(name)).collect();
    let mut levels: Vec<Vec<String>> = Vec::new();
    for length in (1..=shared.len()).rev() {
        let mut keys = fixed.to_vec();
        keys.extend(shared[..length].iter().map(|name| (*name).to_string()));
        keys.sort_unstable();
        keys.dedup();
        levels.push(keys);
    }
    if shared.is_empty() || !fixed.is_empty() {
        levels.push(fixed.to_vec());
    }
    levels.dedup();
    levels
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

    /// For each lead what `bucket` says of its key.
    fn buckets_of_leads(&self, height: usize, bucket: impl Fn(u64) -> u32 + Sync) -> Vec<u32> {
        let codes: Vec<(&[u32], u64)> =
            self.lead_codes.iter().map(|(codes, width)| (code_slice(codes), *width)).collect();
        let key = |row: usize| {
            let month = self.created.as_ref().map_or(1, |created| self.months.of(created.get(row)));
            codes.iter().fold(month, |key, (codes, width)| extend_key(key, codes[row], *width))
        };
        (0..height).into_par_iter().with_min_len(1 << 12).map(|row| bucket(key(row))).collect()
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

/// What is spent at one key, and how it is shared by the leads that have it.
#[derive(Default)]
struct Bucket {
    total: i128,
    members: usize,
    each: i128,
    /// The first members get a cent more, and the very first what is smaller than a cent.
    remaining: i128,
    below_a_cent: i128,
}

/// Gives the open spend rows to the leads of their key; returns the rows whose key no lead has.
fn allocate_level(
    data: &Data,
    space: &KeySpace,
    amount: &dyn Fn(usize) -> i128,
    open: Vec<usize>,
    candidates: &Mask,
    of_lead: &mut [i64],
) -> Result<Vec<usize>> {
    let mut bucket_of_key: HashMap<u64, u32, PlFixedStateQuality> = HashMap::default();
    let mut buckets: Vec<Bucket> = Vec::new();
    for &row in open.iter().filter(|row| space.of_spend[**row] != 0) {
        let next = u32::try_from(buckets.len()).context("fewer keys than 2^32")?;
        let bucket = *bucket_of_key.entry(space.of_spend[row]).or_insert(next);
        if bucket == next {
            buckets.push(Bucket::default());
        }
        buckets[bucket as usize].total += amount(row);
    }
    if buckets.is_empty() {
        return Ok(open);
    }
    let of_row =
        space.buckets_of_leads(of_lead.len(), |key| bucket_of_key.get(&key).copied().unwrap_or(NO_LEAD));
    for row in candidates.rows().filter(|row| of_row[*row] != NO_LEAD) {
        buckets[of_row[row] as usize].members += 1;
    }
    for bucket in buckets.iter_mut().filter(|bucket| bucket.members > 0) {
        let (each, remaining, below) = equal_shares(bucket.total, bucket.members, CENT);
        (bucket.each, bucket.remaining, bucket.below_a_cent) = (each, remaining, below);
    }
    for row in in_order_of_ids(data, candidates)? {
        let row = row as usize;
        if let Some(bucket) = buckets.get_mut(of_row[row] as usize) {
            let extra = i128::from(bucket.remaining > 0) * CENT;
            add(&mut of_lead[row], bucket.each + extra + std::mem::take(&mut bucket.below_a_cent))?;
            bucket.remaining -= 1;
        }
    }
    let found_none = |row: &usize| {
        let bucket = bucket_of_key.get(&space.of_spend[*row]);
        bucket.is_none_or(|bucket| buckets[*bucket as usize].members == 0)
    };
    Ok(open.into_iter().filter(found_none).collect())
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
