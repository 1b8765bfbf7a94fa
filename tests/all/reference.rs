//! The reference of the manual is what the catalogue says, and every KPI can show the rows that it is made of.

use std::collections::BTreeMap;

use crate::support::{project, run, stdout};

const BEGIN: &str = "<!-- kpis -->\n";
const END: &str = "<!-- /kpis -->";

/// With `TRYCMD=overwrite` the manual is written anew, as the transcripts are.
#[test]
fn the_manual_has_every_kpi_of_the_catalogue() {
    let path = project().join("README.md");
    let manual = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = manual.split_once(BEGIN).expect("the manual has a reference");
    let (found, after) = rest.split_once(END).expect("the reference has an end");
    let folder = tempfile::tempdir().unwrap();
    let expected = format!("{}\n", stdout(folder.path(), &["kpis", "--format", "markdown"]).trim_end());
    if std::env::var("TRYCMD").is_ok_and(|mode| mode == "overwrite") {
        std::fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert!(found == expected, "write it anew: `TRYCMD=overwrite cargo test --test all reference::`");
    }
}

/// The columns of the rows add up to the measures that `explain` prints, for each KPI that the inputs allow.
#[test]
fn the_rows_of_every_kpi_add_up_to_its_measures() {
    let folder = project().join("fixtures/causes");
    let list = stdout(&folder, &["kpis"]);
    let names =
        list.lines().skip(2).take_while(|line| !line.is_empty()).filter_map(|line| line.split(' ').next());
    let mut added_up = 0;
    for name in names.filter(|name| !name.is_empty()) {
        let period = ["--quarter", "2026-Q2", "--quiet"];
        let rows = run(&folder, &[&["explain", name, "--rows"][..], &period].concat(), None);
        if !rows.status.success() {
            let errors = String::from_utf8_lossy(&rows.stderr).into_owned();
            assert!(errors.contains("cannot be computed"), "{name}: {errors}");
            continue;
        }
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        let mut reader = csv::Reader::from_reader(rows.stdout.as_slice());
        for row in reader.deserialize::<BTreeMap<String, String>>() {
            for (column, cell) in row.unwrap() {
                if !["table", "id", "file", "line"].contains(&column.as_str()) {
                    *sums.entry(column).or_default() += cell.parse::<f64>().unwrap();
                }
            }
        }
        let explained = stdout(&folder, &[&["explain", name][..], &period].concat());
        let measures = explained.lines().skip_while(|line| *line != "Measures").skip(1);
        for line in measures
            .take_while(|line| !line.is_empty())
            .filter(|line| !line.contains("days from") && !line.contains("hours from"))
        {
            let mut words = line.split_whitespace();
            // a predicate may run over two lines
            let (Some(measure), Some(total)) =
                (words.next(), words.next().and_then(|word| word.strip_suffix(':')))
            else {
                continue;
            };
            let Ok(total) = total.replace(',', "").parse::<f64>() else { continue };
            let sum = sums.get(measure).copied().unwrap_or_default();
            assert!(
                (sum - total).abs() < 0.006,
                "{name}: the rows of `{measure}` add up to {sum}, not {total}"
            );
            added_up += 1;
        }
    }
    assert!(added_up > 50, "only {added_up} measures were seen");
}
