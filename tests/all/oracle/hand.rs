//! The tiny company of `fixtures/tiny`, computed by hand: the arithmetic stands beside each figure.
//!
//! Traps in it: L03 skipped SQL, L07 has no channel and an MQL date before its creation, L02 was won without an
//! amount, radio brought nobody, one case and one contract are of unknown leads, L01 replaced its contract.

use std::path::PathBuf;

use crate::support::{Row, project, shown, stderr, stdout, tidy};

fn tiny() -> PathBuf {
    project().join("fixtures/tiny")
}

/// Table, place, KPI, value: all must be as stated.
fn assert_shown(rows: &[Row], expected: &[(&str, &str, &str, &str)]) {
    for (table, place, kpi, value) in expected {
        assert_eq!(shown(rows, table, place, kpi), *value, "{kpi} in {table} at `{place}`");
    }
}

/// KPIs of one place of one table, `kpi: value` a line.
fn assert_lines(rows: &[Row], table: &str, place: &str, lines: &str) {
    for (kpi, value) in lines.lines().filter_map(|line| line.trim().split_once(": ")) {
        assert_eq!(shown(rows, table, place, kpi), value, "{kpi} in {table} at `{place}`");
    }
}

#[test]
fn a_lag_holds_wins_against_the_spend_that_came_before() {
    let folder = tempfile::tempdir().expect("a folder for the files");
    for name in ["ads.csv", "contracts.csv", "leads.csv", "tickets.csv", "funnel.toml"] {
        std::fs::copy(tiny().join(name), folder.path().join(name)).expect("a fixture");
    }
    let configuration = folder.path().join("funnel.toml");
    let text = std::fs::read_to_string(&configuration).expect("a configuration");
    let lag = "[costs]\nacquisition = 31\n[lag]\ncost_per_won = \"30d\"\ncac_media = \"4w\"\ncac_blended = \"30d\"\n";
    std::fs::write(&configuration, format!("{text}\n{lag}")).expect("a configuration");
    // March: L02 and L07 were won. 30 days before it are 30 January to 1 March, with 90 of ads and 200 of radio
    let rows = tidy(folder.path(), &["--month", "2026-03"]);
    assert_eq!(shown(&rows, "cost", "", "cost_per_won"), "145 = 290/2");
    assert_eq!(shown(&rows, "cost", "channel=ads", "cost_per_won"), "90 = 90/1");
    // what has no lag is of March: 80, and L09 and L10
    assert_eq!(shown(&rows, "cost", "", "spend"), "80");
    assert_eq!(shown(&rows, "cost", "", "cost_per_lead"), "40 = 80/2");
    // the costs of the same days: 2 in January, 28 in February at 31/28 a day, 1 in March
    assert_eq!(shown(&rows, "cost", "", "cac_blended"), "162 = 324/2");
    // by segment the spend of 1 to 28 February reaches the leads of February: 90 of ads on brand has no lead of its
    // campaign then, so L08 of its channel bears it, who is small; radio brought nobody
    let rows =
        tidy(folder.path(), &["segments", "--month", "2026-03", "--by", "segment", "--basis", "event"]);
    // four weeks before March are 1 February to 3 March: ads 80 of 3 March are of March, whose L09 is small, too
    assert_eq!(shown(&rows, "segments", "segment=small", "cac_media"), "170 = 170/1");
    assert_eq!(shown(&rows, "segments", "", "cac_media"), "185 = 370/2");
    // a cohort is held against the spend of its own month
    let rows = tidy(folder.path(), &["cost", "--month", "2026-03", "--basis", "cohort"]);
    assert_eq!(shown(&rows, "cost", "", "cost_per_lead"), "40 = 80/2");
    assert_eq!(shown(&rows, "cost", "", "cost_per_won"), " = 80/0");
    let rows = tidy(folder.path(), &["cost"]);
    assert_eq!(shown(&rows, "cost", "", "cost_per_won"), "132.5025 = 530.01/4");
    // of a March that is not over only the days count that stand for those that have passed: 30 January to 5 February
    let rows = tidy(folder.path(), &["cost", "--month", "2026-03", "--as-of", "2026-03-07"]);
    assert_eq!(shown(&rows, "cost", "", "cost_per_won"), "90 = 90/1");
    let explained =
        |more: &[&str]| stdout(folder.path(), &[&["explain", "cost_per_won", "--quiet"][..], more].concat());
    let march = explained(&["--month", "2026-03"]);
    assert!(march.contains("what was spent in 2026-01-30..2026-03-02"), "{march}");
    assert!(explained(&[]).contains("none here: it needs a period"));
    // whoever reads the table is told
    let printed = |month: &str| stdout(folder.path(), &["report", "cost", "--quiet", "--month", month]);
    let march = printed("2026-03");
    assert!(march.contains("`cost_per_won` counts what was spent 30 days earlier"), "{march}");
    assert!(!march.contains("is unknown"), "{march}");
    let january = printed("2026-01").replace("\n  ", " ");
    let unknown = "what was spent before 2026-01-10 is unknown, and `cost_per_won` of 2026-01 asks for it from 2025-12-02 on";
    assert!(january.contains(unknown), "{january}");
}

#[test]
fn days_and_hours_in_months_are_divided() {
    let folder = tempfile::tempdir().expect("a folder for the files");
    std::fs::copy(tiny().join("leads.csv"), folder.path().join("leads.csv")).expect("a fixture");
    let own = "[kpi.months]\ntitle = \"Cycle\"\nmean = \"cycle\"\nunit = \"months\"\n";
    let text = std::fs::read_to_string(tiny().join("funnel.toml")).expect("a configuration");
    let of_leads = text.split("[[spend]]").next().expect("the CRM comes first");
    std::fs::write(folder.path().join("funnel.toml"), format!("{of_leads}\n{own}")).expect("a configuration");
    // L01 36 days, L02 57, L03 46, L07 33: 43 days, and a month has 365.25/12
    let rows = tidy(folder.path(), &["own"]);
    assert!(shown(&rows, "own", "", "months").starts_with("1.412731"), "{rows:?}");
}

#[test]
fn skipped_stages_are_passed_end_the_way_or_stand_alone() {
    // MQL: all but L06 and L10 = 8. SQL: L01 L02 L04 L07 L08 = 5, and L03, which has a later stage.
    // Opportunity and won: L01 L02 L03 L07 = 4; L03 only where the skipped SQL does not stop it.
    let imply = "leads: 10\nmqls: 8\nsqls: 6\nopportunities: 4\nwins: 4\nlead_to_mql: 0.8 = 8/10\nmql_to_sql: 0.75 = 6/8
        sql_to_opportunity: 0.666667 = 4/6\nopportunity_to_won: 1 = 4/4\nlead_to_won: 0.4 = 4/10";
    let strict = "leads: 10\nmqls: 8\nsqls: 5\nopportunities: 3\nwins: 3\nlead_to_mql: 0.8 = 8/10\nmql_to_sql: 0.625 = 5/8
        sql_to_opportunity: 0.6 = 3/5\nopportunity_to_won: 1 = 3/3\nlead_to_won: 0.3 = 3/10";
    // each stage by itself: 4 opportunities, of which 3 had been SQLs
    let any = "leads: 10\nmqls: 8\nsqls: 5\nopportunities: 4\nwins: 4\nlead_to_mql: 0.8 = 8/10\nmql_to_sql: 0.625 = 5/8
        sql_to_opportunity: 0.6 = 3/5\nopportunity_to_won: 1 = 4/4\nlead_to_won: 0.4 = 4/10";
    for (skips, lines) in [("imply", imply), ("strict", strict), ("any", any)] {
        assert_lines(&tidy(&tiny(), &["conversion", "--skips", skips]), "conversion", "", lines);
    }
}

#[test]
fn days_between_stages_leave_out_the_negative_one() {
    let rows = tidy(&tiny(), &["conversion"]);
    // lead → MQL: L01 2, L02 2, L03 4, L04 1, L05 3, L08 6, L09 3; L07's −1 is left out. Sum 21 of 7; the 4th is 3;
    // 90% of 7 is 6.3, so the 7th: 6
    assert_lines(
        &rows,
        "conversion",
        "",
        "lead_to_mql_days_n: 7\nlead_to_mql_days_mean: 3 = 21/7\nlead_to_mql_days_median: 3 = /7
         lead_to_mql_days_p90: 6 = /7",
    );
    // opportunity → won: L01 21 (11 + 10), L02 30 (26 + 4), L03 20, L07 14. Sum 85; middle two 20 and 21
    assert_lines(
        &rows,
        "conversion",
        "",
        "opportunity_to_won_days_n: 4\nopportunity_to_won_days_mean: 21.25 = 85/4
         opportunity_to_won_days_median: 20.5 = /4\nopportunity_to_won_days_p90: 30 = /4",
    );
    // SQL → opportunity: L01 5, L02 15, L07 9; L03 has no date of SQL
    assert_lines(&rows, "conversion", "", "sql_to_opportunity_days_mean: 9.666667 = 29/3");
}

#[test]
fn a_month_by_creation_and_by_the_dates_of_the_stages() {
    // created in February: L05 L06 L07 L08; of them MQL L05 L07 L08, SQL L07 L08, opportunity and won L07
    let cohort = tidy(&tiny(), &["conversion", "--month", "2026-02"]);
    let lines = "leads: 4\nlead_to_mql: 0.75 = 3/4\nmql_to_sql: 0.666667 = 2/3\nsql_to_opportunity: 0.5 = 1/2
        opportunity_to_won: 1 = 1/1\nlead_to_won: 0.25 = 1/4";
    assert_lines(&cohort, "conversion", "", lines);
    // in March: created L09 L10; MQL L09; SQL L08; opportunity L07; won L02 L07: 2 wins for 1 opportunity
    let event = tidy(&tiny(), &["conversion", "--month", "2026-03", "--basis", "event"]);
    let lines = "leads: 2\nmqls: 1\nsqls: 1\nopportunities: 1\nwins: 2\nlead_to_mql: 0.5 = 1/2
        opportunity_to_won: 2 = 2/1";
    assert_lines(&event, "conversion", "", lines);
    let above_one = event.iter().find(|row| row["kpi"] == "opportunity_to_won").expect("it is printed");
    assert_eq!(
        (above_one["ci_low"].as_str(), above_one["ci_high"].as_str()),
        ("", ""),
        "a share above 1 has no interval"
    );
    // in February L03 counts at SQL on 5 February, the date of the opportunity that implies it: with L04 and L07, 3
    let event = tidy(&tiny(), &["conversion", "--month", "2026-02", "--basis", "event"]);
    assert_lines(&event, "conversion", "", "sqls: 3\nopportunities: 2\nsql_to_opportunity: 0.666667 = 2/3");
}

#[test]
fn spend_by_its_own_dimensions_is_the_sum_of_the_file() {
    let rows = tidy(&tiny(), &["cost"]);
    // ads 100.01 + 60.00 + 90.00 + 80.00 = 330.01, radio 200.00; leads: ads 6, fair 3, none 1; wins: ads 3, none 1
    assert_shown(
        &rows,
        &[
            ("cost", "", "spend", "530.01"),
            ("cost", "channel=ads", "spend", "330.01"),
            ("cost", "channel=ads", "spend_share", "0.622649 = 330.01/530.01"),
            ("cost", "channel=ads", "impressions", "4700"),
            ("cost", "channel=ads", "cost_per_lead", "55.001667 = 330.01/6"),
            ("cost", "channel=ads", "cost_per_won", "110.003333 = 330.01/3"),
            ("cost", "channel=radio", "spend", "200"),
            ("cost", "channel=radio", "cost_per_lead", " = 200/0"),
            ("cost", "channel=fair", "cost_per_lead", "0 = 0/3"),
            ("cost", "channel=fair", "cost_per_won", " = 0/0"),
            ("cost", "channel=(none)", "wins", "1"),
            ("cost", "", "cost_per_won", "132.5025 = 530.01/4"),
        ],
    );
    // February: ads 90.00 and radio 200.00; created L05 L06 L07 L08, of which ads L08
    let rows = tidy(&tiny(), &["cost", "--month", "2026-02"]);
    assert_shown(
        &rows,
        &[
            ("cost", "", "cost_per_lead", "72.5 = 290/4"),
            ("cost", "channel=ads", "cost_per_lead", "90 = 90/1"),
            ("cost", "channel=ads", "wins", "2"),
        ],
    );
}

#[test]
fn spend_reaches_owners_and_segments_to_the_cent() {
    let rows = tidy(&tiny(), &["segments"]);
    // January, ads brand 100.01: L01 50.01, L02 50.00. January, ads search 60.00: L03 and L04 30.00 each.
    // February, ads brand 90.00: no such lead in February, so the one of ads, L08. March, ads brand 80.00: L09.
    // February, radio 200.00: nobody.
    // Ann: L01 50.01 + L03 30.00 + L09 80.00. Bob: L02 50.00 + L04 30.00 + L08 90.00.
    // small: L01 50.01 + L02 50.00 + L08 90.00 + L09 80.00. large: L03 30.00 + L04 30.00.
    assert_shown(
        &rows,
        &[
            ("segments", "owner=Ann", "spend", "160.01"),
            ("segments", "owner=Bob", "spend", "170"),
            ("segments", "owner=(no leads)", "spend", "200"),
            ("segments", "segment=small", "spend", "270.01"),
            ("segments", "segment=large", "spend", "60"),
            ("segments", "segment=(no leads)", "spend", "200"),
            ("segments", "channel=ads", "spend", "330.01"),
            ("segments", "campaign=drive time", "spend", "200"),
            ("segments", "", "spend", "530.01"),
            ("segments", "segment=small", "cac_media", "135.005 = 270.01/2"),
            // L01 1000.00, L02 without an amount; L03 500.50 and L07 2000.00
            ("segments", "segment=small", "average_check", "1000 = 1000/1"),
            ("segments", "segment=large", "average_check", "1250.25 = 2500.5/2"),
            ("segments", "", "average_check", "1166.833333 = 3500.5/3"),
            ("segments", "segment=small", "lead_to_won", "0.333333 = 2/6"),
            ("segments", "segment=large", "lead_to_won", "0.666667 = 2/3"),
            ("segments", "segment=(none)", "lead_to_mql", "0 = 0/1"),
        ],
    );
}

#[test]
fn owners_by_closing_and_by_creation() {
    let rows = tidy(&tiny(), &["owners"]);
    // Ann: L01 L03 L07 won, L05 lost, L09 open. Bob: L02 won, L04 L10 lost, L06 L08 open
    assert_lines(
        &rows,
        "owners",
        "owner=Ann",
        "won: 3\nlost: 1\nopen: 1\nrevenue: 3500.5\naverage_check: 1166.833333 = 3500.5/3
         win_rate_closed: 0.75 = 3/4\nwin_rate_created: 0.6 = 3/5",
    );
    assert_lines(
        &rows,
        "owners",
        "owner=Bob",
        "won: 1\nlost: 2\nopen: 2\nrevenue: 0\naverage_check:  = 0/0\nwin_rate_closed: 0.333333 = 1/3
         win_rate_created: 0.2 = 1/5",
    );
    assert_lines(&rows, "owners", "", "win_rate_closed: 0.571429 = 4/7\nwin_rate_created: 0.4 = 4/10");
    // February: closed L01 L03 won, L05 lost (Ann), L04 lost (Bob); created L05 L07 (Ann), L06 L08 (Bob)
    let rows = tidy(&tiny(), &["owners", "--month", "2026-02"]);
    assert_lines(
        &rows,
        "owners",
        "owner=Ann",
        "won: 2\nlost: 1\nopen: 0\nrevenue: 1500.5\nwin_rate_closed: 0.666667 = 2/3\nwin_rate_created: 0.5 = 1/2",
    );
    assert_lines(
        &rows,
        "owners",
        "owner=Bob",
        "won: 0\nlost: 1\nopen: 2\nwin_rate_closed: 0 = 0/1\nwin_rate_created: 0 = 0/2",
    );
}

#[test]
fn churn_without_a_period_counts_contracts() {
    let rows = tidy(&tiny(), &["churn"]);
    // churned: C1 50 + C3 30 + C5 20 of 50 + 60 + 30 + 100 + 20; complaints T1 T3 T4 of L01 L03 L07 X1
    assert_lines(
        &rows,
        "churn",
        "",
        "contracts: 5\ncontracts_churned: 3\nchurned_share: 0.6 = 3/5\nmrr: 260\nmrr_churned: 100
         complaints_per_customer: 0.75 = 3/4",
    );
    assert_shown(
        &rows,
        &[
            ("churn", "churn_reason=moved", "churned_contracts_part", "0.333333 = 1/3"),
            ("churn", "owner=Ann", "contracts", "4"),
            ("churn", "owner=(not in CRM)", "churned_share", "1 = 1/1"),
            ("churn", "owner=(not in CRM)", "complaints_per_customer", "1 = 1/1"),
        ],
    );
    // in cohort basis a month selects leads: of those created in February only L07 has a contract
    let rows = tidy(&tiny(), &["churn", "--month", "2026-02", "--basis", "cohort"]);
    assert_lines(&rows, "churn", "", "contracts: 1\nchurned_share: 0 = 0/1\nmrr: 100");
}

#[test]
fn churn_in_a_period_counts_customers() {
    // at the start of March L01 L03 X1; new L07; churned X1; L01 went from C1 to C2 the next day and stayed
    let rows = tidy(&tiny(), &["churn", "--month", "2026-03"]);
    assert_lines(
        &rows,
        "churn",
        "",
        "active_start: 3\nnew_customers: 1\nchurned: 1\nactive_end: 3\nchurn_rate: 0.333333 = 1/3\nmrr_start: 100
         complaints_per_customer: 0.5 = 2/4",
    );
    assert_shown(
        &rows,
        &[
            ("churn", "churn_reason=moved", "churned_part", "1 = 1/1"),
            ("churn", "owner=Ann", "churn_rate", "0 = 0/2"),
            ("churn", "owner=Ann", "active_end", "3"),
            ("churn", "owner=(not in CRM)", "churn_rate", "1 = 1/1"),
        ],
    );
    // the second quarter: at its start L01 L03 L07 (X1 left the day before), churned L03
    let rows = tidy(&tiny(), &["churn", "--quarter", "2026-Q2"]);
    assert_lines(
        &rows,
        "churn",
        "",
        "active_start: 3\nnew_customers: 0\nchurned: 1\nactive_end: 2\nmrr_start: 190",
    );
    // the first of a month belongs to it and not to the month before
    let rows = tidy(&tiny(), &["churn", "--from", "2026-03-31", "--to", "2026-04-01"]);
    assert_lines(&rows, "churn", "", "active_start: 4\nchurned: 1\nactive_end: 3");
    let rows = tidy(&tiny(), &["churn", "--from", "2026-03-30", "--to", "2026-03-31"]);
    assert_lines(&rows, "churn", "", "active_start: 4\nchurned: 0\nactive_end: 4");
}

#[test]
fn a_day_in_the_past_knows_nothing_later() {
    let rows = tidy(&tiny(), &["--as-of", "2026-02-28"]);
    // L09 and L10 are not there yet, nor is what happened in March: SQL of L08, opportunity of L07, wins of L02 and L07
    let lines = "leads: 8\nmqls: 7\nsqls: 5\nopportunities: 3\nwins: 2";
    assert_lines(&rows, "conversion", "", lines);
    // C1 C3 C5 run; T1 is the one complaint
    assert_lines(
        &rows,
        "churn",
        "",
        "contracts: 3\ncontracts_churned: 0\nmrr: 100\ncomplaints_per_customer: 0.333333 = 1/3",
    );
    // 100.01 + 60.00 + 90.00 + 200.00
    assert_eq!(shown(&rows, "cost", "", "spend"), "450.01");
    assert!(rows.iter().all(|row| row["as_of"] == "2026-02-28"));
}

#[test]
fn a_filter_that_only_contracts_know_gives_no_spend() {
    let rows = tidy(&tiny(), &["--where", "churn_reason=price"]);
    // C3 alone; neither leads nor ads have a reason of churn, so nothing can be said of their money
    assert_lines(&rows, "churn", "", "contracts: 1\nmrr_churned: 30");
    let is_spend = |row: &&Row| row["kpi"] == "spend" && !row["value"].is_empty();
    assert_eq!(rows.iter().find(is_spend), None, "spend that is not of this reason");
}

#[test]
fn what_looks_wrong_is_counted_and_located() {
    let said = stderr(&tiny(), &["report", "--format", "csv"]);
    for (what, place) in [
        ("mql dated before an earlier stage", ": 1 (leads.csv:8)"),
        ("leads without a channel", ": 1 (leads.csv:8)"),
        ("won without an amount", ": 1 (leads.csv:3)"),
        ("tickets whose lead is not in the CRM", ": 1 (tickets.csv:5)"),
        ("contracts whose lead is not in the CRM", ": 1 (contracts.csv:6)"),
    ] {
        let found = said.lines().find(|line| line.contains(what));
        assert!(found.is_some_and(|line| line.ends_with(place)), "`{what}` with `{place}` in:\n{said}");
    }
}
