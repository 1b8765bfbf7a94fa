//! Which KPIs each table shows by which dimensions: `tables.toml` in other words.

use super::Asked;
use super::company::Company;
use super::measures::STAGES;

const DIMENSIONS: [&str; 4] = ["channel", "campaign", "owner", "segment"];

/// A grid of the report: its dimensions and its KPIs.
pub struct Grid<'a> {
    pub split: Vec<&'a str>,
    pub kpis: Vec<String>,
}

/// The grids of a table.
pub fn grids<'a>(table: &str, company: &Company, asked: &Asked<'a>, is_event: bool) -> Vec<Grid<'a>> {
    match table {
        "conversion" => conversion(asked),
        "cost" => cost(&one(asked, "channel")),
        "segments" => splits(company, asked).iter().flat_map(|split| segment(split)).collect(),
        "owners" => {
            let split = one(asked, "owner");
            let (results, rates) =
                ("won lost open revenue average_check", "win_rate_closed win_rate_created");
            vec![grid(&split, words(results)), grid(&split, words(rates))]
        }
        "own" if company.has_own_kpi => vec![grid(asked.by, words("cost_per_big_win"))],
        "own" => Vec::new(),
        _ => churn(&splits(company, asked), asked, asked.period.is_some() && is_event),
    }
}

fn grid<'a>(split: &[&'a str], kpis: impl IntoIterator<Item = String>) -> Grid<'a> {
    Grid { split: split.to_vec(), kpis: kpis.into_iter().collect() }
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(String::from).collect()
}

/// The dimensions that are asked for, else the table's own.
fn one<'a>(asked: &Asked<'a>, name: &'static str) -> Vec<&'a str> {
    if asked.by.is_empty() { vec![name] } else { asked.by.to_vec() }
}

/// The dimensions that are asked for, else each one of the leads that has values.
fn splits<'a>(company: &Company, asked: &Asked<'a>) -> Vec<Vec<&'a str>> {
    if !asked.by.is_empty() {
        return vec![asked.by.to_vec()];
    }
    let has_values = |name: &&str| company.leads.iter().any(|lead| !lead.dimensions[name].is_empty());
    DIMENSIONS.into_iter().filter(has_values).map(|name| vec![name]).collect()
}

fn counts() -> Vec<String> {
    STAGES.iter().map(|(_, plural)| (*plural).to_string()).collect()
}

/// From each stage to the next.
fn shares() -> Vec<String> {
    STAGES.windows(2).map(|pair| format!("{}_to_{}", pair[0].0, pair[1].0)).collect()
}

fn conversion<'a>(asked: &Asked<'a>) -> Vec<Grid<'a>> {
    let days =
        |share: &String| ["mean", "median", "p90", "n"].map(|statistic| format!("{share}_days_{statistic}"));
    let last = STAGES.len() - 1;
    // with dimensions each step has a grid of its own
    let size = if asked.by.is_empty() { last } else { 1 };
    let mut grids = Vec::new();
    for first in (0..last).step_by(size) {
        let steps = first..first + size;
        let ends = counts()[steps.start..=steps.end].to_vec();
        let from_first = STAGES[steps.start + 1..=steps.end].iter().map(|(to, _)| format!("lead_to_{to}"));
        let own = &shares()[steps];
        grids.push(grid(asked.by, ends.into_iter().chain(own.to_vec()).chain(from_first)));
        grids.push(grid(asked.by, own.iter().flat_map(days)));
    }
    grids
}

fn cost<'a>(split: &[&'a str]) -> Vec<Grid<'a>> {
    let spend = || words("spend").into_iter();
    let costs = STAGES.iter().map(|(stage, _)| format!("cost_per_{stage}"));
    vec![
        grid(split, words("spend spend_share impressions clicks")),
        grid(split, spend().chain(counts())),
        grid(split, spend().chain(costs)),
    ]
}

fn segment<'a>(split: &[&'a str]) -> Vec<Grid<'a>> {
    vec![
        grid(split, words("leads lead_to_won").into_iter().chain(shares())),
        grid(split, words("leads won revenue average_check spend acquisition_cost")),
    ]
}

fn churn<'a>(splits: &[Vec<&'a str>], asked: &Asked<'a>, has_period: bool) -> Vec<Grid<'a>> {
    let (total, by_reason, by_segment) = if has_period {
        (
            "active_start new_customers churned active_end churn_rate mrr_start mrr_churned complaints_per_customer",
            "churned churned_part mrr_churned",
            "active_start new_customers churned active_end churn_rate complaints_per_customer",
        )
    } else {
        (
            "contracts contracts_churned churned_share mrr mrr_churned complaints_per_customer",
            "contracts_churned churned_contracts_part mrr_churned",
            "contracts contracts_churned churned_share mrr_churned complaints_per_customer",
        )
    };
    let retention =
        |split: &[&'a str]| has_period.then(|| grid(split, words("mrr_at_start revenue_churn grr nrr")));
    if !asked.by.is_empty() {
        return std::iter::once(grid(asked.by, words(by_segment))).chain(retention(asked.by)).collect();
    }
    let mut grids = vec![grid(&[], words(total)), grid(&["churn_reason"], words(by_reason))];
    grids.extend(retention(&[]));
    for split in splits {
        grids.push(grid(split, words(by_segment)));
        grids.extend(retention(split));
    }
    grids
}
