//! What a target or a plan is about that is not there: a word that no row has is a mistake, and a channel that did nothing
//! in a month has met no maximum.

use std::path::Path;

use crate::deals::company;
use crate::support::{Row, run, tidy};

/// Ads and fair in January, ads alone in February; the fair has spend in January only.
const LEADS: &str = "lead_id,lead_at,won_at,channel,owner\nA,2026-01-05,2026-01-20,ads,Anna\nB,2026-01-06,,fair,Boris\n\
                     C,2026-02-03,2026-02-20,ads,Anna\nD,2026-02-28,,ads,Boris\n";
const SPEND: &str = "date,channel,cost\n2026-01-10,ads,50\n2026-01-11,fair,70\n2026-02-10,ads,60\n";
const INPUTS: &str =
    "stages = [\"lead\", \"won\"]\n[[crm]]\nfiles = [\"leads.csv\"]\n[[spend]]\nfiles = [\"spend.csv\"]\n";

fn with_targets(targets: &str) -> tempfile::TempDir {
    company(&[("leads.csv", LEADS), ("spend.csv", SPEND), ("funnel.toml", &format!("{INPUTS}{targets}"))])
}

/// Exit code, stdout and stderr.
fn told(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = run(folder, arguments, None);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Status of each period of a KPI in the table `plan`.
fn statuses(rows: &[Row], kpi: &str) -> Vec<(String, String)> {
    let of_kpi = rows.iter().filter(|row| row["table"] == "plan" && row["kpi"] == kpi);
    of_kpi.map(|row| (row["period"].clone(), row["target_status"].clone())).collect()
}

#[test]
fn a_target_for_a_word_that_no_row_has_is_an_error() {
    let folder = with_targets("[[targets.spend]]\nwhere = \"channel=fiar\"\nmax = 100\n");
    let (code, report, errors) = told(folder.path(), &["report", "--quiet"]);
    assert_eq!((code, report.as_str()), (Some(1), ""), "{errors}");
    assert_eq!(
        errors,
        "error: funnel.toml: `[targets]`: `spend`: no row has `fiar` as its `channel`\n\
         hint: did you mean `fair`? values: ads, fair\n"
    );
}

#[test]
fn a_maximum_of_what_was_not_there_is_not_met() {
    let target = "[[targets.spend]]\nwhere = \"channel=fair\"\nmax = 100\nevery = \"month\"\n";
    let folder = with_targets(target);
    // in January 70 of at most 100; in February there is no row of the fair at all
    let rows = tidy(folder.path(), &["plan"]);
    let expected = [("2026-01", "met"), ("2026-02", "not_judged")];
    assert_eq!(
        statuses(&rows, "spend"),
        expected.map(|(period, status)| (period.to_string(), status.to_string()))
    );
    let (code, _, errors) = told(folder.path(), &["report", "plan"]);
    assert_eq!(code, Some(0));
    assert!(errors.contains("note: not judged, without a row: spend, 2026-02, channel = fair\n"), "{errors}");
    // of Anna's ads there are leads in February and no lost ones: none of 5 is an achievement
    let folder = with_targets(
        "[[targets.lead_to_won_dropped]]\nwhere = \"channel=ads\"\nmax = 5\nevery = \"month\"\n",
    );
    let rows = tidy(folder.path(), &["plan"]);
    let met: Vec<String> =
        statuses(&rows, "lead_to_won_dropped").into_iter().map(|(_, status)| status).collect();
    assert_eq!(met, ["met", "met"]);
}

#[test]
fn a_minimum_of_what_was_not_there_is_missed() {
    let folder = with_targets("[[targets.won]]\nwhere = \"channel=fair\"\nmin = 1\nevery = \"month\"\n");
    let (code, _, errors) = told(folder.path(), &["report", "plan", "-q"]);
    assert_eq!(code, Some(3));
    assert_eq!(errors.lines().count(), 2, "missed in both months: {errors}");
}

#[test]
fn a_plan_stands_beside_a_configuration() {
    let folder = with_targets("");
    std::fs::create_dir(folder.path().join("plans")).unwrap();
    std::fs::write(
        folder.path().join("plans/march.csv"),
        "period,owner,kpi,value\n2026-02,Anna,won,1\n2026-02,,won,2\n",
    )
    .unwrap();
    // the paths of the command line are those of the folder that it runs in, not those of the configuration
    let config = format!("{INPUTS}[[plan]]\nfiles = [\"year.csv\"]\n")
        .replace("[\"", "[\"../")
        .replace("../lead\"", "lead\"");
    std::fs::write(folder.path().join("plans/deep.toml"), config).unwrap();
    std::fs::write(folder.path().join("year.csv"), "period,kpi,value\n2026-01,won,1\n").unwrap();
    let expected = |configured: &str| -> Vec<(String, String)> {
        let january = [("2026-01", "met")].into_iter().filter(|_| !configured.is_empty());
        let all = january.chain([("2026-02", "missed"), ("2026-02", "met")]);
        all.map(|(period, status)| (period.to_string(), status.to_string())).collect()
    };
    for (configured, year) in
        [(&[][..], ""), (&["--config", "funnel.toml"], ""), (&["--config", "plans/deep.toml"], "year")]
    {
        let arguments =
            [&["report", "plan", "-q", "--format", "csv", "--plan", "plans/march.csv"], configured].concat();
        let (code, report, errors) = told(folder.path(), &arguments);
        // one of two planned wins is missed
        assert_eq!(code, Some(3), "{errors}");
        assert_eq!(statuses(&crate::support::parse(&report), "won"), expected(year), "{configured:?}");
    }
}

#[test]
fn a_plan_for_a_word_that_no_row_has_is_an_error_once_its_period_has_begun() {
    let folder = with_targets("");
    let plan = |period: &str| {
        std::fs::write(
            folder.path().join("plan.csv"),
            format!("period,owner,kpi,value\n{period},Ana,won,1\n"),
        )
        .unwrap();
        told(folder.path(), &["report", "plan", "-q", "--plan", "plan.csv"])
    };
    let (code, _, errors) = plan("2026-02");
    assert_eq!(code, Some(1));
    assert!(
        errors.contains(
            "plan.csv:2: column `owner`: no row has `Ana` as its `owner`\nhint: did you mean `Anna`?"
        ),
        "{errors}"
    );
    // who begins in April has no lead in March
    let (_, _, errors) = plan("2026-04");
    assert!(!errors.contains("no row has"), "{errors}");
}
