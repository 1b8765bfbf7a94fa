//! The one evaluator: measures over rows, grouped by dimensions, in exact sums that do not depend on the order of rows.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use anyhow::Result;

use super::catalogue::{Calculation, Catalogue, DaysStatistic, Entry, Quantity, QuantityKind};
use super::customers::{PRODUCT_GROUPS, product_column};
use super::exact::Exact;
use super::group::{self, Grouped, Grouping, Key, Tally};
use super::realised::Curves;
use super::rows::{PARAMETERS, Rows};
use super::statistics::{self, Histogram};
use super::view::{View, dimension};
use crate::leads::Over;
use crate::leads::accounts::COHORT_MONTH;
use crate::leads::allocation::Allocation;
use crate::leads::margin::EARNED;

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
    includes_negative_days: bool,
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

    /// What the data lack for a KPI: a table, or a column of one. None: the KPI can be computed.
    pub fn lacking(&self, entry: &Entry) -> Option<String> {
        let is_table = |need: &str| self.view.data.facts.keys().any(|over| over.name() == need);
        let unmet = entry.kpi.needs.iter().find(|need| !is_table(need) && !self.knows(Over::Leads, need));
        let by_needs = unmet.map(|need| self.describe_lack(Over::Leads, need));
        by_needs.or_else(|| {
            let measures = entry.calculation.measures();
            measures.into_iter().find_map(|measure| self.lacking_for(&self.catalogue.measures[measure]))
        })
    }

    fn lacking_for(&self, quantity: &Quantity) -> Option<String> {
        let facts = &self.view.data.facts;
        if !facts.contains_key(&quantity.over) {
            return Some(match quantity.over {
                Over::Customers if facts.contains_key(&Over::Contracts) => {
                    "the column `started_at` in contracts".to_string()
                }
                Over::Customers => describe_input(Over::Contracts),
                Over::Costs => "`[costs]` in funnel.toml".to_string(),
                over => describe_input(over),
            });
        }
        let mut names = columns_of(quantity).into_iter().filter(|name| !PARAMETERS.contains(&name.as_str()));
        names
            .find(|name| !self.knows(quantity.over, name))
            .map(|name| self.describe_lack(quantity.over, &name))
    }

    fn knows(&self, over: Over, name: &str) -> bool {
        let facts = self.view.data.facts.get(&over);
        let is_column = facts.is_some_and(|facts| facts.table.has(name))
            || dimension(self.view.data, over, name).is_some();
        let folded = |onto: &[Over]| {
            let measure = self.catalogue.measures.get(name);
            measure.is_some_and(|folded| !onto.contains(&folded.over) && self.lacking_for(folded).is_none())
        };
        match over {
            _ if is_column => return true,
            Over::Payments if name == EARNED => return true,
            Over::Accounts => {
                let has_products = || {
                    let contracts = self.view.data.facts.get(&Over::Contracts);
                    contracts.is_some_and(|facts| {
                        product_column(|name| facts.table.dictionaries.contains_key(name)).is_some()
                    })
                };
                let others =
                    [Over::Leads, Over::Accounts, Over::Spend, Over::Costs, Over::Tickets, Over::Customers];
                return if name == PRODUCT_GROUPS { has_products() } else { folded(&others) };
            }
            Over::Leads if name == EARNED => {
                return facts.is_some_and(|facts| facts.table.has("amount") || facts.table.has("margin"));
            }
            Over::Leads => {}
            _ => return false,
        }
        let stage = name.strip_suffix("_ever").or(name.strip_suffix("_at")).unwrap_or(name);
        match name {
            _ if self.view.stage(stage).is_some() => true,
            "lost" | "lost_at" => self.view.data.stages.knows_lost,
            "open" => self.view.stage("won").is_some(),
            "created" => true,
            _ => folded(&[Over::Leads]),
        }
    }

    fn describe_lack(&self, over: Over, name: &str) -> String {
        if name == "lost" {
            return "a date, a reason or a status of loss in crm".to_string();
        }
        if over == Over::Accounts {
            let folded = self.catalogue.measures.get(name).and_then(|measure| self.lacking_for(measure));
            return match folded {
                Some(lack) => lack,
                None if name == PRODUCT_GROUPS => "the column `product` in contracts".to_string(),
                None => format!("customers with `{name}`"),
            };
        }
        let stage = name.strip_suffix("_ever").or(name.strip_suffix("_at")).unwrap_or(name);
        if over == Over::Leads && self.catalogue.stages.iter().any(|known| known == stage) {
            return format!("the date `{stage}_at`, or a status, in crm");
        }
        let table = if over == Over::Leads { "crm" } else { over.name() };
        let names = self.view.data.facts.get(&over).map(|facts| facts.table.frame.get_column_names_str());
        let near = crate::error::nearest(name, names.unwrap_or_default());
        let near = near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
        format!("the column `{name}` in {table}{near}")
    }

    /// A KPI by dimensions: for each key its value, and the value over all rows.
    ///
    /// # Errors
    /// A predicate that does not fit the columns.
    pub fn kpi(&self, entry: &Entry, dimensions: &[String], key: Option<&Key>) -> Result<Computed> {
        if self.mixes_dimensions(entry, dimensions) {
            return Ok(Computed::default());
        }
        let mut tallies: HashMap<&str, Option<Rc<Grouped>>> = HashMap::new();
        for measure in entry.calculation.measures() {
            tallies.insert(measure, self.grouped(measure, dimensions)?);
        }
        let tally = |measure: &str, key: Option<&Key>| -> Option<Tally> {
            let grouped = tallies.get(measure)?.as_ref()?;
            match key {
                None => Some(grouped.total.clone()),
                Some(key) => Some(grouped.groups.get(key).cloned().unwrap_or_else(|| empty(&grouped.total))),
            }
        };
        let row = |measure: &str| tally(measure, key).map(|tally| tally.exact());
        let total = |measure: &str| tally(measure, None).map(|tally| tally.exact());
        Ok(match &entry.calculation {
            Calculation::Value(formula) => {
                Computed { value: formula.evaluate(&row, &total), ..Computed::default() }
            }
            Calculation::Ratio(numerator, denominator) => {
                let (numerator, denominator) =
                    (numerator.evaluate(&row, &total), denominator.evaluate(&row, &total));
                let value = numerator
                    .zip(denominator)
                    .and_then(|(numerator, denominator)| numerator.over(denominator));
                Computed { value, numerator, denominator, text: None }
            }
            Calculation::Days(statistic, measure) => match tally(measure, key) {
                Some(Tally::Days(days)) => days_statistic(*statistic, &days),
                _ => Computed::default(),
            },
            Calculation::Curve(side) => {
                let cost = row("spend").zip(row("customers_acquired"));
                let cost = cost.and_then(|(spend, customers)| spend.over(customers));
                self.of_curve(*side, dimensions, key, cost)?
            }
        })
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
        let Some(selected) = self.view.selected(quantity.over) else {
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
        let amount = |row: usize| match (&rows.amounts, &rows.days) {
            (Some(amounts), _) => Some(Exact::millionths(amounts.get(row))),
            (None, Some((from, to))) => {
                let days = i128::from(to.get(row)?) - i128::from(from.get(row)?);
                (days >= 0 || self.includes_negative_days).then(|| Exact::whole(days))
            }
            (None, None) => Some(Exact::whole(1)),
        };
        Ok(rows.mask.rows().filter_map(|row| Some((over, row, amount(row)?))).collect())
    }

    /// The groups of a table by dimensions; none where the table does not know one of them.
    pub(super) fn grouping(&self, over: Over, dimensions: &[String]) -> Option<Rc<Grouping>> {
        let cached = (over, dimensions.to_vec());
        if let Some(known) = self.groupings.borrow().get(&cached) {
            return Some(known.clone());
        }
        let grouping = Rc::new(group::grouping(self.view.data, over, dimensions)?);
        self.groupings.borrow_mut().insert(cached, grouping.clone());
        Some(grouping)
    }
}

/// The columns that a measure looks at.
fn columns_of(quantity: &Quantity) -> Vec<String> {
    let of_kind: Vec<String> = match &quantity.kind {
        QuantityKind::Count(predicate) => predicate.columns.iter().cloned().collect(),
        QuantityKind::Sum(formula) => formula.measures().into_iter().map(String::from).collect(),
        QuantityKind::Days(dates) => dates.to_vec(),
    };
    let of_filter = quantity.filter.iter().flat_map(|predicate| predicate.columns.iter().cloned());
    of_kind.into_iter().chain(of_filter).collect()
}

/// An input by its name and its option.
fn describe_input(over: Over) -> String {
    format!("{} (`--{}`)", over.name(), over.name())
}

fn empty(like: &Tally) -> Tally {
    match like {
        Tally::Count(_) => Tally::Count(0),
        Tally::Sum(_) => Tally::Sum(0),
        Tally::Days(_) => Tally::Days(Histogram::new()),
    }
}

fn days_statistic(statistic: DaysStatistic, days: &Histogram) -> Computed {
    let size = Exact::whole(i128::from(statistics::size(days)));
    match statistic {
        DaysStatistic::Mean => Computed {
            value: statistics::mean(days),
            numerator: Some(Exact::whole(statistics::total_days(days))),
            denominator: Some(size),
            text: None,
        },
        DaysStatistic::Median => {
            Computed { value: statistics::median(days), denominator: Some(size), ..Computed::default() }
        }
        DaysStatistic::P90 => {
            Computed { value: statistics::p90(days), denominator: Some(size), ..Computed::default() }
        }
        DaysStatistic::Size => Computed { value: Some(size), ..Computed::default() },
    }
}
