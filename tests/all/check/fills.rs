//! Fill rates by plain loops over the file: another way to the same numbers.

use std::collections::BTreeMap;

use super::{CONFIGURATION, audit};
use crate::support::{Row, parse, project};

/// The leads of the file as plain rows: the first row of each ID, all dates up to the day of the audit.
fn leads() -> Vec<Row> {
    let text = std::fs::read_to_string(project().join("fixtures/check/leads.csv")).unwrap();
    let mut seen = Vec::new();
    let mut leads = Vec::new();
    for mut row in parse(&text) {
        let id = row["Lead ID"].clone();
        if id.is_empty() || seen.contains(&id) {
            continue;
        }
        seen.push(id);
        for (_, cell) in row.iter_mut().filter(|(name, _)| name.ends_with("date") || *name == "Created") {
            if cell.as_str() > "2026-05-31" {
                cell.clear();
            }
        }
        leads.push(row);
    }
    leads
}

/// The furthest stage of a lead: 0 to 3.
fn furthest(lead: &Row) -> usize {
    let dates = ["Created", "MQL date", "SQL date", "Won date"];
    (0..4).rev().find(|place| !lead[dates[*place]].is_empty()).unwrap_or(0)
}

fn is_lost(lead: &Row) -> bool {
    let says_so = ["Lost date", "Lost reason", "Status"].iter().any(|name| !lead[*name].is_empty());
    says_so && furthest(lead) < 3
}

type Asks = fn(&Row) -> bool;

/// The fields with the leads that should have each.
const FIELDS: [(&str, &str, Asks); 10] = [
    ("lead_at", "Created", |_| true),
    ("mql_at", "MQL date", |lead| furthest(lead) >= 1),
    ("sql_at", "SQL date", |lead| furthest(lead) >= 2),
    ("won_at", "Won date", |lead| furthest(lead) >= 3),
    ("lost_at", "Lost date", is_lost),
    ("lost_reason", "Lost reason", is_lost),
    ("channel", "Source", |_| true),
    ("owner", "Owner", |_| true),
    ("amount", "Amount", |lead| furthest(lead) >= 3),
    ("customer_id", "Customer ID", |_| true),
];

/// Fill rates by plain loops over the file: in total, by owner and by furthest stage.
#[test]
fn fill_rates_are_those_of_a_plain_loop() {
    let mut expected: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
    for lead in leads() {
        let owner = if lead["Owner"].is_empty() { "(none)" } else { &lead["Owner"] };
        let stage = ["lead", "mql", "sql", "won"][furthest(&lead)];
        for (field, header, asks) in FIELDS {
            for subject in ["(total)".to_string(), format!("owner={owner}"), format!("stage={stage}")] {
                let fill = expected.entry((format!("filled_{field}"), subject)).or_default();
                if asks(&lead) {
                    fill.1 += 1;
                    fill.0 += u64::from(!["", "test", "asdf"].contains(&lead[header].as_str()));
                }
            }
        }
    }
    let found: BTreeMap<(String, String), (u64, u64)> = audit(&["--config", CONFIGURATION])
        .into_iter()
        .filter(|row| row["section"] == "completeness")
        .map(|row| {
            let number = |name: &str| row[name].parse().unwrap();
            ((row["key"].clone(), row["subject"].clone()), (number("count"), number("of")))
        })
        .collect();
    assert_eq!(found, expected);
}
