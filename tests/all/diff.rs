//! What changed between two reports, against figures worked out by hand from what was changed in the exports.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::support::{project, run, stdout};

const LEADS: &str = "Lead ID,Created,MQL date,SQL date,Won date,Amount,Source
A1,2026-01-05,2026-01-07,2026-01-10,2026-01-20,100.50,ads
A2,2026-01-06,2026-01-09,,,,ads
A3,2026-01-07,,,,,webinar
A4,2026-01-08,2026-01-09,2026-01-12,,,webinar
";
/// A2 becomes SQL, A3 is gone, A5 has come, the amount of A1 is another one.
const RESTATED: &str = "Lead ID,Created,MQL date,SQL date,Won date,Amount,Source
A5,2026-01-09,2026-01-15,,,,ads
A1,2026-01-05,2026-01-07,2026-01-10,2026-01-20,90.25,ads
A2,2026-01-06,2026-01-09,2026-01-19,,,ads
A4,2026-01-08,2026-01-09,2026-01-12,,,webinar
";
const SPEND: &str = "Day,Channel,Cost\n2026-01-05,ads,20\n2026-01-06,ads,30\n2026-01-06,tv,5\n";
const SPEND_RESTATED: &str = "Day,Channel,Cost\n2026-01-05,ads,20\n2026-01-06,ads,31.5\n2026-01-06,tv,5\n";

fn make(folder: &Path, name: &str, options: &[&str]) {
    let fixed = ["report", "--crm", "leads.csv", "--spend", "ads.csv", "-q", "--format", "json", "-o", name];
    stdout(folder, &[&fixed[..], options].concat());
}

/// A folder with the reports of a month before and after it was restated.
fn reports(options: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder for the files");
    let write =
        |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file is written");
    write("leads.csv", LEADS);
    write("ads.csv", SPEND);
    make(folder.path(), "old.json", options);
    write("leads.csv", RESTATED);
    write("ads.csv", SPEND_RESTATED);
    make(folder.path(), "new.json", options);
    folder
}

/// The rows of a CSV, each as its cells from `what` on behind what `name` gives.
fn lines(folder: &Path, arguments: &[&str]) -> Vec<BTreeMap<String, String>> {
    let text = stdout(folder, &[&["diff", "old.json", "new.json"], arguments].concat());
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.expect("each row has the width of the header")).collect()
}

#[test]
fn values_that_changed_are_told_with_what_they_are_made_of() {
    let folder = reports(&["--evidence"]);
    let rows = lines(folder.path(), &["--format", "csv"]);
    let of = |table: &str, channel: &str, kpi: &str| {
        let found = rows.iter().find(|row| {
            let channel_of_row = row.get("channel").map_or("(total)", String::as_str);
            row["table"] == table && row["kpi"] == kpi && channel_of_row == channel
        });
        let names = [
            "what",
            "old_value",
            "new_value",
            "change",
            "old_numerator",
            "new_numerator",
            "old_denominator",
            "new_denominator",
        ];
        found.map(|row| names.map(|name| row[name].clone()).join(" "))
    };
    let told = |text: &str| Some(text.to_string());
    // MQLs A1 A2 A4 of 4 leads, then A1 A2 A4 A5 of 4; SQLs A1 A4, then A2 too
    assert_eq!(of("conversion", "(total)", "lead_to_mql"), told("changed 0.75 1 0.25 3 4 4 4"));
    assert_eq!(of("conversion", "(total)", "mql_to_sql"), told("changed 0.666667 0.75 0.083333 2 3 3 4"));
    assert_eq!(of("conversion", "(total)", "leads"), None, "four leads then and now");
    assert_eq!(of("channels", "ads", "revenue"), told("changed 100.5 90.25 -10.25    "));
    assert_eq!(of("cost", "ads", "spend"), told("changed 50 51.5 1.5    "));
    assert_eq!(of("cost", "tv", "spend"), None);
}

#[test]
fn the_rows_that_made_the_difference_are_named() {
    let folder = reports(&["--evidence"]);
    let named = |kpi: &str| -> Vec<String> {
        let rows = lines(folder.path(), &[kpi, "--rows"]);
        let is_cohort = rows.iter().filter(|row| row["basis"] == "cohort");
        let names = ["measure", "table", "id", "what", "old", "new", "old_line", "new_line"];
        is_cohort.map(|row| names.map(|name| row[name].clone()).join(" ").trim_end().to_string()).collect()
    };
    assert_eq!(named("leads"), ["leads leads A3 removed 1  4", "leads leads A5 added  1  2"]);
    assert_eq!(named("revenue"), ["revenue leads A1 changed 100.5 90.25 2 3"]);
    assert_eq!(named("spend"), ["spend spend 2026-01-06 · ads changed 30 31.5 3 3"]);
    let sqls: Vec<String> =
        named("mql_to_sql").into_iter().filter(|line| !line.starts_with("mqls")).collect();
    assert_eq!(sqls.len(), 1, "{sqls:?}");
    assert!(sqls[0].contains("leads A2 added  1"), "{sqls:?}");
}

#[test]
fn a_report_does_not_differ_from_itself_in_any_order_of_rows() {
    let folder = reports(&["--evidence"]);
    let mut lines: Vec<&str> = RESTATED.lines().collect();
    lines[1..].reverse();
    fs::write(folder.path().join("leads.csv"), lines.join("\n") + "\n").expect("the leads are written");
    make(folder.path(), "old.json", &["--evidence"]);
    let text = stdout(folder.path(), &["diff", "old.json", "new.json"]);
    assert!(text.contains(": 0 of ") && text.ends_with(" values changed, 0 added, 0 removed\n"), "{text}");
    let rows = stdout(folder.path(), &["diff", "old.json", "new.json", "--rows"]);
    assert_eq!(rows.lines().count(), 1, "only the header: {rows}");
}

#[test]
fn without_rows_it_says_how_to_get_them() {
    let folder = reports(&[]);
    let text = stdout(folder.path(), &["diff", "old.json", "new.json", "mql_to_sql"]);
    assert!(text.contains("MQL → SQL, %   66.67  75.00   +8.33      2 → 3        3 → 4\n"), "{text}");
    assert!(
        text.ends_with("which rows made the difference is known of reports made with `--evidence`\n"),
        "{text}"
    );
    let refused = run(folder.path(), &["diff", "old.json", "new.json", "--rows"], None);
    assert_eq!(refused.status.code(), Some(2));
}

/// Counts and sums of one measure are what their rows add up to, in every table of two companies.
#[test]
fn the_rows_of_a_total_add_up_to_it() {
    let mut checked = 0;
    for (example, options) in [("b2b", &[][..]), ("b2b", &["--month", "2026-02"]), ("saas", &[])] {
        let folder = project().join("examples").join(example);
        let fixed = ["report", "-q", "--format", "json", "--evidence"];
        // a missed target is no error here
        let text = run(&folder, &[&fixed[..], options].concat(), None).stdout;
        let report: Json = serde_json::from_slice(&text).expect("the report is JSON");
        let evidence = &report["evidence"];
        for row in report["rows"].as_array().expect("the report has rows") {
            // goals have periods of their own
            if row["table"] == "plan" {
                continue;
            }
            let basis = row["basis"].as_str().expect("a basis");
            let kpi = row["kpi"].as_str().expect("a KPI");
            let is_total = row
                .as_object()
                .expect("an object")
                .values()
                .all(|cell| cell.as_str().is_none_or(|cell| !cell.starts_with('(') || cell == "(total)"));
            let splits: Vec<&String> =
                row.as_object().expect("an object").keys().take_while(|key| *key != "kpi").skip(5).collect();
            let is_total = is_total && splits.iter().all(|name| row[*name] == "(total)");
            let measures = evidence["measures_of"][basis][kpi].as_array();
            let is_sum = row["unit"] == "count" || row["unit"] == "money";
            let Some([measure]) =
                measures.map(Vec::as_slice).filter(|_| is_sum && is_total && row["denominator"].is_null())
            else {
                continue;
            };
            let measure = measure.as_str().expect("a name");
            // a number of leads with both dates is not the sum of their days
            if kpi.ends_with("_n") || measure.ends_with("_days") || row["value"].is_null() {
                continue;
            }
            let rows = evidence["rows"].as_array().expect("rows").iter().filter(|row| row["basis"] == basis);
            let sum: f64 = rows.filter_map(|row| row["amounts"][measure].as_f64()).sum();
            let value = row["value"].as_f64().expect("a number");
            assert!(
                (sum - value).abs() < 1e-5 * value.abs().max(1.0),
                "{example} {kpi} {basis}: {sum}, {value}"
            );
            checked += 1;
        }
    }
    assert!(checked > 60, "{checked} totals were looked at");
}

/// The reports of the manual are what the program makes of their exports today.
#[test]
fn the_reports_of_the_manual_are_made_by_the_program() {
    for month in ["june", "july"] {
        let crm = format!("fixtures/diff/{month}.csv");
        let options = [
            "report",
            "conversion",
            "segments",
            "--month",
            "2026-05",
            "-q",
            "--format",
            "json",
            "--evidence",
        ];
        let text = stdout(&project(), &[&options[..], &["--crm", &crm]].concat());
        let kept =
            fs::read_to_string(project().join(format!("fixtures/diff/{month}.json"))).expect("a report");
        assert!(text == kept, "{month}: make it anew with the command of this test");
    }
}

/// A report of one figure with a target.
fn judged(value: &str, target: &str, status: &str) -> String {
    format!(
        r#"{{"schema": 1, "where": [], "rows": [{{"table": "cost", "period": "2026-01", "basis": "event", "as_of": "2026-02-01",
        "report_currency": "EUR", "kpi": "won", "value": {value}, "unit": "count", "numerator": null, "denominator": null,
        "ci_low": null, "ci_high": null, "target": {target}, "target_status": {status}}}]}}"#
    )
}

fn diff_of(old: &str, new: &str, more: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("old.json"), old).unwrap();
    std::fs::write(folder.path().join("new.json"), new).unwrap();
    let output =
        crate::support::run(folder.path(), &[&["diff", "old.json", "new.json"], more].concat(), None);
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn a_target_that_moved_and_a_verdict_that_turned_are_told() {
    let old = judged("5", "6", "\"missed\"");
    let (_, text) = diff_of(&old, &judged("5", "4", "\"met\""), &[]);
    assert!(
        text.contains("1 of 1 values changed") && text.contains("6 → 4") && text.contains("missed → met"),
        "{text}"
    );
    let (_, csv) = diff_of(&old, &judged("5", "4", "\"met\""), &["--format", "csv"]);
    assert!(csv.lines().nth(1).unwrap().ends_with(",6,4,missed,met"), "{csv}");
    // a report that was held against no target says nothing of one
    let without = old.replace(", \"target\": 6, \"target_status\": \"missed\"", "");
    assert!(diff_of(&old, &without, &[]).1.contains("0 of 1 values changed"));
}

#[test]
fn a_mark_of_utf8_is_no_part_of_a_report_and_a_value_that_stands_twice_counts_once() {
    let old = judged("5", "6", "\"missed\"");
    let (code, text) = diff_of(&format!("\u{feff}{old}"), &old, &[]);
    assert_eq!(code, Some(0), "{text}");
    let row = &old[old.find("{\"table\"").unwrap()..old.len() - 2];
    let twice = old.replace(row, &format!("{row}, {row}"));
    let (_, text) = diff_of(&twice, &judged("7", "6", "\"met\""), &[]);
    assert!(text.contains("1 of 1 values changed, 0 added, 0 removed"), "{text}");
    let (code, text) = diff_of(&old.replace(row, &format!("{row}, {}", row.replace('5', "6"))), &old, &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("rows 1 and 2 are about the same `won`, and differ"), "{text}");
}

#[test]
fn a_lead_that_only_moved_is_named_and_several_rows_of_one_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let run = |arguments: &[&str]| crate::support::stdout(folder.path(), arguments);
    let head = "Lead ID,Created,MQL date,Source\n";
    write("leads.csv", &format!("{head}A1,2026-01-05,2026-01-07,ads\nA2,2026-01-06,,ads\n"));
    write("spend.csv", "Date,Source,Cost\n2026-01-05,ads,10\n2026-01-05,ads,20\n");
    let report =
        ["report", "--crm", "leads.csv", "--spend", "spend.csv", "--by", "channel", "--format", "json"];
    let report = |place: &str| run(&[&report[..], &["--evidence", "-q", "-o", place]].concat());
    report("old.json");
    write("leads.csv", &format!("{head}A1,2026-01-05,2026-01-07,webinar\nA2,2026-01-06,,ads\n"));
    write("spend.csv", "Date,Source,Cost\n2026-01-05,ads,10\n2026-01-05,ads,25\n");
    report("new.json");
    let text = run(&["diff", "old.json", "new.json", "leads", "spend"]);
    assert!(text.contains("leads by leads (cohort basis): 0 added, 0 removed, 0 changed, 1 moved"), "{text}");
    assert!(text.contains("moved    A1 (leads.csv:2): channel ads → webinar"), "{text}");
    assert!(text.contains("(spend.csv:2 and 1 more row): 30 → 35"), "{text}");
    let csv = run(&["diff", "old.json", "new.json", "leads", "--rows"]);
    assert!(
        csv.contains("cohort,leads,leads,A1,moved,1,1,leads.csv,2,leads.csv,2,1,1,channel: ads → webinar"),
        "{csv}"
    );
    // what stays where it was is in no row
    assert!(!csv.contains("A2"));
}

/// In the long run it counts whether and when an event came, and who can never have it; not how long the others have waited.
#[test]
fn of_times_until_an_event_the_rows_tell_what_lasts() {
    let folder = tempfile::tempdir().expect("a folder for the files");
    let header = "Lead ID,Created,MQL date,SQL date,Lost date";
    for (name, day, changing) in [
        ("old.json", "2026-01-15", "A2,2026-01-02,2026-01-05,,\nA3,2026-01-02,2026-01-06,,\n"),
        (
            "new.json",
            "2026-02-15",
            "A2,2026-01-02,2026-01-05,2026-01-25,\nA3,2026-01-02,2026-01-06,,2026-02-01\n",
        ),
    ] {
        let same = "A1,2026-01-02,2026-01-04,2026-01-09,\nA4,2026-01-02,2026-01-07,,\n";
        fs::write(folder.path().join("leads.csv"), format!("{header}\n{same}{changing}")).expect("a file");
        let fixed = ["report", "funnel", "--crm", "leads.csv", "-q", "--format", "json", "--evidence"];
        stdout(folder.path(), &[&fixed[..], &["--as-of", day, "-o", name]].concat());
    }
    let rows = lines(folder.path(), &["mql_to_sql_kaplan_meier", "--rows"]);
    let told: Vec<[&str; 5]> = rows
        .iter()
        .map(|row| ["measure", "id", "what", "old", "new"].map(|name| row[name].as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ["mql_to_sql_times_days", "A2", "added", "", "20"],
            ["mql_to_sql_times_event", "A2", "changed", "0", "1"],
            ["mql_to_sql_times_never", "A3", "added", "", "1"],
            ["mql_to_sql_times_since", "A2", "removed", "20260105", ""],
            ["mql_to_sql_times_since", "A3", "removed", "20260106", ""],
        ]
    );
    // by hand: at 5 days one of four had come; with A2 at 20 days, when A1 has gone, another one of three
    let values = lines(folder.path(), &["mql_to_sql_kaplan_meier", "--format", "csv"]);
    let value = |name: &str| values[0][name].parse::<f64>().expect("a number");
    assert!(
        (value("old_value") - 0.25).abs() < 1e-6 && (value("new_value") - 0.5).abs() < 1e-6,
        "{values:?}"
    );
}

/// What a sum does not tell: a second case of a lead that took no time either, a start that moved, a reason that was another.
#[test]
fn rows_are_named_that_change_no_sum_and_left_out_where_nothing_differs() {
    let folder = tempfile::tempdir().expect("a folder for the files");
    let write =
        |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file is written");
    let leads = "Lead ID,Created,MQL date,SQL date,Lost date,Lost reason\nA1,2026-01-05,2026-01-07,2026-01-10,,\n\
                 A2,2026-01-06,2026-01-09,,,\nA3,2026-01-07,2026-01-09,,2026-01-20,budget\n";
    let tickets = "Ticket ID,Lead ID,Opened at,Resolved at,Kind\nT1,A1,2026-01-12,2026-01-12,question\n";
    let make = |name: &str| {
        let inputs =
            ["report", "--crm", "leads.csv", "--tickets", "tickets.csv", "-q", "--as-of", "2026-02-01"];
        stdout(folder.path(), &[&inputs[..], &["--format", "json", "--evidence", "-o", name]].concat());
    };
    let told = |changed_leads: &str, changed_tickets: &str| -> Vec<[String; 5]> {
        write("leads.csv", leads);
        write("tickets.csv", tickets);
        make("old.json");
        write("leads.csv", changed_leads);
        write("tickets.csv", changed_tickets);
        make("new.json");
        let rows = lines(folder.path(), &["--rows"]);
        let cells = ["measure", "id", "what", "old_rows", "new_rows"];
        rows.iter().map(|row| cells.map(|name| row[name].clone())).collect()
    };
    let case = format!("{tickets}T2,A1,2026-01-13,2026-01-13,question\n");
    let is_case = |row: &[String; 5]| {
        row.each_ref().map(String::as_str) == ["resolution_days", "A1", "changed", "1", "2"]
    };
    assert!(told(leads, &case).iter().any(is_case), "no sum of days changed, but the number of cases");
    let moved = told(&leads.replace("A2,2026-01-06", "A2,2026-01-02"), tickets);
    let since: Vec<&[String; 5]> = moved.iter().filter(|row| row[0].ends_with("_times_since")).collect();
    assert!(!since.is_empty() && since.iter().all(|row| row[1] == "A2"), "{moved:?}");
    let reason = told(&leads.replace("budget", "price"), tickets);
    assert!(
        !reason.is_empty() && reason.iter().all(|row| row[0] == "lost" && row[2] == "moved"),
        "{reason:?}"
    );
    // two rules are no restated figures
    let refused = {
        let inputs = ["report", "--crm", "leads.csv", "-q", "--as-of", "2026-02-01", "--skips", "strict"];
        stdout(folder.path(), &[&inputs[..], &["--format", "json", "-o", "new.json"]].concat());
        run(folder.path(), &["diff", "old.json", "new.json"], None)
    };
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).expect("text");
    assert!(
        said.starts_with("error: old.json counts skipped stages as `imply`, new.json as `strict`"),
        "{said}"
    );
}
