//! What is little and not nothing: shares far below one in ten thousand, fields that hold a word for nothing, several
//! currencies without a rate, a first stage that no step leads to.

use std::fmt::Write as _;

use crate::deals::company;
use crate::support::{run, shown, stdout, tidy};

#[test]
fn a_share_of_impressions_shows_digits_that_say_something() {
    // 2 wins of 10,000,000 impressions: 0.00002 %; 120 clicks: 0.0012 %; the rest of the funnel is as ever
    let folder = company(&[
        (
            "leads.csv",
            "lead_id,lead_at,won_at\nA,2026-01-05,2026-01-20\nB,2026-01-06,2026-01-20\nC,2026-01-07,\n",
        ),
        ("spend.csv", "date,impressions,clicks,cost\n2026-01-01,10000000,120,10\n"),
    ]);
    let inputs = ["report", "funnel", "--crm", "leads.csv", "--spend", "spend.csv", "-q"];
    let text = stdout(folder.path(), &inputs);
    let line = |stage: &str| {
        text.lines().find(|line| line.starts_with(stage)).unwrap().split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(line("Clicks")[2], "0.0012");
    assert_eq!(line("Clicks").last(), Some(&"0.0012"));
    assert_eq!(line("Won")[1..3], ["2", "66.67"]);
    assert_eq!(line("Won")[4], "0.000020");
    // Wilson for 120 of 10,000,000, worked out apart: (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)
    let (n, p, z) = (1e7_f64, 120.0 / 1e7, 1.959_963_984_540_054_f64);
    let (centre, spread) = (p + z * z / (2.0 * n), z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt());
    let limit = |sign: f64| format!("{:.4}", (centre + sign * spread) / (1.0 + z * z / n) * 100.0);
    assert_eq!(line("Clicks")[3], format!("{}–{}", limit(-1.0), limit(1.0)));
    // what programs read stays as it was
    let rows = tidy(folder.path(), &inputs[1..6]);
    assert_eq!(shown(&rows, "funnel", "", "impression_to_click"), "0.000012 = 120/10000000");
    for format in ["markdown", "html"] {
        let text = stdout(folder.path(), &[&inputs[..], &["--format", format]].concat());
        assert!(text.contains("0.000020") && text.contains("0.0012"), "{format}");
    }
}

#[test]
fn no_share_at_all_stays_a_plain_zero() {
    let folder = company(&[
        ("leads.csv", "lead_id,lead_at,won_at\nA,2026-01-05,\nB,2026-01-06,\n"),
        ("spend.csv", "date,impressions,clicks,cost\n2026-01-01,10000000,0,10\n"),
    ]);
    let text =
        stdout(folder.path(), &["report", "funnel", "--crm", "leads.csv", "--spend", "spend.csv", "-q"]);
    let clicks = text.lines().find(|line| line.starts_with("Clicks")).unwrap();
    assert_eq!(clicks.split_whitespace().nth(2), Some("0.00"), "{clicks}");
}

#[test]
fn the_path_by_a_dimension_shows_its_first_stage() {
    let folder = company(&[(
        "leads.csv",
        "lead_id,lead_at,won_at,channel\nA,2026-01-05,2026-01-20,ads\nB,2026-01-06,,ads\nC,2026-02-07,,fair\n",
    )]);
    for format in ["table", "markdown"] {
        let text = stdout(
            folder.path(),
            &["report", "funnel", "--crm", "leads.csv", "-q", "--by", "channel", "--format", format],
        );
        let words = |line: &str| {
            line.split(['|', ' ']).filter(|word| !word.is_empty()).map(String::from).collect::<Vec<_>>()
        };
        let heading = text
            .lines()
            .map(words)
            .find(|words| words.first().is_some_and(|word| word == "Channel"))
            .unwrap();
        assert_eq!(heading[..3], ["Channel", "Leads", "Count"], "{text}");
        let row = |name: &str| {
            text.lines().map(words).find(|words| words.first().is_some_and(|word| word == name)).unwrap()
        };
        assert_eq!(
            (row("ads")[1..3].join(" "), row("fair")[1..3].join(" ")),
            ("2 1".to_string(), "1 0".to_string())
        );
    }
    let every = ["report", "funnel", "--crm", "leads.csv", "-q", "--by", "channel", "--every", "month"];
    let text = stdout(folder.path(), &every);
    let ads = text.lines().find(|line| line.starts_with("ads")).unwrap();
    assert_eq!(ads.split_whitespace().collect::<Vec<_>>(), ["ads", "Leads", "2", "0"]);
}

#[test]
fn words_for_nothing_fill_no_field_and_stay_values() {
    // of ten owners four are words for nothing; of the amounts one is missing, one is 0 and open, one is 0 and won
    let leads = "lead_id,lead_at,opportunity_at,won_at,owner,amount,channel\n\
        1,2026-01-01,2026-01-02,2026-01-03,Anna,100,ads\n2,2026-01-01,2026-01-02,2026-01-03,unknown,0,unknown\n\
        3,2026-01-01,2026-01-02,,Не указано,0,ads\n4,2026-01-01,2026-01-02,,не е посочено,,ads\n\
        5,2026-01-01,2026-01-02,,0,50,ads\n6,2026-01-01,2026-01-02,,Boris,70,ads\n";
    let folder = company(&[
        ("leads.csv", leads),
        (
            "funnel.toml",
            "[[crm]]\nfiles = [\"leads.csv\"]\n[required]\nlead = [\"owner\"]\nopportunity = [\"amount\"]\n",
        ),
    ]);
    let rows = tidy(folder.path(), &["owners", "--by", "channel"]);
    // owners: Anna and Boris of 6; amounts: 100, 50, 70, and the 0 that was won, of 6
    assert_eq!(shown(&rows, "owners", "", "crm_completeness"), "0.5 = 6/12");
    assert_eq!(shown(&rows, "owners", "channel=unknown", "crm_completeness"), "0.5 = 1/2");
    // the channel that is called so is a row of its own, and can be asked for
    let rows = tidy(folder.path(), &["segments", "--where", "channel=unknown"]);
    assert_eq!(shown(&rows, "segments", "", "won"), "1");
}

#[test]
fn amounts_in_several_currencies_are_told_with_their_rows() {
    let mut leads = "lead_id,lead_at,won_at,amount,currency\n".to_string();
    for (row, currency) in ["EUR", "USD", "EUR", "usd", "EUR", "EUR", "GBP", ""].iter().enumerate() {
        let _ = writeln!(leads, "{row},2026-01-01,2026-01-02,10,{currency}");
    }
    let folder = company(&[("leads.csv", &leads)]);
    let errors = |arguments: &[&str]| {
        let output = run(folder.path(), &[&["report", "--crm", "leads.csv", "-q"], arguments].concat(), None);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap().lines().next().unwrap_or_default().to_string()
    };
    // lines 2, 4, 6, 7 are in EUR; 3 and 5 in USD; 8 in GBP; 9 says nothing
    assert_eq!(
        errors(&[]),
        "error: the amounts are in 3 currencies: `EUR` in 4 rows (leads.csv:2, leads.csv:4, leads.csv:6, …), \
         `USD` in 2 rows (leads.csv:3, leads.csv:5), `GBP` in 1 row (leads.csv:8)"
    );
    assert_eq!(
        errors(&["--currency", "GBP"]),
        "error: the amounts are in 3 currencies: `GBP` in 1 row (`--currency`, leads.csv:8), \
         `EUR` in 4 rows (leads.csv:2, leads.csv:4, leads.csv:6, …), `USD` in 2 rows (leads.csv:3, leads.csv:5)"
    );
}

#[test]
fn what_a_setting_would_give_is_told_as_a_setting() {
    let folder = company(&[
        (
            "leads.csv",
            "lead_id,lead_at,won_at,channel,lost_reason\nA,2026-01-05,2026-01-20,ads,\nB,2026-01-06,,ads,price\n",
        ),
        ("spend.csv", "date,channel,cost\n2026-01-01,ads,10\n"),
    ]);
    for (kpi, setting) in [
        ("lead_quality", "`[profile] fits = \"…\"`"),
        ("brand_share", "`[attribution.brand]`"),
        ("cac_blended", "`[costs] acquisition`"),
        ("retention_to_acquisition_cost", "`[costs] "),
        ("retargeting", "`[lost_reasons] reversible = […]`"),
        ("crm_completeness", "`[required]`"),
    ] {
        let output =
            run(folder.path(), &["explain", kpi, "--crm", "leads.csv", "--spend", "spend.csv", "-q"], None);
        let errors = String::from_utf8(output.stderr).unwrap();
        let hint = errors.lines().find(|line| line.starts_with("hint: ")).unwrap();
        assert!(
            hint.starts_with(&format!("hint: set {setting}")) && hint.ends_with(" in funnel.toml"),
            "{errors}"
        );
        assert!(
            errors.starts_with(&format!("error: `{kpi}` cannot be computed: it needs {setting}")),
            "{errors}"
        );
    }
}
