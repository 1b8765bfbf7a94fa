//! Several periods side by side: the same tables once a period, turned so that each period is a column.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;

use super::answer::Asked;
use super::causes;
use super::cohorts;
use super::compare::{
    Compare, RowsByPlace, add_missing_rows, comparison, is_same_block, is_share, values_beside,
};
use super::scope::{Scope, describe_scope};
use super::top::{Folding, Foldings, place_in_order};
use super::{Block, Column, Row, Show, Table, Value, tables};
use crate::calendar::Every;
use crate::config::Basis;
use crate::kpi::catalogue::Unit;
use crate::kpi::exact::Exact;
use crate::kpi::view::{TOTAL, is_bucket};
use crate::lang;
use crate::period::{Period, format_day};
use crate::say;

/// So many periods stand side by side, a year of months; further ones go on below.
const MOST_COLUMNS: usize = 12;
/// The KPI of the user's own whose growth is always shown.
const NORTH_STAR: &str = "north_star";

/// A period with its tables.
pub struct Part<'a> {
    pub period: &'a Period,
    pub scope: Scope<'a>,
    pub tables: Vec<Table>,
    /// The part that this one is compared with.
    pub before: Option<usize>,
    /// Whether it is a column, not only what columns are compared with.
    pub is_shown: bool,
}

/// The tables of all parts, each with the periods as its columns. `whole` is the question about all of them, `foldings`
/// what they all fold.
///
/// # Errors
/// A predicate that does not fit the columns.
pub fn side_by_side(parts: &[Part], whole: &Scope, asked: &Asked, foldings: &Foldings) -> Result<Vec<Table>> {
    let definitions = tables::tables()?;
    let mut turned = Vec::new();
    for name in names(parts) {
        let of_parts: Vec<Option<&Table>> =
            parts.iter().map(|part| part.tables.iter().find(|table| table.name == name)).collect();
        let Some(first) = of_parts.iter().flatten().next() else { continue };
        let mut blocks = Vec::new();
        for block in blocks_of(parts, &of_parts) {
            blocks.extend(turn(parts, &of_parts, block, (asked.compare, &foldings.of(&name)))?);
        }
        let definition = definitions.iter().find(|table| table.name == name);
        let scope = definition.map_or_else(
            || first.scope.clone(),
            |table| describe_scope(whole, whole.basis.unwrap_or(table.basis)),
        );
        let mut table = Table {
            scope: with_every(&scope, asked.every),
            period: whole.period.map_or_else(|| "all".to_string(), |period| period.label.clone()),
            notes: notes(parts, &of_parts, &blocks),
            blocks,
            name: first.name.clone(),
            title: first.title.clone(),
            verdict: Vec::new(),
        };
        // a period has few customers, and a verdict each would be read for that of all
        causes::judge(whole, &mut table, |note| say!("all periods together, {verdict}", verdict = note))?;
        turned.push(table);
    }
    Ok(turned)
}

/// What the numbers of a table count, and how long each of its periods is.
fn with_every(scope: &str, every: Option<Every>) -> String {
    match every {
        Some(Every::Week) => say!("{scope}, every week", scope = scope),
        Some(Every::Month) => say!("{scope}, every month", scope = scope),
        Some(Every::Quarter) => say!("{scope}, every quarter", scope = scope),
        Some(Every::Year) => say!("{scope}, every year", scope = scope),
        None => say!("{scope}, every period", scope = scope),
    }
}

/// The names of the tables that some shown part has, in the order of the report.
fn names(parts: &[Part]) -> Vec<String> {
    let mut names = Vec::new();
    for part in parts.iter().filter(|part| part.is_shown) {
        merge(&mut names, part.tables.iter().map(|table| table.name.clone()), |one, other| one == other);
    }
    names
}

/// The blocks that a table has in some shown part, in their order, each with the rows of all parts.
fn blocks_of<'a>(parts: &[Part], tables: &[Option<&'a Table>]) -> Vec<&'a Block> {
    let mut blocks: Vec<&Block> = Vec::new();
    for (_, table) in parts.iter().zip(tables).filter(|(part, _)| part.is_shown) {
        let own = table.iter().flat_map(|table| &table.blocks);
        merge(&mut blocks, own, |one, other| is_same_block(one, other));
    }
    blocks
}

/// Adds what is not there yet behind what stands before it.
fn merge<T>(all: &mut Vec<T>, more: impl Iterator<Item = T>, is_same: impl Fn(&T, &T) -> bool) {
    let mut place = 0;
    for item in more {
        if let Some(found) = all.iter().position(|known| is_same(known, &item)) {
            place = found + 1;
        } else {
            all.insert(place, item);
            place += 1;
        }
    }
}

/// A row in every part: its values there, a list a part.
struct Across {
    row: Row,
    values: Vec<Vec<Value>>,
}

/// A block with the periods as its columns, in pieces that are not too wide.
fn turn(
    parts: &[Part],
    tables: &[Option<&Table>],
    block: &Block,
    (compare, folding): (Option<Compare>, &Folding),
) -> Result<Vec<Block>> {
    let has_ages = cohorts::has_ages(block);
    let rows = across(parts, tables, block, folding)?;
    let shown: Vec<usize> = (0..parts.len()).filter(|place| parts[*place].is_shown).collect();
    let has_labels = block.labels.iter().any(|label| !label.is_empty());
    let mut turned = Vec::new();
    for row in &rows {
        let mut labels = if has_labels { row.row.labels.clone() } else { Vec::new() };
        for (place, column) in block.columns.iter().enumerate() {
            for (heading, show, mut values) in lines(parts, &shown, row, place, column, compare) {
                if has_ages && !cohorts::keep_reached(&mut values) {
                    continue;
                }
                turned.push(Row {
                    labels: labels.iter().cloned().chain([heading]).collect(),
                    key: row.row.key.iter().chain(&column.key).cloned().collect(),
                    values,
                    show: Some(show),
                });
                // a label stands once, on the first line that is printed
                if show != Show::Data {
                    labels.iter_mut().for_each(String::clear);
                }
            }
        }
    }
    let mut labels = if has_labels { block.labels.clone() } else { Vec::new() };
    labels.push(if has_ages { lang::text(cohorts::AGE_HEADING) } else { say!("KPI") });
    let columns: Vec<Column> = shown.iter().map(|place| heading(&parts[*place])).collect();
    Ok(in_pieces(block, &labels, &columns, &turned))
}

/// The rows of a block in every part, those of the dimensions by size over all periods.
fn across(
    parts: &[Part],
    tables: &[Option<&Table>],
    block: &Block,
    folding: &Folding,
) -> Result<Vec<Across>> {
    let blocks: Vec<Option<&Block>> = tables
        .iter()
        .map(|table| table.and_then(|table| table.blocks.iter().find(|other| is_same_block(block, other))))
        .collect();
    let mut all = block.clone();
    for other in blocks.iter().flatten() {
        // the values are looked up below: here only the places matter
        if let Some(first) = parts.first() {
            add_missing_rows(&mut all, other, &first.scope, None)?;
        }
    }
    let known: Vec<Option<RowsByPlace>> = blocks.iter().map(|block| block.map(RowsByPlace::new)).collect();
    let mut rows = Vec::new();
    for row in &all.rows {
        let values = parts.iter().zip(&known).map(|(part, known)| {
            let mut values = values_beside(&all, row, known.as_ref(), (&part.scope, folding))?;
            let period: Arc<str> = part.period.label.as_str().into();
            for value in &mut values {
                value.period = Some(period.clone());
            }
            Ok(values)
        });
        rows.push(Across { row: row.clone(), values: values.collect::<Result<_>>()? });
    }
    if !block.dimensions.is_empty() {
        rows.sort_by_cached_key(|row| {
            let firsts = row.values.iter().zip(parts).filter(|(_, part)| part.is_shown);
            let firsts = firsts.filter_map(|(values, _)| values.first()?.value.map(Exact::to_millionths));
            let key = &row.row.key;
            (
                key.iter().all(|part| part == TOTAL),
                parts.first().map(|part| place_in_order(&part.scope, &block.dimensions, key)),
                key.iter().any(|part| is_bucket(part)),
                std::cmp::Reverse(firsts.sum::<i128>()),
                key.clone(),
            )
        });
    }
    Ok(rows)
}

/// A column as lines, each with its label, what it shows, and a value a shown part: the values themselves, and below them
/// what they are compared with.
fn lines(
    parts: &[Part],
    shown: &[usize],
    row: &Across,
    place: usize,
    column: &Column,
    compare: Option<Compare>,
) -> Vec<(String, Show, Vec<Value>)> {
    let value = |part: usize| &row.values[part][place];
    let with_comparison = |part: usize| {
        let before = parts[part].before.map(|before| value(before).clone());
        let compared = before.map(|before| Box::new(comparison(value(part), before)));
        Value { comparison: compared, ..value(part).clone() }
    };
    let values: Vec<Value> = shown.iter().map(|part| with_comparison(*part)).collect();
    let mut lines = Vec::new();
    let is_compared = column.show == Show::Value && values.iter().any(|value| value.comparison.is_some());
    if let Some(compare) = compare.filter(|_| is_compared) {
        // the period before is the column before, so only the year before has to be shown once more
        if compare == Compare::Year {
            lines.push((say!("  a year before"), Show::Previous, values.clone()));
        }
        let heading = if is_share(column.unit) { say!("  change, points") } else { say!("  change, %") };
        lines.push((heading, Show::Change, values.clone()));
    }
    if values.first().is_some_and(|value| value.kpi == NORTH_STAR) && column.show == Show::Value {
        let heading = if is_share(column.unit) { say!("  growth, points") } else { say!("  growth, %") };
        lines.push((heading, Show::Value, growth(&values)));
    }
    lines.insert(0, (column.heading.clone(), column.show, values));
    lines
}

/// The growth of each value against the one before it: a part of that, for shares points. The first has none.
fn growth(values: &[Value]) -> Vec<Value> {
    let before = std::iter::once(None).chain(values.iter().map(Some));
    let growth = values.iter().zip(before).map(|(value, before)| {
        let compared = before.map(|before| comparison(value, before.clone()));
        let change = compared.as_ref().and_then(|compared| compared.change);
        let base = before.and_then(|before| before.value).filter(|base| base.is_positive());
        let part = change.zip(base).and_then(|(change, base)| change.over(base));
        let is_share = is_share(value.unit);
        Value {
            kpi: format!("{}_growth", value.kpi),
            unit: Unit::Part,
            value: if is_share { change } else { part },
            numerator: change.filter(|_| !is_share),
            denominator: base.filter(|_| !is_share && change.is_some()),
            ..value.emptied()
        }
    });
    growth.collect()
}

/// The heading of a period; one that is not over says so.
fn heading(part: &Part) -> Column {
    let period = lang::day_or_period(&part.period.label);
    Column {
        heading: if is_over(part) { period } else { say!("{period} (part)", period = period) },
        show: Show::Value,
        unit: Unit::Number,
        key: Vec::new(),
    }
}

/// Whether the data reach to the end of the period.
fn is_over(part: &Part) -> bool {
    part.scope.data.as_of.is_none_or(|as_of| part.period.to <= as_of + 1)
}

/// A block in pieces of columns that a reader can take in.
fn in_pieces(block: &Block, labels: &[String], columns: &[Column], rows: &[Row]) -> Vec<Block> {
    let pieces = columns.chunks(MOST_COLUMNS).enumerate().map(|(piece, columns)| {
        let start = piece * MOST_COLUMNS;
        let title = match columns {
            [first, .., last] if rows.iter().any(|row| row.values.len() > MOST_COLUMNS) => {
                let (from, to) = (&first.heading, &last.heading);
                say!("{title}, {from} to {to}", title = block.title, from = from, to = to)
            }
            [only] if start > 0 => format!("{}, {}", block.title, only.heading),
            _ => block.title.clone(),
        };
        Block {
            title,
            labels: labels.to_vec(),
            dimensions: block.dimensions.clone(),
            columns: columns.to_vec(),
            rows: rows
                .iter()
                .map(|row| Row {
                    labels: row.labels.clone(),
                    key: row.key.clone(),
                    values: row.values[start..start + columns.len()].to_vec(),
                    show: row.show,
                })
                // the young cohorts of the last piece have no rows of the ages of the first
                .filter(|row| !cohorts::has_ages(block) || row.values.iter().any(|value| !value.is_absent()))
                .collect(),
        }
    });
    pieces.collect()
}

/// The notes of all parts, each once, and which period is not over.
fn notes(parts: &[Part], tables: &[Option<&Table>], blocks: &[Block]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    // that there is nothing to show in one period is no note where another has something
    let told = tables.iter().flatten().filter(|table| blocks.is_empty() || !table.blocks.is_empty());
    let of_parts = told.flat_map(|table| table.notes.clone());
    let mut notes: Vec<String> = of_parts.filter(|note| seen.insert(note.clone())).collect();
    let values = blocks.iter().flat_map(|block| &block.rows).flat_map(|row| &row.values);
    if values.clone().any(|value| value.basis == Basis::Cohort) {
        notes.push(say!("cohort basis: the leads of later periods have had less time to move on"));
    }
    notes.extend(super::compare::significance_note(values));
    for part in parts.iter().filter(|part| part.is_shown && !is_over(part)) {
        let as_of = part.scope.data.as_of.map(format_day).unwrap_or_default();
        notes.push(say!(
            "{period} is not over: it holds what there is up to {as_of}",
            period = part.period.label,
            as_of = as_of
        ));
    }
    notes
}
