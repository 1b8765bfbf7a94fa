//! Who fits the profile, who had complained, who left: two hundred customers of `fixtures/causes`, counted a second time.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::support::{Row, project, stdout, tidy};

type Record = BTreeMap<String, String>;

fn records(file: &str) -> Vec<Record> {
    let path = project().join("fixtures/causes").join(file);
    let mut reader = csv::Reader::from_path(path).expect("a fixture");
    reader.deserialize().map(|record| record.expect("a fixture has whole rows")).collect()
}

fn rows(arguments: &[&str]) -> Vec<Row> {
    let mut all = vec!["report", "--format", "csv", "--quiet"];
    all.extend(arguments);
    let text = stdout(&project().join("fixtures/causes"), &all);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.expect("the report is a CSV")).collect()
}

fn find<'a>(rows: &'a [Row], kpi: &str, conditions: &[(&str, &str)]) -> &'a Row {
    let fits = |row: &&Row| {
        let is_there =
            conditions.iter().all(|(name, value)| row.get(*name).is_some_and(|cell| cell == value));
        row["kpi"] == kpi && is_there
    };
    rows.iter().find(fits).unwrap_or_else(|| panic!("no row of {kpi} with {conditions:?}"))
}

fn cells(row: &Row) -> (u64, u64) {
    let number = |name: &str| row[name].parse().unwrap_or_else(|_| panic!("{name} of {row:?}"));
    (number("numerator"), number("denominator"))
}

/// Left and all of each field: (fits, complained). A complaint counts from the start of the contract to its end.
fn fields() -> BTreeMap<(Option<bool>, bool), (u64, u64)> {
    let (leads, tickets) = (records("leads.csv"), records("tickets.csv"));
    let mut fields: BTreeMap<(Option<bool>, bool), (u64, u64)> = BTreeMap::new();
    for contract in records("contracts.csv") {
        let lead = leads.iter().find(|lead| lead["Lead ID"] == contract["Lead ID"]).expect("a known lead");
        let fits = match lead["Company size"].as_str() {
            "" => None,
            size => Some(size == "large" || size == "mid"),
        };
        let (start, end) = (&contract["Started at"], &contract["Churned at"]);
        let is_complaint = |ticket: &&Record| ["complaint", "claim"].contains(&ticket["Kind"].as_str());
        let complained = tickets.iter().filter(is_complaint).any(|ticket| {
            let day = &ticket["Opened at"];
            ticket["Lead ID"] == contract["Lead ID"] && day >= start && (end.is_empty() || day <= end)
        });
        let field = fields.entry((fits, complained)).or_default();
        field.0 += u64::from(!end.is_empty());
        field.1 += 1;
    }
    fields
}

#[test]
fn the_four_fields_are_those_that_a_loop_counts() {
    let rows = rows(&["churn"]);
    let fields = fields();
    assert_eq!(fields[&(Some(true), false)], (8, 80), "as the fixture was made");
    assert_eq!(fields[&(Some(false), true)], (22, 40), "as the fixture was made");
    for ((fits, complained), expected) in fields {
        let profile = fits.map_or("(none)", |fits| if fits { "fits" } else { "does not fit" });
        let complained = if complained { "had a complaint" } else { "no complaint" };
        let row = find(&rows, "left_share", &[("profile", profile), ("complained", complained)]);
        assert_eq!(cells(row), expected, "{profile}, {complained}");
    }
    assert_eq!(cells(find(&rows, "left_share", &[("profile", "(total)")])), (58, 201));
}

/// Newcombe's interval from Wilson's, which are the roots of `(p − x)² = z² x (1 − x) / n`.
fn newcombe(one: (u64, u64), other: (u64, u64)) -> [f64; 3] {
    let wilson = |(successes, trials): (u64, u64)| {
        let (n, z_squared) = (trials as f64, 1.959_963_984_540_054_f64.powi(2));
        let p = successes as f64 / n;
        let (a, b) = (1.0 + z_squared / n, -(2.0 * p + z_squared / n));
        let root = (b * b - 4.0 * a * p * p).max(0.0).sqrt();
        (p, (-b - root) / (2.0 * a), (-b + root) / (2.0 * a))
    };
    let ((p, p_low, p_high), (q, q_low, q_high)) = (wilson(one), wilson(other));
    let difference = p - q;
    [
        difference,
        difference - ((p - p_low).powi(2) + (q_high - q).powi(2)).sqrt(),
        difference + ((p_high - p).powi(2) + (q - q_low).powi(2)).sqrt(),
    ]
}

#[test]
fn the_differences_and_their_intervals_follow_from_the_fields() {
    let rows = rows(&["churn"]);
    let quality = "does not fit - fits";
    let service = "had a complaint - no complaint";
    // left and all of both sides, added up by hand from 8/80, 12/40, 16/40 and 22/40
    for (profile, complained, one, other) in [
        (quality, "(total)", (38, 80), (20, 120)),
        (quality, "no complaint", (16, 40), (8, 80)),
        (quality, "had a complaint", (22, 40), (12, 40)),
        ("(total)", service, (34, 80), (24, 120)),
        ("fits", service, (12, 40), (8, 80)),
        ("does not fit", service, (22, 40), (16, 40)),
    ] {
        let row = find(&rows, "left_share_difference", &[("profile", profile), ("complained", complained)]);
        for (name, expected) in ["value", "ci_low", "ci_high"].iter().zip(newcombe(one, other)) {
            let printed: f64 = row[*name].parse().expect("a number");
            assert!(
                (printed - expected).abs() < 1e-6,
                "{profile}, {complained}: {name} {printed}, not {expected}"
            );
        }
    }
}

#[test]
fn a_rate_without_positive_reasons_leaves_out_who_outgrew_us() {
    let rows = rows(&["churn", "--quarter", "2026-Q2"]);
    let contracts = records("contracts.csv");
    let left = contracts.iter().filter(|contract| !contract["Churned at"].is_empty());
    let positive = left.clone().filter(|contract| contract["Churn reason"] == "outgrew us").count() as u64;
    assert_eq!(cells(find(&rows, "churn_rate", &[])), (58, 201));
    assert_eq!(cells(find(&rows, "churn_rate_negative", &[])), (58 - positive, 201));
    // `weather` is in no usual list: the configuration puts it among the involuntary ones
    for (group, reason) in [("involuntary", "weather"), ("unknown", ""), ("price", "too expensive")] {
        let expected = left.clone().filter(|contract| contract["Churn reason"] == reason).count() as u64;
        let row = find(&rows, "churned_part", &[("churn_reason_group", group)]);
        assert_eq!(cells(row), (expected, 58), "{group}");
    }
}

#[test]
fn service_counts_who_recorded_a_case_and_how_content_the_customer_was() {
    let rows = rows(&["service"]);
    let tickets = records("tickets.csv");
    let known = tickets.iter().filter(|ticket| !ticket["Recorded by"].is_empty());
    let by_service = known.clone().filter(|ticket| ticket["Recorded by"] == "service").count() as u64;
    assert_eq!(cells(find(&rows, "capture_rate", &[])), (by_service, known.count() as u64));
    let scores: Vec<u64> = tickets.iter().filter_map(|ticket| ticket["CSAT"].parse().ok()).collect();
    assert_eq!(cells(find(&rows, "csat", &[])), (scores.iter().sum(), scores.len() as u64));
}

#[test]
fn quality_and_brand_are_shares_of_the_leads_of_which_it_is_known() {
    let rows = rows(&["channels"]);
    let leads = records("leads.csv");
    let of = |channel: &'static str| {
        leads.iter().filter(move |lead| channel.is_empty() || lead["Source"] == channel)
    };
    for (shown, channel) in [("ads", "ads"), ("referral", "referral"), ("(total)", "")] {
        let known = of(channel).filter(|lead| !lead["Company size"].is_empty());
        let fitting = known.clone().filter(|lead| lead["Company size"] == "large").count() as u64;
        let row = find(&rows, "lead_quality", &[("channel", shown)]);
        assert_eq!(cells(row), (fitting, known.count() as u64), "{shown}");
    }
    let brand = find(&rows, "brand_share", &[]);
    assert_eq!(cells(brand), (of("ads").count() as u64, leads.len() as u64));
}

#[test]
fn a_complaint_after_the_period_tells_nothing_of_it() {
    // the fields of a month are those that were known when it ended: the same as without what came later
    let folder = tempfile::tempdir().expect("a folder for the files");
    let fixture = project().join("fixtures/causes");
    for name in ["contracts.csv", "leads.csv", "funnel.toml"] {
        std::fs::copy(fixture.join(name), folder.path().join(name)).expect("a fixture");
    }
    let tickets = std::fs::read_to_string(fixture.join("tickets.csv")).expect("a fixture");
    for (month, after) in [("2026-03", "2026-04-01"), ("2026-04", "2026-05-01"), ("2026-05", "2026-06-01")] {
        let fields = |tickets: &str| -> Vec<Vec<String>> {
            std::fs::write(folder.path().join("tickets.csv"), tickets).expect("a file");
            let rows = tidy(folder.path(), &["churn", "--month", month]);
            let shown = |row: &&Row| ["left_share", "customers_at_risk"].contains(&row["kpi"].as_str());
            let cells = ["profile", "complained", "kpi", "numerator", "value"];
            rows.iter().filter(shown).map(|row| cells.map(|name| row[name].clone()).to_vec()).collect()
        };
        let opened = |line: &str| line.split(',').nth(2).is_some_and(|day| day < after || day == "Opened at");
        let before = tickets.lines().filter(|line| opened(line)).collect::<Vec<_>>().join("\n") + "\n";
        let all = fields(&tickets);
        assert!(all.iter().any(|row| row[1] == "no complaint"), "{all:?}");
        assert_eq!(all, fields(&before), "{month}");
    }
}

#[test]
fn a_complaint_counts_from_the_first_contract_on() {
    // C came back after a month: what it complained of in its first time is known in the second
    let folder = tempfile::tempdir().expect("a folder for the files");
    for (name, text) in [
        ("leads.csv", "lead_id,customer_id,lead_at,won_at,segment\nL1,C,2026-01-02,2026-01-20,large\n"),
        (
            "contracts.csv",
            "customer_id,started_at,churned_at\nC,2026-01-25,2026-02-10\nC,2026-03-01,2026-04-10\n",
        ),
        ("tickets.csv", "customer_id,opened_at,kind\nC,2026-02-05,complaint\n"),
        (
            "funnel.toml",
            "stages = [\"lead\", \"won\"]\n[[crm]]\nfiles = [\"leads.csv\"]\n[[contracts]]\nfiles = [\"contracts.csv\"]\n\
             [[tickets]]\nfiles = [\"tickets.csv\"]\n[profile]\nfits = \"segment = 'large'\"\n",
        ),
    ] {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    let rows = tidy(folder.path(), &["churn", "--month", "2026-04", "--by", "profile,complained"]);
    let found = rows.iter().find(|row| row["kpi"] == "customers_left" && row["complained"] != "(total)");
    assert_eq!(found.map(|row| row["complained"].as_str()), Some("had a complaint"));
}

/// Left and all of: fits without and with a complaint, does not fit without and with one.
type Fields = [(u64, u64); 4];

/// What the report says of churn in a company of these customers, as one line.
fn said(fields: Fields) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let mut leads = String::from("Lead ID,Created,Won date,Company size\n");
    let mut contracts = String::from("Lead ID,Started at,Churned at\n");
    let mut tickets = String::from("Ticket ID,Lead ID,Opened at,Kind\n");
    for (place, (left, of)) in fields.into_iter().enumerate() {
        for number in 0..of {
            let id = format!("L{place}-{number}");
            let size = if place < 2 { "large" } else { "small" };
            let _ = writeln!(leads, "{id},2026-01-02,2026-01-10,{size}");
            let end = if number < left { "2026-05-01" } else { "" };
            let _ = writeln!(contracts, "{id},2026-01-10,{end}");
            if place % 2 == 1 {
                let _ = writeln!(tickets, "T{id},{id},2026-02-01,complaint");
            }
        }
    }
    let path = project().join("fixtures/causes/funnel.toml");
    let configuration = std::fs::read_to_string(path).expect("the fixture");
    let configuration = configuration.replace("channel = \"Source\"\n", "");
    for (name, text) in [("leads", leads), ("contracts", contracts), ("tickets", tickets)] {
        std::fs::write(folder.path().join(format!("{name}.csv")), text).expect("a file");
    }
    std::fs::write(folder.path().join("funnel.toml"), configuration).expect("a file");
    let text = stdout(folder.path(), &["report", "churn", "--quiet"]);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What differs in a part of the customers is told where the whole does not say it already, and only there.
#[test]
fn a_difference_in_a_part_is_told_where_the_whole_hides_it() {
    let mut told = 0;
    for fields in [
        [(6, 45), (5, 30), (14, 23), (2, 11)],
        [(5, 50), (25, 50), (30, 60), (30, 60)],
        [(5, 50), (25, 50), (40, 50), (20, 50)],
        [(10, 50), (10, 50), (10, 50), (10, 50)],
        [(1, 20), (9, 20), (3, 20), (4, 20)],
        [(40, 60), (5, 60), (20, 60), (21, 60)],
    ] {
        let text = said(fields);
        let [fits_quiet, fits_complained, fails_quiet, fails_complained] = fields;
        let plus = |one: (u64, u64), other: (u64, u64)| (one.0 + other.0, one.1 + other.1);
        let direction = |[_, low, high]: [f64; 3]| i32::from(low > 0.0) - i32::from(high < 0.0);
        let questions = [
            (
                (plus(fails_quiet, fails_complained), plus(fits_quiet, fits_complained)),
                [
                    ("of customers without a complaint", fails_quiet, fits_quiet),
                    ("of customers that had a complaint", fails_complained, fits_complained),
                ],
            ),
            (
                (plus(fits_complained, fails_complained), plus(fits_quiet, fails_quiet)),
                [
                    ("of customers that fit the profile", fits_complained, fits_quiet),
                    ("of customers that do not fit the profile", fails_complained, fails_quiet),
                ],
            ),
        ];
        for ((more, less), parts) in questions {
            let is_large = more.1 >= 30 && less.1 >= 30;
            let mut whole = if is_large { direction(newcombe(more, less)) } else { 0 };
            let share = |(left, of): (u64, u64)| left as f64 / of as f64;
            for (_, one, other) in parts {
                let difference = share(one) - share(other);
                if one.1 >= 30 && other.1 >= 30 && difference * f64::from(whole) < 0.0 {
                    whole = 0;
                }
            }
            for (who, one, other) in parts {
                let found = direction(newcombe(one, other));
                let is_told = found != 0 && found != whole;
                let sentence = format!("{who}, {:.1}% of those that", 100.0 * share(one));
                assert_eq!(text.contains(&sentence), is_told, "{fields:?}: {sentence}\n{text}");
                told += usize::from(is_told);
                if is_told {
                    let sides = format!("({} of {})", other.0, other.1);
                    let weight =
                        if one.1.min(other.1) < 30 { "a hint and no finding" } else { "in this part" };
                    let rest = &text[text.find(&sentence).expect("it was told")..];
                    assert!(rest.contains(&sides) && rest.contains(weight), "{rest}");
                }
            }
        }
    }
    assert!(told >= 5, "{told} sentences were told");
}
