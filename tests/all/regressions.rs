//! Wrong numbers that an auditor once found, each with the smallest company that shows it and its arithmetic.

use std::path::Path;

use crate::support::{project, run, shown, stderr, stdout, tidy};

/// Writes files into a folder of their own.
fn company(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file in a temporary folder");
    }
    folder
}

/// The value of a KPI in the row in which these cells stand.
fn value(folder: &Path, arguments: &[&str], kpi: &str, cells: &[&str]) -> String {
    let all: Vec<&str> = arguments.iter().copied().chain(["--format", "csv", "-q"]).collect();
    let text = stdout(folder, &all);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().expect("a heading").clone();
    let place =
        |name: &str| headers.iter().position(|header| header == name).expect("a column of the schema");
    let row = reader.records().map(|row| row.expect("a row")).find(|row| {
        &row[place("kpi")] == kpi && cells.iter().all(|cell| row.iter().any(|found| found == *cell))
    });
    row.map_or_else(|| "no such row".to_string(), |row| row[place("value")].to_string())
}

#[test]
fn a_loss_or_a_win_after_the_day_of_the_report_has_not_happened() {
    let folder = company(&[
        (
            "l.csv",
            "lead_id,lead_at,won_at,lost_at,lost_reason\n1,2026-01-01,,2026-01-20,price\n2,2026-01-02,,2026-01-05,price\n3,2026-01-03,2026-02-01,,\n",
        ),
        (
            "s.csv",
            "lead_id,lead_at,stage,closed_at\n1,2026-01-01,Closed Won,2026-01-20\n2,2026-01-01,Closed Lost,2026-01-20\n3,2026-01-01,Closed Lost,2026-01-05\n",
        ),
    ]);
    // on 10 January only lead 2 of the first file and lead 3 of the second are lost, and nobody is won
    for file in ["l.csv", "s.csv"] {
        let explain =
            |kpi| stdout(folder.path(), &["explain", kpi, "--crm", file, "--as-of", "2026-01-10", "-q"]);
        assert!(explain("lost").contains("value    1"), "{}", explain("lost"));
        assert!(explain("won").contains("value    0"), "{}", explain("won"));
        assert!(explain("open").contains("value    2"), "{}", explain("open"));
    }
}

#[test]
fn the_total_under_a_filter_does_not_depend_on_the_split() {
    let folder = company(&[
        ("l.csv", "lead_id,lead_at,channel,campaign,region\n1,2026-01-05,ads,c1,N\n2,2026-01-05,ads,c1,S\n"),
        (
            "s.csv",
            "date,channel,campaign,cost,device\n2026-01-02,ads,c1,10.00,m\n2026-01-02,ads,cx,90.01,d\n",
        ),
    ]);
    // c1 is shared by both leads: 5.00 each; cx has no leads and goes to the channel: 45.01 and 45.00
    let ask = |by: &str, cells: &[&str]| {
        let arguments =
            ["report", "cost", "--crm", "l.csv", "--spend", "s.csv", "--where", "region=N", "--by", by];
        value(folder.path(), &arguments, "spend", cells)
    };
    for by in ["channel", "campaign", "device", "region", "region,device"] {
        assert_eq!(ask(by, &["(total)"]), "50.01", "{by}");
    }
    assert_eq!(ask("region,device", &["N", "m"]), "5");
    assert_eq!(ask("region,device", &["N", "d"]), "45.01");
    assert_eq!(ask("campaign", &["cx"]), "45.01");
}

#[test]
fn a_stage_cannot_take_the_name_of_a_measure() {
    let folder = company(&[
        ("funnel.toml", "stages = [\"lead\", \"contract\"]\n[[crm]]\nfiles = [\"l.csv\"]\n"),
        ("l.csv", "lead_id,lead_at,contract_at\n1,2026-01-05,2026-01-06\n"),
    ]);
    let output = run(folder.path(), &["report"], None);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("`contract` cannot be the name of a stage"), "{said}");
}

#[test]
fn the_product_of_a_contract_is_not_the_product_of_its_lead() {
    let folder = company(&[
        ("l.csv", "lead_id,lead_at,product\n1,2026-01-05,P1\n"),
        ("c.csv", "lead_id,started_at,churned_at,product\n1,2026-01-06,,Pro\n"),
        ("t.csv", "lead_id,opened_at,kind\n1,2026-01-07,complaint\n"),
    ]);
    let files = [
        "report",
        "churn",
        "--by",
        "product",
        "--crm",
        "l.csv",
        "--contracts",
        "c.csv",
        "--tickets",
        "t.csv",
    ];
    assert_eq!(value(folder.path(), &files, "contracts", &["Pro"]), "1");
    // one case by P1 over one customer by Pro: neither 0 nor 1, but nothing that can be said
    assert_eq!(value(folder.path(), &files, "complaints_per_customer", &["Pro"]), "");
    assert_eq!(value(folder.path(), &files, "complaints_per_customer", &["P1"]), "no such row");
}

#[test]
fn a_contract_that_ends_before_it_starts_is_told_and_left_out() {
    let folder = company(&[
        ("l.csv", "lead_id,lead_at\n1,2026-01-01\n2,2026-01-01\n"),
        ("c.csv", "lead_id,started_at,churned_at\n1,2026-03-10,2026-01-15\n2,2026-01-01,\n"),
    ]);
    let ask = |month: &str, kpi: &str| {
        let files = ["report", "churn", "--crm", "l.csv", "--contracts", "c.csv", "--month", month];
        value(folder.path(), &files, kpi, &[])
    };
    // only customer 2 is left: he comes in January and stays
    let figures = ["active_start", "new_customers", "churned", "active_end"];
    assert_eq!(figures.map(|kpi| ask("2026-01", kpi)), ["0", "1", "0", "1"]);
    assert_eq!(figures.map(|kpi| ask("2026-03", kpi)), ["1", "0", "0", "1"]);
    let said =
        stderr(folder.path(), &["report", "--crm", "l.csv", "--contracts", "c.csv", "--format", "csv"]);
    assert!(said.contains("churned before they started, left out of customers: 1 (c.csv:2)"), "{said}");
}

#[test]
fn a_value_that_looks_like_a_bucket_stays_apart() {
    let folder = company(&[(
        "l.csv",
        "lead_id,lead_at,won_at,channel\n1,2026-01-01,,(none)\n2,2026-01-01,,\n3,2026-01-01,,(total)\n4,2026-01-01,,ads\n",
    )]);
    let ask = |more: &[&str], cells: &[&str]| {
        let arguments: Vec<&str> =
            ["report", "segments", "--crm", "l.csv", "--by", "channel"].iter().chain(more).copied().collect();
        value(folder.path(), &arguments, "leads", cells)
    };
    assert_eq!(ask(&[], &["(none)"]), "1");
    assert_eq!(ask(&[], &["\"(none)\""]), "1");
    assert_eq!(ask(&[], &["\"(total)\""]), "1");
    assert_eq!(ask(&[], &["(total)"]), "4");
    assert_eq!(ask(&["--where", "channel=(none)"], &["(total)"]), "1");
    assert_eq!(ask(&["--where", "channel=\"(none)\""], &["\"(none)\""]), "1");
}

#[test]
fn what_has_no_date_is_told_where_a_period_leaves_it_out() {
    let folder = company(&[(
        "l.csv",
        "lead_id,lead_at,won_at,lost_reason\n1,2026-01-01,2026-01-09,\n2,,2026-01-10,\n3,2026-01-02,,price\n",
    )]);
    let said = stderr(folder.path(), &["report", "--crm", "l.csv", "--month", "2026-01", "--format", "csv"]);
    assert!(
        said.contains("lost leads without a date, in no period of the event basis: 1 (l.csv:4)"),
        "{said}"
    );
    // lead 2 counts as a lead on the day it was won, by event; it belongs to no cohort
    assert_eq!(
        value(folder.path(), &["report", "conversion", "--crm", "l.csv", "--month", "2026-01"], "leads", &[]),
        "2"
    );
}

#[test]
fn spend_beyond_what_64_bits_hold_is_exact() {
    let folder = company(&[
        ("l.csv", "lead_id,lead_at,channel,owner\n1,2026-01-05,ads,Ada\n2,2026-01-06,ads,Ben\n"),
        ("s.csv", "date,channel,cost\n2026-01-02,ads,9000000000000.00\n2026-01-03,ads,9000000000000.01\n"),
    ]);
    let arguments = ["report", "cost", "--crm", "l.csv", "--spend", "s.csv", "--by", "owner"];
    // 18,000,000,000,000.01 by two: the cent that remains goes to the first lead
    assert_eq!(value(folder.path(), &arguments, "spend", &["Ada"]), "9000000000000.01");
    assert_eq!(value(folder.path(), &arguments, "spend", &["Ben"]), "9000000000000");
    assert_eq!(value(folder.path(), &arguments, "spend", &["(total)"]), "18000000000000.01");
}

#[test]
fn leads_are_created_on_the_date_of_the_first_stage_that_is_dated() {
    let folder = company(&[
        (
            "funnel.toml",
            "stages = [\"prospect\", \"engaged\", \"won\"]\n[[crm]]\nfiles = [\"l.csv\"]\n[crm.columns]\nlead_id = \"id\"\nstage = \"status\"\nengaged_at = \"engaged\"\n",
        ),
        (
            "l.csv",
            "id,status,engaged\n1,prospect,\n2,engaged,2026-01-05\n3,won,2026-01-06\n4,engaged,2026-02-01\n",
        ),
    ]);
    let ask = |kpi: &str| value(folder.path(), &["report", "conversion", "--month", "2026-01"], kpi, &[]);
    // no prospect has a date: January is made of leads 2 and 3, of whom one was won
    assert_eq!([ask("prospects"), ask("engageds"), ask("wins")], ["2", "2", "1"]);
    let said = stderr(folder.path(), &["report", "conversion", "--month", "2026-01", "--format", "csv"]);
    assert!(
        said.contains("leads without a date of creation, in no cohort of a period: 1 (l.csv:2)"),
        "{said}"
    );
}

/// A deal without a contact has the number of a contact that it has nothing to do with; a row that is left out brings no
/// status word; a lead and its deal of one preset meet.
#[test]
fn deals_find_their_lead_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "contacts.csv",
        "Record ID,Create Date,Lifecycle Stage,Original Source\n7001,2026-01-05,Customer,Web\n7002,2026-01-06,Lead,Web\n",
    );
    write(
        "deals.csv",
        "Record ID,Deal Name,Deal Stage,Close Date,Amount,Pipeline,Create Date,Associated Contact IDs\n1,A,Closed Won,2026-01-20,100,Sales,2026-01-10,7001\n7002,B,Closed Won,2026-01-21,50,Sales,2026-01-11,\n",
    );
    let rows = tidy(folder.path(), &["conversion", "--crm", "contacts.csv", "deals.csv"]);
    assert_eq!(shown(&rows, "conversion", "", "leads"), "3");
    assert_eq!(shown(&rows, "conversion", "", "wins"), "2");
    write("skip.csv", "Lead ID,Created,Status\nL1,2026-01-05,won\nL2,soon,Kaputt\n");
    write("funnel.toml", "[[crm]]\nfiles = [\"skip.csv\"]\non_error = \"skip\"\n");
    let rows = tidy(folder.path(), &["conversion", "--config", "funnel.toml"]);
    assert_eq!(shown(&rows, "conversion", "", "wins"), "1");
    let presets = project().join("fixtures/presets");
    let rows = tidy(&presets, &["conversion", "--crm", "zoho-leads.csv", "zoho-deals.csv"]);
    assert!(rows.iter().any(|row| row["kpi"] == "wins"));
}

/// Lead B has no date of creation and an MQL date of 18 February, C a win of 5 March alone, E no date at all.
#[test]
fn a_lead_is_not_there_before_its_first_date() {
    let folder = company(&[(
        "l.csv",
        "lead_id,lead_at,mql_at,won_at\nA,2026-01-02,2026-01-05,2026-02-01\nB,,2026-02-18,2026-03-01\nC,,,2026-03-05\nD,2026-02-20,,\nE,,,\n",
    )]);
    let leads = |day: &str| {
        let rows =
            stdout(folder.path(), &["explain", "leads", "--rows", "-q", "--as-of", day, "--crm", "l.csv"]);
        crate::support::parse(&rows).iter().map(|row| row["id"].clone()).collect::<String>()
    };
    assert_eq!(
        ["2026-01-01", "2026-01-10", "2026-02-18", "2026-02-20", "2026-03-05"].map(leads),
        ["E", "AE", "ABE", "ABDE", "ABCDE"]
    );
    let said = stderr(
        folder.path(),
        &["report", "conversion", "--as-of", "2026-01-10", "--crm", "l.csv", "--format", "csv"],
    );
    assert!(
        said.contains("leads created after the day of the report, left out: 3 (l.csv:3, l.csv:4, l.csv:5)"),
        "{said}"
    );
}

/// A measure that asks for nothing dated has no day of its own: in a period it counts the leads created in it, whatever
/// the basis.
#[test]
fn an_own_measure_without_a_date_is_of_the_leads_created_in_the_period() {
    let folder = tempfile::tempdir().expect("a folder for the files");
    let leads = "Lead ID,Created,Won date,Amount,Segment
1,2026-01-05,2026-02-20,100,large
2,2026-01-06,,50,small
3,2026-02-02,2026-02-25,30,large
4,2026-02-03,,20,large
";
    let configuration = "[[crm]]
files = [\"leads.csv\"]
[measure.large]
count = \"segment = 'large'\"
[measure.asked]
sum = \"amount\"
[measure.large_won]
count = \"won and segment = 'large'\"
[kpi.large_leads]
title = \"large_leads\"
definition = \"large_leads\"
unit = \"count\"
value = \"large\"
[kpi.asked_for]
title = \"asked_for\"
definition = \"asked_for\"
unit = \"count\"
value = \"asked\"
[kpi.large_wins]
title = \"large_wins\"
definition = \"large_wins\"
unit = \"count\"
value = \"large_won\"
";
    std::fs::write(folder.path().join("leads.csv"), leads).expect("the leads are written");
    std::fs::write(folder.path().join("funnel.toml"), configuration).expect("the configuration is written");
    // created in January: 1 large, 100 + 50; in February: 2 large, 30 + 20; both wins are of February
    for (month, expected) in [("2026-01", ["1", "150", "0"]), ("2026-02", ["2", "50", "2"])] {
        let rows = tidy(folder.path(), &["own", "--month", month, "--basis", "event"]);
        let value = |kpi: &str| rows.iter().find(|row| row["kpi"] == kpi).map(|row| row["value"].clone());
        assert_eq!(
            ["large_leads", "asked_for", "large_wins"].map(|kpi| value(kpi).unwrap_or_default()),
            expected
        );
    }
}

/// A target is held against its KPI whatever tables are named.
#[test]
fn a_target_of_what_is_worked_out_needs_no_other_table() {
    let folder = tempfile::tempdir().expect("a folder for the files");
    let leads = "Lead ID,Created,Won date,Segment\n1,2026-01-05,2026-02-20,large\n2,2026-01-06,,small\n";
    let configuration = "[[crm]]
files = [\"leads.csv\"]
[profile]
fits = \"segment = 'large'\"
[targets]
lead_quality = { min = \"90%\" }
[[targets.lead_to_won]]
min = \"99%\"
where = \"profile=does not fit\"
";
    std::fs::write(folder.path().join("leads.csv"), leads).expect("the leads are written");
    std::fs::write(folder.path().join("funnel.toml"), configuration).expect("the configuration is written");
    for tables in [&["plan"][..], &["plan", "conversion"], &[]] {
        let output = run(folder.path(), &[&["report", "-q"], tables].concat(), None);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{tables:?}: {said}");
        // one of two leads fits; nobody who does not fit was won
        assert!(said.contains("50.00") && said.contains("does not fit"), "{tables:?}: {said}");
    }
}

/// A window may go over several stages: in time, late, young and dropped make up all leads, whatever stands between.
#[test]
fn a_window_over_several_stages_has_its_maturity_in_the_table() {
    let folder = tempfile::tempdir().expect("a folder for the files");
    // in time after 19 days, late after 59, created 10 days before the end, and given up
    let leads = "Lead ID,Created,MQL date,Won date
1,2026-01-01,2026-01-02,2026-01-20
2,2026-01-01,2026-01-02,2026-03-01
3,2026-06-20,2026-06-21,
4,2026-01-05,,
";
    let configuration = "as_of = \"2026-06-30\"
stages = [\"lead\", \"mql\", \"won\"]
[[crm]]
files = [\"leads.csv\"]
[window]
lead_to_won = \"30d\"
";
    std::fs::write(folder.path().join("leads.csv"), leads).expect("the leads are written");
    std::fs::write(folder.path().join("funnel.toml"), configuration).expect("the configuration is written");
    let text = stdout(folder.path(), &["report", "funnel", "-q"]);
    let row = text.lines().skip_while(|line| *line != "Windows over several stages");
    let row = row
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|cells| cells.starts_with(&["Lead", "→", "Won"]));
    // 4 leads: 1 in time, 1 late, 1 young, 1 dropped; 3 of 4 are mature, and 1 of these 3 was won in time
    assert_eq!(row.expect("the window has a row")[3..], ["4", "1", "1", "1", "1", "75.00", "33.33"]);
}

/// An amount of a lead that is not there yet needs no rate, and no day.
#[test]
fn a_lead_of_the_future_asks_for_no_rate() {
    let folder = tempfile::tempdir().expect("a folder for the files");
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file is written");
    write(
        "leads.csv",
        "Lead ID,Created,Won date,Amount,Currency,Source\n1,2026-01-05,2026-01-20,10,USD,ads\n2,2026-03-05,2026-03-20,70,PLN,ads\n",
    );
    write("rates.csv", "date,currency,rate\n2026-01-01,USD,0.5\n");
    let options = [
        "channels",
        "--crm",
        "leads.csv",
        "--rates",
        "rates.csv",
        "--currency",
        "EUR",
        "--as-of",
        "2026-02-01",
    ];
    let rows = tidy(folder.path(), &options);
    // 10 USD at 0.5
    assert_eq!(shown(&rows, "channels", "", "revenue"), "5");
}

/// Dimensions that are called as columns of the schema keep apart from them.
#[test]
fn a_dimension_may_be_called_as_a_column() {
    let folder = tempfile::tempdir().expect("a folder for the files");
    let leads =
        "Lead ID,Created,Won date,Unit,Period\n1,2026-01-05,2026-01-20,north,a\n2,2026-01-06,,south,b\n";
    std::fs::write(folder.path().join("leads.csv"), leads).expect("the leads are written");
    let text = stdout(
        folder.path(),
        &["report", "segments", "--crm", "leads.csv", "-q", "--format", "json", "--by", "unit"],
    );
    let report: serde_json::Value = serde_json::from_str(&text).expect("the report is JSON");
    let rows = report["rows"].as_array().expect("rows");
    let won = |unit: &str| {
        let row = rows
            .iter()
            .find(|row| row["dimension_unit"] == unit && row["kpi"] == "lead_to_won")
            .expect("a row");
        (row["unit"].clone(), row["value"].as_f64())
    };
    assert_eq!(won("north"), ("share".into(), Some(1.0)));
    assert_eq!(won("south"), ("share".into(), Some(0.0)));
}

/// `explain` tells a KPI of the user's own on the basis that its table has.
#[test]
fn an_own_kpi_is_explained_as_its_table_shows_it() {
    let folder = tempfile::tempdir().expect("a folder for the files");
    let leads = "Lead ID,Created,SQL date,Won date,Amount\n1,2026-01-05,2026-01-10,2026-02-20,100\n2,2026-01-06,2026-02-01,,\n";
    let configuration = "[[crm]]\nfiles = [\"leads.csv\"]\n[kpi.per_sql]\ntitle = \"Revenue an SQL\"\nratio = [\"revenue\", \"sqls\"]\nunit = \"money\"\n";
    std::fs::write(folder.path().join("leads.csv"), leads).expect("the leads are written");
    std::fs::write(folder.path().join("funnel.toml"), configuration).expect("the configuration is written");
    // in February 100 are won and one lead becomes SQL
    let rows = tidy(folder.path(), &["own", "--month", "2026-02"]);
    assert_eq!(shown(&rows, "own", "", "per_sql"), "100 = 100/1");
    let text = stdout(folder.path(), &["explain", "per_sql", "--month", "2026-02", "-q"]);
    assert!(text.contains("event basis") && text.contains("100.00"), "{text}");
}

/// What stands in a cell must not steer the terminal.
#[test]
fn control_characters_of_cells_do_not_reach_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder for the files");
    let leads =
        "Lead ID,Created,Won date,Source\n1,2026-01-05,2026-01-20,a\u{1b}[31md\u{202e}s\n2,2026-01-06,,tv\n";
    std::fs::write(folder.path().join("leads.csv"), leads).expect("the leads are written");
    let output = run(folder.path(), &["report", "channels", "--crm", "leads.csv", "--by", "channel"], None);
    for text in [&output.stdout, &output.stderr] {
        let text = String::from_utf8_lossy(text);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    }
    assert!(String::from_utf8_lossy(&output.stdout).contains("a\u{fffd}[31md\u{fffd}s"));
}
