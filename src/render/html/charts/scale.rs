//! From a number to a place: a scale that begins at 0 where it can and ends at a round number.

use crate::kpi::catalogue::Unit;
use crate::lang;
use crate::report::compare::is_share;

/// A stretch of numbers with round marks on it.
pub struct Scale {
    pub low: f64,
    pub high: f64,
    step: f64,
    unit: Unit,
}

impl Scale {
    /// The scale on which all these numbers lie, and 0.
    pub fn of(numbers: impl Iterator<Item = f64>, unit: Unit) -> Scale {
        let (low, high) =
            numbers.fold((0.0_f64, 0.0_f64), |(low, high), number| (low.min(number), high.max(number)));
        let high = if high > low { high } else { 1.0 };
        let step = round_step((high - low) / 4.0);
        let high = (high / step - 1e-9).ceil().max(0.0) * step;
        Scale { low: (low / step + 1e-9).floor().min(0.0) * step, high, step, unit }
    }

    /// Where a number lies, in percent of the width.
    pub fn place(&self, number: f64) -> f64 {
        ((number - self.low) / (self.high - self.low) * 100.0).clamp(0.0, 100.0)
    }

    /// The round numbers on the scale, each with its text.
    pub fn marks(&self) -> Vec<(f64, String)> {
        let mut marks = Vec::new();
        let mut number = self.low;
        while number <= self.high + self.step / 2.0 {
            marks.push((number, self.text(number)));
            number += self.step;
        }
        marks
    }

    fn text(&self, number: f64) -> String {
        let (number, step, behind) = if is_share(self.unit) {
            (number * 100.0, self.step * 100.0, lang::percent(""))
        } else {
            (number, self.step, String::new())
        };
        let is_whole = |decimals: &usize| {
            let times = step * 10.0_f64.powi(i32::try_from(*decimals).unwrap_or_default());
            (times - times.round()).abs() < 1e-6
        };
        let decimals = (0..4).find(is_whole).unwrap_or(4);
        let sign = if number < -step / 2.0 { "-" } else { "" };
        let text = format!("{:.decimals$}", number.abs());
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        let whole = whole.parse::<usize>().map_or_else(|_| whole.to_string(), lang::whole);
        let point = if part.is_empty() { "" } else { lang::decimal_mark() };
        format!("{sign}{whole}{point}{part}{behind}")
    }
}

/// 1, 2, 2.5 or 5 times a power of ten, not below a number.
fn round_step(least: f64) -> f64 {
    let power = 10.0_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|times| times * power);
    steps.into_iter().find(|step| *step >= least * 0.999_999).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers() {
        let marks = |numbers: &[f64], unit| {
            let marks = Scale::of(numbers.iter().copied(), unit).marks();
            marks.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(marks(&[0.363], Unit::Share), "0 % 10 % 20 % 30 % 40 %");
        assert_eq!(marks(&[-0.64, 0.65], Unit::Part), "-100 % -50 % 0 % 50 % 100 %");
        assert_eq!(marks(&[45_750.5], Unit::Money), "0 20,000 40,000 60,000");
        assert_eq!(marks(&[0.926], Unit::Share), "0 % 25 % 50 % 75 % 100 %");
        assert_eq!(marks(&[3.2], Unit::Number), "0 1 2 3 4");
        assert_eq!(marks(&[], Unit::Count), "0.00 0.25 0.50 0.75 1.00");
        assert_eq!(marks(&[0.093], Unit::Share), "0.0 % 2.5 % 5.0 % 7.5 % 10.0 %");
        assert_eq!(marks(&[-3.0], Unit::Number), "-3 -2 -1 0");
    }
}
