//! Files of events without lead IDs: nothing is said of leads that only IDs could tell.

use super::{assert_shown, audit};

const CONFIGURATION: &str = "fixtures/check/events/funnel.toml";

/// 4 events at lead, 3 at mql, 2 at won.
#[test]
fn events_are_counted() {
    let rows = audit(&["--config", CONFIGURATION]);
    assert_shown(
        &rows,
        &[
            ("stages_without_date", "(total)", "1 of 9 at 3"),
            ("stages_without_date", "mql", "1 of 3 at 3"),
            ("leads_without_channel", "(total)", "1 of 9 at 4"),
            ("won_without_amount", "(total)", "1 of 2 at 3"),
            // at lead: ads 2, Ads 1
            ("spend_without_leads", "(total)", "100 of 450 at 3"),
            ("leads_without_spend", "(total)", "1 of 3 at 5"),
            // spend: ads 01 03, radio 01; events at lead: ads 01, Ads 03
            ("months_of_spend_without_leads", "(total)", "2 of 3 at 4,3"),
            ("months_of_leads_without_spend", "(total)", "1 of 2 at 5"),
            // ads, Ads, radio
            ("channel_spellings", "(total)", "1 of 3 at 5"),
        ],
    );
    let gap = rows.iter().find(|row| row["key"] == "months_without_leads").expect("every check is told");
    assert_eq!((gap["count"].as_str(), gap["of"].as_str()), ("1", "3"));
    let lonely = rows.iter().find(|row| row["key"] == "spend_without_leads").expect("every check is told");
    // 450 / 4 and 350 / 4
    let effect = "112.50 EUR an event of the first stage, 87.50 EUR without it";
    assert!(lonely["effect"].contains(effect), "{}", lonely["effect"]);
}

/// One e-mail over several events is no duplicate: it is how a lead comes from stage to stage.
#[test]
fn checks_of_leads_are_not_made() {
    let rows = audit(&["--config", CONFIGURATION]);
    let reason = "not checked, because the rows of the CRM are events without lead IDs";
    for key in [
        "refused_ids",
        "rows_without_lead_id",
        "duplicate_leads",
        "near_duplicate_ids",
        "same_email",
        "identical_leads",
        "won_without_contract",
        "stages_out_of_order",
        "leads_without_creation_date",
        "won_and_lost",
        "leads_of_existing_customers",
    ] {
        let row = rows.iter().find(|row| row["key"] == key).expect("every check is told");
        assert_eq!((row["status"].as_str(), row["effect"].as_str()), ("not_checked", reason), "{key}");
    }
}

#[test]
fn nothing_that_is_told_of_events_speaks_of_leads() {
    let rows = audit(&["--config", CONFIGURATION]);
    for row in rows.iter().filter(|row| row["status"] != "not_checked" && row["section"] != "columns") {
        // the names of a KPI, of a row and of a column
        let names =
            |text: &str| text.replace("cost per lead", "").replace("`(no leads)`", "").replace("lead_at", "");
        for text in ["what", "effect"] {
            let said = names(&row[text]);
            assert!(!said.contains("lead"), "{}: {said}", row["key"]);
        }
    }
    assert!(rows.iter().any(|row| row["what"] == "events with a channel"));
}
