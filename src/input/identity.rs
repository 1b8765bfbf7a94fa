//! Which lead a row of the CRM is: by its own ID, by the record of its deal, or a lead of its own where it has neither.

use std::collections::HashMap;

use anyhow::{Context, Result};
use polars::prelude::*;

use super::table::Table;
use crate::check::{Finding, finding};

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
pub fn find_leads(table: &mut Table, findings: &mut Vec<Finding>) -> Result<()> {
    let Some(deals) = table.ids("opportunity_id") else { return Ok(()) };
    let own = table.ids("lead_id");
    let lead = |row: usize| own.as_ref().and_then(|ids| ids.get(row));
    let mut lead_of_deal: HashMap<&str, &str> = HashMap::new();
    for row in 0..deals.len() {
        if let (Some(deal), Some(lead)) = (deals.get(row), lead(row)) {
            lead_of_deal.entry(deal).or_insert(lead);
        }
    }
    let mut alone = Vec::new();
    let ids: Vec<Option<String>> = (0..deals.len())
        .map(|row| {
            if let Some(own) = lead(row) {
                return Some(own.to_string());
            }
            let deal = deals.get(row)?;
            match lead_of_deal.get(deal) {
                Some(lead) => Some((*lead).to_string()),
                // beside leads the number of a deal may be that of a lead it has nothing to do with
                None if own.is_some() => {
                    alone.push(row);
                    Some(format!("deal {deal}"))
                }
                None => Some(deal.to_string()),
            }
        })
        .collect();
    let mut ids: StringChunked = ids.into_iter().collect();
    if own.is_some() {
        findings.extend(finding(
            "deals_without_lead",
            "deals of no known lead, counted as leads of their own",
            alone,
            &table.origin,
        ));
    }
    ids.rename("lead_id".into());
    table.frame.with_column(ids.into_series()).context("columns of one height")?;
    table.frame.drop_in_place("opportunity_id").context("the column was read")?;
    Ok(())
}
