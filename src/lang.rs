//! The language that people read: texts, numbers, days, months and plurals of a run, from a folder a language in `lang/`.
//!
//! A text stands in English where it is said (`say!("{count} {count:lead|leads} without a channel", count = found)`), and
//! that English is its key in the files of every other language. The language is set once, before anything is said; what
//! programs read (keys, CSV, JSON, settings, errors) does not depend on it. A further language is a further folder:
//! `language.toml` says how it writes, the other files have its texts, each those of a part of the program.

mod bilingual;
mod phrase;

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use anyhow::{Context, Result};
use chrono::NaiveDate;
use include_dir::{Dir, include_dir};
use serde::Deserialize;

use crate::error::{data_error, suggestion};
use crate::kpi::templates::capitalised;
pub use bilingual::Bilingual;
pub use phrase::{Told, fill};

static FILES: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/lang");
static LANGUAGE: OnceLock<Language> = OnceLock::new();
static ENGLISH: LazyLock<Language> = LazyLock::new(|| read("en").expect("a test reads every file"));

/// Dimensions that many exports have and that no column of the program is called: their names are in the language files too.
pub const USUAL_DIMENSIONS: [&str; 9] =
    ["segment", "region", "country", "city", "industry", "sector", "manager", "source", "company_size"];

/// A text in the language of the run, its marks filled in: `say!("{count} {count:lead|leads}", count = found)`.
///
/// A whole number is grouped and chooses its plural; a day or a period (`2026-03-31`, `2026-03`) is written as the language
/// writes it; what stands between backticks stays as it is typed. `{{` is a brace.
#[macro_export]
macro_rules! say {
    ($pattern:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::lang::said($pattern, &[$((stringify!($name), &$value as &dyn $crate::lang::Told)),*])
    };
}

/// A text that is said elsewhere, by [`text`]: so it must be in the files of all languages.
#[macro_export]
macro_rules! words {
    ($text:literal) => {
        $text
    };
}

/// How a language writes, and its texts by the English ones.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Language {
    /// `ru`
    #[serde(skip)]
    code: String,
    /// As its speakers call it.
    #[cfg_attr(not(test), expect(dead_code, reason = "for those who read the file of the language"))]
    name: String,
    plural: Plural,
    /// What stands before the fraction of a number, and between its thousands.
    decimal: String,
    thousands: String,
    /// `{day}`, `{month}` and `{year}` of a date.
    day: String,
    /// A `{number}` with its sign of percent.
    percent: String,
    /// Days `{from}` up to but not including `{to}`, or to the `{last}` of them.
    span: String,
    /// `{name}` or `{number}`, and `{year}`, of the calendar's periods.
    month: String,
    quarter: String,
    week: String,
    months: [String; 12],
    /// The stages that the field has names for.
    #[serde(default)]
    stages: HashMap<String, Stage>,
    #[serde(skip)]
    texts: HashMap<String, String>,
}

/// Which form of a word goes with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Plural {
    /// Of 1, and of all others.
    #[serde(rename = "one, other")]
    OneOther,
    /// Of 1, 21, 31 …; of 2 to 4, 22 to 24 … and of fractions; of all others.
    #[serde(rename = "one, few, many")]
    OneFewMany,
}

/// How a stage is called.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stage {
    title: String,
    plural: String,
}

/// The codes of all languages, English first.
pub fn codes() -> Vec<&'static str> {
    let mut codes: Vec<&str> = FILES.dirs().filter_map(|folder| folder.path().to_str()).collect();
    codes.sort_unstable_by_key(|code| (*code != "en", *code));
    codes
}

/// Sets the language of the run, which stays; `en` unless it is set.
///
/// # Errors
/// A language that there is no folder of.
pub fn set(code: &str) -> Result<()> {
    if !codes().contains(&code) {
        return Err(data_error(format!("`lang`: unknown language `{code}`"), suggestion(code, &codes())));
    }
    let language = read(code)?;
    // a second one would mix two languages in one answer
    let _ = LANGUAGE.set(language);
    Ok(())
}

/// A whole text in the language of the run; the text itself where the language has none.
pub fn text(english: &str) -> String {
    current().texts.get(english).map_or(english, String::as_str).to_string()
}

/// A pattern in the language of the run, its marks filled in. [`say!`] calls it.
pub fn said(pattern: &'static str, words: &[(&str, &dyn Told)]) -> String {
    let language = current();
    fill(language.texts.get(pattern).map_or(pattern, String::as_str), words)
}

/// The code of the language of the run.
pub fn code() -> &'static str {
    &current().code
}

/// How the stage is called, if the language has a name for it: alone, and in the plural.
pub fn stage(name: &str) -> Option<(&'static str, &'static str)> {
    current().stages.get(name).map(|stage| (stage.title.as_str(), stage.plural.as_str()))
}

/// `1234567` → `1,234,567`, or `1 234 567` with blanks that do not break.
pub fn whole(number: impl std::fmt::Display) -> String {
    grouped(&number.to_string(), &current().thousands)
}

/// A whole number with something between its thousands, whatever the language.
pub fn grouped(digits: &str, separator: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let mut grouped = String::from(sign);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push_str(separator);
        }
        grouped.push(digit);
    }
    grouped
}

/// `12.50` → `12,50`: a number whose thousands need no grouping.
pub fn decimal(number: &str) -> String {
    number.replace('.', &current().decimal)
}

/// Names or conditions that all hold: `channel and owner`.
pub fn all_of(names: &[impl AsRef<str>]) -> String {
    joined(names, |before, last| say!("{before} and {last}", before = before, last = last))
}

/// Things of which one is enough: `the column `a` in crm or the column `b` in spend`.
pub fn any_of(names: &[impl AsRef<str>]) -> String {
    joined(names, |before, last| say!("{before} or {last}", before = before, last = last))
}

fn joined(names: &[impl AsRef<str>], join: impl Fn(&str, &str) -> String) -> String {
    let mut names = names.iter().map(AsRef::as_ref);
    let first = names.next().unwrap_or_default().to_string();
    names.fold(first, |before, last| join(&before, last))
}

/// The heading of a dimension: `landing_page` → `Landing page`.
pub fn heading(dimension: &str) -> String {
    text(&capitalised(dimension))
}

/// A dimension within a title: `landing_page` → `landing page`, or its heading in small letters where the language has one.
pub fn dimension(name: &str) -> String {
    let Some(heading) = current().texts.get(&capitalised(name)) else { return name.replace('_', " ") };
    let mut letters = heading.chars();
    let (first, rest) = (letters.next(), letters.as_str());
    let is_word = rest.chars().next().is_none_or(|second| !second.is_uppercase());
    let first = first
        .into_iter()
        .flat_map(|first| if is_word { first.to_lowercase().collect() } else { vec![first] });
    first.chain(rest.chars()).collect()
}

/// What stands before the fraction of a number.
pub fn decimal_mark() -> &'static str {
    &current().decimal
}

/// A number with its sign of percent: `12.50 %`.
pub fn percent(number: &str) -> String {
    current().percent.replace("{number}", number)
}

/// A stage within a sentence: its title where the language has one, else its name.
pub fn stage_in_words(name: &str) -> String {
    stage(name).map_or(name, |(title, _)| title).to_string()
}

/// A day or a period of the calendar as people write it: `2026-03-31` → `31.03.2026`, `2026-03` → `март 2026`. All else is
/// left as it is.
pub fn day_or_period(text: &str) -> String {
    let language = current();
    let parts: Vec<&str> = text.split('-').collect();
    let is_number =
        |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let put = |pattern: &str, name: &str, number: &str| {
        pattern.replace("{year}", parts[0]).replace("{name}", name).replace("{number}", number)
    };
    match parts.as_slice() {
        [year, month, day] if is_number(year, 4) && is_number(month, 2) && is_number(day, 2) => {
            language.day.replace("{year}", year).replace("{month}", month).replace("{day}", day)
        }
        [year, month] if is_number(year, 4) && is_number(month, 2) => {
            let place = month.parse::<usize>().ok().and_then(|month| month.checked_sub(1));
            match place.and_then(|place| language.months.get(place)) {
                Some(name) => put(&language.month, name, month),
                None => text.to_string(),
            }
        }
        [year, part] if is_number(year, 4) => match (part.strip_prefix('Q'), part.strip_prefix('W')) {
            (Some(number), _) if is_number(number, 1) => put(&language.quarter, "", number),
            (_, Some(number)) if is_number(number, 2) => put(&language.week, "", number),
            _ => text.to_string(),
        },
        _ => match text.split_once("..") {
            Some((from, to)) => span(from, to).unwrap_or_else(|| text.to_string()),
            None => text.to_string(),
        },
    }
}

/// The label of a period, which is `all` for all dates, as people write it.
pub fn period(label: &str) -> String {
    if label == "all" { say!("all") } else { day_or_period(label) }
}

/// Days as people write them; none where they are no days.
fn span(from: &str, to: &str) -> Option<String> {
    let (_, end): (NaiveDate, NaiveDate) = (from.parse().ok()?, to.parse().ok()?);
    let last = day_or_period(&end.pred_opt()?.to_string());
    let text = current().span.replace("{from}", &day_or_period(from)).replace("{to}", &day_or_period(to));
    Some(text.replace("{last}", &last))
}

impl Plural {
    /// Which of the forms goes with a number; a fraction is no whole number.
    fn place(self, number: Option<u128>) -> usize {
        match (self, number) {
            (_, Some(1)) => 0,
            (Plural::OneFewMany, Some(number)) => match (number % 10, number % 100) {
                (_, 11..=14) => 2,
                (1, _) => 0,
                (2..=4, _) => 1,
                _ => 2,
            },
            // the form of fractions is that of 2
            _ => 1,
        }
    }
}

fn current() -> &'static Language {
    LANGUAGE.get().unwrap_or(&ENGLISH)
}

fn read(code: &str) -> Result<Language> {
    let folder = FILES.get_dir(code).with_context(|| format!("no language `{code}`"))?;
    let (mut language, mut texts) = (None, HashMap::new());
    for file in folder.files() {
        let text = file.contents_utf8().unwrap_or_default();
        let name = || file.path().display().to_string();
        if file.path().ends_with("language.toml") {
            language = Some(toml::from_str::<Language>(text).with_context(name)?);
        } else {
            texts.extend(toml::from_str::<HashMap<String, String>>(text).with_context(name)?);
        }
    }
    let language = language.with_context(|| format!("{code}/language.toml"))?;
    Ok(Language { code: code.to_string(), texts, ..language })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_can_be_read() {
        for code in codes() {
            let language = read(code).unwrap();
            assert!(!language.name.is_empty() && !language.decimal.is_empty(), "{code}");
        }
        assert!(codes().starts_with(&["en"]) && codes().contains(&"ru") && codes().contains(&"bg"));
    }

    #[test]
    fn thousands_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(whole(number), text);
        }
    }

    #[test]
    fn numbers_choose_the_forms_of_their_words() {
        let forms = |number| Plural::OneFewMany.place(Some(number));
        assert_eq!(
            [1, 2, 4, 5, 11, 12, 14, 21, 22, 25, 100, 101, 111, 112].map(forms),
            [0, 1, 1, 2, 2, 2, 2, 0, 1, 2, 2, 0, 2, 2]
        );
        assert_eq!(Plural::OneFewMany.place(None), 1);
        assert_eq!([0, 1, 2, 21].map(|number| Plural::OneOther.place(Some(number))), [1, 0, 1, 1]);
    }

    #[test]
    fn english_writes_days_and_periods_as_machines_do() {
        for text in [
            "2026-03-31",
            "2026-03",
            "2026-Q1",
            "2026-W09",
            "2026",
            "2026-01-01..2026-02-01",
            "a-b",
            "2026-13",
        ] {
            assert_eq!(day_or_period(text), text);
        }
    }
}
