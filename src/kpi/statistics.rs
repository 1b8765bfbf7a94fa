//! The statistics of the reports, each with its formula and where it comes from.

use std::collections::BTreeMap;

use super::exact::Exact;

/// The 97.5% point of the normal distribution: two-sided 95%.
const Z: f64 = 1.959_963_984_540_054;

/// A 95% confidence interval of a share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// The Wilson score interval of `successes` in `trials`; none without trials, or where the share exceeds 1
/// (in event basis it is a ratio of two different groups).
///
/// `(p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n)`, E. B. Wilson, "Probable Inference, the Law of Succession, and
/// Statistical Inference", JASA 22 (1927).
pub fn wilson(successes: u64, trials: u64) -> Option<Interval> {
    if trials == 0 || successes > trials {
        return None;
    }
    let (n, p) = (trials as f64, successes as f64 / trials as f64);
    let z2 = Z * Z;
    let centre = p + z2 / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    // rounding must not take the interval out of [0, 1] where it touches the border
    let low = if successes == 0 { 0.0 } else { (centre - spread) / scale };
    let high = if successes == trials { 1.0 } else { (centre + spread) / scale };
    Some(Interval { low, high })
}

/// The Newcombe interval of the difference of two shares of different trials, each `(successes, trials)`; none where one
/// of the shares has no Wilson interval.
///
/// With the Wilson limits `l`, `u` of each: `d − √((p₁−l₁)² + (u₂−p₂)²)` to `d + √((u₁−p₁)² + (p₂−l₂)²)`, method 10 of
/// R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine 17 (1998).
pub fn newcombe(one: (u64, u64), other: (u64, u64)) -> Option<Interval> {
    let (of_one, of_other) = (wilson(one.0, one.1)?, wilson(other.0, other.1)?);
    let share = |(successes, trials): (u64, u64)| successes as f64 / trials as f64;
    let (p1, p2) = (share(one), share(other));
    let below = (p1 - of_one.low).hypot(of_other.high - p2);
    let above = (of_one.high - p1).hypot(p2 - of_other.low);
    Some(Interval { low: p1 - p2 - below, high: p1 - p2 + above })
}

/// How often each length of time occurs: whole days, or seconds.
pub type Histogram = BTreeMap<i64, u64>;

/// The number of observations.
pub fn size(histogram: &Histogram) -> u64 {
    histogram.values().sum()
}

/// The mean: the sum of the lengths over their number; none without observations.
pub fn mean(histogram: &Histogram) -> Option<Exact> {
    Exact::fraction(total(histogram), i128::from(size(histogram)))
}

/// The sum of all lengths.
pub fn total(histogram: &Histogram) -> i128 {
    histogram.iter().map(|(days, count)| i128::from(*days) * i128::from(*count)).sum()
}

/// The median: the middle observation, or the mean of the two in the middle.
pub fn median(histogram: &Histogram) -> Option<Exact> {
    let size = size(histogram);
    let (left, right) = (nth(histogram, size.checked_sub(1)? / 2)?, nth(histogram, size / 2)?);
    Exact::fraction(i128::from(left) + i128::from(right), 2)
}

/// The smallest length that at least 90% of the observations do not exceed (nearest rank; definition 1 of
/// R. J. Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996)).
pub fn p90(histogram: &Histogram) -> Option<Exact> {
    let rank = (size(histogram) * 9).div_ceil(10);
    nth(histogram, rank.checked_sub(1)?).map(|days| Exact::whole(i128::from(days)))
}

/// The observation at a place (from 0) in the order of lengths.
fn nth(histogram: &Histogram, place: u64) -> Option<i64> {
    let mut passed = 0;
    for (days, count) in histogram {
        passed += count;
        if passed > place {
            return Some(*days);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Published values: R. G. Newcombe, "Two-sided confidence intervals for the single proportion", and by hand.
    #[test]
    fn wilson_reaches_published_values() {
        for (successes, trials, low, high, error) in [
            (3, 10, 0.107_791, 0.603_222, 6e-7),
            (0, 10, 0.0, 0.277_533, 6e-7),
            (55, 100, 0.452_446, 0.643_855, 6e-7),
            // the paper has four decimals
            (81, 263, 0.2553, 0.3662, 6e-5),
        ] {
            let interval = wilson(successes, trials).unwrap();
            assert!(
                (interval.low - low).abs() < error && (interval.high - high).abs() < error,
                "{interval:?}"
            );
        }
        assert_eq!(wilson(0, 0), None);
        assert_eq!(wilson(3, 2), None);
        assert!(wilson(5, 5).unwrap().high >= 1.0);
    }

    /// The first example of Newcombe's paper, 56/70 against 48/80, and what follows from the formula alone.
    #[test]
    fn newcombe_reaches_published_values() {
        let interval = newcombe((56, 70), (48, 80)).unwrap();
        assert!((interval.low - 0.052_432).abs() < 6e-7 && (interval.high - 0.333_873).abs() < 6e-7);
        // the other way round it is the same interval with the other sign
        let turned = newcombe((48, 80), (56, 70)).unwrap();
        assert!((turned.low + interval.high).abs() < 1e-12 && (turned.high + interval.low).abs() < 1e-12);
        assert_eq!(newcombe((0, 0), (1, 2)), None);
        assert_eq!(newcombe((3, 2), (1, 2)), None);
    }

    proptest! {
        #[test]
        fn a_difference_lies_within_its_interval(a in 0_u64..200, b in 0_u64..200, c in 0_u64..200, d in 0_u64..200) {
            prop_assume!(a + b > 0 && c + d > 0);
            let interval = newcombe((a, a + b), (c, c + d)).unwrap();
            let difference = a as f64 / (a + b) as f64 - c as f64 / (c + d) as f64;
            prop_assert!(-1.000_001 < interval.low && interval.low <= difference + 1e-12);
            prop_assert!(difference <= interval.high + 1e-12 && interval.high < 1.000_001);
        }

        #[test]
        fn quantiles_agree_with_a_sorted_list(mut days in proptest::collection::vec(-5_i64..400, 1..60)) {
            let mut histogram = Histogram::new();
            for day in &days {
                *histogram.entry(*day).or_default() += 1;
            }
            days.sort_unstable();
            let n = days.len();
            let middle = i128::from(days[(n - 1) / 2]) + i128::from(days[n / 2]);
            prop_assert_eq!(median(&histogram), Exact::fraction(middle, 2));
            let needed = (n * 9).div_ceil(10);
            prop_assert_eq!(p90(&histogram).unwrap(), Exact::whole(i128::from(days[needed - 1])));
            let sum: i64 = days.iter().sum();
            prop_assert_eq!(mean(&histogram), Exact::fraction(i128::from(sum), n as i128));
        }

        #[test]
        fn an_interval_holds_its_share(successes in 0_u64..1000, more in 0_u64..1000) {
            let trials = successes + more;
            prop_assume!(trials > 0);
            let interval = wilson(successes, trials).unwrap();
            let share = successes as f64 / trials as f64;
            prop_assert!(0.0 <= interval.low && interval.low <= share && share <= interval.high && interval.high <= 1.0);
        }
    }
}
