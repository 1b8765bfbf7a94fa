//! What the rows behind a KPI are listed with: columns from which, and from nothing else, its value can be computed again.
//!
//! A measure that counts or sums has one column, which adds up to it. A median is no sum: a row has its days there, and a
//! row without days has no cell. Of times until an event (Kaplan–Meier) a row has its days, and whether the event came.
//! What customers have brought by an age has a column for each age, and a share of the largest one for what is the
//! largest's.

use std::collections::BTreeSet;

use anyhow::Result;

use super::catalogue::{Calculation, CurveSide, DaysStatistic, Entry, Quantity, QuantityKind};
use super::derived::complaints;
use super::derived::profile::{self, DOES_NOT_FIT, FITS};
use super::evaluate::Evaluator;
use super::exact::Exact;
use super::survival::End;
use super::view::is_bucket;
use crate::leads::Over;
use crate::period::format_day;
use crate::say;

/// Ages that are listed; beyond ten years the last one alone.
const MOST_AGES: usize = 121;

/// What the columns of margin by age begin with; the age in months follows.
pub const MARGIN_BY_AGE: &str = "margin_by_age_";

/// What a row adds: its table, its place there, and the cell.
pub type Cell = (Over, usize, Exact);

/// A column of the rows behind a KPI.
#[derive(Debug, Clone)]
pub struct Listed {
    pub name: String,
    /// What its cells are, in words.
    pub what: String,
    /// Whether a row without a cell is left out of the column; else it adds 0 to its sum.
    pub has_gaps: bool,
    pub cells: Vec<Cell>,
}

impl Evaluator<'_> {
    /// The columns that a KPI can be computed from in this view.
    ///
    /// # Errors
    /// A predicate that does not fit the columns.
    pub fn listed(&self, entry: &Entry) -> Result<Vec<Listed>> {
        let mut columns = Vec::new();
        if let Calculation::Curve(_) = &entry.calculation {
            columns.extend(self.listed_by_age()?);
        }
        for measure in entry.calculation.measures() {
            let is_of_curve = matches!(measure, "margin_to_date" | "customers_begun");
            if !matches!(&entry.calculation, Calculation::Curve(_) if is_of_curve) {
                columns.extend(self.listed_of(measure)?);
            }
        }
        match &entry.calculation {
            Calculation::Largest(measure, dimension) => {
                columns.push(self.listed_of_largest(measure, dimension)?);
            }
            Calculation::Contrast => columns.extend(self.listed_sides()?),
            _ => {}
        }
        Ok(columns)
    }

    /// The columns of one measure.
    fn listed_of(&self, measure: &str) -> Result<Vec<Listed>> {
        let quantity: &Quantity = &self.catalogue.measures[measure];
        let what = match &quantity.kind {
            QuantityKind::Survival(..) => return self.listed_times(measure),
            QuantityKind::Count(_) => say!("1 for each row that counts"),
            QuantityKind::Sum(_) => say!("what the row adds to the sum"),
            QuantityKind::Days(_) => say!("the days of the row; empty where it is not among them"),
            QuantityKind::HoursToFirstTouch => say!(
                "the hours of the row to six decimals, which tell the second; empty where it is not among them"
            ),
        };
        if self.grouped(measure, &[])?.is_none() {
            let what =
                say!("unknown under this filter, so no row has it, and nothing can be computed from it");
            return Ok(vec![Listed { name: measure.to_string(), what, has_gaps: true, cells: Vec::new() }]);
        }
        let has_gaps = matches!(quantity.kind, QuantityKind::Days(_) | QuantityKind::HoursToFirstTouch);
        let cells = self.contributions(measure)?;
        Ok(vec![Listed { name: measure.to_string(), what, has_gaps, cells }])
    }

    /// What the rows of a measure add, by what they add it to, as far as it stays as it is while the data do: of times until
    /// an event, whether it came (`_event`) and after how many days (`_days`), or can never come (`_never`), and for whom it
    /// is open, since which day (`_since`, as YYYYMMDD): the days so far grow from day to day.
    ///
    /// # Errors
    /// A predicate that does not fit the columns.
    pub fn lasting(&self, measure: &str) -> Result<Vec<(String, Vec<Cell>)>> {
        if !self.is_of_times(measure) {
            return Ok(vec![(measure.to_string(), self.contributions(measure)?)]);
        }
        let [days, events, never, since] = lasting_names(measure);
        let mut columns = [days, events, never, since].map(|name| (name, Vec::new()));
        for (over, row, from, end) in self.ends(measure)? {
            let cell = |number| (over, row, Exact::whole(number));
            columns[1].1.push(cell(i128::from(matches!(end, End::Event(_)))));
            match end {
                End::Event(days) => columns[0].1.push(cell(i128::from(days))),
                End::Never => columns[2].1.push(cell(1)),
                End::Censored(_) => columns[3].1.push(cell(day_as_number(from))),
            }
        }
        Ok(columns.into())
    }

    /// The names of the columns of [`Evaluator::lasting`].
    pub fn lasting_columns(&self, measure: &str) -> Vec<String> {
        if self.is_of_times(measure) { lasting_names(measure).into() } else { vec![measure.to_string()] }
    }

    fn is_of_times(&self, measure: &str) -> bool {
        matches!(self.catalogue.measures[measure].kind, QuantityKind::Survival(..))
    }

    /// Of times until an event: the day from which each row counts, and how it ends.
    fn ends(&self, measure: &str) -> Result<Vec<(Over, usize, i32, End)>> {
        let Some(rows) = self.rows(measure)? else { return Ok(Vec::new()) };
        let Some(times) = &rows.times else { return Ok(Vec::new()) };
        let end = |row| {
            let end = times.end(row, self.includes_negative_days)?;
            Some((rows.over, row, times.from.get(row)?, end))
        };
        Ok(rows.mask.rows().filter_map(end).collect())
    }

    /// Of times until an event: the days of each row, and whether the event came.
    fn listed_times(&self, measure: &str) -> Result<Vec<Listed>> {
        let (mut days, mut events) = (Vec::new(), Vec::new());
        for (over, row, _, end) in self.ends(measure)? {
            let (observed, is_event) = match end {
                End::Event(days) => (Some(days), 1),
                End::Censored(days) => (Some(days), 0),
                End::Never => (None, 0),
            };
            days.extend(observed.map(|days| (over, row, Exact::whole(i128::from(days)))));
            events.push((over, row, Exact::whole(is_event)));
        }
        let column = |name: &str, what, cells| Listed {
            name: format!("{measure}_{name}"),
            what,
            has_gaps: true,
            cells,
        };
        Ok(vec![
            column(
                "days",
                say!(
                    "the days observed, to the event or to as_of; empty where the event can never come (lost): such a row is at risk to the end"
                ),
                days,
            ),
            column("event", say!("1 where the event came, 0 where it has not come, or never will"), events),
        ])
    }

    /// For each customer that it counts, and what it had brought by each age that all have reached.
    fn listed_by_age(&self) -> Result<Vec<Listed>> {
        let margins = self.margins_by_age()?;
        let ages = margins.first().map_or(0, |(_, by_age)| by_age.len());
        let members = margins.iter().map(|(row, _)| (Over::Accounts, *row, Exact::whole(1)));
        let mut columns = vec![Listed {
            name: "customers_begun".to_string(),
            what: say!("1 for each customer of the cohort"),
            has_gaps: false,
            cells: members.collect(),
        }];
        let is_shown = |age: &usize| *age < MOST_AGES || age + 1 == ages;
        for age in (0..ages).filter(is_shown) {
            let cell = |(row, by_age): &(usize, Vec<i128>)| {
                (Over::Accounts, *row, Exact::millionths(by_age.get(age).copied().unwrap_or(0)))
            };
            columns.push(Listed {
                name: format!("{MARGIN_BY_AGE}{age}"),
                what: say!(
                    "the margin received from the customer by that many months of age (0: the month in which it began)"
                ),
                has_gaps: false,
                cells: margins.iter().map(cell).collect(),
            });
        }
        Ok(columns)
    }

    /// Of what a measure counts the rows of the value of a dimension that has most of it; of two with as much the first
    /// by name.
    fn listed_of_largest(&self, measure: &str, dimension: &str) -> Result<Listed> {
        let over = self.catalogue.measures[measure].over;
        let split = [dimension.to_string()];
        let grouped = self.grouped(measure, &split)?;
        let mut largest: Option<(&String, i128)> = None;
        for (key, tally) in grouped.iter().flat_map(|grouped| &grouped.groups) {
            let Some(value) = key.first().filter(|value| !is_bucket(value)) else { continue };
            let amount = tally.exact().to_millionths();
            if largest.is_none_or(|(_, known)| amount > known) {
                largest = Some((value, amount));
            }
        }
        let mut cells = Vec::new();
        if let (Some((value, _)), Some(grouping)) = (largest, self.grouping(over, &split)) {
            let is_of_largest = |(of, row, _): &Cell| {
                *of == over && grouping.key(grouping.group_of(*row)).first() == Some(value)
            };
            cells = self.contributions(measure)?.into_iter().filter(is_of_largest).collect();
        }
        Ok(Listed {
            name: format!("{measure}_of_largest_{dimension}"),
            what: say!("the same of the {dimension} who has most of it", dimension = dimension),
            has_gaps: false,
            cells,
        })
    }

    /// On which side of the two questions about churn each customer stands, as far as it is known.
    fn listed_sides(&self) -> Result<Vec<Listed>> {
        let mut rows: BTreeSet<usize> = BTreeSet::new();
        for measure in ["customers_at_risk", "customers_left"] {
            rows.extend(self.contributions(measure)?.into_iter().map(|(_, row, _)| row));
        }
        let side = |dimension: &str, numbers: [(&str, i128); 2], name: &str, what: String| {
            let grouping = self.grouping(Over::Customers, &[dimension.to_string()]);
            let cell = |row: &usize| {
                let grouping = grouping.as_ref()?;
                let word = grouping.key(grouping.group_of(*row)).first()?;
                let (_, number) = numbers.iter().find(|(side, _)| side == word)?;
                Some((Over::Customers, *row, Exact::whole(*number)))
            };
            Listed {
                name: name.to_string(),
                what,
                has_gaps: true,
                cells: rows.iter().filter_map(cell).collect(),
            }
        };
        Ok(vec![
            side(
                profile::NAME,
                [(DOES_NOT_FIT, 1), (FITS, 0)],
                "does_not_fit",
                say!(
                    "1 where the customer does not fit the profile, 0 where it fits; empty where nothing tells"
                ),
            ),
            side(
                complaints::NAME,
                [(complaints::YES, 1), (complaints::NO, 0)],
                "had_complaint",
                say!("1 where the customer had a complaint, 0 where it had none; empty where nothing tells"),
            ),
        ])
    }
}

/// How the value of a KPI is computed from the columns of its rows, in words.
pub fn computed_from(entry: &Entry) -> String {
    match &entry.calculation {
        Calculation::Ratio(..) | Calculation::Value(_) => {
            say!(
                "{formula}, each name for the sum of its column, mean(x) for the mean of its cells",
                formula = entry.formula
            )
        }
        Calculation::Days(DaysStatistic::Size, measure) => {
            say!("the number of rows of {measure}", measure = measure)
        }
        Calculation::Days(..) => entry.formula.clone(),
        Calculation::Largest(measure, dimension) => {
            let formula = format!("{measure}_of_largest_{dimension} / {measure}");
            say!("{formula}, each name for the sum of its column", formula = formula)
        }
        Calculation::Curve(CurveSide::Realised) => {
            say!("the sum of margin_by_age_N / the sum of customers_begun, N the last age or any other")
        }
        Calculation::Curve(CurveSide::Payback) => {
            say!(
                "the first N with margin_by_age_N / customers_begun >= spend / customers_acquired, each name for the sum of its column"
            )
        }
        Calculation::Curve(CurveSide::Recovered) => {
            say!(
                "(margin_by_age_N / customers_begun) / (spend / customers_acquired) at the last age N, each name for the sum of its column"
            )
        }
        Calculation::Contrast => {
            say!("customers_left / customers_at_risk where the side is 1, less the same where it is 0")
        }
    }
}

/// 20260131 for the last of January.
fn day_as_number(day: i32) -> i128 {
    format_day(day).replace('-', "").parse().unwrap_or_default()
}

/// The columns of times until an event: days, whether it came, whether it never can, since when it is open.
fn lasting_names(measure: &str) -> [String; 4] {
    ["days", "event", "never", "since"].map(|name| format!("{measure}_{name}"))
}
