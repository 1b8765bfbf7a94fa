//! What auditors found wrong with the text of an issue in hand: each a small company whose figures are plain to see.

use std::path::Path;

use tempfile::TempDir;

use crate::page::tiles;
use crate::support::{parse, project, run, shown, stdout};

/// A folder with files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn value(folder: &Path, arguments: &[&str], (table, place, kpi): (&str, &str, &str)) -> String {
    let more = ["--format", "csv", "--quiet"];
    shown(&parse(&stdout(folder, &[arguments, &more].concat())), table, place, kpi)
}

/// One month of a KPI may be empty in one table and known in another that counts something else.
#[test]
fn a_tile_and_a_trend_are_of_one_table() {
    let folder = project().join("examples/saas");
    // a missed target is no failure here
    let printed = |format: &str| {
        let output = run(&folder, &["report", "--every", "month", "--quiet", "--format", format], None);
        String::from_utf8(output.stdout).unwrap()
    };
    let page = printed("html");
    let report: serde_json::Value = serde_json::from_str(&printed("json")).unwrap();
    let (_, cac) = tiles(&page).into_iter().find(|(kpi, _)| kpi == "cac_media").expect("CAC is at the top");
    let rows: Vec<&serde_json::Value> = report["rows"].as_array().unwrap().iter().collect();
    let mut of_cost = rows.iter().filter(|row| row["table"] == "cost" && row["kpi"] == "cac_media");
    // the last month that is over (that of the day of the data, June, is not) and in which anything was spent
    let is_told =
        |row: &serde_json::Value| row["value"].is_number() && row["numerator"].as_f64() != Some(0.0);
    let last = of_cost.rfind(|row| is_told(row) && row["period"] != "2026-06");
    assert_eq!(cac, last.and_then(|row| row["value"].as_f64()));
    let mixed = rows.iter().filter(|row| row["table"] == "segments" && row["period"] == "2025-01");
    let mixed: Vec<f64> =
        mixed.filter(|row| row["kpi"] == "cac_media").filter_map(|row| row["value"].as_f64()).collect();
    assert!(mixed.contains(&962.25), "the month that cost lacks is known by segment: {mixed:?}");
    assert!(!page.contains("2025-01: 962.25"), "the trend has a point of another table");
}

/// Leads 1, 3 and 5 have a deal, so each of them was an opportunity; lead 4 was won without one.
#[test]
fn a_deal_makes_an_opportunity_whatever_the_stage_is_called() {
    let leads = "Lead ID,Created,Status\n1,2026-01-01,A\n2,2026-01-01,C\n3,2026-01-02,Lost\n4,2026-01-03,Z\n5,2026-01-03,B\n";
    let deals = "Lead ID,Deal ID,Amount,Deal stage,Closed\n1,77,100,A,\n3,78,50,Lost,2026-01-10\n5,79,70,Z,2026-01-12\n";
    let settings = |stages: [&str; 5], roles: &str| {
        let [first, mql, sql, opportunity, won] = stages;
        format!(
            "stages = [\"{first}\", \"{mql}\", \"{sql}\", \"{opportunity}\", \"{won}\"]\n{roles}[[crm]]\nfiles = [\"leads.csv\"]\n\
             [crm.columns]\nlead_id = \"Lead ID\"\n{first}_at = \"Created\"\nstage = \"Status\"\n[crm.stages]\n\
             A = \"{first}\"\nB = \"{mql}\"\nC = \"{sql}\"\nZ = \"{won}\"\n\
             [[crm]]\nfiles = [\"deals.csv\"]\nduplicates = \"deals\"\n[crm.columns]\nlead_id = \"Lead ID\"\nopportunity_id = \"Deal ID\"\n\
             amount = \"Amount\"\nstage = \"Deal stage\"\nclosed_at = \"Closed\"\n[crm.stages]\nA = \"{first}\"\nZ = \"{won}\"\n"
        )
    };
    let usual = settings(["lead", "mql", "sql", "opportunity", "won"], "");
    let own = settings(
        ["enquiry", "fit", "demo", "offer", "signed"],
        "[roles]\nqualified = \"fit\"\nopportunity = \"offer\"\n",
    );
    let usual = folder(&[("leads.csv", leads), ("deals.csv", deals), ("funnel.toml", &usual)]);
    let own = folder(&[("leads.csv", leads), ("deals.csv", deals), ("funnel.toml", &own)]);
    let report = ["report", "conversion"];
    for (usual_kpi, own_kpi, count) in
        [("leads", "enquirys", "5"), ("opportunities", "offers", "4"), ("wins", "signeds", "2")]
    {
        assert_eq!(value(usual.path(), &report, ("conversion", "", usual_kpi)), count, "{usual_kpi}");
        assert_eq!(value(own.path(), &report, ("conversion", "", own_kpi)), count, "{own_kpi}");
    }
}

/// Four leads of January, two won within 20 days, two lost: nobody waits, so half of them is what there will ever be.
#[test]
fn a_cohort_that_is_decided_is_known_at_every_age() {
    let leads = "lead_id,lead_at,won_at,lost_at\n1,2025-01-01,2025-01-11,\n2,2025-01-01,,2025-02-01\n3,2025-01-01,,2025-02-01\n\
                 4,2025-01-01,2025-01-21,\n5,2025-10-01,2025-10-03,\n6,2025-10-01,,\n7,2025-10-02,,2025-10-30\n8,2025-12-31,,\n";
    let company = folder(&[
        ("leads.csv", leads),
        ("funnel.toml", "stages = [\"lead\", \"won\"]\n[[crm]]\nfiles = [\"leads.csv\"]\n"),
    ]);
    for (age, at_risk) in [("60", "2"), ("90", "2"), ("365", "2")] {
        let place = format!("age_days={age}");
        let report = ["report", "maturity", "--quarter", "2025-Q1"];
        assert_eq!(
            value(company.path(), &report, ("maturity", &place, "lead_to_won_by_age")),
            "0.5 = /4",
            "{age}"
        );
        assert_eq!(
            value(company.path(), &report, ("maturity", &place, "lead_to_won_at_risk")),
            at_risk,
            "{age}"
        );
    }
}

#[test]
fn money_given_back_begins_no_customer() {
    let payments = "payment_id,customer_id,paid_at,amount\n1,A,2025-01-05,-50\n2,A,2025-03-10,100\n3,B,2025-01-05,80\n4,B,2025-02-05,80\n";
    let company = folder(&[("payments.csv", payments)]);
    let report = ["report", "value", "--payments", "payments.csv", "--by", "cohort_month"];
    for (month, customers) in [("2025-01", "1"), ("2025-03", "1")] {
        let place = format!("cohort_month={month}");
        assert_eq!(
            value(company.path(), &report, ("value", &place, "customers_begun")),
            customers,
            "{month}"
        );
    }
}

#[test]
fn a_currency_beside_no_amount_is_that_of_nothing() {
    let leads =
        "lead_id,lead_at,won_at,amount,currency\n1,2026-01-01,2026-01-05,100,EUR\n2,2026-01-02,,,USD\n";
    let company = folder(&[("leads.csv", leads)]);
    assert_eq!(
        value(
            company.path(),
            &["report", "owners", "--crm", "leads.csv", "--by", "currency"],
            ("owners", "", "revenue")
        ),
        "100"
    );
}

#[test]
fn closed_won_is_the_last_stage_whatever_it_is_called() {
    let leads = "lead_id,created,stage\n1,2026-01-01,Closed Won\n2,2026-01-01,won\n3,2026-01-02,ask\n";
    let settings = "stages = [\"ask\", \"signed\"]\n[[crm]]\nfiles = [\"leads.csv\"]\n[crm.columns]\nlead_id = \"lead_id\"\nask_at = \"created\"\nstage = \"stage\"\n";
    let company = folder(&[("leads.csv", leads), ("funnel.toml", settings)]);
    assert_eq!(
        value(company.path(), &["report", "conversion"], ("conversion", "", "ask_to_signed")),
        "0.666667 = 2/3"
    );
}

#[test]
fn a_share_of_millions_is_not_0_for_programs() {
    let leads = "lead_id,lead_at,won_at,channel\n1,2026-01-01,2026-01-02,ads\n2,2026-01-01,,ads\n";
    let spend = "date,channel,impressions,clicks,cost\n2026-01-01,ads,5000000,300,10\n";
    let company = folder(&[("leads.csv", leads), ("spend.csv", spend)]);
    let report = ["report", "funnel", "--crm", "leads.csv", "--spend", "spend.csv"];
    assert_eq!(value(company.path(), &report, ("funnel", "", "impression_to_won")), "0.0000002 = 1/5000000");
}

/// Costs of `[costs]` have no channel: a column of zeros would give a number where there is none.
#[test]
fn rows_have_no_cells_of_what_a_filter_makes_unknown() {
    let folder = project().join("examples/saas");
    let output = run(&folder, &["explain", "cac_blended", "--where", "channel=search", "--rows"], None);
    let (rows, notes) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let rows = parse(&rows);
    assert!(!rows.is_empty() && rows.iter().all(|row| row["acquisition_costs"].is_empty()));
    assert!(notes.contains("note: column acquisition_costs: unknown under this filter"), "{notes}");
}

#[test]
fn a_month_outside_the_data_says_so_in_the_report() {
    let folder = project().join("examples/saas");
    for format in ["html", "markdown", "table"] {
        let text = stdout(&folder, &["report", "churn", "--month", "2027-01", "--format", format, "--quiet"]);
        assert!(text.replace('\n', " ").contains("2027-01 lies outside the data"), "{format}");
    }
}

/// What is worked out has all its words, used or not: another one is a slip, and must not look like a target that is met.
#[test]
fn a_target_for_a_slip_of_a_derived_value_is_refused() {
    let folder = project().join("examples/saas");
    let settings = std::fs::read_to_string(folder.join("funnel.toml")).unwrap();
    for (place, near) in [
        ("profile=fit", "fits"),
        ("complained=had complaint", "had a complaint"),
        ("current_stage=leed", "lead"),
    ] {
        let target = format!("\n[[targets.customers_left]]\nwhere = \"{place}\"\nmax = 100\n");
        let copy = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(&folder).unwrap() {
            let path = file.unwrap().path();
            std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
        }
        std::fs::write(copy.path().join("funnel.toml"), format!("{settings}{target}")).unwrap();
        let output = run(copy.path(), &["report", "plan", "--quiet"], None);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{place}: {told}");
        assert!(told.contains(&format!("did you mean `{near}`")), "{place}: {told}");
    }
}

/// A customer cost 100 and has brought 10 in each of three months: at age 2, which he has reached, 30 are back.
#[test]
fn a_payback_that_is_already_later_than_its_target_is_missed() {
    let leads = "lead_id,customer_id,lead_at,won_at,channel\n1,A,2026-01-02,2026-01-10,ads\n";
    let spend = "date,channel,cost\n2026-01-05,ads,100\n";
    let payments =
        "payment_id,customer_id,paid_at,amount\n1,A,2026-01-10,10\n2,A,2026-02-10,10\n3,A,2026-03-31,10\n";
    let inputs = "stages = [\"lead\", \"won\"]\n[[crm]]\nfiles = [\"leads.csv\"]\n[[spend]]\nfiles = [\"spend.csv\"]\n\
                  [[payments]]\nfiles = [\"payments.csv\"]\n[targets]\n";
    for (limit, code, status) in [(1, 3, "missed"), (2, 3, "missed"), (12, 0, "not judged")] {
        let settings = format!("{inputs}payback_months = {{ max = {limit} }}\n");
        let company = folder(&[
            ("leads.csv", leads),
            ("spend.csv", spend),
            ("payments.csv", payments),
            ("funnel.toml", &settings),
        ]);
        let output = run(company.path(), &["report", "plan"], None);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "max {limit}: {text}");
        assert!(text.contains(status) && text.contains("30 % by month "), "max {limit}: {text}");
    }
}

/// One of 30,000 was not won: 99.99666… %.
#[test]
fn nearly_all_is_not_all() {
    let won = "1,2026-01-01,2026-01-02\n";
    let mut leads = "lead_id,lead_at,won_at\n0,2026-01-01,\n".to_string();
    for lead in 1..30_000 {
        leads += &won.replacen('1', &lead.to_string(), 1);
    }
    let company = folder(&[("leads.csv", &leads)]);
    let text = stdout(company.path(), &["report", "conversion", "--crm", "leads.csv", "--quiet"]);
    assert!(text.contains(" 99.9967 ") && !text.contains(" 100.00 "), "{text}");
}

#[test]
fn curves_by_age_are_headed_as_what_they_count() {
    let folder = project().join("examples/saas");
    let text =
        stdout(&folder, &["report", "maturity", "--basis", "event", "--quarter", "2025-Q3", "--quiet"]);
    assert!(
        text.contains("cohort basis: leads created in 2025-Q3") && !text.contains("event basis"),
        "{text}"
    );
}
