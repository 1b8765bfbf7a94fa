//! `--top` in several periods: what is folded is one set of values in all of them, and each figure of it is computed a
//! second time over its rows, in plain loops over CSV files made here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use tempfile::TempDir;

use crate::periods::newcombe;
use crate::support::{Row, tidy};

const CHANNELS: [&str; 9] = ["ads", "mail", "fair", "friends", "search", "social", "press", "calls", ""];
const MONTHS: [&str; 4] = ["2026-01", "2026-02", "2026-03", "2026-04"];

struct Lead {
    month: usize,
    channel: &'static str,
    /// Days from creation.
    mql: Option<i64>,
    won: Option<i64>,
}

struct Company {
    folder: TempDir,
    leads: Vec<Lead>,
    /// Month, channel, money in cents.
    spend: Vec<(usize, &'static str, i64)>,
}

/// Leads and spend whose largest channels are others in each month.
fn company() -> Company {
    let mut state = 7_u64;
    let mut below = |limit: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(state >> 33).expect("31 bits") % limit
    };
    let (mut leads, mut spend) = (Vec::new(), Vec::new());
    for (month, better) in (0..MONTHS.len()).zip([2, 4, 6, 8]) {
        for (place, channel) in CHANNELS.into_iter().enumerate() {
            // press has leads in February alone
            let is_away = channel == "press" && month != 1;
            for _ in 0..if is_away { 0 } else { 4 + (place * 7 + month * 13) % 40 } {
                let mql = (below(10) < better).then(|| below(9));
                let won = mql.filter(|_| below(3) == 0).map(|days| days + below(11));
                leads.push(Lead { month, channel, mql, won });
            }
            if !channel.is_empty() && channel != "friends" {
                spend.push((month, channel, below(100_000)));
            }
        }
    }
    let mut text = "Lead ID,Created,MQL date,Won date,Amount,Source\n".to_string();
    for (place, lead) in leads.iter().enumerate() {
        let day = |days: i64| {
            let created: chrono::NaiveDate = format!("{}-03", MONTHS[lead.month]).parse().expect("a day");
            (created + chrono::TimeDelta::days(days)).to_string()
        };
        let [mql, won] = [lead.mql, lead.won].map(|days| days.map(day).unwrap_or_default());
        let amount = if lead.won.is_some() { "100.00" } else { "" };
        writeln!(text, "A{place:04},{},{mql},{won},{amount},{}", day(0), lead.channel).expect("text");
    }
    let mut ads = "Day,Channel,Cost\n".to_string();
    for (month, channel, cents) in &spend {
        writeln!(ads, "{}-07,{channel},{}.{:02}", MONTHS[*month], cents / 100, cents % 100).expect("text");
    }
    let folder = tempfile::tempdir().expect("a folder for the files");
    std::fs::write(folder.path().join("leads.csv"), text).expect("the leads are written");
    std::fs::write(folder.path().join("ads.csv"), ads).expect("the spend is written");
    Company { folder, leads, spend }
}

impl Company {
    fn report(&self, table: &str, options: &[&str]) -> Vec<Row> {
        let fixed = [table, "--by", "channel", "--basis", "cohort", "--top", "3"];
        let inputs = ["--crm", "leads.csv", "--spend", "ads.csv"];
        tidy(self.folder.path(), &[&fixed[..], &inputs, options].concat())
    }

    /// The three channels of most leads or most spend in some months; of equal ones the first by name.
    fn largest(&self, table: &str, months: &[usize]) -> BTreeSet<&'static str> {
        let mut sizes: BTreeMap<&str, i64> = BTreeMap::new();
        if table == "cost" {
            let spend = self.spend.iter().filter(|(month, ..)| months.contains(month));
            spend.for_each(|(_, channel, cents)| *sizes.entry(channel).or_default() += cents);
        } else {
            let leads = self.leads.iter().filter(|lead| months.contains(&lead.month));
            leads.for_each(|lead| *sizes.entry(lead.channel).or_default() += 1);
        }
        let mut order: Vec<(i64, &str)> = sizes.into_iter().map(|(name, size)| (-size, name)).collect();
        order.retain(|(_, name)| !name.is_empty());
        order.sort_unstable();
        order.into_iter().take(3).map(|(_, name)| name).collect()
    }

    /// A KPI of a month and a row of the report: what is above, what is below, or a plain number.
    fn expected(&self, kpi: &str, month: usize, is_of_row: &dyn Fn(&str) -> bool) -> (f64, Option<f64>) {
        let leads: Vec<&Lead> =
            self.leads.iter().filter(|lead| lead.month == month && is_of_row(lead.channel)).collect();
        let spend = self.spend.iter().filter(|(of, channel, _)| *of == month && is_of_row(channel));
        let spend = spend.map(|(.., cents)| *cents).sum::<i64>() as f64 / 100.0;
        let count = leads.len() as f64;
        let mqls = leads.iter().filter(|lead| lead.mql.is_some()).count() as f64;
        let wins = leads.iter().filter(|lead| lead.won.is_some()).count() as f64;
        let mut days: Vec<i64> = leads.iter().filter_map(|lead| lead.mql).collect();
        days.sort_unstable();
        let median = |days: &[i64]| (days[(days.len() - 1) / 2] + days[days.len() / 2]) as f64 / 2.0;
        match kpi {
            "leads" => (count, None),
            "mqls" => (mqls, None),
            "spend" => (spend, None),
            "lead_to_mql" => (mqls, Some(count)),
            "mql_to_won" => (wins, Some(mqls)),
            "lead_to_won" => (wins, Some(count)),
            "cost_per_lead" => (spend, Some(count)),
            "cost_per_won" => (spend, Some(wins)),
            "lead_to_mql_days_median" if days.is_empty() => (0.0, Some(0.0)),
            "lead_to_mql_days_median" => (median(&days), None),
            _ => panic!("{kpi} is not expected"),
        }
    }
}

const KPIS: [(&str, &[&str]); 2] = [
    ("conversion", &["leads", "mqls", "lead_to_mql", "mql_to_won", "lead_to_won", "lead_to_mql_days_median"]),
    ("cost", &["spend", "leads", "cost_per_lead", "cost_per_won"]),
];

fn number(cell: &str) -> Option<f64> {
    cell.parse().ok()
}

fn quotient((above, below): (f64, Option<f64>)) -> Option<f64> {
    match below {
        None => Some(above),
        Some(below) => (below > 0.0).then(|| above / below),
    }
}

fn is_near(printed: Option<f64>, expected: Option<f64>) -> bool {
    match (printed, expected) {
        (None, None) => true,
        (Some(printed), Some(expected)) => (printed - expected).abs() < 2e-6 * expected.abs().max(1.0),
        _ => false,
    }
}

/// A row by its name, and whether it is of a channel.
type NamedRow = (String, Box<dyn Fn(&str) -> bool>);

/// The rows that a report must have in each period, each with the channels that it is of.
fn row_names(kept: &BTreeSet<&'static str>) -> Vec<NamedRow> {
    let mut names: Vec<NamedRow> = Vec::new();
    for name in kept {
        let name = *name;
        names.push((name.to_string(), Box::new(move |channel: &str| channel == name)));
    }
    let kept = kept.clone();
    names.push(("(other)".into(), Box::new(move |channel| !channel.is_empty() && !kept.contains(channel))));
    names.push(("(none)".into(), Box::new(str::is_empty)));
    names.push(("(total)".into(), Box::new(|_| true)));
    names
}

fn find<'a>(rows: &'a [Row], period: &str, channel: &str, kpi: &str) -> Option<&'a Row> {
    rows.iter().find(|row| row["period"] == period && row["channel"] == channel && row["kpi"] == kpi)
}

#[test]
fn every_period_folds_what_is_small_in_all_of_them_together() {
    let company = company();
    let mut folded_of_month = BTreeSet::new();
    for (table, kpis) in KPIS {
        let rows = company.report(table, &["--every", "month"]);
        let kept = company.largest(table, &[0, 1, 2, 3]);
        let names = row_names(&kept);
        let known: BTreeSet<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
        assert!(rows.iter().all(|row| known.contains(row["channel"].as_str())), "{table}: {known:?}");
        for (month, label) in MONTHS.into_iter().enumerate() {
            folded_of_month.insert(company.largest(table, &[month]));
            for kpi in kpis {
                for (name, is_of_row) in names.iter().filter(|(name, _)| table != "cost" || name != "(none)")
                {
                    let row = find(&rows, label, name, kpi);
                    // nothing is spent on no channel, and a row of nothing at all is none
                    let is_due = company.leads.iter().any(|lead| is_of_row(lead.channel));
                    assert!(row.is_some() || !is_due, "{table} {label} {name} {kpi} is missing");
                    let printed = row.and_then(|row| number(&row["value"]));
                    let expected = quotient(company.expected(kpi, month, is_of_row));
                    assert!(
                        is_near(printed, expected),
                        "{table} {label} {name} {kpi}: {printed:?}, {expected:?}"
                    );
                }
            }
        }
        for label in MONTHS {
            for kpi in ["leads", "mqls", "spend"].iter().filter(|kpi| kpis.contains(kpi)) {
                let of = |name: &str| {
                    find(&rows, label, name, kpi).and_then(|row| number(&row["value"])).unwrap_or(0.0)
                };
                let parts: f64 = known.iter().filter(|name| **name != "(total)").map(|name| of(name)).sum();
                assert!((parts - of("(total)")).abs() < 1e-6, "{table} {label} {kpi}: the parts add up");
            }
        }
    }
    assert!(folded_of_month.len() > 4, "one month alone would keep other channels");
}

#[test]
fn a_comparison_folds_what_is_small_in_the_period_reported_on() {
    let company = company();
    let (mut marked, mut checked) = (0, 0);
    for (table, kpis) in KPIS {
        for (month, label) in MONTHS.into_iter().enumerate().skip(1) {
            let rows = company.report(table, &["--month", label, "--compare", "previous"]);
            let kept = company.largest(table, &[month]);
            for (name, is_of_row) in row_names(&kept).iter().filter(|(name, _)| name != "(none)") {
                for kpi in kpis {
                    let row = find(&rows, label, name, kpi).expect("the row is there");
                    let sides = [month, month - 1].map(|month| company.expected(kpi, month, is_of_row));
                    let [now, before] = sides.map(quotient);
                    let context = format!("{table} {label} {name} {kpi}: {row:?}");
                    assert!(is_near(number(&row["value"]), now), "{context}: {now:?}");
                    assert!(is_near(number(&row["previous"]), before), "{context}: {before:?}");
                    let change = now.zip(before).map(|(now, before)| now - before);
                    assert!(is_near(number(&row["change"]), change), "{context}: {change:?}");
                    if let ("share", [(k, Some(n)), (l, Some(m))]) = (row["unit"].as_str(), sides)
                        && n > 0.0
                        && m > 0.0
                    {
                        let (low, high) = newcombe((k, n), (l, m));
                        let is_marked = n >= 30.0 && m >= 30.0 && (low > 0.0 || high < 0.0);
                        assert_eq!(row["significant"], is_marked.to_string(), "{context}");
                        marked += usize::from(is_marked && name == "(other)");
                    }
                    checked += 1;
                }
            }
        }
    }
    assert!(
        marked > 0 && checked > 100,
        "{marked} changes of what is folded are marked, of {checked} values"
    );
}

#[test]
fn periods_beside_those_before_fold_the_same_values() {
    let company = company();
    let span = ["--from", "2026-02-01", "--to", "2026-05-01", "--every", "month", "--compare", "previous"];
    let rows = company.report("conversion", &span);
    let kept = company.largest("conversion", &[1, 2, 3]);
    let names = row_names(&kept);
    let (_, is_of_row) = names.iter().find(|(name, _)| name == "(other)").expect("it is named");
    for (month, label) in MONTHS.into_iter().enumerate().skip(1) {
        let row = find(&rows, label, "(other)", "lead_to_mql").expect("the row is there");
        let [now, before] =
            [month, month - 1].map(|month| quotient(company.expected("lead_to_mql", month, is_of_row)));
        assert!(is_near(number(&row["value"]), now) && is_near(number(&row["previous"]), before), "{row:?}");
    }
}
