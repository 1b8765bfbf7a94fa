//! `--log json`: each line of stderr is an event, and says what the lines for people say.

use std::path::Path;

use serde_json::Value as Json;

use crate::support::{project, run, stderr, stdout};

const LEADS: &str = "fixtures/errors/leads.csv";

/// The exit code and the events of a command.
fn events(arguments: &[&str]) -> (Option<i32>, Vec<Json>) {
    let output = run(&project(), &[arguments, &["--log", "json"]].concat(), None);
    let told = String::from_utf8(output.stderr).unwrap();
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    (output.status.code(), told.lines().map(parse).collect())
}

fn of_kind<'a>(events: &'a [Json], kind: &str) -> Vec<&'a Json> {
    events.iter().filter(|event| event["event"] == kind).collect()
}

fn kinds(events: &[Json]) -> Vec<&str> {
    let mut kinds: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    kinds.dedup();
    kinds
}

fn texts<'a>(events: &'a [Json], kind: &str) -> Vec<&'a str> {
    of_kind(events, kind).iter().map(|event| event["text"].as_str().unwrap()).collect()
}

/// The columns, rows and headers are those of the file itself.
#[test]
fn files_are_told_with_rows_and_columns() {
    let (code, events) = events(&["report", "conversion", "--crm", LEADS]);
    assert_eq!((code, kinds(&events)), (Some(0), vec!["read", "done"]));
    let read = &events[0];
    assert_eq!((&read["file"], &read["table"]), (&Json::from(LEADS), &Json::from("crm")));
    let mut reader = csv::Reader::from_path(project().join(LEADS)).unwrap();
    let headers: Vec<String> = reader.headers().unwrap().iter().map(String::from).collect();
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(read["rows"], records.len());
    let columns = read["columns"].as_array().unwrap();
    assert_eq!(columns.len(), headers.len());
    for (place, (column, header)) in columns.iter().zip(&headers).enumerate() {
        let filled = records.iter().filter(|record| !record[place].is_empty()).count();
        assert_eq!(
            (column["header"].as_str().unwrap(), &column["filled"]),
            (header.as_str(), &Json::from(filled))
        );
    }
}

#[test]
fn rows_left_out_are_located() {
    let (_, events) = events(&["report", "segments", "--config", "fixtures/formats/skip.toml"]);
    let left_out = &events[0]["rows_left_out"][0];
    let of_finding = of_kind(&events, "finding")[0];
    assert_eq!((&left_out["rows"], &left_out["lines"]), (&Json::from(4), &serde_json::json!([3, 4, 5, 7])));
    assert_eq!((&of_finding["key"], &of_finding["count"]), (&Json::from("unreadable_rows"), &Json::from(4)));
}

/// What is said to people is said to programs, and nothing is said to either that is not.
#[test]
fn events_say_what_the_lines_say() {
    for arguments in [
        &["report", "--format", "csv", "--config", "fixtures/targets/funnel.toml"][..],
        &["report", "--format", "csv", "--crm", "fixtures/errors/findings.csv", "--month", "2026-01"],
        &["report", "--format", "csv", "--crm", LEADS, "--month", "2031-01"],
        &["check", "--config", "fixtures/check/limits.toml"],
    ] {
        let lines = run(&project(), arguments, None);
        let (code, events) = events(arguments);
        assert_eq!(code, lines.status.code());
        let mut expected: Vec<String> = Vec::new();
        for event in &events {
            let text = event["text"].as_str().unwrap_or_default().to_string();
            match event["event"].as_str().unwrap() {
                // people find these in the answer
                "finding" if arguments[0] == "check" => {}
                "finding" | "warning" => expected.push(text),
                "note" if text.starts_with("left out: ") => expected.push(text),
                kind @ ("note" | "missed" | "exceeded") => expected.push(format!("{kind}: {text}")),
                _ => {}
            }
        }
        let told = String::from_utf8(lines.stderr).unwrap();
        let told: Vec<&str> = told.lines().filter(|line| !line.starts_with("fixtures/")).collect();
        assert_eq!(told, expected, "{arguments:?}");
    }
}

#[test]
fn findings_have_the_keys_of_the_audit_whatever_the_format() {
    let inputs = ["--crm", "fixtures/errors/findings.csv"];
    let audit = stdout(&project(), &[&["check", "--format", "json", "-q"], &inputs[..]].concat());
    let audit: Json = serde_json::from_str(&audit).unwrap();
    let is_found = |row: &&Json| row["status"] == "found" || row["status"] == "exceeded";
    let rows = audit["rows"].as_array().unwrap().iter().filter(is_found);
    let found: Vec<(&Json, &Json)> = rows.map(|row| (&row["key"], &row["count"])).collect();
    for command in [&["report"][..], &["report", "--format", "csv"], &["explain", "leads"], &["check"]] {
        let (_, events) = events(&[command, &inputs].concat());
        let told = of_kind(&events, "finding");
        let told: Vec<(&Json, &Json)> = told.iter().map(|event| (&event["key"], &event["count"])).collect();
        assert!(told.iter().all(|finding| found.contains(finding)), "{command:?}: {told:?}");
        // an audit looks for more than a report comes across
        assert_eq!(told.len(), if command[0] == "check" { found.len() } else { 5 }, "{command:?}: {told:?}");
    }
}

#[test]
fn the_last_event_says_what_was_written_and_how_long_it_took() {
    let folder = tempfile::tempdir().unwrap();
    let place = format!("{}/", folder.path().display());
    let (_, written) =
        events(&["report", "open", "owners", "--crm", LEADS, "--format", "csv,json", "-o", &place]);
    let mut names: Vec<&Path> = written.last().unwrap()["written"]
        .as_array()
        .unwrap()
        .iter()
        .map(|path| Path::new(path.as_str().unwrap()))
        .collect();
    names.sort_unstable();
    let expected = ["open.csv", "open.json", "owners.csv", "owners.json"];
    assert_eq!(names, expected.map(|name| folder.path().join(name)));
    assert!(names.iter().all(|name| name.is_file()));
    for (arguments, code) in [
        (&["report", "--crm", LEADS][..], 0),
        (&["explain", "leads", "--crm", LEADS], 0),
        (&["check", "--crm", LEADS], 0),
        (&["report", "plan", "--config", "fixtures/targets/funnel.toml"], 3),
        (&["check", "--config", "fixtures/check/limits.toml"], 3),
        (&["report", "--crm", "absent.csv"], 1),
        (&["report", "--crm", LEADS, "--month", "2026-13"], 2),
    ] {
        let (ended, events) = events(arguments);
        let last = events.last().unwrap();
        assert_eq!((ended, &last["exit_code"]), (Some(code), &Json::from(code)), "{arguments:?}");
        assert!(last["seconds"].is_number());
        assert_eq!(last["event"], if matches!(code, 1 | 2) { "error" } else { "done" });
        assert_eq!(events.iter().filter(|event| event.get("seconds").is_some()).count(), 1);
    }
}

#[test]
fn an_error_has_its_hint() {
    let damaged = ["report", "--crm", "fixtures/errors/bad-date.csv"];
    let (_, events) = events(&damaged);
    let told = String::from_utf8(run(&project(), &damaged, None).stderr).unwrap();
    let event = &events[0];
    let (text, hint) = (event["text"].as_str().unwrap(), event["hint"].as_str().unwrap());
    assert_eq!(told, format!("error: {text}\nhint: {hint}\n"));
}

#[test]
fn quiet_leaves_why_the_exit_code_is_not_0() {
    for (arguments, expected) in [
        (&["report", "--crm", LEADS][..], &[][..]),
        (&["report", "plan", "--config", "fixtures/targets/funnel.toml"], &["missed"]),
        (&["check", "--config", "fixtures/check/limits.toml"], &["exceeded"]),
        (&["report", "--crm", "absent.csv"], &["error"]),
    ] {
        assert_eq!(kinds(&events(&[arguments, &["-q"]].concat()).1), expected, "{arguments:?}");
    }
    let (_, events) = events(&["report", "plan", "--config", "fixtures/targets/funnel.toml", "-q"]);
    assert_eq!(texts(&events, "missed").len(), 4);
}

/// The log changes nothing of the answer.
#[test]
fn stdout_is_the_same() {
    let arguments = ["report", "--config", "examples/b2b/funnel.toml"];
    let with_log = [&arguments[..], &["--log", "json"]].concat();
    assert_eq!(stdout(&project(), &arguments), stdout(&project(), &with_log));
    assert_ne!(stderr(&project(), &arguments), stderr(&project(), &with_log));
}

/// What misses its target is told in the parts that the rows of the report have.
#[test]
fn missed_targets_have_the_fields_of_their_rows() {
    let arguments = ["report", "--format", "json", "--config", "fixtures/targets/funnel.toml"];
    let output = run(&project(), &[&arguments[..], &["--quiet"]].concat(), None);
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    let rows = report["rows"].as_array().unwrap();
    let (code, events) = events(&arguments);
    assert_eq!(code, Some(3));
    let mut told = 0;
    for kind in ["missed", "warning"] {
        for event in of_kind(&events, kind) {
            let is_same = |row: &&Json| {
                let same = |name: &str| row[name] == event[name];
                let dimensions = event["dimensions"].as_object().unwrap();
                let is_there = dimensions.iter().all(|(name, value)| row[name] == *value);
                ["kpi", "period", "basis", "value", "unit"].into_iter().all(same)
                    && is_there
                    && row["target"] == event["target"]
                    && row["target_status"] == event["status"]
            };
            let row = rows.iter().find(is_same).unwrap_or_else(|| panic!("no row of {event}"));
            let table = event["table"].as_str().unwrap_or("plan");
            assert!(rows.iter().filter(is_same).any(|row| row["table"] == table), "{row} of {event}");
            told += 1;
        }
    }
    assert!(told >= 3, "{told} verdicts");
}

#[test]
fn a_command_line_that_cannot_be_read_is_an_event_too() {
    for (arguments, text, hint) in [
        (
            &["report", "--mnth", "2026-01"][..],
            "unexpected argument '--mnth' found",
            "a similar argument exists: '--month'",
        ),
        (
            &["report", "--every", "fortnight"],
            "invalid value 'fortnight' for '--every <PERIOD>' [possible",
            "--help",
        ),
        (&["report", "-o"], "a value is required for '--output", "--help"),
    ] {
        let (code, events) = events(arguments);
        assert_eq!((code, kinds(&events)), (Some(2), vec!["error"]));
        assert_eq!(events[0]["exit_code"], 2);
        let said = events[0]["text"].as_str().unwrap();
        assert!(said.contains(text), "{said}");
        assert!(!said.starts_with("error") && !said.contains('\n'));
        let way = events[0]["hint"].as_str().unwrap();
        assert!(way.contains(hint) || hint == "--help" && !way.is_empty(), "{way}");
    }
    // people are shown the usage, and help is no error
    let output = run(&project(), &["report", "--mnth"], None);
    assert!(String::from_utf8_lossy(&output.stderr).contains("Usage: funnel report"));
    let output = run(&project(), &["report", "--log", "json", "--help"], None);
    assert!(output.status.success() && output.stderr.is_empty());
}

#[test]
fn files_of_init_and_diff_are_told_too() {
    let (code, told) = events(&["diff", "fixtures/diff/june.json", "fixtures/diff/july.json"]);
    assert_eq!((code, kinds(&told)), (Some(0), vec!["read", "done"]));
    let report: Json =
        serde_json::from_slice(&std::fs::read(project().join("fixtures/diff/june.json")).unwrap()).unwrap();
    let read = &told[0];
    assert_eq!(read["file"], "fixtures/diff/june.json");
    assert_eq!(read["rows"], report["rows"].as_array().unwrap().len());
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("funnel.toml");
    let (code, told) = events(&["init", LEADS, "-o", place.to_str().unwrap()]);
    assert_eq!((code, kinds(&told)), (Some(0), vec!["read", "done"]));
    assert_eq!(told[1]["written"], serde_json::json!([place.to_str().unwrap()]));
}
