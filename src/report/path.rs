//! The whole path in one grid: from the ad through the stages of the leads to the renewed contract, whichever of them
//! the inputs have.

use anyhow::Result;

use super::layout::{Planned, Step, step_words, with_unit};
use super::scope::Scope;
use super::tables::{self, Show};
use super::{Block, Column, Row, Value};
use crate::config::Basis;
use crate::config::text::key;
use crate::kpi::catalogue::Unit;
use crate::say;

/// What comes before the first stage of the leads, and after the last.
const BEFORE: [&str; 4] = ["impression", "reach", "click", "visit"];
const AFTER: [&str; 1] = ["renewed"];

/// The stages of the path that the inputs know, by these dimensions and under the filters: clicks have no owner.
///
/// # Errors
/// A predicate that does not fit the columns.
pub fn stages(scope: &Scope, basis: Basis, dimensions: &[String]) -> Result<Vec<String>> {
    let known = |names: &[&str]| -> Result<Vec<String>> {
        let mut known = Vec::new();
        for name in names {
            let count = scope.catalogue.stage_count(name);
            if scope.lacking(&count)?.is_none()
                && scope.value(&count, basis, dimensions, None)?.value.is_some()
            {
                known.push((*name).to_string());
            }
        }
        Ok(known)
    };
    let mut stages = known(&BEFORE)?;
    stages.extend(scope.stages());
    stages.extend(known(&AFTER)?);
    Ok(stages)
}

/// The columns of a block for one step of the path: those that the catalogue and the inputs have. The grid of the first
/// step shows too how many are at the first stage: no grid before it does.
///
/// # Errors
/// A KPI that cannot be judged.
pub fn columns(scope: &Scope, block: &tables::Block, step: &Step, path: &[String]) -> Result<Vec<Planned>> {
    let all =
        block.columns.iter().map(|column| plan(scope, column, step, path)).collect::<Result<Vec<_>>>()?;
    let is_first = path.first() == Some(&step.from);
    let count = scope.catalogue.stage_count(&step.from);
    let mut planned: Vec<Planned> = all.into_iter().flatten().collect();
    for of_first in planned.iter_mut().filter(|planned| is_first && planned.kpi == count) {
        of_first.column.show = Show::Value;
    }
    Ok(planned)
}

/// A row for each stage of the path. A column that no stage has is left out, and so is a row without numbers where the
/// block is optional.
///
/// # Errors
/// A predicate that does not fit the columns.
pub fn block(scope: &Scope, block: &tables::Block, basis: Basis) -> Result<Option<Block>> {
    let path = stages(scope, basis, &[])?;
    if path.len() < 2 {
        return Ok(None);
    }
    let mut headings: Vec<Option<Column>> = vec![None; block.columns.len()];
    let mut rows = Vec::new();
    for (place, stage) in path.iter().enumerate() {
        // the first stage has no step that leads to it
        let from = &path[place.saturating_sub(1)];
        let step = Step { from: from.clone(), to: stage.clone() };
        let mut values = Vec::new();
        for (heading, column) in headings.iter_mut().zip(&block.columns) {
            values.push(match plan(scope, column, &step, &path)? {
                Some(planned) => {
                    let value = scope.value(&planned.kpi, basis, &[], None)?;
                    heading.get_or_insert(planned.column);
                    value
                }
                None => Value::absent(),
            });
        }
        rows.push(Row {
            labels: vec![scope.catalogue.stage_title(stage)],
            key: Vec::new(),
            values,
            show: None,
        });
    }
    if block.is_optional {
        rows.retain(|row| row.values.iter().any(|value| value.value.is_some_and(|value| !value.is_zero())));
    }
    let kept: Vec<bool> = headings.iter().map(Option::is_some).collect();
    for row in &mut rows {
        let mut kept = kept.iter();
        row.values.retain(|_| kept.next() == Some(&true));
    }
    let columns: Vec<Column> = headings.into_iter().flatten().collect();
    Ok((!rows.is_empty() && !columns.is_empty()).then(|| Block {
        title: block.title.clone(),
        labels: vec![say!("Stage")],
        dimensions: Vec::new(),
        columns,
        rows,
    }))
}

/// A column at a step; none where the catalogue or the inputs lack its KPI.
fn plan(scope: &Scope, column: &tables::Column, step: &Step, path: &[String]) -> Result<Option<Planned>> {
    let (kpi, show, heading) = match column {
        tables::Column::Kpi(kpi) => (kpi, Show::Value, None),
        tables::Column::Side { kpi, show, heading } => (kpi, *show, heading.as_deref()),
    };
    let words = step_words(scope.catalogue, step, path);
    let fill =
        |text: &str| words.iter().fold(text.to_string(), |text, (mark, word)| text.replace(mark, word));
    let name = fill(kpi);
    let Some(entry) = scope.catalogue.kpis.get(&name) else { return Ok(None) };
    if scope.lacking(&name)?.is_some() {
        return Ok(None);
    }
    let title = heading.map_or_else(|| entry.kpi.title.text().to_string(), fill);
    let unit = match show {
        Show::Numerator | Show::Denominator => Unit::Count,
        _ => entry.kpi.unit,
    };
    let heading = with_unit(&title, unit, scope.data.currency.as_deref());
    Ok(Some(Planned { kpi: name, column: Column { heading, show, unit, key: Vec::new() } }))
}

/// What a reader must know about the windows of the steps: which are set, or how to set one.
pub fn window_notes(scope: &Scope) -> Vec<String> {
    let stages = scope.stages();
    let Some(pair) = stages.windows(2).next().filter(|_| !scope.data.is_event_based) else {
        return Vec::new();
    };
    if scope.data.windows.is_empty() {
        return vec![say!(
            "leads too young to have converted count as not converted: `[window]` with `{step} = \"30d\"` in funnel.toml tells in `funnel` how many, and the share without them",
            step = key(&format!("{}_to_{}", pair[0], pair[1]))
        )];
    }
    let title = |stage: &str| scope.catalogue.stage_title(stage);
    let set = scope.data.windows.values().map(|window| {
        let (from, to, days) = (title(&window.from), title(&window.to), window.describe());
        say!(
            "{from} → {to} counts within {days} only; a lead is mature {days} after {from}, and no young one is dropped",
            from = from,
            to = to,
            days = days
        )
    });
    set.collect()
}
