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
        "funnel" => funnel(asked, company),
        "conversion" => conversion(asked),
        "cost" => cost(&one(asked, "channel"), asked),
        "segments" => splits(company, asked).iter().flat_map(|split| segment(split)).collect(),
        "owners" => {
            let split = one(asked, "owner");
            let (results, rates) =
                ("won lost open revenue average_check", "win_rate_closed win_rate_created");
            // without a date of creation nothing is known of the time to a win
            let is_dated = company.leads.iter().any(|lead| company.created(lead).is_some());
            let cycle = if is_dated {
                "won cycle_median cycle_p90 cycle_n cycle_from_opportunity_median cycle_from_opportunity_p90 velocity"
            } else {
                "won cycle_from_opportunity_median cycle_from_opportunity_p90"
            };
            let mut grids =
                vec![grid(&split, words(results)), grid(&split, words(rates)), grid(&split, words(cycle))];
            if asked.by.is_empty() {
                grids.push(grid(&["lost_reason"], words("lost lost_part")));
                grids.push(grid(&[], words("owner_concentration lost_without_reason")));
            }
            grids
        }
        "channels" => channels(asked),
        "service" => service(asked),
        "open" => open(asked),
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

/// A grid for each step of the path that the fixtures have; without dimensions they are the rows of one.
fn funnel<'a>(asked: &Asked<'a>, company: &Company) -> Vec<Grid<'a>> {
    let before = [("impression", "impressions"), ("click", "clicks")];
    // what the spend file cannot be split or filtered by has no traffic
    let own = |name: &str| company.spend.iter().any(|row| row.dimensions.contains_key(name));
    let knows_traffic = asked.by.iter().copied().chain(asked.filter.map(|(name, _)| name)).all(own);
    let before = if knows_traffic { &before[..] } else { &[] };
    let first = if knows_traffic { "impression" } else { "lead" };
    let path: Vec<(&str, &str)> = before.iter().copied().chain(STAGES).collect();
    let mut grids = Vec::new();
    for pair in path.windows(2) {
        let [(from, from_count), (to, to_count)] = [pair[0], pair[1]];
        let step = format!("{from}_to_{to}");
        let is_of_leads = !before.contains(&(from, from_count));
        let own = [from_count.to_string(), to_count.to_string(), step.clone(), format!("{first}_to_{to}")];
        let dropped = is_of_leads.then(|| format!("{step}_dropped"));
        grids.push(grid(asked.by, own.into_iter().chain(dropped)));
        if is_of_leads {
            let times = ["days_median", "days_p90", "days_n", "kaplan_meier"];
            grids.push(grid(asked.by, times.map(|kpi| format!("{step}_{kpi}"))));
        }
    }
    grids
}

fn cost<'a>(split: &[&'a str], asked: &Asked<'a>) -> Vec<Grid<'a>> {
    let spend = || words("spend").into_iter();
    let costs = STAGES.iter().map(|(stage, _)| format!("cost_per_{stage}"));
    let mut grids = vec![
        grid(split, words("spend spend_share impressions clicks")),
        grid(split, words("spend ctr cpc cpm")),
        grid(split, spend().chain(counts())),
        grid(
            split,
            words("spend_share").into_iter().chain(counts().iter().map(|count| format!("{count}_part"))),
        ),
        grid(split, spend().chain(costs)),
    ];
    if asked.by.is_empty() {
        grids.push(grid(&[], words("customers_acquired cac_media cac_paid")));
    }
    grids
}

fn segment<'a>(split: &[&'a str]) -> Vec<Grid<'a>> {
    vec![
        grid(split, words("leads lead_to_won").into_iter().chain(shares())),
        grid(split, words("won lost win_rate_closed")),
        grid(split, words("leads leads_part won revenue revenue_part average_check")),
        grid(split, words("spend spend_share customers_acquired cac_media")),
    ]
}

fn channels<'a>(asked: &Asked<'a>) -> Vec<Grid<'a>> {
    let split = one(asked, "channel");
    let mut grids = vec![
        grid(&split, words("spend won revenue average_check romi roas")),
        grid(&split, words("leads qualified_share lead_to_won")),
    ];
    if asked.by.is_empty() {
        grids.push(grid(&[], words("coverage_leads coverage_revenue coverage_spend")));
    }
    grids
}

fn open<'a>(asked: &Asked<'a>) -> Vec<Grid<'a>> {
    let kpis = || words("open open_value stuck stuck_share");
    let mut grids = Vec::new();
    if asked.by.is_empty() {
        grids.push(grid(&["current_stage"], kpis()));
        grids.push(grid(&["current_stage", "open_for"], words("open open_value")));
    }
    grids.push(grid(&one(asked, "owner"), kpis()));
    grids
}

fn service<'a>(asked: &Asked<'a>) -> Vec<Grid<'a>> {
    let days = || words("resolution_median resolution_p90 resolution_n tickets_open");
    let mut grids = vec![
        grid(asked.by, words("tickets complaints complaint_share tickets_per_customer")),
        grid(asked.by, days()),
    ];
    if asked.by.is_empty() {
        grids.push(grid(&["kind"], words("tickets").into_iter().chain(days())));
    }
    grids
}

fn churn<'a>(splits: &[Vec<&'a str>], asked: &Asked<'a>, has_period: bool) -> Vec<Grid<'a>> {
    let (total, by_reason, by_segment) = if has_period {
        (
            "active_start new_customers churned active_end churn_rate churn_rate_negative mrr_start mrr_churned complaints_per_customer",
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
    let lifetime =
        words("lifetime_spells lifetime_months_median lifetime_months_mean lifetime_months_longest");
    let lifetime = grid(asked.by, lifetime);
    let retention =
        |split: &[&'a str]| has_period.then(|| grid(split, words("mrr_at_start revenue_churn grr nrr")));
    if !asked.by.is_empty() {
        let by = [grid(asked.by, words(by_segment)), lifetime];
        return by.into_iter().chain(retention(asked.by)).collect();
    }
    let mut grids = vec![
        lifetime,
        grid(&[], words(total)),
        grid(&["churn_reason_group"], words(by_reason)),
        grid(&["churn_reason"], words(by_reason)),
    ];
    grids.extend(retention(&[]));
    for split in splits {
        grids.push(grid(split, words(by_segment)));
        grids.extend(retention(split));
    }
    grids
}
