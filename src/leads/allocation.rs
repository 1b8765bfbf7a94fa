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
use super::keys::{KeySpace, MonthNumbers};
use super::numbering::Numbering;
use super::shares::{CENT, equal_shares};
use super::{Data, Over};
use crate::input::table::code_slice;
use crate::mask::Mask;

/// The keys of allocation, from the coarsest to the finest.
const KEYS: [&str; 3] = ["channel", "campaign", "keyword"];

/// Up to so many keys are summed in an array rather than in a map.
const FEW_KEYS: usize = 1 << 14;

/// Amounts in millionths by a key of the caller's.
pub type Sums = HashMap<u64, i128, PlFixedStateQuality>;

/// Where each part of the spend went.
#[derive(Debug)]
pub struct Allocation {
    /// The parts that reach one lead or nobody.
    parts: Vec<Part>,
    /// The parts that many leads share.
    levels: Vec<Level>,
    /// The leads that may get some, in the order of their IDs; none where all leads stand in that order.
    order: Option<Vec<u32>>,
}

/// Spend rows that are alike in all dimensions and in the month.
#[derive(Debug)]
struct Part {
    /// One of the rows, for the dimensions of all.
    spend_row: usize,
    /// In millionths.
    amount: i128,
    /// [`NO_LEAD`] for nobody.
    lead: u32,
}

/// What is shared by the leads with the same key, a place for each key.
#[derive(Debug)]
struct Level {
    chunks: Vec<Chunk>,
    /// Of all places, those of one after those of the other.
    shares: Vec<Share>,
    /// Where the shares of each place begin, and where the last ones end.
    first_share: Vec<usize>,
}

/// Some of the leads in their order.
#[derive(Debug)]
struct Chunk {
    /// The place in the order of the first of them.
    first: usize,
    /// The place of the key of each, [`NO_LEAD`] where nothing was spent at it.
    places: Vec<u32>,
    /// For each place the leads in the chunks before.
    ranks: Vec<u32>,
}

/// What each lead gets of a part.
#[derive(Debug)]
struct Share {
    each: i128,
    /// The first so many leads get a cent more.
    extra_cents: u32,
    /// What is smaller than a cent, for the first lead.
    below_a_cent: u32,
    spend_row: u32,
}

impl Share {
    fn new(spend_row: usize, amount: i128, leads: u32) -> Result<Share> {
        let (each, extra_cents, below_a_cent) = equal_shares(amount, leads as usize, CENT);
        Ok(Share {
            each,
            extra_cents: u32::try_from(extra_cents).context("fewer than the leads")?,
            below_a_cent: u32::try_from(below_a_cent).context("less than a cent")?,
            spend_row: u32::try_from(spend_row).context("a row")?,
        })
    }

    /// The share of a lead by its place among those of the same key.
    fn of(&self, rank: u32) -> i128 {
        let extra = if rank < self.extra_cents { CENT } else { 0 };
        self.each + extra + if rank == 0 { i128::from(self.below_a_cent) } else { 0 }
    }
}

impl Allocation {
    /// Sums of the shares by a key of spend row and lead ([`NO_LEAD`] for what reached nobody); shares for which the
    /// key is none do not count. Keys are smaller than `count`.
    pub fn sums(&self, count: u64, key: impl Fn(usize, u32) -> Option<u64> + Sync) -> Sums {
        match usize::try_from(count) {
            Ok(count) if count <= FEW_KEYS => {
                let add = |sums: &mut Vec<i128>, spend_row: usize, lead: u32, amount: i128| {
                    if let Some(place) = key(spend_row, lead).and_then(|key| usize::try_from(key).ok()) {
                        sums[place] += amount;
                    }
                };
                let mut all = vec![0; count];
                for part in self.fold(|| vec![0; count], add) {
                    all.iter_mut().zip(part).for_each(|(sum, amount)| *sum += amount);
                }
                (0..).zip(all).collect()
            }
            _ => {
                let add = |sums: &mut Sums, spend_row: usize, lead: u32, amount: i128| {
                    if let Some(key) = key(spend_row, lead) {
                        *sums.entry(key).or_default() += amount;
                    }
                };
                let mut all = Sums::default();
                for (key, amount) in self.fold(Sums::default, add).into_iter().flatten() {
                    *all.entry(key).or_default() += amount;
                }
                all
            }
        }
    }

    /// Calls `add` with the spend row, the lead and the amount of each share; gives what several threads added up.
    fn fold<S: Send>(
        &self,
        empty: impl Fn() -> S + Sync,
        add: impl Fn(&mut S, usize, u32, i128) + Sync,
    ) -> Vec<S> {
        let mut direct = empty();
        for part in &self.parts {
            add(&mut direct, part.spend_row, part.lead, part.amount);
        }
        let mut all = vec![direct];
        for level in &self.levels {
            let add_chunk = |chunk: &Chunk| {
                let mut sums = empty();
                self.for_each_share(level, chunk, |spend_row, lead, amount| {
                    add(&mut sums, spend_row, lead, amount);
                });
                sums
            };
            all.par_extend(level.chunks.par_iter().map(add_chunk));
        }
        all
    }

    /// Calls `add` with the spend row, the lead and the amount of each share of some leads.
    fn for_each_share(&self, level: &Level, chunk: &Chunk, mut add: impl FnMut(usize, u32, i128)) {
        let mut ranks = chunk.ranks.clone();
        for (position, &place) in (chunk.first..).zip(&chunk.places).filter(|(_, place)| **place != NO_LEAD) {
            let place = place as usize;
            let lead = lead_at(self.order.as_deref(), position);
            for share in &level.shares[level.first_share[place]..level.first_share[place + 1]] {
                add(share.spend_row as usize, lead, share.of(ranks[place]));
            }
            ranks[place] += 1;
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
    let mut parts = parts(data, amount, rows, candidates);
    let order = if data.is_in_order { None } else { Some(in_order_of_ids(data, candidates)?) };
    let mut levels = Vec::new();
    for keys in dimensions_of_levels(data) {
        let space = KeySpace::new(data, &keys)?;
        levels.extend(share_out(&space, candidates, order.as_deref(), &mut parts)?);
    }
    Ok(Allocation { parts, levels, order })
}

fn lead_at(order: Option<&[u32]>, position: usize) -> u32 {
    order.map_or_else(|| u32::try_from(position).unwrap_or(NO_LEAD), |order| order[position])
}

/// The spend by all its dimensions and months; rows of a lead that is a candidate go to that lead.
fn parts(data: &Data, amount: &dyn Fn(usize) -> i128, rows: &Mask, candidates: &Mask) -> Vec<Part> {
    let spend = &data.facts[&Over::Spend];
    let table = &spend.table;
    let dates = table.dates("date");
    let months = MonthNumbers::new(dates.as_ref());
    let columns: Vec<(UInt32Chunked, u64)> = table
        .dictionaries
        .iter()
        .filter_map(|(name, words)| Some((table.codes(name)?, words.len() as u64)))
        .collect();
    let mut size = months.count();
    let mut dimensions: Vec<(&[u32], u64, Numbering)> = Vec::new();
    for (codes, width) in &columns {
        size = size.saturating_mul(*width);
        dimensions.push((code_slice(codes), *width, Numbering::new(size)));
    }
    let mut part_of_key: Vec<Option<u32>> = Vec::new();
    let mut part_of_lead: HashMap<(u64, u32), Option<u32>, PlFixedStateQuality> = HashMap::default();
    let mut parts: Vec<Part> = Vec::new();
    for row in rows.rows() {
        let month = dates.as_ref().map_or(0, |dates| months.of(dates.get(row)));
        // numbered dimension by dimension, so that no number of dimensions makes the keys too large
        let key = dimensions.iter_mut().fold(month, |key, (codes, width, numbering)| {
            u64::from(numbering.number(key * *width + u64::from(codes[row])))
        });
        let is_candidate = |lead: &u32| *lead != NO_LEAD && candidates.has(*lead as usize);
        let lead = Some(spend.lead_of(row)).filter(is_candidate).unwrap_or(NO_LEAD);
        let part = if lead == NO_LEAD {
            let place = usize::try_from(key).unwrap_or(usize::MAX);
            if place >= part_of_key.len() {
                part_of_key.resize(place + 1, None);
            }
            &mut part_of_key[place]
        } else {
            part_of_lead.entry((key, lead)).or_default()
        };
        let part = *part.get_or_insert_with(|| {
            parts.push(Part { spend_row: row, amount: 0, lead });
            u32::try_from(parts.len() - 1).unwrap_or(NO_LEAD)
        });
        parts[part as usize].amount += amount(row);
    }
    parts
}

/// The dimensions of the key at each level, the finest first. Without any dimension in common the month alone is the key.
fn dimensions_of_levels(data: &Data) -> Vec<Vec<String>> {
    let (spend, leads) = (&data.facts[&Over::Spend].table, &data.leads().table);
    let is_shared =
        |name: &&str| spend.dictionaries.contains_key(*name) && leads.dictionaries.contains_key(*name);
    let shared: Vec<String> = KEYS.into_iter().filter(is_shared).map(String::from).collect();
    if shared.is_empty() {
        return vec![Vec::new()];
    }
    (1..=shared.len()).rev().map(|length| shared[..length].to_vec()).collect()
}

/// Shares the parts that have reached nobody yet out among the leads of their key, and takes them from the list.
fn share_out(
    space: &KeySpace,
    candidates: &Mask,
    order: Option<&[u32]>,
    parts: &mut Vec<Part>,
) -> Result<Option<Level>> {
    let mut numbering = Numbering::new(space.size);
    for part in parts.iter().filter(|part| part.lead == NO_LEAD) {
        let key = space.of_spend(part.spend_row);
        if key != 0 {
            numbering.number(key);
        }
    }
    if numbering.count() == 0 {
        return Ok(None);
    }
    let (chunks, sizes) = chunks(space, candidates, order, &numbering);
    let place_of = |part: &Part| {
        let place = numbering.find(space.of_spend(part.spend_row)).filter(|_| part.lead == NO_LEAD)? as usize;
        (sizes[place] > 0).then_some(place)
    };
    let found = parts.extract_if(.., |part| place_of(part).is_some()).filter_map(|part| {
        let place = place_of(&part)?;
        Some(Share::new(part.spend_row, part.amount, sizes[place]).map(|share| (place, share)))
    });
    let mut shared: Vec<(usize, Share)> = found.collect::<Result<_>>()?;
    shared.sort_by_key(|(place, _)| *place);
    let first_share =
        (0..=sizes.len()).map(|place| shared.partition_point(|(other, _)| *other < place)).collect();
    Ok(Some(Level { chunks, shares: shared.into_iter().map(|(_, share)| share).collect(), first_share }))
}

/// The places of the leads by their keys, and the number of leads at each place.
fn chunks(
    space: &KeySpace,
    candidates: &Mask,
    order: Option<&[u32]>,
    numbering: &Numbering,
) -> (Vec<Chunk>, Vec<u32>) {
    let count = order.map_or(candidates.height(), <[u32]>::len);
    let step = count.div_ceil(rayon::current_num_threads()).max(1);
    let key = space.of_leads();
    let chunk = |first: usize| {
        let mut sizes = vec![0_u32; numbering.count()];
        let place = |position: usize| {
            let lead = lead_at(order, position) as usize;
            let place = if candidates.has(lead) { numbering.find(key(lead)) } else { None };
            place.inspect(|place| sizes[*place as usize] += 1).unwrap_or(NO_LEAD)
        };
        let places = (first..count.min(first + step)).map(place).collect();
        Chunk { first, places, ranks: sizes }
    };
    let mut chunks: Vec<Chunk> = (0..count).into_par_iter().step_by(step).map(chunk).collect();
    let mut sizes = vec![0_u32; numbering.count()];
    for chunk in &mut chunks {
        for (before, own) in sizes.iter_mut().zip(&mut chunk.ranks) {
            (*before, *own) = (*before + *own, *before);
        }
    }
    (chunks, sizes)
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
