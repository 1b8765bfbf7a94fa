//! Several deals of one lead become one: what was won counts, else what is open, else what was lost last.
//!
//! The result does not depend on the order of the rows: deals that are alike in all that decides are told apart by
//! their cells.

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;

use anyhow::{Context, Result};
use polars::prelude::*;

use super::cells::Cells;
use super::currency;
use super::index::{Duplicate, several};
use super::merge::Joining;
use super::outcomes::{Outcome, Outcomes};
use super::parts::too_large;
use super::statuses::STATUS;
use crate::check::{Finding, finding};
use crate::config::Duplicates;
use crate::input::Inputs;
use crate::input::table::Table;
use crate::mask::Mask;
use crate::say;

/// The column of the IDs of deals.
pub const DEAL_ID: &str = "opportunity_id";

/// What goes with the outcome of the deal that decides, and is never that of another deal.
const OF_THE_OUTCOME: [&str; 6] = ["stage", STATUS, "stage_at", "closed_at", "lost_at", "lost_reason"];
/// What another deal that decides may tell, but not one that does not.
const OF_THE_DEAL: [&str; 3] = ["owner", "product", "currency"];

/// The deals of one lead, the first of which says most.
struct Deals {
    outcome: Outcome,
    /// The rows with the outcome of the lead, the best first.
    deciding: Vec<u32>,
    /// The other rows.
    others: Vec<u32>,
}

/// A table in which the deals of each lead are one.
pub struct Combined {
    pub table: Table,
    /// The rows that have been emptied, and told of.
    pub further: Mask,
    /// The last day on which one of several deals of a lead was won or lost.
    pub latest_closing: Option<i32>,
}

/// Later rows of the same deal of a lead with the first of them, in the order of the rows.
pub fn rows_of_one_deal(table: &Table, inputs: &Inputs, duplicates: &[Duplicate]) -> Vec<Duplicate> {
    let Some(ids) = table.ids(DEAL_ID) else { return Vec::new() };
    let is_deal: Vec<bool> = table.origin.files.iter().map(|file| inputs.deal_files.contains(file)).collect();
    let is_deal = |row: u32| is_deal[usize::from(table.origin.file_of_row[row as usize])];
    let has_several = several(table.frame.height(), duplicates, &is_deal);
    let is_one_of_several = |(_, first): &&Duplicate| is_deal(*first) || has_several(*first);
    let mut first_of: HashMap<(u32, &str), u32> = HashMap::new();
    let mut pairs = Vec::new();
    for &(later, first) in duplicates.iter().filter(is_one_of_several) {
        for row in [first, later].into_iter().filter(|row| is_deal(*row)) {
            let Some(id) = ids.get(row as usize) else { continue };
            let known = *first_of.entry((first, id)).or_insert(row);
            if known != row {
                pairs.push((row, known));
            }
        }
    }
    pairs
}

/// Puts what the deals of a lead come to into the first of their rows and empties the others, which are told as well.
///
/// # Errors
/// A sum that is too large, or over two currencies.
pub fn combine(
    table: Table,
    joining: &Joining,
    duplicates: &[Duplicate],
    findings: &mut Vec<Finding>,
) -> Result<Combined> {
    let mut further = Mask::none(table.frame.height());
    let groups = rows_of_leads(&table, joining.inputs, duplicates);
    if groups.is_empty() {
        return Ok(Combined { table, further, latest_closing: None });
    }
    for row in groups.iter().flat_map(|rows| &rows[1..]) {
        further.insert(*row as usize);
    }
    let what = say!(
        "CRM rows that are further deals of a lead: the won ones count, else the open ones, else the last that was lost"
    );
    findings.extend(finding("further_deals", what, further.rows(), &table.origin));
    for rows in &groups {
        let rows: Vec<usize> = rows.iter().map(|row| *row as usize).collect();
        currency::refuse_mixed(&table, &rows)?;
    }
    let outcomes = Outcomes::new(&table, joining);
    let latest_closing = groups.iter().flatten().filter_map(|row| outcomes.closing(*row)).max();
    let names = table.frame.get_column_names_str();
    let cells: Vec<Cells> = names.iter().map(|name| Cells::new(&table, name)).collect::<Result<_>>()?;
    let leads: Vec<(u32, Deals)> =
        groups.into_iter().map(|rows| (rows[0], decide(rows, &outcomes, &cells))).collect();
    let won_at = joining.config.stages.last().map(|stage| format!("{stage}_at")).unwrap_or_default();
    let mut frame = table.frame.clone();
    for (name, cells) in names.iter().zip(&cells).filter(|(name, _)| !["lead_id", DEAL_ID].contains(name)) {
        let column = match cells {
            Cells::Numbers(numbers) => sums(&table, name, numbers, &leads)?.into_column(),
            _ => rearranged(&table, name, &further, &sources(name, cells, &won_at, &leads))?,
        };
        frame.with_column(column).context("columns of one height")?;
    }
    Ok(Combined { table: Table { frame, ..table }, further, latest_closing })
}

/// Tells the rows of which a lead may have several, each a deal of its own once the rows of one deal are one.
pub fn is_one_of_deals<'a>(
    table: &'a Table,
    inputs: &Inputs,
    ids: Option<&'a StringChunked>,
) -> impl Fn(u32) -> bool + use<'a> {
    let rules: Vec<Option<Duplicates>> =
        table.origin.files.iter().map(|file| inputs.duplicates.get(file).copied()).collect();
    move |row: u32| match rules[usize::from(table.origin.file_of_row[row as usize])] {
        Some(Duplicates::Deals) => true,
        // parts of one deal have been added by now
        Some(Duplicates::Sum) => ids.is_some_and(|ids| ids.get(row as usize).is_some()),
        _ => false,
    }
}

/// The rows of each lead that has several deals, in the order of the rows.
fn rows_of_leads(table: &Table, inputs: &Inputs, duplicates: &[Duplicate]) -> Vec<Vec<u32>> {
    let ids = table.ids(DEAL_ID);
    let is_deal = is_one_of_deals(table, inputs, ids.as_ref());
    let has_several = several(table.frame.height(), duplicates, &is_deal);
    let is_one_of_several =
        |(later, first): &&Duplicate| is_deal(*later) && (is_deal(*first) || has_several(*first));
    let mut rows_of: HashMap<u32, Vec<u32>> = HashMap::new();
    for &(later, first) in duplicates.iter().filter(is_one_of_several) {
        let own = || if is_deal(first) { vec![first] } else { Vec::new() };
        rows_of.entry(first).or_insert_with(own).push(later);
    }
    let mut groups: Vec<Vec<u32>> = rows_of.into_values().filter(|rows| rows.len() > 1).collect();
    groups.sort_unstable();
    groups
}

/// Which deals of a lead decide, and in what order.
fn decide(rows: Vec<u32>, outcomes: &Outcomes, cells: &[Cells]) -> Deals {
    let outcome = rows.iter().map(|row| outcomes.of(*row)).max().unwrap_or(Outcome::Open);
    let (mut deciding, mut others): (Vec<u32>, Vec<u32>) =
        rows.into_iter().partition(|row| outcomes.of(*row) == outcome);
    for rows in [&mut deciding, &mut others] {
        rows.sort_by(|one, other| {
            let rank = |row: &u32| Reverse((outcomes.rank(outcome, *row), outcomes.amount(*row)));
            rank(one).cmp(&rank(other)).then_with(|| by_cells(cells, *one, *other))
        });
    }
    if outcome == Outcome::Lost {
        // a later attempt at the same lead is no further money that was lost
        let earlier = deciding.split_off(1);
        others.splice(0..0, earlier);
    }
    Deals { outcome, deciding, others }
}

fn by_cells(cells: &[Cells], one: u32, other: u32) -> Ordering {
    cells.iter().map(|cells| cells.compare(one, other)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// A column of numbers in which each lead has the sum over the deals that decide.
fn sums(table: &Table, name: &str, numbers: &Int64Chunked, leads: &[(u32, Deals)]) -> Result<Series> {
    let mut values: Vec<Option<i64>> = numbers.iter().collect();
    for (first, deals) in leads {
        let mut sum: Option<i64> = None;
        for value in deals.deciding.iter().filter_map(|row| values[*row as usize]) {
            let added = sum.unwrap_or(0).checked_add(value);
            sum = Some(added.ok_or_else(|| too_large(table, name, *first as usize))?);
        }
        for row in deals.deciding.iter().chain(&deals.others) {
            values[*row as usize] = None;
        }
        values[*first as usize] = sum;
    }
    Ok(Int64Chunked::from_iter_options(name.into(), values.into_iter()).into_series())
}

/// For each lead the row whose cell counts, if any has one.
fn sources(name: &str, cells: &Cells, won_at: &str, leads: &[(u32, Deals)]) -> Vec<(u32, Option<u32>)> {
    let is_known = |row: &u32| !cells.is_empty(*row);
    let first_known = |rows: &[u32]| rows.iter().copied().find(is_known);
    let earliest = |rows: &[u32]| {
        let known = rows.iter().copied().filter(is_known);
        known.min_by(|one, other| cells.compare(*one, *other))
    };
    let is_date = matches!(cells, Cells::Days(_));
    let is_of_outcome = name == won_at || OF_THE_OUTCOME.contains(&name);
    let source = |deals: &Deals| match (is_date, is_of_outcome) {
        (true, true) if deals.outcome == Outcome::Won => earliest(&deals.deciding),
        (_, true) => deals.deciding.first().copied(),
        (true, false) => earliest(&[deals.deciding.as_slice(), &deals.others].concat()),
        (false, false) if OF_THE_DEAL.contains(&name) => first_known(&deals.deciding),
        (false, false) => first_known(&deals.deciding).or_else(|| first_known(&deals.others)),
    };
    leads.iter().map(|(first, deals)| (*first, source(deals))).collect()
}

/// A column in which the first deal of each lead has the cell of another row, and the further ones have none.
fn rearranged(table: &Table, name: &str, further: &Mask, sources: &[(u32, Option<u32>)]) -> Result<Column> {
    let height = u32::try_from(table.frame.height()).context("rows are counted in 32 bits")?;
    let mut rows: Vec<Option<u32>> = (0..height).map(Some).collect();
    for row in further.rows() {
        rows[row] = None;
    }
    for (first, source) in sources {
        rows[*first as usize] = *source;
    }
    if let Some(codes) = table.codes(name) {
        // text has no nulls: code 0 is the empty cell
        let values =
            rows.iter().map(|row| row.and_then(|row| codes.get(row as usize)).unwrap_or(0)).collect();
        return Ok(UInt32Chunked::from_vec(name.into(), values).into_column());
    }
    let rows: IdxCa = rows.into_iter().collect_ca("rows".into());
    table.frame.column(name).and_then(|column| column.take(&rows)).context("rows of the table")
}
