//! What other programs read for years: the tables, columns and keys of two companies against lists that are committed,
//! and how the cells are written.
//!
//! `SCHEMA=overwrite cargo test --test all schema::` writes the lists down as they are now.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use serde_json::{Map, Value as Json};

use crate::support::{parse, project, run};

const COMPANIES: [&str; 2] = ["b2b", "saas"];
/// The usual options: one report of each is in the lists.
const COMMANDS: [&[&str]; 6] = [
    &["report"],
    &["report", "--quarter", "2026-Q1"],
    &["report", "--every", "quarter"],
    &["report", "--quarter", "2026-Q1", "--compare", "previous"],
    &["report", "--by", "channel"],
    &["check"],
];
/// The columns that say what a value belongs to.
const PLACE: [&str; 5] = ["table", "period", "basis", "as_of", "report_currency"];
const NUMBERS: [&str; 11] = [
    "value",
    "numerator",
    "denominator",
    "ci_low",
    "ci_high",
    "previous",
    "change",
    "change_percent",
    "difference_low",
    "difference_high",
    "target",
];

fn answer(company: &str, command: &[&str], format: &str) -> String {
    let config = format!("examples/{company}/funnel.toml");
    let output =
        run(&project(), &[command, &["--config", &config, "--quiet", "--format", format]].concat(), None);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{command:?} of {company}");
    String::from_utf8(output.stdout).unwrap()
}

/// The version of the schema, and the rows.
fn json(company: &str, command: &[&str]) -> (u64, Vec<Map<String, Json>>) {
    let answer: Json = serde_json::from_str(&answer(company, command, "json")).unwrap();
    let rows = answer["rows"].as_array().unwrap().iter().map(|row| row.as_object().unwrap().clone());
    (answer["schema"].as_u64().unwrap(), rows.collect())
}

/// The versions of both schemas, and what stands in each answer: its columns in their order, and a line a table (or a
/// section of the audit) with its keys and their units.
#[derive(Default, PartialEq)]
struct Schema {
    versions: BTreeMap<String, u64>,
    columns: BTreeMap<String, Vec<String>>,
    keys: BTreeMap<String, BTreeSet<String>>,
}

impl Schema {
    fn now(company: &str) -> Schema {
        let mut schema = Schema::default();
        for command in COMMANDS {
            let (version, rows) = json(company, command);
            let title = command.join(" ");
            schema.versions.insert(command[0].to_string(), version);
            schema.columns.insert(title.clone(), rows[0].keys().cloned().collect());
            for row in &rows {
                let text = |key: &str| row.get(key).and_then(Json::as_str).unwrap_or_default().to_string();
                let (table, key) = match command[0] {
                    "check" => (text("section"), text("key")),
                    _ => (text("table"), format!("{} {}", text("kpi"), text("unit"))),
                };
                schema.keys.entry(format!("{title}: {table}")).or_default().insert(key);
            }
        }
        schema
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        for (command, version) in &self.versions {
            let _ = writeln!(text, "schema of {command} = {version}");
        }
        for (command, columns) in &self.columns {
            let _ = writeln!(text, "\ncolumns of {command} = {}", columns.join(", "));
            for (place, keys) in &self.keys {
                if let Some(table) = place.strip_prefix(&format!("{command}: ")) {
                    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                    let _ = writeln!(text, "{command}: {table} = {}", keys.join(", "));
                }
            }
        }
        text
    }

    fn parse(text: &str) -> Schema {
        let mut schema = Schema::default();
        for (name, value) in text.lines().filter_map(|line| line.split_once(" = ")) {
            let mut values = value.split(", ").map(String::from);
            if let Some(command) = name.strip_prefix("schema of ") {
                schema.versions.insert(command.to_string(), value.parse().unwrap());
            } else if let Some(command) = name.strip_prefix("columns of ") {
                schema.columns.insert(command.to_string(), values.collect());
            } else {
                schema.keys.insert(name.to_string(), values.by_ref().collect());
            }
        }
        schema
    }

    /// What of it another one lacks: columns, columns in another order, keys.
    fn missing_in(&self, other: &Schema) -> Vec<String> {
        let mut missing = Vec::new();
        for (command, columns) in &self.columns {
            let others = other.columns.get(command).cloned().unwrap_or_default();
            let (kept, lost): (Vec<&String>, Vec<&String>) =
                columns.iter().partition(|column| others.contains(column));
            missing.extend(lost.iter().map(|column| format!("{command}: the column {column}")));
            let order: Vec<&String> = others.iter().filter(|column| kept.contains(column)).collect();
            if order != kept {
                missing.push(format!("{command}: the order of the columns"));
            }
        }
        for (place, keys) in &self.keys {
            let others = other.keys.get(place);
            let lost = keys.iter().filter(|key| !others.is_some_and(|others| others.contains(*key)));
            missing.extend(lost.map(|key| format!("{place}: {key}")));
        }
        missing
    }
}

/// What is to be done about a change; nothing where there is none.
fn advice(old: &Schema, new: &Schema) -> Option<String> {
    let (gone, come) = (old.missing_in(new), new.missing_in(old));
    let has_grown = |command: &str| new.versions.get(command) > old.versions.get(command);
    let unmarked: Vec<&String> =
        gone.iter().filter(|what| !has_grown(what.split([' ', ':']).next().unwrap_or_default())).collect();
    if !unmarked.is_empty() {
        return Some(format!(
            "what other programs read has changed its name or is gone: {unmarked:#?}\nif it must be: let SCHEMA in \
             src/render/csv.rs (of an audit: src/render/audit.rs) grow, say it in README.md and CHANGELOG.md, then write the lists \
             anew with `SCHEMA=overwrite cargo test --test all schema::`"
        ));
    }
    (old != new).then(|| {
        format!(
            "new: {come:#?}, gone: {gone:#?}; no reader is harmed: write the lists anew with \
             `SCHEMA=overwrite cargo test --test all schema::`"
        )
    })
}

#[test]
fn tables_columns_and_keys_are_those_of_the_lists() {
    for company in COMPANIES {
        let path = project().join(format!("tests/schema/{company}.txt"));
        let now = Schema::now(company);
        if std::env::var("SCHEMA").is_ok_and(|value| value == "overwrite") {
            fs::write(&path, now.to_text()).unwrap();
        }
        let list = fs::read_to_string(&path).unwrap();
        let known = Schema::parse(&list);
        if let Some(advice) = advice(&known, &now) {
            panic!("{company}: {advice}");
        }
        assert!(known.to_text() == list, "{}: the keys of a line are in alphabetical order", path.display());
    }
}

/// The lists would be of no use if a change passed them.
#[test]
fn a_change_of_a_key_is_noticed() {
    let list = "schema of report = 1\n\ncolumns of report = table, kpi, value\nreport: cost = cpc money, spend money\n";
    let old = Schema::parse(list);
    assert_eq!(old.to_text(), list);
    assert_eq!(advice(&old, &old), None);
    for (from, to) in [
        ("spend money", "costs money"),
        ("spend money", "spend number"),
        (", spend money", ""),
        ("table, kpi", "kpi, table"),
        (", value", ""),
        ("report: cost", "report: costs"),
    ] {
        let new = list.replace(from, to);
        let advised = advice(&old, &Schema::parse(&new)).unwrap();
        assert!(advised.contains("let SCHEMA in"), "{to}: {advised}");
        let grown = advice(&old, &Schema::parse(&new.replace("report = 1", "report = 2"))).unwrap();
        assert!(grown.contains("write the lists anew") && !grown.contains("let SCHEMA in"), "{to}: {grown}");
    }
    for (from, to) in [("spend money", "spend money, visits count"), ("value", "value, target")] {
        let advised = advice(&old, &Schema::parse(&list.replace(from, to))).unwrap();
        assert!(advised.starts_with("new: "), "{to}: {advised}");
    }
}

/// Every row says what it belongs to; dates are ISO, nothing is empty or null, and numbers are raw.
#[test]
fn cells_are_written_for_programs() {
    for company in COMPANIES {
        for command in COMMANDS.iter().filter(|command| command[0] == "report") {
            let (_, objects) = json(company, command);
            let rows = parse(&answer(company, command, "csv"));
            assert_eq!(rows.len(), objects.len());
            for (row, object) in rows.iter().zip(&objects) {
                assert!(object.keys().all(|key| row.contains_key(key)) && row.len() == object.len());
                let is_known = |key: &str| !row[key].is_empty() && object[key].is_string();
                assert!(PLACE.iter().all(|key| is_known(key)), "{object:?}");
                assert!(is_day(&row["as_of"]) && is_period(&row["period"]), "{object:?}");
                assert!(
                    matches!(row["basis"].as_str(), "cohort" | "event") && row["report_currency"] == "EUR"
                );
                for (name, cell) in row {
                    assert!(is_right(name, cell, &object[name]), "{name} = {cell}: {object:?}");
                }
            }
        }
    }
}

/// Whether a cell and its JSON are written as they should be, and say the same.
fn is_right(name: &str, cell: &str, json: &Json) -> bool {
    let is_raw = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        [whole, part]
            .iter()
            .all(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match json {
        Json::Null => cell.is_empty(),
        Json::Number(number) => {
            NUMBERS.contains(&name) && is_raw(cell) && number.as_f64() == cell.parse().ok()
        }
        Json::Bool(is_so) => name == "significant" && cell == is_so.to_string(),
        Json::String(text) => !NUMBERS.contains(&name) && !text.is_empty() && cell == text,
        Json::Array(_) | Json::Object(_) => false,
    }
}

/// `2026-03-31`.
fn is_day(text: &str) -> bool {
    has_form(text, "0000-00-00")
}

fn is_period(text: &str) -> bool {
    let of_days = text.split_once("..").is_some_and(|(from, to)| is_day(from) && is_day(to));
    text == "all"
        || of_days
        || ["0000-00", "0000-Q0", "0000-W00", "0000"].iter().any(|form| has_form(text, form))
}

/// Whether a text has digits where a form has zeros, and else the same characters.
fn has_form(text: &str, form: &str) -> bool {
    let fits = |(byte, form): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte == form };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}

/// Where the data have no currency and no date, the columns are there all the same.
#[test]
fn what_is_not_known_is_null() {
    let output = run(
        &project(),
        &["report", "segments", "--crm", "fixtures/errors/leads.csv", "-q", "--format", "json"],
        None,
    );
    let answer: Json = serde_json::from_slice(&output.stdout).unwrap();
    for row in answer["rows"].as_array().unwrap() {
        assert_eq!((&row["report_currency"], &row["as_of"]), (&Json::Null, &Json::from("2026-02-02")));
        assert!(row.as_object().unwrap().contains_key("report_currency"));
    }
}
