//! Messy files whose report is that of a clean twin, byte for byte.

use super::Kind::{Crm, Spend, Tickets};
use super::{Kind, difference, folder, report, text};
use crate::support::{key, parse};

/// Messy file or configuration, its clean twin, and what both are.
type Twin = (&'static str, &'static str, Kind);

const CLEAN: &str = "clean.csv";
const CLEAN_SPEND: &str = "clean-spend.csv";

/// Bytes that are no plain UTF-8. `windows-1251-headers.csv` has Cyrillic letters in its header only.
const ENCODINGS: &[Twin] = &[
    ("utf8-bom.csv", CLEAN, Crm),
    ("utf16le-tab.csv", CLEAN, Crm),
    ("utf16be.csv", CLEAN, Crm),
    ("windows-1251.csv", CLEAN, Crm),
    ("windows-1251-headers.toml", "windows-1251-headers-clean.csv", Crm),
    ("latin1.toml", "latin1-clean.csv", Crm),
];

/// An owner, `Петров, Иван`, holds a comma that needs no quotes in a file of semicolons or tabs.
const SEPARATORS: &[Twin] = &[
    ("semicolon.csv", CLEAN, Crm),
    ("tab.tsv", CLEAN, Crm),
    ("quoted-everywhere.csv", CLEAN, Crm),
    ("crlf.csv", CLEAN, Crm),
    ("lone-cr.csv", CLEAN, Crm),
    ("mixed-line-ends.csv", CLEAN, Crm),
    ("no-last-line-end.csv", CLEAN, Crm),
    ("line-breaks-in-cells.toml", CLEAN, Crm),
];

/// What stands above the data, with separators of its own, and headers that are not neat.
const HEADERS: &[Twin] = &[
    ("preamble.csv", CLEAN, Crm),
    ("preamble-semicolon.csv", CLEAN, Crm),
    ("preamble-spend.csv", CLEAN_SPEND, Spend),
    ("padded-headers.csv", CLEAN, Crm),
    ("repeated-headers.csv", CLEAN_SPEND, Spend),
    ("repeated-headers-crm.toml", CLEAN, Crm),
    ("phantom-columns.csv", CLEAN, Crm),
    ("phantom-columns-longer-rows.csv", CLEAN, Crm),
    ("trailing-separators.csv", CLEAN, Crm),
    ("trailing-separators-quoted.csv", CLEAN, Crm),
];

/// Rows that are no data. In `total-as-a-name.csv` nothing is to be dropped: its campaigns, which the report does not
/// split by, are called `Total Fitness` and the like.
const ROWS: &[Twin] = &[
    ("empty-rows.csv", CLEAN, Crm),
    ("totals-campaigns.csv", CLEAN_SPEND, Spend),
    ("totals-second-cell.csv", CLEAN_SPEND, Spend),
    ("totals-grand.csv", CLEAN_SPEND, Spend),
    ("totals-itogo.csv", CLEAN_SPEND, Spend),
    ("totals-vsego.csv", CLEAN_SPEND, Spend),
    ("totals-first.csv", CLEAN_SPEND, Spend),
    ("totals-differ.csv", CLEAN_SPEND, Spend),
    ("totals-of-leads.csv", CLEAN, Crm),
    ("total-as-a-name.csv", CLEAN_SPEND, Spend),
    ("footer.csv", CLEAN, Crm),
    ("footer-with-total.csv", CLEAN, Crm),
    ("footer-row-count.csv", CLEAN_SPEND, Spend),
    ("repeated-header-row.csv", CLEAN, Crm),
    ("repeated-header-row-bom.csv", CLEAN, Crm),
];

/// Each column has at least one number that only one convention can read.
const NUMBERS: &[Twin] = &[
    ("us.csv", CLEAN, Crm),
    ("us-spend.csv", CLEAN_SPEND, Spend),
    ("european.csv", CLEAN, Crm),
    ("decimal-comma.csv", CLEAN, Crm),
    ("dots-as-thousands.csv", CLEAN, Crm),
    ("nbsp.csv", CLEAN, Crm),
    ("nbsp-windows-1251.csv", CLEAN, Crm),
    ("blank-thousands.csv", CLEAN, Crm),
    ("apostrophes.csv", CLEAN, Crm),
    ("apostrophes-typographic.csv", CLEAN, Crm),
    ("padded-numbers.csv", CLEAN, Crm),
    ("plus-signs.csv", CLEAN, Crm),
    ("minus-signs.csv", CLEAN, Crm),
    ("percentages.toml", "percentages-clean.toml", Tickets),
    ("percentages-comma.toml", "percentages-clean.toml", Tickets),
];

/// Signs, codes and words of currencies, before and behind the number; thousands and millions as letters.
const MONEY: &[Twin] = &[
    ("reais.csv", CLEAN, Crm),
    ("dollars.csv", CLEAN, Crm),
    ("euros.csv", CLEAN, Crm),
    ("euros-behind.csv", CLEAN, Crm),
    ("roubles-sign.csv", CLEAN, Crm),
    ("roubles-word.csv", CLEAN, Crm),
    ("currency-code.csv", CLEAN, Crm),
    ("letters.csv", CLEAN, Crm),
];

/// Each column has at least one date that only one order can read.
const DATES: &[Twin] = &[
    ("dates-dotted.csv", CLEAN, Crm),
    ("dates-dotted-minutes.csv", CLEAN, Crm),
    ("dates-dotted-seconds.csv", CLEAN, Crm),
    ("dates-dotted-short.csv", CLEAN, Crm),
    ("dates-iso-zones.csv", CLEAN, Crm),
    ("dates-iso-minutes.csv", CLEAN, Crm),
    ("dates-month-first.csv", CLEAN, Crm),
    ("dates-day-first.csv", CLEAN, Crm),
    ("dates-day-first-dashes.csv", CLEAN, Crm),
    ("dates-compact.csv", CLEAN, Crm),
    ("dates-month-names.csv", CLEAN, Crm),
    ("dates-full-month-names.csv", CLEAN, Crm),
    ("dates-zoho.csv", CLEAN, Crm),
    ("dates-weekdays.csv", CLEAN, Crm),
    ("dates-twelve-hours.csv", CLEAN, Crm),
    ("dates-each-column-its-own.csv", CLEAN, Crm),
    ("dates-words.csv", CLEAN, Crm),
];

/// Two readings that the configuration settles, each in both ways, and two that come to the same.
const SETTLED: &[Twin] = &[
    ("ambiguous-dates-day-first.toml", "ambiguous-dates-clean-day-first.csv", Crm),
    ("ambiguous-dates-month-first.toml", "ambiguous-dates-clean-month-first.csv", Crm),
    ("ambiguous-amounts-thousands.toml", "ambiguous-amounts-clean-thousands.csv", Crm),
    ("ambiguous-amounts-decimals.toml", "ambiguous-amounts-clean-decimals.csv", Crm),
    ("ambiguous-commas-thousands.toml", "ambiguous-amounts-clean-thousands.csv", Crm),
    ("ambiguous-commas-decimals.toml", "ambiguous-amounts-clean-decimals.csv", Crm),
    ("equal-readings.csv", "equal-readings-clean.csv", Crm),
];

const NULL_WORDS: &[Twin] = &[("null-words.csv", CLEAN, Crm)];
const SEVERAL_ROWS: &[Twin] = &[("several-rows.toml", CLEAN, Crm)];
const BUNDLES: &[Twin] = &[("everything-at-once.csv", CLEAN_SPEND, Spend)];
const NULL_WORDS_OFF: [&str; 2] = ["null-words-off.csv", "null-words-off.toml"];

/// The files that the tests of this module read.
pub fn files() -> impl Iterator<Item = &'static str> {
    let lists = [
        ENCODINGS,
        SEPARATORS,
        HEADERS,
        ROWS,
        NUMBERS,
        MONEY,
        DATES,
        SETTLED,
        NULL_WORDS,
        SEVERAL_ROWS,
        BUNDLES,
    ];
    let twins = lists.into_iter().flatten().flat_map(|(messy, clean, _)| [*messy, *clean]);
    twins.chain(NULL_WORDS_OFF)
}

/// All pairs are tried before the first is complained of: one cause often breaks several.
fn are_equal(twins: &[Twin]) {
    let all = twins.iter().filter_map(|(messy, clean, kind)| difference(&folder(), messy, clean, *kind));
    let differences: Vec<String> = all.collect();
    assert!(differences.is_empty(), "{} of {}:\n{}", differences.len(), twins.len(), differences.join("\n"));
}

#[test]
fn encodings_are_recognised() {
    are_equal(ENCODINGS);
}

#[test]
fn separators_and_line_ends_do_not_matter() {
    are_equal(SEPARATORS);
}

#[test]
fn the_header_is_found_whatever_stands_around_it() {
    are_equal(HEADERS);
}

#[test]
fn rows_that_are_no_data_are_dropped() {
    are_equal(ROWS);
}

#[test]
fn numbers_are_read_in_every_convention() {
    are_equal(NUMBERS);
}

#[test]
fn money_is_read_with_its_signs_and_letters() {
    are_equal(MONEY);
}

#[test]
fn dates_are_read_in_every_form() {
    are_equal(DATES);
}

#[test]
fn the_configuration_settles_what_can_be_read_in_two_ways() {
    are_equal(SETTLED);
}

#[test]
fn null_words_are_empty_cells() {
    are_equal(NULL_WORDS);
}

#[test]
fn the_rows_of_a_deal_add_up() {
    are_equal(SEVERAL_ROWS);
}

/// UTF-16 with tabs, two lines above the header, a repeated header, a padded and an empty one, `1,234.50`, ` --`,
/// `< 10%`, `Jan 13, 2026`, two rows of totals with their labels in different cells.
#[test]
fn the_traps_of_an_ad_platform_come_together() {
    are_equal(BUNDLES);
}

/// Two leads of `(not set)` and one without a channel: three of `(none)`, or two and one where only `-` is a null word.
#[test]
fn null_words_can_be_switched_off() {
    let leads = |file: &str, channel: &str| {
        let output = report(&folder(), file, Crm, &["segments", "--by", "channel", "--quiet"]);
        assert!(output.status.success(), "{file}: {}", text(&output.stderr));
        let rows = parse(&text(&output.stdout));
        let found = rows.iter().find(|row| {
            row["kpi"] == "leads" && key(row).get("channel").is_some_and(|value| value == channel)
        });
        found.map(|row| row["value"].clone()).unwrap_or_default()
    };
    let [by_default, switched_off] = NULL_WORDS_OFF;
    assert_eq!([leads(by_default, "(not set)"), leads(by_default, "(none)")], ["", "3"]);
    assert_eq!([leads(switched_off, "(not set)"), leads(switched_off, "(none)")], ["2", "1"]);
}

/// The file says 7000, the rows add up to 6616.44.
#[test]
fn a_total_that_is_not_the_sum_is_told() {
    let said = text(&report(&folder(), "totals-differ.csv", Spend, &[]).stderr);
    let note = said.lines().map(|line| line.replace(',', "")).find(|line| line.contains("6616.44"));
    let note = note.unwrap_or_else(|| panic!("the sum is not told: {said}"));
    assert!(note.contains("7000"), "{note}");
    assert!(said.contains("totals-differ.csv:11"), "{said}");
    let agreed = text(&report(&folder(), "totals-itogo.csv", Spend, &[]).stderr).replace(',', "");
    assert!(!agreed.contains("6616.44"), "{agreed}");
}
