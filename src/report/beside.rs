//! The explanation of what stands beside a KPI: its plan, attainment, pace and growth.

use anyhow::Result;

use super::explain::{basis_of_question, plain_text, refuse_lacking};
use super::explanation::{Explanation, Section};
use super::goals::{Aim, Goal};
use super::scope::{Scope, describe_scope};
use super::targets::{Judged, judge_all};
use crate::error::usage_error;
use crate::kpi::beside::Found;
use crate::kpi::exact::Exact;
use crate::lang;
use crate::render::measured_text;
use crate::say;

/// The explanation; `goals` are those of the configuration and of the plan.
///
/// # Errors
/// A KPI that the data cannot give.
pub fn explain(scope: &Scope, name: &str, found: &Found, goals: &[Goal]) -> Result<Explanation> {
    refuse_lacking(scope, found.kpi)?;
    let title = scope.catalogue.kpi(found.kpi)?.kpi.title.text();
    let facts = vec![
        (say!("formula"), found.fill(&found.beside.formula)),
        (say!("scope"), describe_scope(scope, basis_of_question(scope, found.kpi)?)),
        (say!("source"), found.beside.source.clone()),
    ];
    let numbers = if found.what == "growth" { place_of_growth() } else { planned(scope, found, goals)? };
    Ok(Explanation {
        title: format!("{title}: {} ({name})", found.fill(found.beside.title.text())),
        definition: found.fill(found.beside.definition.text()),
        sections: vec![Section::of_pairs(String::new(), facts), numbers],
    })
}

fn place_of_growth() -> Section {
    let place =
        say!("It stands in reports of several periods (`--every month`), where a period has one before it.");
    Section::of_lines(place, Vec::new())
}

/// What was planned for the KPI in this scope, and what came of it.
fn planned(scope: &Scope, found: &Found, goals: &[Goal]) -> Result<Section> {
    let planned: Vec<Goal> = goals.iter().filter(|goal| goal.kpi == found.kpi).cloned().collect();
    let (judged, _) = judge_all(scope, None, &planned)?;
    let pairs: Vec<(String, String)> =
        judged.iter().filter_map(|judged| Some((place(judged), line(scope, found, judged)?))).collect();
    let none = || say!("nothing in this scope: a plan is a file (`--plan`), with a row a period and KPI");
    let lines = pairs.is_empty().then(none).into_iter().collect();
    Ok(Section { lines, ..Section::of_pairs(say!("Planned"), pairs) })
}

/// That there are no rows, and where those of the parts are.
pub fn no_rows(name: &str, found: &Found) -> anyhow::Error {
    usage_error(
        format!("`{name}` has no rows of its own: it stands beside `{}`", found.kpi),
        format!(
            "`funnel explain {} --rows` lists those behind the actual value; what was planned is a row of the plan",
            found.kpi
        ),
    )
}

/// The period, and what the plan is about.
fn place(judged: &Judged) -> String {
    let place: Vec<String> =
        judged.goal.place.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let place = if place.is_empty() { say!("the total") } else { lang::all_of(&place) };
    format!("{}, {place}", lang::period(&judged.period))
}

/// What stands beside the KPI there; none of a limit, which is no plan.
fn line(scope: &Scope, found: &Found, judged: &Judged) -> Option<String> {
    let Aim::Plan(plan, _) = judged.goal.aim else { return None };
    let unit = found.beside.unit.unwrap_or(judged.value.unit);
    let number = |number: Exact| measured_text(number, unit, scope.data.currency.as_deref());
    let actual = judged.value.value;
    Some(match found.what {
        "attainment" => {
            let parts = actual.map(|actual| format!("  {} / {}", plain_text(actual), plain_text(plan)));
            let value = actual.and_then(|actual| actual.over(plan)).map(number);
            format!("{}{}", value.unwrap_or_default(), parts.unwrap_or_default())
        }
        "pace" => judged
            .judgement
            .pace
            .map_or_else(|| say!("empty: the period is over, or of it no part can be asked"), number),
        _ => number(plan),
    })
}
