//! What is said under a table.

use std::collections::BTreeSet;

use anyhow::Result;

use super::scope::Scope;
use super::{Block, Value, tables};
use crate::config::Basis;
use crate::input::clock::FIRST_TOUCH;
use crate::kpi::roles;
use crate::leads::window::describe_days;
use crate::leads::{Facts, Over};
use crate::mask::Mask;
use crate::period::format_day;
use crate::say;

/// The notes of a table; `{margin}` says what margin is in its payments, or in the leads where it has none. A note about
/// a margin that nothing here is divided by is left out, and so is one about a role that no stage has.
pub fn notes(scope: &Scope, table: &tables::Table) -> Vec<String> {
    let data = scope.data;
    let is_of_payments = table.needs.iter().any(|need| need == Over::Payments.name());
    let amounts = if is_of_payments {
        data.facts.get(&Over::Payments)
    } else {
        let has_amounts = |leads: &&Facts| leads.table.has("amount") || leads.table.has("margin");
        Some(data.leads()).filter(has_amounts).filter(|_| data.facts.contains_key(&Over::Spend))
    };
    let margin = amounts.map(|facts| data.margin.describe(&facts.table));
    let fill = |note: &String| match &margin {
        Some(margin) => Some(note.replace("{margin}", margin)),
        None => Some(note.clone()).filter(|note| !note.contains("{margin}")),
    };
    let stages = scope.stages();
    let with_roles = |note: String| roles::fill_note(&note, scope.catalogue, &stages);
    table.notes.iter().filter_map(fill).filter_map(with_roles).collect()
}

/// What is said of speed to lead where the CRM has first touches: why there is none, or which leads it is of. The table
/// `owners` alone shows it.
pub fn speed_to_lead(scope: &Scope, table: &tables::Table) -> Vec<String> {
    let data = scope.data;
    if table.name != "owners" || !data.leads().table.has(FIRST_TOUCH) {
        return Vec::new();
    }
    let touches = match &data.first_touches.touches {
        Err(lack) => return vec![say!("no speed to lead: it needs {lack}", lack = lack)],
        Ok(touches) => touches,
    };
    let within = touches.limit.describe();
    let judged = data.as_of.map(|as_of| {
        say!(
            "touched within {within}: of the leads old enough, created at least {within} before {as_of} began, touched or not",
            within = within,
            as_of = format_day(as_of)
        )
    });
    let untimed = (touches.untimed > 0).then(|| {
        say!(
            "not in speed to lead: {count} {count:lead|leads} of the data with a first touch, of which or of whose creation no time of day is known",
            count = touches.untimed
        )
    });
    judged.into_iter().chain(untimed).collect()
}

/// How many leads are left out of acquisition, where a block counts only new customers.
pub fn existing_left_out(scope: &Scope, table: &tables::Table, blocks: &[Block]) -> Option<String> {
    let count = scope.data.existing.as_ref().map_or(0, Mask::count);
    if count > 0 && table.name == "owners" {
        return Some(say!(
            "won, lost and win rates are of all deals, those with existing customers too: {count} of the data are leads of such (see `bases`)",
            count = count
        ));
    }
    let first = scope.stages().first().map(|stage| scope.catalogue.stage_count(stage))?;
    let mut values = blocks.iter().flat_map(|block| &block.rows).flat_map(|row| &row.values);
    let tells_them_apart = table.name == "bases";
    (count > 0 && !tells_them_apart && values.any(|value| value.kpi == first)).then(|| {
        say!(
            "leads of existing customers, left out of leads, conversions and costs, not of won and revenue: {count} of the data (see `bases`)",
            count = count
        )
    })
}

/// Why channels have counts and no cost, where a block shows such a cost by channel.
pub fn untraceable(scope: &Scope, blocks: &[Block]) -> Option<String> {
    let is_attributed =
        |value: &Value| scope.catalogue.kpis.get(&value.kpi).is_some_and(|entry| entry.kpi.is_attributed);
    let shows = |block: &Block| {
        let mut values = block.rows.iter().flat_map(|row| &row.values);
        block.dimensions.iter().any(|name| name == "channel") && values.any(is_attributed)
    };
    let names: Vec<&str> = scope.data.untraceable.iter().map(String::as_str).collect();
    (!names.is_empty() && blocks.iter().any(shows)).then(|| {
        say!(
            "{channels}: `untraceable`, so leads and no cost: nothing tells which spend brought them, and a cost of 0 would make them look free",
            channels = names.join(", ")
        )
    })
}

/// How many customers are at no age, because nothing says when they began: their number is beside that of all.
///
/// # Errors
/// A predicate that does not fit the columns.
pub fn without_beginning(scope: &Scope, basis: Basis) -> Result<Option<String>> {
    let evaluator = scope.evaluator(basis);
    let Some(curves) = evaluator.curves(&[])? else { return Ok(None) };
    let begun = evaluator.grouped("customers_begun", &[])?;
    let begun = begun.and_then(|begun| begun.total.exact().as_count()).unwrap_or_default();
    let undated = begun.saturating_sub(curves.total.members);
    Ok((undated > 0)
        .then(|| say!("customers of whom nothing says when they began, at no age: {count}", count = undated)))
}

/// Which spend the shown KPIs with a lag count; and where it lies before the data, because then a part of it is unknown.
pub fn lagged(scope: &Scope, blocks: &[Block]) -> Vec<String> {
    let values = blocks.iter().flat_map(|block| &block.rows).flat_map(|row| &row.values);
    let shown: BTreeSet<&String> =
        values.filter(|value| value.basis == Basis::Event).map(|value| &value.kpi).collect();
    let Some(period) = scope.period else { return Vec::new() };
    let mut notes = Vec::new();
    for kpi in shown {
        let measures = scope.catalogue.kpis.get(kpi).map(|entry| entry.calculation.measures());
        let quantities = measures.into_iter().flatten().filter_map(|name| scope.catalogue.measures.get(name));
        let Some(quantity) = quantities.into_iter().find(|quantity| quantity.days_earlier > 0) else {
            continue;
        };
        let earlier = describe_days(quantity.days_earlier);
        notes.push(say!("`{kpi}` counts what was spent {days} earlier", kpi = kpi, days = earlier));
        let from = period.from.saturating_sub(quantity.days_earlier);
        let first = scope.data.facts.get(&quantity.over).and_then(first_day);
        if let Some(first) = first.filter(|first| from < *first) {
            notes.push(say!(
                "what was spent before {first} is unknown, and `{kpi}` of {period} asks for it from {from} on",
                first = format_day(first),
                kpi = kpi,
                period = period.label,
                from = format_day(from)
            ));
        }
    }
    notes
}

/// The first day of a table of events.
fn first_day(facts: &Facts) -> Option<i32> {
    let days = facts.table.dates(facts.event_date?)?;
    (0..facts.table.frame.height()).filter_map(|row| days.get(row)).min()
}
