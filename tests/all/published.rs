//! Figures that others published about real exports, reached without special cases.
//!
//! The exports lie beside the project (`../shared/data`, with the figures in its README) and are not part of it; where
//! they are absent these tests say so and pass.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::{Row, project, shown, stderr, stdout, tidy};

/// The folder of an export, if it is there.
pub fn data(name: &str) -> Option<PathBuf> {
    let folder = project().join("../shared/data").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: ../shared/data is absent");
    None
}

/// A folder with a configuration in which `DATA` stands for the folder of the export.
fn configured(data: &Path, configuration: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder for the configuration");
    let path = data.to_str().expect("the project lies in a folder with a UTF-8 name");
    let text = configuration.replace("DATA", path);
    std::fs::write(folder.path().join("funnel.toml"), text).expect("the folder was just made");
    folder
}

/// The line of a report as text that begins with a label and has these cells in this order.
fn has_line(text: &str, label: &str, cells: &[&str]) -> bool {
    let rests = text.lines().filter_map(|line| line.strip_prefix(label));
    rests.filter(|rest| rest.starts_with(' ')).any(|rest| {
        let mut words = rest.split_whitespace();
        cells.iter().all(|cell| words.any(|word| word == *cell))
    })
}

/// The raw value that a JSON report has for a KPI at a place.
fn json_value(folder: &Path, table: &str, dimension: &str, value: &str, kpi: &str) -> serde_json::Value {
    let text = stdout(folder, &["report", table, "--by", dimension, "--format", "json", "--quiet"]);
    let report: serde_json::Value = serde_json::from_str(&text).expect("the report is JSON");
    let rows = report["rows"].as_array().expect("the report has rows").clone();
    let mut found = rows.into_iter().filter(|row| row[dimension] == value && row["kpi"] == kpi);
    found.next().unwrap_or_else(|| panic!("no `{kpi}` at {dimension}={value}"))
}

const OLIST: &str = r#"
stages = ["mql", "won"]
SETTING
[[crm]]
files = ["DATA/olist_marketing_qualified_leads_dataset.csv"]
[crm.columns]
lead_id = "mql_id"
mql_at = "first_contact_date"
channel = "origin"

[[crm]]
files = ["DATA/olist_closed_deals_dataset.csv"]
[crm.columns]
lead_id = "mql_id"
won_at = "won_date"
"#;

/// Origin, won, MQLs, percent.
const OLIST_ORIGINS: [(&str, u32, u32, &str); 11] = [
    ("(none)", 14, 60, "23.33"),
    ("unknown", 179, 1_099, "16.29"),
    ("paid_search", 195, 1_586, "12.30"),
    ("organic_search", 271, 2_296, "11.80"),
    ("direct_traffic", 56, 499, "11.22"),
    ("referral", 24, 284, "8.45"),
    ("social", 75, 1_350, "5.56"),
    ("display", 6, 118, "5.08"),
    ("other_publicities", 3, 65, "4.62"),
    ("email", 15, 493, "3.04"),
    ("other", 4, 150, "2.67"),
];

/// The folder of the export of leads, with a setting.
pub fn olist(setting: &str) -> Option<TempDir> {
    data("olist").map(|folder| configured(&folder, &OLIST.replace("SETTING", setting)))
}

fn grouped(number: u32) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", number / 1_000, number % 1_000) }
}

#[test]
fn olist_wins_by_origin_in_csv_json_and_text() {
    let Some(folder) = olist("") else { return };
    let rows = tidy(folder.path(), &["conversion", "--by", "channel"]);
    let text = stdout(folder.path(), &["report", "conversion", "--by", "channel", "--quiet"]);
    for (origin, won, leads, percent) in OLIST_ORIGINS {
        let place = format!("channel={origin}");
        let cell = shown(&rows, "conversion", &place, "mql_to_won");
        let (value, parts) = cell.split_once(" = ").expect("a share has its parts");
        assert_eq!(parts, format!("{won}/{leads}"), "{origin}");
        let share: f64 = value.parse().expect("a share is a number");
        assert_eq!(format!("{:.2}", share * 100.0), percent, "{origin}");
        let row = json_value(folder.path(), "conversion", "channel", origin, "mql_to_won");
        assert_eq!((&row["numerator"], &row["denominator"]), (&won.into(), &leads.into()), "{origin}");
        assert_eq!(row["value"], share, "{origin}");
        assert!(
            has_line(&text, origin, &[&grouped(leads), &won.to_string(), percent]),
            "{origin} in\n{text}"
        );
    }
    // 10.525% is an exact half: no way of rounding may turn it into another figure
    assert_eq!(shown(&rows, "conversion", "", "mql_to_won"), "0.10525 = 842/8000");
    assert!(has_line(&text, "Total", &["8,000", "842", "10.525"]), "{text}");
}

#[test]
fn olist_days_with_and_without_the_negative_one() {
    let days = |setting: &str, origin: &str| {
        let folder = olist(setting)?;
        let rows = tidy(folder.path(), &["conversion", "--by", "channel"]);
        Some(shown(&rows, "conversion", &format!("channel={origin}"), "mql_to_won_days_mean"))
    };
    // the published means average the deal that was won before its first contact
    for (origin, mean) in [
        ("paid_search", "56.6 = 11037/195"),
        ("organic_search", "50 = 13550/271"),
        ("social", "60.96 = 4572/75"),
    ] {
        let Some(found) = days("negative_days = \"include\"", origin) else { return };
        assert_eq!(found, mean, "{origin}");
    }
    // by default it is left out: 13,550 + 2 days over 270 deals
    assert_eq!(days("", "organic_search").as_deref(), Some("50.192593 = 13552/270"));
    assert_eq!(days("", "paid_search").as_deref(), Some("56.6 = 11037/195"));
}

#[test]
fn olist_shows_the_published_means_as_text_and_locates_the_data_error() {
    let Some(folder) = olist("negative_days = \"include\"") else { return };
    let text = stdout(folder.path(), &["report", "conversion", "--by", "channel", "--quiet"]);
    for (origin, mean) in [("paid_search", "56.6"), ("organic_search", "50.0"), ("social", "61.0")] {
        assert!(has_line(&text, origin, &[mean]), "{origin} in\n{text}");
    }
    let said = stderr(folder.path(), &["report", "--format", "csv"]);
    let found =
        said.lines().find(|line| line.contains("won dated before an earlier stage")).expect("it is told");
    assert!(found.contains(": 1 (") && found.contains("olist_closed_deals_dataset.csv:669"), "{found}");
    assert!(!found.contains("not in the days"), "the setting puts it in: {found}");
}

#[test]
fn olist_cohort_of_may() {
    let Some(folder) = olist("") else { return };
    let rows = tidy(folder.path(), &["conversion", "--month", "2018-05"]);
    assert_eq!(shown(&rows, "conversion", "", "mql_to_won"), "0.09977 = 130/1303");
    assert!(rows.iter().all(|row| row["as_of"] == "2018-11-14" && row["basis"] == "cohort"));
}

/// The cohort of May 2018: for each MQL its day and, where it was won, the days that took; read without the program.
fn olist_may() -> Option<Vec<(i64, Option<i64>)>> {
    let folder = data("olist")?;
    let day = |text: &str| {
        let date: chrono::NaiveDate = text[..10].parse().expect("the export has ISO dates");
        (date - chrono::NaiveDate::default()).num_days()
    };
    let column = |file: &str, name: &str| -> Vec<(String, String)> {
        let mut reader = csv::Reader::from_path(folder.join(file)).expect("the export is there");
        let rows = reader.deserialize::<Row>().map(|row| row.expect("the export has whole rows"));
        rows.map(|row| (row["mql_id"].clone(), row[name].clone())).collect()
    };
    let won: std::collections::BTreeMap<String, i64> = column("olist_closed_deals_dataset.csv", "won_date")
        .into_iter()
        .map(|(id, date)| (id, day(&date)))
        .collect();
    let created = column("olist_marketing_qualified_leads_dataset.csv", "first_contact_date");
    let may = created.into_iter().filter(|(_, date)| date.starts_with("2018-05"));
    Some(may.map(|(id, date)| (day(&date), won.get(&id).map(|won| won - day(&date)))).collect())
}

#[test]
fn olist_cohort_of_may_with_its_maturity() {
    let (Some(folder), Some(may)) = (olist("[window]\nmql_to_won = \"180d\"\n"), olist_may()) else { return };
    let rows = tidy(folder.path(), &["funnel", "--month", "2018-05"]);
    assert!(rows.iter().all(|row| row["as_of"] == "2018-11-14" && row["basis"] == "cohort"));
    // 180 days before the last day of the data is 18 May: who came later cannot be judged yet
    let as_of = "2018-11-14".parse::<chrono::NaiveDate>().expect("a date") - chrono::NaiveDate::default();
    let is_mature = |created: i64| created + 180 <= as_of.num_days();
    let mature: Vec<_> = may.iter().filter(|(created, _)| is_mature(*created)).collect();
    let in_time = |days: &Option<i64>| days.is_some_and(|days| days <= 180);
    let all_in_time = may.iter().filter(|(_, days)| in_time(days)).count();
    let mature_in_time = mature.iter().filter(|(_, days)| in_time(days)).count();
    assert_eq!((may.len(), may.iter().filter(|(_, days)| days.is_some()).count()), (1_303, 130));
    assert!(mature.len() < may.len());
    let parts = |kpi: &str| {
        let shown = shown(&rows, "funnel", "", kpi);
        shown.split_once(" = ").map(|(_, parts)| parts.to_string()).expect("it has parts")
    };
    assert_eq!(parts("mql_to_won"), format!("{all_in_time}/1303"));
    assert_eq!(parts("mql_to_won_mature"), format!("{mature_in_time}/{}", mature.len()));
    assert_eq!(parts("mql_to_won_mature_share"), format!("{}/1303", mature.len()));
    let young = may.iter().filter(|(created, days)| !is_mature(*created) && days.is_none()).count();
    assert_eq!(shown(&rows, "funnel", "", "mql_to_won_young"), young.to_string());
    // Kaplan–Meier over the plain list: nobody is known to be lost, so all others may still come
    let times: Vec<(i64, bool)> = may
        .iter()
        .filter(|(_, days)| days.is_none_or(|days| days >= 0))
        .map(|(created, days)| days.map_or((as_of.num_days() - created, false), |days| (days, true)))
        .collect();
    let mut left = 1.0;
    for day in 0..=200 {
        let at_risk = times.iter().filter(|(days, _)| *days >= day).count().max(1);
        left *= 1.0 - times.iter().filter(|time| **time == (day, true)).count() as f64 / at_risk as f64;
    }
    let row = rows.iter().find(|row| row["kpi"] == "mql_to_won_kaplan_meier").expect("it is printed");
    let printed: f64 = row["value"].parse().expect("a share is a number");
    assert!((printed - (1.0 - left)).abs() < 1e-5, "{printed} instead of {}", 1.0 - left);
    // without a window the raw share stays what it was
    let Some(folder) = olist("") else { return };
    let rows = tidy(folder.path(), &["funnel", "--month", "2018-05"]);
    assert_eq!(shown(&rows, "funnel", "", "mql_to_won"), "0.09977 = 130/1303");
    assert_eq!(shown(&rows, "funnel", "", "mql_to_won_dropped"), "1173");
}

const MAVEN: &str = r#"
stages = ["lead", "won"]
[[crm]]
files = ["DATA/sales_pipeline.csv"]
[crm.columns]
lead_id = "opportunity_id"
lead_at = "engage_date"
stage = "deal_stage"
closed_at = "close_date"
owner = "sales_agent"
product = "product"
amount = "close_value"
[crm.stages]
"Prospecting" = "lead"
"Engaging" = "lead"
"Won" = "won"
"Lost" = "lost"

[[lookup]]
files = ["DATA/sales_teams.csv"]
key = { owner = "sales_agent" }
columns = { manager = "manager" }

[[lookup]]
files = ["DATA/products.csv"]
key = { product = "product" }
columns = { series = "series" }
"#;

/// The folder of the export of deals.
pub fn maven() -> Option<TempDir> {
    data("maven").map(|folder| configured(&folder, MAVEN))
}

fn percent(rows: &[Row], place: &str) -> String {
    let cell = shown(rows, "owners", place, "win_rate_closed");
    let share: f64 =
        cell.split(' ').next().and_then(|share| share.parse().ok()).expect("a share is a number");
    format!("{:.2}", share * 100.0)
}

#[test]
fn maven_outcomes_and_win_rates_of_agents() {
    let Some(folder) = maven() else { return };
    let rows = tidy(folder.path(), &["owners"]);
    // open: 1,589 engaging and 500 prospecting, who have no date at all
    for (kpi, value) in [
        ("won", "4238"),
        ("lost", "2473"),
        ("open", "2089"),
        ("revenue", "10005534"),
        ("win_rate_closed", "0.631501 = 4238/6711"),
        ("win_rate_created", "0.481591 = 4238/8800"),
    ] {
        assert_eq!(shown(&rows, "owners", "", kpi), value);
    }
    assert_eq!(shown(&rows, "owners", "owner=Hayden Neloms", "win_rate_closed"), "0.703947 = 107/152");
    assert_eq!(shown(&rows, "owners", "owner=Darcel Schlecht", "revenue"), "1153214");
    let agents = [("Hayden Neloms", "70.39"), ("Maureen Marcano", "69.95"), ("Wilburn Farren", "69.62")];
    for (agent, rate) in agents {
        assert_eq!(percent(&rows, &format!("owner={agent}")), rate, "{agent}");
    }
    assert!(rows.iter().all(|row| row["as_of"] == "2017-12-31"));
    let text = stdout(folder.path(), &["report", "owners", "--quiet"]);
    assert!(has_line(&text, "Hayden Neloms", &["70.39", "152"]), "{text}");
    assert!(has_line(&text, "Total", &["4,238", "2,473", "2,089", "10,005,534.00"]), "{text}");
}

#[test]
fn maven_win_rates_of_managers_through_a_lookup() {
    let Some(folder) = maven() else { return };
    let rows = tidy(folder.path(), &["owners", "--by", "manager"]);
    for (manager, rate) in [
        ("Cara Losch", "64.43"),
        ("Summer Sewald", "64.34"),
        ("Celia Rouche", "63.41"),
        ("Dustin Brinkmann", "62.98"),
        ("Melvin Marxen", "62.20"),
        ("Rocco Neubert", "62.08"),
    ] {
        assert_eq!(percent(&rows, &format!("manager={manager}")), rate, "{manager}");
    }
}

/// What a plain loop over both files counts, for a dimension that only another file has.
#[test]
fn maven_sectors_are_looked_up_in_the_accounts() {
    let Some(data) = data("maven") else { return };
    let records = |name: &str| -> Vec<BTreeMap<String, String>> {
        let reader = csv::Reader::from_path(data.join(name)).expect("the export is there");
        reader.into_deserialize().collect::<Result<_, _>>().expect("the export is CSV")
    };
    let sectors: BTreeMap<String, String> = records("accounts.csv")
        .into_iter()
        .map(|account| (account["account"].clone(), account["sector"].clone()))
        .collect();
    let mut counted: BTreeMap<&str, (u64, u64, i64)> = BTreeMap::new();
    let deals = records("sales_pipeline.csv");
    for deal in &deals {
        let sector = sectors.get(&deal["account"]).map_or("(none)", String::as_str);
        let (won, closed, revenue) = counted.entry(sector).or_default();
        *won += u64::from(deal["deal_stage"] == "Won");
        *closed += u64::from(["Won", "Lost"].contains(&deal["deal_stage"].as_str()));
        *revenue += deal["close_value"].parse::<i64>().unwrap_or(0);
    }
    let lookup = "amount = \"close_value\"\naccount = \"account\"";
    let settings = MAVEN.replace("amount = \"close_value\"", lookup)
        + "[[lookup]]\nfiles = [\"DATA/accounts.csv\"]\nkey = { account = \"account\" }\ncolumns = { sector = \"sector\" }\n";
    let folder = configured(&data, &settings);
    let rows = tidy(folder.path(), &["segments", "--by", "sector"]);
    assert_eq!(counted.len(), 11, "ten sectors, and deals without an account");
    for (sector, (won, closed, revenue)) in counted.into_iter().filter(|(_, (_, closed, _))| *closed > 0) {
        let place = format!("sector={sector}");
        let rate = shown(&rows, "segments", &place, "win_rate_closed");
        assert_eq!(
            rate.split_once(" = ").map(|(_, parts)| parts),
            Some(format!("{won}/{closed}").as_str()),
            "{sector}"
        );
        assert_eq!(shown(&rows, "segments", &place, "revenue"), revenue.to_string(), "{sector}");
    }
}

#[test]
fn maven_keeps_and_tells_what_a_join_would_lose() {
    let Some(folder) = maven() else { return };
    let said = stderr(folder.path(), &["report", "--format", "csv"]);
    let line = |what: &str| {
        said.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("`{what}` in\n{said}"))
    };
    let idle = line("that no lead has");
    assert!(idle.contains("`owner`") && idle.contains(": 5 ("), "{idle}");
    let unknown = line("leads whose `product` is not in");
    assert!(unknown.contains(": 1,480 (`GTXPro`)"), "{unknown}");
    // the 729 won deals of GTXPro stay, in a series of their own
    let rows = tidy(folder.path(), &["owners", "--by", "series"]);
    assert_eq!(shown(&rows, "owners", "series=(none)", "won"), "729");
    assert_eq!(shown(&rows, "owners", "", "won"), "4238");
}

#[test]
fn maven_open_deals_by_stage() {
    let Some(data) = data("maven") else { return };
    let stages = MAVEN
        .replace("\"lead\", \"won\"", "\"lead\", \"opportunity\", \"won\"")
        .replace("lead_at = \"engage_date\"", "opportunity_at = \"engage_date\"")
        .replace("\"Engaging\" = \"lead\"", "\"Engaging\" = \"opportunity\"");
    let rows = tidy(configured(&data, &stages).path(), &["open"]);
    let at = |stage: &str| {
        let wanted = |row: &&Row| row["current_stage"] == stage && row["kpi"] == "open";
        rows.iter().find(wanted).map(|row| row["value"].as_str())
    };
    assert_eq!((at("opportunity"), at("lead")), (Some("1589"), Some("500")));
}

const RAVENSTACK: &str = r#"
currency = "USD"
stages = ["lead", "won"]
[[crm]]
files = ["DATA/ravenstack_accounts.csv"]
[crm.columns]
lead_id = "account_id"
lead_at = "signup_date"
churn_flag = "churn_flag"

[[contracts]]
files = ["DATA/ravenstack_subscriptions.csv"]
[contracts.columns]
lead_id = "account_id"
started_at = "start_date"
churned_at = "end_date"
mrr = "mrr_amount"

[[tickets]]
files = ["DATA/ravenstack_churn_events.csv"]
[tickets.columns]
ticket_id = "churn_event_id"
lead_id = "account_id"
opened_at = "churn_date"

[measure.churn_events]
over = "tickets"
count = "true"
[measure.left_once]
count = "churn_events > 0"
[measure.flagged]
count = "churn_flag = 'True'"
[kpi.churn_by_event]
title = "Accounts with any churn event"
ratio = ["left_once", "created"]
unit = "share"
[kpi.churn_by_flag]
title = "Accounts by flag"
ratio = ["flagged", "created"]
unit = "share"
"#;

#[test]
fn ravenstack_three_churn_rates() {
    let Some(data) = data("ravenstack") else { return };
    let folder = configured(&data, RAVENSTACK);
    let rows = tidy(folder.path(), &["churn"]);
    for (kpi, value) in [
        ("contracts", "5000"),
        ("contracts_churned", "486"),
        ("churned_share", "0.0972 = 486/5000"),
        ("mrr", "11338747"),
        ("mrr_churned", "1179139"),
    ] {
        assert_eq!(shown(&rows, "churn", "", kpi), value);
    }
    // with reactivations there are more events than accounts that had one
    assert_eq!(shown(&tidy(folder.path(), &["service"]), "service", "", "tickets"), "600");
    let text = stdout(folder.path(), &["report", "churn", "--quiet"]);
    assert!(has_line(&text, "", &["5,000", "486", "9.72", "11,338,747.00", "1,179,139.00"]), "{text}");
    for (kpi, value, above, below) in
        [("churn_by_flag", "22.00 %", "110", "500"), ("churn_by_event", "70.40 %", "352", "500")]
    {
        let text = stdout(folder.path(), &["explain", kpi, "--quiet"]);
        for (label, cell) in [("value", value), ("numerator", above), ("denominator", below)] {
            let is_there =
                |line: &str| line.trim().strip_prefix(label).is_some_and(|rest| rest.trim() == cell);
            assert!(text.lines().any(is_there), "{kpi}: {label} {cell} in\n{text}");
        }
    }
}
