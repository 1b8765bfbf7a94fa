//! What a deal says of the lead that it belongs to: nothing before its first day, and never less than the lead's own status.
//! Every figure is worked out in the comment above it.

use std::path::Path;

use crate::deals::{CONTACTS, DEALS, company, explained, refusal};
use crate::support::{parse, shown, stdout, tidy};

/// What the deals of a future day leave of a lead: `(open_value, stage, owner)` of the row of lead 1.
fn open_on(folder: &Path, day: &str, deals: &str) -> [String; 3] {
    let arguments = [
        "explain",
        "open_value",
        "--rows",
        "-q",
        "--columns",
        "owner,stage",
        "--as-of",
        day,
        "--crm",
        "contacts.csv",
        deals,
    ];
    let rows = parse(&stdout(folder, &arguments));
    let row = rows.into_iter().find(|row| row["id"] == "1").unwrap_or_default();
    ["open_value", "stage", "owner"].map(|name| row.get(name).cloned().unwrap_or_default())
}

#[test]
fn a_deal_that_was_not_there_yet_says_nothing_of_its_lead() {
    // contact 1 is of 1 January; its first deal (10,000, Ann, lost on 20 January) is of 10 January, the next one (2500.50,
    // Bob, won on 15 February) of 12 January
    let one = DEALS.split_inclusive('\n').take(2).collect::<String>();
    let one = one + "90,z,Closed Won,2026-01-06,Ann,1,Sales,2026-01-05,4,\n";
    let open = one.replace("Closed Lost", "Contract Sent").replace("Ann", "Omar").replace("Price", "");
    let folder =
        company(&[("contacts.csv", CONTACTS), ("deals.csv", DEALS), ("one.csv", &one), ("open.csv", &open)]);
    // contact 4 is won in one.csv and open.csv, so that they tell what is open
    for deals in ["deals.csv", "one.csv", "open.csv"] {
        assert_eq!(open_on(folder.path(), "2026-01-06", deals), ["0", "Lead", "Ann"], "{deals}");
    }
    assert_eq!(open_on(folder.path(), "2026-01-10", "open.csv"), ["10000", "Contract Sent", "Omar"]);
    // of 10,000 and 2500.50 both are open on 12 January, the second on 20 January
    let value =
        |day| explained(folder.path(), "open_value", &["--as-of", day, "--crm", "contacts.csv", "deals.csv"]);
    assert_eq!(["2026-01-06", "2026-01-12"].map(value), ["0.00", "12,500.50"]);
    // on 20 January further 700 of contact 2, and of contact 3, both of whose deals are open, 300 + 5000
    assert_eq!(value("2026-01-20"), "8,500.50");
    // nor is anything said of a loss that is no row of `lost`
    let lost = ["explain", "lost", "-q", "--as-of", "2026-01-06", "--crm", "contacts.csv", "deals.csv"];
    let said = stdout(folder.path(), &lost);
    assert!(!said.contains("lost leads"), "{said}");
}

#[test]
fn an_id_that_is_refused_is_refused_on_any_day() {
    let block = "[[crm]]\nfiles = [\"deals.csv\"]\npreset = \"hubspot\"\nduplicates = \"error\"\n";
    let folder = company(&[
        ("contacts.csv", CONTACTS),
        ("deals.csv", DEALS),
        ("funnel.toml", &format!("{block}[[crm]]\nfiles = [\"contacts.csv\"]\n")),
    ]);
    let said = refusal(folder.path(), &["report", "segments", "--as-of", "2026-01-06"]);
    assert!(said.contains("deals.csv:3: column `lead_id`: `1` is in line 2 already"), "{said}");
}

#[test]
fn a_deal_of_no_lead_is_there_from_its_first_date_on() {
    let alone = DEALS.replace(",2026-03-01,1,", ",2026-03-01,,");
    let folder = company(&[("contacts.csv", CONTACTS), ("deals.csv", &alone)]);
    let leads =
        |day| explained(folder.path(), "leads", &["--as-of", day, "--crm", "contacts.csv", "deals.csv"]);
    // deal 94, of nobody, is of 1 March: beside the four contacts it is a lead from then on
    assert_eq!(["2026-02-28", "2026-03-01"].map(leads), ["4", "5"]);
}

/// Six leads of ten were converted to SQL; leads 1 to 5 have a deal: one won, three lost, one open.
#[test]
fn a_lead_is_not_thrown_back_by_what_became_of_its_deal() {
    let lead = |number: usize| {
        let status = if number <= 6 { "Good Lead" } else { "Unassigned" };
        format!("{number};x;{status};Website;Ann;{number:02}.03.2026 09:00:00\n")
    };
    let stages = ["Deal won", "Deal lost", "Deal lost", "Deal lost", "New"];
    let deal = |(number, stage): (usize, &&str)| {
        format!("{number};d;{stage};100.00;Bob;{:02}.03.2026 10:00:00;{number}\n", number + 10)
    };
    let leads = (1..=10).map(lead).collect::<String>();
    let deals = (1..).zip(&stages).map(deal).collect::<String>();
    let own = "stages = [\"lead\", \"sql\", \"won\"]\n[[crm]]\nfiles = [\"leads.csv\", \"deals.csv\"]\n";
    let folder = company(&[
        ("leads.csv", &format!("ID;Lead Name;Status;Source;Responsible;Created\n{leads}")),
        ("deals.csv", &format!("ID;Deal Name;Stage;Income;Responsible;Created;Lead ID\n{deals}")),
        ("own.toml", own),
    ]);
    let ask = |more: &[&str]| {
        ["leads", "sqls", "opportunities", "won", "lost"].map(|kpi| explained(folder.path(), kpi, more))
    };
    let of_leads = |kpi| explained(folder.path(), kpi, &["--crm", "leads.csv"]);
    assert_eq!(["leads", "sqls"].map(of_leads), ["10", "6"]);
    let both = ["--crm", "leads.csv", "deals.csv"];
    assert_eq!(ask(&both), ["10", "6", "5", "1", "3"]);
    let rows = tidy(folder.path(), &["conversion", both[0], both[1], both[2]]);
    assert_eq!(shown(&rows, "conversion", "", "lead_to_sql"), "0.6 = 6/10");
    assert_eq!(shown(&rows, "conversion", "", "opportunity_to_won"), "0.2 = 1/5");
    // of the deals 1 and 2 alone are there on 12 March
    let early = ["--as-of", "2026-03-12", both[0], both[1], both[2]];
    assert_eq!(ask(&early)[..3], ["10", "6", "2"]);
    // a funnel without opportunities has the leads' own word
    let value = |kpi| explained(folder.path(), kpi, &["--config", "own.toml"]);
    assert_eq!(["leads", "sqls", "won", "lost"].map(value), ["10", "6", "1", "3"]);
    // alone a lost deal does not tell how far it came, and a new one is a lead
    let rows = tidy(folder.path(), &["conversion", "--crm", "deals.csv"]);
    assert_eq!(shown(&rows, "conversion", "", "lead_to_won"), "0.2 = 1/5");
}
