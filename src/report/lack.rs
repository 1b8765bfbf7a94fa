//! Why a table is not there, or is empty: what the inputs lack, or that there is nothing of what it is about. A reason
//! that is not true sends its reader to look for a column that is there.

use anyhow::Result;

use super::Block;
use super::build::{OWN_KPIS, is_of_maturity, is_of_stages};
use super::scope::{Scope, describe_filters};
use super::tables::{self, By};
use crate::config::Basis;
use crate::input::table::Days;
use crate::kpi::exact::Exact;
use crate::lang::Bilingual;
use crate::leads::Over;
use crate::period::format_day;
use crate::{bilingual, lang, say};

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
pub fn describe_need(need: &str) -> Bilingual {
    if need == OWN_KPIS {
        return bilingual!("a `[kpi.…]` in funnel.toml");
    }
    if need.contains(" or ") {
        return Bilingual::any_of(&need.split(" or ").map(describe_need).collect::<Vec<_>>());
    }
    match need.split_once('.') {
        Some((table, column)) => {
            bilingual!("the column `{column}` in {table}", column = column, table = table)
        }
        None => bilingual!("{table} (`--{table}`)", table = need),
    }
}

/// The way out of a lack: the setting, where it is one of funnel.toml and no input would help, else what is said of inputs.
pub fn way_out(lack: &Bilingual, of_inputs: &str) -> String {
    setting(lack).map_or_else(|| of_inputs.to_string(), |setting| format!("set {setting} in funnel.toml"))
}

/// The setting of funnel.toml that a lack begins with, as it is written there.
pub fn setting(lack: &Bilingual) -> Option<&str> {
    let text = lack.english.strip_prefix("a ").unwrap_or(&lack.english);
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
    let period = scope.period.map(|period| period.label.as_str()).unwrap_or_default();
    let of_cohort = basis == Basis::Cohort;
    let nothing = match (scope.period.is_some(), of_cohort, describe_filters(scope)) {
        (true, true, None) => say!("nothing to count: no lead was created in {period}", period = period),
        (true, true, Some(filters)) => {
            say!(
                "nothing to count: no lead with {filters} was created in {period}",
                filters = filters,
                period = period
            )
        }
        (true, false, None) => say!("nothing to count: all of this is 0 in {period}", period = period),
        (true, false, Some(filters)) => {
            say!(
                "nothing to count: all of this with {filters} is 0 in {period}",
                filters = filters,
                period = period
            )
        }
        (false, _, None) => return Some(say!("nothing to count: all of this is 0")),
        (false, _, Some(filters)) => {
            return Some(say!("nothing to count: all of this with {filters} is 0", filters = filters));
        }
    };
    let created = data.created_at();
    let of_creation = (created.and_then(Days::earliest), created.and_then(Days::latest));
    let days = if of_cohort { of_creation } else { (data.first_day, data.as_of) };
    Some(match (days, of_cohort) {
        ((Some(first), Some(last)), true) => say!(
            "{nothing}; leads were created from {first} to {last}",
            nothing = nothing,
            first = format_day(first),
            last = format_day(last)
        ),
        ((Some(first), Some(last)), false) => say!(
            "{nothing}; the data run from {first} to {last}",
            nothing = nothing,
            first = format_day(first),
            last = format_day(last)
        ),
        (_, true) => say!("{nothing}; no lead has a date of creation", nothing = nothing),
        (_, false) => say!("{nothing}; the data have no dates", nothing = nothing),
    })
}

/// What a table lacks that has its inputs and no block to show.
///
/// # Errors
/// A table about a KPI that the catalogue lacks.
pub fn lack_of_blocks(scope: &Scope, table: &tables::Table) -> Result<Bilingual> {
    let subject = table.nothing.as_ref().map(|nothing| scope.lack(&nothing.kpi)).transpose()?.flatten();
    Ok(subject.unwrap_or_else(|| lack_of_columns(scope, table)))
}

fn lack_of_columns(scope: &Scope, table: &tables::Table) -> Bilingual {
    if !scope.by.is_empty() {
        let dimensions = lang::all_of(scope.by);
        return bilingual!(
            "a dimension that its inputs know: nothing is counted by {dimensions}",
            dimensions = dimensions
        );
    }
    if !scope.filters.is_empty() {
        let names: Vec<&str> = scope.filters.iter().map(|filter| filter.dimension.as_str()).collect();
        let dimensions = lang::all_of(&names);
        return bilingual!(
            "a filter that its inputs know: nothing is counted where {dimensions} is set",
            dimensions = dimensions
        );
    }
    if table.needs.iter().any(|need| need == OWN_KPIS) {
        return bilingual!("a KPI of funnel.toml that has a value here");
    }
    if table.blocks.iter().any(|block| is_of_stages(block) || is_of_maturity(block)) {
        if scope.stages().len() > 1 {
            return bilingual!("leads that something can be counted of here: there are none");
        }
        return bilingual!("two stages: the dates of two in crm, or a status column");
    }
    let dimension = table.blocks.iter().find_map(|block| match &block.by {
        By::Asked(text) => text.strip_prefix("--by or ").filter(|name| *name != "total"),
        By::Fixed(_) => None,
    });
    let dimension = dimension.filter(|name| !is_dimension(scope, name));
    let names_kpi = |column: &tables::Column| match column {
        tables::Column::Kpi(kpi) | tables::Column::Side { kpi, .. } => scope.lack(kpi).ok().flatten(),
    };
    let lack = table.blocks.iter().flat_map(|block| &block.columns).find_map(names_kpi);
    match (lack, dimension) {
        (_, Some(dimension)) => {
            bilingual!("the column `{dimension}`, or a dimension named with `--by`", dimension = dimension)
        }
        (Some(lack), None) => lack,
        (None, None) if has_segments(table) => bilingual!("a dimension in crm"),
        (None, None) => bilingual!("something to count: all that it shows is 0 or unknown"),
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
