//! One way of looking at the data: a basis, a period and filters decide which rows count and which stages are seen.
//!
//! Event basis is a mask, not a second set of formulas: a stage outside the period is hidden, then the same measures
//! apply (section 5 of the design).

use std::sync::OnceLock;

use anyhow::{Context, Result};
use polars::prelude::*;

use super::contacts::{self, Contacts};
use super::derived::complaints;
use super::sql::ColumnClass;
use crate::config::Basis;
use crate::input::table::{Days, code_slice};
use crate::leads::index::NO_LEAD;
use crate::leads::{Data, Facts, Over, Stage};
use crate::mask::Mask;
use crate::period::Period;
use crate::words;

/// The bucket of rows whose dimension is empty.
pub const NONE: &str = words!("(none)");
/// The bucket of service cases and contracts whose lead the CRM does not know.
pub const NOT_IN_CRM: &str = words!("(not in CRM)");
/// The bucket of spend that found no lead.
pub const NO_LEADS: &str = words!("(no leads)");
/// What `--top` has folded.
pub const OTHER: &str = words!("(other)");
/// The key of a total row.
pub const TOTAL: &str = words!("(total)");

/// Whether a lead can be judged by the time to its first touch.
pub const TOUCH_IS_DUE: &str = "first_touch_is_due";
/// Whether a lead was touched within the time of `[speed]`.
pub const TOUCHED_IN_TIME: &str = "first_touch_in_time";

/// Whether a value of a dimension stands for rows without one.
pub fn is_bucket(value: &str) -> bool {
    [NONE, NOT_IN_CRM, NO_LEADS, OTHER].contains(&value)
}

/// A dimension and the value that it must have; an empty value is written [`NONE`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    pub dimension: String,
    pub value: String,
}

impl Filter {
    /// `channel=ads`; none for text that is no such condition.
    pub fn parse(text: &str) -> Option<Filter> {
        let (dimension, value) = text.split_once('=')?;
        let (dimension, value) = (dimension.trim(), value.trim());
        let is_whole = !dimension.is_empty() && !value.is_empty();
        is_whole.then(|| Filter { dimension: dimension.to_string(), value: value.to_string() })
    }

    /// The word that is looked for: the empty one for [`NONE`], and a word in quotes where it looks like a bucket.
    pub fn word(&self) -> &str {
        let inner = self.value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        match inner.filter(|inner| is_bucket(inner) || *inner == TOTAL) {
            Some(inner) => inner,
            None if self.value == NONE => "",
            None => &self.value,
        }
    }
}

/// A way of looking at the data.
#[derive(Debug)]
pub struct View<'a> {
    pub data: &'a Data,
    pub basis: Basis,
    pub period: Option<&'a Period>,
    pub filters: &'a [Filter],
    /// The leads that count.
    pub leads: Mask,
    /// Counted once, where a measure asks for it.
    contacts: OnceLock<Option<Contacts>>,
}

impl<'a> View<'a> {
    /// Looks at the data by a basis, in a period, with filters that name dimensions of some table.
    pub fn new(data: &'a Data, basis: Basis, period: Option<&'a Period>, filters: &'a [Filter]) -> View<'a> {
        let contacts = OnceLock::new();
        let mut view = View { data, basis, period, filters, leads: data.not_yet.not(), contacts };
        for filter in filters {
            if let Some(matching) = view.matching(Over::Leads, filter) {
                view.leads = view.leads.and(&matching);
            }
        }
        if let Some(period) = view.cohort_period() {
            let created = Mask::from_rows(view.leads.height(), |row| {
                data.created_at().and_then(|days| days.get(row)).is_some_and(|day| period.contains(day))
            });
            view.leads = view.leads.and(&created);
        }
        view
    }

    /// The period, where it hides stages by their own dates.
    pub fn event_period(&self) -> Option<&'a Period> {
        self.period.filter(|_| self.basis == Basis::Event)
    }

    /// The period, where it selects leads by their creation.
    fn cohort_period(&self) -> Option<&'a Period> {
        self.period.filter(|_| self.basis == Basis::Cohort)
    }

    /// The rows of a table that count; none where a filter names a dimension that the table cannot have.
    pub fn selected(&self, over: Over) -> Option<Mask> {
        self.selected_in(over, self.period)
    }

    /// The same with money that was spent so many days earlier. A cohort's is that of its own month: what became of it
    /// came later anyway.
    pub fn selected_earlier(&self, over: Over, days: i32) -> Option<Mask> {
        let earlier = self.earlier_period(days);
        self.selected_in(over, earlier.as_ref().or(self.period))
    }

    /// The days so much earlier that stand for those of the period of events; none without one, or where nothing is
    /// earlier. Of a period that is not over they are as many as have passed.
    pub fn earlier_period(&self, days: i32) -> Option<Period> {
        let period = self.event_period().filter(|_| days != 0)?;
        let passed = self.data.as_of.map_or(period.to, |as_of| period.to.min(as_of.saturating_add(1)));
        Some(Period { to: passed.max(period.from), ..period.clone() }.earlier(days))
    }

    fn selected_in(&self, over: Over, period: Option<&Period>) -> Option<Mask> {
        let facts = self.data.facts.get(&over)?;
        if over == Over::Leads {
            let knows_all =
                self.filters.iter().all(|filter| facts.table.dictionaries.contains_key(&filter.dimension));
            return knows_all.then(|| self.leads.clone());
        }
        let mut rows = Mask::all(facts.table.frame.height());
        for filter in self.filters {
            rows = rows.and(&self.matching(over, filter)?);
        }
        // money that was spent is of no lead until it is brought to one: a cohort's is that of its month
        let is_spend = matches!(over, Over::Spend | Over::Costs);
        if let (Some(period), Some(column)) =
            (period.filter(|_| is_spend || self.basis == Basis::Event), facts.event_date)
        {
            let days = facts.table.dates(column)?;
            rows = rows.and(&Mask::from_rows(rows.height(), |row| {
                days.get(row).is_some_and(|day| period.contains(day))
            }));
        }
        if !is_spend && (self.cohort_period().is_some() || self.data.not_yet.count() > 0) {
            // a cohort is made of leads; otherwise rows of unknown leads count as long as they are there
            let counts_unknown = self.cohort_period().is_none();
            rows = rows.and(&Mask::from_rows(rows.height(), |row| match facts.lead_of(row) {
                NO_LEAD => counts_unknown,
                lead => self.leads.has(lead as usize),
            }));
        }
        Some(rows)
    }

    /// The rows of a table that count for a customer as a whole, whichever of its leads they belong to: filters and
    /// cohorts select the customers, only the period hides rows.
    pub fn of_whole_customers(&self, over: Over) -> Option<Mask> {
        let facts = self.data.facts.get(&over)?;
        let all = Mask::all(facts.table.frame.height());
        let (Some(period), Some(column)) = (self.event_period(), facts.event_date) else { return Some(all) };
        let days = facts.table.dates(column)?;
        Some(Mask::from_rows(all.height(), |row| days.get(row).is_some_and(|day| period.contains(day))))
    }

    /// A dimension as it stands in this view: what a period has not seen yet cannot tell its customers apart.
    pub fn dimension(&self, over: Over, name: &str) -> Option<Dimension> {
        let found = dimension(self.data, over, name)?;
        match self.event_period().filter(|_| over == Over::Customers && name == complaints::NAME) {
            Some(period) => Some(complaints::before(&self.data.facts[&over], found, period.to)),
            None => Some(found),
        }
    }

    /// The rows of a table with a value of a dimension, its own or its lead's.
    fn matching(&self, over: Over, filter: &Filter) -> Option<Mask> {
        let facts = self.data.facts.get(&over)?;
        let dimension = self.dimension(over, &filter.dimension)?;
        let wanted = filter.word();
        let code = dimension.words.binary_search_by(|word| word.as_str().cmp(wanted)).ok();
        let code = code.and_then(|code| u32::try_from(code).ok());
        let codes = code_slice(&dimension.codes);
        Some(Mask::from_rows(facts.table.frame.height(), |row| {
            let row = if dimension.is_of_lead { facts.lead_of(row) as usize } else { row };
            code.is_some() && codes.get(row).copied() == code
        }))
    }

    /// Whether a stage, or what is true of a lead, is seen in this view; none if the data do not know it.
    pub fn flag(&self, name: &str) -> Option<Mask> {
        let stages = &self.data.stages;
        let in_period = |days: &Days, mask: &Mask| match self.event_period() {
            Some(period) => mask.and(&Mask::from_rows(mask.height(), |row| {
                days.get(row).is_some_and(|day| period.contains(day))
            })),
            None => mask.clone(),
        };
        if let Some(stage) = self.stage(name) {
            return Some(in_period(&stage.counts_at, &stage.reached));
        }
        if let Some(stage) = name.strip_suffix("_ever").and_then(|stage| self.stage(stage)) {
            // without lead IDs nothing tells which earlier event is of the same lead: a step is a ratio of counts
            let is_known = !self.data.is_event_based;
            return Some(if is_known { stage.reached.clone() } else { Mask::all(self.leads.height()) });
        }
        if let Some((window, side)) = self.window(name) {
            return self.window_flag(window, side);
        }
        let all = || Mask::all(self.leads.height());
        match name {
            "lost" => stages.knows_lost.then(|| in_period(&stages.lost_at, &stages.lost)),
            "existing" => Some(self.data.existing.clone().unwrap_or_else(|| Mask::none(self.leads.height()))),
            contacts::ACCOUNT => self.contacts().map(Contacts::accounts),
            contacts::SINGLE => self.contacts().map(Contacts::single),
            TOUCH_IS_DUE => self.data.first_touches.touches.as_ref().ok().map(|touches| touches.due.clone()),
            TOUCHED_IN_TIME => {
                self.data.first_touches.touches.as_ref().ok().map(|touches| touches.in_time.clone())
            }
            "open" => Some(self.stage("won")?.reached.or(&stages.lost).not()),
            "created" => Some(self.data.created_at().map_or_else(all, |created| in_period(created, &all()))),
            _ => None,
        }
    }

    /// Whether a name of a predicate over leads is of something that happens, or of what is so on the day of the data: a
    /// stage, an end, a date. What a lead is whatever happens (its segment, its amount) is not.
    pub fn is_of_time(&self, name: &str) -> bool {
        let is_trait = ["existing", contacts::ACCOUNT, contacts::SINGLE].contains(&name);
        let is_date = || self.any_date(name).is_some() || self.counted_date(name).is_some();
        let leads = &self.data.leads().table;
        (!is_trait && self.flag(name).is_some()) || is_date() || leads.dates(name).is_some()
    }

    /// The accounts of the period with their contacts; none where the CRM has no customer IDs.
    pub fn contacts(&self) -> Option<&Contacts> {
        self.contacts.get_or_init(|| Contacts::of(self)).as_ref()
    }

    /// A stage by its name; `won` is the last stage of any funnel.
    pub fn stage(&self, name: &str) -> Option<&'a Stage> {
        let stages = &self.data.stages;
        let by_name = stages.stages.iter().find(|stage| stage.name == name);
        by_name.or_else(|| stages.won.filter(|_| name == "won").map(|place| &stages.stages[place]))
    }

    /// The date of a stage or of the loss, in the period or not: days between stages need both ends.
    pub fn any_date(&self, column: &str) -> Option<&'a Days> {
        match column {
            "created_at" => self.data.created_at(),
            "lost_at" => Some(&self.data.stages.lost_at).filter(|_| self.data.stages.knows_lost),
            _ => self.stage(column.strip_suffix("_at")?).map(|stage| &stage.at),
        }
    }

    /// When each lead counts at a stage that it reached (`mql_counted_at`), in the period or not: on its own date, else
    /// on that of the next later stage, as in event basis.
    pub fn counted_date(&self, column: &str) -> Option<Days> {
        let stage = self.stage(column.strip_suffix("_counted_at")?)?;
        let day = |row| if stage.reached.has(row) { stage.counts_at.get(row) } else { None };
        Some(Days::from_rows((0..stage.reached.height()).map(day)))
    }

    /// The date of a stage or of the loss, hidden outside the period in event basis.
    pub fn stage_date(&self, column: &str) -> Option<Days> {
        let days = self.any_date(column)?;
        Some(match self.event_period() {
            Some(period) => days.filtered(|day| period.contains(day)),
            None => days.clone(),
        })
    }
}

/// A dimension as the rows of a table see it.
pub struct Dimension {
    pub codes: UInt32Chunked,
    pub words: std::sync::Arc<Vec<String>>,
    /// The codes are those of the leads, not of the rows.
    pub is_of_lead: bool,
}

impl Dimension {
    /// The code of a row; that of an empty cell where the lead of the row is unknown.
    pub fn code(&self, facts: &Facts, row: usize) -> u32 {
        let row = if self.is_of_lead { facts.lead_of(row) as usize } else { row };
        code_slice(&self.codes).get(row).copied().unwrap_or(0)
    }

    /// The words as predicates see them: the empty one is null.
    pub fn texts(&self, name: &str) -> StringChunked {
        let known = self.words.iter().map(|word| Some(word.as_str()).filter(|word| !word.is_empty()));
        known.collect_ca(name.into())
    }
}

/// A dimension of a table: its own column, else that of its leads.
pub fn dimension(data: &Data, over: Over, name: &str) -> Option<Dimension> {
    let find = |facts: &Facts, is_of_lead: bool| {
        let words = facts.table.dictionaries.get(name)?.clone();
        Some(Dimension { codes: facts.table.codes(name)?, words, is_of_lead })
    };
    let facts = data.facts.get(&over)?;
    // spend reaches the leads by allocation, never by looking a lead up
    let has_leads = !matches!(over, Over::Spend | Over::Costs);
    find(facts, false).or_else(|| if has_leads { find(data.leads(), true) } else { None })
}

/// A column for predicates, and what it holds.
///
/// # Errors
/// None on data that were joined.
pub fn column(view: &View, over: Over, name: &str) -> Result<Option<(Series, ColumnClass)>> {
    let Some(facts) = view.data.facts.get(&over) else {
        return Ok(None);
    };
    if over == Over::Leads {
        if let Some(flag) = view.flag(name) {
            return Ok(Some((flag.to_booleans(name).into_series(), ColumnClass::Other)));
        }
        if let Some(days) = view.stage_date(name).or_else(|| view.counted_date(name)) {
            return Ok(Some((days.to_series(name), ColumnClass::Date)));
        }
    }
    if let Some(dimension) = view.dimension(over, name) {
        let words = dimension.texts(name);
        let rows: IdxCa =
            (0..facts.table.frame.height()).map(|row| dimension.code(facts, row)).collect_ca("rows".into());
        let text = words.take(&rows).context("codes are places of words")?;
        return Ok(Some((text.into_series(), ColumnClass::Other)));
    }
    let Ok(column) = facts.table.frame.column(name) else {
        return Ok(None);
    };
    let class = match column.dtype() {
        DataType::Date => ColumnClass::Date,
        DataType::Int64 => ColumnClass::Number,
        _ => ColumnClass::Other,
    };
    Ok(Some((column.as_materialized_series().clone(), class)))
}
