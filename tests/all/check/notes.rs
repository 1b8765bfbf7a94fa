//! What a report tells as a note, the audit tells under a key.

use std::fs;

use super::{assert_shown, audit};
use crate::support::project;

/// Owners of the leads: Ada twice, Ben, Cid; the lookup knows Ada, Ben and Dan.
#[test]
fn notes_of_lookups_have_keys() {
    let rows = audit(&["--config", "fixtures/errors/findings-lookup.toml"]);
    assert_shown(
        &rows,
        &[
            ("leads_without_lookup", "(total)", "1 of 4 at `Cid`"),
            ("leads_without_lookup", "owner", "1 of  at `Cid`"),
            ("lookup_values_unused", "(total)", "1 of  at `Dan`"),
        ],
    );
}

/// The first deal is given another owner and another source than its lead.
#[test]
fn notes_of_deals_have_keys() {
    let folder = tempfile::tempdir().unwrap();
    let copy = |name: &str| {
        let text = fs::read_to_string(project().join("fixtures/presets").join(name)).unwrap();
        let place = folder.path().join(name);
        fs::write(&place, text.replacen("\"Web\",\"Jane Forest\"", "\"Radio\",\"Omar River\"", 1)).unwrap();
        place.display().to_string()
    };
    let files = ["salesforce-leads.csv", "salesforce-opportunities.csv"].map(copy);
    let rows = audit(&["--crm", &files[0], &files[1]]);
    let count = |subject: &str| {
        let row =
            rows.iter().find(|row| row["key"] == "leads_unlike_their_deal" && row["subject"] == subject);
        row.map(|row| row["count"].clone())
    };
    assert_eq!(count("(total)").as_deref(), Some("2"));
    assert_eq!(count("owner").as_deref(), Some("1"));
    assert_eq!(count("channel").as_deref(), Some("1"));
}

/// The leads of lines 2-6 were created from the 5th to the 8th of January, one without an ID on the 9th.
#[test]
fn leads_after_the_day_of_the_audit_have_a_key() {
    let rows = audit(&["--crm", "fixtures/errors/findings.csv", "--as-of", "2026-01-07"]);
    assert_shown(&rows, &[("leads_after_as_of", "(total)", "1 of 4 at 5")]);
}
