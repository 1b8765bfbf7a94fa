//! The rows of the CSV as JSON: objects with the same keys, numbers as numbers, nothing as null, and in front of them the
//! version of the schema that they follow.

use anyhow::Result;
use serde_json::{Map, Value as Json};

use super::csv::{SCHEMA, dimensions, heading, records};
use crate::report::Report;
use crate::report::evidence::{Evidence, EvidenceRow};

/// The keys whose values are numbers.
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

/// The report as JSON.
///
/// # Errors
/// None that a report can cause.
pub fn render(report: &Report) -> Result<String> {
    let dimensions = dimensions(report);
    let heading = heading(report, &dimensions);
    let rows: Vec<Json> = records(report, &dimensions)
        .iter()
        .map(|record| {
            let cells = heading.iter().zip(record.cells(report));
            Json::Object(cells.map(|(key, cell)| (key.clone(), json(key, cell))).collect::<Map<_, _>>())
        })
        .collect();
    let mut whole = serde_json::json!({
        "schema": SCHEMA,
        "stages": report.stages,
        "skips": report.skips.name(),
        "where": report.filters,
        "rows": rows,
    });
    if let (Some(evidence), Some(whole)) = (&report.evidence, whole.as_object_mut()) {
        whole.insert("evidence".to_string(), evidence_json(evidence));
    }
    Ok(format!("{}\n", serde_json::to_string_pretty(&whole)?))
}

fn evidence_json(evidence: &Evidence) -> Json {
    let row = |row: &EvidenceRow| {
        let amounts =
            row.amounts.iter().map(|(measure, amount)| (measure.clone(), number(&amount.to_plain())));
        serde_json::json!({
            "basis": row.basis.name(),
            "table": row.table.name(),
            "id": row.id,
            "dimensions": row.dimensions,
            "rows": row.count,
            "file": row.file,
            "line": row.line,
            "amounts": amounts.collect::<Map<_, _>>(),
            "counts": row.counts,
        })
    };
    let rows: Vec<Json> = evidence.rows.iter().map(row).collect();
    serde_json::json!({ "measures_of": evidence.measures_of, "rows": rows })
}

/// Whether the values of a column are numbers.
pub fn is_number(key: &str) -> bool {
    NUMBERS.contains(&key)
}

fn json(key: &str, cell: String) -> Json {
    if key == "significant" {
        return cell.parse::<bool>().map_or(Json::Null, Json::Bool);
    }
    if !is_number(key) {
        return if cell.is_empty() { Json::Null } else { Json::String(cell) };
    }
    number(&cell)
}

/// A number as it stands in the CSV; null where none does.
pub fn number(cell: &str) -> Json {
    let whole = cell.parse::<i64>().ok().map(Json::from);
    whole.or_else(|| cell.parse::<f64>().ok().map(Json::from)).unwrap_or(Json::Null)
}
