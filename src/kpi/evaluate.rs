//! The one evaluator: measures over rows, grouped by dimensions, in exact sums that do not depend on the order of rows.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use anyhow::Result;

use super::catalogue::{Calculation, Catalogue, DaysStatistic, Entry, Quantity, QuantityKind, Unit};
use super::derived;
use super::exact::Exact;
use super::formula::Values;
use super::group::{self, Grouped, Grouping, Key, Tally};
use super::rows::{PARAMETERS, Rows};
use super::sql::Predicate;
use super::statistics::{self, Histogram};
use super::survival::{End, Survival};
use super::view::{View, dimension, is_bucket};
use crate::leads::Over;
use crate::leads::allocation::Allocation;

/// A KPI in one row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Computed {
    pub value: Option<Exact>,
    pub numerator: Option<Exact>,
    pub denominator: Option<Exact>,
}

/// The need of a KPI that follows leads from stage to stage.
const LEAD_IDS: &str = "lead_ids";

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
        }
    }

    /// What the data lack for a KPI: a table, or a column of one. None: the KPI can be computed.
    pub fn lacking(&self, entry: &Entry) -> Option<String> {
        let is_table = |need: &str| self.view.data.facts.keys().any(|over| over.name() == need);
        let unmet = entry.kpi.needs.iter().find(|need| !is_table(need) && !self.knows(Over::Leads, need));
        let by_needs = unmet.map(|need| self.describe_lack(Over::Leads, need));
        let of_dimension = match &entry.calculation {
            Calculation::Largest(measure, name)
                if self
                    .catalogue
                    .measures
                    .get(measure)
                    .is_some_and(|quantity| !self.knows(quantity.over, name)) =>
            {
                Some(self.describe_lack(Over::Leads, name))
            }
            _ => None,
        };
        by_needs.or(of_dimension).or_else(|| {
            let measures = entry.calculation.measures();
            measures.into_iter().find_map(|measure| self.lacking_for(&self.catalogue.measures[measure]))
        })
    }

    /// What the data lack for a measure.
    pub(super) fn lacking_of(&self, measure: &str) -> Option<String> {
        self.lacking_for(self.catalogue.measures.get(measure)?)
    }

    /// A column that a predicate looks at and no row has, in words.
    pub(super) fn unknown_column(&self, over: Over, predicate: &Predicate) -> Option<String> {
        let unknown = predicate.columns.iter().find(|name| !self.knows(over, name))?;
        Some(self.describe_lack(over, unknown))
    }

    fn lacking_for(&self, quantity: &Quantity) -> Option<String> {
        let facts = &self.view.data.facts;
        if !facts.contains_key(&quantity.over) {
            return Some(match quantity.over {
                Over::Customers if facts.contains_key(&Over::Contracts) => {
                    "the column `started_at` in contracts".to_string()
                }
                Over::Customers => describe_input(Over::Contracts),
                over => describe_input(over),
            });
        }
        let mut names = columns_of(quantity).into_iter().filter(|name| !PARAMETERS.contains(&name.as_str()));
        names
            .find(|name| !self.knows(quantity.over, name))
            .map(|name| self.describe_lack(quantity.over, &name))
    }

    pub(super) fn knows(&self, over: Over, name: &str) -> bool {
        let facts = self.view.data.facts.get(&over);
        let is_column = facts.is_some_and(|facts| facts.table.has(name))
            || dimension(self.view.data, over, name).is_some();
        if is_column || over != Over::Leads {
            return is_column;
        }
        let stage = stage_of(name);
        match name {
            _ if self.view.stage(stage).is_some() => true,
            LEAD_IDS => !self.view.data.is_event_based,
            _ if self.view.window(name).is_some() => true,
            "lost" | "lost_at" => self.view.data.stages.knows_lost,
            "open" => self.view.stage("won").is_some(),
            "created" | "existing" => true,
            "created_at" => self.view.data.created_at().is_some(),
            _ => match self.catalogue.measures.get(name) {
                Some(folded) => folded.over != Over::Leads && self.lacking_for(folded).is_none(),
                None => false,
            },
        }
    }

    fn describe_lack(&self, over: Over, name: &str) -> String {
        if name == "lost" {
            return "a date, a reason or a status of loss in crm".to_string();
        }
        if over == Over::Leads && name == "open" {
            return "the stage `won` in crm, without which no lead is known to be open: the date `won_at`, or a status"
                .to_string();
        }
        if name == LEAD_IDS {
            return "lead IDs in crm, without which no lead can be followed".to_string();
        }
        let stage = stage_of(name);
        if over == Over::Leads && self.catalogue.stages.iter().any(|known| known == stage) {
            return format!("the date `{stage}_at`, or a status, in crm");
        }
        if let Some(derived) = derived::find(name) {
            return derived.needs.to_string();
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
        self.kpi_of(entry, dimensions, &|grouped| match key {
            None => grouped.total.clone(),
            Some(key) => grouped.groups.get(key).cloned().unwrap_or_else(|| grouped.total.empty()),
        })
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
        self.kpi_of(entry, dimensions, &|grouped| {
            let mut sum = grouped.total.empty();
            grouped.groups.iter().filter(|(key, _)| is_chosen(key)).for_each(|(_, tally)| sum.add(tally));
            sum
        })
    }

    /// A KPI of the rows that `choose` takes of each measure.
    fn kpi_of(
        &self,
        entry: &Entry,
        dimensions: &[String],
        choose: &dyn Fn(&Grouped) -> Tally,
    ) -> Result<Computed> {
        if self.mixes_dimensions(entry, dimensions) {
            return Ok(Computed::default());
        }
        if let Calculation::Largest(measure, dimension) = &entry.calculation {
            return self.largest(measure, dimension, dimensions, choose);
        }
        let mut tallies: HashMap<&str, Option<Rc<Grouped>>> = HashMap::new();
        for measure in entry.calculation.measures() {
            tallies.insert(measure, self.grouped(measure, dimensions)?);
        }
        let grouped = |measure: &str| tallies.get(measure)?.as_ref();
        let tally = |measure: &str| grouped(measure).map(|grouped| choose(grouped));
        let row = |measure: &str| tally(measure).map(|tally| tally.exact());
        let total = |measure: &str| grouped(measure).map(|grouped| grouped.total.exact());
        let mean = |measure: &str| match tally(measure) {
            Some(Tally::Days(days)) => statistics::mean(&days),
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
                Computed { value, numerator, denominator }
            }
            Calculation::Days(statistic, measure) => match tally(measure) {
                Some(Tally::Days(days)) => days_statistic(*statistic, &days),
                Some(Tally::Survival(times)) => in_unit(entry.kpi.unit, times_statistic(*statistic, &times)),
                _ => Computed::default(),
            },
            Calculation::Largest(..) => Computed::default(),
        })
    }

    /// The part of the largest value of a dimension in a measure; who has no value of it is nobody's.
    fn largest(
        &self,
        measure: &str,
        dimension: &str,
        dimensions: &[String],
        choose: &dyn Fn(&Grouped) -> Tally,
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
        let largest = of_value.values().map(|grouped| choose(grouped).exact().to_millionths()).max();
        let largest = largest.filter(|largest| *largest != 0);
        let (largest, all) = (largest.map(Exact::millionths), choose(&all).exact());
        let value = largest.and_then(|largest| largest.over(all));
        Ok(Computed { value, numerator: largest, denominator: Some(all) })
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
                _ => None,
            }
        };
        let tables: Vec<Over> = entry
            .calculation
            .measures()
            .iter()
            .map(|measure| self.catalogue.measures[*measure].over)
            .collect();
        dimensions.iter().any(|name| tables.windows(2).any(|pair| own(pair[0], name) != own(pair[1], name)))
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
            // each counts once among those who can have the event
            _ if rows.times.is_some() => {
                let end: Option<End> = rows.times.as_ref()?.end(row, self.includes_negative_days);
                end.map(|_| Exact::whole(1))
            }
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
    fn grouping(&self, over: Over, dimensions: &[String]) -> Option<Rc<Grouping>> {
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
pub fn columns_of(quantity: &Quantity) -> Vec<String> {
    let of_kind: Vec<String> = match &quantity.kind {
        QuantityKind::Count(predicate) => predicate.columns.iter().cloned().collect(),
        QuantityKind::Sum(formula) => formula.measures().into_iter().map(String::from).collect(),
        QuantityKind::Days(dates) => dates.to_vec(),
        // where nothing tells that a lead is lost it can still get there
        QuantityKind::Survival(dates, never) => {
            let given_up = never.iter().flat_map(|never| never.columns.iter().cloned());
            dates.iter().cloned().chain(given_up.filter(|name| name != "lost")).collect()
        }
    };
    let of_filter = quantity.filter.iter().flat_map(|predicate| predicate.columns.iter().cloned());
    of_kind.into_iter().chain(of_filter).collect()
}

/// An input by its name and its option.
fn describe_input(over: Over) -> String {
    format!("{} (`--{}`)", over.name(), over.name())
}

/// The stage that a column of the leads is about: `mql_at` → `mql`.
fn stage_of(column: &str) -> &str {
    let endings = ["_ever", "_counted_at", "_at"];
    endings.iter().find_map(|ending| column.strip_suffix(ending)).unwrap_or(column)
}

/// Statistics of days in the unit of their KPI.
fn in_unit(unit: Unit, computed: Computed) -> Computed {
    if unit != Unit::Months {
        return computed;
    }
    // 12 months are 365.25 days
    let value = computed.value.and_then(|days| days.times(Exact::fraction(48, 1461)?));
    Computed { value, ..computed }
}

fn times_statistic(statistic: DaysStatistic, times: &Survival) -> Computed {
    let size = Exact::whole(i128::from(times.size()));
    let value = match statistic {
        DaysStatistic::Mean => times.restricted_mean(),
        DaysStatistic::Median => times.quantile(0.5),
        DaysStatistic::P90 => times.quantile(0.9),
        DaysStatistic::Converted => times.converted(),
        DaysStatistic::Longest => times.longest(),
        DaysStatistic::Size => return Computed { value: Some(size), ..Computed::default() },
    };
    Computed { value, numerator: None, denominator: Some(size) }
}

fn days_statistic(statistic: DaysStatistic, days: &Histogram) -> Computed {
    let size = Exact::whole(i128::from(statistics::size(days)));
    match statistic {
        DaysStatistic::Mean => Computed {
            value: statistics::mean(days),
            numerator: Some(Exact::whole(statistics::total_days(days))),
            denominator: Some(size),
        },
        DaysStatistic::Median => {
            Computed { value: statistics::median(days), numerator: None, denominator: Some(size) }
        }
        DaysStatistic::P90 => {
            Computed { value: statistics::p90(days), numerator: None, denominator: Some(size) }
        }
        DaysStatistic::Size => Computed { value: Some(size), ..Computed::default() },
        // the catalogue asks for these of times only
        DaysStatistic::Converted | DaysStatistic::Longest => Computed::default(),
    }
}
