//! Why a table is not there, or is empty: what the inputs lack, or that there is nothing of what it is about. A reason
//! that is not true sends its reader to look for a column that is there.

use anyhow::Result;

use super::Block;
use super::build::{OWN_KPIS, is_of_stages};
use super::scope::{Scope, describe_filters};
use super::tables::{self, By};
use crate::config::Basis;
use crate::input::table::Days;
use crate::kpi::exact::Exact;
use crate::leads::Over;
use crate::period::format_day;

/// Whether the data have what a table needs: a table, or a column of one.
pub fn has_input(scope: &Scope, need: &str) -> bool {
    if need == OWN_KPIS {
        return scope.catalogue.own().next().is_some();
    }
    if need.contains(" or ") {
        return need.split(" or ").any(|need| has_input(scope, need));
    }
    if need == "crm" && !scope.data.has_crm {
        return false;
    }
    let data = scope.data;
    let (table, column) = need.split_once('.').unwrap_or((need, ""));
    let table = if table == "crm" { Over::Leads.name() } else { table };
    let facts = data.facts.iter().find(|(over, _)| over.name() == table).map(|(_, facts)| facts);
    facts.is_some_and(|facts| column.is_empty() || facts.table.has(column))
}

/// A need of a table in words.
pub fn describe_need(need: &str) -> String {
    if need == OWN_KPIS {
        return "a `[kpi.…]` in funnel.toml".to_string();
    }
    if need.contains(" or ") {
        return need.split(" or ").map(describe_need).collect::<Vec<_>>().join(" or ");
    }
    match need.split_once('.') {
        Some((table, column)) => format!("the column `{column}` in {table}"),
        None => format!("{need} (`--{need}`)"),
    }
}

/// The way out of a lack: the setting, where it is one of funnel.toml and no input would help, else what is said of inputs.
pub fn way_out(lack: &str, of_inputs: &str) -> String {
    setting(lack).map_or_else(|| of_inputs.to_string(), |setting| format!("set {setting} in funnel.toml"))
}

/// The setting of funnel.toml that a lack begins with, as it is written there.
pub fn setting(lack: &str) -> Option<&str> {
    let text = lack.strip_prefix("a ").unwrap_or(lack);
    let end = text.strip_prefix("`[")?.find('`')?;
    text.get(..end + "`[".len() + 1)
}

/// Why a table has nothing but zeros and empty cells; none where some value is there.
pub fn emptiness(scope: &Scope, basis: Basis, blocks: &[Block]) -> Option<String> {
    let values = blocks.iter().flat_map(|block| &block.rows).flat_map(|row| &row.values);
    let mut numbers = values.flat_map(|value| [value.value, value.numerator, value.denominator]).flatten();
    if blocks.is_empty() || numbers.any(|number| !number.is_zero()) {
        return None;
    }
    let data = scope.data;
    let kept = describe_filters(scope).map(|filters| format!(" with {filters}")).unwrap_or_default();
    let span = |first: Option<i32>, last: Option<i32>| {
        let days =
            first.zip(last).map(|(first, last)| format!("{} to {}", format_day(first), format_day(last)));
        days.unwrap_or_else(|| "no day to no day".to_string())
    };
    Some(match (scope.period, basis) {
        (Some(period), Basis::Cohort) => {
            let created = data.created_at();
            let days = span(created.and_then(Days::earliest), created.and_then(Days::latest));
            format!(
                "nothing to count: no lead{kept} was created in {}; leads were created from {days}",
                period.label
            )
        }
        (Some(period), Basis::Event) => {
            let days = span(data.first_day, data.as_of);
            format!("nothing to count: all of this{kept} is 0 in {}; the data run from {days}", period.label)
        }
        (None, _) => format!("nothing to count: all of this{kept} is 0"),
    })
}

/// What a table lacks that has its inputs and no block to show.
///
/// # Errors
/// A table about a KPI that the catalogue lacks.
pub fn lack_of_blocks(scope: &Scope, table: &tables::Table) -> Result<String> {
    let subject = table.nothing.as_ref().map(|nothing| scope.lacking(&nothing.kpi)).transpose()?.flatten();
    Ok(subject.unwrap_or_else(|| lack_of_columns(scope, table)))
}

fn lack_of_columns(scope: &Scope, table: &tables::Table) -> String {
    if !scope.by.is_empty() {
        return format!("a dimension that its inputs know: nothing is counted by {}", scope.by.join(" and "));
    }
    if !scope.filters.is_empty() {
        let names: Vec<&str> = scope.filters.iter().map(|filter| filter.dimension.as_str()).collect();
        return format!(
            "a filter that its inputs know: nothing is counted where {} is set",
            names.join(" and ")
        );
    }
    if table.needs.iter().any(|need| need == OWN_KPIS) {
        return "a KPI of funnel.toml that has a value here".to_string();
    }
    if table.blocks.iter().any(is_of_stages) {
        return "two stages: the dates of two in crm, or a status column".to_string();
    }
    let dimension = table.blocks.iter().find_map(|block| match &block.by {
        By::Asked(text) => text.strip_prefix("--by or ").filter(|name| *name != "total"),
        By::Fixed(_) => None,
    });
    let dimension = dimension.filter(|name| !is_dimension(scope, name));
    let names_kpi = |column: &tables::Column| match column {
        tables::Column::Kpi(kpi) | tables::Column::Side { kpi, .. } => scope.lacking(kpi).ok().flatten(),
    };
    let lack = table.blocks.iter().flat_map(|block| &block.columns).find_map(names_kpi);
    match (lack, dimension) {
        (_, Some(dimension)) => format!("the column `{dimension}`, or a dimension named with `--by`"),
        (Some(lack), None) => lack,
        (None, None) if has_segments(table) => "a dimension in crm".to_string(),
        (None, None) => "something to count: all that it shows is 0 or unknown".to_string(),
    }
}

/// Whether some table of the data has a dimension.
pub fn is_dimension(scope: &Scope, name: &str) -> bool {
    scope.data.facts.values().any(|facts| facts.table.dictionaries.contains_key(name))
}

/// Whether a table is split by every dimension of the leads.
fn has_segments(table: &tables::Table) -> bool {
    table.blocks.iter().any(|block| matches!(&block.by, By::Asked(text) if !text.starts_with("--by or ")))
}

/// What a table without blocks says where it counts nothing, as it does not where it cannot count.
///
/// # Errors
/// A table about a KPI that the catalogue lacks.
pub fn says_nothing<'a>(scope: &Scope, table: &'a tables::Table, basis: Basis) -> Result<Option<&'a str>> {
    let Some(nothing) = table.nothing.as_ref() else { return Ok(None) };
    if scope.lacking(&nothing.kpi)?.is_some() {
        return Ok(None);
    }
    let count = scope.value(&nothing.kpi, basis, scope.by, None)?.value;
    Ok(count.is_some_and(Exact::is_zero).then_some(nothing.says.as_str()))
}
