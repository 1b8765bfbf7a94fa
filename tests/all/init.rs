//! `funnel init`: what it writes gives the report of the files themselves, byte for byte; what it cannot know it leaves
//! to the user.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{project, run};

/// Files in a folder of their own, each with the option that it is given to without a configuration.
struct Exports {
    folder: tempfile::TempDir,
    files: Vec<(String, String)>,
}

impl Exports {
    /// Copies of files of the project.
    fn of(files: &[(&str, &str)]) -> Exports {
        let folder = tempfile::tempdir().unwrap();
        let named = files.iter().map(|(option, path)| {
            let path = project().join(path);
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            fs::copy(&path, folder.path().join(&name)).unwrap();
            ((*option).to_string(), name)
        });
        let files = named.collect();
        Exports { folder, files }
    }

    /// New files of the CRM.
    fn written(files: &[(&str, &str)]) -> Exports {
        let exports = Exports { folder: tempfile::tempdir().unwrap(), files: Vec::new() };
        for (name, text) in files {
            fs::write(exports.folder.path().join(name), text).unwrap();
        }
        let files = files.iter().map(|(name, _)| ("--crm".to_string(), (*name).to_string())).collect();
        Exports { files, ..exports }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Exit code, stdout and stderr.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = run(self.path(), arguments, None);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// `funnel init` of all files, which must succeed.
    fn init(&self, arguments: &[&str]) -> String {
        let files: Vec<&str> = self.files.iter().map(|(_, name)| name.as_str()).collect();
        let (code, stdout, stderr) = self.run(&[&["init"], &files[..], arguments].concat());
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{files:?}");
        stdout
    }

    fn configuration(&self) -> String {
        fs::read_to_string(self.path().join("funnel.toml")).unwrap()
    }

    /// The report of the files with what `init` wrote, where it is not that of the files themselves.
    fn difference(&self) -> Option<String> {
        let mut named = vec!["report", "--quiet"];
        named.extend(self.files.iter().flat_map(|(option, name)| [option.as_str(), name.as_str()]));
        let plain = self.run(&named);
        self.init(&["--quiet"]);
        let configured = self.run(&["report", "--quiet"]);
        let names: Vec<&String> = self.files.iter().map(|(_, name)| name).collect();
        let is_right = plain.0 == Some(0) && plain == configured;
        (!is_right).then(|| format!("{names:?}: without: {plain:?}\nwith: {configured:?}"))
    }
}

const PRESETS: &str = "fixtures/presets";

fn of_presets(files: &[(&str, &str)]) -> Exports {
    let paths: Vec<(&str, String)> =
        files.iter().map(|(option, name)| (*option, format!("{PRESETS}/{name}"))).collect();
    Exports::of(&paths.iter().map(|(option, path)| (*option, path.as_str())).collect::<Vec<_>>())
}

#[test]
fn the_report_with_the_new_configuration_is_that_of_the_files() {
    let (crm, spend, tickets, contracts) = ("--crm", "--spend", "--tickets", "--contracts");
    let tiny = [
        (crm, "fixtures/tiny/leads.csv"),
        (spend, "fixtures/tiny/ads.csv"),
        (tickets, "fixtures/tiny/tickets.csv"),
        (contracts, "fixtures/tiny/contracts.csv"),
    ];
    let all = [
        Exports::of(&[(crm, "examples/crm-only/deals.csv")]),
        Exports::of(&[(crm, "fixtures/errors/leads.csv")]),
        Exports::of(&tiny),
        of_presets(&[(crm, "bitrix24-deals.csv"), (spend, "google-ads-ru.csv")]),
        of_presets(&[(crm, "bitrix24-deals-1251.csv"), (spend, "yandex-direct.csv")]),
        of_presets(&[
            (crm, "hubspot-contacts.csv"),
            (crm, "hubspot-deals.csv"),
            (tickets, "zendesk-tickets.csv"),
        ]),
        of_presets(&[
            (crm, "salesforce-leads.csv"),
            (crm, "salesforce-opportunities.csv"),
            (spend, "google-ads.csv"),
        ]),
        of_presets(&[(crm, "zoho-deals.csv")]),
        of_presets(&[(crm, "amocrm-deals.csv"), (spend, "yandex-direct-api.tsv")]),
        of_presets(&[(crm, "pipedrive-deals.csv")]),
        of_presets(&[(crm, "pipedrive-deals-without-id.csv")]),
        of_presets(&[
            (crm, "russian-excel-leads.csv"),
            (spend, "russian-excel-spend.csv"),
            (tickets, "russian-excel-tickets.csv"),
            (contracts, "russian-excel-contracts.csv"),
        ]),
    ];
    let wrong: Vec<String> = all.iter().filter_map(Exports::difference).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_known_export_is_named_as_such() {
    let crm = ("--crm", "amocrm-deals.csv");
    let of_crm = ["amocrm", "bitrix24", "hubspot", "pipedrive", "russian-excel-leads", "salesforce", "zoho"];
    for name in fs::read_dir(project().join(PRESETS)).unwrap() {
        let name = name.unwrap().file_name().into_string().unwrap();
        // nobody can tell what encoding one of the files is in
        if name == "expected.toml" || name == "salesforce-leads-latin1.csv" {
            continue;
        }
        let is_crm = of_crm.iter().any(|start| name.starts_with(start));
        let system = [
            "bitrix24",
            "hubspot",
            "pipedrive",
            "salesforce",
            "zoho",
            "amocrm",
            "zendesk",
            "freshdesk",
            "intercom",
        ]
        .into_iter()
        .chain(["google-ads", "yandex-direct", "meta-ads", "linkedin-ads", "vk-ads", "russian-excel"])
        .find(|system| name.starts_with(system))
        .unwrap();
        let files = if is_crm { vec![("--crm", name.as_str())] } else { vec![crm, ("", name.as_str())] };
        let exports = of_presets(&files);
        exports.init(&[]);
        let named = format!("preset = \"{}\"", system.replace('-', "_"));
        assert!(exports.configuration().contains(&named), "{name}: {}", exports.configuration());
    }
}

#[test]
fn headers_without_further_columns_are_written_as_a_section() {
    let exports = Exports::of(&[("--crm", "fixtures/errors/leads.csv")]);
    exports.init(&[]);
    let text = exports.configuration();
    assert!(text.contains("\n[crm.columns]\nlead_id = \"Lead ID\"  # filled 100%, such as `1`\n"), "{text}");
    assert!(text.contains("    \"mql\",   # MQL date\n"), "{text}");
    assert!(text.contains("in the files: sal, sql, opportunity\n"), "{text}");
}

#[test]
fn a_configuration_that_is_there_stays_unless_it_is_forced() {
    let exports = Exports::of(&[("--crm", "fixtures/errors/leads.csv")]);
    fs::write(exports.path().join("funnel.toml"), "old\n").unwrap();
    let (code, stdout, stderr) = exports.run(&["init", "leads.csv"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.starts_with("error: funnel.toml: is there already\nhint: `--force`"), "{stderr}");
    assert_eq!(exports.configuration(), "old\n");
    assert_eq!(exports.init(&["--force", "--quiet"]), "");
    assert!(exports.configuration().starts_with("# Written by `funnel init` from leads.csv.\n"));
}

#[test]
fn another_place_names_the_files_from_there() {
    let exports = Exports::of(&[("--crm", "fixtures/errors/leads.csv")]);
    fs::create_dir(exports.path().join("reports")).unwrap();
    let place = PathBuf::from("reports").join("our.toml").display().to_string();
    let said = exports.init(&["-o", &place]);
    assert!(said.ends_with(&format!("next: funnel report --config {place}\n")), "{said}");
    let (code, report, stderr) = exports.run(&["report", "conversion", "--config", &place, "--quiet"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(report.starts_with("CONVERSION\n"));
    assert!(!exports.path().join("funnel.toml").exists());
}

#[test]
fn a_column_with_two_readings_is_left_to_the_user() {
    let exports = Exports::of(&[("--crm", "fixtures/messy/ambiguous-dates.csv")]);
    let said = in_one_line(&exports.init(&[]));
    assert!(
        said.contains("`lead_at`: `03/04/2026` is 2026-04-03 as D/M/YYYY and 2026-03-04 as M/D/YYYY"),
        "{said}"
    );
    let text = exports.configuration();
    let open = text.lines().filter(|line| line.starts_with("# lead_at = ")).collect::<Vec<_>>();
    assert_eq!(
        open,
        [
            "# lead_at = \"D/M/YYYY\"  # `03/04/2026` in line 2 is 2026-04-03",
            "# lead_at = \"M/D/YYYY\"  # `03/04/2026` in line 2 is 2026-03-04"
        ]
    );
    assert_eq!(exports.run(&["report", "--quiet"]).0, Some(1), "nobody has decided yet");
    let decided: Vec<&str> = text
        .lines()
        .map(|line| if line.contains(" = \"D/M/YYYY\" ") { line.trim_start_matches("# ") } else { line })
        .collect();
    fs::write(exports.path().join("funnel.toml"), decided.join("\n")).unwrap();
    let (code, _, stderr) = exports.run(&["report", "--quiet"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_file_that_no_table_knows_is_named_with_its_headers() {
    let exports = Exports::written(&[
        ("leads.csv", "Lead ID,Created,Source\n1,2026-01-05,ads\n"),
        ("mqls.csv", "When,From where\n2026-01-05,ads\n"),
    ]);
    let said = in_one_line(&exports.init(&[]));
    assert!(
        said.contains(
            "Not placed mqls.csv: no table knows enough of the headers (headers found: When, From where)"
        ),
        "{said}"
    );
    let text = exports.configuration();
    assert!(text.contains("# files = [\"mqls.csv\"]\n# stage = \"mql\" "), "{text}");
    assert_eq!(exports.run(&["report", "--quiet"]).0, Some(0));
    let (code, stdout, stderr) = exports.run(&["init", "mqls.csv", "-o", "other.toml"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("no file is recognised") && stderr.contains("When, From where"), "{stderr}");
    assert!(!exports.path().join("other.toml").exists());
}

#[test]
fn files_of_two_months_are_one_block() {
    let exports = Exports::written(&[
        ("2026-01.csv", "Lead ID,Created,Source\n1,2026-01-05,ads\n2,2026-01-09,\n"),
        ("2026-02.csv", "Lead ID,Created,Source\n3,2026-02-05,ads\n4,2026-02-09,web\n"),
    ]);
    exports.init(&[]);
    let text = exports.configuration();
    assert_eq!(text.matches("[[crm]]").count(), 1);
    assert!(text.contains("files = [\n    \"2026-01.csv\",\n    \"2026-02.csv\",\n]\n"), "{text}");
    assert!(text.contains("channel = \"Source\"   # filled 75%, such as `ads`\n"), "{text}");
    fs::remove_file(exports.path().join("funnel.toml")).unwrap();
    assert_eq!(exports.difference(), None);
}

#[test]
fn status_words_have_their_stage_or_wait_for_one() {
    let exports = Exports::written(&[(
        "deals.csv",
        "Deal ID,Created,Stage\n1,2026-01-05,Closed Won\n2,2026-01-06,\"In \"\"talks\"\"\"\n3,2026-01-07,\"In \"\"talks\"\"\"\n4,2026-01-08,Lost\n",
    )]);
    let said = exports.init(&[]);
    assert!(said.contains("status words without a stage: `In \"talks\"`"), "{said}");
    let text = exports.configuration();
    assert!(text.contains("\"Closed Won\" = \"won\" "), "{text}");
    assert!(text.contains("\"Lost\" = \"lost\" "), "{text}");
    assert!(text.contains("# 'In \"talks\"' = \"…\"  # 2 rows; to decide: a stage, or lost\n"), "{text}");
    let decided = text.replace("# 'In \"talks\"' = \"…\"", "'In \"talks\"' = \"opportunity\"");
    fs::write(exports.path().join("funnel.toml"), decided).unwrap();
    let (code, report, _) = exports.run(&["report", "conversion", "--quiet"]);
    assert_eq!(code, Some(0));
    assert!(report.contains("Lead → Opportunity     4        3"), "{report}");
}

#[test]
fn what_stops_the_report_is_said_at_once() {
    let row = "1,2026-01-05,ads\n";
    let exports =
        Exports::written(&[("bad.csv", "Lead ID,Created,Source\n1,2026-02-30,ads\n2,2026-01-05,ads\n")]);
    let said = in_one_line(&exports.init(&[]));
    assert!(said.contains("bad.csv: 1 row that cannot be read, the first in line 2"), "{said}");
    assert!(exports.configuration().contains("\n# on_error = \"skip\" "));
    let other = "1,2026-01-05,radio\n";
    let exports = Exports::written(&[("twice.csv", &format!("Lead ID,Created,Source\n{row}{other}"))]);
    let said = in_one_line(&exports.init(&[]));
    assert!(said.contains(
        "1 row repeats a lead ID of the same file and not all agree, in `channel` (twice.csv:3): "
    ));
    let text = exports.configuration();
    let comments = "# 1 row repeats a lead ID, the first: twice.csv:3, and they do not agree in `channel` (twice.csv:3)\n";
    assert!(text.contains(comments) && text.contains("\n# duplicates = \"sum\" "), "{text}");
    let spend = Exports::of(&[("--spend", "fixtures/tiny/ads.csv")]);
    assert!(spend.init(&[]).contains("no CRM export is among the files"));
}

/// The report refuses the file by itself, and reads it with what was written.
#[test]
fn rows_of_a_lead_that_agree_are_that_lead() {
    let row = "1,2026-01-05,ads,2026-01-09\n";
    let text = format!("Lead ID,Created,Source,MQL date\n{row}2,2026-01-06,ads,\n{row}1,,ads,\n");
    let exports = Exports::written(&[("twice.csv", &text)]);
    assert_eq!(exports.run(&["report", "--crm", "twice.csv"]).0, Some(1));
    let said = exports.init(&[]);
    assert!(!said.contains("To decide"), "{said}");
    let text = exports.configuration();
    let reason = "# 2 rows repeat lead IDs, the first: twice.csv:4; what they say agrees, so they are read as one lead\n";
    assert!(text.contains(&format!("{reason}duplicates = \"merge\" ")), "{text}");
    let (code, report, stderr) = exports.run(&["report", "conversion", "--quiet"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(report.contains("Lead → MQL     2        1"), "{report}");
}

/// A 13 can only be a day; 3 and 4 can both be either.
#[test]
fn years_of_two_digits_are_written_where_one_order_fits() {
    let exports =
        Exports::written(&[("short.csv", "Lead ID,Created,MQL date\n1,13/04/26,3/04/26\n2,1/04/26,\n")]);
    let said = in_one_line(&exports.init(&[]));
    assert!(
        said.contains("`mql_at`: `3/04/26` is 2026-04-03 as D/M/YY and 2026-03-04 as M/D/YY: choose one"),
        "{said}"
    );
    assert!(!said.contains("`lead_at`:"), "{said}");
    let text = exports.configuration();
    let one =
        "\nlead_at = \"D/M/YY\"   # `13/04/26` in line 2 is 2026-04-13, and no other order fits all rows\n";
    assert!(text.contains(one), "{text}");
    let decided = text.replace("# mql_at = \"D/M/YY\"", "mql_at = \"D/M/YY\"");
    fs::write(exports.path().join("funnel.toml"), decided).unwrap();
    let (code, report, stderr) = exports.run(&["report", "conversion", "--quiet"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(report.contains("as of 2026-04-13"), "{report}");
}

#[test]
fn a_file_in_no_known_encoding_waits_for_the_name_of_one() {
    let exports =
        Exports::of(&[("--crm", "fixtures/errors/leads.csv"), ("--crm", "fixtures/errors/latin1.csv")]);
    let said = exports.init(&[]);
    assert!(said.contains("Not placed\n  latin1.csv: the file is not UTF-8"), "{said}");
    let text = exports.configuration();
    assert!(text.contains("# files = [\"latin1.csv\"]\n# encoding = \"…\" "), "{text}");
    let (code, stdout, stderr) = exports.run(&["init", "latin1.csv", "-o", "other.toml"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("`encoding = \"windows-1252\"` for Western European Excel"), "{stderr}");
    assert!(stderr.contains("\nhint: mend the file, or write a funnel.toml with a block for it"), "{stderr}");
}

/// As many rows each: the spelling with capitals and blanks is proposed.
#[test]
fn of_spellings_with_as_many_rows_the_usual_one_is_proposed() {
    let exports = Exports::written(&[(
        "leads.csv",
        "Lead ID,Created,Source\n1,2026-01-05,paid-search\n2,2026-01-06,Paid Search\n",
    )]);
    exports.init(&[]);
    let text = exports.configuration();
    assert!(
        text.contains("\n# \"paid-search\" = \"Paid Search\"  # `Paid Search` 1 row, `paid-search` 1 row\n"),
        "{text}"
    );
}

#[test]
fn spellings_of_one_channel_are_proposed_and_not_joined() {
    let exports = Exports::written(&[(
        "leads.csv",
        "Lead ID,Created,Source\n1,2026-01-05,Paid Search\n2,2026-01-06,paid-search\n3,2026-01-07,Paid Search\n",
    )]);
    exports.init(&[]);
    let text = exports.configuration();
    assert!(
        text.contains("\n# \"paid-search\" = \"Paid Search\"  # `Paid Search` 2 rows, `paid-search` 1 row\n"),
        "{text}"
    );
    fs::remove_file(exports.path().join("funnel.toml")).unwrap();
    assert_eq!(exports.difference(), None);
}

#[test]
fn any_header_and_word_comes_back_from_the_file() {
    let exports = Exports::written(&[(
        "odd \"one\" [1].csv",
        "Lead ID,Created,Source,\"Two\nlines\",\"a \"\"b\"\" # c\",Region,Region\n1,2026-01-05,ads,x,y,n,m\n2,2026-01-06,ads,z,y,n,m\n",
    )]);
    assert_eq!(exports.difference(), None);
    assert!(exports.configuration().contains("the header `Region` is there more than once"));
}

/// What is said, as if the window were as wide as it is long.
fn in_one_line(said: &str) -> String {
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}
