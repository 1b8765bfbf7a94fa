//! The exports of known systems as they leave them: what is recognised, left out and counted, against figures that
//! were worked out by hand from each file (`fixtures/presets/expected.toml`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::support::{Row, key, parse, project, run};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectations {
    file: Vec<Expected>,
}

/// What one file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    name: String,
    kind: String,
    preset: String,
    #[serde(default)]
    arguments: Vec<String>,
    /// Lines of its block in `funnel.toml`, for what a preset cannot know
    #[serde(default)]
    settings: Vec<String>,
    rows: usize,
    /// KPI = value over all rows
    #[serde(default)]
    values: BTreeMap<String, String>,
    /// What was left out = how often; `preamble` is the number of lines above the header
    #[serde(default)]
    dropped: BTreeMap<String, u64>,
}

#[test]
fn every_export_is_recognised_and_counted_as_by_hand() {
    let wrong: Vec<String> = expectations().iter().flat_map(check).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_fixture_is_expected_and_every_preset_has_one() {
    let expected = expectations();
    let known: Vec<&str> = expected.iter().map(|file| file.name.as_str()).collect();
    let files = fs::read_dir(folder()).expect("the folder is there");
    for name in files.map(|entry| entry.expect("it can be listed").file_name().into_string().expect("UTF-8"))
    {
        assert!(name == "expected.toml" || known.contains(&name.as_str()), "{name} is in no test");
    }
    for export in funnel_kpi::input::presets::exports().expect("the presets are well-formed") {
        let title = export.title();
        assert!(expected.iter().any(|file| file.preset == title), "{title} has no fixture");
    }
}

fn folder() -> PathBuf {
    project().join("fixtures/presets")
}

fn expectations() -> Vec<Expected> {
    let text = fs::read_to_string(folder().join("expected.toml")).expect("the expectations are there");
    toml::from_str::<Expectations>(&text).expect("the expectations are well-formed").file
}

/// What differs from the expectations, a line each.
fn check(expected: &Expected) -> Vec<String> {
    let temporary = tempfile::tempdir().expect("a temporary folder can be made");
    let arguments = arguments(expected, temporary.path());
    let output = run(&folder(), &arguments.iter().map(String::as_str).collect::<Vec<_>>(), None);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let name = &expected.name;
    if !output.status.success() {
        return vec![format!("{name}: {said}")];
    }
    let mut wrong = Vec::new();
    let mut expect = |is_right: bool, what: String| {
        if !is_right {
            wrong.push(format!("{name}: {what}\n{said}"));
        }
    };
    let rows = format!("({}), {} rows: ", expected.preset, expected.rows);
    expect(said.contains(&rows), format!("it does not say `{rows}`"));
    for (what, count) in &expected.dropped {
        let line = match what.as_str() {
            "preamble" => format!("header in line {}", count + 1),
            // they are no news to anybody
            "empty rows" => continue,
            what => format!("{what} left out: {count} "),
        };
        expect(said.contains(&line), format!("it does not say `{line}`"));
    }
    let printed = parse(&String::from_utf8(output.stdout).expect("the report is UTF-8"));
    for (kpi, value) in &expected.values {
        let found = totals(&printed, kpi);
        expect(found == [value.as_str()], format!("{kpi} is {found:?}, by hand {value}"));
    }
    wrong
}

fn arguments(expected: &Expected, temporary: &Path) -> Vec<String> {
    let mut arguments = vec!["report".to_string(), "--format".to_string(), "csv".to_string()];
    if expected.settings.is_empty() {
        arguments.extend([format!("--{}", expected.kind), expected.name.clone()]);
    } else {
        let file = folder().join(&expected.name);
        let settings = expected.settings.join("\n");
        let text = format!("[[{}]]\nfiles = ['{}']\n{settings}\n", expected.kind, file.display());
        let path = temporary.join("funnel.toml");
        fs::write(&path, text).expect("a temporary file can be written");
        arguments.extend(["--config".to_string(), path.display().to_string()]);
    }
    arguments.extend(expected.arguments.iter().cloned());
    arguments
}

/// The values of a KPI over all rows, each once.
fn totals<'a>(rows: &'a [Row], kpi: &str) -> Vec<&'a str> {
    let mut values: Vec<&str> = rows
        .iter()
        .filter(|row| row["kpi"] == kpi && key(row).is_empty())
        .map(|row| row["value"].as_str())
        .collect();
    values.sort_unstable();
    values.dedup();
    values
}
