//! Sums by groups of rows. Whole numbers only, so the order of rows and the number of threads cannot change a sum.

use std::collections::{BTreeMap, HashMap};

use polars::prelude::*;
use rayon::prelude::*;

use super::exact::Exact;
use super::lags::Lags;
use super::rows::Rows;
use super::statistics::{self, Histogram};
use super::survival::{self, Survival};
use super::view::{NONE, NOT_IN_CRM, TOTAL, View, is_bucket};
use crate::input::table::code_slice;
use crate::leads::Over;
use crate::leads::index::NO_LEAD;
use crate::leads::numbering::Numbering;

/// Days that are counted in an array; rarer ones in a map.
const COMMON_DAYS: usize = 2048;
/// An array of days by group larger than this would not fit the cache.
const LARGEST_ARRAY: usize = 1 << 22;

/// The values of the dimensions of a row.
pub type Key = Vec<String>;

/// What the rows of a group add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tally {
    Count(u64),
    /// In millionths.
    Sum(i128),
    /// How often each time between two dates occurs: in days, or in seconds.
    Lags(Histogram),
    Survival(Survival),
}

impl Tally {
    /// As a number; the number of observations for times.
    pub fn exact(&self) -> Exact {
        match self {
            Tally::Count(count) => Exact::whole(i128::from(*count)),
            Tally::Sum(sum) => Exact::millionths(*sum),
            Tally::Lags(lags) => Exact::whole(i128::from(statistics::size(lags))),
            Tally::Survival(survival) => Exact::whole(i128::from(survival.size())),
        }
    }

    /// Adds what other rows add up to.
    pub fn add(&mut self, other: &Tally) {
        match (self, other) {
            (Tally::Count(count), Tally::Count(more)) => *count += more,
            (Tally::Sum(sum), Tally::Sum(more)) => *sum += more,
            (Tally::Lags(lags), Tally::Lags(more)) => {
                for (length, count) in more {
                    *lags.entry(*length).or_default() += count;
                }
            }
            (Tally::Survival(survival), Tally::Survival(more)) => survival.add(more),
            _ => {}
        }
    }

    /// No rows, of the same kind.
    #[must_use]
    pub fn empty(&self) -> Tally {
        match self {
            Tally::Count(_) => Tally::Count(0),
            Tally::Sum(_) => Tally::Sum(0),
            Tally::Lags(_) => Tally::Lags(Histogram::new()),
            Tally::Survival(_) => Tally::Survival(Survival::default()),
        }
    }
}

/// A measure by groups, and over all of them.
#[derive(Debug, Clone)]
pub struct Grouped {
    pub groups: BTreeMap<Key, Tally>,
    pub total: Tally,
}

/// Which groups an answer is about.
#[derive(Clone, Copy)]
pub enum Choice<'a> {
    All,
    One(&'a Key),
    Where(&'a dyn Fn(&Key) -> bool),
}

impl Choice<'_> {
    /// What the rows of the chosen groups add up to.
    pub fn of(self, grouped: &Grouped) -> Tally {
        match self {
            Choice::All => grouped.total.clone(),
            Choice::One(key) => grouped.groups.get(key).cloned().unwrap_or_else(|| grouped.total.empty()),
            Choice::Where(is_chosen) => {
                let mut sum = grouped.total.empty();
                let chosen = grouped.groups.iter().filter(|(key, _)| is_chosen(key));
                chosen.for_each(|(_, tally)| sum.add(tally));
                sum
            }
        }
    }
}

/// Which group each row of a table belongs to.
#[derive(Debug)]
pub struct Grouping {
    /// The group of each row; none where there is one group of all rows.
    groups: Option<UInt32Chunked>,
    keys: Vec<Key>,
}

impl Grouping {
    /// The number of the group of a row.
    pub fn group_of(&self, row: usize) -> usize {
        self.groups.as_ref().map_or(0, |groups| code_slice(groups)[row] as usize)
    }

    /// The values of the dimensions of a group.
    pub fn key(&self, group: usize) -> &Key {
        &self.keys[group]
    }
}

/// The groups of a table by dimensions, its own or its leads'; none where it does not know one of them.
pub fn grouping(view: &View, over: Over, dimensions: &[String]) -> Option<Grouping> {
    let facts = view.data.facts.get(&over)?;
    let height = facts.table.frame.height();
    if dimensions.is_empty() {
        return Some(Grouping { groups: None, keys: vec![Vec::new()] });
    }
    let mut groups: UInt32Chunked = UInt32Chunked::full("group".into(), 0, 0);
    let mut keys: Vec<Key> = vec![Vec::new()];
    for name in dimensions {
        let dimension = view.dimension(over, name)?;
        let codes = code_slice(&dimension.codes);
        // one more than the words: rows whose lead is unknown
        let orphan = u32::try_from(dimension.words.len()).unwrap_or(u32::MAX);
        let code = |row: usize| match (dimension.is_of_lead, facts.lead_of(row)) {
            (false, _) => codes[row],
            (true, NO_LEAD) => orphan,
            (true, lead) => codes[lead as usize],
        };
        let label = |code: u32| {
            dimension.words.get(code as usize).map_or_else(|| NOT_IN_CRM.to_string(), |word| shown(word))
        };
        if groups.is_empty() {
            groups = if dimension.is_of_lead {
                UInt32Chunked::from_vec("group".into(), (0..height).into_par_iter().map(code).collect())
            } else {
                // the codes of a column are its groups: nothing to copy
                dimension.codes.clone()
            };
            keys = (0..=orphan).map(|code| vec![label(code)]).collect();
        } else {
            (groups, keys) = refine(code_slice(&groups), &keys, orphan + 1, &code, &label);
        }
    }
    Some(Grouping { groups: Some(groups), keys })
}

/// A word as it is shown: an empty one as `(none)`, one that looks like a bucket in quotes.
pub fn shown(word: &str) -> String {
    match word {
        "" => NONE.to_string(),
        TOTAL => format!("\"{word}\""),
        _ if is_bucket(word) => format!("\"{word}\""),
        _ => word.to_string(),
    }
}

/// Splits groups by one more dimension of `count` codes; only the groups that occur get a number.
fn refine(
    groups: &[u32],
    keys: &[Key],
    count: u32,
    code: &impl Fn(usize) -> u32,
    label: &impl Fn(u32) -> String,
) -> (UInt32Chunked, Vec<Key>) {
    let mut numbering = Numbering::new((keys.len() as u64).saturating_mul(u64::from(count)));
    let mut refined_keys: Vec<Key> = Vec::new();
    let refined: Vec<u32> = groups
        .iter()
        .enumerate()
        .map(|(row, &group)| {
            let code = code(row);
            let number = numbering.number(u64::from(group) * u64::from(count) + u64::from(code));
            if number as usize == refined_keys.len() {
                let mut key = keys[group as usize].clone();
                key.push(label(code));
                refined_keys.push(key);
            }
            number
        })
        .collect();
    (UInt32Chunked::from_vec("group".into(), refined), refined_keys)
}

/// Adds up the rows of a measure by groups.
pub fn group(rows: &Rows, grouping: &Grouping, includes_negative_days: bool) -> Grouped {
    let count = grouping.keys.len();
    let tallies: Vec<Tally> = match (&rows.amounts, &rows.lags) {
        _ if rows.times.is_some() => times_of_groups(rows, grouping, count, includes_negative_days),
        (Some(amounts), _) => {
            sum_groups(rows, grouping, count, |row| amounts.get(row)).into_iter().map(Tally::Sum).collect()
        }
        (None, Some(lags)) => lags_of_groups(lags, rows, grouping, count, includes_negative_days),
        (None, None) if grouping.groups.is_none() => vec![Tally::Count(rows.mask.count())],
        (None, None) => sum_groups(rows, grouping, count, |_| 1_u64).into_iter().map(Tally::Count).collect(),
    };
    let mut total = match (&rows.amounts, &rows.lags) {
        _ if rows.times.is_some() => Tally::Survival(Survival::default()),
        (Some(_), _) => Tally::Sum(0),
        (None, Some(_)) => Tally::Lags(Histogram::new()),
        (None, None) => Tally::Count(0),
    };
    let mut groups: BTreeMap<Key, Tally> = BTreeMap::new();
    for (key, tally) in grouping.keys.iter().zip(tallies).filter(|(_, tally)| !tally.exact().is_zero()) {
        total.add(&tally);
        groups.insert(key.clone(), tally);
    }
    Grouped { groups, total }
}

fn sum_groups<T>(rows: &Rows, grouping: &Grouping, count: usize, amount: impl Fn(usize) -> T + Sync) -> Vec<T>
where
    T: Copy + Default + Send + std::ops::AddAssign,
{
    let add_part = |part: &mut dyn Iterator<Item = usize>| {
        let mut sums = vec![T::default(); count];
        match grouping.groups.as_ref().map(code_slice) {
            Some(groups) => part.for_each(|row| sums[groups[row] as usize] += amount(row)),
            None => part.for_each(|row| sums[0] += amount(row)),
        }
        sums
    };
    let parts = rows.mask.split(rayon::current_num_threads());
    let sums: Vec<Vec<T>> = parts.into_par_iter().map(|mut part| add_part(&mut part)).collect();
    let mut all = vec![T::default(); count];
    for part in sums {
        all.iter_mut().zip(part).for_each(|(sum, more)| *sum += more);
    }
    all
}

fn times_of_groups(rows: &Rows, grouping: &Grouping, count: usize, includes_negative: bool) -> Vec<Tally> {
    let Some(times) = &rows.times else {
        return Vec::new();
    };
    let groups = grouping.groups.as_ref().map(code_slice);
    let group = |row: usize| groups.map_or(0, |groups| groups[row] as usize);
    let counted = survival::count_groups(times, &rows.mask, count, group, includes_negative);
    counted.into_iter().map(Tally::Survival).collect()
}

fn lags_of_groups(
    lags: &Lags,
    rows: &Rows,
    grouping: &Grouping,
    count: usize,
    includes_negative: bool,
) -> Vec<Tally> {
    match lags {
        Lags::Days(from, to) => {
            let days = |row| Some(i64::from(to.get(row)?) - i64::from(from.get(row)?));
            let days = |row| days(row).filter(|days| *days >= 0 || includes_negative);
            histograms(days, rows, grouping, count, LARGEST_ARRAY)
        }
        // hardly two leads have the same
        Lags::Seconds(seconds) => histograms(|row| seconds[row], rows, grouping, count, 0),
    }
}

/// How often each length of time occurs in each group; in an array where that is no larger than allowed.
fn histograms(
    length: impl Fn(usize) -> Option<i64> + Sync,
    rows: &Rows,
    grouping: &Grouping,
    count: usize,
    largest_array: usize,
) -> Vec<Tally> {
    let groups = grouping.groups.as_ref().map(code_slice);
    let uses_array = count.saturating_mul(COMMON_DAYS) <= largest_array;
    let count_part = |part: &mut dyn Iterator<Item = usize>| {
        let mut common = vec![0_u64; if uses_array { count * COMMON_DAYS } else { 0 }];
        let mut rare: HashMap<(usize, i64), u64> = HashMap::new();
        for row in part {
            let Some(length) = length(row) else { continue };
            let group = groups.map_or(0, |groups| groups[row] as usize);
            match usize::try_from(length) {
                Ok(place) if uses_array && place < COMMON_DAYS => common[group * COMMON_DAYS + place] += 1,
                _ => *rare.entry((group, length)).or_default() += 1,
            }
        }
        (common, rare)
    };
    let parts = rows.mask.split(rayon::current_num_threads());
    let counted: Vec<_> = parts.into_par_iter().map(|mut part| count_part(&mut part)).collect();
    let mut histograms = vec![Histogram::new(); count];
    for (common, rare) in counted {
        for (place, number) in common.into_iter().enumerate().filter(|(_, number)| *number > 0) {
            let length = i64::try_from(place % COMMON_DAYS).unwrap_or_default();
            *histograms[place / COMMON_DAYS].entry(length).or_default() += number;
        }
        for ((group, length), number) in rare {
            *histograms[group].entry(length).or_default() += number;
        }
    }
    histograms.into_iter().map(Tally::Lags).collect()
}
