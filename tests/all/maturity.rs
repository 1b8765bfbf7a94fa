//! The cohort-maturity curve: the share of a cohort that has come by an age, and on how many leads it rests, against a
//! plain estimate from the raw CSV and against published figures.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::page::{Piece, hold_against_json, pieces};
use crate::support::{Row, project, stdout, tidy};

/// Days since a fixed one; none for an empty cell.
fn day(text: &str) -> Option<i64> {
    let date = text.parse::<chrono::NaiveDate>().ok()?;
    Some((date - chrono::NaiveDate::default()).num_days())
}

/// A lead as its line in the CSV has it.
type Line = BTreeMap<String, String>;

fn lines(file: &Path) -> Vec<Line> {
    let mut reader = csv::Reader::from_path(file).expect("the example has leads");
    reader.deserialize().map(|line| line.expect("a line has its cells")).collect()
}

/// Share by an age and number at risk, of leads from one date to another: each day counted anew from the whole list.
fn estimate(leads: &[Line], (from, to): (&str, &str), as_of: i64, age: i64) -> (f64, usize) {
    // the days after which a lead came, or until which it was seen not to; one that was lost never comes
    let times: Vec<(i64, bool)> = leads
        .iter()
        .filter_map(|lead| {
            let began = day(&lead[from])?;
            let end = day(&lead[to]);
            let waits = if lead["Lost date"].is_empty() { as_of - began } else { i64::MAX };
            Some(end.map_or((waits, false), |end| (end - began, true)))
        })
        .collect();
    let mut left = 1.0;
    for today in 0..=age {
        let at_risk = times.iter().filter(|(days, _)| *days >= today).count().max(1);
        let came = times.iter().filter(|time| **time == (today, true)).count();
        left *= 1.0 - came as f64 / at_risk as f64;
    }
    (1.0 - left, times.iter().filter(|(days, _)| *days >= age).count())
}

/// The rows of a table of maturity that have a value, by period, channel, age and KPI.
fn values(rows: &[Row]) -> BTreeMap<(String, String, String, String), f64> {
    let cell = |row: &Row, name: &str| row.get(name).cloned().unwrap_or_default();
    let known = rows.iter().filter_map(|row| {
        let place = (cell(row, "period"), cell(row, "channel"), cell(row, "age_days"), cell(row, "kpi"));
        Some((place, row["value"].parse().ok()?))
    });
    known.collect()
}

#[test]
fn the_curves_of_the_example_are_those_of_its_csv() {
    let folder = project().join("examples/b2b");
    let leads = lines(&folder.join("leads.csv"));
    let as_of = day("2026-06-13").expect("a date");
    let columns = [("lead", "Created"), ("mql", "MQL date"), ("sql", "SQL date"), ("won", "Won date")];
    let column = |stage: &str| columns.iter().find(|(name, _)| *name == stage).expect("a stage").1;
    let months = ["2026-01", "2026-02", "2026-03"];
    let mut checked = 0;
    for (arguments, is_split) in
        [(&[][..], false), (&["--by", "channel"][..], true), (&["--every", "month"][..], false)]
    {
        let values = values(&tidy(&folder, &[&["maturity"], arguments].concat()));
        for ((period, channel, age, kpi), value) in &values {
            let Some((from, rest)) = kpi.split_once("_to_") else { panic!("{kpi}") };
            let (to, is_share) = rest
                .strip_suffix("_by_age")
                .map(|to| (to, true))
                .or_else(|| rest.strip_suffix("_at_risk").map(|to| (to, false)))
                .expect("there are two kinds of columns");
            if [from, to].contains(&"opportunity") {
                continue;
            }
            let of_group = |lead: &&Line| {
                let source = if lead["Source"].is_empty() { "(none)" } else { &lead["Source"] };
                (period == "all" || lead["Created"].starts_with(period.as_str()))
                    && (!is_split || channel == "(total)" || source == channel)
            };
            let own: Vec<Line> = leads.iter().filter(of_group).cloned().collect();
            let age: i64 = age.parse().expect("an age is a number");
            let (share, at_risk) = estimate(&own, (column(from), column(to)), as_of, age);
            let expected = if is_share { share } else { at_risk as f64 };
            assert!(
                (value - expected).abs() < 1e-6,
                "{period} {channel} {age} {kpi}: {value}, not {expected}"
            );
            checked += 1;
        }
        let has_periods = months.iter().all(|month| values.keys().any(|(period, ..)| period == month));
        assert_eq!(has_periods, arguments.contains(&"--every"));
    }
    assert!(checked > 300, "{checked} values");
}

/// Weeks of remission under 6-MP, here days from a lead to its win; a `+` behind those that still went on. E. J.
/// Freireich et al., Blood 21 (1963); E. A. Gehan, Biometrika 52 (1965).
const REMISSION: &str = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+";

#[test]
fn a_published_curve_has_its_published_figures() {
    let folder = tempfile::tempdir().expect("a folder for the leads");
    let as_of = chrono::NaiveDate::from_ymd_opt(2026, 6, 30).expect("a date");
    let mut text = "Lead ID,Created,Won date\n".to_string();
    for (number, time) in REMISSION.split(' ').enumerate() {
        let days = time.trim_end_matches('+').parse().map(chrono::Duration::days).expect("a number");
        let won = if time.ends_with('+') { String::new() } else { as_of.to_string() };
        let _ = writeln!(text, "P{number},{},{won}", as_of - days);
    }
    std::fs::write(folder.path().join("leads.csv"), text).expect("the folder was just made");
    let rows = tidy(folder.path(), &["maturity", "--crm", "leads.csv"]);
    let values = values(&rows);
    let at = |age: &str, kpi: &str| {
        values.get(&("all".to_string(), String::new(), age.to_string(), kpi.to_string())).copied()
    };
    // by hand: 18/21 · 16/17 are left after 7, · 14/15 · 11/12 after 14, · 10/11 · 6/7 · 5/6 after 30
    for (age, left, at_risk) in
        [("0", 1.0, 21.0), ("7", 0.806_723, 17.0), ("14", 0.690_196, 11.0), ("30", 0.448_179, 4.0)]
    {
        assert_eq!(
            at(age, "lead_to_won_by_age").map(|share| (1e6 * (1.0 - share)).round() / 1e6),
            Some(left)
        );
        assert_eq!(at(age, "lead_to_won_at_risk"), Some(at_risk));
    }
    assert_eq!(at("60", "lead_to_won_by_age"), None, "nobody was observed so long");
}

/// What the points of the charts of maturity say.
fn told(page: &str) -> Vec<String> {
    let pieces = pieces(page);
    let is_tip = |piece: &Piece| {
        matches!(piece, Piece::Open { name, attributes }
            if name == "text" && attributes.get("class").is_some_and(|class| class == "tip"))
    };
    let pairs = pieces.windows(2).filter(|pair| is_tip(&pair[0]));
    pairs
        .filter_map(|pair| if let Piece::Text(text) = &pair[1] { Some(text.clone()) } else { None })
        .filter(|text| text.contains("at risk"))
        .collect()
}

#[test]
fn the_page_draws_what_the_table_says() {
    for (arguments, kpi, lines) in [
        (&["maturity"][..], "lead_to_won", vec![("Lead → Won", "all", "")]),
        (
            &["maturity", "--by", "channel"][..],
            "lead_to_won",
            vec![("Total", "all", "(total)"), ("ads", "all", "ads"), ("webinar", "all", "webinar")],
        ),
        (&["maturity", "--every", "month"][..], "lead_to_won", vec![("2026-01", "2026-01", "")]),
    ] {
        let config = ["--config", "examples/b2b/funnel.toml", "--quiet", "--format"];
        let page = stdout(&project(), &[&["report"], arguments, &config, &["html"]].concat());
        let json = stdout(&project(), &[&["report"], arguments, &config, &["json"]].concat());
        assert!(hold_against_json(&page, &json).0 > 50, "{arguments:?}");
        let values = values(&tidy(&project().join("examples/b2b"), arguments));
        let told = told(&page);
        for (label, period, channel) in lines {
            for age in ["0", "30", "90"] {
                let value = |ending: &str| {
                    let place = (period.to_string(), channel.to_string(), age.to_string());
                    values[&(place.0, place.1, place.2, format!("{kpi}_{ending}"))]
                };
                let words = format!(
                    "{label}, {age} d: {:.2} % ({} at risk)",
                    value("by_age") * 100.0,
                    value("at_risk")
                );
                assert!(told.contains(&words), "{arguments:?}: no `{words}` among {told:#?}");
            }
        }
    }
}
