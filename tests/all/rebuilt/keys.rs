//! Whatever key a report can carry is listed by `funnel kpis` and explained by `funnel explain`.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{Row, parse, project, run, stdout};

/// Reports that between them have all tables, blocks and lines.
const REPORTS: [&[&str]; 6] = [
    &[],
    &["--quarter", "2026-Q1"],
    &["--every", "quarter"],
    &["--quarter", "2026-Q1", "--compare", "previous"],
    &["--basis", "event"],
    &["--by", "channel"],
];

/// The keys of all reports of a folder; of targets that are missed there are keys all the same.
fn keys_of_reports(folder: &Path, inputs: &[&str]) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for report in REPORTS {
        let arguments = [&["report", "--format", "csv", "--quiet"][..], inputs, report].concat();
        let output = run(folder, &arguments, None);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        if !matches!(output.status.code(), Some(0 | 3)) {
            // a report by event needs lead IDs, one by channel channels
            assert!(errors.contains("hint:") && !report.is_empty(), "{}: {errors}", folder.display());
            continue;
        }
        let rows: Vec<Row> = parse(&String::from_utf8(output.stdout).unwrap());
        keys.extend(rows.into_iter().map(|row| row["kpi"].clone()));
    }
    keys
}

/// The keys that `funnel kpis` lists in a folder: those of KPIs, and those that stand beside a KPI.
fn listed_keys(folder: &Path) -> (BTreeSet<String>, Vec<String>) {
    let list = parse(&stdout(folder, &["kpis", "--format", "csv"]));
    let of_kind = |kind: &str| {
        list.iter().filter(|row| row["kind"] == kind).map(|row| row["key"].clone()).collect::<Vec<_>>()
    };
    (of_kind("kpi").into_iter().collect(), of_kind("beside"))
}

fn is_listed(key: &str, kpis: &BTreeSet<String>, beside: &[String]) -> bool {
    let stands_beside = |listed: &String| match listed.strip_prefix("KPI") {
        Some(ending) => key.strip_suffix(ending).is_some_and(|kpi| kpis.contains(kpi)),
        None => listed == key,
    };
    kpis.contains(key) || beside.iter().any(stands_beside)
}

#[test]
fn every_key_of_a_report_is_listed_and_explained() {
    let companies: [(&str, &[&str]); 10] = [
        ("examples/b2b", &[]),
        ("examples/saas", &[]),
        ("examples/crm-only", &["--crm", "deals.csv"]),
        ("fixtures/bases", &[]),
        ("fixtures/causes", &[]),
        ("fixtures/currencies", &[]),
        ("fixtures/money", &[]),
        ("fixtures/path", &[]),
        ("fixtures/speed", &[]),
        ("fixtures/targets", &[]),
    ];
    let mut explained = BTreeSet::new();
    for (folder, inputs) in companies {
        let folder = project().join(folder);
        let (kpis, beside) = listed_keys(&folder);
        for key in keys_of_reports(&folder, inputs) {
            assert!(is_listed(&key, &kpis, &beside), "{}: `{key}` is not listed", folder.display());
            // KPIs of the catalogue are explained one by one where they are computed once more
            let is_special = !kpis.contains(&key) || key == "left_share_difference";
            if is_special && explained.insert(key.clone()) {
                let arguments = [&["explain", &key, "--quiet"][..], inputs].concat();
                let text = stdout(&folder, &arguments);
                assert!(text.contains(&format!("({key})")) && text.contains("\n  formula"), "{text}");
            }
        }
    }
    for ending in ["_plan", "_attainment", "_pace", "_growth", "_difference"] {
        assert!(explained.iter().any(|key| key.ends_with(ending)), "no report has a key in {ending}");
    }
}

/// What has no rows says so in a sentence; all else lists them. These are the keys without, each with the reason.
#[test]
fn only_what_stands_beside_a_kpi_has_no_rows() {
    let without = [
        ("revenue_plan", "a number of the plan, whose row it is"),
        ("revenue_attainment", "the rows of the KPI over a number of the plan"),
        ("won_pace", "a number of the plan and days of the calendar"),
    ];
    let folder = project().join("examples/saas");
    for (key, reason) in without {
        let output = run(&folder, &["explain", key, "--rows"], None);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{key}, {reason}");
        assert!(errors.contains("has no rows of its own"), "{key}, {reason}: {errors}");
    }
    let kpis = listed_keys(&folder).0;
    for key in ["left_share_difference", "payback_months", "owner_concentration", "velocity"] {
        assert!(kpis.contains(key));
        let rows = stdout(&folder, &["explain", key, "--rows", "--quiet"]);
        assert!(rows.lines().count() > 10, "{key}: {rows}");
    }
}
