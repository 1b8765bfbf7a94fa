//! What a reader sees first: the few figures that stand for the whole report, each with its change and its target.

use std::fmt::Write as _;

use super::find::{self, Found};
use super::markup::{attribute, escaped, identifier, measured, parts, title_of, told};
use crate::kpi::catalogue::Unit;
use crate::kpi::exact::Exact;
use crate::lang;
use crate::render::csv::plain;
use crate::render::{cell_text, interval_text, number_text, unit_text};
use crate::report::compare::is_share;
use crate::report::targets::Status;
use crate::report::{Report, Show, Value};
use crate::say;

const WIN_RATES: [&str; 2] = ["win_rate_closed", "win_rate_created"];
/// What may stand at the top beside the conversions, win rate and cost per opportunity; of several in one group the first that is there.
const GROUPS: [&[&str]; 8] = [
    &["cac_media"],
    &["won"],
    &["revenue"],
    &["romi"],
    &["churn_rate", "churned_share"],
    &["renewal_rate"],
    &["nrr"],
    &["ltv_to_cac"],
];

/// The KPIs at the top, as far as the report has them: leads, MQL → SQL, first stage → last stage, then the others.
pub fn names(report: &Report) -> Vec<String> {
    let qualified = report.roles.get("qualified");
    let cost = report.roles.get("opportunity").map(|stage| format!("cost_per_{stage}"));
    let mut names: Vec<&str> = Vec::new();
    if let Some((first, shares)) = find::conversions(report) {
        names.push(first);
        // the step from marketing to sales, where the stages are called so, else that from the qualified leads on
        let is_hand_off = |name: &&&str| {
            **name == "mql_to_sql"
                || qualified.is_some_and(|stage| stage != "mql" && name.starts_with(&format!("{stage}_to_")))
        };
        names.extend(shares.iter().find(is_hand_off));
        names.extend(shares.last());
    } else {
        names.extend(["leads", "mql_to_sql", "lead_to_won"]);
    }
    let is_there = |name: &&str| !find::totals(report, name).is_empty();
    names.extend(WIN_RATES.iter().copied().find(is_there));
    names.extend(cost.as_deref());
    names.extend(GROUPS.iter().filter_map(|group| group.iter().copied().find(|name| is_there(name))));
    let mut kept: Vec<String> = Vec::new();
    for name in names.into_iter().filter(is_there) {
        if !kept.iter().any(|known| known == name) {
            kept.push(name.to_string());
        }
    }
    kept
}

/// The tiles; nothing where the report has none of these KPIs.
pub fn tiles(report: &Report) -> String {
    let found: Vec<Found> = names(report).iter().filter_map(|name| latest(report, name)).collect();
    if found.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "<section aria-labelledby=\"glance\">\n<h2 id=\"glance\">{}</h2>\n<ul class=\"tiles\">\n",
        escaped(&say!("At a glance"))
    );
    for found in &found {
        text.push_str(&tile(report, found));
    }
    text.push_str("</ul>\n</section>\n");
    text
}

/// The value in the last period that is over, or in the one period that there is.
fn latest<'a>(report: &'a Report, kpi: &str) -> Option<Found<'a>> {
    // where nothing was spent nothing is told of what something cost
    let is_told = |found: &Found| {
        let of_nothing =
            found.value.denominator.is_some() && found.value.numerator.is_some_and(Exact::is_zero);
        !(found.value.unit == Unit::Money && of_nothing)
    };
    let all: Vec<Found> = find::totals(report, kpi).into_iter().filter(is_told).collect();
    all.iter().rev().find(|found| found.is_whole()).or(all.last()).copied()
}

fn tile(report: &Report, found: &Found) -> String {
    let value = found.value;
    let status = value.judgement.as_deref().map(|judged| judged.status);
    let class = match status {
        Some(Status::Missed) => "tile missed",
        Some(Status::Warned | Status::Behind) => "tile warned",
        _ => "tile",
    };
    let mut text = format!(
        "<li class=\"{class}\"{}{}{}>\n",
        attribute("data-kpi", &value.kpi),
        attribute("data-value", &plain(value.value)),
        attribute("title", &told(report, value).join("\n")),
    );
    let period = value
        .period
        .as_deref()
        .map(|period| format!(" <span class=\"period\">{}</span>", escaped(&lang::day_or_period(period))))
        .unwrap_or_default();
    let _ = writeln!(
        text,
        "<a href=\"#table-{}\">{}{}</a>\n{}",
        identifier(&found.table.name),
        escaped(title_of(report, &value.kpi)),
        period,
        figure(report, value),
    );
    for line in [basis(value), change(value), target(report, value)].into_iter().flatten() {
        let _ = writeln!(text, "<span>{}</span>", escaped(&line));
    }
    text.push_str("</li>\n");
    text
}

/// Longer figures than this are written smaller: a number that is broken in two is another one.
const LONG: usize = 9;

/// The figure with its unit; money at the top needs no cents.
fn figure(report: &Report, value: &Value) -> String {
    let Some(number) = value.value else {
        return format!("<strong>{}</strong>", escaped(&measured(report, value)));
    };
    let is_large = value.unit == Unit::Money && number.to_float().abs() >= 10_000.0;
    let number = if is_large { number.to_text(0) } else { number_text(value.value, value.unit) };
    let unit = unit_text(value.unit, report.currency.as_deref());
    let class = if number.chars().count() > LONG { " class=\"long\"" } else { "" };
    let unit = if unit.is_empty() { String::new() } else { format!("<small>{}</small>", escaped(&unit)) };
    format!("<strong{class}><span class=\"figure\">{number}</span>{unit}</strong>")
}

/// What a share rests on, and how sure it is.
fn basis(value: &Value) -> Option<String> {
    let interval = value.interval?;
    Some(say!("{parts}, 95%: {interval}", parts = parts(value)?, interval = interval_text(interval)))
}

/// `+2.50 points against 2026-02 (72.73)`.
fn change(value: &Value) -> Option<String> {
    let compared = value.comparison.as_deref()?;
    let before = compared.previous.period.as_deref()?;
    let change = cell_text(value, Show::Change);
    let previous = number_text(compared.previous.value, value.unit);
    if change.is_empty() {
        let previous = if previous.is_empty() { say!("no value") } else { previous };
        return Some(say!("{period}: {value}", period = before, value = previous));
    }
    let change = change.trim_start_matches("* ");
    let against = if is_share(value.unit) {
        say!(
            "{change} points against {period} ({previous})",
            change = change,
            period = before,
            previous = previous
        )
    } else {
        say!(
            "{change} % against {period} ({previous})",
            change = change,
            period = before,
            previous = previous
        )
    };
    Some(if compared.is_significant { say!("{change}, more than chance", change = against) } else { against })
}

fn target(report: &Report, value: &Value) -> Option<String> {
    let status = cell_text(value, Show::Status);
    if status.is_empty() {
        return None;
    }
    let target = cell_text(value, Show::Target);
    let target = format!("{target}{}", unit_text(value.unit, report.currency.as_deref()));
    Some(say!("target {target}: {status}", target = target, status = status))
}
