//! Exports that overlap, and persons that stand twice: what counts once, what stays and is told.
//!
//! Every number below is counted by hand from the few rows beside it.

use std::path::Path;

use tempfile::TempDir;

use crate::support::{parse, run, shown, tidy};

const LEADS: &str = "lead_id,customer_id,lead_at,won_at,amount,email\n\
    L1,C1,2026-01-05,2026-02-01,100,anna@example.com\n\
    L2,C2,2026-01-09,2026-01-20,50,ben@example.com\n\
    L3,,2026-03-09,2026-03-20,70,Anna@Example.com\n\
    L4,,2026-01-12,,,ben@example.com\n\
    L5,C2,2026-03-02,,,ben@example.com\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder for the files");
    for (name, text) in files.iter().chain(&[("leads.csv", LEADS)]) {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

/// Count, and the sentence on the effect, of a check.
fn checked(folder: &Path, arguments: &[&str], key: &str) -> (String, String) {
    let mut all = vec!["check", "--crm", "leads.csv", "--format", "csv", "--quiet"];
    all.extend(arguments);
    let rows = parse(&String::from_utf8(run(folder, &all, None).stdout).expect("text"));
    let row = rows.iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("no check `{key}`"));
    (row["count"].clone(), row["effect"].clone())
}

#[test]
fn a_payment_with_an_id_counts_once() {
    let folder = folder(&[
        ("one.csv", "payment_id,lead_id,paid_at,amount\nP1,L1,2026-02-02,100\nP2,L2,2026-02-03,50\n"),
        // P2 again, and P1 with another day: a second instalment, or the same money
        ("two.csv", "payment_id,lead_id,paid_at,amount\nP2,L2,2026-02-03,50\nP1,L1,2026-03-02,30\n"),
    ]);
    let payments = ["--payments", "one.csv", "two.csv"];
    let rows = tidy(folder.path(), &[&["renewal", "--crm", "leads.csv"], &payments[..]].concat());
    assert_eq!(shown(&rows, "renewal", "", "received"), "180");
    assert_eq!(shown(&rows, "renewal", "", "payments"), "3");
    assert_eq!(checked(folder.path(), &payments, "repeated_payments").0, "1");
    assert_eq!(checked(folder.path(), &payments, "differing_payments").0, "1");
}

#[test]
fn without_an_id_payments_and_contracts_of_two_files_are_told() {
    let folder = folder(&[
        ("one.csv", "lead_id,paid_at,amount\nL1,2026-02-02,100\nL1,2026-02-02,100\nL2,2026-02-03,50\n"),
        ("two.csv", "lead_id,paid_at,amount\nL2,2026-02-03,50\nL1,2026-03-02,30\n"),
        ("old.csv", "lead_id,started_at,mrr\nL1,2026-02-02,10\nL2,2026-02-03,5.50\n"),
        ("new.csv", "lead_id,started_at,mrr\nL2,2026-02-03,5.50\nL3,2026-03-22,7\n"),
    ]);
    let payments = ["--payments", "one.csv", "two.csv"];
    let rows = tidy(folder.path(), &[&["renewal", "--crm", "leads.csv"], &payments[..]].concat());
    // two alike rows of one file are two payments, those of two files may be
    assert_eq!(shown(&rows, "renewal", "", "received"), "330");
    let (count, effect) = checked(folder.path(), &payments, "payments_in_two_files");
    assert_eq!(count, "1");
    assert!(effect.contains("the money received is 50.00 too high"), "{effect}");
    let contracts = ["--contracts", "old.csv", "new.csv"];
    let (count, effect) = checked(folder.path(), &contracts, "contracts_in_two_files");
    assert_eq!(count, "1");
    assert!(effect.contains("MRR is 5.50 too high"), "{effect}");
}

#[test]
fn money_that_is_yet_to_be_converted_is_not_added_up() {
    let folder = folder(&[
        ("one.csv", "lead_id,paid_at,amount,currency\nL1,2026-02-02,100,USD\n"),
        ("two.csv", "lead_id,paid_at,amount,currency\nL1,2026-02-02,100,USD\n"),
        ("rates.csv", "date,currency,rate\n2026-01-01,USD,0.9\n"),
    ]);
    let arguments = ["--payments", "one.csv", "two.csv", "--rates", "rates.csv", "--currency", "EUR"];
    let (count, effect) = checked(folder.path(), &arguments, "payments_in_two_files");
    assert_eq!((count.as_str(), effect.as_str()), ("1", "counted all the same"));
}

#[test]
fn a_person_won_before_who_counts_as_new_is_told() {
    // L3 has the address of L1, which was won on 1 February, and no customer ID: she counts as new, and is won again.
    // L4 came before L2 was won, and L5 is known by its customer ID: it counts as existing already
    let folder = folder(&[]);
    let (count, effect) = checked(folder.path(), &[], "persons_in_both_bases");
    assert_eq!(count, "1");
    assert!(effect.contains("1 of them as new customers"), "{effect}");
    let rows = tidy(folder.path(), &["bases", "--crm", "leads.csv"]);
    assert_eq!(shown(&rows, "bases", "", "existing_leads"), "1");
}
