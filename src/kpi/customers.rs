//! Measures of contracts and payments folded to one value a customer, so that predicates can ask of a customer as a whole.

use anyhow::{Context, Result};

use super::evaluate::Evaluator;
use super::rows::no_number;
use crate::input::cell::SCALE;
use crate::input::table::code_slice;
use crate::leads::Over;

/// The number of different products among the running contracts of a customer.
pub const PRODUCT_GROUPS: &str = "product_groups";
/// The measure of contracts that run at the end of the period, or on the day of the data.
const RUNNING: &str = "contracts_running";

/// The column that tells the groups of products: one of the user's own, else the product.
pub fn product_column(has: impl Fn(&str) -> bool) -> Option<&'static str> {
    ["product_group", "product"].into_iter().find(|name| has(name))
}

impl Evaluator<'_> {
    /// A measure of contracts or payments by customer: its sum for each, in millionths. The rows of all leads of the
    /// customer count, whatever the filters that select customers.
    pub(super) fn folded_by_customer(&self, name: &str) -> Result<Vec<i128>> {
        let measure = if name == PRODUCT_GROUPS { RUNNING } else { name };
        let quantity = self.catalogue.measures.get(measure);
        let quantity = quantity.filter(|quantity| self.view.data.accounts_of.contains_key(&quantity.over));
        let quantity = quantity.ok_or_else(|| no_number(Over::Accounts, name))?;
        let selected =
            self.view.of_whole_customers(quantity.over).context("contracts and payments are tables")?;
        let rows = self.rows_within(quantity, selected)?;
        let customers = &self.view.data.accounts_of[&quantity.over];
        let mut sums = vec![0_i128; self.view.data.facts[&Over::Accounts].table.frame.height()];
        if name == PRODUCT_GROUPS {
            // different words are no sum over rows, and so no measure: here alone they are counted by hand
            let table = &self.view.data.facts[&quantity.over].table;
            let column = product_column(|name| table.dictionaries.contains_key(name));
            let codes =
                column.and_then(|name| table.codes(name)).ok_or_else(|| no_number(Over::Accounts, name))?;
            let codes = code_slice(&codes);
            let mut pairs: Vec<(u32, u32)> = rows
                .mask
                .rows()
                .map(|row| (customers[row], codes[row]))
                .filter(|(_, code)| *code > 0)
                .collect();
            pairs.sort_unstable();
            pairs.dedup();
            for (customer, _) in pairs {
                sums[customer as usize] += i128::from(SCALE);
            }
            return Ok(sums);
        }
        for row in rows.mask.rows() {
            let one = rows.amounts.as_ref().map_or(i128::from(SCALE), |amounts| amounts.get(row));
            sums[customers[row] as usize] += one;
        }
        Ok(sums)
    }
}
