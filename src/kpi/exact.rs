//! Exact fractions: sums of money and their ratios are never floating point before they are printed.

use crate::input::cell::SCALE;
use crate::lang;

/// A percentage below this is 0 but for rounding: no count is so large.
const SMALLEST_PERCENTAGE: f64 = 1e-12;
/// More decimals than these no percentage has.
const MOST_DECIMALS: u32 = 14;

/// A fraction in lowest terms with a positive denominator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact {
    numerator: i128,
    denominator: i128,
}

impl Exact {
    /// Zero.
    pub const ZERO: Exact = Exact { numerator: 0, denominator: 1 };

    /// A whole number.
    pub fn whole(number: i128) -> Exact {
        Exact { numerator: number, denominator: 1 }
    }

    /// A number of millionths, as they are read.
    pub fn millionths(number: i128) -> Exact {
        Exact::fraction(number, i128::from(SCALE)).unwrap_or(Exact::ZERO)
    }

    /// `numerator / denominator`; none for a denominator of 0.
    pub fn fraction(numerator: i128, denominator: i128) -> Option<Exact> {
        if denominator == 0 {
            return None;
        }
        let divisor = common_divisor(numerator.unsigned_abs(), denominator.unsigned_abs());
        let divisor = i128::try_from(divisor).ok()? * denominator.signum();
        Some(Exact { numerator: numerator / divisor, denominator: denominator / divisor })
    }

    /// The number of these digits before and behind the decimal point; none where there are others, or too many.
    pub fn from_digits(whole: &str, part: &str) -> Option<Exact> {
        let digits: i128 = format!("{whole}{part}").parse().ok()?;
        Exact::fraction(digits, 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?)
    }

    /// `12` or `12.5`; none for a sign, anything but digits, or more than so many of them on a side of the point.
    pub fn from_decimal(text: &str, most_digits: usize) -> Option<Exact> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let is_plain =
            |digits: &str| digits.len() <= most_digits && digits.bytes().all(|byte| byte.is_ascii_digit());
        let is_number = !whole.is_empty() && is_plain(whole) && is_plain(part);
        if is_number { Exact::from_digits(whole, part) } else { None }
    }

    /// The sum; none where it leaves the range of 38 digits.
    pub fn plus(self, other: Exact) -> Option<Exact> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Exact::fraction(left.checked_add(right)?, self.denominator.checked_mul(other.denominator)?)
    }

    /// The difference.
    pub fn minus(self, other: Exact) -> Option<Exact> {
        self.plus(Exact { numerator: -other.numerator, ..other })
    }

    /// The product.
    pub fn times(self, other: Exact) -> Option<Exact> {
        Exact::fraction(
            self.numerator.checked_mul(other.numerator)?,
            self.denominator.checked_mul(other.denominator)?,
        )
    }

    /// The quotient; none for a divisor of 0.
    pub fn over(self, other: Exact) -> Option<Exact> {
        self.times(Exact::fraction(other.denominator, other.numerator)?)
    }

    /// In millionths, rounded half away from zero.
    pub fn to_millionths(self) -> i128 {
        self.rounded(6)
    }

    /// Whether it is 0.
    pub fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// Whether it is more than 0.
    pub fn is_positive(self) -> bool {
        self.numerator > 0
    }

    /// As a whole number, if it is one that counts something.
    pub fn as_count(self) -> Option<u64> {
        if self.denominator == 1 { u64::try_from(self.numerator).ok() } else { None }
    }

    /// The nearest multiple of `10^-decimals`, in such units, halves away from zero.
    fn rounded(self, decimals: u32) -> i128 {
        let scale = 10_i128.pow(decimals);
        let (whole, rest) = (self.numerator / self.denominator, self.numerator % self.denominator);
        let scaled_rest = rest.saturating_mul(scale);
        let (part, left) = (scaled_rest / self.denominator, scaled_rest % self.denominator);
        let is_half = left.unsigned_abs() >= self.denominator.unsigned_abs() - left.unsigned_abs();
        whole * scale + part + if is_half && left != 0 { left.signum() } else { 0 }
    }

    /// With up to six decimals, twelve where six would show nothing, and no trailing zeros: `0.10525`. For CSV and JSON.
    pub fn to_plain(self) -> String {
        // what is little is not nothing
        let decimals = if self.rounded(6) == 0 { 12 } else { 6 };
        let text = decimal(self.rounded(decimals), decimals, false);
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    }

    /// With a fixed number of decimals and grouped thousands, as the language writes them: `1,234.50`. For people.
    pub fn to_text(self, decimals: u32) -> String {
        decimal(self.rounded(decimals), decimals, true)
    }

    /// In percent with two decimals; with three where the third would be an exact half, which no rounding rule of a
    /// reader must turn into another figure: `10.525`; and with two digits that say something where it is below 0.01:
    /// `0.0012`, which is little and not nothing, or by so little below 100: `99.9967`.
    pub fn to_percent(self) -> String {
        let percent = Exact { numerator: self.numerator.saturating_mul(100), denominator: self.denominator };
        if let Some(decimals) = decimals_of_little(percent.to_float()) {
            return percent.to_text(decimals);
        }
        // nearly all is not all
        let is_nearly_all = percent.rounded(2) == 10_000 && percent.to_float() < 100.0;
        let missing = Exact::whole(100).minus(percent).filter(|_| is_nearly_all);
        if let Some(decimals) = missing.and_then(|missing| decimals_of_little(missing.to_float())) {
            return percent.to_text(decimals);
        }
        let is_exact_half = percent.rounded(3) % 10 != 0
            && percent.rounded(3) % 5 == 0
            && Exact::fraction(percent.rounded(3), 1000)
                == Exact::fraction(percent.numerator, percent.denominator);
        percent.to_text(if is_exact_half { 3 } else { 2 })
    }

    /// In whole percent, cut off: what is not whole yet must not look as if it were.
    pub fn to_whole_percent(self) -> String {
        (self.numerator.saturating_mul(100) / self.denominator).to_string()
    }

    /// The nearest floating-point number, for statistics that need roots.
    pub fn to_float(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

/// With how many decimals a percentage is written that two would turn into nothing, or nearly: so many that two digits
/// other than leading zeros are there. None for 0, for what is smaller than any count could tell, and for all others.
pub fn decimals_of_little(percent: f64) -> Option<u32> {
    let size = percent.abs();
    (SMALLEST_PERCENTAGE..0.01).contains(&size).then(|| {
        let scaled = |decimals: &u32| size * 10_f64.powi(i32::try_from(*decimals).unwrap_or(i32::MAX));
        (3..MOST_DECIMALS).find(|decimals| scaled(decimals) >= 10.0).unwrap_or(MOST_DECIMALS)
    })
}

/// `1234.5` for a number of millionths.
pub fn format_millionths(number: i64) -> String {
    Exact::millionths(i128::from(number)).to_plain()
}

fn decimal(units: i128, decimals: u32, is_grouped: bool) -> String {
    let scale = 10_u128.pow(decimals);
    let (whole, part) = (units.unsigned_abs() / scale, units.unsigned_abs() % scale);
    let (whole, mark) =
        if is_grouped { (lang::whole(whole), lang::decimal_mark()) } else { (whole.to_string(), ".") };
    let sign = if units < 0 { "-" } else { "" };
    if decimals == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}{mark}{part:0width$}", width = decimals as usize)
    }
}

fn common_divisor(left: u128, right: u128) -> u128 {
    if right == 0 { left } else { common_divisor(right, left % right) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(numerator: i128, denominator: i128) -> String {
        Exact::fraction(numerator, denominator).unwrap().to_plain()
    }

    #[test]
    fn plain_numbers_have_no_trailing_zeros() {
        for (numerator, denominator, expected) in [
            (842, 8000, "0.10525"),
            (14, 60, "0.233333"),
            (2, 3, "0.666667"),
            (-2, 3, "-0.666667"),
            (100, 1, "100"),
            (0, 5, "0"),
            // what is little is not nothing
            (-1, 2_000_000_000, "-0.0000000005"),
            (1, 5_000_000, "0.0000002"),
            (-1, 20_000_000_000_000, "0"),
        ] {
            assert_eq!(text(numerator, denominator).trim_start_matches("-0x"), expected);
        }
    }

    #[test]
    fn percentages_keep_an_exact_half() {
        for (numerator, denominator, expected) in [
            (842, 8000, "10.525"),
            (14, 60, "23.33"),
            (179, 1099, "16.29"),
            (1, 1, "100.00"),
            (1, 8, "12.50"),
            (1, 2000, "0.05"),
            (1, 10_000, "0.01"),
            (0, 100_000, "0.00"),
            // 0.003 %, 0.0012 %, 0.00002 %, less than 0.01 % by a millionth, and below 0
            (3, 100_000, "0.0030"),
            (12, 1_000_000, "0.0012"),
            (2, 10_000_000, "0.000020"),
            (99_999_999, 1_000_000_000_000, "0.0100"),
            (-1, 30_000, "-0.0033"),
        ] {
            assert_eq!(Exact::fraction(numerator, denominator).unwrap().to_percent(), expected);
        }
    }

    #[test]
    fn text_for_people_is_grouped_and_rounded() {
        assert_eq!(Exact::fraction(123_456_789, 100).unwrap().to_text(1), "1,234,567.9");
        assert_eq!(Exact::fraction(-5, 2).unwrap().to_text(0), "-3");
    }

    #[test]
    fn nothing_is_divided_by_zero() {
        assert_eq!(Exact::fraction(1, 0), None);
        assert_eq!(Exact::whole(1).over(Exact::ZERO), None);
    }

    proptest! {
        #[test]
        fn arithmetic_undoes_itself(a in -1_000_000_i128..1_000_000, b in 1_i128..1_000_000, c in -1_000_000_i128..1_000_000, d in 1_i128..1_000_000) {
            let (x, y) = (Exact::fraction(a, b).unwrap(), Exact::fraction(c, d).unwrap());
            prop_assert_eq!(x.plus(y).unwrap().minus(y), Some(x));
            if c != 0 {
                prop_assert_eq!(x.times(y).unwrap().over(y), Some(x));
            }
            prop_assert!((x.to_plain().parse::<f64>().unwrap() - x.to_float()).abs() < 1e-6);
        }
    }
}
