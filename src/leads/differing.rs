//! Rows of a lead that do not say the same: what is told of those whose value does not count.

use super::statuses::STATUS;
use crate::check::{Finding, finding};
use crate::input::table::Origin;
use crate::say;

/// What a deal says better than the lead that it came from.
pub const OF_THE_DEAL: [&str; 10] = [
    "stage",
    STATUS,
    "stage_at",
    "closed_at",
    "owner",
    "amount",
    "margin",
    "product",
    "lost_reason",
    "currency",
];

/// Rows of a lead whose value of a column is not the one that counts.
#[derive(Default)]
pub struct Differing {
    /// In a dimension that nobody named.
    pub ignored: Vec<usize>,
    /// A report refuses them.
    pub refused: Vec<usize>,
    /// One is of the lead, the other of its deal.
    pub in_deal: Vec<usize>,
}

impl Differing {
    /// Tells the rows of a column of this name.
    pub fn tell(mut self, name: &str, origin: &Origin, findings: &mut Vec<Finding>) {
        // a row with another word may have another status too
        self.refused.sort_unstable();
        self.refused.dedup();
        let mut tell = |key: &'static str, what: String, rows: Vec<usize>| {
            findings.extend(finding(key, what, rows, origin).map(|found| found.about(name)));
        };
        let of_audit = say!(
            "rows with a second value of `{name}` for a lead, the first kept for the audit",
            name = name
        );
        tell("refused_values", of_audit, self.refused);
        let second = say!("rows with a second value of `{name}` for a lead, the first kept", name = name);
        tell("second_values", second, self.ignored);
        // that a deal has come further than its lead is no news
        if name != "stage" {
            let what = if OF_THE_DEAL.contains(&name) {
                say!("leads with another `{name}` than their deal, that of the deal kept", name = name)
            } else {
                say!("leads with another `{name}` than their deal, that of the lead kept", name = name)
            };
            tell("leads_unlike_their_deal", what, self.in_deal);
        }
    }
}
