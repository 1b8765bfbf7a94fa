//! Conversion windows: who came through in time, whose time is over, and who is too young to be judged. A young lead
//! is no lost one (rule 3 of section 4 of the design).

use super::view::View;
use crate::leads::window::Window;
use crate::mask::Mask;

/// What can be asked of a lead and a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It reached the later stage at most so many days after the earlier one. Without a date of either it is unknown,
    /// and not counted.
    InTime,
    /// It came to the earlier stage so long ago that the window is over as of the day of the data.
    Mature,
    /// It came to the earlier stage later than that.
    Young,
}

/// The endings of the columns that stand for these, behind the name of the step.
const SIDES: [(&str, Side); 3] =
    [("_in_time", Side::InTime), ("_is_mature", Side::Mature), ("_is_young", Side::Young)];

impl View<'_> {
    /// The window that a column is about (`mql_to_sql_in_time`), where one is set and the inputs know its stages.
    pub fn window(&self, column: &str) -> Option<(&Window, Side)> {
        let found = SIDES.iter().find_map(|(ending, side)| {
            let window = self.data.windows.get(column.strip_suffix(ending)?)?;
            Some((window, *side))
        });
        found.filter(|(window, _)| self.stage(&window.from).is_some() && self.stage(&window.to).is_some())
    }

    /// The leads for which one side of a window holds, whatever the period.
    pub(super) fn window_flag(&self, window: &Window, side: Side) -> Option<Mask> {
        let (from, to) = (self.stage(&window.from)?, self.stage(&window.to)?);
        let began = |row: usize| if from.reached.has(row) { from.counts_at.get(row) } else { None };
        let over = |row: usize| Some(began(row)?.saturating_add(window.days) <= self.data.as_of?);
        let holds = |row: usize| match side {
            Side::Mature => over(row) == Some(true),
            Side::Young => over(row) == Some(false),
            Side::InTime => {
                let lag = began(row).zip(to.counts_at.get(row)).map(|(from, to)| to.saturating_sub(from));
                to.reached.has(row) && lag.is_some_and(|lag| lag <= window.days)
            }
        };
        Some(Mask::from_rows(self.leads.height(), holds))
    }
}
