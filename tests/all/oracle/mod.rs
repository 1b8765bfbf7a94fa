//! Every number of the report, computed a second time: by hand for a tiny company, in plain loops for the others.
//!
//! The loops share no code with the program. A row that they do not expect is a failure, and so is one that they miss.

mod bases;
mod causes;
pub mod company;
mod currencies;
mod grids;
mod hand;
mod kpis;
mod maturity;
mod measures;
mod money;
mod path;
mod speed;
mod times;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use self::company::{Company, day, millionths};
use self::grids::{Grid, grids};
use self::kpis::{Figure, Fraction, figure};
use self::measures::{AGES, Key, Question, STAGES, Skips, bucket, group_of};
use crate::support::{Row, key, project, stdout, tidy};

/// Tables, and whether they count by the dates of the stages unless told otherwise.
const TABLES: [(&str, bool); 10] = [
    ("funnel", false),
    ("conversion", false),
    ("cost", true),
    ("channels", true),
    ("segments", false),
    ("owners", true),
    ("churn", true),
    ("service", true),
    ("open", false),
    ("own", true),
];
/// Those that are about leads created, whatever the basis of their table, and the one that is about closing.
const ALWAYS_COHORT: [&str; 7] =
    ["open", "open_value", "stuck", "stuck_share", "win_rate_created", "qualified_share", "coverage_leads"];
const ALWAYS_EVENT: [&str; 1] = ["win_rate_closed"];

/// The command line of a report, taken apart.
#[derive(Clone, Copy, Default)]
pub struct Asked<'a> {
    /// Option, label, first day, day after the last.
    pub period: Option<(&'a str, &'a str, &'a str, &'a str)>,
    pub basis: Option<&'a str>,
    pub filter: Option<(&'a str, &'a str)>,
    pub skips: Option<&'a str>,
    pub by: &'a [&'a str],
}

const FEBRUARY: (&str, &str, &str, &str) = ("--month", "2026-02", "2026-02-01", "2026-03-01");
const QUARTER: (&str, &str, &str, &str) = ("--quarter", "2026-Q1", "2026-01-01", "2026-04-01");
const NEXT_QUARTER: (&str, &str, &str, &str) = ("--quarter", "2026-Q2", "2026-04-01", "2026-07-01");

fn check_all(folder: &Path, fixed: Asked) {
    let company = Company::read(folder);
    for period in [None, Some(FEBRUARY), Some(QUARTER), Some(NEXT_QUARTER)] {
        for basis in [None, Some("cohort"), Some("event")] {
            check(folder, &company, &Asked { period, basis, ..fixed });
        }
    }
}

/// Compares a whole report with the oracle.
pub fn check(folder: &Path, company: &Company, asked: &Asked) {
    let mut arguments: Vec<String> = Vec::new();
    let mut option = |name: &str, value: String| arguments.extend([name.to_string(), value]);
    asked.period.into_iter().for_each(|(name, label, _, _)| option(name, label.to_string()));
    asked.basis.into_iter().for_each(|basis| option("--basis", basis.to_string()));
    asked.filter.into_iter().for_each(|(name, value)| option("--where", format!("{name}={value}")));
    asked.skips.into_iter().for_each(|skips| option("--skips", skips.to_string()));
    (!asked.by.is_empty()).then(|| option("--by", asked.by.join(",")));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let rows = tidy(folder, &arguments);
    let context = format!("in {} with {}", folder.display(), arguments.join(" "));
    let mut expected = expected_rows(company, asked);
    for row in &rows {
        let place = (row["table"].clone(), key(row), row["kpi"].clone());
        let Some((is_event, figure)) = expected.remove(&place) else {
            panic!("{place:?} is not expected {context}")
        };
        let label = asked.period.map_or("all", |(_, label, _, _)| label);
        assert_eq!(
            (row["period"].as_str(), row["as_of"].as_str()),
            (label, company.as_of.as_str()),
            "{context}"
        );
        assert_eq!(row["basis"], if is_event { "event" } else { "cohort" }, "{place:?} {context}");
        compare(row, &figure, &format!("{place:?} {context}"));
    }
    assert!(expected.is_empty(), "{context} lacks {:?}", expected.keys().next());
}

type Place = (String, Key, String);

/// All rows that the report should have: basis and figure by table, key and KPI.
fn expected_rows(company: &Company, asked: &Asked) -> BTreeMap<Place, (bool, Figure)> {
    let mut expected = BTreeMap::new();
    let questions = [false, true].map(|is_event| question(company, asked, is_event));
    let of_maturity = maturity::rows(&questions[0], &keys_of(company, asked.by));
    expected.extend(of_maturity.into_iter().map(|(place, figure)| (place, (false, figure))));
    for (table, is_event) in TABLES {
        let is_event = asked.basis.map_or(is_event, |basis| basis == "event");
        for grid in grids(table, company, asked, is_event) {
            let ask = |kpi: &str, key: &Key| {
                let is_of_cohort = ALWAYS_COHORT.contains(&kpi) || kpi.ends_with("_kaplan_meier");
                let is_event = (is_event || ALWAYS_EVENT.contains(&kpi)) && !is_of_cohort;
                let figure = figure(&questions[usize::from(is_event)], kpi, key, &grid.split);
                (is_event, figure.unwrap_or_else(|| panic!("the oracle does not know {kpi}")))
            };
            let total: Vec<_> = grid.kpis.iter().map(|kpi| ask(kpi, &Key::new())).collect();
            let keys = keys_of(company, &grid.split);
            let at_keys = keys.into_iter().filter(|key| !key.is_empty()).map(|key| {
                let figures: Vec<_> = grid.kpis.iter().map(|kpi| ask(kpi, &key)).collect();
                (key, figures)
            });
            let printed = at_keys.filter(|(_, figures)| figures.iter().any(|(_, figure)| figure.has_rows));
            let rows: Vec<(Key, Vec<(bool, Figure)>)> = printed.chain([(Key::new(), total)]).collect();
            if !is_worth_printing(&grid, rows.iter().flat_map(|(_, figures)| figures)) {
                continue;
            }
            for (key, figures) in rows {
                for (kpi, figure) in grid.kpis.iter().zip(figures) {
                    expected.entry((table.to_string(), key.clone(), kpi.clone())).or_insert(figure);
                }
            }
        }
    }
    expected
}

/// A grid of which nothing is known is left out, and so are the days between stages where no lead has both dates, and
/// the groups of reasons where nobody left.
fn is_worth_printing<'a>(grid: &Grid, figures: impl Iterator<Item = &'a (bool, Figure)>) -> bool {
    let is_of_days = |kpi: &String| {
        kpi.contains("_days_") || kpi.ends_with("_kaplan_meier") || kpi.starts_with("lifetime_")
    };
    let is_about_days = grid.kpis.iter().all(is_of_days);
    if grid.kpis.iter().any(|kpi| kpi == "ctr") {
        // what traffic costs is left out where there is no traffic; spend is there for the order alone
        let of_traffic = figures.zip(grid.kpis.iter().cycle()).filter(|(_, kpi)| *kpi != "spend");
        let mut values = of_traffic.filter_map(|((_, figure), _)| figure.value);
        return values.any(|value| value.above != 0);
    }
    let known = |figure: &Figure| figure.value.or(figure.numerator).or(figure.denominator);
    let mut known = figures.filter_map(|(_, figure)| known(figure));
    let is_optional = is_about_days
        || grid.split == ["churn_reason_group"]
        || grid.kpis.iter().any(|kpi| kpi == "open_value");
    known.any(|value| !is_optional || value.above != 0)
}

fn question<'a>(company: &'a Company, asked: &Asked, is_event: bool) -> Question<'a> {
    let known_day = |text: &str| day(text).expect("a period has two days");
    Question {
        company,
        is_event,
        skips: match asked.skips {
            Some("strict") => Skips::Strict,
            Some("any") => Skips::Any,
            _ => Skips::Imply,
        },
        period: asked.period.map(|(_, _, from, to)| (known_day(from), known_day(to))),
        filters: asked
            .filter
            .iter()
            .map(|(name, value)| ((*name).to_string(), (*value).to_string()))
            .collect(),
        allocation: RefCell::default(),
    }
}

/// Every key that a grid could have a row for.
fn keys_of(company: &Company, split: &[&str]) -> Vec<Key> {
    let mut keys = vec![Key::new()];
    for name in split {
        let mut values: BTreeSet<String> = ["(no leads)", "(not in CRM)", "(none)"].map(String::from).into();
        let of_leads = company.leads.iter().filter_map(|lead| lead.dimensions.get(name));
        let of_spend = company.spend.iter().filter_map(|row| row.dimensions.get(name));
        values.extend(of_leads.chain(of_spend).map(|value| bucket(value)));
        match *name {
            "churn_reason" => {
                values.extend(company.contracts.iter().map(|contract| bucket(&contract.reason)));
            }
            "churn_reason_group" => {
                values
                    .extend(company.contracts.iter().map(|contract| group_of(&contract.reason).to_string()));
            }
            "lost_reason" => values.extend(company.leads.iter().map(|lead| bucket(&lead.lost_reason))),
            "current_stage" => values.extend(STAGES.map(|(stage, _)| stage.to_string())),
            "open_for" => values.extend(AGES.map(String::from)),
            "kind" => values.extend(company.tickets.iter().map(|ticket| bucket(&ticket.kind))),
            _ => {}
        }
        let with = |key: &Key, value: &String| {
            let more = [((*name).to_string(), value.clone())];
            key.clone().into_iter().chain(more).collect::<Key>()
        };
        keys = keys.iter().flat_map(|key| values.iter().map(move |value| with(key, value))).collect();
    }
    keys
}

fn compare(row: &Row, figure: &Figure, place: &str) {
    assert_eq!(row["unit"], figure.unit, "{place}");
    for (column, fraction) in
        [("value", figure.value), ("numerator", figure.numerator), ("denominator", figure.denominator)]
    {
        let is_near = if figure.is_estimate && column == "value" { is_estimated } else { is_rounded };
        assert!(is_near(&row[column], fraction), "{place}: {column} is `{}`, not {fraction:?}", row[column]);
    }
    let limits = [
        ("ci_low", figure.interval.map(|limits| limits.0)),
        ("ci_high", figure.interval.map(|limits| limits.1)),
    ];
    for (column, limit) in limits {
        let is_near = match (row[column].parse::<f64>(), limit) {
            (Ok(printed), Some(limit)) => (printed - limit).abs() <= 1e-6,
            (Err(_), None) => row[column].is_empty(),
            _ => false,
        };
        assert!(is_near, "{place}: {column} is `{}`, not {limit:?}", row[column]);
    }
}

/// Whether a printed decimal is the nearest to a fraction with six decimals.
fn is_rounded(printed: &str, fraction: Option<Fraction>) -> bool {
    match (millionths(printed), fraction) {
        (None, None) => true,
        (Some(printed), Some(exact)) => {
            let error = printed * exact.below - exact.above * 1_000_000;
            2 * error.abs() <= exact.below
        }
        _ => false,
    }
}

/// Whether a printed decimal is as near as two ways of computing with floating point may differ.
fn is_estimated(printed: &str, fraction: Option<Fraction>) -> bool {
    match (printed.parse::<f64>(), fraction) {
        (Err(_), None) => printed.is_empty(),
        (Ok(printed), Some(exact)) => (printed - exact.above as f64 / exact.below as f64).abs() <= 2e-6,
        _ => false,
    }
}

#[test]
fn the_oracle_agrees_on_the_example() {
    check_all(&project().join("examples/b2b"), Asked::default());
}

#[test]
fn the_oracle_agrees_on_a_part_of_the_example() {
    for filter in [("channel", "ads"), ("campaign", "brand"), ("segment", "small"), ("channel", "(none)")] {
        check_all(&project().join("examples/b2b"), Asked { filter: Some(filter), ..Asked::default() });
    }
}

#[test]
fn the_oracle_agrees_by_dimensions_that_are_asked_for() {
    for by in [&["owner"][..], &["channel"], &["segment", "channel"], &["campaign", "owner"]] {
        check_all(&project().join("examples/b2b"), Asked { by, ..Asked::default() });
    }
}

#[test]
fn the_oracle_agrees_on_the_tiny_company_under_every_rule_of_skips() {
    for skips in ["imply", "strict", "any"] {
        check_all(&project().join("fixtures/tiny"), Asked { skips: Some(skips), ..Asked::default() });
    }
}

#[test]
fn json_says_what_csv_says() {
    let folder = project().join("examples/b2b");
    let text = stdout(&folder, &["report", "--format", "json", "--quiet"]);
    let report: serde_json::Value = serde_json::from_str(&text).expect("the report is JSON");
    assert_eq!(report["schema"], 1);
    let objects: Vec<BTreeMap<String, serde_json::Value>> =
        serde_json::from_value(report["rows"].clone()).expect("an array of objects");
    let rows = tidy(&folder, &[]);
    assert_eq!(objects.len(), rows.len());
    for (object, row) in objects.iter().zip(&rows) {
        assert_eq!(object.keys().collect::<Vec<_>>(), row.keys().collect::<Vec<_>>());
        for (name, cell) in row {
            let is_same = match &object[name] {
                serde_json::Value::Null => cell.is_empty(),
                serde_json::Value::Number(number) => cell.parse::<f64>().ok() == number.as_f64(),
                value => value == cell.as_str(),
            };
            assert!(is_same, "{name} is {} in JSON and `{cell}` in CSV: {row:?}", object[name]);
        }
    }
}
