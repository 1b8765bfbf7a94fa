//! Messy files that are refused, because every reading of them would be a guess: the error shows the place, the cell and
//! the way out. The exact words stand in `tests/transcripts/`.

use super::Kind::{Crm, Tickets};
use super::{Kind, folder, report, text};

/// A file, what it is, and what the error must name; `|` stands between two of which one is enough.
type Refusal = (&'static str, Kind, &'static [&'static str]);

/// Both readings of a real cell are shown, and the setting that chooses one.
const TWO_READINGS: &[Refusal] = &[
    (
        "ambiguous-dates.csv",
        Crm,
        &[
            "ambiguous-dates.csv:2:",
            "column `lead_at`",
            "`03/04/2026`",
            "2026-04-03",
            "2026-03-04",
            "[crm.formats]",
            "D/M/YYYY",
        ],
    ),
    (
        "ambiguous-amounts.csv",
        Crm,
        &[
            "ambiguous-amounts.csv:2:",
            "column `amount`",
            "`50.000`",
            "50000|50,000",
            "[crm.formats]",
            "amount = \"1.234,56\"",
        ],
    ),
    (
        "ambiguous-commas.csv",
        Crm,
        &[
            "ambiguous-commas.csv:2:",
            "column `amount`",
            "`50,000`",
            "[crm.formats]",
            "amount = \"1,234.56\"|amount = \"1.234,56\"",
        ],
    ),
];

/// One column in two conventions: no reading fits all rows.
const NO_READING: &[Refusal] = &[
    (
        "both-orders.csv",
        Crm,
        &["both-orders.csv:2:|both-orders.csv:4:", "column `lead_at`", "13/01/2024|01/13/2024"],
    ),
    (
        "both-conventions.csv",
        Crm,
        &["both-conventions.csv:2:|both-conventions.csv:4:", "column `amount`", "1,234.50|1.234,50"],
    ),
    (
        "mixed-currencies.csv",
        Crm,
        &["mixed-currencies.csv:2:|mixed-currencies.csv:4:", "column `amount`", "€5|$5"],
    ),
    (
        "percent-and-plain.csv",
        Tickets,
        &["percent-and-plain.csv:2:|percent-and-plain.csv:3:", "column `csat`", "25 %|0.25"],
    ),
];

/// `Jürgen Müller` in ISO-8859-1 would be `Jьrgen Mьller` in windows-1251.
const UNKNOWN_ENCODING: &[Refusal] = &[("latin1.csv", Crm, &["latin1.csv", "encoding ="])];

const RAGGED: &[Refusal] = &[
    ("ragged.csv", Crm, &["ragged.csv:3:", "7 fields", "the header has 6"]),
    ("ragged-short.csv", Crm, &["ragged-short.csv:3:", "4 fields", "the header has 6"]),
];

/// The line of a bad cell is that of the file, whatever was dropped, decoded or split differently before it.
const PLACES: &[Refusal] = &[
    ("preamble-bad-cell.csv", Crm, &["preamble-bad-cell.csv:6:", "column `lead_at`", "`2024-02-30`"]),
    ("lone-cr-bad-cell.csv", Crm, &["lone-cr-bad-cell.csv:3:", "column `lead_at`", "`2024-02-30`"]),
    ("utf16-bad-cell.csv", Crm, &["utf16-bad-cell.csv:3:", "column `lead_at`", "`2024-02-30`"]),
];

/// The files that the tests of this module read.
pub fn files() -> impl Iterator<Item = &'static str> {
    [TWO_READINGS, NO_READING, UNKNOWN_ENCODING, RAGGED, PLACES]
        .into_iter()
        .flatten()
        .map(|(file, _, _)| *file)
}

/// All files are tried before the first is complained of.
fn are_refused(refusals: &[Refusal]) {
    let mut complaints = Vec::new();
    for (file, kind, names) in refusals {
        let output = report(&folder(), file, *kind, &[]);
        let said = text(&output.stderr);
        let is_refused = output.status.code() == Some(1) && output.stdout.is_empty();
        let always = ["error:", "hint:"];
        let missing: Vec<&&str> = always
            .iter()
            .chain(*names)
            .filter(|name| !name.split('|').any(|either| said.contains(either)))
            .collect();
        if !is_refused || !missing.is_empty() {
            let code = output.status.code();
            complaints.push(format!("{file}: {code:?}, without {missing:?}: {said}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn two_readings_that_differ_are_both_shown() {
    are_refused(TWO_READINGS);
}

#[test]
fn a_column_in_two_conventions_is_refused() {
    are_refused(NO_READING);
}

#[test]
fn an_unknown_encoding_is_never_taken_for_a_known_one() {
    are_refused(UNKNOWN_ENCODING);
}

#[test]
fn ragged_rows_are_neither_cut_nor_padded() {
    are_refused(RAGGED);
}

#[test]
fn a_bad_cell_is_found_on_its_line() {
    are_refused(PLACES);
}
