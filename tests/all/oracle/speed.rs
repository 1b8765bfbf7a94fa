//! Speed to lead a second time: a plain loop over the rows of `fixtures/speed`, with times read by another library.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use chrono::{DateTime, NaiveDate};

use crate::support::{Row, key, project, run, shown, stderr, stdout, tidy};

/// A moment in seconds from 1970-01-01 in UTC, or a day alone.
#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    Second(i64),
    Day(i64),
}

impl When {
    fn read(cell: &str) -> Option<When> {
        let cell = cell.replace('Z', "+00:00");
        let forms =
            ["%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%dT%H:%M%:z", "%Y-%m-%d %H:%M:%S%:z", "%Y-%m-%d %H:%M%:z"];
        let moment = forms.iter().find_map(|form| DateTime::parse_from_str(&cell, form).ok());
        let day = || NaiveDate::parse_from_str(&cell, "%Y-%m-%d").ok();
        let midnight = |day: NaiveDate| day.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp();
        let second = moment.map(|moment| When::Second(moment.timestamp()));
        second.or_else(|| day().map(|day| When::Day(midnight(day).div_euclid(86_400))))
    }

    fn day(self) -> i64 {
        match self {
            When::Second(second) => second.div_euclid(86_400),
            When::Day(day) => day,
        }
    }

    fn second(self) -> Option<i64> {
        match self {
            When::Second(second) => Some(second),
            When::Day(_) => None,
        }
    }
}

fn day(text: &str) -> i64 {
    When::read(text).unwrap().day()
}

struct Lead {
    cells: BTreeMap<String, String>,
    created: Option<When>,
    won: Option<When>,
    touched: Option<When>,
}

fn rows(file: &str) -> Vec<BTreeMap<String, String>> {
    let path = project().join("fixtures/speed").join(file);
    csv::Reader::from_path(path).unwrap().deserialize().map(|row| row.unwrap()).collect()
}

/// The leads as they stand on a day, each with the earliest of its calls.
fn leads(as_of: i64) -> Vec<Lead> {
    let calls: Vec<_> = ["calls-1.csv", "calls-2.csv"].into_iter().flat_map(rows).collect();
    let until = |when: &When| when.day() <= as_of;
    let mut leads = Vec::new();
    for cells in rows("leads.csv") {
        let own = calls.iter().filter(|call| call["Lead ID"] == cells["Lead ID"]);
        let touched = own.filter_map(|call| When::read(&call["First call"])).filter(until);
        let touched = touched.min_by_key(|when| (when.day(), when.second()));
        let created = When::read(&cells["Created"]);
        let won = When::read(&cells["Won date"]).filter(until);
        if created.is_none_or(|created| until(&created)) {
            leads.push(Lead { cells, created, won, touched });
        }
    }
    leads
}

#[derive(Debug, PartialEq)]
struct Speed {
    hours: Vec<f64>,
    in_time: usize,
    due: usize,
}

/// What the leads of each value of a dimension come to; `within` is the limit in seconds.
fn speeds(
    as_of: &str,
    within: i64,
    dimension: &str,
    counts: &dyn Fn(&Lead) -> bool,
) -> BTreeMap<String, Speed> {
    let as_of = day(as_of);
    let all = leads(as_of);
    let mut speeds: BTreeMap<String, Speed> = BTreeMap::new();
    for lead in all.iter().filter(|lead| counts(lead)) {
        let Some(created) = lead.created else { continue };
        let is_earlier = |other: &Lead| {
            other.cells["Customer"] == lead.cells["Customer"]
                && other.won.is_some_and(|won| won.day() < created.day())
        };
        if all.iter().any(is_earlier) {
            continue;
        }
        let Some(began) = created.second() else { continue };
        let value = Some(lead.cells[dimension].clone()).filter(|value| !value.is_empty());
        for key in [value.unwrap_or("(none)".into()), "(total)".into()] {
            let speed = speeds.entry(key).or_insert(Speed { hours: Vec::new(), in_time: 0, due: 0 });
            let lag = lead.touched.and_then(When::second).map(|touched| touched - began);
            speed.hours.extend(lag.filter(|lag| *lag >= 0).map(|lag| lag as f64 / 3600.0));
            let is_told = lead.touched.is_none() || lag.is_some_and(|lag| lag >= 0);
            if is_told && began + within <= as_of * 86_400 {
                speed.due += 1;
                speed.in_time += usize::from(lag.is_some_and(|lag| lag <= within));
            }
        }
    }
    for speed in speeds.values_mut() {
        speed.hours.sort_by(f64::total_cmp);
    }
    speeds
}

/// Holds the tidy rows of `owners` against the loop; every row must be expected, and every expected one there.
fn compare(rows: &[Row], dimension: &str, expected: &BTreeMap<String, Speed>) {
    let kpis = ["speed_to_lead_median", "speed_to_lead_p90", "speed_to_lead_n", "touched_within"];
    let mut seen = BTreeSet::new();
    for row in rows.iter().filter(|row| kpis.contains(&row["kpi"].as_str())) {
        let place = key(row).get(dimension).cloned().unwrap_or("(total)".to_string());
        let none = Speed { hours: Vec::new(), in_time: 0, due: 0 };
        let speed = expected.get(&place).unwrap_or(&none);
        let n = speed.hours.len();
        let unit = |unit: &str| assert_eq!(row["unit"], unit, "{row:?}");
        let number = row["value"].parse::<f64>().ok();
        let value = match row["kpi"].as_str() {
            "speed_to_lead_median" => {
                unit("hours");
                (n > 0).then(|| f64::midpoint(speed.hours[(n - 1) / 2], speed.hours[n / 2]))
            }
            "speed_to_lead_p90" => {
                unit("hours");
                (n > 0).then(|| speed.hours[(9 * n).div_ceil(10) - 1])
            }
            "speed_to_lead_n" => Some(n as f64),
            _ => {
                unit("share");
                let parts =
                    [&row["numerator"], &row["denominator"]].map(|cell| cell.parse::<usize>().unwrap());
                assert_eq!(parts, [speed.in_time, speed.due], "{row:?}");
                let interval = [&row["ci_low"], &row["ci_high"]].map(|cell| cell.parse::<f64>().ok());
                let (p, n) = (speed.in_time as f64 / speed.due as f64, speed.due as f64);
                let known = interval.iter().flatten().count();
                assert_eq!(known, if speed.due > 0 { 2 } else { 0 }, "{row:?}");
                // six decimals of the roots of (p - x)² = z² x (1 - x) / n
                for limit in interval.into_iter().flatten() {
                    let off =
                        (p - limit).powi(2) - 1.959_963_984_540_054_f64.powi(2) * limit * (1.0 - limit) / n;
                    assert!(off.abs() < 1e-5, "{row:?}");
                }
                (speed.due > 0).then_some(p)
            }
        };
        match (value, number) {
            (Some(value), Some(number)) => assert!((value - number).abs() < 1e-6, "{value}: {row:?}"),
            (value, number) => assert_eq!(value, number, "{row:?}"),
        }
        seen.insert((place, row["kpi"].clone()));
    }
    for place in expected.keys() {
        assert!(kpis.iter().all(|kpi| seen.contains(&(place.clone(), (*kpi).to_string()))), "{place}");
    }
}

/// Options, the dimension of the rows, the day of the data, and which leads count.
type Asked<'a> = (&'a [&'a str], &'a str, &'a str, &'a dyn Fn(&Lead) -> bool);

fn fixture() -> std::path::PathBuf {
    project().join("fixtures/speed")
}

#[test]
fn speed_to_lead_is_what_a_loop_over_the_rows_finds() {
    let all = |_: &Lead| true;
    let created_in = |from: &'static str, to: &'static str| {
        move |lead: &Lead| lead.created.is_some_and(|created| (day(from)..day(to)).contains(&created.day()))
    };
    let march = created_in("2026-03-01", "2026-04-01");
    let ads = |lead: &Lead| lead.cells["Channel"] == "ads";
    let questions: [Asked; 8] = [
        (&[], "Owner", "2026-03-31", &all),
        (&["--by", "channel"], "Channel", "2026-03-31", &all),
        (&["--basis", "cohort"], "Owner", "2026-03-31", &all),
        (&["--month", "2026-03"], "Owner", "2026-03-31", &march),
        (&["--month", "2026-03", "--basis", "cohort"], "Owner", "2026-03-31", &march),
        (&["--where", "channel=ads"], "Owner", "2026-03-31", &ads),
        (&["--as-of", "2026-03-20"], "Owner", "2026-03-20", &all),
        (&["--as-of", "2026-03-09"], "Owner", "2026-03-09", &all),
    ];
    for (options, dimension, as_of, counts) in questions {
        let rows = tidy(&fixture(), &[&["owners"], options].concat());
        compare(&rows, &dimension.to_lowercase(), &speeds(as_of, 3600, dimension, counts));
    }
    // a column a month, and the month before
    for (month, from, to) in
        [("2026-02", "2026-02-01", "2026-03-01"), ("2026-03", "2026-03-01", "2026-04-01")]
    {
        let mut rows = tidy(&fixture(), &["owners", "--every", "month"]);
        rows.retain(|row| row["period"] == month);
        compare(&rows, "owner", &speeds("2026-03-31", 3600, "Owner", &created_in(from, to)));
    }
    let rows = tidy(&fixture(), &["owners", "--month", "2026-03", "--compare", "previous"]);
    let bob = |row: &&Row| row["kpi"] == "speed_to_lead_median" && row["owner"] == "Bob";
    let before = speeds("2026-03-31", 3600, "Owner", &created_in("2026-02-01", "2026-03-01"));
    let previous: f64 = rows.iter().find(bob).unwrap()["previous"].parse().unwrap();
    assert!((previous - before["Bob"].hours[0]).abs() < 1e-9);
}

/// The limit of `[speed]` is kept to the second, and one of 24 hours is the usual one.
#[test]
fn the_limit_is_kept_to_the_second() {
    let folder = copy(&fixture(), |_, text| text.to_string());
    let configuration = fs::read_to_string(folder.path().join("funnel.toml")).unwrap();
    for (within, seconds) in
        [("within = \"15m\"", 900), ("within = \"70m\"", 4200), ("within = \"3d\"", 259_200), ("", 86_400)]
    {
        let changed = configuration.replace("within = \"1h\"", within);
        fs::write(folder.path().join("funnel.toml"), changed).unwrap();
        let rows = tidy(folder.path(), &["owners"]);
        compare(&rows, "owner", &speeds("2026-03-31", seconds, "Owner", &|_| true));
    }
}

/// A folder with the files of another, each changed.
fn copy(folder: &Path, change: impl Fn(&str, &str) -> String) -> tempfile::TempDir {
    let copied = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let text = fs::read_to_string(entry.path()).unwrap();
        fs::write(copied.path().join(&name), change(&name, &text)).unwrap();
    }
    copied
}

/// Neither the order of the rows nor the number of threads changes anything.
#[test]
fn the_order_of_rows_does_not_matter() {
    let reversed = copy(&fixture(), |name, text| {
        if name == "funnel.toml" {
            return text.to_string();
        }
        let mut lines: Vec<&str> = text.lines().collect();
        lines[1..].reverse();
        lines.join("\n") + "\n"
    });
    let arguments = ["report", "owners", "--format", "csv", "--quiet"];
    let expected = stdout(&fixture(), &arguments);
    for (folder, threads) in [(fixture(), 1), (fixture(), 4), (reversed.path().to_path_buf(), 3)] {
        let printed = run(&folder, &arguments, Some(threads)).stdout;
        assert_eq!(String::from_utf8(printed).unwrap(), expected);
    }
}

/// A touch before the creation is told by the audit as well: lead 4, of the 13 that have both dates.
#[test]
fn the_audit_tells_touches_before_the_creation() {
    let printed = stdout(&fixture(), &["check", "--format", "csv", "-q"]);
    let line = printed.lines().find(|line| line.contains("first touch before created")).unwrap();
    assert!(line.contains(",1,13,") && line.contains("calls-1.csv:5"), "{line}");
}

/// The rows behind the median: each lead with its hours, and who can be judged with a 1.
#[test]
fn explain_lists_the_leads_with_their_hours() {
    let rows =
        stdout(&fixture(), &["explain", "speed_to_lead_median", "--rows", "-q", "--where", "owner=Ann"]);
    let expected = "table,id,file,line,speed_to_lead\n\
        leads,1,calls-1.csv,2,0.5\nleads,14,calls-2.csv,5,0.5\nleads,15,calls-2.csv,6,220\nleads,2,calls-1.csv,3,1\n";
    assert_eq!(rows, expected);
    let rows = stdout(&fixture(), &["explain", "touched_within", "--rows", "-q", "--where", "owner=Bob"]);
    // 3: 70 minutes; 7: a quarter of an hour; 12: a weekend; 16: nobody called
    let expected = "table,id,file,line,touch_due,touched_in_time\n\
        leads,12,calls-2.csv,3,1,0\nleads,16,leads.csv,17,1,0\nleads,3,calls-1.csv,4,1,0\nleads,7,calls-1.csv,7,1,1\n";
    assert_eq!(rows, expected);
}

/// Times with AM and PM and with the month in words: 15.5, 13, 720 and 0 minutes, one lead untouched.
#[test]
fn times_in_other_forms_are_read() {
    let rows = tidy(&fixture(), &["owners", "--crm", "half-days.csv"]);
    // (13 + 15.5) / 2 minutes in hours
    assert_eq!(shown(&rows, "owners", "owner=Ann", "speed_to_lead_median"), "0.2375 = /4");
    assert_eq!(shown(&rows, "owners", "owner=Ann", "speed_to_lead_p90"), "12 = /4");
    // 24 hours: the lead of 20 April, the last day, is young; the one that nobody touched is of 17 April
    assert_eq!(shown(&rows, "owners", "owner=Ann", "touched_within"), "0.75 = 3/4");
}

/// Deals of a lead: the first of their touches counts from the first of their creations.
#[test]
fn of_several_deals_the_first_touch_counts() {
    let folder = tempfile::tempdir().unwrap();
    let deals = "Lead ID,Created,First touched at,Stage,Owner\n\
        1,2026-05-04 10:00,2026-05-05 12:00,won,Ann\n\
        1,2026-05-04 09:00,2026-05-04 16:30,lost,Ann\n\
        2,2026-05-06 09:00,2026-05-06 09:45,lost,Ann\n\
        3,2026-05-11 09:00,,lead,Ann\n";
    fs::write(folder.path().join("deals.csv"), deals).unwrap();
    let configuration = "[[crm]]\nfiles = [\"deals.csv\"]\nduplicates = \"deals\"\n";
    fs::write(folder.path().join("funnel.toml"), configuration).unwrap();
    let rows = tidy(folder.path(), &["owners"]);
    // 9:00 to 16:30 are 7.5 hours, 9:00 to 9:45 three quarters: (7.5 + 0.75) / 2
    assert_eq!(shown(&rows, "owners", "owner=Ann", "speed_to_lead_median"), "4.125 = /2");
}

/// Where a date has no time of day nothing is made of it, and the report says why.
#[test]
fn days_tell_no_hours() {
    for (file, column) in [("days.csv", "first_touch_at"), ("midnights.csv", "lead_at")] {
        let printed = stdout(&fixture(), &["report", "owners", "-q", "--crm", file]);
        assert!(!printed.contains("Speed to lead"), "{printed}");
        let note = format!("no speed to lead: it needs times of day in the column `{column}` of crm");
        assert!(printed.replace("\n  ", " ").contains(&note), "{printed}");
    }
    let printed = stdout(&fixture(), &["report", "owners", "-q", "--crm", "two-zones.csv"]);
    assert!(printed.contains("no speed to lead: it needs times of day in one zone"), "{printed}");
    // who has no first touches misses nothing
    let tiny = project().join("fixtures/tiny");
    assert!(!stdout(&tiny, &["report", "owners"]).contains("peed to lead"));
    assert!(!stderr(&tiny, &["report", "owners"]).contains("peed to lead"));
}

/// A log of all calls: its rows are parts of a lead, of which the earliest counts, whatever their order.
#[test]
fn of_a_log_of_calls_the_first_counts() {
    let folder = tempfile::tempdir().unwrap();
    let leads =
        "Lead ID,Created,Won date,Owner\n1,2026-05-04 09:00,2026-05-20,Ann\n2,2026-05-05 09:00,,Ann\n";
    let calls =
        "Lead ID,Called\n1,2026-05-06 10:00\n2,2026-05-05 18:00\n1,2026-05-04 11:00\n2,2026-05-05 09:30\n";
    let configuration = "[[crm]]\nfiles = [\"leads.csv\"]\n[[crm]]\nfiles = [\"calls.csv\"]\nduplicates = \"sum\"\n\
        [crm.columns]\nlead_id = \"Lead ID\"\nfirst_touch_at = \"Called\"\n";
    for (name, text) in [("leads.csv", leads), ("calls.csv", calls), ("funnel.toml", configuration)] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let rows = tidy(folder.path(), &["owners"]);
    // two hours, and half an hour
    assert_eq!(shown(&rows, "owners", "owner=Ann", "speed_to_lead_median"), "1.25 = /2");
    assert_eq!(shown(&rows, "owners", "owner=Ann", "touched_within"), "1 = 2/2");
}

/// A known export names the first touch itself; its times have no zone.
#[test]
fn the_first_outreach_of_hubspot_is_the_first_touch() {
    let folder = tempfile::tempdir().unwrap();
    let contacts = "Record ID,Lifecycle Stage,Create Date,Became a Customer Date,Contact owner,Date of first engagement,Date of first outreach\n\
        1,Customer,2024-02-01 09:30,2024-02-20 10:00,Ann,2024-02-10 09:00,2024-02-01 10:45\n\
        2,Lead,2024-02-05 09:30,,Ann,,\n";
    fs::write(folder.path().join("contacts.csv"), contacts).unwrap();
    let rows = tidy(folder.path(), &["owners", "--crm", "contacts.csv"]);
    assert_eq!(shown(&rows, "owners", "owner=Ann", "speed_to_lead_median"), "1.25 = /1");
    assert_eq!(shown(&rows, "owners", "owner=Ann", "touched_within"), "0.5 = 1/2");
}
