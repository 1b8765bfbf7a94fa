//! What no report can be made of is told by the audit, and stops a report.

use super::{assert_shown, audit};
use crate::support::{Row, project, run};

const LEADS: &str = "fixtures/check/stops/leads.csv";
const SPEND: &str = "fixtures/check/stops/spend.csv";

fn told<'a>(rows: &'a [Row], key: &str) -> &'a Row {
    rows.iter().find(|row| row["key"] == key && row["subject"] == "(total)").expect("every check is told")
}

/// 6 rows: line 3 has a date of no calendar, line 4 a cell too few; the line 6 repeats L1, and 7 L4 with another date.
#[test]
fn what_a_report_refuses_is_a_finding() {
    let rows = audit(&["--crm", LEADS, "--spend", SPEND]);
    let shown = |key: &str| (told(&rows, key)["count"].as_str(), told(&rows, key)["of"].as_str());
    // of the 6 rows of leads and the 2 of spend
    assert_eq!(shown("refused_rows"), ("2", "8"));
    let examples = format!("{LEADS}:3: `mql_at`: `2026-02-31` is not a date; {LEADS}:4: has 4 of 5 fields");
    assert_eq!(told(&rows, "refused_rows")["examples"], examples);
    // 4 rows are left, of 2 leads
    assert_shown(
        &rows,
        &[("refused_ids", "(total)", "2 of 4 at 6,7"), ("refused_values", "mql_at", "1 of  at 7")],
    );
    // 5 columns of leads, 3 of spend; its dates are left out, so that none of its rows has one
    assert_eq!(shown("refused_columns"), ("1", "8"));
    let examples =
        format!("{SPEND}:2: `date`: `03/04/2026` is 2026-04-03 as D/M/YYYY and 2026-03-04 as M/D/YYYY");
    assert_eq!(told(&rows, "refused_columns")["examples"], examples);
    assert_shown(&rows, &[("spend_without_date", "(total)", "2 of 2 at 2,3")]);
    for key in ["refused_columns", "refused_rows", "refused_ids", "refused_values"] {
        assert_eq!(told(&rows, key)["section"], "stops");
        assert!(told(&rows, key)["effect"].starts_with("the report stops at the first"), "{key}");
    }
    // rows that an explicit `on_error = "skip"` leaves out are others
    assert_eq!(told(&rows, "unreadable_rows")["status"], "clean");
    assert_eq!(told(&rows, "duplicate_leads")["status"], "clean");
}

/// The report stops, the audit does not, and says so in every format.
#[test]
fn every_format_tells_what_stops_a_report() {
    let report = run(&project(), &["report", "--crm", LEADS], None);
    assert_eq!(report.status.code(), Some(1));
    for (format, mark) in [
        ("table", "WHAT STOPS A REPORT"),
        ("markdown", "What stops a report"),
        ("csv", ",stops,refused_rows,"),
        ("json", "\"section\": \"stops\""),
    ] {
        let output = run(&project(), &["check", "--crm", LEADS, "--format", format], None);
        assert_eq!(output.status.code(), Some(0), "{format}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(mark), "{format}: {text}");
        let told = String::from_utf8(output.stderr).unwrap();
        let notes: Vec<&str> = told.lines().filter(|line| line.starts_with("note: no report")).collect();
        assert_eq!(notes.len(), 3, "{told}");
        assert!(notes[0].starts_with("note: no report can be made: refused_rows: 2 ("), "{told}");
    }
}

/// 2 rows are more than 0; 2 of 4 are 50%.
#[test]
fn what_stops_a_report_has_limits_as_all_else() {
    let output = run(&project(), &["check", "--config", "fixtures/check/stops/limits.toml", "--quiet"], None);
    assert_eq!(output.status.code(), Some(3));
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told, "exceeded: refused_rows: 2 of 6 (33.33%), the limit is 0\n");
}

#[test]
fn who_says_that_rows_must_be_read_has_an_error() {
    let output = run(&project(), &["check", "--config", "fixtures/check/stops/strict.toml", "--quiet"], None);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with(&format!("error: {LEADS}:4: ")), "{told}");
}

/// Dates in both orders, dates with years of two digits, numbers in two conventions: each column is left out.
#[test]
fn columns_of_all_kinds_are_left_out() {
    for (file, text) in [
        ("both-orders.csv", "`04/14/2026` can only be read with the month first"),
        ("short-year.csv", "`13/04/26` is 2026-04-13 as D/M/YY"),
        ("two-amounts.csv", "is 50 as 1,234.56 and 50000 as 1.234,56"),
    ] {
        let path = format!("fixtures/errors/{file}");
        let rows = audit(&["--crm", &path]);
        let found = told(&rows, "refused_columns");
        assert_eq!(found["count"], "1", "{file}");
        assert!(found["examples"].contains(text), "{file}: {}", found["examples"]);
        // the column stands under its own header, without a value
        let columns: Vec<&Row> =
            rows.iter().filter(|row| row["section"] == "columns" && row["count"] == "0").collect();
        assert_eq!(columns.len(), 1, "{file}: {columns:?}");
    }
}
