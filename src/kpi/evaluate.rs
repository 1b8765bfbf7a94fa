//! The one evaluator: measures over rows, grouped by dimensions, in exact sums that do not depend on the order of rows.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use anyhow::Result;

use super::catalogue::{Calculation, Catalogue, DaysStatistic, Entry, Quantity, QuantityKind, Unit};
use super::exact::Exact;
use super::formula::Values;
use super::group::{self, Choice, Grouped, Grouping, Key, Tally};
use super::lags::SECONDS_AN_HOUR;
use super::realised::Curves;
use super::rows::Rows;
use super::statistics::{self, Histogram};
use super::survival::{End, Survival};
use super::view::{View, is_bucket};
use crate::input::clock::FIRST_TOUCH;
use crate::leads::Over;
use crate::leads::accounts::COHORT_MONTH;
use crate::leads::allocation::Allocation;

/// A KPI in one row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Computed {
    pub value: Option<Exact>,
    pub numerator: Option<Exact>,
    pub denominator: Option<Exact>,
    /// What is told to people where there is no value.
    pub text: Option<String>,
}

/// Results that are computed once.
type Kept<Key, Result> = RefCell<HashMap<Key, Rc<Result>>>;

/// Evaluates measures in one view; what was evaluated once is kept.
pub struct Evaluator<'a> {
    pub view: View<'a>,
    pub(super) catalogue: &'a Catalogue,
    pub(super) includes_negative_days: bool,
    rows: Kept<String, Rows>,
    grouped: Kept<(String, Vec<String>), Grouped>,
    groupings: Kept<(Over, Vec<String>), Grouping>,
    pub(super) allocations: Kept<String, Allocation>,
    pub(super) curves: Kept<Vec<String>, Curves>,
}

impl<'a> Evaluator<'a> {
    /// An evaluator of the catalogue in a view.
    pub fn new(view: View<'a>, catalogue: &'a Catalogue, includes_negative_days: bool) -> Evaluator<'a> {
        Evaluator {
            view,
            catalogue,
            includes_negative_days,
            rows: RefCell::default(),
            grouped: RefCell::default(),
            groupings: RefCell::default(),
            allocations: RefCell::default(),
            curves: RefCell::default(),
        }
    }

    /// A KPI by dimensions: for each key its value, and the value over all rows.
    ///
    /// # Errors
    /// A predicate that does not fit the columns.
    pub fn kpi(&self, entry: &Entry, dimensions: &[String], key: Option<&Key>) -> Result<Computed> {
        self.kpi_of(entry, dimensions, key.map_or(Choice::All, Choice::One))
    }

    /// A KPI over all keys of dimensions that are chosen: of their sums, never a mean of their values.
    ///
    /// # Errors
    /// A predicate that does not fit the columns.
    pub fn kpi_over(
        &self,
        entry: &Entry,
        dimensions: &[String],
        is_chosen: &dyn Fn(&Key) -> bool,
    ) -> Result<Computed> {
        self.kpi_of(entry, dimensions, Choice::Where(is_chosen))
    }

    /// A KPI of the rows of the chosen groups.
    fn kpi_of(&self, entry: &Entry, dimensions: &[String], choice: Choice) -> Result<Computed> {
        if self.mixes_dimensions(entry, dimensions) {
            return Ok(Computed::default());
        }
        if let Calculation::Largest(measure, dimension) = &entry.calculation {
            return self.largest(measure, dimension, dimensions, choice);
        }
        let mut tallies: HashMap<&str, Option<Rc<Grouped>>> = HashMap::new();
        for measure in entry.calculation.measures() {
            tallies.insert(measure, self.grouped(measure, dimensions)?);
        }
        let grouped = |measure: &str| tallies.get(measure)?.as_ref();
        let tally = |measure: &str| grouped(measure).map(|grouped| choice.of(grouped));
        let row = |measure: &str| tally(measure).map(|tally| tally.exact());
        let total = |measure: &str| grouped(measure).map(|grouped| grouped.total.exact());
        let mean = |measure: &str| match tally(measure) {
            Some(Tally::Lags(lags)) => statistics::mean(&lags)?.over(self.lag_unit(measure, Unit::Number)),
            _ => None,
        };
        let values = Values { row: &row, total: &total, mean: &mean };
        Ok(match &entry.calculation {
            Calculation::Value(formula) => {
                Computed { value: formula.evaluate(&values), ..Computed::default() }
            }
            Calculation::Ratio(numerator, denominator) => {
                let (numerator, denominator) = (numerator.evaluate(&values), denominator.evaluate(&values));
                let value = numerator
                    .zip(denominator)
                    .and_then(|(numerator, denominator)| numerator.over(denominator));
                Computed { value, numerator, denominator, text: None }
            }
            Calculation::Days(statistic, measure) => match tally(measure) {
                Some(Tally::Lags(lags)) => {
                    lags_statistic(*statistic, &lags, self.lag_unit(measure, entry.kpi.unit))
                }
                Some(Tally::Survival(times)) => in_unit(entry.kpi.unit, times_statistic(*statistic, &times)),
                _ => Computed::default(),
            },
            // a difference between groups is no value of one
            Calculation::Largest(..) | Calculation::Contrast => Computed::default(),
            Calculation::Curve(side) => {
                let cost = row("spend").zip(row("customers_acquired"));
                let cost = cost.and_then(|(spend, customers)| spend.over(customers));
                self.of_curve(*side, dimensions, choice, cost)?
            }
        })
    }

    /// The part of the largest value of a dimension in a measure; who has no value of it is nobody's.
    fn largest(
        &self,
        measure: &str,
        dimension: &str,
        dimensions: &[String],
        choice: Choice,
    ) -> Result<Computed> {
        let split: Vec<String> = dimensions.iter().cloned().chain([dimension.to_string()]).collect();
        let (Some(parts), Some(all)) = (self.grouped(measure, &split)?, self.grouped(measure, dimensions)?)
        else {
            return Ok(Computed::default());
        };
        let mut of_value: BTreeMap<&str, Grouped> = BTreeMap::new();
        for (place, tally) in &parts.groups {
            let Some((value, rest)) = place.split_last() else { continue };
            if is_bucket(value) {
                continue;
            }
            let of_value = of_value
                .entry(value)
                .or_insert_with(|| Grouped { total: tally.empty(), groups: BTreeMap::new() });
            of_value.total.add(tally);
            of_value.groups.insert(rest.to_vec(), tally.clone());
        }
        let largest = of_value.values().map(|grouped| choice.of(grouped).exact().to_millionths()).max();
        let largest = largest.filter(|largest| *largest != 0);
        let (largest, all) = (largest.map(Exact::millionths), choice.of(&all).exact());
        let value = largest.and_then(|largest| largest.over(all));
        Ok(Computed { value, numerator: largest, denominator: Some(all), text: None })
    }

    /// The keys of dimensions at which some measure of a KPI counts something.
    ///
    /// # Errors
    /// A predicate that does not fit the columns.
    pub fn keys(&self, entry: &Entry, dimensions: &[String]) -> Result<BTreeSet<Key>> {
        let mut keys = BTreeSet::new();
        if self.mixes_dimensions(entry, dimensions) {
            return Ok(keys);
        }
        for measure in entry.calculation.measures() {
            if let Some(grouped) = self.grouped(measure, dimensions)? {
                keys.extend(grouped.groups.keys().cloned());
            }
        }
        Ok(keys)
    }

    /// Whether a dimension means one thing to one measure and another to the next: the product of a contract is not the
    /// product of its lead, so cases by the one over customers by the other would be no ratio.
    fn mixes_dimensions(&self, entry: &Entry, dimensions: &[String]) -> bool {
        let own = |over: Over, name: &String| {
            let facts = self.view.data.facts.get(&over);
            let is_own = facts.is_some_and(|facts| facts.table.dictionaries.contains_key(name));
            match over {
                Over::Contracts | Over::Customers if is_own => Some(Over::Contracts),
                Over::Tickets if is_own => Some(Over::Tickets),
                Over::Payments if is_own => Some(Over::Payments),
                _ => None,
            }
        };
        let tables: Vec<Over> = entry
            .calculation
            .measures()
            .iter()
            .map(|measure| self.catalogue.measures[*measure].over)
            .collect();
        let mut dimensions = dimensions.iter().filter(|name| *name != COHORT_MONTH);
        dimensions.any(|name| tables.windows(2).any(|pair| own(pair[0], name) != own(pair[1], name)))
    }

    /// A measure by dimensions; none where its table does not know one of them, or a filter.
    ///
    /// # Errors
    /// A predicate that does not fit the columns.
    pub fn grouped(&self, measure: &str, dimensions: &[String]) -> Result<Option<Rc<Grouped>>> {
        let cached = (measure.to_string(), dimensions.to_vec());
        if let Some(known) = self.grouped.borrow().get(&cached) {
            return Ok(Some(known.clone()));
        }
        let over = self.catalogue.measures[measure].over;
        let needs_allocation = over == Over::Spend && !self.spend_knows(dimensions);
        let grouped = if needs_allocation {
            self.allocated(measure, dimensions)?
        } else {
            let Some(rows) = self.rows(measure)? else {
                return Ok(None);
            };
            let Some(grouping) = self.grouping(over, dimensions) else {
                return Ok(None);
            };
            Some(group::group(&rows, &grouping, self.includes_negative_days))
        };
        let grouped = grouped.map(Rc::new);
        if let Some(grouped) = &grouped {
            self.grouped.borrow_mut().insert(cached, grouped.clone());
        }
        Ok(grouped)
    }

    /// The rows of a measure in this view; none where its table cannot answer a filter.
    ///
    /// # Errors
    /// A predicate that does not fit the columns.
    pub fn rows(&self, measure: &str) -> Result<Option<Rc<Rows>>> {
        if let Some(known) = self.rows.borrow().get(measure) {
            return Ok(Some(known.clone()));
        }
        let quantity = &self.catalogue.measures[measure];
        let Some(selected) = self.view.selected_earlier(quantity.over, quantity.days_earlier) else {
            return Ok(None);
        };
        let rows = self.rows_within(quantity, selected);
        let rows = Rc::new(rows.map_err(|error| error.context(format!("measure `{measure}`")))?);
        self.rows.borrow_mut().insert(measure.to_string(), rows.clone());
        Ok(Some(rows))
    }

    /// The rows that a measure counts, each with what it adds: 1, its amount or its days. Spend that has to reach the
    /// leads first comes by lead.
    ///
    /// # Errors
    /// A predicate that does not fit the columns.
    pub fn contributions(&self, measure: &str) -> Result<Vec<(Over, usize, Exact)>> {
        let over = self.catalogue.measures[measure].over;
        if over == Over::Spend && !self.spend_knows(&[]) {
            return self.allocated_contributions(measure);
        }
        let Some(rows) = self.rows(measure)? else {
            return Ok(Vec::new());
        };
        let amount = |row: usize| match (&rows.amounts, &rows.lags) {
            // each counts once among those who can have the event
            _ if rows.times.is_some() => {
                let end: Option<End> = rows.times.as_ref()?.end(row, self.includes_negative_days);
                end.map(|_| Exact::whole(1))
            }
            (Some(amounts), _) => Some(Exact::millionths(amounts.get(row))),
            (None, Some(lags)) => lags.exact(row, self.includes_negative_days),
            (None, None) => Some(Exact::whole(1)),
        };
        Ok(rows.mask.rows().filter_map(|row| Some((over, row, amount(row)?))).collect())
    }

    /// How much of what a measure of times counts makes one of the unit: days are counted as days, hours as seconds.
    fn lag_unit(&self, measure: &str, unit: Unit) -> Exact {
        let is_of_hours = matches!(self.catalogue.measures[measure].kind, QuantityKind::HoursToFirstTouch);
        let day = if is_of_hours { 24 * SECONDS_AN_HOUR } else { 1 };
        match unit {
            Unit::Months => Exact::whole(day).times(days_a_month()).unwrap_or(Exact::whole(day)),
            Unit::Days => Exact::whole(day),
            _ if is_of_hours => Exact::whole(SECONDS_AN_HOUR),
            _ => Exact::whole(1),
        }
    }

    /// The groups of a table by dimensions; none where the table does not know one of them.
    pub(super) fn grouping(&self, over: Over, dimensions: &[String]) -> Option<Rc<Grouping>> {
        let cached = (over, dimensions.to_vec());
        if let Some(known) = self.groupings.borrow().get(&cached) {
            return Some(known.clone());
        }
        let grouping = Rc::new(group::grouping(&self.view, over, dimensions)?);
        self.groupings.borrow_mut().insert(cached, grouping.clone());
        Some(grouping)
    }
}

/// The columns that a measure looks at.
pub fn columns_of(quantity: &Quantity) -> Vec<String> {
    let of_kind: Vec<String> = match &quantity.kind {
        QuantityKind::Count(predicate) => predicate.columns.iter().cloned().collect(),
        QuantityKind::Sum(formula) => formula.measures().into_iter().map(String::from).collect(),
        QuantityKind::Days(dates) => dates.to_vec(),
        QuantityKind::HoursToFirstTouch => vec!["created_at".to_string(), FIRST_TOUCH.to_string()],
        // where nothing tells that a lead is lost it can still get there
        QuantityKind::Survival(dates, never) => {
            let given_up = never.iter().flat_map(|never| never.columns.iter().cloned());
            dates.iter().cloned().chain(given_up.filter(|name| name != "lost")).collect()
        }
    };
    let of_filter = quantity.filter.iter().flat_map(|predicate| predicate.columns.iter().cloned());
    of_kind.into_iter().chain(of_filter).collect()
}

/// Statistics of days in the unit of their KPI.
fn in_unit(unit: Unit, computed: Computed) -> Computed {
    if unit != Unit::Months {
        return computed;
    }
    let value = computed.value.and_then(|days| days.over(days_a_month()));
    Computed { value, ..computed }
}

/// 12 months are 365.25 days.
fn days_a_month() -> Exact {
    Exact::fraction(1461, 48).expect("a year has months")
}

fn times_statistic(statistic: DaysStatistic, times: &Survival) -> Computed {
    let size = Exact::whole(i128::from(times.size()));
    let value = match statistic {
        DaysStatistic::Mean => times.restricted_mean(),
        DaysStatistic::Median => times.quantile(0.5),
        DaysStatistic::P90 => times.quantile(0.9),
        DaysStatistic::Converted | DaysStatistic::ByAge => times.converted(),
        DaysStatistic::Longest => times.longest(),
        DaysStatistic::Size | DaysStatistic::AtRisk => {
            return Computed { value: Some(size), ..Computed::default() };
        }
    };
    Computed { value, denominator: Some(size), ..Computed::default() }
}

/// A statistic of times between two dates; `unit` is what makes one of the KPI's unit.
fn lags_statistic(statistic: DaysStatistic, lags: &Histogram, unit: Exact) -> Computed {
    let size = Exact::whole(i128::from(statistics::size(lags)));
    let value = match statistic {
        DaysStatistic::Mean => statistics::mean(lags),
        DaysStatistic::Median => statistics::median(lags),
        DaysStatistic::P90 => statistics::p90(lags),
        DaysStatistic::Size => return Computed { value: Some(size), ..Computed::default() },
        // the catalogue asks for these of times only
        DaysStatistic::Converted | DaysStatistic::Longest | DaysStatistic::ByAge | DaysStatistic::AtRisk => {
            return Computed::default();
        }
    };
    let value = value.and_then(|value| value.over(unit));
    let sum = || Exact::whole(statistics::total(lags)).over(unit);
    let numerator = if statistic == DaysStatistic::Mean { sum() } else { None };
    Computed { value, numerator, denominator: Some(size), text: None }
}
