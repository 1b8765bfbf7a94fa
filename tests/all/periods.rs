//! Several periods, one beside another, and what was to be reached: each number against reports of the single periods, which
//! the oracle holds, against figures made by hand, or against a computation of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::{Row, key, parse, project, run, tidy};

fn fixture() -> PathBuf {
    project().join("fixtures/targets")
}

type Place = (String, String, BTreeMap<String, String>, String);

fn place(row: &Row) -> Place {
    (row["table"].clone(), row["period"].clone(), key(row), row["kpi"].clone())
}

fn by_place(rows: Vec<Row>) -> BTreeMap<Place, Row> {
    let count = rows.len();
    let rows: BTreeMap<Place, Row> = rows.into_iter().map(|row| (place(&row), row)).collect();
    assert_eq!(rows.len(), count, "each value stands once");
    rows
}

/// The rows of a report, whatever its exit code.
fn rows_of(folder: &Path, arguments: &[&str]) -> Vec<Row> {
    let all = [&["report", "--format", "csv", "--quiet"], arguments].concat();
    parse(&String::from_utf8(run(folder, &all, None).stdout).expect("the report is UTF-8"))
}

/// The Wilson interval and the Newcombe interval of a difference, written down a second time from the papers.
pub fn newcombe(one: (f64, f64), other: (f64, f64)) -> (f64, f64) {
    let z = 1.959_963_984_540_054_f64;
    let wilson = |(successes, n): (f64, f64)| {
        let p = successes / n;
        let root = z * (z * z + 4.0 * n * p * (1.0 - p)).sqrt();
        let middle = 2.0 * n * p + z * z;
        let below = 2.0 * (n + z * z);
        ((middle - root) / below, (middle + root) / below)
    };
    let ((l1, u1), (l2, u2)) = (wilson(one), wilson(other));
    let (p1, p2) = (one.0 / one.1, other.0 / other.1);
    let low = p1 - p2 - ((p1 - l1).powi(2) + (u2 - p2).powi(2)).sqrt();
    let high = p1 - p2 + ((u1 - p1).powi(2) + (p2 - l2).powi(2)).sqrt();
    (low, high)
}

fn number(row: &Row, column: &str) -> Option<f64> {
    row[column].parse().ok()
}

fn assert_near(row: &Row, column: &str, expected: Option<f64>) {
    let is_near = match (number(row, column), expected) {
        (None, None) => true,
        (Some(printed), Some(expected)) => (printed - expected).abs() < 2e-6 * expected.abs().max(1.0),
        _ => false,
    };
    assert!(is_near, "{column} is `{}`, not {expected:?}: {row:?}", row[column]);
}

/// Each row of a comparison against the reports of the two periods.
fn check_comparison(folder: &Path, period: [&str; 4], before: [&str; 4], kind: &str, by: &[&str]) {
    let single = |period: [&str; 4]| {
        let labelled = rows_of(folder, &[&period[..], by].concat());
        labelled.into_iter().map(|row| ((row["table"].clone(), key(&row), row["kpi"].clone()), row)).collect()
    };
    let now: BTreeMap<_, Row> = single(period);
    let earlier: BTreeMap<_, Row> = single(before);
    let compared = rows_of(folder, &[&period[..], &["--compare", kind], by].concat());
    let label = now.values().next().expect("the report has rows")["period"].clone();
    let mut found = 0;
    for row in compared.iter().filter(|row| row["period"] == label) {
        let place = (row["table"].clone(), key(row), row["kpi"].clone());
        if let Some(plain) = now.get(&place) {
            found += 1;
            for (column, cell) in plain {
                assert_eq!(&row[column], cell, "{column} of {place:?}");
            }
        }
        let previous = earlier.get(&place);
        if let Some(previous) = previous {
            assert_eq!(row["previous"], previous["value"], "{place:?}");
        }
        let values = number(row, "value").zip(number(row, "previous"));
        assert_near(row, "change", values.map(|(value, previous)| value - previous));
        let percent = values.filter(|(_, previous)| row["unit"] != "share" && *previous > 0.0);
        assert_near(row, "change_percent", percent.map(|(value, previous)| 100.0 * (value / previous - 1.0)));
        let trials = |row: &Row| {
            number(row, "ci_low")?;
            number(row, "numerator").zip(number(row, "denominator"))
        };
        let sides = trials(row).zip(previous.and_then(trials));
        let difference = sides.map(|(one, other)| newcombe(one, other));
        assert_near(row, "difference_low", difference.map(|limits| limits.0));
        assert_near(row, "difference_high", difference.map(|limits| limits.1));
        let is_significant = sides
            .zip(difference)
            .map(|((one, other), (low, high))| one.1 >= 30.0 && other.1 >= 30.0 && (low > 0.0 || high < 0.0));
        assert_eq!(
            row["significant"],
            is_significant.map(|is| is.to_string()).unwrap_or_default(),
            "{row:?}"
        );
    }
    assert_eq!(found, now.len(), "every row of the period is there");
    let others: Vec<&Row> = compared.iter().filter(|row| row["period"] != label).collect();
    let others = others.iter().filter(|row| {
        let plain = earlier.get(&(row["table"].clone(), key(row), row["kpi"].clone()));
        assert!(row["previous"].is_empty() && row["change"].is_empty(), "{row:?}");
        plain.is_some_and(|plain| plain.iter().all(|(column, cell)| &row[column] == cell))
    });
    assert_eq!(others.count(), earlier.len(), "so is every row of the period before");
}

#[test]
fn a_comparison_is_two_reports_and_their_differences() {
    let b2b = project().join("examples/b2b");
    let quarter = ["--from", "2026-01-11", "--to", "2026-03-01"];
    for by in [&[][..], &["--by", "channel"], &["--by", "owner,segment"], &["--basis", "event"]] {
        let (march, february) =
            (["--from", "2026-03-01", "--to", "2026-04-01"], ["--from", "2026-01-29", "--to", "2026-03-01"]);
        // March has 31 days, and so has the span before it
        check_comparison(&b2b, march, february, "previous", by);
        let before = ["--from", "2025-11-23", "--to", "2026-01-11"];
        check_comparison(&fixture(), quarter, before, "previous", &without_targets(by));
    }
}

/// The options of the fixture without its targets; it has no segments.
fn without_targets<'a>(by: &[&'a str]) -> Vec<&'a str> {
    let by = by.iter().map(|word| if *word == "owner,segment" { "owner,channel" } else { *word });
    by.chain(["--crm", "leads.csv"]).collect()
}

#[test]
fn the_published_difference_is_reached_from_a_file() {
    // 56 of 70 leads of February became MQLs and 48 of 80 of January: the example of Newcombe's paper. The lower limit is
    // 0.0524314…, for which tables have 0.052432 or, in four decimals, 0.0524
    let rows = by_place(rows_of(&fixture(), &["conversion", "--month", "2026-02", "--compare", "previous"]));
    let at = |period: &str, kpi: &str| {
        &rows[&("conversion".to_string(), period.to_string(), BTreeMap::new(), kpi.to_string())]
    };
    let row = at("2026-02", "lead_to_mql");
    let cells = ["value", "previous", "change", "difference_low", "difference_high", "significant"];
    let cells = cells.map(|column| row[column].as_str());
    assert_eq!(cells, ["0.8", "0.6", "0.2", "0.052431", "0.333873", "true"]);
    assert_eq!(row["change_percent"], "", "shares change in points");
    assert_eq!(at("2026-01", "lead_to_mql")["value"], "0.6");
    // 70 against 80 leads: 10 fewer, an eighth
    let leads = at("2026-02", "leads");
    assert_eq!((leads["change"].as_str(), leads["change_percent"].as_str()), ("-10", "-12.5"));
}

#[test]
fn under_thirty_nothing_is_marked() {
    // by owner and channel 20 and 20, 20 and 15 leads: 8 of 40 against 16 of 30 is a difference, halved it is not marked
    let marks = |by: &str| -> Vec<String> {
        let arguments = ["conversion", "--month", "2026-02", "--compare", "previous", "--by", by];
        let rows = rows_of(&fixture(), &arguments);
        let wanted = |row: &&Row| {
            row["period"] == "2026-02" && row["kpi"] == "lead_to_mql" && row["channel"] == "fair"
        };
        rows.iter().filter(wanted).map(|row| row["significant"].clone()).collect()
    };
    assert_eq!(marks("channel"), ["true"]);
    assert_eq!(marks("owner,channel"), ["false", "false"]);
}

#[test]
fn rows_are_marked_against_the_rest_of_their_total() {
    let text = |arguments: &[&str]| {
        let all = [&["report", "conversion", "--quiet", "--config", "funnel.toml"], arguments].concat();
        String::from_utf8(run(&fixture(), &all, None).stdout).expect("the report is UTF-8")
    };
    // ads 81 of 81, fair 24 of 71: what is the rest of one is the other
    let by_channel = text(&["--by", "channel"]);
    assert!(by_channel.contains("* 100.00") && by_channel.contains("* 33.80"), "{by_channel}");
    assert!(by_channel.contains("differs from the rest of its"));
    // Anna and Boris share the leads evenly
    let by_owner = text(&["--by", "owner"]);
    assert!(!by_owner.contains('*'), "{by_owner}");
}

#[test]
fn each_column_is_the_report_of_its_period() {
    for folder in [project().join("examples/b2b"), project().join("fixtures/tiny"), fixture()] {
        for (every, span) in [
            ("month", ["--from", "2026-01-01", "--to", "2026-04-01"]),
            ("quarter", ["--from", "2025-10-01", "--to", "2026-04-01"]),
            ("week", ["--from", "2026-01-15", "--to", "2026-03-04"]),
            ("year", ["--from", "2025-01-01", "--to", "2027-01-01"]),
        ] {
            let is_fixture = folder == fixture();
            let inputs = if is_fixture { vec!["--crm", "leads.csv"] } else { Vec::new() };
            let tables = [&["conversion", "segments"], &inputs[..]].concat();
            let all = rows_of(&folder, &[&tables[..], &span, &["--every", every]].concat());
            let mut labels: Vec<&str> = Vec::new();
            for row in &all {
                if !labels.contains(&row["period"].as_str()) {
                    labels.push(&row["period"]);
                }
            }
            assert!(!labels.is_empty(), "{every}");
            let all = by_place(all.clone());
            for label in labels {
                let days = days_of(label);
                let single = rows_of(&folder, &[&tables[..], &["--from", &days.0, "--to", &days.1]].concat());
                for mut row in single {
                    row.insert("period".to_string(), label.to_string());
                    assert_eq!(all.get(&place(&row)), Some(&row), "{every} in {}", folder.display());
                }
            }
        }
    }
}

/// First day and the day after the last of the periods that the test asks for, by a table and not by the program.
fn days_of(label: &str) -> (String, String) {
    let known = [
        ("2026-01", "2026-01-01", "2026-02-01"),
        ("2026-02", "2026-02-01", "2026-03-01"),
        ("2026-03", "2026-03-01", "2026-04-01"),
        ("2025-Q4", "2025-10-01", "2026-01-01"),
        ("2026-Q1", "2026-01-01", "2026-04-01"),
        ("2025", "2025-01-01", "2026-01-01"),
        ("2026", "2026-01-01", "2027-01-01"),
        // Mondays of 2026: 19 January is that of the fourth week
        ("2026-W04", "2026-01-19", "2026-01-26"),
        ("2026-W05", "2026-01-26", "2026-02-02"),
        ("2026-W06", "2026-02-02", "2026-02-09"),
        ("2026-W07", "2026-02-09", "2026-02-16"),
        ("2026-W08", "2026-02-16", "2026-02-23"),
        ("2026-W09", "2026-02-23", "2026-03-02"),
        ("2026-01-15..2026-01-19", "2026-01-15", "2026-01-19"),
        ("2026-03-02..2026-03-04", "2026-03-02", "2026-03-04"),
    ];
    let (_, from, to) = known.iter().find(|(known, ..)| *known == label).unwrap_or_else(|| panic!("{label}"));
    ((*from).to_string(), (*to).to_string())
}

#[test]
fn the_tidy_columns_stay() {
    let folder = project().join("examples/b2b");
    let header = |arguments: &[&str]| {
        let all = [&["report", "conversion", "--format", "csv", "--quiet"], arguments].concat();
        let text = String::from_utf8(run(&folder, &all, None).stdout).expect("the report is UTF-8");
        text.lines().next().unwrap_or_default().to_string()
    };
    let fixed =
        "table,period,basis,as_of,report_currency,kpi,value,unit,numerator,denominator,ci_low,ci_high";
    assert_eq!(header(&[]), fixed);
    assert_eq!(header(&["--every", "month"]), fixed);
    let compared = header(&["--every", "month", "--compare", "previous"]);
    let more = "previous,change,change_percent,difference_low,difference_high,significant";
    assert_eq!(compared, format!("{fixed},{more}"));
}

#[test]
fn the_north_star_grows_column_by_column() {
    // won in January 8, in February 10, in March 1: 2/8 and −9/10
    let rows = by_place(rows_of(&fixture(), &["own", "--every", "month"]));
    let growth = |period: &str| {
        let place = ("own".to_string(), period.to_string(), BTreeMap::new(), "north_star_growth".to_string());
        let row = &rows[&place];
        ["value", "numerator", "denominator"].map(|column| row[column].clone()).join(" ")
    };
    assert_eq!([growth("2026-01"), growth("2026-02"), growth("2026-03")], ["  ", "0.25 2 8", "-0.9 -9 10"]);
}

#[test]
fn every_target_has_its_verdict() {
    // by hand: MQLs 48/80, 56/70, 1/2; won 8, 10, 1 (10 and 5 + 5 by owner); on 10 March 10 of 31 days have passed, so
    // that 3 won are 0.97 by now and 62 leads 20; 19 of 152 leads were won: 12.5%
    let output = run(&fixture(), &["report", "plan", "--format", "csv", "--quiet"], None);
    assert_eq!(output.status.code(), Some(3));
    let rows = parse(&String::from_utf8(output.stdout).expect("the report is UTF-8"));
    let verdicts: Vec<String> = rows
        .iter()
        .filter(|row| !row["target_status"].is_empty())
        .map(|row| {
            let cells = ["period", "owner", "channel", "kpi", "value", "target", "target_status"];
            cells.map(|column| row[column].as_str()).join(" ").replace("(total) ", "")
        })
        .collect();
    assert_eq!(
        verdicts,
        [
            "2026-01 lead_to_mql 0.6 0.65 missed",
            "2026-02 lead_to_mql 0.8 0.65 met",
            "2026-03 lead_to_mql 0.5 0.65 missed",
            "all lead_to_won 0.125 0.1 warned",
            "all fair lead_to_mql 0.338028 0.9 met",
            "2026-01 won 8 8 met",
            "2026-Q1 lead_to_won 0.125 0.125 met",
            "2026-02 won 10 12 missed",
            "2026-03 leads 2 62 behind",
            "2026-03 won 1 3 on_pace",
            "2026-02 Anna won 5 4 met",
            "2026-02 Boris won 5 6 missed",
        ]
    );
    let shown = |kpi: &str, period: &str| {
        let row = rows.iter().find(|row| row["kpi"] == kpi && row["period"] == period);
        row.map(|row| row["value"].clone()).unwrap_or_default()
    };
    assert_eq!(
        [shown("won_plan", "2026-02"), shown("won_attainment", "2026-02"), shown("won_pace", "2026-02")],
        ["12", "0.833333", ""]
    );
    assert_eq!([shown("leads_pace", "2026-03"), shown("won_pace", "2026-03")], ["20", "0.967742"]);
}

#[test]
fn what_is_not_shown_is_not_judged() {
    // the days of a funnel are under no target, and under a filter the total is another one
    let code = |arguments: &[&str]| {
        run(&fixture(), &[&["report", "--quiet"], arguments].concat(), None).status.code()
    };
    assert_eq!(code(&["conversion"]), Some(3));
    assert_eq!(code(&["conversion", "--where", "channel=fair"]), Some(0));
    assert_eq!(code(&["own", "--month", "2026-01"]), Some(0));
}

#[test]
fn a_file_a_table_holds_all_periods() {
    let folder = tempfile::tempdir().expect("a folder for the files");
    let place = folder.path().to_str().expect("a temporary folder has a name");
    let arguments = ["report", "--every", "month", "--format", "csv", "--quiet", "-o", place];
    let output = run(&project().join("examples/b2b"), &arguments, None);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(folder.path().join("conversion.csv")).expect("it is written");
    let all = tidy(&project().join("examples/b2b"), &["--every", "month", "conversion"]);
    assert_eq!(parse(&text).len(), all.len());
}
