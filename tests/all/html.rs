//! The page for people: its figures are those of the JSON, nothing of the data becomes markup, nothing is asked of a server,
//! and in a browser it opens without an error and sorts.
//!
//! The browser is Chromium; where it is absent these tests say so and pass.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::page::{
    Cell, Figures, Piece, Place, assert_asks_nothing, assert_well_formed, cells, hold_against_json, pieces,
    plain, rows, tiles,
};
use crate::support::{project, run, stdout};

/// A report of an example company, missed targets or not.
fn report(example: &str, arguments: &[&str], format: &str) -> String {
    let folder = project().join("examples").join(example);
    let all = [&["report", "--format", format, "--quiet"], arguments].concat();
    let output = run(&folder, &all, None);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a page is UTF-8")
}

#[test]
fn figures_are_those_of_the_json() {
    for (example, arguments, least, pictures) in [
        ("b2b", &[][..], 500, 10),
        ("saas", &[][..], 900, 15),
        ("saas", &["--month", "2026-03", "--compare", "previous"][..], 500, 15),
        (
            "saas",
            &[
                "funnel",
                "conversion",
                "cost",
                "churn",
                "plan",
                "value",
                "--every",
                "quarter",
                "--compare",
                "year",
            ][..],
            500,
            8,
        ),
    ] {
        let page = report(example, arguments, "html");
        assert_well_formed(&page);
        assert_asks_nothing(&page);
        let (found, _) = hold_against_json(&page, &report(example, arguments, "json"));
        assert!(found >= least, "{example} {arguments:?}: {found} figures");
        assert!(
            page.matches("<figure>").count() >= pictures,
            "{example}: {} pictures",
            page.matches("<figure>").count()
        );
        assert!(tiles(&page).len() >= 5, "{example}: {:?}", tiles(&page));
    }
}

#[test]
fn all_that_people_are_shown_is_in_the_page() {
    let (_, lacking) = hold_against_json(&report("b2b", &[], "html"), &report("b2b", &[], "json"));
    // `tables.toml` keeps the count of the last stage for machines, because people read it as a numerator
    let kept = |kpi: &str| ["wins", "lost"].contains(&kpi);
    let lacking: Vec<_> = lacking.into_iter().filter(|kpi| !kept(kpi)).collect();
    assert!(lacking.is_empty(), "{lacking:?}");
}

#[test]
fn a_year_and_a_half_of_all_tables_is_a_small_page_that_tells_every_numerator() {
    let page = report("saas", &["--every", "month"], "html");
    assert!(page.len() < 3_000_000, "{} bytes can hardly be mailed", page.len());
    let (mut told, mut focused) = (0, 0);
    for piece in pieces(&page) {
        let Piece::Open { attributes, .. } = piece else { continue };
        let Some(figures) = attributes.get("data-v") else { continue };
        let parts: Vec<&str> = figures.split('|').collect();
        let &[_, numerator, denominator, ..] = parts.as_slice() else { continue };
        let is_whole = |part: &str| !part.is_empty() && part.chars().all(|letter| letter.is_ascii_digit());
        if is_whole(numerator) && is_whole(denominator) {
            let title = attributes.get("title").expect("what a figure is made of is told").replace(',', "");
            assert!(title.starts_with(&format!("{numerator} / {denominator}")), "{title} of {figures}");
            told += 1;
            focused += usize::from(attributes.contains_key("tabindex"));
        }
    }
    assert!(told > 3_000 && focused == told, "{told} are told, {focused} by the keyboard too");
}

#[test]
fn the_same_report_is_the_same_bytes() {
    assert_eq!(report("b2b", &["segments"], "html"), report("b2b", &["segments"], "html"));
}

/// Names that would be markup, an attribute or an entity if they were let.
const HOSTILE: [&str; 4] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(2)>",
    "' onfocus='alert(3)",
    "</title></svg></style>&lt;b&gt;",
];

fn hostile_leads() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for the leads");
    let mut text = "Lead ID,Created,MQL date,Won date,Source,Owner\n".to_string();
    for (place, name) in HOSTILE.iter().enumerate() {
        let quoted = name.replace('"', "\"\"");
        for lead in 0..3 {
            let won = if lead == 0 { "2026-01-20" } else { "" };
            let day = lead + 1;
            let _ = writeln!(text, "{place}{lead},2026-01-0{day},2026-01-10,{won},\"{quoted}\",\"{quoted}\"");
        }
    }
    std::fs::write(folder.path().join("leads.csv"), text).expect("the folder was just made");
    folder
}

#[test]
fn what_the_data_say_stays_text() {
    let folder = hostile_leads();
    let page = stdout(folder.path(), &["report", "--crm", "leads.csv", "--format", "html", "--quiet"]);
    assert_well_formed(&page);
    assert!(!page.contains("<script>alert") && !page.contains("<img"));
    assert_eq!(page.matches("<script>").count(), 1, "the script of the page");
    let pieces = pieces(&page);
    for name in HOSTILE {
        let is_name = |piece: &&Piece| matches!(piece, Piece::Text(text) if text == name);
        assert!(pieces.iter().filter(is_name).count() >= 3, "{name} is read in tables and pictures");
    }
    for piece in &pieces {
        if let Piece::Open { name, attributes } = piece {
            assert!(attributes.keys().all(|attribute| !attribute.starts_with("on")), "{name} {attributes:?}");
        }
    }
    let json = stdout(folder.path(), &["report", "--crm", "leads.csv", "--format", "json", "--quiet"]);
    assert!(hold_against_json(&page, &json).0 > 50);
}

#[test]
fn an_audit_is_a_page_too() {
    let page = stdout(
        &project(),
        &["check", "--config", "examples/saas/funnel.toml", "--format", "html", "--quiet"],
    );
    assert_well_formed(&page);
    assert_asks_nothing(&page);
    assert!(page.contains("<h1>Audit of the data</h1>") && page.contains("leads.csv"));
    let text = stdout(&project(), &["check", "--config", "examples/saas/funnel.toml", "--quiet"]);
    let words: BTreeSet<String> = pieces(&page)
        .into_iter()
        .filter_map(|piece| if let Piece::Text(text) = piece { Some(text) } else { None })
        .flat_map(|text| text.split_whitespace().map(String::from).collect::<Vec<_>>())
        .collect();
    let numbers = text
        .split_whitespace()
        .filter(|word| word.len() > 3 && word.chars().all(|letter| letter.is_ascii_digit() || letter == ','));
    for number in numbers {
        assert!(words.contains(number), "{number} of the text is in the page");
    }
}

#[test]
fn a_folder_gets_one_page_beside_the_tables() {
    let folder = tempfile::tempdir().expect("a folder for the report");
    let place = folder.path().to_str().expect("a UTF-8 name");
    let arguments = [
        "report",
        "conversion",
        "segments",
        "--config",
        "examples/b2b/funnel.toml",
        "--format",
        "html,csv",
        "-o",
        place,
        "--quiet",
    ];
    stdout(&project(), &arguments);
    let mut names: Vec<_> = std::fs::read_dir(folder.path())
        .expect("the folder is there")
        .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["conversion.csv", "report.html", "segments.csv"]);
    let page = std::fs::read_to_string(folder.path().join("report.html")).expect("the page is there");
    assert!(page.contains("id=\"table-conversion\"") && page.contains("id=\"table-segments\""));
}

/// What a browser makes of a page, and what it says on its console; none where there is no browser.
fn opened(page: &str, width: u32) -> Option<(String, Vec<String>)> {
    if !Command::new("chromium").arg("--version").output().is_ok_and(|output| output.status.success()) {
        println!("skipped: chromium is absent");
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder for the browser");
    let file = folder.path().join("report.html");
    std::fs::write(&file, page).expect("the folder was just made");
    let output = Command::new("timeout")
        .args(["120", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
        ])
        .args([
            "--disable-dev-shm-usage",
            "--enable-logging=stderr",
            "--v=0",
            "--virtual-time-budget=20000",
            "--dump-dom",
        ])
        .arg(format!("--window-size={width},900"))
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", file.display()))
        .env("HOME", folder.path())
        .output()
        .expect("the browser was just asked for its version");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "chromium: {said}");
    let console = said.lines().filter(|line| line.contains("CONSOLE")).map(String::from).collect();
    Some((String::from_utf8_lossy(&output.stdout).into_owned(), console))
}

/// The page with a script of the test at its end, which its policy is changed to let in.
fn with_script(page: &str, script: &str) -> String {
    let start = page.find("script-src '").expect("the policy names the script") + "script-src ".len();
    let end = page[start + 1..].find('\'').expect("quotes are closed") + start + 2;
    let page = format!("{}'unsafe-inline'{}", &page[..start], &page[end..]);
    page.replace("</body>", &format!("<script>{script}</script></body>"))
}

/// Clicks every heading twice and looks whether the column is in order, what has no number last.
const CLICKS: &str = include_str!("clicks.js");

/// What the script of the test found.
fn outcome(page: &str) -> serde_json::Value {
    let start =
        page.find("<pre id=\"outcome\">").expect("the script ran to its end") + "<pre id=\"outcome\">".len();
    let end = page[start..].find("</pre>").expect("an element ends") + start;
    serde_json::from_str(&plain(&page[start..end])).expect("the outcome is JSON")
}

#[test]
fn a_browser_opens_the_page_as_it_is_without_an_error() {
    for (example, arguments) in
        [("b2b", &[][..]), ("saas", &["--every", "quarter", "--compare", "previous"][..])]
    {
        let page = report(example, arguments, "html");
        let Some((seen, console)) = opened(&page, 1280) else { return };
        assert!(console.is_empty(), "{console:#?}");
        // the script ran under the policy of the page, and what the browser holds are still the figures of the JSON
        assert!(example != "b2b" || seen.contains("<span role=\"button\""), "headings are buttons");
        assert!(hold_against_json(&seen, &report(example, arguments, "json")).0 > 500);
    }
    let folder = hostile_leads();
    let page = stdout(folder.path(), &["report", "--crm", "leads.csv", "--format", "html", "--quiet"]);
    let Some((_, console)) = opened(&page, 1280) else { return };
    assert!(console.is_empty(), "{console:#?}");
}

#[test]
fn in_a_browser_tables_sort_and_nothing_is_wider_than_a_phone() {
    for (example, width) in [("b2b", 1280), ("saas", 500)] {
        let page = report(example, &[], "html");
        let Some((seen, console)) = opened(&with_script(&page, CLICKS), width) else { return };
        assert!(console.is_empty(), "{console:#?}");
        let outcome = outcome(&seen);
        assert_eq!(outcome["wrong"], serde_json::json!([]), "{example}");
        assert!(outcome["clicks"].as_u64() > Some(100), "{outcome}");
        assert_eq!(outcome["loaded"], 0, "the page loads nothing");
        assert_eq!(outcome["moved"], true, "arrows move between cells");
        assert!(outcome["outer"].as_u64() <= outcome["inner"].as_u64(), "sideways: {outcome}");
        assert!(outcome["wide"].as_u64() <= Some(400), "on a phone: {outcome}");
        // the order by revenue, worked out of the JSON
        let rows = rows(&report(example, &["channels"], "json"));
        let mut revenues: Vec<(f64, String)> = rows
            .iter()
            .filter(|(place, _)| place.2 == "revenue" && place.3.len() == 1)
            .filter_map(|(place, (figures, _))| Some((figures[0]?, place.3["channel"].clone())))
            .collect();
        revenues.sort_by(|one, other| other.0.total_cmp(&one.0));
        let order: Vec<String> = revenues.into_iter().map(|(_, channel)| channel).collect();
        assert_eq!(outcome["order"], serde_json::json!(order), "{example}");
    }
}

/// The same where periods are the columns: the rows of one channel, say, stay together.
const GROUPS: &str = include_str!("groups.js");

#[test]
fn in_a_browser_groups_of_rows_sort_where_periods_are_the_columns() {
    let page = report("saas", &["--every", "quarter"], "html");
    let Some((seen, console)) = opened(&with_script(&page, GROUPS), 1280) else { return };
    assert!(console.is_empty(), "{console:#?}");
    let outcome = outcome(&seen);
    assert_eq!(outcome["wrong"], serde_json::json!([]));
    assert!(outcome["clicks"].as_u64() > Some(500) && outcome["tables"].as_u64() > Some(10), "{outcome}");
    let rows = rows(&report("saas", &["channels", "--every", "quarter"], "json"));
    let is_it = |place: &&Place| place.1 == "2025-Q3" && place.2 == "revenue" && place.3.len() == 1;
    let mut revenues: Vec<(Option<f64>, String)> = rows
        .iter()
        .filter(|(place, _)| is_it(place))
        .map(|(place, (figures, _))| (figures[0], place.3["channel"].clone()))
        .collect();
    revenues.sort_by(|one, other| other.0.partial_cmp(&one.0).expect("numbers"));
    let order: Vec<String> = revenues.into_iter().map(|(_, channel)| channel).collect();
    assert_eq!(order.len(), 3);
    assert_eq!(outcome["order"], serde_json::json!(order));
}

/// The page of a real export.
fn page_of(folder: &Path) -> String {
    stdout(folder, &["report", "--format", "html", "--quiet"])
}

#[test]
fn published_figures_are_in_the_pages_of_real_exports() {
    let Some(folder) = crate::published::olist("") else { return };
    let page = page_of(folder.path());
    assert_well_formed(&page);
    let json = stdout(folder.path(), &["report", "--format", "json", "--quiet"]);
    hold_against_json(&page, &json);
    let total = cells(&page).into_iter().find(|cell| cell.place.2 == "mql_to_won" && cell.place.3.is_empty());
    // 842 of 8,000, which was published; an exact half that is not rounded away
    let total = total.expect("the total is in the page");
    assert_eq!(
        (total.text.as_str(), total.figures[1], total.figures[2]),
        ("10.525", Some(842.0), Some(8_000.0))
    );
    let Some(folder) = crate::published::maven() else { return };
    let page = page_of(folder.path());
    assert_well_formed(&page);
    let rate = |agent: &str| {
        let is_agent = |cell: &Cell| {
            cell.place.2 == "win_rate_closed" && cell.place.3.values().any(|name| name == agent)
        };
        cells(&page).into_iter().find(is_agent).expect("the agent is in the page").text
    };
    assert_eq!((rate("Hayden Neloms").as_str(), rate("Wilburn Farren").as_str()), ("70.39", "69.62"));
}

/// 75 of 183 large leads were won and 43 of the 252 others; 32 of 204 small ones and 86 of the 231 others (`leads.csv`).
#[test]
fn what_stands_out_is_told_at_the_top_with_what_it_rests_on() {
    let page = report("saas", &[], "html");
    let (top, _) = page.split_once("id=\"pictures\"").expect("the pictures stand below");
    for said in [
        "missed: 2026-Q1, Revenue: 55,345.79 EUR, target ≥ 60,000.00",
        "missed: 2026-Q1, Won, Boris Lang: 5, target ≥ 6",
        "lead quality goes with churn, complaints do not: look first at who is won",
        "small 15.69 % (32 of 204, 95%: ",
        "large 40.98 % (75 of 183, 95%: ",
        "the rest 17.06 %",
        "the rest 37.23 %",
    ] {
        assert!(top.contains(said), "{said} in {top}");
    }
    // what does not differ by more than chance is no news
    let (_, lines) = top.split_once("class=\"standout\"").unwrap();
    assert!(!lines.contains("Clara Voss 2"), "{lines}");
}

/// Each number of the comparison is one of the JSON, of the channel or segment that its row is about.
#[test]
fn channels_and_segments_stand_side_by_side_with_the_figures_of_the_json() {
    const COLUMNS: [&str; 8] = [
        "customers_acquired",
        "revenue",
        "spend",
        "cac_media",
        "realised_to_cac",
        "lead_to_won",
        "lead_quality",
        "churned_share",
    ];
    let page = report("saas", &[], "html");
    let rows = rows(&report("saas", &[], "json"));
    let (_, section) = page.split_once("id=\"sides\"").expect("the page compares channels");
    let (section, _) = section.split_once("</section>").expect("a section ends");
    let mut checked = 0;
    for (dimension, columns) in [
        ("channel", COLUMNS.to_vec()),
        // the profile is made of segments: it is no column beside them
        ("segment", COLUMNS.iter().copied().filter(|kpi| *kpi != "lead_quality").collect()),
    ] {
        let start = format!("aria-labelledby=\"sides-{dimension}\"");
        let (_, table) = section.split_once(&start).expect("a table of its own");
        let (table, _) = table.split_once("</table>").expect("a table ends");
        for line in table.split("<tr>").skip(2) {
            let label = line.split_once("class=\"label\">").expect("a label").1;
            let (label, cells) = label.split_once("</th>").expect("a label ends");
            let cells: Vec<&str> = cells.split("<td").skip(1).collect();
            assert_eq!(cells.len(), columns.len(), "{dimension} {label}");
            for (kpi, cell) in columns.iter().zip(cells) {
                let raw = cell.split_once("data-sort=\"").and_then(|(_, rest)| rest.split_once('"'));
                let raw: Option<f64> = raw.map(|(raw, _)| raw.parse().expect("a raw number"));
                let is_it = |(place, (figures, _)): (&Place, &(Figures, String))| {
                    let is_of_row = match label {
                        "Total" => place.3.is_empty(),
                        _ => place.3.len() == 1 && place.3.get(dimension).is_some_and(|own| own == label),
                    };
                    place.2 == *kpi && is_of_row && figures[0] == raw
                };
                assert!(rows.iter().any(is_it), "{dimension} {label} {kpi}: {raw:?}");
                checked += 1;
            }
        }
    }
    assert!(checked > 50, "{checked} figures were held beside the JSON");
    let said =
        "LTV to date : CAC: least for social, 1.73 (53 customers), most for search, 1.93 (41 customers).";
    assert!(section.contains(said), "{section}");
}

/// An owner whose name begins like the KPI is told in full.
#[test]
fn a_missed_plan_tells_the_whole_name_of_whose_it_is() {
    let folder = tempfile::tempdir().expect("a folder for the files");
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("the folder is there");
    write(
        "leads.csv",
        "Lead ID,Created,Won date,Amount,Owner\n1,2026-01-05,2026-01-20,100,Won Smith\n2,2026-02-03,,,Won Smith\n",
    );
    write("plan.csv", "Period,Owner,KPI,Value\n2026-01,Won Smith,won,4\n");
    let arguments =
        ["report", "owners", "plan", "--crm", "leads.csv", "--plan", "plan.csv", "--format", "html", "-q"];
    let output = run(folder.path(), &arguments, None);
    let page = String::from_utf8(output.stdout).expect("text");
    assert!(page.contains("missed: 2026-01, Won, Won Smith: 1, target ≥ 4"), "{page}");
}
