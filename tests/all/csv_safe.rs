//! `--csv-safe`: text that a spreadsheet would run is marked in everything that is written as CSV, numbers are not, and
//! without the option nothing is.

use std::fs;
use std::path::Path;

use crate::support::{project, run, stdout};

/// Sales fell from two leads of a channel to one, so there are negative numbers; the last row cannot be read.
const LEADS: &str = "Lead ID,Created,Won date,Source,Owner,Amount,Note\n\
    =1,2026-01-05,2026-01-20,\"=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",+1,100,\"\t=a\"\n\
    -2,2026-01-06,2026-01-21,@SUM(1),-2,-50,-5\n\
    3,2026-01-07,2026-01-22,@SUM(1),-2,70,Ada\n\
    4,2026-02-07,2026-02-22,@SUM(1),-2,60,Ada\n\
    =5,31/02/2026,,@SUM(1),-2,,Ada\n";

const CONFIG: &str = "[[crm]]\nfiles = [\"leads.csv\"]\non_error = \"skip\"\n";

fn prepare(folder: &Path) {
    fs::write(folder.join("leads.csv"), LEADS).unwrap();
    fs::write(folder.join("funnel.toml"), CONFIG).unwrap();
}

fn cells(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.expect("each row has the width of the header")).collect()
}

/// Holds the marked answer against the raw one; gives the cells that were marked and those that begin like them and
/// were not, which must be numbers.
fn marked(raw: &str, safe: &str) -> (Vec<String>, Vec<String>) {
    let (raw, safe) = (cells(raw), cells(safe));
    assert_eq!(raw.len(), safe.len());
    let (mut marked, mut left) = (Vec::new(), Vec::new());
    for (raw, safe) in raw.iter().flatten().zip(safe.iter().flatten()) {
        if raw == safe {
            left.extend(Some(raw.clone()).filter(|cell| cell.starts_with(['=', '+', '-', '@', '\t', '\r'])));
        } else {
            assert_eq!(*safe, format!("'{raw}"));
            marked.push(raw.clone());
        }
    }
    (marked, left)
}

/// The answers without and with the option.
fn both(folder: &Path, arguments: &[&str]) -> (Vec<String>, Vec<String>) {
    let raw = stdout(folder, arguments);
    let safe = stdout(folder, &[arguments, &["--csv-safe"]].concat());
    marked(&raw, &safe)
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

#[test]
fn a_report_marks_values_of_dimensions_and_no_numbers() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let arguments = ["report", "channels", "owners", "--format", "csv", "--quiet"];
    let period = ["--month", "2026-02", "--compare", "previous"];
    let (marked, left) = both(folder.path(), &[&arguments[..], &period].concat());
    for cell in ["=HYPERLINK(\"http://x\",\"y\")", "@SUM(1)", "+1", "-2"] {
        assert!(marked.contains(&cell.to_string()), "{cell} is not marked");
    }
    assert!(left.len() > 3 && left.iter().all(|cell| is_number(cell)), "{left:?}");
}

#[test]
fn rows_behind_a_kpi_are_marked_too() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let columns = ["--rows", "--columns", "owner,amount,note", "--quiet"];
    let (marked, left) = both(folder.path(), &[&["explain", "revenue"], &columns[..]].concat());
    for cell in ["=1", "-2", "+1", "-5"] {
        assert!(marked.contains(&cell.to_string()), "{cell} is not marked: {marked:?}");
    }
    // an amount is a number in its own column, and in that of the measure
    assert_eq!(left, ["-50", "-50"]);
}

#[test]
fn the_audit_and_the_rows_left_out_are_marked_too() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    fs::write(folder.path().join("ads.csv"), "Date,Channel,Cost\n2026-01-05,=cmd|A,5\n").unwrap();
    let inputs = ["--crm", "leads.csv", "--spend", "ads.csv"];
    let (marked, left) =
        both(folder.path(), &[&["check", "--format", "csv", "--quiet"], &inputs[..]].concat());
    assert!(left.iter().all(|cell| is_number(cell)), "{left:?}");
    for cell in ["=cmd|A", "@SUM(1)"] {
        assert!(marked.contains(&cell.to_string()), "{cell} is not marked: {marked:?}");
    }
    let rejects = |more: &[&str]| {
        let arguments = ["report", "owners", "--rejects", "rejects.csv", "--quiet"];
        stdout(folder.path(), &[&arguments[..], more].concat());
        fs::read_to_string(folder.path().join("rejects.csv")).unwrap()
    };
    let (marked, left) = self::marked(&rejects(&[]), &rejects(&["--csv-safe"]));
    assert_eq!((marked, left), (vec!["=5,31/02/2026,,@SUM(1),-2,,Ada".to_string()], Vec::new()));
}

#[test]
fn other_formats_are_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    for format in ["table", "json", "markdown"] {
        let arguments = ["report", "owners", "--format", format, "--quiet"];
        let raw = stdout(folder.path(), &arguments);
        assert_eq!(stdout(folder.path(), &[&arguments[..], &["--csv-safe"]].concat()), raw, "{format}");
    }
    let output = run(&project(), &["explain", "leads", "--csv-safe"], None);
    assert_eq!(output.status.code(), Some(2), "without --rows nothing is CSV");
}
