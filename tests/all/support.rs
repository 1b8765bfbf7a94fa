//! Runs the program and takes its tidy output apart, so that the tests compare cells and not layouts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The folder of the project.
pub fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the program in a folder, with a number of threads where it matters.
pub fn run(folder: &Path, arguments: &[&str], threads: Option<usize>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_funnel"));
    command.current_dir(folder).args(arguments);
    if let Some(threads) = threads {
        command.env("RAYON_NUM_THREADS", threads.to_string());
    }
    command.output().expect("the binary was built with the tests")
}

/// What the program prints on stdout; it must succeed.
pub fn stdout(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments, None);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "funnel {arguments:?} in {}: {errors}", folder.display());
    String::from_utf8(output.stdout).expect("the report is UTF-8")
}

/// What the program says on stderr; it must succeed.
pub fn stderr(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments, None);
    assert!(output.status.success(), "funnel {arguments:?} in {}", folder.display());
    String::from_utf8(output.stderr).expect("messages are UTF-8")
}

/// One row of the tidy output: header and cell.
pub type Row = BTreeMap<String, String>;

/// The columns of the tidy output that are no dimensions.
pub const FIXED: [&str; 20] = [
    "table",
    "period",
    "basis",
    "as_of",
    "report_currency",
    "kpi",
    "value",
    "unit",
    "numerator",
    "denominator",
    "ci_low",
    "ci_high",
    "previous",
    "change",
    "change_percent",
    "difference_low",
    "difference_high",
    "significant",
    "target",
    "target_status",
];

/// The rows of `funnel report --format csv`.
pub fn tidy(folder: &Path, arguments: &[&str]) -> Vec<Row> {
    let mut all = vec!["report", "--format", "csv", "--quiet"];
    all.extend(arguments);
    parse(&stdout(folder, &all))
}

/// The rows of a tidy CSV.
pub fn parse(text: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.expect("each row has the width of the header")).collect()
}

/// The dimensions of a row that are no totals.
pub fn key(row: &Row) -> BTreeMap<String, String> {
    let is_dimension =
        |(name, value): &(&String, &String)| !FIXED.contains(&name.as_str()) && *value != "(total)";
    row.iter().filter(is_dimension).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// One value, as `value`, `numerator / denominator` where there are any: what a hand-written test states.
pub fn shown(rows: &[Row], table: &str, place: &str, kpi: &str) -> String {
    let wanted: BTreeMap<String, String> = place
        .split(',')
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    let found: Vec<&Row> =
        rows.iter().filter(|row| row["table"] == table && row["kpi"] == kpi && key(row) == wanted).collect();
    let [row] = found.as_slice() else {
        panic!("{} rows have `{kpi}` in {table} at `{place}`", found.len());
    };
    match (row["numerator"].as_str(), row["denominator"].as_str()) {
        ("", "") => row["value"].clone(),
        (numerator, denominator) => format!("{} = {numerator}/{denominator}", row["value"]),
    }
}
