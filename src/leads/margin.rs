//! What of an amount is margin: a column says it, else a share of the configuration, else all of it, and that is said.

use super::Over;
use crate::check::{Finding, finding};
use crate::input::table::Table;
use crate::kpi::exact::Exact;
use crate::say;

/// The name that formulas use for the margin of a row of leads or payments, whatever it comes from.
pub const EARNED: &str = "earned";

/// How margin is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Margin {
    /// The share of an amount that is margin, where no column says it.
    pub share: Option<Exact>,
}

impl Margin {
    /// The margin of each row in millionths, rounded half away from zero: the cell of the column `margin`, where that is
    /// empty or absent the amount times the share, without a share the whole amount (with a column: nothing).
    pub fn earned(self, table: &Table) -> Option<Vec<i128>> {
        let (amounts, margins) = (table.numbers("amount"), table.numbers("margin"));
        let has_column = margins.is_some();
        let of_amount = |row: usize| {
            let amount = i128::from(amounts.as_ref().and_then(|amounts| amounts.get(row)).unwrap_or(0));
            match self.share {
                Some(share) => Exact::millionths(amount).times(share).map_or(0, Exact::to_millionths),
                None if has_column => 0,
                None => amount,
            }
        };
        let of_row = |row: usize| {
            let own = margins.as_ref().and_then(|margins| margins.get(row)).map(i128::from);
            own.unwrap_or_else(|| of_amount(row))
        };
        (has_column || amounts.is_some()).then(|| (0..table.frame.height()).map(of_row).collect())
    }

    /// What the margin of a table is, for the notes of the report.
    pub fn describe(self, table: &Table) -> String {
        match (table.has("margin"), self.share.map(Exact::to_percent)) {
            (true, Some(share)) => say!(
                "margin: the column `margin`, where it is empty {share} % of the amount (`[value] margin`)",
                share = share
            ),
            (true, None) => say!("margin: the column `margin`"),
            (false, Some(share)) => say!("margin: {share} % of the amount (`[value] margin`)", share = share),
            (false, None) => {
                say!("margin is not known, so every value is of revenue: set `[value] margin = \"40%\"`")
            }
        }
    }

    /// Rows with an amount whose margin nothing tells.
    pub fn unknown(self, over: Over, table: &Table) -> Option<Finding> {
        let (amounts, margins) = (table.numbers("amount")?, table.numbers("margin")?);
        if self.share.is_some() {
            return None;
        }
        let is_unknown =
            |row: &usize| margins.get(*row).is_none() && amounts.get(*row).is_some_and(|amount| amount != 0);
        let rows = (0..table.frame.height()).filter(is_unknown);
        let what = match over {
            Over::Payments => say!("payments with an amount and no margin, counted with a margin of 0"),
            _ => say!("leads with an amount and no margin, counted with a margin of 0"),
        };
        finding("payments_without_margin", what, rows, &table.origin)
    }
}
