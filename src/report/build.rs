//! Fills the tables: which rows and columns each has, and the value of every KPI in every place.

use std::collections::BTreeSet;

use anyhow::Result;

use super::built::{Built, around, notes};
use super::causes;
use super::lack::{describe_need, emptiness, has_input, is_dimension, lack_of_blocks, says_nothing};
use super::layout::{
    Planned, Step, columns, fill_step_title, label_headings, labels, split_title, steps, total_labels,
    without_repeats,
};
use super::plan::PLAN;
use super::scope::{Scope, basis_of, describe_scope};
use super::tables::{self, By, Rows, Verdict, When};
use super::top::{Folding, Foldings, arrange};
use super::{Block, Column, Report, Row, Show, Table, Value, cohorts, order, path};
use crate::config::Basis;
use crate::error::{suggestion, usage_error};
use crate::kpi::derived::profile;
use crate::kpi::group::Key;
use crate::kpi::view::TOTAL;
use crate::leads::Data;
use crate::say;

/// A dimension with more values than this is printed only when asked for.
const MOST_VALUES: usize = 30;
/// The table that shows the KPIs of the user's own, and its need.
pub const OWN_KPIS: &str = "own";
/// Columns of the leads that are outcomes, not segments.
const NO_SEGMENTS: [&str; 3] = ["lost_reason", "stage", "currency"];

/// The report of the named tables, or of all that the inputs allow; and why tables were left out, a line each.
///
/// # Errors
/// An unknown table, or a named one that lacks its inputs.
pub fn report(scope: &Scope, names: &[String]) -> Result<(Report, Vec<String>)> {
    let mut built = tables(scope, names, &Foldings::new(scope.top))?;
    built.check(names)?;
    for table in &mut built.tables {
        causes::judge(scope, table, |note| note)?;
    }
    let mut left_out = built.left_out();
    left_out.extend(notes(scope, &built.tables)?);
    Ok((around(scope, built.tables), left_out))
}

/// Fills the named tables, or all that the inputs allow; what is not decided yet about what stays in them is decided here.
///
/// # Errors
/// An unknown table.
pub fn tables(scope: &Scope, names: &[String], foldings: &Foldings) -> Result<Built> {
    let all = tables::tables()?;
    let known: Vec<&str> = all.iter().map(|table| table.name.as_str()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(usage_error(format!("unknown table `{unknown}`"), suggestion(unknown, &known)));
    }
    let mut built = Built { tables: Vec::new(), lacking: Vec::new() };
    for table in
        all.iter().filter(|table| table.name != PLAN && (names.is_empty() || names.contains(&table.name)))
    {
        let lack = table.needs.iter().find(|need| !has_input(scope, need));
        let filled = if lack.is_none() { fill_table(scope, table, &foldings.of(&table.name))? } else { None };
        match (filled, lack) {
            (Some(filled), _) => built.tables.push(filled),
            (None, lack) => {
                let reason = match lack {
                    Some(need) => describe_need(need),
                    None => lack_of_blocks(scope, table)?,
                };
                built.lacking.push((table.name.clone(), reason));
            }
        }
    }
    Ok(built)
}

fn fill_table(scope: &Scope, table: &tables::Table, folding: &Folding) -> Result<Option<Table>> {
    let basis = scope.basis.unwrap_or(table.basis);
    // in cohort basis a period selects leads; what became of them has no start and no end
    let has_period = scope.period.is_some() && basis == Basis::Event;
    let mut notes = order::notes(scope, table);
    let fixed: Vec<&String> = table
        .blocks
        .iter()
        .flat_map(|block| if let By::Fixed(names) = &block.by { names.as_slice() } else { &[] })
        .collect();
    let mut grids: Vec<(usize, &tables::Block, Vec<String>)> = Vec::new();
    for block in
        table.blocks.iter().filter(|block| block.when.is_none_or(|when| (when == When::Period) == has_period))
    {
        let splits = splits(scope, block, &fixed, &mut notes);
        grids.extend(splits.into_iter().enumerate().map(|(place, dimensions)| (place, block, dimensions)));
    }
    // all that is known of one dimension stands together
    grids.sort_by_key(|(place, _, _)| *place);
    if table.blocks.iter().any(is_of_stages) {
        notes.extend(path::window_notes(scope));
    }
    let mut blocks = Vec::new();
    for (_, block, dimensions) in grids {
        let filled = fill_block(scope, block, basis, &dimensions, folding)?;
        let verdict = match block.verdict.filter(|_| !filled.is_empty()) {
            Some(Verdict::Causes) => causes::differences(scope, basis)?,
            None => None,
        };
        blocks.extend(filled);
        blocks.extend(verdict);
    }
    let is_of_leads_created = table.blocks.iter().all(is_of_maturity) && !table.blocks.is_empty();
    if basis == Basis::Event && table.blocks.iter().any(|block| block.rows == Rows::Path) {
        notes.push(say!(
            "Kaplan–Meier, young and mature are of the leads created in the period, in event basis too"
        ));
    }
    notes.extend(order::speed_to_lead(scope, table));
    notes.extend(order::untraceable(scope, &blocks));
    notes.extend(order::lagged(scope, &blocks));
    notes.extend(order::existing_left_out(scope, table, &blocks));
    if blocks.iter().any(cohorts::has_ages) {
        notes.extend(order::without_beginning(scope, basis)?);
    }
    if let Some(why) = emptiness(scope, basis, &blocks) {
        notes.insert(0, why);
    }
    let is_nothing = if blocks.is_empty() { says_nothing(scope, table, basis)? } else { None };
    if let Some(says) = is_nothing {
        // what explains the columns has nothing to explain
        notes = vec![says.to_string()];
    }
    Ok((!blocks.is_empty() || is_nothing.is_some()).then(|| Table {
        name: table.name.clone(),
        title: table.title.clone(),
        // curves by age follow the leads created, whatever is asked for
        scope: describe_scope(scope, if is_of_leads_created { Basis::Cohort } else { basis }),
        period: scope.period.map_or_else(|| "all".to_string(), |period| period.label.clone()),
        blocks,
        notes,
        verdict: Vec::new(),
    }))
}

/// Whether the rows of a block are stages or steps between them.
pub fn is_of_stages(block: &tables::Block) -> bool {
    matches!(block.rows, Rows::Steps | Rows::Path | Rows::Windows)
}

/// Whether the columns of a block are steps that leads take in time, which needs two stages.
pub fn is_of_maturity(block: &tables::Block) -> bool {
    matches!(block.rows, Rows::Maturity | Rows::StepMaturity)
}

/// The dimensions that a block is split by, once for each grid. `fixed` are those that blocks of the table are made for.
fn splits(
    scope: &Scope,
    block: &tables::Block,
    fixed: &[&String],
    notes: &mut Vec<String>,
) -> Vec<Vec<String>> {
    let asks_for_fixed = scope.by.iter().any(|name| fixed.contains(&name));
    let is_dimension = |name: &str| is_dimension(scope, name);
    match &block.by {
        By::Fixed(names) if names.is_empty() && is_of_stages(block) => vec![scope.by.to_vec()],
        By::Fixed(names) if scope.by.is_empty() => {
            if names.iter().all(|name| is_dimension(name)) {
                vec![names.clone()]
            } else {
                Vec::new()
            }
        }
        By::Fixed(names) => {
            let is_asked = !names.is_empty() && names.iter().all(|name| scope.by.contains(name));
            if is_asked { vec![scope.by.to_vec()] } else { Vec::new() }
        }
        By::Asked(_) if !scope.by.is_empty() => {
            // the ages of a dimension are told whichever it is
            if asks_for_fixed && block.rows != Rows::Ages { Vec::new() } else { vec![scope.by.to_vec()] }
        }
        By::Asked(text) => match text.strip_prefix("--by or ") {
            Some("total") => vec![Vec::new()],
            Some(name) => {
                if is_dimension(name) {
                    vec![vec![name.to_string()]]
                } else {
                    Vec::new()
                }
            }
            None => segment_dimensions(scope, notes).into_iter().map(|name| vec![name]).collect(),
        },
    }
}

/// The dimensions of the leads that split them into segments, in the order of the CRM's columns.
fn segment_dimensions(scope: &Scope, notes: &mut Vec<String>) -> Vec<String> {
    let data: &Data = scope.data;
    let table = &data.leads().table;
    let mut dimensions = Vec::new();
    for name in table.frame.get_column_names_str() {
        // of what was worked out, the profile alone is a segment: the rest is outcome
        let is_outcome = data.derived.contains(name) && name != profile::NAME;
        let is_segment = !NO_SEGMENTS.contains(&name) && !is_outcome;
        let Some(words) = table.dictionaries.get(name).filter(|_| is_segment) else {
            continue;
        };
        // the empty word is in every dictionary
        let is_folded = scope.top.is_some() && !data.automatic_dimensions.contains(name);
        if words.len() > MOST_VALUES + 1 && !is_folded {
            let count = words.len() - 1;
            let note = say!(
                "not split by {name} ({count} values): `--by {name}` or `--top 10` does",
                name = name,
                count = count
            );
            if !notes.contains(&note) && !data.automatic_dimensions.contains(name) {
                notes.push(note);
            }
        } else if words.len() > 1 {
            dimensions.push(name.to_string());
        }
    }
    dimensions
}

fn fill_block(
    scope: &Scope,
    block: &tables::Block,
    basis: Basis,
    dimensions: &[String],
    folding: &Folding,
) -> Result<Vec<Block>> {
    if let Some(kpi) = &block.about
        && scope.lacking(kpi)?.is_some()
    {
        return Ok(Vec::new());
    }
    let steps = if block.rows == Rows::Windows { long_windows(scope) } else { steps(&scope.stages()) };
    match (block.rows, dimensions.is_empty()) {
        (Rows::Ages, _) => {
            let planned = columns(scope, block, None)?;
            if planned.is_empty() {
                Ok(Vec::new())
            } else {
                super::ages::block(scope, block, basis, dimensions, folding)
            }
        }
        (Rows::Maturity, _) => {
            let steps = super::maturity::since_creation(&scope.stages());
            super::maturity::block(scope, block, &steps, dimensions, folding)
        }
        (Rows::StepMaturity, _) => {
            let steps = super::maturity::since_the_stage_before(&scope.stages());
            super::maturity::block(scope, block, &steps, dimensions, folding)
        }
        (Rows::Values, _) => {
            let planned = without_repeats(columns(scope, block, None)?);
            Ok(value_block(scope, block, &block.title, &planned, basis, dimensions, folding)?
                .into_iter()
                .collect())
        }
        (Rows::Steps | Rows::Windows, false) => {
            let planned = |step: &Step| columns(scope, block, Some(step));
            block_a_step(scope, block, basis, dimensions, folding, (&steps, &planned))
        }
        (Rows::Path, true) => Ok(path::block(scope, block, basis)?.into_iter().collect()),
        (Rows::Path, false) => {
            let all = path::stages(scope, basis, dimensions)?;
            let planned = |step: &Step| path::columns(scope, block, step, &all);
            block_a_step(scope, block, basis, dimensions, folding, (&super::layout::steps(&all), &planned))
        }
        (Rows::Steps | Rows::Windows, true) => {
            Ok(step_block(scope, block, basis, &steps)?.into_iter().collect())
        }
    }
}

/// The windows of the configuration that go over several stages: the steps from one to the next show their own.
fn long_windows(scope: &Scope) -> Vec<Step> {
    let known = steps(&scope.stages());
    let is_known = |step: &Step| known.iter().any(|other| (&other.from, &other.to) == (&step.from, &step.to));
    let windows = scope.data.windows.values();
    let steps = windows.map(|window| Step { from: window.from.clone(), to: window.to.clone() });
    steps.filter(|step| !is_known(step)).collect()
}

/// The columns that are planned for a step.
type PlannedFor<'a> = &'a dyn Fn(&Step) -> Result<Vec<Planned>>;

/// A grid for each step of the funnel, with the columns that are planned for it.
fn block_a_step(
    scope: &Scope,
    block: &tables::Block,
    basis: Basis,
    dimensions: &[String],
    folding: &Folding,
    (steps, planned): (&[Step], PlannedFor),
) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    for step in steps {
        let title = fill_step_title(scope, block, &block.step_title, step);
        let planned = without_repeats(planned(step)?);
        blocks.extend(value_block(scope, block, &title, &planned, basis, dimensions, folding)?);
    }
    Ok(blocks)
}

/// A row for each step of the funnel.
fn step_block(scope: &Scope, block: &tables::Block, basis: Basis, steps: &[Step]) -> Result<Option<Block>> {
    let mut rows = Vec::new();
    let mut headings = Vec::new();
    for step in steps {
        let planned = columns(scope, block, Some(step))?;
        let values = planned
            .iter()
            .map(|planned| scope.value(&planned.kpi, basis, &[], None))
            .collect::<Result<_>>()?;
        rows.push(Row {
            labels: vec![fill_step_title(scope, block, "{From} → {To}", step)],
            key: Vec::new(),
            values,
            show: None,
        });
        headings = planned.into_iter().map(|planned| planned.column).collect();
    }
    Ok(is_worth_printing(block, &headings, &rows).then(|| Block {
        title: block.title.clone(),
        labels: vec![say!("Step")],
        dimensions: Vec::new(),
        columns: headings,
        rows,
    }))
}

/// A row for each value of the dimensions, and the total.
fn value_block(
    scope: &Scope,
    block: &tables::Block,
    title: &str,
    planned: &[Planned],
    basis: Basis,
    dimensions: &[String],
    folding: &Folding,
) -> Result<Option<Block>> {
    let value_at = |key: Option<&Key>| -> Result<Vec<Value>> {
        planned.iter().map(|planned| scope.value(&planned.kpi, basis, dimensions, key)).collect()
    };
    let columns: Vec<Column> = planned.iter().map(|planned| planned.column.clone()).collect();
    let mut rows = Vec::new();
    for key in keys(scope, planned, basis, dimensions)? {
        let values = value_at(Some(&key))?;
        rows.push(Row { labels: labels(scope.data, dimensions, &key), key, values, show: None });
    }
    let others = |kept: &BTreeSet<Key>| -> Result<Vec<Value>> {
        let value = |planned: &Planned| scope.value_of_others(&planned.kpi, basis, dimensions, kept);
        planned.iter().map(value).collect()
    };
    // a grid that is not printed must not decide what the others keep
    let folding = Some(folding).filter(|_| is_worth_printing(block, &columns, &rows));
    let mut rows = arrange(scope, dimensions, rows, folding, others)?;
    let labels = if dimensions.is_empty() { vec![String::new()] } else { total_labels(dimensions) };
    let key = vec![TOTAL.to_string(); dimensions.len()];
    rows.push(Row { labels, key, values: value_at(None)?, show: None });
    if !is_worth_printing(block, &columns, &rows) {
        return Ok(None);
    }
    let is_in_title = matches!(&block.by, By::Fixed(names) if !names.is_empty());
    Ok(Some(Block {
        title: if is_in_title { title.to_string() } else { split_title(title, dimensions) },
        labels: label_headings(dimensions),
        dimensions: dimensions.to_vec(),
        columns,
        rows,
    }))
}

/// Whether the rows are worth printing: some number is known, and for an optional block one that is shown and not 0.
fn is_worth_printing(block: &tables::Block, columns: &[Column], rows: &[Row]) -> bool {
    let known = |value: &Value| value.value.or(value.numerator).or(value.denominator);
    if !block.is_optional {
        return rows.iter().flat_map(|row| &row.values).any(|value| known(value).is_some());
    }
    let shown = rows.iter().flat_map(|row| row.values.iter().zip(columns));
    let mut shown =
        shown.filter(|(_, column)| column.show != Show::Data).filter_map(|(value, _)| value.value);
    shown.any(|number| !number.is_zero())
}

/// All keys at which some measure of the columns counts something.
fn keys(scope: &Scope, planned: &[Planned], basis: Basis, dimensions: &[String]) -> Result<BTreeSet<Key>> {
    let mut keys = BTreeSet::new();
    if dimensions.is_empty() {
        return Ok(keys);
    }
    for planned in planned {
        let entry = scope.catalogue.kpi(&planned.kpi)?;
        let evaluator = scope.evaluator(basis_of(entry, basis));
        keys.extend(evaluator.keys(entry, dimensions)?);
    }
    Ok(keys)
}
