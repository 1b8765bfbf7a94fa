//! Several CRM rows of one lead become one row: each adds the columns that it has, and they must agree.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::{Context, Result};
use polars::prelude::*;

use super::index::{Duplicate, Index, NO_LEAD};
use super::parts;
use crate::check::{Finding, finding, finding_of_values};
use crate::config::{Duplicates, Purpose};
use crate::error::{data_error, suggestion};
use crate::input::table::{Dictionary, Origin, Table, code_slice};
use crate::input::{Inputs, LOOKUP_KEY, LookupTable};
use crate::mask::Mask;

/// The CRM with one row a lead, and the index from lead IDs to its rows.
///
/// # Errors
/// A lead ID twice in a file that is not said to span rows; a lead with two different values in one column.
pub fn one_row_per_lead(
    table: Table,
    inputs: &Inputs,
    findings: &mut Vec<Finding>,
) -> Result<(Table, Index)> {
    let ids = table.ids("lead_id").context("the CRM has a lead ID column by now")?;
    let nameless = Mask::from_booleans(&ids.is_null());
    let (index, duplicates) = Index::new(ids);
    if duplicates.is_empty() && nameless.count() == 0 {
        return Ok((table, index));
    }
    refuse_repeated_ids(&table, inputs, &duplicates)?;
    let table = parts::sum(table, inputs, &duplicates, findings)?;
    findings.extend(finding(
        "rows_without_lead_id",
        "CRM rows without a lead ID, left out",
        nameless.rows(),
        &table.origin,
    ));
    let later = |is_meant: &dyn Fn(Duplicate) -> bool| -> Vec<usize> {
        duplicates.iter().filter(|pair| is_meant(**pair)).map(|pair| pair.0 as usize).collect()
    };
    findings.extend(finding(
        "refused_ids",
        "CRM rows that repeat a lead ID of their own file, merged for the audit",
        later(&|pair| is_refused(inputs, &table.origin, pair)),
        &table.origin,
    ));
    let repeated = later(&|pair| {
        is_same_export(inputs, &table.origin, pair)
            && !parts::is_part(&table, inputs, pair)
            && !is_refused(inputs, &table.origin, pair)
    });
    findings.extend(finding(
        "duplicate_leads",
        "CRM rows that repeat a lead of the same export, merged",
        repeated,
        &table.origin,
    ));
    let mut keep = nameless.not();
    for (later, _) in &duplicates {
        keep.remove(*later as usize);
    }
    let merged = merge_columns(&table, inputs, &duplicates, &keep, findings)?;
    let targets = targets(&keep, &duplicates);
    Ok((merged, index.with_targets(targets)))
}

fn refuse_repeated_ids(table: &Table, inputs: &Inputs, duplicates: &[Duplicate]) -> Result<()> {
    let in_one_file = |pair: &&Duplicate| {
        let (file, _) = table.origin.place(pair.0 as usize);
        file == table.origin.place(pair.1 as usize).0 && !inputs.duplicates.contains_key(file)
    };
    let count = duplicates.iter().filter(in_one_file).count();
    let Some((later, first)) = duplicates.iter().find(in_one_file) else {
        return Ok(());
    };
    let ids = table.ids("lead_id").context("the CRM has a lead ID column by now")?;
    Err(data_error(
        format!(
            "{}: column `lead_id`: `{}` is in line {} already",
            table.origin.describe(*later as usize),
            ids.get(*later as usize).unwrap_or_default(),
            table.origin.place(*first as usize).1
        ),
        format!(
            "the column repeats {count} {}: map the column that identifies a lead, or set in its `[[crm]]` block `duplicates = \"merge\"` where a lead spans several rows that agree, `\"sum\"` where they are parts of one deal",
            if count == 1 { "ID" } else { "IDs" }
        ),
    ))
}

/// Whether a report refuses the rows, which only an audit merges.
fn is_refused(inputs: &Inputs, origin: &Origin, (later, first): Duplicate) -> bool {
    let file = |row: u32| origin.place(row as usize).0;
    file(later) == file(first) && inputs.duplicates.get(file(later)) == Some(&Duplicates::First)
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
    for column in table.frame.get_columns() {
        let name = column.name().as_str();
        let cells = Cells::new(table, name)?;
        let mut source_of: HashMap<u32, u32> = HashMap::new();
        let mut differing = Differing::default();
        for &(later, first) in duplicates.iter().filter(|pair| !cells.is_empty(pair.0)) {
            let source = source_of.get(&first).copied().unwrap_or(first);
            if cells.is_empty(source) {
                source_of.insert(first, later);
            } else if !cells.are_equal(source, later) {
                if let Some(kept) = of_lead_and_deal(table, inputs, name, source, later) {
                    source_of.insert(first, kept);
                    differing.in_deal.push(later as usize);
                } else if inputs.automatic_dimensions.contains(name) {
                    differing.ignored.push(later as usize);
                } else if inputs.purpose == Purpose::Audit {
                    differing.refused.push(later as usize);
                } else {
                    return Err(two_values(table, name, &cells, source, later));
                }
            }
        }
        differing.tell(name, &table.origin, findings);
        let rows: IdxCa = keep
            .rows()
            .filter_map(|row| u32::try_from(row).ok())
            .map(|row| source_of.get(&row).copied().unwrap_or(row))
            .collect_ca("rows".into());
        columns.push(column.take(&rows).context("rows of the table")?);
    }
    Ok(Table {
        frame: DataFrame::new(columns).context("columns of one table")?,
        dictionaries: table.dictionaries.clone(),
        origin: table.origin.select(keep.rows()),
    })
}

/// Rows of a lead whose value of a column is not the one that counts.
#[derive(Default)]
struct Differing {
    /// In a dimension that nobody named.
    ignored: Vec<usize>,
    /// A report refuses them.
    refused: Vec<usize>,
    /// One is of the lead, the other of its deal.
    in_deal: Vec<usize>,
}

impl Differing {
    fn tell(self, name: &str, origin: &Origin, findings: &mut Vec<Finding>) {
        let mut tell = |key: &'static str, what: String, rows: Vec<usize>| {
            findings.extend(finding(key, what, rows, origin).map(|found| found.about(name)));
        };
        let second = format!("rows with a second value of `{name}` for a lead, the first kept");
        tell("refused_values", format!("{second} for the audit"), self.refused);
        tell("second_values", second, self.ignored);
        let kept = if OF_THE_DEAL.contains(&name) { "deal" } else { "lead" };
        // that a deal has come further than its lead is no news
        if name != "stage" {
            let what = format!("leads with another `{name}` than their deal, that of the {kept} kept");
            tell("leads_unlike_their_deal", what, self.in_deal);
        }
    }
}

/// What a deal says better than the lead that it came from.
const OF_THE_DEAL: [&str; 9] =
    ["stage", "stage_at", "closed_at", "owner", "amount", "margin", "product", "lost_reason", "currency"];

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
            "{}: column `{name}`: lead `{id}` has `{}`, but `{}` in {}",
            table.origin.describe(later as usize),
            cells.show(later),
            cells.show(first),
            table.origin.describe(first as usize)
        ),
        "correct one of the rows, or leave the column out of one of the `[[crm]]` blocks",
    )
}

/// A column read cell by cell, whatever its type.
enum Cells {
    Ids(StringChunked),
    Days(crate::input::table::Days),
    Numbers(Int64Chunked),
    Codes(UInt32Chunked, Arc<Dictionary>),
}

impl Cells {
    fn new(table: &Table, name: &str) -> Result<Cells> {
        let dictionary = table.dictionaries.get(name).cloned();
        table
            .ids(name)
            .map(Cells::Ids)
            .or_else(|| table.numbers(name).map(Cells::Numbers))
            .or_else(|| table.codes(name).zip(dictionary).map(|(codes, words)| Cells::Codes(codes, words)))
            .or_else(|| table.dates(name).map(Cells::Days))
            .with_context(|| format!("column `{name}` is of no type that is read"))
    }

    fn is_empty(&self, row: u32) -> bool {
        let row = row as usize;
        match self {
            Cells::Ids(ids) => ids.get(row).is_none(),
            Cells::Days(days) => days.get(row).is_none(),
            Cells::Numbers(numbers) => numbers.get(row).is_none(),
            Cells::Codes(codes, _) => codes.get(row).is_none_or(|code| code == 0),
        }
    }

    fn are_equal(&self, left: u32, right: u32) -> bool {
        let (left, right) = (left as usize, right as usize);
        match self {
            Cells::Ids(ids) => ids.get(left) == ids.get(right),
            Cells::Days(days) => days.get(left) == days.get(right),
            Cells::Numbers(numbers) => numbers.get(left) == numbers.get(right),
            Cells::Codes(codes, _) => codes.get(left) == codes.get(right),
        }
    }

    fn show(&self, row: u32) -> String {
        let row = row as usize;
        match self {
            Cells::Ids(ids) => ids.get(row).unwrap_or_default().to_string(),
            Cells::Days(days) => days.get(row).map(crate::period::format_day).unwrap_or_default(),
            Cells::Numbers(numbers) => {
                numbers.get(row).map(crate::kpi::exact::format_millionths).unwrap_or_default()
            }
            Cells::Codes(codes, words) => {
                codes.get(row).map(|code| words[code as usize].clone()).unwrap_or_default()
            }
        }
    }
}

/// Adds the columns of a lookup file to the leads.
///
/// # Errors
/// A dimension that the leads lack, a column they have already, a key with two different values.
pub fn add_lookup(leads: &mut Table, lookup: &LookupTable, findings: &mut Vec<Finding>) -> Result<()> {
    let codes = leads.codes(&lookup.dimension);
    let (Some(codes), Some(words)) = (codes, leads.dictionaries.get(&lookup.dimension).cloned()) else {
        let known: Vec<&str> = leads.dictionaries.keys().map(String::as_str).collect();
        return Err(data_error(
            format!("`[[lookup]]`: the leads have no dimension `{}`", lookup.dimension),
            suggestion(&lookup.dimension, &known),
        ));
    };
    let rows = rows_by_key(lookup)?;
    let file = lookup.table.origin.place(0).0.to_string();
    let row_of_word: Vec<Option<usize>> = words.iter().map(|word| rows.get(word).copied()).collect();
    let is_unknown = |code: &u32| *code > 0 && row_of_word[*code as usize].is_none();
    let unknown: Vec<String> = words
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(code, _)| row_of_word[*code].is_none())
        .map(|(_, word)| word.clone())
        .collect();
    let count = code_slice(&codes).iter().filter(|code| is_unknown(code)).count() as u64;
    findings.extend(
        finding_of_values(
            "leads_without_lookup",
            format!("leads whose `{}` is not in {file}", lookup.dimension),
            count,
            &unknown,
        )
        .map(|found| found.about(&lookup.dimension)),
    );
    let unused: Vec<String> = rows.keys().filter(|key| words.binary_search(key).is_err()).cloned().collect();
    findings.extend(
        finding_of_values(
            "lookup_values_unused",
            format!("values of `{}` in {file} that no lead has", lookup.dimension),
            unused.len() as u64,
            &unused,
        )
        .map(|found| found.about(&lookup.dimension)),
    );
    for (name, dictionary) in lookup.table.dictionaries.iter().filter(|(name, _)| *name != LOOKUP_KEY) {
        if leads.has(name) {
            return Err(data_error(
                format!("`[[lookup]]`: the leads have a column `{name}` already"),
                "give the column of the lookup another name",
            ));
        }
        let added = lookup.table.codes(name).context("a column of the lookup")?;
        let code_of_word: Vec<u32> =
            row_of_word.iter().map(|row| row.and_then(|row| added.get(row)).unwrap_or(0)).collect();
        let values: Vec<u32> = code_slice(&codes).iter().map(|code| code_of_word[*code as usize]).collect();
        let column = UInt32Chunked::from_vec(name.as_str().into(), values).into_series();
        leads.frame.with_column(column).context("columns of one height")?;
        leads.dictionaries.insert(name.clone(), dictionary.clone());
    }
    Ok(())
}

/// The row of each key of a lookup; rows that repeat a key must say the same.
fn rows_by_key(lookup: &LookupTable) -> Result<BTreeMap<String, usize>> {
    let table = &lookup.table;
    let keys = table.codes(LOOKUP_KEY).context("a lookup has a key column")?;
    let words = table.dictionaries.get(LOOKUP_KEY).context("a lookup has a key column")?;
    let columns: Vec<UInt32Chunked> = table
        .dictionaries
        .keys()
        .filter(|name| *name != LOOKUP_KEY)
        .filter_map(|name| table.codes(name))
        .collect();
    let mut rows: BTreeMap<String, usize> = BTreeMap::new();
    for (row, code) in code_slice(&keys).iter().enumerate().filter(|(_, code)| **code > 0) {
        let key = words[*code as usize].clone();
        if let Some(&first) = rows.get(&key) {
            if columns.iter().any(|column| column.get(first) != column.get(row)) {
                return Err(data_error(
                    format!(
                        "{}: the key `{key}` has another answer in line {}",
                        table.origin.describe(row),
                        table.origin.place(first).1
                    ),
                    "a lookup needs one answer a key: take one of the rows out",
                ));
            }
        } else {
            rows.insert(key, row);
        }
    }
    Ok(rows)
}
