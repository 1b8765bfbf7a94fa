//! Several CRM rows of one lead become one row: each adds the columns that it has, and they must agree.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use polars::prelude::*;

use super::beginning;
use super::cells::Cells;
use super::deals::{self, DEAL_ID};
use super::differing::{Differing, OF_THE_DEAL};
use super::index::{Duplicate, Index, NO_LEAD, several};
use super::parts;
use super::shown::Shown;
use super::statuses::{Meanings, STATUS};
use crate::check::{Finding, finding};
use crate::config::{Config, Duplicates, Purpose};
use crate::error::data_error;
use crate::input::Inputs;
use crate::input::table::{Origin, Table};
use crate::mask::Mask;
use crate::{lang, say, words};

/// What the join knows when it makes one row of several.
pub struct Joining<'a> {
    pub config: &'a Config,
    pub inputs: &'a Inputs,
    /// What the status words say.
    pub meanings: Option<&'a Meanings>,
    /// The day after which nothing has happened yet.
    pub cut: Option<i32>,
}

/// The CRM with one row a lead.
pub struct Merged {
    pub leads: Table,
    /// From lead IDs to the rows.
    pub index: Index,
    /// The last day on which one of several deals of a lead was won or lost; the lead has the first win only.
    pub latest_closing: Option<i32>,
    /// The stages that the rows of leads and of their deals show.
    pub shown: Option<Shown>,
}

/// Makes one row of those of a lead: rows of one deal become one, deals of one lead do, and then lead and deal.
///
/// # Errors
/// An ID twice in a file that is not said to span rows; a lead with two different values in one column.
pub fn one_row_per_lead(table: Table, joining: &Joining, findings: &mut Vec<Finding>) -> Result<Merged> {
    let inputs = joining.inputs;
    let (index, duplicates) = Index::new(lead_ids(&table)?);
    let nameless = Mask::from_booleans(&lead_ids(&table)?.is_null());
    if duplicates.is_empty() && nameless.count() == 0 {
        return Ok(Merged { leads: without_deal_ids(table)?, index, latest_closing: None, shown: None });
    }
    let of_one_deal = deals::rows_of_one_deal(&table, inputs, &duplicates);
    let (table, index, duplicates) = if of_one_deal.is_empty() {
        (table, index, duplicates)
    } else {
        let table = merge(table, inputs, &of_one_deal, &Repeats::of_deals(), findings)?;
        let (index, duplicates) = Index::new(lead_ids(&table)?);
        (table, index, duplicates)
    };
    let (table, index, duplicates) = match beginning::without_later_deals(&table, joining, &duplicates) {
        None => (table, index, duplicates),
        Some(keep) => {
            // an ID that is refused today is refused on any day
            split_repeats(&table, inputs, &duplicates, &Repeats::of_leads(None, None))?;
            let table = table.select(&keep)?;
            let (index, duplicates) = Index::new(lead_ids(&table)?);
            (table, index, duplicates)
        }
    };
    let shown = Shown::new(&table, joining, &duplicates);
    let deals::Combined { table, further, latest_closing } =
        deals::combine(table, joining, &duplicates, findings)?;
    let nameless = Mask::from_booleans(&lead_ids(&table)?.is_null());
    findings.extend(finding(
        "rows_without_lead_id",
        say!("CRM rows without a lead ID, left out"),
        nameless.rows(),
        &table.origin,
    ));
    let repeats = Repeats::of_leads(Some(nameless), Some(further));
    let keep = kept(table.frame.height(), &duplicates, &repeats);
    let shown = shown.map(|shown| shown.select(&keep));
    let targets = targets(&keep, &duplicates);
    let merged = merge(without_deal_ids(table)?, inputs, &duplicates, &repeats, findings)?;
    Ok(Merged { leads: merged, index: index.with_targets(targets), latest_closing, shown })
}

fn lead_ids(table: &Table) -> Result<StringChunked> {
    table.ids("lead_id").context("the CRM has a lead ID column by now")
}

/// The IDs of deals have done their work when deals have found their leads.
fn without_deal_ids(mut table: Table) -> Result<Table> {
    if table.has(DEAL_ID) {
        table.frame.drop_in_place(DEAL_ID).context("the column is there")?;
    }
    Ok(table)
}

/// What rows with one ID are.
struct Repeats {
    /// The column of the ID.
    column: &'static str,
    /// What is said of rows that a report would refuse.
    refused: &'static str,
    /// What `duplicates` may say of a file that has such rows.
    allowed: &'static [Duplicates],
    hint: &'static str,
    /// Rows that are left out.
    nameless: Option<Mask>,
    /// Rows that have been told of already.
    told: Option<Mask>,
}

impl Repeats {
    fn of_deals() -> Repeats {
        Repeats {
            column: DEAL_ID,
            refused: words!("CRM rows that repeat a deal ID of their own file, merged for the audit"),
            allowed: &[Duplicates::Merge, Duplicates::Sum],
            hint: "map the column that identifies a deal, or set in its `[[crm]]` block `duplicates = \"merge\"` where a deal spans several rows that agree, `\"sum\"` where they are its parts",
            nameless: None,
            told: None,
        }
    }

    fn of_leads(nameless: Option<Mask>, told: Option<Mask>) -> Repeats {
        Repeats {
            column: "lead_id",
            refused: words!("CRM rows that repeat a lead ID of their own file, merged for the audit"),
            allowed: &[Duplicates::Merge, Duplicates::Sum, Duplicates::Deals],
            hint: "map the column that identifies a lead, or set in its `[[crm]]` block `duplicates = \"merge\"` where a lead spans several rows that agree, `\"sum\"` where they are parts of one deal, `\"deals\"` where each is a deal of its own",
            nameless,
            told,
        }
    }

    fn is_told(&self, row: u32) -> bool {
        self.told.as_ref().is_some_and(|told| told.has(row as usize))
    }
}

/// One row of those that are duplicates of each other.
fn merge(
    table: Table,
    inputs: &Inputs,
    duplicates: &[Duplicate],
    repeats: &Repeats,
    findings: &mut Vec<Finding>,
) -> Result<Table> {
    let (summed, refused) = split_repeats(&table, inputs, duplicates, repeats)?;
    let mut known = Mask::none(table.frame.height());
    for (later, _) in summed.iter().chain(&refused) {
        known.insert(*later as usize);
    }
    let table = parts::sum(table, &summed, findings)?;
    findings.extend(finding(
        "refused_ids",
        lang::text(repeats.refused),
        refused.iter().map(|pair| pair.0 as usize),
        &table.origin,
    ));
    let is_known = |row: u32| known.has(row as usize) || repeats.is_told(row);
    let repeated = duplicates
        .iter()
        .filter(|pair| !is_known(pair.0) && is_same_export(inputs, &table.origin, **pair))
        .map(|pair| pair.0 as usize);
    findings.extend(finding(
        "duplicate_leads",
        say!("CRM rows that repeat a lead of the same export, merged"),
        repeated,
        &table.origin,
    ));
    let keep = kept(table.frame.height(), duplicates, repeats);
    merge_columns(&table, inputs, duplicates, &keep, findings)
}

/// Of the rows that repeat an ID of their own file those that are parts to be added, and those that only an audit lets pass.
///
/// # Errors
/// Rows of the second kind, if this is no audit.
fn split_repeats(
    table: &Table,
    inputs: &Inputs,
    duplicates: &[Duplicate],
    repeats: &Repeats,
) -> Result<(Vec<Duplicate>, Vec<Duplicate>)> {
    let pairs = in_one_file(&table.origin, duplicates);
    let rule = |row: u32| inputs.duplicates.get(table.origin.place(row as usize).0);
    let is_allowed = |pair: &Duplicate| rule(pair.0).is_some_and(|rule| repeats.allowed.contains(rule));
    let (mut summed, refused): (Vec<Duplicate>, Vec<Duplicate>) = pairs.into_iter().partition(is_allowed);
    summed.retain(|(later, _)| rule(*later) == Some(&Duplicates::Sum) && !repeats.is_told(*later));
    // an audit goes on where the configuration leaves it open, not where it says that such rows are an error
    let is_error = |pair: &&Duplicate| inputs.purpose == Purpose::Report || rule(pair.0).is_none();
    refuse_repeated_ids(table, &refused.iter().filter(is_error).collect::<Vec<_>>(), repeats)?;
    Ok((summed, refused))
}

/// The rows that are left: the first of each ID.
fn kept(height: usize, duplicates: &[Duplicate], repeats: &Repeats) -> Mask {
    let mut keep = repeats.nameless.as_ref().map_or_else(|| Mask::all(height), Mask::not);
    for (later, _) in duplicates {
        keep.remove(*later as usize);
    }
    keep
}

/// The pairs of rows that stand in one file, each later row with the first of them, in the order of the rows.
fn in_one_file(origin: &Origin, duplicates: &[Duplicate]) -> Vec<Duplicate> {
    if origin.files.len() < 2 {
        return duplicates.to_vec();
    }
    let file = |row: u32| origin.file_of_row[row as usize];
    let mut first_of: HashMap<(u32, u16), u32> = HashMap::new();
    let has_several = several(origin.file_of_row.len(), duplicates, |_| true);
    let mut pairs = Vec::new();
    for &(later, first) in duplicates {
        let known = if file(later) == file(first) {
            first
        } else if has_several(first) {
            *first_of.entry((first, file(later))).or_insert(later)
        } else {
            later
        };
        if known != later {
            pairs.push((later, known));
        }
    }
    pairs
}

fn refuse_repeated_ids(table: &Table, refused: &[&Duplicate], repeats: &Repeats) -> Result<()> {
    let Some((later, first)) = refused.first() else {
        return Ok(());
    };
    let count = refused.len();
    let ids = table.ids(repeats.column).context("the column that was compared")?;
    Err(data_error(
        format!(
            "{}: column `{}`: `{}` is in line {} already",
            table.origin.describe(*later as usize),
            repeats.column,
            ids.get(*later as usize).unwrap_or_default(),
            table.origin.place(*first as usize).1
        ),
        format!("the column repeats {count} {}: {}", if count == 1 { "ID" } else { "IDs" }, repeats.hint),
    ))
}

/// Whether both rows come from the same export, cut into files that overlap.
fn is_same_export(inputs: &Inputs, origin: &Origin, (later, first): Duplicate) -> bool {
    let export = |row: u32| inputs.export_of_file.get(origin.place(row as usize).0);
    export(later) == export(first)
}

/// For each row before the merge, its row after it.
fn targets(keep: &Mask, duplicates: &[Duplicate]) -> Vec<u32> {
    let mut targets = vec![NO_LEAD; keep.height()];
    for (target, row) in keep.rows().enumerate() {
        targets[row] = u32::try_from(target).unwrap_or(NO_LEAD);
    }
    for (later, first) in duplicates {
        targets[*later as usize] = targets[*first as usize];
    }
    targets
}

fn merge_columns(
    table: &Table,
    inputs: &Inputs,
    duplicates: &[Duplicate],
    keep: &Mask,
    findings: &mut Vec<Finding>,
) -> Result<Table> {
    let mut columns = Vec::new();
    let mut differing: BTreeMap<&str, Differing> = BTreeMap::new();
    for column in table.frame.get_columns() {
        let name = column.name().as_str();
        let cells = Cells::new(table, name)?;
        let mut source_of: HashMap<u32, u32> = HashMap::new();
        let own = differing.entry(shown(name)).or_default();
        for &(later, first) in duplicates.iter().filter(|pair| !cells.is_empty(pair.0)) {
            let source = source_of.get(&first).copied().unwrap_or(first);
            if cells.is_empty(source) {
                source_of.insert(first, later);
            } else if cells.compare(source, later).is_ne() {
                if let Some(kept) = of_lead_and_deal(table, inputs, name, source, later) {
                    source_of.insert(first, kept);
                    own.in_deal.push(later as usize);
                } else if inputs.automatic_dimensions.contains(name) {
                    own.ignored.push(later as usize);
                } else if inputs.purpose == Purpose::Audit {
                    own.refused.push(later as usize);
                } else {
                    return Err(two_values(table, name, &cells, source, later));
                }
            }
        }
        let rows: IdxCa = keep
            .rows()
            .filter_map(|row| u32::try_from(row).ok())
            .map(|row| source_of.get(&row).copied().unwrap_or(row))
            .collect_ca("rows".into());
        columns.push(column.take(&rows).context("rows of the table")?);
    }
    for column in table.frame.get_column_names_str() {
        if let Some(own) = differing.remove(shown(column)) {
            own.tell(shown(column), &table.origin, findings);
        }
    }
    Ok(Table {
        frame: DataFrame::new(columns).context("columns of one table")?,
        dictionaries: table.dictionaries.clone(),
        origin: table.origin.select(keep.rows()),
    })
}

/// The name under which a column is told.
fn shown(name: &str) -> &str {
    if name == STATUS { "stage" } else { name }
}

/// Of a row of a lead and one of its deal, the one whose value counts; none where it is not such a pair.
fn of_lead_and_deal(table: &Table, inputs: &Inputs, name: &str, one: u32, other: u32) -> Option<u32> {
    let is_deal = |row: u32| inputs.deal_files.contains(table.origin.place(row as usize).0);
    let (lead, deal) = match (is_deal(one), is_deal(other)) {
        (false, true) => (one, other),
        (true, false) => (other, one),
        _ => return None,
    };
    Some(if OF_THE_DEAL.contains(&name) { deal } else { lead })
}

fn two_values(table: &Table, name: &str, cells: &Cells, first: u32, later: u32) -> anyhow::Error {
    let id =
        table.ids("lead_id").and_then(|ids| ids.get(later as usize).map(String::from)).unwrap_or_default();
    data_error(
        format!(
            "{}: column `{}`: lead `{id}` has `{}`, but `{}` in {}",
            table.origin.describe(later as usize),
            shown(name),
            cells.show(later),
            cells.show(first),
            table.origin.describe(first as usize)
        ),
        "correct one of the rows, or leave the column out of one of the `[[crm]]` blocks",
    )
}
