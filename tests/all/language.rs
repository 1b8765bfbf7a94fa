//! Every text that people read stands in every language file, and nothing stands there that nobody says.
//!
//! The texts are gathered from where they are written: `say!` and `words!` in the source, the tables, the catalogue of KPIs,
//! the list of checks, the names of columns. What is printed in another language is then searched for English words.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::{project, run};
use funnel_kpi::check::list::{CHECKS, OfEvents, SECTIONS};
use funnel_kpi::kpi::derived;
use funnel_kpi::kpi::templates::capitalised;
use funnel_kpi::lang::{USUAL_DIMENSIONS, codes};

#[test]
fn every_text_is_in_every_language_and_no_other() {
    let said = texts();
    assert!(said.len() > 500, "the texts are not found where they are written");
    for code in codes().into_iter().filter(|code| *code != "en") {
        let known = translations(code);
        let missing: Vec<&String> = said.keys().filter(|text| !known.contains_key(*text)).collect();
        let unused: Vec<&String> = known.keys().filter(|text| !said.contains_key(*text)).collect();
        let places: Vec<String> = missing.iter().map(|text| format!("{}: {text:?}", said[*text])).collect();
        assert!(missing.is_empty(), "{code}: {} texts are missing:\n{}", missing.len(), places.join("\n"));
        assert!(unused.is_empty(), "{code}: {} texts are said by nobody:\n{unused:#?}", unused.len());
    }
}

#[test]
fn translations_have_the_marks_of_their_texts_and_the_forms_of_their_language() {
    for (code, forms) in [("ru", 3), ("bg", 2)] {
        for (english, text) in translations(code) {
            assert!(!text.trim().is_empty(), "{code}: {english:?}");
            assert_eq!(names(&english), names(&text), "{code}: {english:?}: {text:?}");
            // rows such as `(none)` are called as the tables of the language call them
            let is_row = |code: &&str| code.starts_with('(') && code.ends_with(')');
            let of_code = |text: &str| -> BTreeSet<String> {
                let typed = text.split('`').skip(1).step_by(2).filter(|code| !is_row(code));
                typed.map(String::from).collect()
            };
            assert_eq!(of_code(&english), of_code(&text), "{code}: what is typed differs: {text:?}");
            for mark in marks(&text).iter().filter_map(|mark| mark.split_once(':')) {
                assert_eq!(mark.1.split('|').count(), forms, "{code}: {text:?}");
            }
        }
    }
}

#[test]
fn errors_and_rejected_rows_are_in_english_in_every_language() {
    let errors = |arguments: &[&str]| String::from_utf8(run(&project(), arguments, None).stderr).unwrap();
    for code in codes() {
        for (kpi, file, lack) in [
            ("churn_rate", "fixtures/errors/leads.csv", "contracts (`--contracts`)"),
            ("mql_to_sql", "fixtures/errors/leads.csv", "the date `sql_at`, or a status, in crm"),
            (
                "touched_within",
                "fixtures/speed/midnights.csv",
                "times of day in the column `lead_at` of crm, which has days only",
            ),
        ] {
            let told = errors(&["--lang", code, "explain", kpi, "--crm", file, "-q"]);
            let expected = format!("error: `{kpi}` cannot be computed: the inputs lack {lack}\n");
            assert!(told.starts_with(&expected), "{code}: {told}");
        }
        let told = errors(&["--lang", code, "report", "--crm", "fixtures/errors/leads-only.csv", "-q"]);
        let expected =
            "error: these inputs allow no table\nhint: funnel needs two stages: the dates of two in crm, ";
        assert!(told.starts_with(expected) && told.contains("; cost needs spend (`--spend`); "), "{told}");
        let profile = "fixtures/errors/profile-column.toml";
        let told = errors(&["--lang", code, "report", "churn", "--config", profile, "-q"]);
        assert!(
            told.contains("needs the column `segmnt` in crm (did you mean `segment`?)"),
            "{code}: {told}"
        );
        let folder = tempfile::tempdir().unwrap();
        let many = folder.path().join("many.csv");
        let leads: Vec<String> = (1..=1999).map(|lead| format!("{lead},2026-01-05")).collect();
        std::fs::write(&many, format!("lead_id,lead_at\n{}\n2000,2026-02-30\n", leads.join("\n"))).unwrap();
        let told = errors(&["--lang", code, "report", "funnel", "--crm", many.to_str().unwrap(), "-q"]);
        assert!(told.contains(" in 1,999 other rows; "), "{code}: {told}");
        let place = folder.path().join("rejects.csv");
        let rejects = place.to_str().unwrap();
        let skip = "fixtures/formats/skip.toml";
        errors(&["--lang", code, "report", "segments", "--config", skip, "-q", "--rejects", rejects]);
        let written = std::fs::read_to_string(&place).unwrap();
        for reason in ["is not a date", "is not a number", "has 2 of 5 fields"] {
            assert!(written.contains(reason), "{code}: {written}");
        }
    }
}

#[test]
fn lines_of_the_log_begin_with_the_word_that_its_json_leaves_out() {
    for code in codes().into_iter().filter(|code| *code != "en") {
        let known = translations(code);
        for word in ["note: ", "missed: ", "exceeded: "] {
            let Some(said) = known.get(word) else { continue };
            for (english, text) in known.iter().filter(|(english, _)| english.starts_with(word)) {
                assert!(text.starts_with(said), "{code}: {english:?}: {text:?}");
            }
        }
    }
}

/// The names of the marks of a text, each once: a language may need the number that chooses a form, or the form, twice. A
/// stage is a word of English in small letters, a title of the language in others (`{stages}`, `{Stages}`).
fn names(text: &str) -> BTreeSet<String> {
    marks(&text.to_lowercase())
        .into_iter()
        .map(|mark| mark.split(':').next().unwrap_or_default().replace(" in words", ""))
        .collect()
}

/// What stands between braces; `{{` is no mark.
fn marks(text: &str) -> Vec<String> {
    let text = text.replace("{{", "").replace("}}", "");
    text.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(mark, _)| mark.to_string())
        .collect()
}

/// The texts of a language by the English ones; each stands once.
fn translations(code: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for path in files(&project().join("src/lang").join(code), "toml") {
        if path.ends_with("language.toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let texts: BTreeMap<String, String> =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (english, text) in texts {
            assert!(
                all.insert(english.clone(), text).is_none(),
                "{}: {english:?} stands twice",
                path.display()
            );
        }
    }
    all
}

/// All texts that people read, each with the file that says it.
fn texts() -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let mut add = |text: &str, place: &str| {
        if text.chars().any(char::is_alphabetic) && !is_mark(text) {
            texts.entry(text.to_string()).or_insert_with(|| place.to_string());
        }
    };
    for path in files(&project().join("src"), "rs") {
        let place = path.strip_prefix(project()).unwrap().display().to_string();
        for text in literals(&std::fs::read_to_string(&path).unwrap()) {
            add(&text, &place);
        }
    }
    for (file, keys) in [
        ("src/report/tables.toml", ["title", "step_title", "heading", "says", "notes"].as_slice()),
        ("src/kpi/catalogue.toml", &["title", "definition", "formula", "source"]),
    ] {
        let text = std::fs::read_to_string(project().join(file)).unwrap();
        // how stages are called stands in language.toml
        let mut data: toml::Table = toml::from_str(&text).unwrap();
        data.remove("stages");
        under(&toml::Value::Table(data), keys, &mut |text| add(text, file));
    }
    for check in CHECKS {
        add(check.what, "src/check/list.rs");
        if let OfEvents::Called(events) = check.of_events {
            add(events, "src/check/list.rs");
        }
    }
    for section in SECTIONS {
        add(section.title, "src/check/list.rs");
        add(section.about, "src/check/list.rs");
    }
    for name in dimensions() {
        add(&capitalised(&name), "a dimension");
    }
    texts
}

/// Whether a text is a mark and nothing else: `{Stage}`.
fn is_mark(text: &str) -> bool {
    text.starts_with('{') && text.find('}') == Some(text.len() - 1)
}

/// The dimensions that the program itself has names for.
fn dimensions() -> BTreeSet<String> {
    let text = std::fs::read_to_string(project().join("src/input/columns.toml")).unwrap();
    let data: toml::Table = toml::from_str(&text).unwrap();
    let columns = ["crm", "spend", "tickets", "contracts", "payments"]
        .into_iter()
        .filter_map(|table| data[table].as_array());
    let is_text = |column: &&toml::Value| {
        column.get("type").and_then(toml::Value::as_str).is_none_or(|kind| kind == "text")
    };
    let names =
        columns.flatten().filter(is_text).filter_map(|column| column["name"].as_str().map(String::from));
    // the month in which customers began is a dimension of theirs alone
    let names = names.chain([String::from("cohort_month")]).chain(USUAL_DIMENSIONS.map(String::from));
    names.chain(derived::ALL.iter().map(|derived| derived.name.to_string())).collect()
}

/// The texts under some keys, at any depth.
fn under(value: &toml::Value, keys: &[&str], tell: &mut impl FnMut(&str)) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                match value {
                    toml::Value::String(text) if keys.contains(&key.as_str()) => tell(text),
                    toml::Value::Array(texts) if keys.contains(&key.as_str()) => {
                        texts.iter().filter_map(toml::Value::as_str).for_each(&mut *tell);
                    }
                    _ => under(value, keys, tell),
                }
            }
        }
        toml::Value::Array(values) => values.iter().for_each(|value| under(value, keys, tell)),
        _ => {}
    }
}

/// The first arguments of all `say!`, `words!` and `bilingual!` of a source.
fn literals(source: &str) -> Vec<String> {
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let source = &source.split_inclusive('\n').filter(is_code).collect::<String>();
    let calls = ["say!(", "words!(", "bilingual!("]
        .into_iter()
        .flat_map(|call| source.match_indices(call).map(move |(at, _)| at + call.len()));
    calls.filter_map(|at| literal(source[at..].trim_start().strip_prefix('"')?)).collect()
}

/// A text as Rust writes it, from behind its first quotation mark to the next.
fn literal(source: &str) -> Option<String> {
    let mut text = String::new();
    let mut letters = source.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Some(text),
            '\\' => match letters.next()? {
                'n' => text.push('\n'),
                '\n' => {
                    let rest = letters.as_str().trim_start();
                    letters = rest.chars();
                }
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
    None
}

/// The files of a folder and those below it that end so, in their order.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// What is asked in another language, in which folder.
const COMMANDS: [(&str, &[&str]); 3] = [
    (
        "examples/saas",
        &[
            "report",
            "report --every month",
            "report --month 2026-05 --compare previous",
            "report --format html",
            "check",
        ],
    ),
    ("examples/b2b", &["report", "report --by owner,channel", "report --format markdown", "check"]),
    ("examples/crm-only", &["report --crm deals.csv", "check --crm deals.csv"]),
];

/// Words of Latin letters that every language of the field uses, or that are names.
const INTERNATIONAL: [&str; 21] = [
    "KPI", "MQL", "SAL", "SQL", "CRM", "CAC", "LTV", "ROMI", "ROAS", "CTR", "CPC", "CPM", "CSAT", "MRR",
    "GRR", "NRR", "ID", "funnel", "toml", "CSV", "JSON",
];

/// Unit, basis and the good direction of each KPI are words of the language in the list that people read.
#[test]
fn the_list_of_kpis_has_units_bases_and_directions_of_the_language() {
    let cells = |code: &str| -> Vec<Vec<String>> {
        let output = run(&project(), &["kpis", "--format", "markdown", "--lang", code], None);
        let text = String::from_utf8(output.stdout).unwrap();
        let row =
            |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_string()).collect();
        text.lines().skip(2).map(row).collect()
    };
    let english = cells("en");
    for code in codes().into_iter().filter(|code| *code != "en") {
        let known = translations(code);
        let told = cells(code);
        assert_eq!(told.len(), english.len());
        let mut words = BTreeSet::new();
        for (one, other) in english.iter().zip(&told) {
            for (cell, said) in one.iter().zip(other).skip(3).take(3).filter(|(cell, _)| !cell.is_empty()) {
                assert_eq!(known.get(cell), Some(said), "{code}: {}", one[0]);
                words.insert(cell.clone());
            }
        }
        assert!(
            ["share", "cohort", "event", "up", "down"].iter().all(|word| words.contains(*word)),
            "{words:?}"
        );
    }
}

#[test]
fn no_english_is_left_in_what_is_said_in_another_language() {
    let mut known: BTreeSet<String> = INTERNATIONAL.map(String::from).into();
    // what was taken for what is told by the names of configurations
    known.extend(words_of_files(&project().join("src/input")));
    known.extend(funnel_kpi::report::tables::tables().unwrap().into_iter().map(|table| table.name));
    for (folder, commands) in COMMANDS {
        let folder = project().join(folder);
        let own = words_of_files(&folder);
        for code in codes().into_iter().filter(|code| *code != "en") {
            for command in commands {
                let arguments: Vec<&str> = command.split(' ').chain(["--lang", code]).collect();
                let output = run(&folder, &arguments, None);
                let text =
                    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
                assert!(
                    text.chars().any(|letter| letter.is_alphabetic() && !letter.is_ascii()),
                    "{arguments:?}: {text}"
                );
                let text = if command.ends_with("html") { shown(&text) } else { text };
                // what is typed stands between backticks
                let said: String = text.split('`').step_by(2).collect();
                let is_left = |word: &&str| !known.contains(*word) && !own.contains(*word);
                let left: BTreeSet<&str> = words(&said).filter(is_left).collect();
                let lines: Vec<&str> =
                    text.lines().filter(|line| words(line).any(|word| left.contains(word))).collect();
                assert!(
                    left.is_empty(),
                    "{}: {arguments:?}: {left:?}\n{}",
                    folder.display(),
                    lines.join("\n")
                );
            }
        }
    }
}

#[test]
fn what_programs_read_is_the_same_in_every_language() {
    for (folder, arguments) in [
        ("examples/saas", &["report", "--every", "quarter", "--compare", "previous"][..]),
        ("examples/saas", &["report", "--month", "2026-05", "--by", "profile"]),
        ("examples/b2b", &["report", "--by", "owner,channel", "--top", "2"]),
        ("fixtures/presets", &["report", "--crm", "bitrix24-deals.csv"]),
    ] {
        let folder = project().join(folder);
        for format in ["csv", "json"] {
            let printed = |code: &str| {
                let more = ["--format", format, "--lang", code, "--quiet"];
                let output = run(&folder, &[arguments, &more].concat(), None);
                String::from_utf8(output.stdout).unwrap()
            };
            let english = printed("en");
            assert!(english.len() > 1000, "{arguments:?}: {english}");
            for code in codes() {
                assert!(printed(code) == english, "{arguments:?} as {format} differs in {code}");
            }
        }
    }
}

#[test]
fn numbers_days_and_months_are_written_as_the_language_writes_them() {
    let folder = project().join("examples/saas");
    for (code, revenue, day, month) in [
        ("en", "284,560.07", "2026-06-28", "2026-05"),
        ("ru", "284\u{a0}560,07", "28.06.2026", "май 2026"),
        ("bg", "284\u{a0}560,07", "28.06.2026", "май 2026"),
    ] {
        let said = |arguments: &[&str]| {
            let output = run(&folder, &[arguments, &["--lang", code, "--quiet"]].concat(), None);
            String::from_utf8(output.stdout).unwrap()
        };
        let whole = said(&["report", "channels"]);
        assert!(whole.contains(revenue) && whole.contains(day), "{code}: {whole}");
        let months =
            said(&["report", "bases", "--every", "month", "--from", "2026-04-01", "--to", "2026-06-01"]);
        assert!(months.contains(month), "{code}: {months}");
    }
}

#[test]
fn the_language_of_the_configuration_is_that_of_the_run_unless_the_command_line_names_one() {
    let folder = tempfile::tempdir().unwrap();
    let leads = "Lead ID,Created,MQL date\n1,2026-01-05,2026-01-07\n2,2026-01-06,\n";
    std::fs::write(folder.path().join("leads.csv"), leads).unwrap();
    let settings = "lang = 'ru'\n[[crm]]\nfiles = ['leads.csv']\n[kpi.half]\nvalue = 'mqls / 2'\n\
                    title = { en = 'Half', ru = 'Половина', bg = 'Половин' }\n";
    std::fs::write(folder.path().join("funnel.toml"), settings).unwrap();
    let said = |more: &[&str]| {
        let output = run(folder.path(), &[&["report", "own", "-q"], more].concat(), None);
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(said(&[]).contains("Половина"), "{}", said(&[]));
    assert!(said(&["--lang", "bg"]).contains("Половин\n"), "{}", said(&["--lang", "bg"]));
    assert!(said(&["--lang", "en"]).contains("Half"), "{}", said(&["--lang", "en"]));
}

/// What a reader of a page is shown, and what he is told of cells and pictures; formulas and keys are code.
fn shown(page: &str) -> String {
    let mut page = page.to_string();
    for tag in ["style", "script", "code"] {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        while let Some(from) = page.find(&open) {
            let to = page[from..].find(&close).map_or(page.len(), |length| from + length + close.len());
            page.replace_range(from..to, " ");
        }
    }
    let mut text = String::new();
    for piece in page.split('<') {
        let (tag, behind) = piece.split_once('>').unwrap_or(("", piece));
        for name in [" title=\"", " aria-label=\""] {
            text.extend(
                tag.split_once(name).and_then(|(_, rest)| rest.split_once('"')).map(|(told, _)| told),
            );
            text.push('\n');
        }
        text.push_str(behind);
        text.push('\n');
    }
    for (entity, letter) in [("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")] {
        text = text.replace(entity, letter);
    }
    text
}

/// The words of Latin letters; a key, which has `_` in it, is none.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.filter(|word| word.len() > 1 && word.chars().all(|letter| letter.is_ascii_alphabetic()))
}

/// All words of the files of a folder: what stands in exports and settings is nobody's to translate.
fn words_of_files(folder: &Path) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for ending in ["csv", "toml"] {
        for path in files(folder, ending) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let own: Vec<&str> = words(&text).chain(words(&name)).collect();
            known.extend(own.iter().map(|word| capitalised(word)));
            known.extend(own.into_iter().map(String::from));
        }
    }
    known
}
