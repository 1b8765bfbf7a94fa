//! What has become of each deal by the day of the report: the same that `stages` says of a lead, for a single row.

use polars::prelude::{Int64Chunked, UInt32Chunked};

use super::merge::Joining;
use super::statuses::{Meanings, Status, Statuses};
use crate::input::table::{Days, Table, code_slice};

/// What has become of a deal, in the order in which one deal of a lead outweighs another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Lost,
    Open,
    Won,
}

/// All that says what has become of the deals of a table.
pub struct Outcomes {
    /// The date of each stage of the configuration.
    stages: Vec<Option<Days>>,
    stage_at: Option<Days>,
    closed_at: Option<Days>,
    lost_at: Option<Days>,
    lost_reason: Option<UInt32Chunked>,
    amount: Option<Int64Chunked>,
    statuses: Option<Statuses>,
    cut: Option<i32>,
}

impl Outcomes {
    /// Reads the columns that say it.
    pub fn new(table: &Table, joining: &Joining) -> Outcomes {
        let stages = joining.config.stages.iter();
        Outcomes {
            stages: stages.map(|stage| table.dates(&format!("{stage}_at"))).collect(),
            stage_at: table.dates("stage_at"),
            closed_at: table.dates("closed_at"),
            lost_at: table.dates("lost_at"),
            lost_reason: table.codes("lost_reason"),
            amount: table.numbers("amount"),
            statuses: joining.meanings.and_then(|meanings: &Meanings| meanings.of_rows(table)),
            cut: joining.cut,
        }
    }

    /// What has become of a deal.
    pub fn of(&self, row: u32) -> Outcome {
        let row = row as usize;
        let won = self.stages.len().saturating_sub(1);
        let own = self.stages.last().and_then(Option::as_ref);
        let is_won = self.has_reached(row, won)
            || self.status(row) == Status::Reached(won)
                && self.has_happened(row, &[own, self.closed_at.as_ref(), self.stage_at.as_ref()]);
        if is_won {
            Outcome::Won
        } else if self.says_lost(row) && self.has_happened(row, &self.of_loss()) {
            Outcome::Lost
        } else {
            Outcome::Open
        }
    }

    /// Whether a deal is there on the day of the report; one without a date is.
    pub fn has_begun(&self, row: u32) -> bool {
        self.first_day(row as usize).is_none_or(|day| self.is_past(day))
    }

    /// Whether a date of the row lies on or before the day of the report.
    pub fn has_past_date(&self, row: u32) -> bool {
        self.first_day(row as usize).is_some_and(|day| self.is_past(day))
    }

    /// The stage before the last one at which the status of a row says that it stands.
    pub fn stage_of_status(&self, row: u32) -> Option<usize> {
        let row = row as usize;
        let Status::Reached(place) = self.status(row) else { return None };
        (place + 1 < self.stages.len() && self.is_at(row, place)).then_some(place)
    }

    /// What puts one deal before another of the same outcome, its amount aside: how far an open one has come, when a
    /// lost one was lost.
    pub fn rank(&self, outcome: Outcome, row: u32) -> Option<i64> {
        let row = row as usize;
        match outcome {
            Outcome::Won => None,
            Outcome::Open => self.furthest(row).and_then(|place| i64::try_from(place).ok()),
            Outcome::Lost => first_known(row, &self.of_loss()).map(i64::from),
        }
    }

    /// The closing date of a deal that was won or lost.
    pub fn closing(&self, row: u32) -> Option<i32> {
        let days = self.closed_at.as_ref().filter(|_| self.of(row) != Outcome::Open)?;
        days.get(row as usize)
    }

    /// The amount of a deal.
    pub fn amount(&self, row: u32) -> Option<i64> {
        self.amount.as_ref().and_then(|amounts| amounts.get(row as usize))
    }

    fn furthest(&self, row: usize) -> Option<usize> {
        (0..self.stages.len().saturating_sub(1))
            .rev()
            .find(|place| self.has_reached(row, *place) || self.is_at(row, *place))
    }

    /// Whether the status says that the row stands at a stage before the last one.
    fn is_at(&self, row: usize, place: usize) -> bool {
        self.status(row) == Status::Reached(place)
            && self.has_happened(row, &[self.stages[place].as_ref(), self.stage_at.as_ref()])
    }

    /// Whether anything says that the row was lost, on whatever day.
    fn says_lost(&self, row: usize) -> bool {
        self.lost_at.as_ref().is_some_and(|days| days.get(row).is_some())
            || self.status(row) == Status::Lost
            || self.lost_reason.as_ref().is_some_and(|codes| code_slice(codes)[row] > 0)
    }

    /// The first of the dates of a row; of an open deal the closing date is a plan.
    fn first_day(&self, row: usize) -> Option<i32> {
        let won = self.stages.len().checked_sub(1).map(Status::Reached);
        let is_closed = || Some(self.status(row)) == won || self.says_lost(row);
        let closed_at = self.closed_at.as_ref().filter(|days| days.get(row).is_some() && is_closed());
        let dates = self.stages.iter().flatten().chain(&self.stage_at).chain(&self.lost_at).chain(closed_at);
        dates.filter_map(|days| days.get(row)).min()
    }

    /// Whether the date of a stage lies on or before the day of the report.
    fn has_reached(&self, row: usize, place: usize) -> bool {
        let day = self.stages.get(place).and_then(Option::as_ref).and_then(|days| days.get(row));
        day.is_some_and(|day| self.is_past(day))
    }

    fn status(&self, row: usize) -> Status {
        self.statuses.as_ref().map_or(Status::Unknown, |statuses| statuses.get(row))
    }

    fn of_loss(&self) -> [Option<&Days>; 3] {
        [self.lost_at.as_ref(), self.closed_at.as_ref(), self.stage_at.as_ref()]
    }

    /// Whether the first of these dates that is known is past; what has no date has happened.
    fn has_happened(&self, row: usize, dates: &[Option<&Days>]) -> bool {
        first_known(row, dates).is_none_or(|day| self.is_past(day))
    }

    fn is_past(&self, day: i32) -> bool {
        self.cut.is_none_or(|cut| day <= cut)
    }
}

fn first_known(row: usize, dates: &[Option<&Days>]) -> Option<i32> {
    dates.iter().flatten().find_map(|days| days.get(row))
}
