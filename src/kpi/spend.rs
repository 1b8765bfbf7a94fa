//! Spend by dimensions and filters that the spend file does not know: by way of the leads.
//!
//! Only cost reaches leads; clicks and impressions have no value by such a dimension.

use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::{Context, Result};

use super::catalogue::QuantityKind;
use super::evaluate::Evaluator;
use super::exact::Exact;
use super::formula::Formula;
use super::group::{Grouped, Key, Tally, shown};
use super::view::{Dimension, NO_LEADS, View, dimension};
use crate::config::Basis;
use crate::input::table::code_slice;
use crate::leads::Over;
use crate::leads::allocation::{Allocation, allocate};
use crate::leads::index::NO_LEAD;
use crate::mask::Mask;

impl Evaluator<'_> {
    /// Whether the spend file itself has all these dimensions and those of the filters.
    pub(super) fn spend_knows(&self, dimensions: &[String]) -> bool {
        let filtered = self.view.filters.iter().map(|filter| &filter.dimension);
        dimensions.iter().chain(filtered).all(|name| self.is_own_of_spend(name))
    }

    fn is_own_of_spend(&self, name: &str) -> bool {
        let spend = self.view.data.facts.get(&Over::Spend);
        spend.is_some_and(|spend| spend.table.dictionaries.contains_key(name))
    }

    /// A measure of spend by dimensions; none where neither spend nor leads know one of them, or a filter.
    pub(super) fn allocated(&self, measure: &str, dimensions: &[String]) -> Result<Option<Grouped>> {
        let is_cost = matches!(&self.catalogue.measures[measure].kind,
            QuantityKind::Sum(Formula::Measure(column)) if column == "cost");
        let found: Option<Vec<Dimension>> =
            dimensions.iter().map(|name| self.dimension_of_spend(name)).collect();
        let knows_filters =
            self.view.filters.iter().all(|filter| self.dimension_of_spend(&filter.dimension).is_some());
        let Some(found) = found.filter(|_| is_cost && knows_filters) else {
            return Ok(None);
        };
        let codes: Vec<(&[u32], &Dimension)> =
            found.iter().map(|dimension| (code_slice(&dimension.codes), dimension)).collect();
        let leads = self.leads_of_spend();
        // one more than the words: spend that reached nobody
        let width = |dimension: &Dimension| dimension.words.len() as u64 + 1;
        let count = found.iter().fold(1_u64, |count, dimension| count.saturating_mul(width(dimension)));
        let sums = self.allocation(measure)?.sums(count, |spend_row, lead| {
            counts(leads.as_ref(), lead).then(|| {
                codes.iter().fold(0, |key, (codes, dimension)| {
                    let code = match (dimension.is_of_lead, lead) {
                        (false, _) => u64::from(codes[spend_row]),
                        (true, NO_LEAD) => dimension.words.len() as u64,
                        (true, lead) => u64::from(codes[lead as usize]),
                    };
                    key * width(dimension) + code
                })
            })
        });
        let mut grouped = Grouped { groups: BTreeMap::new(), total: Tally::Sum(0) };
        for (mut code, amount) in sums.into_iter().filter(|(_, amount)| *amount != 0) {
            let mut key: Key = Vec::new();
            for dimension in found.iter().rev() {
                let word =
                    usize::try_from(code % width(dimension)).ok().and_then(|word| dimension.words.get(word));
                key.push(word.map_or_else(|| NO_LEADS.to_string(), |word| shown(word)));
                code /= width(dimension);
            }
            key.reverse();
            grouped.groups.entry(key).or_insert(Tally::Sum(0)).add(&Tally::Sum(amount));
            grouped.total.add(&Tally::Sum(amount));
        }
        Ok(Some(grouped))
    }

    /// The spend of each lead, in millionths.
    pub(super) fn spend_of_leads(&self, measure: &str) -> Result<Vec<i128>> {
        let mut amounts = vec![0; self.view.data.leads().lead_count];
        let leads = self.leads_of_spend();
        let sums = self.allocation(measure)?.sums(u64::MAX, |_, lead| {
            (lead != NO_LEAD && counts(leads.as_ref(), lead)).then_some(u64::from(lead))
        });
        for (lead, amount) in sums {
            amounts[usize::try_from(lead).context("a lead is a row")?] = amount;
        }
        Ok(amounts)
    }

    /// The leads with the spend that reached them.
    pub(super) fn allocated_contributions(&self, measure: &str) -> Result<Vec<(Over, usize, Exact)>> {
        // clicks have no value under a filter that is of leads, and so no rows
        if self.allocated(measure, &[])?.is_none() {
            return Ok(Vec::new());
        }
        let amounts = self.spend_of_leads(measure)?.into_iter().enumerate();
        let spent = amounts.filter(|(_, amount)| *amount != 0);
        Ok(spent.map(|(row, amount)| (Over::Leads, row, Exact::millionths(amount))).collect())
    }

    /// A dimension of the spend file, else of the leads.
    fn dimension_of_spend(&self, name: &str) -> Option<Dimension> {
        let of_lead = || dimension(self.view.data, Over::Leads, name);
        let of_lead = || of_lead().map(|dimension| Dimension { is_of_lead: true, ..dimension });
        dimension(self.view.data, Over::Spend, name).or_else(of_lead)
    }

    /// The leads whose spend counts: filters on the spend file's own dimensions select its rows, the others leads.
    /// None where no filter selects leads: then what reached nobody counts too.
    fn leads_of_spend(&self) -> Option<Mask> {
        let of_leads = self.view.filters.iter().filter(|filter| !self.is_own_of_spend(&filter.dimension));
        let of_leads: Vec<_> = of_leads.cloned().collect();
        (!of_leads.is_empty()).then(|| View::new(self.view.data, Basis::Cohort, None, &of_leads).leads)
    }

    /// The spend of a measure brought to the leads created in the period.
    fn allocation(&self, measure: &str) -> Result<Rc<Allocation>> {
        if let Some(known) = self.allocations.borrow().get(measure) {
            return Ok(known.clone());
        }
        let data = self.view.data;
        let own = self.view.filters.iter().filter(|filter| self.is_own_of_spend(&filter.dimension));
        let own: Vec<_> = own.cloned().collect();
        let quantity = &self.catalogue.measures[measure];
        // money that was spent earlier reached the leads of its own time
        let earlier = self.view.earlier_period(quantity.days_earlier);
        let period = earlier.as_ref().or(self.view.period);
        let selected = View::new(data, self.view.basis, period, &own).selected(Over::Spend);
        let selected = selected.context("spend answers its own filters")?;
        let rows = self.rows_within(quantity, selected)?;
        let candidates = View::new(data, Basis::Cohort, period, &[]).leads;
        let amounts = rows.amounts.context("an allocated measure is a sum")?;
        let allocation = Rc::new(allocate(data, &|row| amounts.get(row), &rows.mask, &candidates)?);
        self.allocations.borrow_mut().insert(measure.to_string(), allocation.clone());
        Ok(allocation)
    }
}

/// Whether the spend of a lead, or of nobody, counts among these leads.
fn counts(leads: Option<&Mask>, lead: u32) -> bool {
    leads.is_none_or(|leads| lead != NO_LEAD && leads.has(lead as usize))
}
