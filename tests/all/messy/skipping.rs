//! `on_error = "skip"`: rows that cannot be read are left out, counted, located and, if asked for, written down.

use super::{Kind, difference, folder, report, temporary, text, write};
use crate::support::{Row, parse};

/// A bad date, a bad number, a row too short and one too long among the sixteen good rows.
pub const FILES: [&str; 2] = ["skip.csv", "skip.toml"];
/// Where these rows stand.
const BAD_LINES: [&str; 4] = ["4", "8", "11", "16"];

#[test]
fn rows_that_cannot_be_read_are_left_out() {
    assert_eq!(difference(&folder(), "skip.toml", "clean.csv", Kind::Crm), None);
}

#[test]
fn without_the_setting_they_are_an_error() {
    let output = report(&folder(), "skip.csv", Kind::Crm, &[]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert!(BAD_LINES.iter().any(|line| said.contains(&format!("error: skip.csv:{line}:"))), "{said}");
}

#[test]
fn rows_left_out_are_counted_and_located() {
    let said = text(&report(&folder(), "skip.toml", Kind::Crm, &[]).stderr);
    let note = said.lines().find(|line| line.contains("skip.csv:4"));
    let note = note.unwrap_or_else(|| panic!("the first row left out is not located: {said}"));
    assert!(note.contains(" 4 "), "four rows: {note}");
    assert!(BAD_LINES.iter().all(|line| note.contains(&format!("skip.csv:{line}"))), "{note}");
}

#[test]
fn of_many_rows_left_out_the_first_ten_are_located() {
    let folder = temporary();
    // the header is line 1, the good row line 2, the twelve bad ones lines 3 to 14
    let bad = (1..=12).map(|number| format!("X{number},soon,\n")).collect::<Vec<_>>().concat();
    write(folder.path(), "leads.csv", format!("lead_id,lead_at,won_at\nL1,2026-01-13,2026-01-20\n{bad}"));
    write(folder.path(), "funnel.toml", "[[crm]]\nfiles = [\"leads.csv\"]\non_error = \"skip\"\n");
    let output = report(folder.path(), "funnel.toml", Kind::Crm, &[]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("12"), "{said}");
    assert!((3..=12).all(|line| said.contains(&format!("leads.csv:{line}"))), "{said}");
    assert!(!said.contains("leads.csv:13") && !said.contains("leads.csv:14"), "{said}");
}

#[test]
fn rows_left_out_are_written_down() {
    let folder_of_rejects = temporary();
    let rejects = folder_of_rejects.path().join("rejects.csv");
    let path = rejects.to_str().expect("a temporary path is UTF-8");
    let output = report(&folder(), "skip.toml", Kind::Crm, &["--rejects", path]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let written = std::fs::read_to_string(&rejects).expect("the rejects are written");
    assert_eq!(written.lines().next(), Some("file,line,column,cell,reason,record"));
    let rows: Vec<Row> = parse(&written);
    let column = |name: &str| -> Vec<&str> { rows.iter().map(|row| row[name].as_str()).collect() };
    assert!(column("file").iter().all(|file| file.ends_with("skip.csv")), "{written}");
    assert_eq!(column("line"), BAD_LINES);
    assert_eq!(column("column"), ["lead_at", "amount", "", ""]);
    assert_eq!(column("cell")[..2], ["2026-02-30", "about 50"]);
    assert!(column("reason").iter().all(|reason| !reason.is_empty()), "{written}");
    // a record stands there as it does in the file, so that it can be mended and read again
    assert_eq!(
        column("record"),
        [
            "X1,2026-02-30,,,ads,Ann,5",
            "X2,2026-02-13,,,ads,Ann,about 50",
            "X3,2026-02-13,ads",
            "X4,2026-02-13,,,ads,Smith, John,7",
        ]
    );
}
