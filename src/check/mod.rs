//! What is wrong with the data: counted, located, and told beside the numbers it bears on.
//!
//! A [`Finding`] is what the join notices on its way and every report tells. `audit` is the whole audit of
//! `funnel check`: `list` names all that is looked for, `refused` reads on where a report stops, `noticed` tells what
//! reading and joining found, the other modules look, a group of checks each.

pub mod audit;
mod channels;
pub mod completeness;
pub mod contacts;
pub mod coverage;
mod customers;
mod deals;
mod duplicates;
pub mod list;
mod noticed;
pub mod order;
mod orphans;
pub mod placeholders;
pub mod refused;
pub mod subject;
pub mod threshold;
mod time;

use crate::input::table::Origin;
use crate::lang;

/// How many places a finding names.
const EXAMPLES: usize = 10;
/// How many places of rows one line shows.
const IN_A_LINE: usize = 3;

/// Something that was left out of a number, or counted although it looks wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The check of `funnel check` that tells it too.
    pub key: &'static str,
    /// The column that it is about, if it is about one.
    pub subject: Option<String>,
    /// What it is and what was done with it: `CRM rows without a lead ID, left out`.
    pub what: String,
    /// What it does to the numbers, where that is known when it is found.
    pub effect: String,
    /// How many.
    pub count: u64,
    /// Where the first ones are, or which they are.
    pub examples: Vec<String>,
    /// Whether there are more than the examples.
    pub has_more: bool,
    /// How many of the examples a line shows.
    shown: usize,
}

impl Finding {
    /// The same finding, about a column.
    #[must_use]
    pub fn about(self, column: &str) -> Finding {
        Finding { subject: Some(column.to_string()), ..self }
    }

    /// The same finding with what it does to the numbers.
    #[must_use]
    pub fn with_effect(self, effect: String) -> Finding {
        Finding { effect, ..self }
    }

    /// The same finding about so many, of which the examples are no list.
    #[must_use]
    pub fn with_count(self, count: u64) -> Finding {
        Finding { count, ..self }
    }

    /// One line: what, how many, where the first ones are.
    pub fn describe(&self) -> String {
        let shown: Vec<&str> = self.examples.iter().take(self.shown).map(String::as_str).collect();
        let more = if self.has_more || self.examples.len() > shown.len() { ", …" } else { "" };
        format!("{}: {} ({}{more})", self.what, lang::whole(self.count), shown.join(", "))
    }
}

/// A finding about these rows, to be told by the check of this key; none where there are none.
pub fn finding(
    key: &'static str,
    what: impl Into<String>,
    rows: impl IntoIterator<Item = usize>,
    origin: &Origin,
) -> Option<Finding> {
    let mut count = 0;
    let mut examples = Vec::new();
    for row in rows {
        count += 1;
        if examples.len() < EXAMPLES {
            examples.push(origin.describe(row));
        }
    }
    let has_more = count > examples.len() as u64;
    made(key, what.into(), (count, examples, has_more), IN_A_LINE)
}

/// A finding about these values, or none where there are none.
pub fn finding_of_values(
    key: &'static str,
    what: impl Into<String>,
    count: u64,
    values: &[String],
) -> Option<Finding> {
    let examples = values.iter().take(EXAMPLES).map(|value| format!("`{value}`")).collect();
    let has_more = values.len() > EXAMPLES;
    made(key, what.into(), (count, examples, has_more), IN_A_LINE)
}

/// A finding about so many places, of which the first are put in words, or none where there are none.
pub fn finding_of_texts(
    key: &'static str,
    what: impl Into<String>,
    count: usize,
    texts: impl Iterator<Item = String>,
) -> Option<Finding> {
    let examples: Vec<String> = texts.take(EXAMPLES).collect();
    let has_more = count > EXAMPLES;
    let count = count as u64;
    made(key, what.into(), (count, examples, has_more), EXAMPLES)
}

/// What was counted, if anything was: how many, examples, and whether there are more.
fn made(
    key: &'static str,
    what: String,
    (count, examples, has_more): (u64, Vec<String>, bool),
    shown: usize,
) -> Option<Finding> {
    debug_assert!(list::keys().any(|known| known == key), "no check has the key {key}");
    (count > 0).then_some(Finding {
        key,
        subject: None,
        what,
        effect: String::new(),
        count,
        examples,
        has_more,
        shown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_three_places_and_says_that_there_are_more() {
        let origin =
            Origin { files: vec!["a.csv".into()], file_of_row: vec![0; 4], line_of_row: vec![2, 3, 4, 5] };
        let found = finding("rows_without_lead_id", "rows without an ID", 0..4, &origin).unwrap();
        assert_eq!(found.describe(), "rows without an ID: 4 (a.csv:2, a.csv:3, a.csv:4, …)");
        assert_eq!(finding("unreadable_rows", "rows", [], &origin), None);
    }
}
