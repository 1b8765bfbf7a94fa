//! Time until an event of which not all have had it yet: who is still waiting tells how long he has waited so far, and
//! a mean over those who are through would leave him out. Hence Kaplan–Meier.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::exact::Exact;
use crate::input::table::Days;
use crate::mask::Mask;

/// Decimals that estimates are rounded to: products of many fractions leave the range of exact arithmetic.
const PRECISION: f64 = 1e6;
/// Rounding of products must not move a quantile to the next event.
const TOLERANCE: f64 = 1e-9;

/// How the time of a row ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// After so many days with the event.
    Event(i32),
    /// After so many days without it, because the data end.
    Censored(i32),
    /// The event cannot come any more.
    Never,
}

/// The dates of the rows of a measure of times.
#[derive(Debug)]
pub struct Times {
    pub from: Days,
    pub to: Days,
    /// The rows for which the event cannot come any more.
    pub never: Mask,
    /// The day on which the data end.
    pub as_of: Option<i32>,
}

impl Times {
    /// How the time of a row ends; none without a start, for one after the end of the data, or for an event before its
    /// start, which is a data error (`includes_negative` counts it all the same).
    pub fn end(&self, row: usize, includes_negative: bool) -> Option<End> {
        let from = self.from.get(row)?;
        if let Some(to) = self.to.get(row) {
            let days = to.saturating_sub(from);
            return (days >= 0 || includes_negative).then_some(End::Event(days));
        }
        if self.never.has(row) {
            return Some(End::Never);
        }
        let days = self.as_of?.saturating_sub(from);
        (days >= 0).then_some(End::Censored(days))
    }
}

/// How many rows ended how, day by day: sums, so that parts add up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survival {
    /// Events and censored rows by days.
    pub at: BTreeMap<i32, Ends>,
    pub never: u64,
}

/// The rows whose time ended on one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ends {
    pub events: u64,
    pub censored: u64,
}

/// What is known of rows at one age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtAge {
    /// The share that has had the event by then.
    pub share: Option<Exact>,
    /// The rows that had neither had it before that day nor ceased to be observed; those that can never have it too.
    pub at_risk: u64,
}

impl Survival {
    /// The number of rows.
    pub fn size(&self) -> u64 {
        self.at.values().map(|ends| ends.events + ends.censored).sum::<u64>() + self.never
    }

    /// Adds other rows.
    pub fn add(&mut self, other: &Survival) {
        for (day, more) in &other.at {
            let ends = self.at.entry(*day).or_default();
            ends.events += more.events;
            ends.censored += more.censored;
        }
        self.never += other.never;
    }

    /// The share that has had the event by the longest observed time; none without rows.
    ///
    /// `1 − Π (1 − dᵢ/nᵢ)` over the days i with events: dᵢ events among nᵢ rows that had not ended before. A row that is
    /// censored on a day is among the nᵢ of that day; one that can never have the event is among all nᵢ, to the end. So
    /// without censored rows it is events over rows. E. L. Kaplan and P. Meier, "Nonparametric Estimation from Incomplete
    /// Observations", JASA 53 (1958). Rounded to six decimals.
    pub fn converted(&self) -> Option<Exact> {
        (self.size() > 0).then(|| rounded(1.0 - self.curve().last().map_or(1.0, |(_, left)| *left)))
    }

    /// The day by which a share has had the event: the first on which at most `1 − share` are left; none where so many
    /// have not had it yet.
    pub fn quantile(&self, share: f64) -> Option<Exact> {
        let reached = self.curve().into_iter().find(|(_, left)| *left <= 1.0 - share + TOLERANCE);
        reached.map(|(day, _)| Exact::whole(i128::from(day)))
    }

    /// The mean of the days up to the longest observed time, beyond which nothing is known: the area under the curve of
    /// those left, from day 0. J. O. Irwin, "The standard error of an estimate of expectation of life", Journal of
    /// Hygiene 47 (1949). Rounded to six decimals; none without an observed time.
    pub fn restricted_mean(&self) -> Option<Exact> {
        let longest = self.at.keys().next_back()?;
        let (mut area, mut left, mut since) = (0.0, 1.0, 0);
        for (day, now_left) in self.curve() {
            area += left * f64::from(day - since);
            (left, since) = (now_left, day);
        }
        Some(rounded(area + left * f64::from(longest - since)))
    }

    /// The longest observed time.
    pub fn longest(&self) -> Option<Exact> {
        self.at.keys().next_back().map(|day| Exact::whole(i128::from(*day)))
    }

    /// The share that has had the event by each age, in days, and how many rows were at risk on that day.
    ///
    /// The share is that of [`Survival::converted`], stopped at the age. It is unknown at an age that nobody has been
    /// observed to reach, unless nobody is still waiting.
    pub fn by_ages(&self, ages: &[i32]) -> Vec<AtAge> {
        let size = self.size();
        let longest = self.at.keys().next_back().copied();
        let is_decided = self.at.values().all(|ends| ends.censored == 0);
        let curve = self.curve();
        let at_age = |age: &i32| {
            let ended: u64 = self.at.range(..*age).map(|(_, ends)| ends.events + ends.censored).sum();
            let left = curve.iter().take_while(|(day, _)| day <= age).last().map_or(1.0, |(_, left)| *left);
            let is_known = size > 0 && (is_decided || longest.is_some_and(|longest| *age <= longest));
            AtAge { share: is_known.then(|| rounded(1.0 - left)), at_risk: size - ended }
        };
        ages.iter().map(at_age).collect()
    }

    /// The share of the rows left after each day with an event.
    fn curve(&self) -> Vec<(i32, f64)> {
        let (mut at_risk, mut left) = (self.size(), 1.0);
        let mut curve = Vec::new();
        for (day, ends) in &self.at {
            if ends.events > 0 {
                left *= (at_risk - ends.events) as f64 / at_risk as f64;
                curve.push((*day, left));
            }
            at_risk -= ends.events + ends.censored;
        }
        curve
    }
}

fn rounded(number: f64) -> Exact {
    #[expect(clippy::cast_possible_truncation, reason = "days of at most five thousand years, in millionths")]
    let millionths = (number * PRECISION).round() as i128;
    Exact::millionths(millionths)
}

/// Days that are counted in an array, which is many times faster; rarer ones in a map.
const COMMON_DAYS: usize = 2048;
/// An array of days by group larger than this would not fit the cache.
const LARGEST_ARRAY: usize = 1 << 20;

/// Counts the rows of a mask by groups; `group` says which of `count` groups a row belongs to.
pub fn count_groups(
    times: &Times,
    mask: &Mask,
    count: usize,
    group: impl Fn(usize) -> usize + Sync,
    includes_negative: bool,
) -> Vec<Survival> {
    let width = if count.saturating_mul(COMMON_DAYS) <= LARGEST_ARRAY { COMMON_DAYS } else { 0 };
    let count_part = |part: &mut dyn Iterator<Item = usize>| {
        let mut common = vec![Ends::default(); count * width];
        let mut rare: HashMap<(usize, i32), Ends> = HashMap::new();
        let mut never = vec![0_u64; count];
        for row in part {
            let Some(end) = times.end(row, includes_negative) else { continue };
            let group = group(row);
            let days = match end {
                End::Event(days) | End::Censored(days) => days,
                End::Never => {
                    never[group] += 1;
                    continue;
                }
            };
            let ends = match usize::try_from(days) {
                Ok(place) if place < width => &mut common[group * width + place],
                _ => rare.entry((group, days)).or_default(),
            };
            match end {
                End::Event(_) => ends.events += 1,
                End::Censored(_) | End::Never => ends.censored += 1,
            }
        }
        (common, rare, never)
    };
    let parts = mask.split(rayon::current_num_threads());
    let counted: Vec<_> = parts.into_par_iter().map(|mut part| count_part(&mut part)).collect();
    let mut all = vec![Survival::default(); count];
    for (common, rare, never) in counted {
        let days = (0..).zip(0..width);
        let of_groups =
            (0..count).flat_map(|group| days.clone().map(move |(day, place)| (group, day, place)));
        let common = of_groups.map(|(group, day, place)| ((group, day), common[group * width + place]));
        for ((group, day), more) in common.filter(|(_, ends)| *ends != Ends::default()).chain(rare) {
            let known = all[group].at.entry(day).or_default();
            known.events += more.events;
            known.censored += more.censored;
        }
        all.iter_mut().zip(never).for_each(|(survival, more)| survival.never += more);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weeks of remission under 6-MP; `true` where it ended, `false` where it still went on. E. J. Freireich et al.,
    /// Blood 21 (1963); E. A. Gehan, Biometrika 52 (1965).
    const REMISSION: [(i32, bool); 21] = [
        (6, true),
        (6, true),
        (6, true),
        (6, false),
        (7, true),
        (9, false),
        (10, true),
        (10, false),
        (11, false),
        (13, true),
        (16, true),
        (17, false),
        (19, false),
        (20, false),
        (22, true),
        (23, true),
        (25, false),
        (32, false),
        (32, false),
        (34, false),
        (35, false),
    ];

    fn survival(times: &[(i32, bool)]) -> Survival {
        let mut survival = Survival::default();
        for (day, is_event) in times {
            let ends = survival.at.entry(*day).or_default();
            if *is_event { ends.events += 1 } else { ends.censored += 1 }
        }
        survival
    }

    #[test]
    fn the_published_remission_times() {
        // by hand: 18/21; × 16/17; × 14/15; × 11/12; × 10/11; × 6/7; × 5/6
        let published =
            [(6, 0.857), (7, 0.807), (10, 0.753), (13, 0.690), (16, 0.627), (22, 0.538), (23, 0.448)];
        let remission = survival(&REMISSION);
        let curve: Vec<(i32, f64)> = remission
            .curve()
            .into_iter()
            .map(|(day, left)| (day, (left * 1000.0).round() / 1000.0))
            .collect();
        assert_eq!(curve, published);
        assert_eq!(remission.quantile(0.5), Some(Exact::whole(23)), "the published median of 23 weeks");
        assert_eq!(remission.quantile(0.9), None, "not so many have relapsed");
        assert_eq!(remission.longest(), Some(Exact::whole(35)));
        // 6 + .857143·1 + .806723·3 + .752941·3 + .690196·3 + .627451·6 + .537815·1 + .448179·12
        assert_eq!(remission.restricted_mean().map(Exact::to_plain).as_deref(), Some("23.287395"));
        assert_eq!(remission.converted().map(Exact::to_plain).as_deref(), Some("0.551821"));
    }

    #[test]
    fn without_censored_rows_it_is_the_plain_share() {
        let mut won = survival(&[(3, true), (5, true), (5, true)]);
        won.never = 9;
        assert_eq!(won.converted().map(Exact::to_plain).as_deref(), Some("0.25"));
        assert_eq!(won.quantile(0.5), None);
        assert_eq!(Survival { never: 4, ..Survival::default() }.converted(), Some(Exact::ZERO));
        assert_eq!(Survival::default().converted(), None);
    }

    #[test]
    fn the_published_remission_times_by_age() {
        // the curve above, and the numbers at risk that are published with it: 21 at 6 weeks, 17, 15, 12, 11, 7, 6 later
        let at = survival(&REMISSION).by_ages(&[0, 6, 7, 10, 13, 16, 22, 23, 35, 36]);
        let shares: Vec<String> =
            at.iter().map(|at| at.share.map_or_else(String::new, Exact::to_plain)).collect();
        let published = [
            "0", "0.142857", "0.193277", "0.247059", "0.309804", "0.372549", "0.462185", "0.551821",
            "0.551821", "",
        ];
        assert_eq!(shares, published);
        let at_risk: Vec<u64> = at.iter().map(|at| at.at_risk).collect();
        assert_eq!(at_risk, [21, 21, 17, 15, 12, 11, 7, 6, 1, 0]);
    }

    #[test]
    fn where_nobody_waits_the_share_is_known_at_any_age() {
        let mut decided = survival(&[(3, true), (5, true)]);
        decided.never = 2;
        let at = |age: i32| decided.by_ages(&[age])[0];
        assert_eq!(at(4), AtAge { share: Exact::fraction(1, 4), at_risk: 3 });
        assert_eq!(at(400), AtAge { share: Exact::fraction(1, 2), at_risk: 2 });
        assert_eq!(Survival::default().by_ages(&[0])[0].share, None);
    }

    #[test]
    fn an_exact_half_is_a_median() {
        // 9/10 · 8/9 · … · 5/6 is a half, whatever rounding makes of it
        let times: Vec<(i32, bool)> = (1..=10).map(|day| (day, day <= 5)).collect();
        assert_eq!(survival(&times).quantile(0.5), Some(Exact::whole(5)));
    }
}
