//! Deals and their leads: several deals of one lead, deals that are numbered apart from the leads, and status words that say
//! one thing of a lead and another of a deal. Every figure is worked out in the comment above it.

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;

use crate::oracle::company::millionths;
use crate::support::{run, shown, stderr, stdout, tidy};

/// Writes files into a folder of their own.
pub fn company(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file in a temporary folder");
    }
    folder
}

/// The totals of KPIs in the table `segments`.
fn totals<const COUNT: usize>(folder: &Path, arguments: &[&str], kpis: [&str; COUNT]) -> [String; COUNT] {
    let all: Vec<&str> = ["segments"].iter().chain(arguments).copied().collect();
    let rows = tidy(folder, &all);
    kpis.map(|kpi| shown(&rows, "segments", "", kpi).split(' ').next().unwrap_or_default().to_string())
}

/// The value of a KPI, which no table need have.
pub fn explained(folder: &Path, kpi: &str, arguments: &[&str]) -> String {
    let all: Vec<&str> = ["explain", kpi, "-q"].iter().chain(arguments).copied().collect();
    let text = stdout(folder, &all);
    let line = text.lines().find_map(|line| line.trim().strip_prefix("value"));
    line.map_or_else(|| text.clone(), |value| value.trim().to_string())
}

/// How the program refuses, in the words of its two lines.
pub fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments, None);
    assert_eq!(output.status.code(), Some(1), "{arguments:?} is not refused");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub const CONTACTS: &str = "\
Record ID,Contact owner,Lifecycle Stage,Create Date,Original Source
1,Ann,Lead,2026-01-01,Paid Search
2,Ann,Lead,2026-01-02,Paid Search
3,Bob,Lead,2026-01-03,Organic Search
4,Bob,Lead,2026-01-04,Organic Search
";

pub const DEALS: &str = "\
Record ID,Deal Name,Deal Stage,Close Date,Deal owner,Amount,Pipeline,Create Date,Associated Contact IDs,Closed Lost Reason
91,a,Closed Lost,2026-01-20,Ann,10000,Sales,2026-01-10,1,Price
92,b,Closed Won,2026-03-05,Ann,4000,Sales,2026-02-01,1,
93,c,Closed Won,2026-02-15,Bob,2500.5,Sales,2026-01-12,1,
94,d,Contract Sent,2026-09-01,Eve,9000,Sales,2026-03-01,1,
95,e,Closed Lost,2026-02-02,Ann,700,Sales,2026-01-15,2,Price
96,f,Contract Sent,2026-08-01,Ann,800,Sales,2026-02-10,2,
97,g,Presentation Scheduled,2026-07-01,Bob,50,Sales,2026-02-11,2,
98,h,Closed Lost,2026-03-20,Bob,300,Sales,2026-01-16,3,Rival
99,i,Closed Lost,2026-02-20,Ann,5000,Sales,2026-01-17,3,Price
";

#[test]
fn what_is_won_counts_else_what_is_open_else_what_was_lost_last() {
    let folder = company(&[("contacts.csv", CONTACTS), ("deals.csv", DEALS)]);
    let crm = ["--crm", "contacts.csv", "deals.csv"];
    // contact 1: won 4000 + 2500.50, whatever was lost or is open beside it; contact 2 is open, contact 3 lost, contact 4
    // has no deal and is open
    assert_eq!(totals(folder.path(), &crm, ["leads", "won", "revenue"]), ["4", "1", "6500.5"]);
    let value = |kpi| explained(folder.path(), kpi, &crm);
    assert_eq!(["won", "lost", "open"].map(value), ["1", "1", "2"]);
    // the same where the deals are read first
    std::fs::copy(folder.path().join("deals.csv"), folder.path().join("a.csv")).expect("a file");
    let crm_behind = ["--crm", "a.csv", "contacts.csv"];
    assert_eq!(totals(folder.path(), &crm_behind, ["leads", "won", "revenue"]), ["4", "1", "6500.5"]);
    // the larger won deal is Ann's, the last deal that was lost is Bob's, both open ones have come as far: the larger is Ann's
    let rows = tidy(folder.path(), &["segments", "--by", "owner", "--crm", "contacts.csv", "deals.csv"]);
    assert_eq!(shown(&rows, "segments", "owner=Ann", "leads"), "2");
    assert_eq!(shown(&rows, "segments", "owner=Bob", "leads"), "2");
    let lost = |reason: &str| {
        let filter = format!("lost_reason={reason}");
        explained(folder.path(), "lost", &["--where", &filter, "--crm", "contacts.csv", "deals.csv"])
    };
    assert_eq!(["Rival", "Price"].map(lost), ["1", "0"]);
    let said = stderr(folder.path(), &["report", "segments", "--format", "csv", crm[0], crm[1], crm[2]]);
    assert!(said.contains("further deals of a lead") && said.contains(": 6 (deals.csv:3"), "{said}");
}

#[test]
fn the_audit_counts_further_deals_and_deals_without_a_lead() {
    let alone = DEALS.replace(",2026-03-01,1,", ",2026-03-01,,");
    let folder = company(&[("contacts.csv", CONTACTS), ("deals.csv", &alone)]);
    let text =
        stdout(folder.path(), &["check", "--format", "csv", "-q", "--crm", "contacts.csv", "deals.csv"]);
    let count = |key: &str| {
        let row = crate::support::parse(&text).into_iter().find(|row| row["key"] == key);
        row.map(|row| row["count"].clone()).unwrap_or_default()
    };
    // of nine deals 94 has no contact; contacts 1, 2 and 3 have three, three and two: 2 + 2 + 1 further ones
    assert_eq!(["further_deals", "deals_without_lead"].map(count), ["5", "1"]);
}

#[test]
fn several_deals_have_the_dates_of_the_first_win_and_of_the_last_loss() {
    let folder = company(&[("contacts.csv", CONTACTS), ("deals.csv", DEALS)]);
    let ask = |kpi: &str, month: &str| {
        let more = ["--basis", "event", "--month", month, "--crm", "contacts.csv", "deals.csv"];
        explained(folder.path(), kpi, &more)
    };
    // the first win of contact 1 is of 15 February; the last loss of contact 3 of 20 March; the day of the report is the
    // last closing of a closed deal, 20 March
    assert_eq!(["2026-02", "2026-03"].map(|month| ask("won", month)), ["1", "0"]);
    assert_eq!(["2026-02", "2026-03"].map(|month| ask("lost", month)), ["0", "1"]);
    // opportunities: contact 1 on 10 January by the deal it lost, contact 2 on 15 January, contact 3 on 16 January
    assert_eq!(["2026-01", "2026-02"].map(|month| ask("opportunities", month)), ["3", "0"]);
}

#[test]
fn several_deals_are_looked_at_as_they_were_on_the_day_of_the_report() {
    let folder = company(&[("contacts.csv", CONTACTS), ("deals.csv", DEALS)]);
    let ask = |kpi: &str, day: &str| {
        explained(folder.path(), kpi, &["--as-of", day, "--crm", "contacts.csv", "deals.csv"])
    };
    // on 20 February deal 92 is not yet won: 2500.50; on 31 January nothing is, and deal 93 is open; contact 3 is lost
    // when its last deal is, on 20 March
    assert_eq!(["2026-02-20", "2026-01-31"].map(|day| ask("revenue", day)), ["2,500.50", "0.00"]);
    assert_eq!(["2026-03-19", "2026-03-20"].map(|day| ask("lost", day)), ["0", "1"]);
}

/// Deals under names of one's own: the furthest open deal tells the stage, all open ones are added.
const OWN: &str = "\
[[crm]]
files = [\"deals.csv\"]
duplicates = \"deals\"
[crm.columns]
lead_id = \"Client\"
lead_at = \"Day\"
stage = \"Phase\"
amount = \"Sum\"
product = \"Thing\"
[crm.stages]
\"Talk\" = \"sql\"
\"Offer\" = \"opportunity\"
\"Sold\" = \"won\"
\"Gone\" = \"lost\"
";

#[test]
fn the_furthest_open_deal_tells_the_stage() {
    let folder = company(&[
        ("funnel.toml", OWN),
        (
            "deals.csv",
            "Client,Day,Phase,Sum,Thing\nA,2026-01-05,Talk,900,x\nA,2026-01-03,Offer,100,y\nA,2026-01-01,Gone,5000,z\nB,2026-01-02,Talk,10,x\n",
        ),
    ]);
    let reached = |kpi| explained(folder.path(), kpi, &[]);
    assert_eq!(["leads", "sqls", "opportunities", "lost"].map(reached), ["2", "2", "1", "0"]);
    let of_y = |kpi| explained(folder.path(), kpi, &["--where", "product=y"]);
    assert_eq!(["leads", "opportunities"].map(of_y), ["1", "1"]);
}

#[test]
fn amounts_of_several_deals_in_two_currencies_are_refused() {
    let deals = DEALS.replace("Pipeline,", "Currency,").replace(",Sales,", ",EUR,");
    let deals = deals.replace("10000,EUR", "10000,USD");
    let folder = company(&[("deals.csv", &deals)]);
    let said = refusal(folder.path(), &["report", "segments", "--crm", "deals.csv"]);
    assert!(
        said.contains("deals.csv:3: column `currency`: `EUR`, but another part of the lead is in `USD`"),
        "{said}"
    );
    assert!(said.contains("hint: the parts of a deal and the deals of a lead are added"), "{said}");
}

#[test]
fn the_same_deal_twice_is_no_further_deal() {
    let repeated = format!("{DEALS}91,a,Closed Lost,2026-01-20,Ann,10000,Sales,2026-01-10,1,Price\n");
    let folder = company(&[("deals.csv", &repeated), ("one.csv", DEALS), ("two.csv", DEALS)]);
    let said = refusal(folder.path(), &["report", "segments", "--crm", "deals.csv"]);
    assert!(said.contains("deals.csv:11: column `opportunity_id`: `91` is in line 2 already"), "{said}");
    // two exports that overlap: each deal counts once
    let crm = ["--crm", "one.csv", "two.csv"];
    assert_eq!(totals(folder.path(), &crm, ["leads", "won", "revenue"]), ["3", "1", "6500.5"]);
}

/// The rows of a check in the audit of some files.
fn audited(folder: &Path, arguments: &[&str], key: &str) -> Vec<crate::support::Row> {
    let all: Vec<&str> = ["check", "--format", "csv", "-q"].iter().chain(arguments).copied().collect();
    let rows = crate::support::parse(&stdout(folder, &all));
    rows.into_iter().filter(|row| row["key"] == key).collect()
}

#[test]
fn the_audit_goes_on_where_a_deal_stands_twice_in_its_file() {
    let repeated = format!("{DEALS}91,a,Closed Lost,2026-01-20,Eve,10000,Sales,2026-01-10,1,Price\n");
    let folder = company(&[("deals.csv", &repeated)]);
    let crm = ["--crm", "deals.csv"];
    let counts = |key: &str| -> Vec<[String; 3]> {
        let rows = audited(folder.path(), &crm, key);
        rows.iter().map(|row| ["subject", "count", "examples"].map(|name| row[name].clone())).collect()
    };
    // the second row of deal 91 has another owner; the other deals are those of three leads
    assert_eq!(counts("refused_ids"), [["(total)", "1", "deals.csv:11"]]);
    let refused = counts("refused_values");
    assert_eq!(refused, [["(total)", "1", "deals.csv:11"], ["owner", "1", "deals.csv:11"]]);
    assert_eq!(counts("further_deals")[0][1], "6");
    assert_eq!(counts("duplicate_leads")[0][1], "0");
    // that its block says so is an error in both
    let own = "[[crm]]\nfiles = [\"deals.csv\"]\nduplicates = \"error\"\n";
    std::fs::write(folder.path().join("own.toml"), own).expect("a file");
    let said = refusal(folder.path(), &["check", "--config", "own.toml"]);
    assert!(said.contains("deals.csv:11: column `opportunity_id`: `91` is in line 2 already"), "{said}");
}

/// `init` leaves the deals of a lead apart where one of them stands twice, and says what a report says.
#[test]
fn init_makes_no_one_deal_of_several() {
    let repeated = format!("{DEALS}91,a,Closed Lost,2026-01-20,Ann,10000,Sales,2026-01-10,1,Price\n");
    let folder = company(&[("deals.csv", &repeated)]);
    let said = stdout(folder.path(), &["init", "deals.csv"]);
    assert!(said.contains("deals.csv:11: column `opportunity_id`: `91` is in line 2 already"), "{said}");
    let written = std::fs::read_to_string(folder.path().join("funnel.toml")).expect("a configuration");
    assert!(!written.contains("duplicates"), "{written}");
}

/// `Talk` is an SQL in one file and an opportunity in the other, and `Gone` is lost: lead A has two statuses, lead B two
/// words and two statuses.
#[test]
fn a_lead_with_two_statuses_is_told_once() {
    let block = |file: &str, talk: &str| {
        format!(
            "[[crm]]\nfiles = [\"{file}\"]\n[crm.columns]\nlead_id = \"Client\"\nlead_at = \"Day\"\nstage = \"Phase\"\n\
             [crm.stages]\n\"Talk\" = \"{talk}\"\n\"Gone\" = \"lost\"\n"
        )
    };
    let folder = company(&[
        ("funnel.toml", &(block("one.csv", "sql") + &block("two.csv", "opportunity"))),
        ("one.csv", "Client,Day,Phase\nA,2026-01-05,Talk\nB,2026-01-03,Talk\n"),
        ("two.csv", "Client,Day,Phase\nA,2026-01-05,Talk\nB,2026-01-03,Gone\n"),
    ]);
    let said = refusal(folder.path(), &["report"]);
    assert!(said.contains("column `stage`: lead `B` has `Gone`, but `Talk` in one.csv:3"), "{said}");
    let found: Vec<[String; 3]> = audited(folder.path(), &[], "refused_values")
        .iter()
        .map(|row| ["subject", "count", "examples"].map(|name| row[name].clone()))
        .collect();
    let places = "two.csv:2; two.csv:3";
    assert_eq!(found, [["(total)", "2", places], ["stage", "2", places]]);
}

const BITRIX_LEADS: &str = "\
ID;Lead Name;Status;Source;Responsible;Created
17;a;In Progress;Website;Ann;01.02.2026 09:00:00
18;b;Good Lead;Call;Ann;02.02.2026 09:00:00
";

const BITRIX_DEALS: &str = "\
ID;Deal Name;Stage;Income;Responsible;Created;Product
17;c;In progress;100.00;Bob;05.02.2026 09:00:00;x
30;d;Deal won;250.00;Bob;06.02.2026 09:00:00;x
30;d;Deal won;50.00;Bob;06.02.2026 09:00:00;y
";

#[test]
fn leads_and_deals_that_number_apart_do_not_meet_by_chance() {
    let folder = company(&[("leads.csv", BITRIX_LEADS), ("deals.csv", BITRIX_DEALS)]);
    let crm = ["--crm", "leads.csv", "deals.csv"];
    // leads 17 and 18, deals 17 and 30; deal 30 is 250 + 50
    assert_eq!(totals(folder.path(), &crm, ["leads", "won", "revenue"]), ["4", "1", "300"]);
    let said = stderr(folder.path(), &["report", "segments", "--format", "csv", crm[0], crm[1], crm[2]]);
    assert!(
        said.contains("deals of an export that does not name the leads")
            && said.contains("export `ID лида` or `Lead ID` with the deals: 2 (deals.csv:2"),
        "{said}"
    );
    let rows = stdout(folder.path(), &["explain", "won", "--rows", "-q", crm[0], crm[1], crm[2]]);
    assert!(rows.contains("deal 30"), "{rows}");
    // alone a deal keeps its number
    let rows = stdout(folder.path(), &["explain", "won", "--rows", "-q", "--crm", "deals.csv"]);
    assert!(rows.contains("30") && !rows.contains("deal 30"), "{rows}");
}

#[test]
fn a_file_of_deal_ids_adds_its_columns_to_the_deals() {
    let regions = "Deal ID,Region\n17,North\n30,South\n";
    let folder =
        company(&[("leads.csv", BITRIX_LEADS), ("deals.csv", BITRIX_DEALS), ("regions.csv", regions)]);
    let crm = ["--crm", "leads.csv", "deals.csv", "regions.csv"];
    // leads 17 and 18, deals 17 and 30; deal 17, not lead 17, is of the north: as an opportunity it tells which
    assert_eq!(totals(folder.path(), &crm, ["leads", "won", "revenue"]), ["4", "1", "300"]);
    let of = |region, kpi| {
        let filter = format!("region={region}");
        explained(folder.path(), kpi, &["--where", &filter, crm[0], crm[1], crm[2], crm[3]])
    };
    assert_eq!(["leads", "opportunities", "won"].map(|kpi| of("North", kpi)), ["1", "1", "0"]);
    assert_eq!(["leads", "opportunities", "won"].map(|kpi| of("South", kpi)), ["1", "1", "1"]);
}

#[test]
fn a_column_of_the_lead_joins_deals_of_several_rows() {
    let deals = BITRIX_DEALS.replace("Product\n", "Product;ID лида\n").replace(";x\n", ";x;18\n");
    let deals = deals.replace(";y\n", ";y;18\n");
    let folder = company(&[("leads.csv", BITRIX_LEADS), ("deals.csv", &deals)]);
    let crm = ["--crm", "leads.csv", "deals.csv"];
    // lead 18 has both deals: deal 30 is won for 250 + 50, deal 17 is open
    assert_eq!(totals(folder.path(), &crm, ["leads", "won", "revenue"]), ["2", "1", "300"]);
    assert_eq!(explained(folder.path(), "open", &crm), "1");
}

#[test]
fn a_status_word_is_that_of_its_export() {
    let folder = company(&[("leads.csv", BITRIX_LEADS), ("deals.csv", BITRIX_DEALS)]);
    // `In progress`: of lead 17 a lead, of deal 17 an opportunity; deal 30 is won; `Good Lead` is an SQL
    let crm = ["--crm", "leads.csv", "deals.csv"];
    let value = |kpi| explained(folder.path(), kpi, &crm);
    assert_eq!(["leads", "sqls", "opportunities", "won"].map(value), ["4", "3", "2", "1"]);
}

#[test]
fn a_status_word_of_a_block_is_that_of_its_files() {
    let block = |file: &str, stage: &str| {
        format!("[[crm]]\nfiles = [\"{file}\"]\n[crm.stages]\n\"Ready\" = \"{stage}\"\n")
    };
    let folder = company(&[
        ("funnel.toml", &(block("a.csv", "mql") + &block("b.csv", "opportunity"))),
        ("a.csv", "lead_id,stage\n1,Ready\n2,Ready\n"),
        ("b.csv", "lead_id,stage,region\n3,Ready,N\n4,won,N\n"),
    ]);
    let value = |kpi| explained(folder.path(), kpi, &[]);
    assert_eq!(["leads", "mqls", "opportunities", "won"].map(value), ["4", "4", "2", "1"]);
    // a word that only one of them has, and nobody knows, is asked for in its file alone
    std::fs::write(folder.path().join("a.csv"), "lead_id,stage\n1,Ready\n2,Unheard\n").expect("a file");
    let said = refusal(folder.path(), &["report", "segments"]);
    assert!(said.contains("a.csv: column `stage`: no stage is named for 1 word: `Unheard`"), "{said}");
    assert!(!said.contains("error: a.csv, b.csv"), "{said}");
}

/// Deals of few leads with few different cells, so that much of them is alike.
fn some_deals() -> impl Strategy<Value = Vec<[String; 5]>> {
    let pick = |words: &'static [&'static str]| proptest::sample::select(words.to_vec());
    let deal = (
        pick(&["A", "B"]),
        pick(&["2026-01-05", "2026-01-09", "2026-02-01", ""]),
        pick(&["Talk", "Offer", "Sold", "Gone", ""]),
        pick(&["100", "100.01", "7", ""]),
        pick(&["x", "y", ""]),
    );
    let cells =
        deal.prop_map(|(one, two, three, four, five)| [one, two, three, four, five].map(String::from));
    proptest::collection::vec(cells, 2..8)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(30) })]

    /// Whatever stands beside it, what is won counts; a lead is lost if all its deals are.
    #[test]
    fn what_several_deals_come_to_is_that_of_a_plain_count(mut deals in some_deals()) {
        // so that the words and a dimension are known whatever else is there
        deals.extend([["C", "2026-01-01", "Sold", "1", "x"], ["D", "2026-01-01", "Gone", "1", ""]].map(|row| row.map(String::from)));
        let lines: Vec<String> = deals.iter().map(|row| row.join(",")).collect();
        let text = format!("Client,Day,Phase,Sum,Thing\n{}\n", lines.join("\n"));
        let folder = company(&[("funnel.toml", OWN), ("deals.csv", &text)]);
        let clients: BTreeSet<&String> = deals.iter().map(|row| &row[0]).collect();
        let phases = |client: &String| deals.iter().filter(|row| &row[0] == client).map(|row| row[2].clone()).collect::<Vec<_>>();
        let count = |holds: &dyn Fn(&[String]) -> bool| clients.iter().filter(|client| holds(&phases(client))).count().to_string();
        let is_sold = |phases: &[String]| phases.iter().any(|phase| phase == "Sold");
        let is_lost = |phases: &[String]| phases.iter().all(|phase| phase == "Gone");
        let value = |kpi| explained(folder.path(), kpi, &[]);
        prop_assert_eq!(value("won"), count(&is_sold));
        prop_assert_eq!(value("lost"), count(&is_lost));
        prop_assert_eq!(value("open"), count(&|phases| !is_sold(phases) && !is_lost(phases)));
        let sold = deals.iter().filter(|row| row[2] == "Sold").filter_map(|row| millionths(&row[3])).sum::<i128>();
        let [revenue] = totals(folder.path(), &[], ["revenue"]);
        prop_assert_eq!(millionths(&revenue), Some(sold));
    }

    #[test]
    fn the_order_of_deals_changes_nothing(deals in some_deals(), keys in proptest::collection::vec(any::<u32>(), 8)) {
        let text = |rows: &[&[String; 5]]| {
            let lines: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
            format!("Client,Day,Phase,Sum,Thing\n{}\n", lines.join("\n"))
        };
        let as_is: Vec<&[String; 5]> = deals.iter().collect();
        let mut order: Vec<usize> = (0..deals.len()).collect();
        order.sort_by_key(|row| keys[*row]);
        let shuffled: Vec<&[String; 5]> = order.iter().map(|row| &deals[*row]).collect();
        let reports = [as_is, shuffled].map(|rows| {
            let folder = company(&[("funnel.toml", OWN), ("deals.csv", &text(&rows))]);
            let arguments = ["report", "segments", "conversion", "--by", "product", "--as-of", "2026-01-20", "--format", "csv", "-q"];
            let output = run(folder.path(), &arguments, None);
            (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
        });
        prop_assert_eq!(&reports[0], &reports[1]);
    }
}
