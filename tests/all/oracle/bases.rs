//! Leads of new and of existing customers: ten leads of `fixtures/bases`, told apart by hand.
//!
//! B03 and B06 were created after a lead of their customer was won (C1 on 20 January, C3 on 20 February), B07 after its
//! customer's contract began. B05 and B09 came on that very day, and so not after it.

use std::collections::BTreeMap;

use super::company::{Record, records};
use crate::support::{Row, project, shown, stdout, tidy};

fn value(table: &str, place: &str, kpi: &str) -> String {
    shown(&tidy(&project().join("fixtures/bases"), &[]), table, place, kpi)
}

#[test]
fn a_lead_of_an_existing_customer_is_no_acquisition() {
    // seven new leads: B01 B02 B04 B05 B08 B09 B10; won of them B01 B04 B08 B10
    assert_eq!(value("conversion", "", "leads"), "7");
    assert_eq!(value("conversion", "", "lead_to_won"), "0.571429 = 4/7");
    assert_eq!(value("conversion", "", "lead_to_mql"), "0.857143 = 6/7");
    assert_eq!(value("cost", "", "cost_per_won"), "225 = 900/4");
    // of the seven B01 and B09 are Ann's
    assert_eq!(value("channels", "", "lead_quality"), "0.285714 = 2/7");
    // MQLs are B01 B02 B04 B05 B08 B10, lost before is B09
    assert_eq!(value("channels", "", "qualified_share"), "0.857143 = 6/7");
    // the new leads of ads: B01 B02 B08 B10
    assert_eq!(value("cost", "channel=ads", "cost_per_lead"), "225 = 900/4");
    // what was won of B03 is revenue all the same
    assert_eq!(value("bases", "", "revenue"), "3200");
}

#[test]
fn existing_customers_have_conversions_of_their_own() {
    assert_eq!(value("bases", "", "existing_leads"), "3");
    assert_eq!(value("bases", "", "existing_share"), "0.3 = 3/10");
    // B03 and B07 are MQLs, B03 was won
    assert_eq!(value("bases", "", "existing_lead_to_mql"), "0.666667 = 2/3");
    assert_eq!(value("bases", "", "existing_mql_to_won"), "0.5 = 1/2");
    assert_eq!(value("bases", "", "revenue_existing_part"), "0.125 = 400/3200");
}

#[test]
fn accounts_are_customers_and_contacts_their_leads() {
    // C1 has two leads, C2 two, C3 three, C4 and C5 one each; B08 names no customer
    assert_eq!(value("owners", "", "contacts_per_account"), "1.8 = 9/5");
    assert_eq!(value("owners", "", "single_contact_share"), "0.4 = 2/5");
    // Bob has B04, B08 and B10 of the 3,200 that were won
    assert_eq!(value("owners", "", "owner_concentration"), "0.5625 = 1800/3200");
}

#[test]
fn a_period_has_the_accounts_with_a_lead_in_it_and_what_is_known_of_them_by_its_end() {
    let folder = project().join("fixtures/bases");
    let leads = records(&folder.join("leads.csv"));
    let periods = [
        ("2026-01", "2026-01-01", "2026-02-01"),
        ("2026-02", "2026-02-01", "2026-03-01"),
        ("2026-03", "2026-03-01", "2026-04-01"),
    ];
    let side_by_side = tidy(&folder, &["owners", "--every", "month"]);
    let mut checked = 0;
    for (label, from, to) in periods {
        // dates of one form are in the order of their text
        let mut accounts: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
        for lead in
            leads.iter().filter(|lead| !lead["Customer ID"].is_empty() && lead["Created"].as_str() < to)
        {
            accounts.entry(&lead["Customer ID"]).or_default().push(lead);
        }
        let owner_of = |own: &[&Record]| -> Option<String> {
            let of_period = own.iter().filter(|lead| lead["Created"].as_str() >= from);
            let rank = |lead: &&&Record| {
                (lead["Won date"].is_empty(), lead["Won date"].clone(), lead["Created"].clone())
            };
            of_period.min_by_key(rank).map(|lead| lead["Owner"].clone())
        };
        let standing: Vec<(String, usize)> =
            accounts.values().filter_map(|own| Some((owner_of(own)?, own.len()))).collect();
        for owner in [None, Some("Ann"), Some("Bob")] {
            let sizes = standing.iter().filter(|(of, _)| owner.is_none_or(|owner| owner == of));
            let sizes: Vec<usize> = sizes.map(|(_, size)| *size).collect();
            let single = sizes.iter().filter(|size| **size == 1).count();
            let ends = format!(" = {}/{}", sizes.iter().sum::<usize>(), sizes.len());
            let shares = format!(" = {single}/{}", sizes.len());
            let place = owner.map(|owner| format!("owner={owner}")).unwrap_or_default();
            let month = ["owners", "--month", label];
            let filter = owner.map(|_| ["--where", place.as_str()]);
            let filtered = tidy(&folder, &[&month[..], filter.as_ref().map_or(&[], |words| words)].concat());
            if sizes.is_empty() {
                continue;
            }
            let told = ["contacts_per_account", "single_contact_share"];
            let alone = told.map(|kpi| shown(&filtered, "owners", "", kpi));
            let context = format!("{label} {owner:?}: {alone:?}");
            assert!(alone[0].ends_with(&ends) && alone[1].ends_with(&shares), "{context}");
            if let Some(owner) = owner {
                let explain = ["explain", told[0], "--month", label, "--by", "owner", "--quiet"];
                let wanted = [sizes.iter().sum::<usize>().to_string(), sizes.len().to_string()];
                let is_it = |line: &str| {
                    let words: Vec<&str> = line.split_whitespace().collect();
                    words.first() == Some(&owner) && words.ends_with(&wanted.each_ref().map(String::as_str))
                };
                assert!(stdout(&folder, &explain).lines().any(is_it), "{context}");
            } else {
                let of_label: Vec<Row> =
                    side_by_side.iter().filter(|row| row["period"] == label).cloned().collect();
                assert_eq!(told.map(|kpi| shown(&of_label, "owners", "", kpi)), alone, "{context}");
            }
            checked += 1;
        }
    }
    assert_eq!(checked, 8, "three months, Ann and Bob but for January, in which Bob has no lead");
    // by hand: in February C1 has B01 and B03, C3 has B04, B05 and B06; in January C1 and C2 have one lead each
    let february = tidy(&folder, &["owners", "--month", "2026-02"]);
    assert_eq!(shown(&february, "owners", "", "contacts_per_account"), "2.5 = 5/2");
    assert_eq!(shown(&february, "owners", "", "single_contact_share"), "0 = 0/2");
    let january = tidy(&folder, &["owners", "--month", "2026-01"]);
    assert_eq!(shown(&january, "owners", "", "contacts_per_account"), "1 = 2/2");
    // of what was won in February, 400 are Ann's and 600 Bob's
    assert_eq!(shown(&february, "owners", "", "owner_concentration"), "0.6 = 600/1000");
}

#[test]
fn a_placeholder_fills_no_required_field() {
    // ten channels, ten owners of which one is `test`, and the amounts of five wins
    assert_eq!(value("owners", "", "crm_completeness"), "0.96 = 24/25");
    assert_eq!(value("owners", "owner=test", "crm_completeness"), "0.5 = 1/2");
}

#[test]
fn who_was_lost_for_want_of_a_budget_may_be_asked_again() {
    assert_eq!(value("open", "", "retargeting"), "1");
    assert_eq!(value("open", "", "retargeting_value"), "300");
}

#[test]
fn what_was_dropped_and_what_will_come_is_of_new_leads_too() {
    // of the seven, B09 is no MQL; of the six MQLs, B02 is open and B05 lost
    assert_eq!(value("funnel", "", "lead_to_mql_dropped"), "1");
    assert_eq!(value("funnel", "", "mql_to_won_dropped"), "2");
    // six of seven became MQLs, and B09 never will
    assert_eq!(value("funnel", "", "lead_to_mql_kaplan_meier"), "0.857143 = /7");
}

#[test]
fn windows_are_of_new_leads_and_of_existing_ones_apart() {
    let rows = tidy(&project().join("fixtures/bases"), &["--config", "window.toml"]);
    let value = |table: &str, kpi: &str| shown(&rows, table, "", kpi);
    // as of 30 March all MQLs are mature, the last is of 13 March. Won within 10 days: B08 alone (4 days); B01 took 12,
    // B04 15, B10 17
    assert_eq!(value("funnel", "mql_to_won"), "0.166667 = 1/6");
    assert_eq!(value("funnel", "mql_to_won_late"), "3");
    assert_eq!(value("funnel", "mql_to_won_dropped"), "2");
    assert_eq!(value("funnel", "mql_to_won_mature"), "0.166667 = 1/6");
    // of the existing ones B03 came within 8 days, B07 never
    assert_eq!(value("bases", "existing_mql_to_won"), "0.5 = 1/2");
}

#[test]
fn a_new_customer_is_one_lead_won_and_one_customer_acquired() {
    // B07 won too: its customer had begun a contract before the lead was created, so it acquires nobody
    let folder = tempfile::tempdir().expect("a folder for the files");
    for name in ["ads.csv", "contracts.csv", "funnel.toml", "leads.csv"] {
        let text = std::fs::read_to_string(project().join("fixtures/bases").join(name)).expect("a fixture");
        let text = text.replace("2026-03-02,2026-03-04,,,,", "2026-03-02,2026-03-04,2026-03-30,,,900.00");
        std::fs::write(folder.path().join(name), text).expect("it is written");
    }
    let explained = |kpi: &str| {
        let text = stdout(folder.path(), &["explain", kpi, "--quiet"]);
        let labelled =
            |line: &str| line.trim().strip_prefix("denominator").map(|rest| rest.trim().to_string());
        text.lines().find_map(labelled).expect("a denominator")
    };
    // B01 of C1, B04 of C3, B10 of C2 and B08, which names no customer
    assert_eq!(explained("cac_media"), "4");
}
