//! Ad spend: a row a day, and its way to the leads where a table asks for what the spend file does not know.
//!
//! Money goes to leads in equal shares, exact to the cent, at the finest key that both sides have and in the month
//! in which the lead was created; what finds no lead goes one level up, and what finds none at all stays visible.

use std::collections::HashMap;

use anyhow::{Context, Result};
use polars::prelude::*;
use rayon::prelude::*;

use super::index::{Index, NO_LEAD};
use super::{Data, Facts, Over};
use crate::check::{Finding, finding};
use crate::error::data_error;
use crate::input::cell::SCALE;
use crate::input::table::{Table, code_slice};
use crate::mask::Mask;
use crate::period::month_number;

/// The keys of allocation, from the coarsest to the finest.
const KEYS: [&str; 3] = ["channel", "campaign", "keyword"];
const MILLIONTHS_IN_A_CENT: i128 = SCALE as i128 / 100;
/// A range of dates longer than this is a mistake.
const LONGEST_RANGE: i32 = 3_660;

/// The spend file, a row a day; ranges of dates are spread over their days.
///
/// # Errors
/// A range that ends before it begins.
pub fn facts(table: Table, index: &Index, lead_count: usize, as_of: Option<i32>, findings: &mut Vec<Finding>) -> Result<Facts> {
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
        findings.extend(finding("spend rows of leads that are not in the CRM", orphans, &table.origin));
    }
    let lead_rows = if lead_rows.is_empty() { vec![NO_LEAD; table.frame.height()] } else { lead_rows };
    Ok(Facts { table, lead_rows: Some(lead_rows), lead_count, event_date: Some("date") })
}

/// Spreads every row with `from` and `to` (both included) over its days, each number in whole cents, the sum kept.
fn spread_ranges(table: Table) -> Result<Table> {
    let (Some(from), Some(to)) = (table.dates("from"), table.dates("to")) else { return Ok(table) };
    let mut rows: Vec<u32> = Vec::new();
    let mut days: Vec<Option<i32>> = Vec::new();
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for row in 0..table.frame.height() {
        let span = from.get(row).zip(to.get(row));
        let length = span.map_or(1, |(from, to)| to - from + 1);
        if !(1..=LONGEST_RANGE).contains(&length) {
            return Err(data_error(
                format!("{}: the range of dates holds {length} days", table.origin.describe(row)),
                "`from` is the first day and `to` the last one of the spend of a row",
            ));
        }
        for part in 0..length {
            rows.push(u32::try_from(row).unwrap_or(NO_LEAD));
            days.push(span.map(|(from, _)| from + part));
            parts.push((usize::try_from(part).unwrap_or(0), usize::try_from(length).unwrap_or(1)));
        }
    }
    let taken = IdxCa::from_vec("rows".into(), rows.clone());
    let mut frame = table.frame.take(&taken).context("rows of the table")?;
    for name in table.frame.get_column_names_str() {
        if let Some(numbers) = table.numbers(name) {
            let spread: Int64Chunked = rows
                .iter()
                .zip(&parts)
                .map(|(row, (part, length))| {
                    let number = numbers.get(*row as usize)?;
                    i64::try_from(share(i128::from(number), *part, *length)).ok()
                })
                .collect_ca(name.into());
            frame.with_column(spread.into_series()).context("columns of one height")?;
        }
    }
    let date: Int32Chunked = days.into_iter().collect_ca("date".into());
    frame.with_column(date.into_date().into_series()).context("columns of one height")?;
    let origin = table.origin.select(rows.iter().map(|row| *row as usize));
    Ok(Table { frame, dictionaries: table.dictionaries, origin })
}

/// The `part`-th of `parts` equal shares of an amount in millionths: whole cents, the remaining cents one each to the
/// first parts (largest remainders; all are equal), and what is smaller than a cent to the first part.
pub fn share(amount: i128, part: usize, parts: usize) -> i128 {
    let (part, parts) = (part as i128, parts.max(1) as i128);
    let cents = amount.div_euclid(MILLIONTHS_IN_A_CENT);
    let rest = amount.rem_euclid(MILLIONTHS_IN_A_CENT);
    let extra = i128::from(part < cents.rem_euclid(parts));
    let below_a_cent = if part == 0 { rest } else { 0 };
    (cents.div_euclid(parts) + extra) * MILLIONTHS_IN_A_CENT + below_a_cent
}

/// What allocation made of the spend.
#[derive(Debug, Clone)]
pub struct Allocated {
    /// The amount of each lead in millionths.
    pub of_lead: Vec<i64>,
    /// What found no lead: the words of `fixed` dimensions, and the amount in millionths.
    pub leftover: Vec<(Vec<String>, i128)>,
}

/// Brings amounts of spend rows to the leads.
///
/// `amounts` are those of the spend rows `rows`; `candidates` are the leads that may get some. The dimensions `fixed`
/// are the spend file's own: what is spent at one of their values stays there at every level.
///
/// # Errors
/// None on data that were joined.
pub fn allocate(data: &Data, amounts: &[i128], rows: &Mask, candidates: &Mask, fixed: &[String]) -> Result<Allocated> {
    let spend = &data.facts[&Over::Spend];
    let mut of_lead = vec![0_i64; spend.lead_count];
    let mut open: Vec<usize> = Vec::new();
    for row in rows.rows() {
        let lead = spend.lead_of(row);
        if lead != NO_LEAD && candidates.has(lead as usize) {
            of_lead[lead as usize] += i64::try_from(amounts[row]).context("an amount of one row")?;
        } else {
            open.push(row);
        }
    }
    for keys in levels(data, fixed) {
        if open.is_empty() {
            break;
        }
        let space = KeySpace::new(data, &keys)?;
        open = allocate_level(data, &space, amounts, open, candidates, &mut of_lead)?;
    }
    let columns: Vec<Option<_>> =
        fixed.iter().map(|name| spend.table.codes(name).zip(spend.table.dictionaries.get(name))).collect();
    let mut leftover: HashMap<Vec<String>, i128> = HashMap::new();
    for row in open {
        let words = columns.iter().map(|column| {
            column.as_ref().map_or_else(String::new, |(codes, words)| words[codes.get(row).unwrap_or(0) as usize].clone())
        });
        *leftover.entry(words.collect()).or_default() += amounts[row];
    }
    let mut leftover: Vec<(Vec<String>, i128)> = leftover.into_iter().collect();
    leftover.sort_unstable();
    Ok(Allocated { of_lead, leftover })
}

/// The dimensions of the key at each level, the finest first. Without any dimension in common the month alone is the key.
fn levels(data: &Data, fixed: &[String]) -> Vec<Vec<String>> {
    let (spend, leads) = (&data.facts[&Over::Spend].table, &data.leads().table);
    let is_shared = |name: &str| spend.dictionaries.contains_key(name) && leads.dictionaries.contains_key(name);
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

/// The keys of one level as numbers that spend and leads have in common.
struct KeySpace {
    of_spend: Vec<Option<u64>>,
    of_lead: Vec<Option<u64>>,
}

impl KeySpace {
    fn new(data: &Data, keys: &[String]) -> Result<KeySpace> {
        let spend = &data.facts[&Over::Spend].table;
        let leads = &data.leads().table;
        let dates = spend.dates("date");
        let created = data.created_at();
        let month = |day: i32| u64::try_from(month_number(day)).unwrap_or(0);
        let mut of_spend: Vec<Option<u64>> = match &dates {
            Some(dates) => (0..spend.frame.height()).map(|row| dates.get(row).map(month)).collect(),
            None => vec![Some(0); spend.frame.height()],
        };
        let mut of_lead: Vec<Option<u64>> = match (&dates, created) {
            (Some(_), Some(created)) => {
                (0..leads.frame.height()).into_par_iter().map(|row| created.get(row).map(month)).collect()
            }
            (Some(_), None) => vec![None; leads.frame.height()],
            (None, _) => vec![Some(0); leads.frame.height()],
        };
        for name in keys {
            let words = leads.dictionaries.get(name).context("a key that both sides have")?;
            let own = spend.dictionaries.get(name).context("a key that both sides have")?;
            let lead_codes = leads.codes(name).context("a key that both sides have")?;
            let spend_codes = spend.codes(name).context("a key that both sides have")?;
            let width = words.len() as u64;
            let code_of_word: Vec<Option<u64>> = own
                .iter()
                .map(|word| words.binary_search(word).ok().filter(|_| !word.is_empty()).map(|code| code as u64))
                .collect();
            let (lead_codes, spend_codes) = (code_slice(&lead_codes), code_slice(&spend_codes));
            of_lead.par_iter_mut().zip(lead_codes).for_each(|(key, code)| {
                *key = key.filter(|_| *code > 0).map(|key| key * width + u64::from(*code));
            });
            for (key, code) in of_spend.iter_mut().zip(spend_codes) {
                *key = key.zip(code_of_word[*code as usize]).map(|(key, code)| key * width + code);
            }
        }
        Ok(KeySpace { of_spend, of_lead })
    }
}

/// Gives the open spend rows to the leads of their key; returns the rows whose key no lead has.
fn allocate_level(
    data: &Data,
    space: &KeySpace,
    amounts: &[i128],
    open: Vec<usize>,
    candidates: &Mask,
    of_lead: &mut [i64],
) -> Result<Vec<usize>> {
    let mut bucket_of_key: HashMap<u64, usize, PlFixedStateQuality> = HashMap::default();
    let mut totals: Vec<i128> = Vec::new();
    for &row in &open {
        if let Some(key) = space.of_spend[row] {
            let bucket = *bucket_of_key.entry(key).or_insert(totals.len());
            if bucket == totals.len() {
                totals.push(0);
            }
            totals[bucket] += amounts[row];
        }
    }
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); totals.len()];
    for row in candidates.rows() {
        if let Some(bucket) = space.of_lead[row].and_then(|key| bucket_of_key.get(&key)) {
            members[*bucket].push(u32::try_from(row).unwrap_or(NO_LEAD));
        }
    }
    let ids = data.leads().table.ids("lead_id").context("leads have IDs")?;
    for (members, total) in members.iter_mut().zip(&totals) {
        // the order of the files must not decide who gets a cent more
        members.sort_unstable_by_key(|row| ids.get(*row as usize));
        let parts = members.len();
        for (part, row) in members.iter().enumerate() {
            of_lead[*row as usize] += i64::try_from(share(*total, part, parts)).context("a share of the spend")?;
        }
    }
    let found_none = |row: &usize| {
        let bucket = space.of_spend[*row].and_then(|key| bucket_of_key.get(&key));
        bucket.is_none_or(|bucket| members[*bucket].is_empty())
    };
    Ok(open.into_iter().filter(found_none).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shares_add_up_and_differ_by_a_cent_at_most(amount in -1_000_000_000_i128..1_000_000_000, parts in 1_usize..50) {
            let shares: Vec<i128> = (0..parts).map(|part| share(amount, part, parts)).collect();
            prop_assert_eq!(shares.iter().sum::<i128>(), amount);
            let cents: Vec<i128> = shares.iter().map(|share| share.div_euclid(MILLIONTHS_IN_A_CENT)).collect();
            prop_assert!(cents.iter().max().unwrap() - cents.iter().min().unwrap() <= 1);
        }
    }

    #[test]
    fn ten_euros_among_three_leads() {
        let shares: Vec<i128> = (0..3).map(|part| share(10_000_000, part, 3)).collect();
        assert_eq!(shares, [3_340_000, 3_330_000, 3_330_000]);
    }
}
