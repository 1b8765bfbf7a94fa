//! Which rows a measure counts in a view, and with how much: predicates through polars, amounts in exact millionths.

use std::collections::HashMap;

use anyhow::{Context, Result};
use polars::prelude::*;

use super::catalogue::{Quantity, QuantityKind};
use super::contacts::CONTACTS;
use super::evaluate::{Evaluator, columns_of};
use super::exact::Exact;
use super::formula::{Formula, Values};
use super::lags::Lags;
use super::sql::{ColumnClass, Predicate, to_polars};
use super::survival::Times;
use super::view::{column, dimension};
use crate::error::data_error;
use crate::input::cell::SCALE;
use crate::input::table::Days;
use crate::leads::Over;
use crate::leads::index::NO_LEAD;
use crate::leads::margin::EARNED;
use crate::leads::speed;
use crate::mask::Mask;

/// The parameters that predicates may use.
pub const PARAMETERS: [&str; 3] = ["period_from", "period_to", "as_of"];

/// The rows behind a measure, before grouping.
#[derive(Debug)]
pub struct Rows {
    pub over: Over,
    pub mask: Mask,
    /// The amount of each row; for sums only.
    pub amounts: Option<Amounts>,
    /// The time of each row between two dates; for days and hours only.
    pub lags: Option<Lags>,
    /// For times until an event only.
    pub times: Option<Times>,
}

/// An amount for each row, in millionths.
#[derive(Debug)]
pub enum Amounts {
    /// A number column as it was read; empty cells add nothing.
    Column(Int64Chunked),
    Computed(Vec<i128>),
}

impl Amounts {
    /// The amount of a row.
    #[inline]
    pub fn get(&self, row: usize) -> i128 {
        match self {
            Amounts::Column(numbers) => {
                let array = numbers.downcast_as_array();
                let is_known = array.validity().is_none_or(|valid| valid.get_bit(row));
                if is_known { i128::from(array.values()[row]) } else { 0 }
            }
            Amounts::Computed(amounts) => amounts[row],
        }
    }
}

impl Evaluator<'_> {
    /// The rows of a measure among those selected.
    ///
    /// # Errors
    /// A predicate that does not fit the columns.
    pub(super) fn rows_within(&self, quantity: &Quantity, mut mask: Mask) -> Result<Rows> {
        let over = quantity.over;
        let predicates = match &quantity.kind {
            QuantityKind::Count(predicate) => vec![Some(&**predicate), quantity.filter.as_ref()],
            _ => vec![quantity.filter.as_ref()],
        };
        for predicate in predicates.into_iter().flatten() {
            mask = mask.and(&self.predicate(over, predicate)?);
        }
        if self.is_of_creation(quantity) {
            mask = mask.and(&self.view.flag("created").context("leads are created")?);
        }
        let (amounts, lags) = match &quantity.kind {
            QuantityKind::Count(_) | QuantityKind::Survival(..) => (None, None),
            QuantityKind::Sum(formula) => (Some(self.amounts(over, formula, &mask)?), None),
            QuantityKind::Days([from, to]) => {
                (None, Some(Lags::Days(self.dates(over, from)?, self.dates(over, to)?)))
            }
            QuantityKind::HoursToFirstTouch => (None, Some(Lags::Seconds(self.seconds_to_first_touch()))),
        };
        let times = match &quantity.kind {
            QuantityKind::Survival(dates, never) => Some(self.times(over, dates, never.as_deref())?),
            _ => None,
        };
        Ok(Rows { over, mask, amounts, lags, times })
    }

    /// Whether a measure of leads asks for nothing that happens on a day, so that a period of events would not bound it:
    /// then its leads are those created in the period.
    fn is_of_creation(&self, quantity: &Quantity) -> bool {
        let counts_leads = quantity.over == Over::Leads
            && matches!(quantity.kind, QuantityKind::Count(_) | QuantityKind::Sum(_));
        counts_leads
            && self.view.event_period().is_some()
            && !columns_of(quantity)
                .iter()
                .any(|name| PARAMETERS.contains(&name.as_str()) || self.view.is_of_time(name))
    }

    /// The time of each lead to the first touch by sales; none of any where the inputs do not tell.
    fn seconds_to_first_touch(&self) -> speed::Lags {
        let known = self.view.data.first_touches.touches.as_ref().map(|touches| touches.lags.clone());
        known.unwrap_or_else(|_| vec![None; self.view.leads.height()].into())
    }

    fn times(&self, over: Over, [from, to]: &[String; 2], never: Option<&Predicate>) -> Result<Times> {
        let height = self.view.data.facts[&over].table.frame.height();
        // where no export says that anything is lost, everything can still come
        let can_tell = |never: &&Predicate| never.columns.iter().all(|name| self.knows(over, name));
        let never = match never.filter(can_tell) {
            Some(never) => self.predicate(over, never)?,
            None => Mask::none(height),
        };
        Ok(Times {
            from: self.dates(over, from)?,
            to: self.dates(over, to)?,
            never,
            as_of: self.view.data.as_of,
        })
    }

    /// The rows for which a predicate holds.
    ///
    /// # Errors
    /// A predicate that does not fit the columns.
    pub(super) fn predicate(&self, over: Over, predicate: &Predicate) -> Result<Mask> {
        let height = self.view.data.facts[&over].table.frame.height();
        let flags = |name: &str| {
            if over == Over::Leads { self.view.flag(name) } else { None }
        };
        if let Some(mask) = predicate.by_flags(height, &flags, &|name| self.known(over, name)) {
            return Ok(mask);
        }
        if let Some(mask) = self.predicate_of_words(over, predicate)? {
            return Ok(mask);
        }
        let mut columns = Vec::new();
        let mut classes: HashMap<String, ColumnClass> = HashMap::new();
        let mut parameters = Vec::new();
        for name in &predicate.columns {
            if PARAMETERS.contains(&name.as_str()) {
                parameters.push(self.parameter(name));
                classes.insert(name.clone(), ColumnClass::Date);
                continue;
            }
            let (series, class) = self.column(over, name)?;
            classes.insert(name.clone(), class);
            columns.push(series.into_column());
        }
        if columns.is_empty() {
            columns.push(Mask::all(height).to_booleans("\0").into_column());
        }
        let expression =
            to_polars(predicate, &|name| classes.get(name).copied().unwrap_or(ColumnClass::Other))?;
        let frame = DataFrame::new(columns).context("columns of one height")?;
        answer(predicate, frame.lazy().with_columns(parameters), expression)
    }

    /// The rows in which a number or a date has a value; none for any other column.
    fn known(&self, over: Over, name: &str) -> Option<Mask> {
        if let Some(days) = self.view.counted_date(name).filter(|_| over == Over::Leads) {
            return Some(days.known());
        }
        let is_else = self.is_no_column(over, name) || dimension(self.view.data, over, name).is_some();
        let column = self.view.data.facts[&over].table.frame.column(name).ok().filter(|_| !is_else)?;
        let is_typed = matches!(column.dtype(), DataType::Date | DataType::Int64);
        is_typed.then(|| Mask::from_booleans(&column.as_materialized_series().is_not_null()))
    }

    /// The rows for which a predicate holds that looks at nothing but the words of one dimension: each word is judged
    /// once.
    fn predicate_of_words(&self, over: Over, predicate: &Predicate) -> Result<Option<Mask>> {
        let mut columns = predicate.columns.iter();
        let (Some(name), None) = (columns.next(), columns.next()) else { return Ok(None) };
        let found = self.view.dimension(over, name).filter(|_| !self.is_no_column(over, name));
        let Some(dimension) = found else { return Ok(None) };
        let words = DataFrame::new(vec![dimension.texts(name).into_column()]).context("one column")?;
        let expression = to_polars(predicate, &|_| ColumnClass::Other)?;
        let holds = answer(predicate, words.lazy(), expression)?;
        let facts = &self.view.data.facts[&over];
        let rows =
            Mask::from_rows(facts.table.frame.height(), |row| holds.has(dimension.code(facts, row) as usize));
        Ok(Some(rows))
    }

    /// Whether a name stands for a parameter, a stage or the like before it stands for a column.
    fn is_no_column(&self, over: Over, name: &str) -> bool {
        let is_of_stages = || {
            let view = &self.view;
            view.flag(name).is_some() || view.any_date(name).is_some() || view.counted_date(name).is_some()
        };
        PARAMETERS.contains(&name) || (over == Over::Leads && is_of_stages())
    }

    fn parameter(&self, name: &str) -> Expr {
        let period = self.view.event_period();
        let day = match name {
            "period_from" => period.map(|period| period.from),
            "period_to" => period.map(|period| period.to),
            _ => self.view.data.as_of,
        };
        let literal = day.map_or_else(|| lit(NULL), lit);
        literal.cast(DataType::Date).alias(name)
    }

    /// A column for predicates: of the table, or a measure of another table folded to one value a lead.
    fn column(&self, over: Over, name: &str) -> Result<(Series, ColumnClass)> {
        if let Some(found) = column(&self.view, over, name)? {
            return Ok(found);
        }
        let folded: Int64Chunked =
            self.folded(over, name)?.into_iter().map(|sum| i64::try_from(sum).ok()).collect_ca(name.into());
        Ok((folded.into_series(), ColumnClass::Number))
    }

    fn dates(&self, over: Over, name: &str) -> Result<Days> {
        let of_stage = || self.view.any_date(name).cloned().or_else(|| self.view.counted_date(name));
        let of_stage = if over == Over::Leads { of_stage() } else { None };
        of_stage.or_else(|| self.view.data.facts.get(&over)?.table.dates(name)).ok_or_else(|| {
            data_error(
                format!("the {} have no date `{name}`", over.name()),
                "`days` takes two dates, such as `lead_at` and `won_at`",
            )
        })
    }

    /// The amount of each row in millionths.
    fn amounts(&self, over: Over, formula: &Formula, mask: &Mask) -> Result<Amounts> {
        let (table, margin) = (&self.view.data.facts[&over].table, self.view.data.margin);
        let mut columns: HashMap<&str, Amounts> = HashMap::new();
        for name in formula.measures() {
            let values = match table.numbers(name) {
                Some(numbers) => Amounts::Column(numbers),
                None if matches!(over, Over::Leads | Over::Payments) && name == EARNED => {
                    Amounts::Computed(margin.earned(table).ok_or_else(|| no_number(over, name))?)
                }
                None if over == Over::Leads && name == CONTACTS => {
                    let contacts = self.view.contacts().ok_or_else(|| no_number(over, name))?;
                    Amounts::Computed(contacts.amounts())
                }
                None if matches!(over, Over::Leads | Over::Accounts) => {
                    Amounts::Computed(self.folded(over, name)?)
                }
                None => return Err(no_number(over, name)),
            };
            columns.insert(name, values);
        }
        if let Formula::Measure(name) = formula {
            return columns.remove(name.as_str()).with_context(|| format!("the number `{name}`"));
        }
        let amount = |row: usize| {
            let value = |name: &str| columns.get(name).map(|amounts| Exact::millionths(amounts.get(row)));
            let values = Values { row: &value, total: &|_| None, mean: &|_| None };
            formula.evaluate(&values).map_or(0, Exact::to_millionths)
        };
        Ok(Amounts::Computed((0..mask.height()).map(amount).collect()))
    }

    /// A measure of another table by lead or by customer: its sum for each, in millionths.
    fn folded(&self, onto: Over, name: &str) -> Result<Vec<i128>> {
        if onto == Over::Accounts { self.folded_by_customer(name) } else { self.folded_by_lead(name) }
    }

    fn folded_by_lead(&self, name: &str) -> Result<Vec<i128>> {
        let leads = self.view.data.leads();
        let mut sums = vec![0_i128; leads.lead_count];
        let quantity = self.catalogue.measures.get(name).filter(|quantity| quantity.over != Over::Leads);
        let Some(quantity) = quantity else {
            return Err(no_number(Over::Leads, name));
        };
        if quantity.over == Over::Spend {
            return self.spend_of_leads(name);
        }
        let facts = &self.view.data.facts[&quantity.over];
        if let Some(rows) = self.rows(name)? {
            for row in rows.mask.rows().filter(|row| facts.lead_of(*row) != NO_LEAD) {
                let one = rows.amounts.as_ref().map_or(i128::from(SCALE), |amounts| amounts.get(row));
                sums[facts.lead_of(row) as usize] += one;
            }
        }
        Ok(sums)
    }
}

/// The rows of a frame for which a predicate holds.
fn answer(predicate: &Predicate, frame: LazyFrame, expression: Expr) -> Result<Mask> {
    let mismatch = |reason: &str, hint: &str| data_error(format!("`{}` {reason}", predicate.text()), hint);
    // the height comes along, because a predicate over literals and parameters alone answers once for all rows
    let answer =
        frame.select([expression.alias("answer"), len().alias("height")]).collect().map_err(|_| {
            mismatch(
                "compares values of two kinds",
                "compare text with 'text', numbers with 1.5 and dates with '2026-02-28'",
            )
        })?;
    let column = |name: &str| answer.column(name).map(|column| column.as_materialized_series().clone());
    let height = column("height")?.u32()?.iter().next().flatten().unwrap_or_default() as usize;
    let answer = column("answer")?;
    let booleans = answer
        .bool()
        .map_err(|_| mismatch("is neither true nor false", "write a condition, such as `amount > 0`"))?;
    Ok(match booleans.len() {
        1 if booleans.get(0) == Some(true) => Mask::all(height),
        1 => Mask::none(height),
        _ => Mask::from_booleans(booleans),
    })
}

pub(super) fn no_number(over: Over, name: &str) -> anyhow::Error {
    data_error(
        format!("the {} have no number `{name}`", over.name()),
        "map the column with its type: `seats = { header = \"Seats\", type = \"number\" }`",
    )
}
