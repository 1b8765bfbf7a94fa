//! What is asked of the data: period, filters, dimensions, basis; and the value of a KPI under it.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Value;
use super::top::can_fold;
use crate::check::{Finding, finding};
use crate::config::{Basis, NegativeDays};
use crate::error::{did_you_mean, suggestion, usage_error};
use crate::input::table::Days;
use crate::kpi::catalogue::{Catalogue, Entry, Unit};
use crate::kpi::derived;
use crate::kpi::evaluate::{Computed, Evaluator};
use crate::kpi::exact::Exact;
use crate::kpi::group::Key;
use crate::kpi::statistics::wilson;
use crate::kpi::view::{Filter, NONE, View};
use crate::lang;
use crate::lang::Bilingual;
use crate::leads::Data;
use crate::mask::Mask;
use crate::period::{Period, format_day};
use crate::say;

/// What is asked of the data.
pub struct Scope<'a> {
    pub data: &'a Data,
    pub catalogue: &'a Catalogue,
    pub period: Option<&'a Period>,
    pub filters: &'a [Filter],
    /// The dimensions of the command line.
    pub by: &'a [String],
    /// The basis of the command line.
    pub basis: Option<Basis>,
    /// How many values of the dimensions a table shows; all by default.
    pub top: Option<usize>,
    cohort: Evaluator<'a>,
    /// The same as `cohort` where there is no period: then no stage can lie outside it.
    event: Option<Evaluator<'a>>,
    includes_negative_days: bool,
}

impl<'a> Scope<'a> {
    /// Checks that the dimensions exist, and prepares both bases.
    ///
    /// # Errors
    /// A dimension that no table has, or a value that no row has.
    pub fn new(
        data: &'a Data,
        catalogue: &'a Catalogue,
        period: Option<&'a Period>,
        filters: &'a [Filter],
        by: &'a [String],
        basis: Option<Basis>,
        negative_days: NegativeDays,
    ) -> Result<Scope<'a>> {
        check_dimensions(data, by.iter().chain(filters.iter().map(|filter| &filter.dimension)))?;
        check_values(data, filters)?;
        let includes = negative_days == NegativeDays::Include;
        let evaluator = |basis| Evaluator::new(View::new(data, basis, period, filters), catalogue, includes);
        let event = period.map(|_| evaluator(Basis::Event));
        let top = None;
        Ok(Scope {
            data,
            catalogue,
            period,
            filters,
            by,
            basis,
            top,
            cohort: evaluator(Basis::Cohort),
            event,
            includes_negative_days: includes,
        })
    }

    /// The same question about another period.
    #[must_use]
    pub fn in_period<'b>(&self, period: &'b Period) -> Scope<'b>
    where
        'a: 'b,
    {
        let evaluator = |basis| {
            let view = View::new(self.data, basis, Some(period), self.filters);
            Evaluator::new(view, self.catalogue, self.includes_negative_days)
        };
        Scope {
            data: self.data,
            catalogue: self.catalogue,
            period: Some(period),
            filters: self.filters,
            by: self.by,
            basis: self.basis,
            top: self.top,
            cohort: evaluator(Basis::Cohort),
            event: Some(evaluator(Basis::Event)),
            includes_negative_days: self.includes_negative_days,
        }
    }

    /// The evaluator of a basis.
    pub fn evaluator(&self, basis: Basis) -> &Evaluator<'a> {
        match (basis, &self.event) {
            (Basis::Event, Some(event)) => event,
            _ => &self.cohort,
        }
    }

    /// Whether a row is of a channel that no spend can be traced to.
    fn is_untraceable(&self, dimensions: &[String], key: Option<&Key>) -> bool {
        let of_key =
            dimensions.iter().zip(key.into_iter().flatten()).map(|(name, word)| (name, word.as_str()));
        let of_filters = self.filters.iter().map(|filter| (&filter.dimension, filter.word()));
        of_key.chain(of_filters).any(|(name, word)| name == "channel" && self.data.untraceable.contains(word))
    }

    /// The stages that the inputs know.
    pub fn stages(&self) -> Vec<String> {
        self.data.stages.stages.iter().map(|stage| stage.name.clone()).collect()
    }

    /// What the data lack for a KPI.
    ///
    /// # Errors
    /// A KPI that the catalogue lacks.
    pub fn lacking(&self, kpi: &str) -> Result<Option<String>> {
        Ok(self.lack(kpi)?.map(|lack| lack.told))
    }

    /// The same with its English for errors.
    ///
    /// # Errors
    /// A KPI that the catalogue lacks.
    pub fn lack(&self, kpi: &str) -> Result<Option<Bilingual>> {
        Ok(self.cohort.lacking(self.catalogue.kpi(kpi)?))
    }

    /// A KPI at a key of dimensions, or over all rows.
    ///
    /// # Errors
    /// A predicate that does not fit the columns.
    pub fn value(
        &self,
        kpi: &str,
        table_basis: Basis,
        dimensions: &[String],
        key: Option<&Key>,
    ) -> Result<Value> {
        let is_untraceable = |_: &Evaluator, _: &Entry| Ok(self.is_untraceable(dimensions, key));
        self.value_of(kpi, table_basis, is_untraceable, |evaluator, entry| {
            evaluator.kpi(entry, dimensions, key)
        })
    }

    /// A KPI over all keys of dimensions but some, and but those that are nothing but `(none)` and the like.
    ///
    /// # Errors
    /// A predicate that does not fit the columns.
    pub fn value_of_others(
        &self,
        kpi: &str,
        table_basis: Basis,
        dimensions: &[String],
        kept: &BTreeSet<Key>,
    ) -> Result<Value> {
        let is_other = |key: &Key| can_fold(key) && !kept.contains(key);
        // what others have in common is untraceable only where each of them is
        let is_untraceable = |evaluator: &Evaluator, entry: &Entry| {
            let keys = evaluator.keys(entry, dimensions)?;
            let mut others = keys.iter().filter(|key| is_other(key)).peekable();
            Ok(others.peek().is_some() && others.all(|key| self.is_untraceable(dimensions, Some(key))))
        };
        self.value_of(kpi, table_basis, is_untraceable, |evaluator, entry| {
            evaluator.kpi_over(entry, dimensions, &is_other)
        })
    }

    fn value_of(
        &self,
        kpi: &str,
        table_basis: Basis,
        is_untraceable: impl Fn(&Evaluator, &Entry) -> Result<bool>,
        compute: impl Fn(&Evaluator, &Entry) -> Result<Computed>,
    ) -> Result<Value> {
        let entry = self.catalogue.kpi(kpi)?;
        let basis = basis_of(entry, table_basis);
        let computed = if entry.kpi.is_attributed && is_untraceable(self.evaluator(basis), entry)? {
            Computed::default()
        } else {
            compute(self.evaluator(basis), entry)?
        };
        let count = |exact: Option<Exact>| exact.and_then(Exact::as_count);
        let interval = match entry.kpi.unit {
            // counts of different leads are no trials and successes
            Unit::Share if !self.data.is_event_based => {
                count(computed.numerator).zip(count(computed.denominator))
            }
            _ => None,
        };
        Ok(Value {
            value: computed.value,
            numerator: computed.numerator,
            denominator: computed.denominator,
            interval: interval.and_then(|(successes, trials)| wilson(successes, trials)),
            text: computed.text,
            ..Value::empty(kpi, basis, entry.kpi.unit)
        })
    }
}

/// A KPI's own basis, else the table's.
pub fn basis_of(entry: &Entry, table_basis: Basis) -> Basis {
    entry.kpi.basis.unwrap_or(table_basis)
}

fn check_dimensions<'a>(data: &Data, names: impl Iterator<Item = &'a String>) -> Result<()> {
    let known: BTreeSet<&str> =
        data.facts.values().flat_map(|facts| facts.table.dictionaries.keys()).map(String::as_str).collect();
    for name in names {
        if name.is_empty() {
            return Err(usage_error(
                "`--by` names no dimension",
                "write `--by channel` or `--by owner,product`",
            ));
        }
        if !known.contains(name.as_str()) {
            let known: Vec<&str> = known.iter().copied().collect();
            let message = derived::find(name).map_or_else(
                || format!("unknown dimension `{name}`"),
                |derived| format!("the dimension `{name}` needs {}", derived.needs),
            );
            return Err(usage_error(message, suggestion(name, &known)));
        }
    }
    Ok(())
}

fn check_values(data: &Data, filters: &[Filter]) -> Result<()> {
    for filter in filters.iter().filter(|filter| filter.value != NONE) {
        let dictionaries =
            data.facts.values().filter_map(|facts| facts.table.dictionaries.get(&filter.dimension));
        let words: BTreeSet<&str> = dictionaries
            .flat_map(|words| words.iter())
            .map(String::as_str)
            .filter(|word| !word.is_empty())
            .collect();
        if !words.contains(filter.word()) {
            let near = did_you_mean(&filter.value, words.iter().copied());
            let some: Vec<&str> = words.iter().copied().take(10).collect();
            return Err(usage_error(
                format!("no row has `{}` as its `{}`", filter.value, filter.dimension),
                format!(
                    "{near}values: {}{}",
                    some.join(", "),
                    if words.len() > some.len() { ", …" } else { "" }
                ),
            ));
        }
    }
    Ok(())
}

/// What the numbers count: basis, period, day of the data, filters.
pub fn describe_scope(scope: &Scope, basis: Basis) -> String {
    let counted = match (basis, scope.period) {
        (Basis::Cohort, None) => say!("cohort basis: all leads"),
        (Basis::Cohort, Some(period)) => {
            say!("cohort basis: leads created in {period}", period = period.label)
        }
        (Basis::Event, None) => say!("event basis: all dates"),
        (Basis::Event, Some(period)) => say!("event basis: what happened in {period}", period = period.label),
    };
    let as_of = scope.data.as_of.map(|day| say!("as of {as_of}", as_of = format_day(day)));
    let filters = describe_filters(scope).map(|filters| say!("where {filters}", filters = filters));
    let is_event_based = scope.data.is_event_based;
    let events = is_event_based.then(|| say!("without lead IDs: each row is an event of its own"));
    let parts = [Some(counted), as_of, filters, events];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `channel = ads and owner = Anna`; none without a filter.
pub fn describe_filters(scope: &Scope) -> Option<String> {
    let filters: Vec<String> =
        scope.filters.iter().map(|filter| format!("{} = {}", filter.dimension, filter.value)).collect();
    (!filters.is_empty()).then(|| lang::all_of(&filters))
}

/// What the period of a scope leaves out because it has no date; nothing without a period.
pub fn undated(scope: &Scope) -> Vec<Finding> {
    if scope.period.is_none() { Vec::new() } else { without_date(scope) }
}

/// What every period leaves out because it has no date: it would vanish from every month without a word.
pub fn without_date(scope: &Scope) -> Vec<Finding> {
    let (data, origin) = (scope.data, &scope.data.leads().table.origin);
    let counted = data.not_yet.not();
    let mut findings = Vec::new();
    let height = counted.height();
    let created = data.created_at().map_or_else(|| Mask::none(height), Days::known);
    if !data.is_event_based {
        findings.extend(finding(
            "leads_without_creation_date",
            say!("leads without a date of creation, in no cohort of a period"),
            created.not().and(&counted).rows(),
            origin,
        ));
    }
    for stage in &data.stages.stages {
        let undated = stage.reached.and(&stage.counts_at.known().not()).and(&counted);
        let what = say!(
            "leads that reached {stage} without a date, in no period of the event basis",
            stage = lang::stage_in_words(&stage.name)
        );
        findings.extend(finding("stages_without_date", what, undated.rows(), origin));
    }
    let lost = data.stages.lost.and(&data.stages.lost_at.known().not()).and(&counted);
    findings.extend(finding(
        "lost_without_date",
        say!("lost leads without a date, in no period of the event basis"),
        lost.rows(),
        origin,
    ));
    findings
}
