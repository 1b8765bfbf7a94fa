//! From an entry of `tables.toml` to concrete columns: stages filled in, columns that the data cannot fill left out.

use anyhow::Result;

use super::Column;
use super::ages::AGE;
use super::maturity::AGE_DAYS;
use super::scope::Scope;
use super::tables::{self, Show};
use crate::kpi::catalogue::{Catalogue, Unit};
use crate::kpi::derived::progress;
use crate::kpi::view::{TOTAL, is_bucket};
use crate::lang;
use crate::leads::Data;
use crate::leads::accounts::COHORT_MONTH;
use crate::leads::window::Window;
use crate::say;

/// A step of the funnel: two stages that follow each other in the data.
#[derive(Debug, Clone)]
pub struct Step {
    pub from: String,
    pub to: String,
}

/// A column with the name of its KPI.
#[derive(Debug, Clone)]
pub struct Planned {
    pub kpi: String,
    pub column: Column,
}

/// The steps between the stages that the inputs know.
pub fn steps(stages: &[String]) -> Vec<Step> {
    stages.windows(2).map(|pair| Step { from: pair[0].clone(), to: pair[1].clone() }).collect()
}

/// The columns of a block that the data can fill. `step` is the step of the funnel that it is about, if it is about one.
///
/// # Errors
/// A KPI that the catalogue lacks.
pub fn columns(scope: &Scope, block: &tables::Block, step: Option<&Step>) -> Result<Vec<Planned>> {
    let mut planned = Vec::new();
    for column in &block.columns {
        let (kpi, show, heading) = match column {
            tables::Column::Kpi(kpi) => (kpi, Show::Value, None),
            tables::Column::Side { kpi, show, heading } => (kpi, *show, heading.as_deref()),
        };
        for words in substitutions(scope, kpi, step) {
            let fill = |text: &str| {
                words.iter().fold(text.to_string(), |text, (mark, word)| text.replace(mark, word))
            };
            let name = fill(kpi);
            if !scope.catalogue.kpis.contains_key(&name)
                || (step.is_none() && scope.lacking(&name)?.is_some())
            {
                continue;
            }
            let entry = scope.catalogue.kpi(&name)?;
            let title = heading.map_or_else(|| entry.kpi.title.text().to_string(), fill);
            let unit = match show {
                Show::Numerator | Show::Denominator => Unit::Count,
                _ => entry.kpi.unit,
            };
            let heading = with_unit(&title, unit, scope.data.currency.as_deref());
            planned.push(Planned { kpi: name, column: Column { heading, show, unit, key: Vec::new() } });
        }
    }
    Ok(planned)
}

/// The window of a step in words; nothing where none is set.
pub fn window_of(scope: &Scope, step: &Step) -> Option<String> {
    scope.data.windows.get(&format!("{}_to_{}", step.from, step.to)).map(Window::describe)
}

/// The window of a step as it stands behind its title: ` in 30 days`; nothing where none is set.
fn within(scope: &Scope, step: &Step) -> String {
    window_of(scope, step).map(|window| say!(" in {window}", window = window)).unwrap_or_default()
}

/// A title with the dimensions that its grid is split by: `Spend, by channel and campaign`.
pub fn split_title(title: &str, dimensions: &[String]) -> String {
    if dimensions.is_empty() {
        return title.to_string();
    }
    let names: Vec<String> = dimensions.iter().map(|name| lang::dimension(name)).collect();
    say!("{title}, by {dimensions}", title = title, dimensions = lang::all_of(&names))
}

/// The title of a grid as it was before [`split_title`].
pub fn without_split(title: &str, dimensions: &[String]) -> String {
    title.strip_suffix(&split_title("", dimensions)).unwrap_or(title).to_string()
}

/// The headings of the label columns of a grid that is split by dimensions; one of totals has an empty one.
pub fn label_headings(dimensions: &[String]) -> Vec<String> {
    if dimensions.is_empty() {
        return vec![String::new()];
    }
    dimensions.iter().map(|name| lang::heading(name)).collect()
}

/// Whether the values of a dimension are ages, and so numbers: all others are names, whatever they look like.
pub fn is_age(dimension: &str) -> bool {
    [AGE, AGE_DAYS].contains(&dimension)
}

/// What people read for the values of dimensions: those that the program has words for in the language of the run.
pub fn labels(data: &Data, dimensions: &[String], key: &[String]) -> Vec<String> {
    let label = |(name, value): (&String, &String)| {
        if name == COHORT_MONTH {
            lang::day_or_period(value)
        } else if name == progress::STAGE && data.derived.contains(name) {
            lang::stage_in_words(value)
        } else if is_bucket(value) || value == TOTAL || data.derived.contains(name) {
            lang::text(value)
        } else {
            value.clone()
        }
    };
    dimensions.iter().zip(key).map(label).collect()
}

/// The labels of a row of totals.
pub fn total_labels(dimensions: &[String]) -> Vec<String> {
    let width = dimensions.len().max(1);
    std::iter::once(say!("Total")).chain(std::iter::repeat(String::new())).take(width).collect()
}

/// The title of the grid or row of a step, with its window.
pub fn fill_step_title(scope: &Scope, block: &tables::Block, title: &str, step: &Step) -> String {
    // optional blocks are about days, which no window cuts
    let behind = if block.is_optional { String::new() } else { within(scope, step) };
    let title = title.replace("{From}", &scope.catalogue.stage_title(&step.from));
    title.replace("{To}", &format!("{}{behind}", scope.catalogue.stage_title(&step.to)))
}

/// The columns without those that show once more what an earlier one shows.
pub fn without_repeats(planned: Vec<Planned>) -> Vec<Planned> {
    let mut kept: Vec<Planned> = Vec::new();
    for column in planned {
        if !kept.iter().any(|known| known.kpi == column.kpi && known.column.show == column.column.show) {
            kept.push(column);
        }
    }
    kept
}

/// `Spend` → `Spend, EUR`.
pub fn with_unit(title: &str, unit: Unit, currency: Option<&str>) -> String {
    match (unit, currency) {
        (Unit::Share | Unit::Part, _) => say!("{title}, %", title = title),
        (Unit::Money, Some(currency)) => format!("{title}, {currency}"),
        (Unit::Days, _) => say!("{title}, days", title = title),
        (Unit::Hours, _) => say!("{title}, hours", title = title),
        (Unit::Months, _) => say!("{title}, months", title = title),
        _ => title.to_string(),
    }
}

pub(super) type Words = Vec<(&'static str, String)>;

/// What the marks in the name of a KPI stand for: once for each stage, each step, or the step at hand.
fn substitutions(scope: &Scope, kpi: &str, step: Option<&Step>) -> Vec<Words> {
    let stages = scope.stages();
    let steps = steps(&stages);
    if kpi == "{own}" {
        return scope.catalogue.own().map(|name| vec![("{own}", name.clone())]).collect();
    }
    if kpi.contains("{stage") {
        return stages.iter().map(|stage| stage_words(scope.catalogue, stage)).collect();
    }
    if kpi.contains("{from") || kpi.contains("{to") {
        let all = step.map_or(steps, |step| vec![step.clone()]);
        let behind = |step: &Step| ("{within}", within(scope, step));
        let words =
            |step: &Step| step_words(scope.catalogue, step, &stages).into_iter().chain([behind(step)]);
        return all.iter().map(|step| words(step).collect()).collect();
    }
    let ends = Step {
        from: stages.first().cloned().unwrap_or_default(),
        to: step.map_or_else(|| stages.last().cloned().unwrap_or_default(), |step| step.to.clone()),
    };
    let mut words = step_words(scope.catalogue, &ends, &stages);
    words.push(("{within_all}", within(scope, &ends)));
    vec![words]
}

fn stage_words(catalogue: &Catalogue, stage: &str) -> Words {
    vec![
        ("{stages}", catalogue.stage_count(stage)),
        ("{stage}", stage.to_string()),
        ("{Stage}", catalogue.stage_title(stage)),
    ]
}

pub(super) fn step_words(catalogue: &Catalogue, step: &Step, stages: &[String]) -> Words {
    let first = stages.first().cloned().unwrap_or_default();
    let last = stages.last().cloned().unwrap_or_default();
    vec![
        ("{froms}", catalogue.stage_count(&step.from)),
        ("{from}", step.from.clone()),
        ("{From}", catalogue.stage_title(&step.from)),
        ("{tos}", catalogue.stage_count(&step.to)),
        ("{to}", step.to.clone()),
        ("{To}", catalogue.stage_title(&step.to)),
        ("{first_count}", catalogue.stage_count(&first)),
        ("{First}", catalogue.stage_title(&first)),
        ("{first}", first),
        ("{Last}", catalogue.stage_title(&last)),
        ("{last}", last),
    ]
}
