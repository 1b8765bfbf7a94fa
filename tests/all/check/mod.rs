//! The audit against counts made by hand, and its fill rates against plain loops over the file.
//!
//! `fixtures/check/` is a company whose exports hold one or two cases of everything that the audit looks for; line
//! numbers below are those of its files.

mod events;
mod fills;
mod notes;
mod stops;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::support::{Row, parse, project, run};

const CONFIGURATION: &str = "fixtures/check/funnel.toml";

/// The rows of `funnel check --format csv`.
fn audit(arguments: &[&str]) -> Vec<Row> {
    let mut all = vec!["check", "--format", "csv", "--quiet"];
    all.extend(arguments);
    let output = run(&project(), &all, None);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 3)), "funnel {all:?}: {errors}");
    parse(&String::from_utf8(output.stdout).unwrap())
}

/// `count of of` and the lines of the examples, of a check or of a part of it.
fn shown(rows: &[Row], key: &str, subject: &str) -> String {
    let found: Vec<&Row> = rows.iter().filter(|row| row["key"] == key && row["subject"] == subject).collect();
    let [row] = found.as_slice() else {
        panic!("{} rows have `{key}` of `{subject}`", found.len());
    };
    let lines: Vec<&str> = row["examples"].split("; ").filter_map(|place| place.rsplit(':').next()).collect();
    format!("{} of {} at {}", row["count"], row["of"], lines.join(","))
}

fn assert_shown(rows: &[Row], expected: &[(&str, &str, &str)]) {
    for (key, subject, text) in expected {
        assert_eq!(shown(rows, key, subject), *text, "{key} of {subject}");
    }
}

/// The total row (line 8) says 500.00 where the rows add up to 480.00: the only fixture that differs on purpose.
#[test]
fn a_total_that_differs_is_found() {
    let spend = "fixtures/presets/google-ads-total-differs.csv";
    let rows = audit(&["--crm", "fixtures/presets/amocrm-deals.csv", "--spend", spend]);
    let found = rows.iter().find(|row| row["key"] == "totals_that_differ").expect("the check is there");
    assert_eq!((found["count"].as_str(), found["status"].as_str()), ("1", "found"));
    assert!(found["examples"].contains("google-ads-total-differs.csv:8"), "{}", found["examples"]);
}

/// An event of a later stage has no date of creation, and needs none.
#[test]
fn events_without_lead_ids_lack_no_date_of_creation() {
    let rows = audit(&["--config", "fixtures/formats/stages.toml"]);
    let found =
        rows.iter().find(|row| row["key"] == "leads_without_creation_date").expect("the check is there");
    assert_eq!(found["status"], "not_checked");
}

/// An export is never written over, by whatever path it is named.
#[test]
fn an_input_is_not_written_over() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let text = "Lead ID,Created,Won date\nL1,2026-01-13,2026-01-20\n";
    std::fs::write(folder.path().join("leads.csv"), text).expect("it can be written to");
    for arguments in [
        ["report", "--crm", "leads.csv", "-o", "./leads.csv"],
        ["report", "--crm", "leads.csv", "--rejects", "leads.csv"],
        ["check", "--crm", "leads.csv", "-o", "leads.csv"],
    ] {
        let output = run(folder.path(), &arguments, None);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let kept = std::fs::read_to_string(folder.path().join("leads.csv")).expect("it is there");
        assert_eq!(kept, text, "{arguments:?}");
    }
}

/// 17 CRM rows: one without an ID (line 15), one that repeats L002 (line 16): 15 leads in the lines 2-14, 17 and 18.
#[test]
fn duplicates_are_counted() {
    let rows = audit(&["--config", CONFIGURATION]);
    assert_shown(
        &rows,
        &[
            ("rows_without_lead_id", "(total)", "1 of 16 at 15"),
            ("duplicate_leads", "(total)", "1 of 16 at 16"),
            // its region is west, that of line 4 is south
            ("second_values", "(total)", "1 of 16 at 16"),
            // `l-1` is `L001`
            ("near_duplicate_ids", "(total)", "1 of 15 at 3"),
            // addresses in the lines 2, 3, 4, 11; line 11 is a further lead of customer C1, line 4 another customer
            ("same_email", "(total)", "1 of 4 at 4"),
            // numbers in the lines 2 and 5, the same in two spellings
            ("same_phone", "(total)", "1 of 2 at 5"),
            // 7 amounts (2, 7-11, 14) and three more contacts (3, 4, 5); 10 is like 9
            ("identical_leads", "(total)", "1 of 10 at 10"),
        ],
    );
}

#[test]
fn orphans_are_counted() {
    let rows = audit(&["--config", CONFIGURATION]);
    assert_shown(
        &rows,
        &[
            ("tickets_without_lead", "(total)", "1 of 5 at 4"),
            ("contracts_without_lead", "(total)", "1 of 6 at 4"),
            // L999; L001 is known
            ("spend_of_unknown_leads", "(total)", "1 of 2 at 11"),
            // won: L001, L004, L005, L006, L009, L012; L009 is of customer C1, who has the contract of L001
            ("won_without_contract", "(total)", "1 of 6 at 14"),
            // L002, among the 5 contracts of known leads
            ("contracts_of_leads_not_won", "(total)", "1 of 5 at 5"),
        ],
    );
}

#[test]
fn stages_and_dates_are_counted() {
    let rows = audit(&["--config", CONFIGURATION]);
    assert_shown(
        &rows,
        &[
            // not compared: l-1, L010, L011, which have one date or none
            ("stages_out_of_order", "(total)", "3 of 12 at 5,6,17"),
            ("stages_out_of_order", "mql before lead", "1 of 11 at 5"),
            // L001, L003, L004, L006, L009, L012, L013 have both; the SQL date of L014 lies after the day of the audit
            ("stages_out_of_order", "sql before mql", "1 of 7 at 6"),
            // L002, L003, L013; L012 counts as won
            ("stages_out_of_order", "lost before created", "1 of 3 at 17"),
            // 15 leads, 12 MQLs (L005 skipped it), 8 SQLs, 6 won: 41
            ("stages_without_date", "(total)", "2 of 41 at 7,13"),
            ("stages_without_date", "lead", "1 of 15 at 13"),
            ("stages_without_date", "mql", "1 of 12 at 7"),
            ("leads_without_creation_date", "(total)", "1 of 15 at 13"),
            ("won_and_lost", "(total)", "1 of 6 at 14"),
            // lost: L002, L003, L010, L011, L013; L011 has no stage either, but no status that says lost
            ("lost_without_stage", "(total)", "1 of 5 at 12"),
            ("lost_without_date", "(total)", "1 of 5 at 12"),
            ("dates_after_as_of", "(total)", "1 of  at 18"),
            ("spend_without_date", "(total)", "1 of 13 at 13"),
            ("tickets_without_date", "(total)", "1 of 5 at 6"),
            ("contracts_without_start", "(total)", "1 of 6 at 6"),
            // of the two that have both dates
            ("contracts_ended_before_start", "(total)", "1 of 2 at 3"),
        ],
    );
}

#[test]
fn gaps_are_counted() {
    let rows = audit(&["--config", CONFIGURATION]);
    let places = |key: &str, subject: &str| {
        let row = rows.iter().find(|row| row["key"] == key && row["subject"] == subject).unwrap();
        (row["count"].clone(), row["of"].clone(), row["examples"].clone())
    };
    let expected = |count: &str, of: &str, examples: &str| (count.into(), of.into(), examples.into());
    // leads in January, March and May
    assert_eq!(
        places("months_without_leads", "(total)"),
        expected(
            "2",
            "5",
            "2026-02 (after fixtures/check/leads.csv:8); 2026-04 (after fixtures/check/leads.csv:17)"
        )
    );
    // cases in February, April and May
    assert_eq!(
        places("months_without_tickets", "(total)"),
        expected("1", "4", "2026-03 (after fixtures/check/tickets.csv:3)")
    );
    // ads: 5 of 6 weeks; web-inar, print and the spend without a channel: one week each; webinar: 2 of 9, so not asked
    let gap = "week of 2026-01-26 (after fixtures/check/spend.csv:4)";
    assert_eq!(places("weeks_without_spend", "(total)"), expected("1", "9", gap));
    assert_eq!(places("weeks_without_spend", "ads"), expected("1", "6", gap));
    // webinar: January and March of 3 months; ads 2 months, the three others one each
    let gap = "2026-02 (after fixtures/check/spend.csv:7)";
    assert_eq!(places("months_without_spend", "(total)"), expected("1", "8", gap));
    assert_eq!(places("months_without_spend", "webinar"), expected("1", "3", gap));
}

#[test]
fn channels_and_attribution_are_counted() {
    let rows = audit(&["--config", CONFIGURATION]);
    assert_shown(
        &rows,
        &[
            // spend 710: ads 520, webinar 100, web-inar 40, print 30, without a channel 20
            ("spend_without_leads", "(total)", "70 of 710 at 9,14"),
            ("spend_without_leads", "print", "30 of 710 at 9"),
            ("spend_without_leads", "web-inar", "40 of 710 at 14"),
            // spend: ads 01 02, webinar 01 03, print 01, web-inar 02
            ("months_of_spend_without_leads", "(total)", "3 of 6 at 5,9,14"),
            // 14 leads with a channel; Ads 2, asdf 1, referral 2
            ("leads_without_spend", "(total)", "5 of 14 at 9,12,8"),
            // leads: ads 01 03 05, Ads 03, asdf 03, referral 01, webinar 01 03
            ("months_of_leads_without_spend", "(total)", "5 of 8 at 9,11,18,12,8"),
            ("months_of_leads_without_spend", "ads", "2 of 3 at 11,18"),
            // ads, Ads, webinar, web-inar, referral, print, asdf
            ("channel_spellings", "(total)", "2 of 7 at 9,14"),
            ("leads_without_channel", "(total)", "1 of 15 at 14"),
            // revenue 4500: 1000 + 0 - 200 + 3000 + 700
            ("revenue_without_channel", "(total)", "700 of 4500 at 14"),
            ("spend_without_channel", "(total)", "20 of 710 at 10"),
            ("leads_without_campaign", "(total)", "5 of 15 at 5,8,12,13,14"),
            ("revenue_without_campaign", "(total)", "500 of 4500 at 8,14"),
            ("spend_without_campaign", "(total)", "50 of 710 at 9,10"),
            // ads in February 200, print 30, without a channel 20, without a date 10, web-inar 40
            ("spend_reaching_nobody", "(total)", "300 of 710 at 5,9,10,13,14"),
            ("spend_reaching_leads", "(total)", "410 of 710 at "),
            ("revenue_with_channel", "(total)", "3800 of 4500 at "),
        ],
    );
    let proposals: Vec<&str> = rows
        .iter()
        .filter(|row| row["key"] == "channel_spellings")
        .map(|row| row["value"].as_str())
        .collect();
    assert_eq!(proposals, ["", r#""Ads" = "ads""#, r#""web-inar" = "webinar""#]);
}

#[test]
fn deals_fields_and_customers_are_counted() {
    let rows = audit(&["--config", CONFIGURATION]);
    assert_shown(
        &rows,
        &[
            ("won_without_amount", "(total)", "1 of 6 at 6"),
            ("won_with_zero_amount", "(total)", "1 of 6 at 7"),
            ("won_with_negative_amount", "(total)", "1 of 6 at 8"),
            ("lost_without_reason", "(total)", "2 of 5 at 5,12"),
            ("leads_without_owner", "(total)", "1 of 15 at 13"),
            ("leads_without_customer_id", "(total)", "1 of 15 at 12"),
            // 3 reasons of leads lost, 14 channels, 14 owners, 14 customers: 45 cells
            ("placeholder_values", "(total)", "3 of 45 at 12,13"),
            ("placeholder_values", "lost_reason", "1 of 3 at 13"),
            ("placeholder_values", "channel", "1 of 14 at 12"),
            ("placeholder_values", "owner", "1 of 14 at 12"),
            // L009 of C1, whose L001 was won in January; not asked: L010 (no customer), L011 (no date)
            ("leads_of_existing_customers", "(total)", "1 of 13 at 11"),
        ],
    );
}

/// What a finding does to the KPIs is said in numbers that can be checked.
#[test]
fn effects_are_true() {
    let rows = audit(&["--config", CONFIGURATION]);
    let effect = |key: &str| {
        rows.iter().find(|row| row["key"] == key && row["subject"] == "(total)").unwrap()["effect"].clone()
    };
    for (key, part) in [
        // 6 of 15 leads are won; without line 3, which is not won, 6 of 14
        ("near_duplicate_ids", "40.00% of all leads are won as counted, 42.86% if each counts once"),
        ("won_without_contract", "5 of 6 leads won"),
        // 7 of 15
        ("contracts_of_leads_not_won", "40.00% of all leads are won as counted, 46.67% with them"),
        // one of 15 is of an existing customer: 710 / 14 and 640 / 14
        ("spend_without_leads", "50.71 EUR a lead, 45.71 EUR without it"),
        // 710 / 14 and 710 / 9
        ("leads_without_spend", "50.71 EUR a lead over all leads of new customers, 78.89 EUR without them"),
        ("channel_spellings", "2 leads and 40.00 EUR (5.63% of the spend)"),
        // (1000 + 0 - 200 + 3000 + 700) / 5
        ("won_without_amount", "by 900.00 EUR if they are like the others, whose average is 900.00 EUR"),
        // 4500 / 4
        ("won_with_zero_amount", "900.00 EUR as counted, 1,125.00 EUR without them"),
        ("won_with_negative_amount", "lower revenue by 200.00 EUR"),
        ("lost_without_reason", "speak of 60.00% of the leads lost"),
        // 710 / 6 and 710 / 5
        ("leads_of_existing_customers", "142.00 EUR a new customer, and not 118.33 EUR a win"),
    ] {
        assert!(effect(key).contains(part), "{key}: {}", effect(key));
    }
}

#[test]
fn every_check_is_told_once_and_the_company_has_nearly_everything() {
    let rows = audit(&["--config", CONFIGURATION]);
    let totals: Vec<&Row> = rows.iter().filter(|row| !row["status"].is_empty()).collect();
    let with = |status: &str| -> Vec<&str> {
        totals.iter().filter(|row| row["status"] == status).map(|row| row["key"].as_str()).collect()
    };
    let stopping = ["refused_columns", "refused_rows", "refused_ids", "refused_values"];
    let reading = ["unreadable_rows", "totals_that_differ", "parts_of_leads", "further_deals"];
    let deals = ["deals_without_lead", "leads_unlike_their_deal", "leads_after_as_of"];
    // its files are one of each kind, and none of them overlaps: tests/all/newcomer.rs has those that do
    let overlaps = ["repeated_tickets", "differing_tickets", "repeated_spend", "contracts_in_two_files"];
    assert_eq!(
        with("clean"),
        [&stopping[..], &reading, &overlaps, &deals, &["converted_amounts", "persons_in_both_bases"]]
            .concat()
    );
    let lookups = ["leads_without_lookup", "lookup_values_unused"];
    let too_few =
        ["days_without_leads", "weeks_without_leads", "days_without_tickets", "weeks_without_tickets"];
    let payments = [
        "repeated_payments",
        "differing_payments",
        "payments_in_two_files",
        "payments_without_date",
        "payments_without_amount",
        "payments_without_margin",
    ];
    let unnamed = [&["payments_without_lead"][..], &lookups].concat();
    assert_eq!(
        with("not_checked").iter().collect::<std::collections::BTreeSet<_>>(),
        [&unnamed[..], &payments, &too_few].concat().iter().collect()
    );
    let manual = std::fs::read_to_string(project().join("README.md")).unwrap();
    for row in &totals {
        assert!(manual.contains(&format!("`{}`", row["key"])), "the manual lacks `{}`", row["key"]);
    }
}

/// 20 rows, of which the lines 4, 8, 11 and 16 cannot be read; how the file was read stands in front.
#[test]
fn files_are_told_as_they_were_read() {
    let rows = audit(&["--config", "fixtures/messy/skip.toml"]);
    let file = "fixtures/messy/skip.csv";
    assert_shown(&rows, &[("unreadable_rows", "(total)", "4 of 20 at 4,8,11,16")]);
    let value = |key: &str| {
        let row = rows.iter().find(|row| row["section"] == "files" && row["key"] == key).unwrap();
        assert_eq!(row["subject"], file);
        [row["value"].clone(), row["count"].clone(), row["of"].clone()].join(" ").trim().to_string()
    };
    for (key, expected) in [
        ("table", "crm"),
        ("preset", ""),
        ("encoding", "UTF-8"),
        ("separator", "comma"),
        ("header_line", "1"),
        ("rows", "16 20"),
        ("unreadable_rows", "4 20"),
    ] {
        assert_eq!(value(key), expected, "{key}");
    }
    let column = rows.iter().find(|row| row["section"] == "columns" && row["key"] == "lead_at").unwrap();
    assert_eq!((column["value"].as_str(), column["what"].as_str()), ("lead_at", "date YYYY-MM-DD"));
    assert_eq!((column["count"].as_str(), column["of"].as_str()), ("16", "16"));
}

#[test]
fn a_clean_export_gives_no_finding() {
    let rows = audit(&[
        "--crm",
        "fixtures/check/clean/leads.csv",
        "--spend",
        "fixtures/check/clean/spend.csv",
        "--tickets",
        "fixtures/check/clean/tickets.csv",
        "--contracts",
        "fixtures/check/clean/contracts.csv",
    ]);
    let found: Vec<&Row> =
        rows.iter().filter(|row| ["found", "exceeded"].contains(&row["status"].as_str())).collect();
    assert!(found.is_empty(), "{found:#?}");
    let filled = rows.iter().filter(|row| row["section"] == "completeness");
    assert!(filled.clone().count() > 0);
    assert!(filled.clone().all(|row| row["count"] == row["of"]), "{rows:#?}");
}

/// Six weeks of 20 leads on each working day, but none on Wednesday of the second and in the whole fourth week.
#[test]
fn empty_days_and_weeks_are_gaps_where_many_leads_are_usual() {
    let mut leads = "lead_id,created\n".to_string();
    let monday = 4; // 2026-01-05 is day 4 of January, counted from 0
    let (mut number, mut last_line) = (0, BTreeMap::new());
    for week in 0..6 {
        for weekday in (0..5).filter(|weekday| week != 3 && (week, *weekday) != (1, 2)) {
            let day = monday + week * 7 + weekday;
            let (month, day) = if day < 31 { (1, day + 1) } else { (2, day - 30) };
            last_line.insert((week, weekday), number + 2);
            for _ in 0..20 {
                let _ = writeln!(leads, "{number},2026-{month:02}-{day:02}");
                number += 1;
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("leads.csv");
    std::fs::write(&file, leads).unwrap();
    let file = file.to_str().unwrap();
    let rows = audit(&["--crm", file]);
    let row = |key: &str| rows.iter().find(|row| row["key"] == key).unwrap();
    // 6 weeks of 5 working days; on Saturday and Sunday nobody works
    let days = row("days_without_leads");
    assert_eq!((days["count"].as_str(), days["of"].as_str()), ("6", "30"));
    let first = format!("2026-01-14 (after {file}:{})", last_line[&(1, 1)]);
    assert!(days["examples"].starts_with(&first), "{}", days["examples"]);
    let weeks = row("weeks_without_leads");
    assert_eq!((weeks["count"].as_str(), weeks["of"].as_str()), ("1", "6"));
    let place = format!("week of 2026-01-26 (after {file}:{})", last_line[&(2, 4)]);
    assert_eq!(weeks["examples"], place);
}

#[test]
fn limits_are_held_against_findings() {
    let limits = "fixtures/check/limits.toml";
    let rows = audit(&["--config", limits]);
    let status = |key: &str| {
        let row = rows.iter().find(|row| row["key"] == key && row["subject"] == "(total)").unwrap();
        (row["threshold"].clone(), row["status"].clone())
    };
    for (key, threshold, expected) in [
        ("leads_without_channel", "5%", "exceeded"),
        ("near_duplicate_ids", "1", "found"),
        ("spend_reaching_nobody", "250", "exceeded"),
        ("channel_spellings", "0", "exceeded"),
        ("lost_without_reason", "40%", "found"),
        ("days_without_leads", "0", "not_checked"),
        ("same_email", "", "found"),
    ] {
        assert_eq!(status(key), (threshold.to_string(), expected.to_string()), "{key}");
    }
    for (format, mark) in [
        ("table", "! leads_without_channel"),
        ("markdown", "! leads_without_channel"),
        ("csv", ",5%,exceeded,"),
        ("json", "\"status\": \"exceeded\""),
    ] {
        let output = run(&project(), &["check", "--config", limits, "-q", "--format", format], None);
        assert_eq!(output.status.code(), Some(3), "{format}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(mark), "{format}: {text}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(told.lines().count(), 3, "{told}");
        assert!(told.lines().all(|line| line.starts_with("exceeded: ")), "{told}");
    }
}

#[test]
fn the_report_is_written_although_a_limit_is_exceeded() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("audit.csv");
    let arguments = ["check", "--config", "fixtures/check/limits.toml", "--format", "csv", "-o"];
    let arguments: Vec<&str> = arguments.into_iter().chain([place.to_str().unwrap()]).collect();
    let output = run(&project(), &arguments, None);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0));
    assert!(std::fs::read_to_string(&place).unwrap().starts_with("as_of,section,key,subject,"));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let arguments = ["check", "--config", CONFIGURATION, "--format", "json"];
    let one = run(&project(), &arguments, Some(1));
    let many = run(&project(), &arguments, Some(7));
    assert_eq!(one.stdout, many.stdout);
}
