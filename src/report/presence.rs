//! Whether there is anything in a period of what a goal is about: a channel that did nothing has spent nothing too much.

use anyhow::Result;

use super::goals::Goal;
use super::scope::Scope;
use crate::config::Basis;
use crate::kpi::view::{Filter, View};
use crate::leads::Over;

/// Whether some row of the period of the scope is of the place of a goal: whichever table it is in, so that no complaints
/// about a channel with leads are an achievement. Rows without a date of their own (contracts, customers) tell only of
/// what is counted of them.
///
/// # Errors
/// A KPI that the catalogue lacks.
pub fn has_rows(scope: &Scope, goal: &Goal) -> Result<bool> {
    if goal.place.is_empty() {
        return Ok(true);
    }
    let filters: Vec<Filter> = goal
        .place
        .iter()
        .map(|(dimension, value)| Filter { dimension: dimension.clone(), value: value.clone() })
        .collect();
    let measures = scope.catalogue.kpi(&goal.kpi)?.calculation.measures();
    let counted: Vec<Over> = measures.into_iter().map(|name| scope.catalogue.measures[name].over).collect();
    let view = View::new(scope.data, Basis::Event, scope.period, &filters);
    let tables = scope.data.facts.iter().filter(|(over, _)| **over != Over::Leads);
    let mut others = tables.filter(|(over, facts)| facts.event_date.is_some() || counted.contains(over));
    Ok(has_leads(scope, &view)
        || others.any(|(over, _)| view.selected(*over).is_some_and(|rows| rows.count() > 0)))
}

/// Whether something happened to a lead in the period: it was created, reached a stage, or was lost.
fn has_leads(scope: &Scope, view: &View) -> bool {
    let leads = scope.data.leads();
    if view.filters.iter().any(|filter| !leads.table.dictionaries.contains_key(&filter.dimension)) {
        return false;
    }
    let stages = scope.stages();
    let mut events = stages.iter().map(String::as_str).chain(["created", "lost"]);
    events.any(|name| view.flag(name).is_some_and(|flag| flag.and(&view.leads).count() > 0))
}
