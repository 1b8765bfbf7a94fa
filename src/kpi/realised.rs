//! What a group of customers has brought by each age, and when that made up for what it cost.
//!
//! This is no arithmetic on measures: at each age only what came by then counts, and an age counts only where every
//! customer of the group has reached it. So it is code, and `catalogue.toml` says `curve = "…"`.

use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::{Context, Result};

use super::catalogue::CurveSide;
use super::evaluate::{Computed, Evaluator};
use super::exact::Exact;
use super::group::{Choice, Key};
use crate::leads::Over;
use crate::period::{end_of_month, month_number};
use crate::say;

/// Margin received from a group of customers, by age in calendar months: 0 is the month in which a customer began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Curve {
    pub members: u64,
    /// The margin received up to the end of each age that all members have reached, in millionths.
    pub by_age: Vec<i128>,
}

/// The curves of all groups, and of all customers together.
#[derive(Debug, Default)]
pub struct Curves {
    pub groups: BTreeMap<Key, Curve>,
    pub total: Curve,
}

/// A curve in the making.
#[derive(Default)]
struct Growing {
    members: u64,
    last_start: i32,
    by_age: BTreeMap<i32, i128>,
}

impl Curve {
    /// Margin per customer at an age; none at an age that not all have reached.
    pub fn at(&self, age: usize) -> Option<Exact> {
        Exact::fraction(*self.by_age.get(age)?, i128::from(self.members)).map(millionths)
    }

    /// Margin per customer at the last age that all have reached.
    pub fn latest(&self) -> Option<Exact> {
        self.at(self.by_age.len().checked_sub(1)?)
    }

    /// The first age at which the margin per customer makes up for a cost.
    pub fn payback(&self, cost: Exact) -> Option<usize> {
        let is_enough = |age: &usize| {
            self.at(*age).and_then(|margin| cost.minus(margin)).is_some_and(|rest| !rest.is_positive())
        };
        (0..self.by_age.len()).find(is_enough)
    }
}

impl Curves {
    /// The curve of the chosen groups together: of several, the ages that all of their members have reached.
    pub fn of(&self, choice: Choice) -> Curve {
        match choice {
            Choice::All => self.total.clone(),
            Choice::One(key) => self.groups.get(key).cloned().unwrap_or_default(),
            Choice::Where(is_chosen) => {
                let chosen = || self.groups.iter().filter(|(key, _)| is_chosen(key)).map(|(_, curve)| curve);
                let ages = chosen().map(|curve| curve.by_age.len()).min().unwrap_or(0);
                let at = |age: usize| chosen().map(|curve| curve.by_age[age]).sum();
                Curve {
                    members: chosen().map(|curve| curve.members).sum(),
                    by_age: (0..ages).map(at).collect(),
                }
            }
        }
    }
}

impl Evaluator<'_> {
    /// The curves of the customers by dimensions: in event basis of those that began in the period, with all that they
    /// paid up to the day of the data. None where customers do not know a dimension or a filter.
    ///
    /// # Errors
    /// None on tables that were read.
    pub fn curves(&self, dimensions: &[String]) -> Result<Option<Rc<Curves>>> {
        if let Some(known) = self.curves.borrow().get(dimensions) {
            return Ok(Some(known.clone()));
        }
        let data = self.view.data;
        let (Some(beginnings), Some(grouping)) =
            (self.beginnings()?, self.grouping(Over::Accounts, dimensions))
        else {
            return Ok(None);
        };
        let mut growing: BTreeMap<usize, Growing> = BTreeMap::new();
        for (row, start) in beginnings.iter().enumerate().filter_map(|(row, start)| Some((row, (*start)?))) {
            let group = growing.entry(grouping.group_of(row)).or_default();
            group.last_start = if group.members == 0 { start } else { group.last_start.max(start) };
            group.members += 1;
        }
        self.receive(&beginnings, |account, age, earned| {
            let group = growing.entry(grouping.group_of(account)).or_default();
            *group.by_age.entry(age).or_default() += earned;
        })?;
        let last = data.as_of.map(last_whole_month);
        let mut curves = Curves::default();
        let mut all = Growing::default();
        for (group, own) in growing {
            all.last_start =
                if all.members == 0 { own.last_start } else { all.last_start.max(own.last_start) };
            all.members += own.members;
            for (age, margin) in &own.by_age {
                *all.by_age.entry(*age).or_default() += margin;
            }
            curves.groups.insert(grouping.key(group).clone(), finished(&own, last));
        }
        curves.total = finished(&all, last);
        let curves = Rc::new(curves);
        self.curves.borrow_mut().insert(dimensions.to_vec(), curves.clone());
        Ok(Some(curves))
    }

    /// For each customer the calendar month in which it began; none for those that do not count in this view. None at all
    /// where customers do not know a filter.
    fn beginnings(&self) -> Result<Option<Vec<Option<i32>>>> {
        let view = &self.view;
        let Some(selected) = view.selected(Over::Accounts) else { return Ok(None) };
        let accounts = &view.data.facts[&Over::Accounts].table;
        let starts = accounts.dates("start_at").context("customers have a start")?;
        let is_of_period = |day: &i32| view.event_period().is_none_or(|period| period.contains(*day));
        let start = |row: usize| starts.get(row).filter(is_of_period).filter(|_| selected.has(row));
        Ok(Some((0..accounts.frame.height()).map(|row| start(row).map(month_number)).collect()))
    }

    /// Goes through the payments of the customers that count: the row of the customer, its age in months when it paid
    /// (what came before it began is of its first month), and the margin in millionths.
    fn receive(&self, beginnings: &[Option<i32>], mut add: impl FnMut(usize, i32, i128)) -> Result<()> {
        let data = self.view.data;
        let Some(payments) = data.facts.get(&Over::Payments) else { return Ok(()) };
        let days = payments.table.dates("paid_at").context("payments have a date")?;
        let earned = data.margin.earned(&payments.table).context("payments have an amount")?;
        for (row, (account, earned)) in data.accounts_of[&Over::Payments].iter().zip(earned).enumerate() {
            let account = *account as usize;
            let (Some(day), Some(start)) = (days.get(row), beginnings[account]) else { continue };
            add(account, (month_number(day) - start).max(0), earned);
        }
        Ok(())
    }

    /// The customers of this view one by one: the row of each, and the margin in millionths that had been received from
    /// it by each age that all of them have reached. They add up to the curve of all customers.
    ///
    /// # Errors
    /// None on tables that were read.
    pub(super) fn margins_by_age(&self) -> Result<Vec<(usize, Vec<i128>)>> {
        let (Some(curves), Some(beginnings)) = (self.curves(&[])?, self.beginnings()?) else {
            return Ok(Vec::new());
        };
        let ages = curves.total.by_age.len();
        let mut of_account: BTreeMap<usize, Vec<i128>> = BTreeMap::new();
        for (account, _) in beginnings.iter().enumerate().filter(|(_, start)| start.is_some()) {
            of_account.insert(account, vec![0; ages]);
        }
        self.receive(&beginnings, |account, age, earned| {
            // what came at an age is in the sums of all later ones
            let later = of_account.get_mut(&account).into_iter().flatten();
            later.skip(usize::try_from(age).unwrap_or(ages)).for_each(|sum| *sum += earned);
        })?;
        Ok(of_account.into_iter().collect())
    }

    /// A KPI of the curve of the chosen groups; `cost` is that of winning one customer there.
    pub(super) fn of_curve(
        &self,
        side: CurveSide,
        dimensions: &[String],
        choice: Choice,
        cost: Option<Exact>,
    ) -> Result<Computed> {
        let Some(curves) = self.curves(dimensions)? else { return Ok(Computed::default()) };
        let curve = curves.of(choice);
        if curve.members == 0 {
            return Ok(Computed::default());
        }
        let latest = curve.latest();
        if side == CurveSide::Realised {
            let margin = curve.by_age.last().map(|margin| Exact::millionths(*margin));
            let members = Some(Exact::whole(i128::from(curve.members)));
            return Ok(Computed { value: latest, numerator: margin, denominator: members, text: None });
        }
        // what cost nothing cannot be paid back
        let Some(cost) = cost.filter(|cost| cost.is_positive()) else { return Ok(Computed::default()) };
        let recovered = latest.and_then(|latest| latest.over(cost));
        if side == CurveSide::Recovered {
            return Ok(Computed { value: recovered, numerator: latest, denominator: Some(cost), text: None });
        }
        let age = curve.payback(cost).and_then(|age| i128::try_from(age).ok()).map(Exact::whole);
        let text = match (age, recovered) {
            (Some(_), _) => None,
            (None, Some(recovered)) => {
                // the youngest customers of a group say how far all of it can be looked at
                let age = curve.by_age.len().saturating_sub(1);
                Some(say!(
                    "{share} % by month {age}",
                    share = recovered.to_whole_percent(),
                    age = age.to_string()
                ))
            }
            (None, None) => Some(say!("not yet, no whole month")),
        };
        Ok(Computed { value: age, numerator: latest, denominator: Some(cost), text })
    }
}

fn millionths(exact: Exact) -> Exact {
    exact.over(Exact::whole(i128::from(crate::input::cell::SCALE))).unwrap_or(exact)
}

/// The last calendar month that is over on a day.
fn last_whole_month(day: i32) -> i32 {
    let month = month_number(day);
    if end_of_month(month) == day + 1 { month } else { month - 1 }
}

/// The curve up to the last age that the youngest member has reached.
fn finished(growing: &Growing, last: Option<i32>) -> Curve {
    let ages = last.map_or(0, |last| usize::try_from(last - growing.last_start + 1).unwrap_or(0));
    let mut sum = 0;
    let by_age = (0..).take(if growing.members == 0 { 0 } else { ages }).map(|age| {
        sum += growing.by_age.get(&age).copied().unwrap_or(0);
        sum
    });
    Curve { members: growing.members, by_age: by_age.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(members: u64, units: &[i128]) -> Curve {
        Curve { members, by_age: units.iter().map(|units| units * 1_000_000).collect() }
    }

    #[test]
    fn payback_is_the_first_age_with_enough_margin() {
        // 10, 25 and 40 a customer
        let curve = curve(2, &[20, 50, 80]);
        assert_eq!(curve.payback(Exact::whole(25)), Some(1));
        assert_eq!(curve.payback(Exact::whole(26)), Some(2));
        assert_eq!(curve.payback(Exact::whole(41)), None);
        assert_eq!(curve.latest(), Some(Exact::whole(40)));
    }

    #[test]
    fn groups_together_have_the_ages_that_all_have_reached() {
        let key = |name: &str| vec![name.to_string()];
        let groups = BTreeMap::from([
            (key("a"), curve(2, &[20, 50, 80])),
            (key("b"), curve(1, &[5, 6])),
            (key("c"), curve(3, &[1])),
        ]);
        let curves = Curves { groups, total: Curve::default() };
        let is_chosen = |key: &Key| key[0] != "c";
        assert_eq!(curves.of(Choice::Where(&is_chosen)), curve(3, &[25, 56]));
        assert_eq!(curves.of(Choice::One(&key("nobody"))), Curve::default());
    }

    #[test]
    fn a_month_is_whole_on_its_last_day() {
        let day = |text: &str| crate::period::parse_day("day", text).unwrap();
        assert_eq!(last_whole_month(day("2024-02-29")), month_number(day("2024-02-01")));
        assert_eq!(last_whole_month(day("2024-02-28")), month_number(day("2024-01-01")));
    }

    #[test]
    fn ages_end_with_the_youngest_member() {
        let growing =
            Growing { members: 2, last_start: 10, by_age: BTreeMap::from([(0, 3), (2, 4), (9, 5)]) };
        assert_eq!(finished(&growing, Some(12)).by_age, [3, 3, 7]);
        assert_eq!(finished(&growing, Some(9)).by_age, [0; 0]);
    }
}
