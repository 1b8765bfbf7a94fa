//! Equal shares that add up: the part of allocation that must be exact to the cent.

use crate::input::cell::SCALE;

/// A cent in millionths.
pub const CENT: i128 = SCALE as i128 / 100;
/// One click or impression in millionths.
pub const PIECE: i128 = SCALE as i128;

/// The equal shares of an amount in millionths: whole units, the remaining units one each to the first parts (largest
/// remainders; all are equal), and what is smaller than a unit to the first part. Money is shared by the [`CENT`].
pub fn shares(amount: i128, parts: usize, unit: i128) -> impl Iterator<Item = i128> {
    let (each, remaining, below_a_unit) = equal_shares(amount, parts, unit);
    (0..parts).map(move |part| {
        let extra = if (part as i128) < remaining { unit } else { 0 };
        each + extra + if part == 0 { below_a_unit } else { 0 }
    })
}

/// What every part gets, how many parts get a unit more, and what is smaller than a unit.
pub fn equal_shares(amount: i128, parts: usize, unit: i128) -> (i128, i128, i128) {
    let count = parts.max(1) as i128;
    let (units, below_a_unit) = (amount.div_euclid(unit), amount.rem_euclid(unit));
    (units.div_euclid(count) * unit, units.rem_euclid(count), below_a_unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shares_add_up_and_differ_by_a_cent_at_most(amount in -1_000_000_000_i128..1_000_000_000, parts in 1_usize..50) {
            let shares: Vec<i128> = shares(amount, parts, CENT).collect();
            prop_assert_eq!(shares.iter().sum::<i128>(), amount);
            let cents: Vec<i128> = shares.iter().map(|share| share.div_euclid(CENT)).collect();
            prop_assert!(cents.iter().max().unwrap() - cents.iter().min().unwrap() <= 1);
        }
    }

    #[test]
    fn ten_euros_among_three_leads() {
        assert_eq!(shares(10_000_000, 3, CENT).collect::<Vec<_>>(), [3_340_000, 3_330_000, 3_330_000]);
    }
}
