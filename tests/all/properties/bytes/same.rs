//! One table in any way of writing: the same rows, on any number of threads, wherever the blocks end.

use std::fmt::Write;
use std::path::Path;

use funnel_kpi::config::Config;
use funnel_kpi::input::tables::Kind;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseResult;

use super::nearly::Written;
use super::{cases, configuration, read_table};
use crate::properties::exports::write;

const HEADERS: [&str; 6] = ["lead_id", "lead_at", "won_at", "amount", "channel", "owner"];
const BLOCK: usize = 1 << 18;

/// A row: its cells, or nothing.
#[derive(Debug, Clone)]
enum Row {
    Cells([String; 6]),
    /// More cells than the header has.
    Ragged,
    Blank,
    Header,
    Total,
}

/// How the rows are written down.
#[derive(Debug, Clone, Copy)]
struct Style {
    separator: char,
    end: &'static str,
    written: Written,
    quotes_all: bool,
    ends_with_line_end: bool,
}

fn style() -> impl Strategy<Value = Style> {
    let encodings = vec![
        Written::Utf8,
        Written::Utf8WithMark,
        Written::Utf16 { is_little: true, has_mark: true },
        Written::Utf16 { is_little: false, has_mark: true },
        Written::Utf16 { is_little: true, has_mark: false },
        Written::Windows1251,
    ];
    (
        select(vec![',', ';', '\t']),
        select(vec!["\n", "\r\n", "\r"]),
        select(encodings),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(separator, end, written, quotes_all, ends_with_line_end)| Style {
            separator,
            end,
            written,
            quotes_all,
            ends_with_line_end,
        })
}

fn row() -> impl Strategy<Value = Row> {
    let date = || {
        select(vec!["2026-01-05", "05.02.2026", "2026-03-07 10:00", "", "soon", "2026-02-30"])
            .prop_map(String::from)
    };
    let amount = select(vec!["5", "12.5", "1,234.50", "", "-", "about 5", "$7"]).prop_map(String::from);
    let word = || {
        // letters that windows-1251 has
        select(vec!["ads", "реклама", "a, b; c", "a\tb", "say \"hi\"", "two\nlines", "", "№ 5", "ё"])
            .prop_map(String::from)
    };
    let cells = (0..50_u8, date(), date(), amount, word(), word()).prop_map(
        |(id, created, won, amount, channel, owner)| {
            Row::Cells([format!("L{id}"), created, won, amount, channel, owner])
        },
    );
    prop_oneof![30 => cells, 2 => Just(Row::Ragged), 2 => Just(Row::Blank), 1 => Just(Row::Header), 1 => Just(Row::Total)]
}

fn text(rows: &[Row], style: Style) -> String {
    let separator = style.separator.to_string();
    let quoted = |cell: &str| {
        let cell = cell.replace('\n', style.end);
        if style.quotes_all || cell.contains(['"', '\n', '\r', style.separator]) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell
        }
    };
    let line = |cells: &[String]| cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(&separator);
    let header = line(&HEADERS.map(String::from));
    let mut lines = vec![header.clone()];
    lines.extend(rows.iter().map(|row| match row {
        Row::Cells(cells) => line(cells),
        Row::Ragged => line(&["L9", "2026-01-01", "", "", "", "", "too", "many"].map(String::from)),
        Row::Blank => String::new(),
        Row::Header => header.clone(),
        Row::Total => line(&["Total", "", "", "12", "", ""].map(String::from)),
    }));
    lines.join(style.end) + if style.ends_with_line_end { style.end } else { "" }
}

const PLAIN: Style =
    Style { separator: ',', end: "\n", written: Written::Utf8, quotes_all: false, ends_with_line_end: true };

fn config_of(folder: &Path, text: &str, style: Style) -> Config {
    write(folder, "x.csv", &style.written.bytes(text));
    let settings = format!("on_error = \"skip\"\nencoding = \"{}\"\n", style.written.name());
    configuration(folder, Kind::Crm, Some(&settings)).expect("the configuration is right")
}

fn assert_same(rows: &[Row], style: Style) -> TestCaseResult {
    let folder = tempfile::tempdir().expect("a folder for the files");
    let plain = read_table(&config_of(folder.path(), &text(rows, PLAIN), PLAIN), Kind::Crm);
    let found = read_table(&config_of(folder.path(), &text(rows, style), style), Kind::Crm);
    match (plain, found) {
        (Ok((plain, counts)), Ok((found, found_counts))) => {
            let unified: Vec<Vec<String>> = found
                .iter()
                .map(|row| row.iter().map(|cell| cell.replace("\r\n", "\n").replace('\r', "\n")).collect())
                .collect();
            prop_assert_eq!(&plain, &unified);
            prop_assert_eq!((counts[0], counts[2]), (found_counts[0], found_counts[2]));
            prop_assert_eq!(counts.iter().sum::<usize>(), records(rows, PLAIN), "{:?}", counts);
            prop_assert_eq!(found_counts.iter().sum::<usize>(), records(rows, style), "{:?}", found_counts);
        }
        (Err(plain), Err(found)) => prop_assert_eq!(format!("{plain:#}"), format!("{found:#}")),
        (plain, found) => prop_assert!(false, "one way is refused: {plain:?}, {found:?}"),
    }
    Ok(())
}

/// The records under the header; a blank line at the very end is only the end of the line before.
fn records(rows: &[Row], style: Style) -> usize {
    let ends_blank = matches!(rows.last(), Some(Row::Blank)) && !style.ends_with_line_end;
    rows.len() - usize::from(ends_blank)
}

/// The rows of a file of several blocks: small ones up to a few bytes around the end of the first block, a row that is a
/// trap, more rows; under a header without a further name.
fn large(trap: &str, before_end: usize) -> String {
    let header = HEADERS.join(",").len() + ",\n".len();
    let mut text = String::new();
    let mut number = 0;
    while header + text.len() + 60 < BLOCK - before_end {
        writeln!(text, "L{number:05},2026-01-05,,{}.5,ads,Ann,", number % 90).expect("text grows");
        number += 1;
    }
    let missing = BLOCK - before_end - header - text.len();
    // a row of just the length that is missing, its line feed included
    let fixed = "P,2026-01-05,,7,ads,,\n".len();
    writeln!(text, "P,2026-01-05,,7,ads,{},", "x".repeat(missing - fixed)).expect("text grows");
    text.push_str(trap);
    for more in 0..9_000 {
        writeln!(text, "M{more:05},2026-02-05,,{}.5,radio,Боб,", more % 80).expect("text grows");
    }
    text
}

/// Rows that must be read whole wherever a block ends: the row, and its channel and owner.
const TRAPS: [(&str, &str, &str); 7] = [
    ("T1,2026-03-01,,5,\"a\nb\nc\",Ann,\n", "a\nb\nc", "Ann"),
    ("T1,2026-03-01,,5,\"say \"\"\n\"\"hi\"\"\",\"\"\"\",\n", "say \"\n\"hi\"", "\""),
    ("T1,2026-03-01,,5,реклама,👍🏽👍🏽,\n", "реклама", "👍🏽👍🏽"),
    ("T1,2026-03-01,,\"1,234.5\",\"\",5\" pipe,\r\n", "", "5\" pipe"),
    ("T1,2026-03-01,,5,\"\r\n\r\n\",Ann,\r\n", "", "Ann"),
    ("\n\n\nT1,2026-03-01,,5,a,b,\n\n\n", "a", "b"),
    ("Q,2026-03-01,,5,a,b,c,d,e\nT1,01.03.2026,,5,c,d,\nQ,soon,,5,a,b,\n", "c", "d"),
];

fn assert_blocks_do_not_matter(
    trap: usize,
    before_end: usize,
    pad: usize,
    written: Written,
) -> TestCaseResult {
    let (row, channel, owner) = TRAPS[trap];
    let style = Style { written, ..PLAIN };
    let folder = tempfile::tempdir().expect("a folder for the files");
    let read = |threads: usize, header: &str| {
        let text = format!("{},{header}\n{}", HEADERS.join(","), large(row, before_end));
        let config = config_of(folder.path(), &text, style);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a few threads");
        pool.install(|| read_table(&config, Kind::Crm))
            .map_err(|error| TestCaseError::fail(format!("{error:#}")))
    };
    let (one, counts) = read(1, "")?;
    prop_assert_eq!(&one, &read(3, "")?.0);
    let found = one.iter().find(|row| row[1] == "T1").expect("the trap is a row of data");
    let cell = |name: &str| &found[one[0].iter().position(|own| own == name).expect("a column")];
    prop_assert_eq!((cell("channel").as_str(), cell("owner").as_str()), (channel, owner));
    // a longer header moves all rows, but changes none: only its name differs
    let (moved, moved_counts) = read(2, &"h".repeat(pad))?;
    prop_assert_eq!(counts, moved_counts);
    let own = |rows: &[Vec<String>]| -> Vec<Vec<String>> {
        rows[1..].iter().map(|row| row[..7].to_vec()).collect()
    };
    prop_assert_eq!(own(&one), own(&moved));
    Ok(())
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn every_way_of_writing_gives_one_table(rows in vec(row(), 1..20), style in style()) {
        assert_same(&rows, style)?;
    }
}

proptest! {
    #![proptest_config(cases(3))]

    #[test]
    fn the_ends_of_blocks_and_the_threads_change_nothing(
        (trap, before_end) in (0..TRAPS.len(), 0..64_usize),
        pad in 1..64_usize,
        written in select(vec![Written::Utf8, Written::Utf8WithMark, Written::Utf16 { is_little: true, has_mark: true }]),
    ) {
        assert_blocks_do_not_matter(trap, before_end, pad, written)?;
    }
}
