//! What a newcomer stumbled over: a number that changed without a word, or a message that was not true. All figures are
//! counted by hand in the files.

use std::path::Path;

use crate::support::{parse, project, run, shown, stderr, stdout, tidy};

const LEADS: &str = "fixtures/overlap/leads.csv";
const TICKETS: [&str; 2] =
    ["fixtures/overlap/tickets-january.csv", "fixtures/overlap/tickets-to-february.csv"];
const ADS: [&str; 2] = ["fixtures/overlap/ads-january.csv", "fixtures/overlap/ads-to-february.csv"];

fn company(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file in a temporary folder");
    }
    folder
}

/// The finding of a key as count and effect.
fn found(folder: &Path, arguments: &[&str], key: &str) -> (String, String) {
    let all: Vec<&str> = ["check", "--format", "csv", "-q"].iter().chain(arguments).copied().collect();
    let rows = parse(&stdout(folder, &all));
    let row = rows
        .iter()
        .find(|row| row["key"] == key && row["subject"] == "(total)")
        .expect("a check of this key");
    (row["count"].clone(), row["effect"].clone())
}

#[test]
fn a_ticket_of_two_files_counts_once() {
    // T1, T2, T3 and the two without an ID: 5 of 8 rows. T1 of the second file and the second T3 say nothing new; T2 has
    // been resolved since
    let arguments = ["--crm", LEADS, "--tickets", TICKETS[0], TICKETS[1]];
    let rows = tidy(&project(), &[&["service"], &arguments[..]].concat());
    assert_eq!(shown(&rows, "service", "", "tickets"), "5");
    assert_eq!(shown(&rows, "service", "", "complaint_share"), "0.2 = 1/5");
    assert_eq!(shown(&rows, "service", "", "tickets_open"), "1");
    assert_eq!(found(&project(), &arguments, "repeated_tickets").0, "2");
    assert_eq!(found(&project(), &arguments, "differing_tickets").0, "1");
    // on the last of January nothing tells the two rows of T2 apart, and T3 is not there
    let early = [&arguments[..], &["--as-of", "2026-01-31"]].concat();
    assert_eq!(found(&project(), &early, "repeated_tickets").0, "2");
    assert_eq!(found(&project(), &early, "differing_tickets").0, "0");
    assert_eq!(shown(&tidy(&project(), &[&["service"], &early[..]].concat()), "service", "", "tickets"), "4");
    // on stderr too
    let said = stderr(&project(), &[&["report", "service", "--format", "csv"], &arguments[..]].concat());
    for line in [
        "service cases that repeat an earlier row of the same export, left out: 2 (fixtures/overlap/tickets-to-february.csv:2, fixtures/overlap/tickets-to-february.csv:5)",
        "service cases with the ID of an earlier row of the same export and other values, left out: 1 (fixtures/overlap/tickets-to-february.csv:3)",
    ] {
        assert!(said.lines().any(|told| told == line), "`{line}` in\n{said}");
    }
}

#[test]
fn tickets_of_two_desks_may_have_one_number() {
    let folder = company(&[
        ("l.csv", "lead_id,lead_at\n1,2026-01-02\n"),
        ("a.csv", "ticket_id,lead_id,opened_at\n1,1,2026-01-03\n"),
        ("b.csv", "ticket_id,lead_id,opened_at,kind\n1,1,2026-01-03,\n"),
        ("c.csv", "ticket_id,lead_id,opened_at,kind\n1,1,2026-01-03,\n"),
    ]);
    // the headers of b and c are those of one export, a is another
    let arguments = ["--crm", "l.csv", "--tickets", "a.csv", "b.csv", "c.csv"];
    let rows = tidy(folder.path(), &[&["service"], &arguments[..]].concat());
    assert_eq!(shown(&rows, "service", "", "tickets"), "2");
    assert_eq!(found(folder.path(), &arguments, "repeated_tickets").0, "1");
}

#[test]
fn spend_of_two_files_is_told() {
    // all of it counts: 20.50 + 20.50 + 9 + 4 and 9 + 9 + 9 + 20.51 + 4. The generic ads of 20 January stand in both files;
    // the brand ads of the 5th differ by a cent, two alike in one file may be real, and rows without a date say nothing
    let arguments = ["--crm", LEADS, "--spend", ADS[0], ADS[1]];
    let rows = tidy(&project(), &[&["cost"], &arguments[..]].concat());
    assert_eq!(shown(&rows, "cost", "", "spend"), "105.51");
    let (count, effect) = found(&project(), &arguments, "repeated_spend");
    assert_eq!(count, "1");
    assert_eq!(effect, "counted all the same: if they are the same ads, spend is 9.00 too high");
    // of a copy all three rows with a date come again
    let folder = company(&[]);
    for name in ["a.csv", "b.csv"] {
        std::fs::copy(project().join(ADS[0]), folder.path().join(name)).expect("a fixture");
    }
    std::fs::copy(project().join(LEADS), folder.path().join("l.csv")).expect("a fixture");
    let copies = ["--crm", "l.csv", "--spend", "a.csv", "b.csv"];
    assert_eq!(found(folder.path(), &copies, "repeated_spend").0, "3");
    // a range of days is a row, not one a day
    let range = "from,to,channel,cost\n2026-01-01,2026-01-31,ads,31\n";
    std::fs::write(folder.path().join("a.csv"), range).expect("a file in a temporary folder");
    std::fs::write(folder.path().join("b.csv"), range).expect("a file in a temporary folder");
    assert_eq!(found(folder.path(), &copies, "repeated_spend").0, "1");
    // in two blocks they are two exports
    let text =
        "[[crm]]\nfiles = [\"l.csv\"]\n[[spend]]\nfiles = [\"a.csv\"]\n[[spend]]\nfiles = [\"b.csv\"]\n";
    std::fs::write(folder.path().join("funnel.toml"), text).expect("a file in a temporary folder");
    assert_eq!(found(folder.path(), &["--config", "funnel.toml"], "repeated_spend").0, "0");
}

#[test]
fn an_agreed_end_is_no_churn() {
    let files = ["--crm", LEADS, "--contracts", "fixtures/overlap/contracts.csv"];
    let output = run(&project(), &[&["report", "conversion"], &files[..]].concat(), None);
    let (text, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(text.contains("as of 2026-02-03"), "{text}");
    assert!(said.contains("churned_at = \"End date\""), "{said}");
    // mapped as the note says, the end is churn, and the note is gone
    let folder = company(&[
        ("l.csv", "lead_id,lead_at,won_at\n1,2026-01-02,2026-01-03\n"),
        ("c.csv", "Lead ID,Start date,End date,MRR\n1,2026-01-03,2026-01-20,50\n"),
        (
            "funnel.toml",
            "[[crm]]\nfiles = [\"l.csv\"]\n[[contracts]]\nfiles = [\"c.csv\"]\n[contracts.columns]\nchurned_at = \"End date\"\nlead_id = \"Lead ID\"\nstarted_at = \"Start date\"\n",
        ),
    ]);
    let rows = tidy(folder.path(), &["churn"]);
    assert_eq!(shown(&rows, "churn", "", "contracts_churned"), "1");
    assert!(!stderr(folder.path(), &["report", "churn"]).contains("agreed end"));
}

#[test]
fn a_table_of_nothing_says_so() {
    let folder = company(&[
        (
            "l.csv",
            "lead_id,lead_at,won_at,lost_at,amount\nA,2026-01-02,2026-02-01,,100\nB,2026-01-03,,2026-02-03,\n",
        ),
        ("n.csv", "lead_id,lead_at,mql_at,amount\nA,2026-01-02,2026-02-01,100\n"),
    ]);
    let text = stdout(folder.path(), &["report", "conversion", "open", "--crm", "l.csv", "-q"]);
    assert!(text.contains("CONVERSION") && text.ends_with("\n\nno lead is open\n"), "{text}");
    // on the first of February B is open, so that the one month has a table and the other has none
    let months = ["report", "open", "--crm", "l.csv", "-q", "--as-of", "2026-02-01", "--every", "month"];
    let text = stdout(folder.path(), &months);
    assert!(text.contains("Open leads by stage") && !text.contains("no lead is open"), "{text}");
    // who cannot tell does not say that there is none
    for arguments in [&["explain", "open_value"][..], &["report", "open"]] {
        let output = run(folder.path(), &[arguments, &["--crm", "n.csv", "-q"]].concat(), None);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains("the stage `won` in crm"), "{said}");
    }
}

#[test]
fn every_period_leaves_out_what_has_no_date() {
    let folder = company(&[("l.csv", "lead_id,lead_at,won_at\nA,2026-01-02,2026-02-01\nB,,2026-02-03\n")]);
    let text = stdout(folder.path(), &["report", "conversion", "--crm", "l.csv", "-q", "--every", "month"]);
    assert!(
        text.contains("leads without a date of creation, in no cohort of a period: 1 (l.csv:3)"),
        "{text}"
    );
}

#[test]
fn of_several_periods_the_verdict_on_churn_is_one() {
    // 38 of 80 customers that do not fit left, 20 of 120 of those that do: fixtures/causes, over both quarters
    let arguments =
        ["report", "churn", "--config", "fixtures/causes/funnel.toml", "-q", "--every", "quarter"];
    let text = stdout(&project(), &arguments).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(text.matches("lead quality: of customers").count(), 1, "{text}");
    assert!(text.contains("all periods together, lead quality: of customers that do not fit the profile 47.5% left (38 of 80), of those that fit 16.7% (20 of 120)"), "{text}");
}

#[test]
fn a_customer_that_the_crm_does_not_know_has_its_id() {
    let folder = company(&[
        ("l.csv", "lead_id,customer_id,lead_at,won_at\nA,C1,2026-01-02,2026-01-03\n"),
        (
            "c.csv",
            "lead_id,customer_id,started_at,churned_at\n,C1,2026-01-03,\n,C8,2026-01-04,2026-02-10\nZ,,2026-01-05,\n",
        ),
    ]);
    let files = ["--crm", "l.csv", "--contracts", "c.csv", "--month", "2026-02", "-q"];
    let text = stdout(folder.path(), &[&["explain", "churn_rate", "--rows"], &files[..]].concat());
    assert_eq!(
        text,
        "table,id,file,line,active_start,churned\ncustomers,A,c.csv,2,1,0\ncustomers,C8,c.csv,3,1,1\ncustomers,Z,c.csv,4,1,0\n"
    );
}
