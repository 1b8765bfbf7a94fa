//! Companies nobody thought of: what must hold for all of them is tried on random ones.
//!
//! The numbers themselves come from the oracle; beside it stand the promises of the program: the order of rows, the
//! number of files and threads change nothing, parts add up to the total, and no input makes it panic.

mod bytes;
mod exports;

use std::collections::BTreeMap;
use std::path::Path;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseResult;

use self::exports::{Cells, Exports, HEADERS, exports, write};
use crate::oracle::company::Company;
use crate::oracle::{Asked, check};
use crate::support::{Row, key, parse, run};

/// What a run prints on stdout, which must succeed.
fn printed(folder: &Path, arguments: &[&str], threads: Option<usize>) -> Result<Vec<u8>, TestCaseError> {
    let output = run(folder, arguments, threads);
    let errors = String::from_utf8_lossy(&output.stderr);
    prop_assert!(output.status.success(), "funnel {arguments:?}: {errors}");
    Ok(output.stdout)
}

const CSV: [&str; 3] = ["report", "--format", "csv"];
const TEXT: [&str; 3] = ["report", "--format", "table"];

/// Leads in two files and every file in another order: not a byte of the CSV may differ.
fn assert_order_does_not_matter(
    exports: &Exports,
    keys: &[Vec<u32>; 4],
    cut: Index,
    options: &[&str],
) -> TestCaseResult {
    let arguments: Vec<&str> = CSV.iter().chain(options).copied().collect();
    let (as_is, shuffled) = (exports.write(), exports.write());
    for (file, (name, _)) in HEADERS.iter().enumerate() {
        let rows = &exports.files[file];
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|row| keys[file][*row]);
        let rows: Vec<&Cells> = order.iter().map(|row| &rows[*row]).collect();
        let cut = if *name == "leads.csv" { cut.index(rows.len()) } else { 0 };
        write(shuffled.path(), name, exports.text(file, &rows[cut..]).as_bytes());
        if cut > 0 {
            write(shuffled.path(), "leads-2.csv", exports.text(file, &rows[..cut]).as_bytes());
        }
    }
    let (left, right) =
        (printed(as_is.path(), &arguments, None)?, printed(shuffled.path(), &arguments, Some(2))?);
    prop_assert_eq!(String::from_utf8_lossy(&left), String::from_utf8_lossy(&right));
    Ok(())
}

/// KPIs that add up: the parts by any dimension make the total.
const ADDITIVE: [&str; 24] = [
    "lead_to_mql_dropped",
    "opportunity_to_won_dropped",
    "lifetime_spells",
    "leads",
    "mqls",
    "sqls",
    "opportunities",
    "wins",
    "won",
    "lost",
    "open",
    "revenue",
    "spend",
    "impressions",
    "clicks",
    "contracts",
    "contracts_churned",
    "mrr",
    "mrr_churned",
    "active_start",
    "new_customers",
    "churned",
    "active_end",
    "mrr_start",
];

fn millionths(row: &Row) -> Option<i128> {
    crate::oracle::company::millionths(&row["value"])
}

fn assert_parts_add_up(rows: &[Row]) -> TestCaseResult {
    let mut parts: BTreeMap<([String; 3], String), i128> = BTreeMap::new();
    let mut totals: BTreeMap<[String; 3], i128> = BTreeMap::new();
    for row in rows.iter().filter(|row| ADDITIVE.contains(&row["kpi"].as_str())) {
        let (place, key) = (["table", "period", "kpi"].map(|column| row[column].clone()), key(row));
        let Some(value) = millionths(row) else { continue };
        if key.is_empty() {
            totals.insert(place, value);
        } else {
            let split = key.into_keys().collect::<Vec<_>>().join(",");
            *parts.entry((place, split)).or_default() += value;
        }
    }
    for ((place, split), sum) in parts {
        prop_assert_eq!(totals.get(&place).copied(), Some(sum), "{:?} by {}", place, split);
    }
    Ok(())
}

fn assert_spend_is_that_of_the_file(exports: &Exports, rows: &[Row]) -> TestCaseResult {
    let costs = exports.files[1].iter().filter_map(|row| crate::oracle::company::millionths(&row[5]));
    let total: i128 = costs.sum();
    let totals: Vec<&Row> = rows.iter().filter(|row| row["kpi"] == "spend" && key(row).is_empty()).collect();
    prop_assert!(!totals.is_empty());
    for row in totals {
        prop_assert_eq!(millionths(row), Some(total), "{}", &row["table"]);
    }
    Ok(())
}

const SCOPES: [&[&str]; 12] = [
    &[],
    &["--month", "2026-03"],
    &["--quarter", "2026-Q1", "--basis", "event"],
    &["--month", "2026-02", "--basis", "cohort"],
    &["--skips", "strict"],
    &["--skips", "any", "--basis", "event", "--month", "2026-04"],
    &["--by", "owner,channel"],
    &["--as-of", "2026-03-31"],
    &["--top", "1"],
    &["--top", "2", "--by", "owner,channel"],
    &["--top", "1", "--every", "quarter", "--compare", "previous"],
    &["--top", "1", "--month", "2026-03", "--compare", "previous"],
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn the_order_of_rows_and_files_changes_nothing(
        exports in exports(),
        keys in proptest::array::uniform4(vec(any::<u32>(), 12)),
        cut in any::<Index>(),
        options in select(SCOPES.to_vec()),
    ) {
        assert_order_does_not_matter(&exports, &keys, cut, options)?;
    }

    #[test]
    fn the_number_of_threads_changes_nothing(exports in exports(), options in select(SCOPES.to_vec())) {
        let folder = exports.write();
        for format in [CSV, TEXT] {
            let arguments: Vec<&str> = format.iter().chain(options).copied().collect();
            let one = printed(folder.path(), &arguments, Some(1))?;
            for threads in [2, 4] {
                prop_assert_eq!(&one, &printed(folder.path(), &arguments, Some(threads))?);
            }
        }
    }

    #[test]
    fn parts_add_up_to_the_total(exports in exports(), options in select(SCOPES.to_vec())) {
        let folder = exports.write();
        let arguments: Vec<&str> = CSV.iter().chain(options).copied().collect();
        let rows = parse(&String::from_utf8_lossy(&printed(folder.path(), &arguments, None)?));
        assert_parts_add_up(&rows)?;
        if options.iter().all(|option| !["--month", "--quarter", "--as-of", "--every"].contains(option)) {
            assert_spend_is_that_of_the_file(&exports, &rows)?;
        }
    }

    #[test]
    fn the_oracle_agrees_on_any_company(
        exports in exports(),
        period in of(select(vec![
            ("--month", "2026-02", "2026-02-01", "2026-03-01"),
            ("--quarter", "2026-Q1", "2026-01-01", "2026-04-01"),
        ])),
        basis in of(select(vec!["cohort", "event"])),
        skips in of(select(vec!["imply", "strict", "any"])),
        by in select(vec![&[][..], &["owner"], &["segment", "campaign"]]),
    ) {
        let folder = exports.write();
        check(folder.path(), &Company::read(folder.path()), &Asked { period, basis, skips, by, filter: None });
    }
}

/// Bytes that look like parts of a CSV more often than not.
fn debris() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&'static [u8]> = vec![
        b"\n",
        b"\r\n",
        b"\r",
        b",",
        b";",
        b"\t",
        b"\"",
        b"\"\"",
        b"Lead ID",
        b"Created",
        b"Cost",
        b"Day",
        b"Started at",
        b"2026-01-05",
        b"31.12.2026",
        b"9999-12-31",
        b"0001-01-01",
        b"-",
        b"1e400",
        b"99999999999999",
        b"9223372036854.775807",
        b"-0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xc3\x28",
        b"\0",
        b" ",
        b"L1",
    ];
    let piece = prop_oneof![4 => select(pieces).prop_map(<[u8]>::to_vec), 1 => vec(any::<u8>(), 0..6)];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn assert_does_not_panic(folder: &Path, arguments: &[&str]) -> TestCaseResult {
    let output = run(folder, arguments, Some(2));
    let errors = String::from_utf8_lossy(&output.stderr);
    prop_assert!(!errors.contains("panicked"), "{}", errors);
    prop_assert!(matches!(output.status.code(), Some(0..=2)), "{:?}: {}", output.status, errors);
    if !output.status.success() {
        prop_assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
        prop_assert!(errors.contains("error: "), "{}", errors);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(120) })]

    #[test]
    fn no_bytes_make_it_panic(
        exports in exports(),
        file in select(vec!["leads.csv", "ads.csv", "tickets.csv", "contracts.csv", "funnel.toml"]),
        has_header in any::<bool>(),
        debris in debris(),
        options in select(SCOPES.to_vec()),
    ) {
        let folder = exports.write();
        let header = HEADERS.iter().find(|(name, _)| *name == file && has_header).map_or("", |(_, header)| header);
        let text = if header.is_empty() { debris } else { [header.as_bytes(), b"\n", &debris].concat() };
        write(folder.path(), file, &text);
        let arguments: Vec<&str> = TEXT.iter().chain(options).copied().collect();
        assert_does_not_panic(folder.path(), &arguments)?;
    }

    /// Each cell by itself may hold anything: the row keeps its width, so the cell is reached.
    #[test]
    fn no_cell_makes_it_panic(
        exports in exports(),
        (file, row, column) in (0_usize..4, any::<Index>(), any::<Index>()),
        cell in prop_oneof![
            select(vec!["9999-12-31", "0001-01-01", "31.12.2026", "9223372036854.775807", "-9223372036854.775808", "99999999999999", "-5", "(total)", "(none)", "(no leads)", "\u{0}"]).prop_map(String::from),
            any::<String>(),
        ],
        options in select(SCOPES.to_vec()),
    ) {
        let mut exports = exports;
        let row = row.index(exports.files[file].len());
        let column = column.index(exports.files[file][row].len());
        exports.files[file][row][column] = cell.replace('\r', "");
        let folder = exports.write();
        let arguments: Vec<&str> = TEXT.iter().chain(options).copied().collect();
        assert_does_not_panic(folder.path(), &arguments)?;
    }
}
