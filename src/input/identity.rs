//! Which lead a row of the CRM is: by its own ID, by the record of its deal, or a lead of its own where it has neither.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context, Result};
use polars::prelude::*;

use super::table::Table;
use super::{Inputs, WayToTheLead};
use crate::check::{Finding, finding};
use crate::say;

/// Gives every row of a file without IDs one of its own: the file and the line.
///
/// # Errors
/// None on a table that was read.
pub fn give_ids(table: &mut Table, numbered: &[bool]) -> Result<()> {
    if !numbered.contains(&true) {
        return Ok(());
    }
    let own = table.ids("lead_id");
    let ids = (0..table.origin.line_of_row.len()).map(|row| {
        let is_numbered = numbered[usize::from(table.origin.file_of_row[row])];
        if is_numbered {
            Some(table.origin.describe(row))
        } else {
            own.as_ref().and_then(|ids| ids.get(row)).map(String::from)
        }
    });
    let mut ids: StringChunked = ids.collect();
    ids.rename("lead_id".into());
    table.frame.with_column(ids.into_series()).context("columns of one height")?;
    Ok(())
}

/// Finds the lead of each row that names only its deal: the lead that was converted to it, else a lead of its own.
///
/// # Errors
/// None on a table that was read.
pub fn find_leads(table: &mut Table, inputs: &mut Inputs) -> Result<()> {
    let Some(deals) = table.ids("opportunity_id") else { return Ok(()) };
    let Some(own) = table.ids("lead_id") else {
        // without any leads a deal is its own, and there is nothing to tell it from
        let mut ids = deals;
        ids.rename("lead_id".into());
        table.frame.with_column(ids.into_series()).context("columns of one height")?;
        return Ok(());
    };
    let mut lead_of_deal: HashMap<&str, &str> = HashMap::new();
    for row in 0..deals.len() {
        if let (Some(deal), Some(lead)) = (deals.get(row), own.get(row)) {
            // of several leads that became one deal the first by ID, in whatever order they stand
            lead_of_deal.entry(deal).and_modify(|known| *known = lead.min(known)).or_insert(lead);
        }
    }
    let mut alone = Vec::new();
    let ids: Vec<Option<String>> = (0..deals.len())
        .map(|row| {
            if let Some(own) = own.get(row) {
                return Some(own.to_string());
            }
            let deal = deals.get(row)?;
            if let Some(lead) = lead_of_deal.get(deal) {
                return Some((*lead).to_string());
            }
            // beside leads the number of a deal may be that of a lead it has nothing to do with
            alone.push(row);
            Some(format!("deal {deal}"))
        })
        .collect();
    let mut ids: StringChunked = ids.into_iter().collect();
    ids.rename("lead_id".into());
    table.frame.with_column(ids.into_series()).context("columns of one height")?;
    inputs.findings.extend(describe_alone(table, &inputs.ways_to_the_lead, &alone));
    Ok(())
}

/// Deals that found no lead: of a file in which none did, what would lead there; of the others only how many.
fn describe_alone(table: &Table, ways: &BTreeMap<String, WayToTheLead>, alone: &[usize]) -> Vec<Finding> {
    let mut by_file: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
    for row in alone {
        by_file.entry(table.origin.file_of_row[*row]).or_default().push(*row);
    }
    let height = |file: u16| table.origin.file_of_row.iter().filter(|number| **number == file).count();
    // a deal that spans rows is told of once
    let ids = table.ids("opportunity_id");
    let mut seen = HashSet::new();
    let mut is_new = |row: &usize| seen.insert(ids.as_ref().and_then(|ids| ids.get(*row)));
    let mut of_some = Vec::new();
    let mut by_way: BTreeMap<&WayToTheLead, Vec<usize>> = BTreeMap::new();
    for (number, own) in by_file {
        let is_whole_file = height(number) == own.len();
        let way = table.origin.files.get(usize::from(number)).and_then(|name| ways.get(name));
        match way.filter(|_| is_whole_file) {
            Some(way) => by_way.entry(way).or_default().extend(own.into_iter().filter(&mut is_new)),
            None => of_some.extend(own.into_iter().filter(&mut is_new)),
        }
    }
    let mut findings: Vec<Finding> = by_way
        .into_iter()
        .filter_map(|(way, rows)| finding("deals_without_lead", describe_unnamed(way), rows, &table.origin))
        .collect();
    let what = say!("deals of no known lead, counted as leads of their own");
    findings.extend(finding("deals_without_lead", what, of_some, &table.origin));
    findings
}

/// What becomes of deals whose export does not name the leads, and how they find them.
fn describe_unnamed(way: &WayToTheLead) -> String {
    match way {
        WayToTheLead::Map => say!(
            "deals of an export that does not name the leads, counted as leads of their own (`deal 17`); to join \
             them, map the column that names the lead to `lead_id`"
        ),
        WayToTheLead::ExportWithDeals(headers) => say!(
            "deals of an export that does not name the leads, counted as leads of their own (`deal 17`); to join \
             them, export {headers} with the deals",
            headers = headers
        ),
        WayToTheLead::ExportWithLeads(headers) => say!(
            "deals of an export that does not name the leads, counted as leads of their own (`deal 17`); to join \
             them, export {headers} with the leads",
            headers = headers
        ),
    }
}
