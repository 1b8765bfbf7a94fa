//! What only a file of several blocks shows: everything is decided over all rows, not over the first ones. A block is
//! 256 KB; these files have 300 KB before the row that matters.

use std::fmt::Write;

use super::{Kind, difference, report, temporary, text, utf16le, write};
use crate::support::run;

const HEADER: &str = "lead_id,lead_at,won_at,channel,owner,amount\n";
/// Rows of at least 40 bytes that make 300 KB.
const MANY: usize = 7_500;

/// Many rows of the same cells under their own IDs.
fn rows(cells: &str) -> String {
    let mut text = HEADER.to_string();
    for number in 0..MANY {
        writeln!(text, "L{number:06},{cells}").expect("text grows");
    }
    assert!(text.len() >= 300_000, "{} bytes are too few", text.len());
    text
}

/// Latin and Cyrillic letters in windows-1251, in which `А` to `я` are 64 bytes in a row.
fn windows_1251(text: &str) -> Vec<u8> {
    let byte = |letter: char| match letter {
        'А'..='я' => u8::try_from(u32::from(letter) - u32::from('А') + 0xC0).expect("64 letters from 0xC0"),
        _ => u8::try_from(letter).ok().filter(u8::is_ascii).expect("a letter of windows-1251"),
    };
    text.chars().map(byte).collect()
}

/// Compares two files of these contents.
fn compare(messy: &[u8], clean: &str) {
    let folder = temporary();
    write(folder.path(), "messy.csv", messy);
    write(folder.path(), "clean.csv", clean);
    assert_eq!(difference(folder.path(), "messy.csv", "clean.csv", Kind::Crm), None);
}

/// What the program says of a file that it must refuse.
fn refused(messy: &str) -> String {
    let folder = temporary();
    write(folder.path(), "messy.csv", messy);
    let output = report(folder.path(), "messy.csv", Kind::Crm, &[]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(output.stdout.is_empty() && said.contains("hint:"), "{said}");
    said
}

#[test]
fn cyrillic_letters_after_300_kb_are_recognised() {
    let last = "L9,2026-02-13,2026-02-27,реклама,Анна Петрова,5\nL8,2026-02-14,,вебинар,Иван,7\n";
    let clean = rows("2026-01-13,2026-01-20,ads,Anna,12.50") + last;
    compare(&windows_1251(&clean), &clean);
    // the same where a mark tells the encoding
    compare(&utf16le(&format!("\u{feff}{clean}")), &clean);
}

#[test]
fn the_last_row_may_settle_the_order_of_a_date() {
    let clean = rows("2026-01-02,2026-02-03,ads,Ann,5") + "L9,2026-01-13,2026-02-14,ads,Ann,5\n";
    let day_first = rows("02/01/2026,03/02/2026,ads,Ann,5") + "L9,13/01/2026,14/02/2026,ads,Ann,5\n";
    let month_first = rows("01/02/2026,02/03/2026,ads,Ann,5") + "L9,01/13/2026,02/14/2026,ads,Ann,5\n";
    compare(day_first.as_bytes(), &clean);
    compare(month_first.as_bytes(), &clean);
}

#[test]
fn the_last_row_may_settle_the_convention_of_a_number() {
    let clean = rows("2026-01-02,2026-02-03,ads,Ann,1500") + "L9,2026-01-13,2026-02-14,ads,Ann,1234.50\n";
    let european =
        rows("2026-01-02,2026-02-03,ads,Ann,1.500") + "L9,2026-01-13,2026-02-14,ads,Ann,\"1.234,50\"\n";
    compare(european.as_bytes(), &clean);
}

#[test]
fn the_last_row_may_contradict_the_first() {
    let said = refused(&(rows("13/01/2026,14/02/2026,ads,Ann,5") + "L9,01/13/2026,02/14/2026,ads,Ann,5\n"));
    assert!(said.contains("column `lead_at`"), "{said}");
    let said =
        refused(&(rows("2026-01-02,2026-02-03,ads,Ann,1234.5") + "L9,2026-01-13,,ads,Ann,\"1.234,50\"\n"));
    assert!(said.contains("column `amount`"), "{said}");
}

/// Any number of threads decides alike, and so says the same.
#[test]
fn threads_do_not_change_what_is_decided() {
    let folder = temporary();
    write(
        folder.path(),
        "messy.csv",
        rows("02/01/2026,03/02/2026,ads,Ann,1.500") + "L9,13/01/2026,14/02/2026,ads,Ann,\"1.234,50\"\n",
    );
    let arguments = ["report", "--crm", "messy.csv", "--format", "csv"];
    let [one, three] = [1, 3].map(|threads| run(folder.path(), &arguments, Some(threads)));
    assert!(one.status.success(), "{}", text(&one.stderr));
    assert_eq!((text(&one.stdout), text(&one.stderr)), (text(&three.stdout), text(&three.stderr)));
}
