//! The parsers of values against arithmetic of the test's own.

use funnel_kpi::input::cell::{Plain, parse_date, parse_decimal, parse_number};
use funnel_kpi::input::number::{Number, Reading, read_number};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseResult;

use super::cases;

/// How a number is written around its digits.
#[derive(Debug, Clone)]
struct Dress {
    thousands: &'static str,
    decimal: char,
    before: &'static str,
    behind: &'static str,
    minus: &'static str,
    power: (&'static str, u32),
    is_percent: bool,
}

fn dress() -> impl Strategy<Value = Dress> {
    let thousands = select(vec!["", "", "other", " ", "\u{a0}", "\u{202f}", "'", "’"]);
    let around = select(vec![
        ("", ""),
        ("$", ""),
        ("", " ₽"),
        ("€ ", ""),
        ("", " руб."),
        ("US$", ""),
        ("R$ ", ""),
        ("", " kr"),
        ("CHF ", ""),
    ]);
    let power = select(vec![
        ("", 0),
        ("", 0),
        ("", 0),
        ("K", 3),
        (" тыс.", 3),
        (" млн", 6),
        ("M", 6),
        ("B", 9),
        (" млрд", 9),
    ]);
    let minus = select(vec!["", "", "-", "−", "–", "("]);
    (thousands, select(vec!['.', ',']), around, minus, power, any::<bool>()).prop_map(
        |(thousands, decimal, (before, behind), minus, power, is_percent)| {
            let thousands = match (thousands, decimal) {
                ("other", '.') => ",",
                ("other", _) => ".",
                (other, _) => other,
            };
            Dress { thousands, decimal, before, behind, minus, power, is_percent }
        },
    )
}

/// Digits, few or so many that no number holds them.
fn digits() -> impl Strategy<Value = (String, String)> {
    let whole = prop_oneof![6 => "0|[1-9][0-9]{0,8}", 2 => "[1-9][0-9]{9,18}", 1 => "[1-9][0-9]{18,40}"];
    let fraction = prop_oneof![6 => "[0-9]{0,6}", 2 => "[0-9]{7,18}", 1 => "[0-9]{0,2}9{4,40}"];
    (whole, fraction)
}

fn grouped(whole: &str, by: &str) -> String {
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push_str(by);
        }
        text.push(digit);
    }
    text
}

/// Millionths by moving the point through the digits: rounded half away from zero, none where they are too many.
fn expected(whole: &str, fraction: &str, shift: i32) -> Option<i64> {
    let point = i32::try_from(whole.len()).expect("a short text") + shift;
    let all = format!("{whole}{fraction}");
    let at = |place: i32| {
        usize::try_from(place).ok().and_then(|place| all.as_bytes().get(place)).map_or(0, |byte| byte - b'0')
    };
    // the digits in front of the end of the millionths, those that are not there are zeros
    let mut value: i64 = 0;
    for place in 0..(point + 6).max(0) {
        value = value.checked_mul(10)?.checked_add(i64::from(at(place)))?;
    }
    value.checked_add(i64::from(at(point + 6) >= 5 && point + 6 >= 0))
}

fn assert_reads(whole: &str, fraction: &str, dress: &Dress) -> TestCaseResult {
    let Dress { thousands, decimal, before, behind, minus, power, is_percent } = dress;
    let point = if fraction.is_empty() { String::new() } else { format!("{decimal}{fraction}") };
    let percent = if *is_percent { "%" } else { "" };
    let body = format!("{before}{}{point}{}{percent}{behind}", grouped(whole, thousands), power.0);
    let text = if *minus == "(" { format!("({body})") } else { format!("{minus}{body}") };
    let shift = i32::try_from(power.1).expect("a small power") - if *is_percent { 2 } else { 0 };
    let value = expected(whole, fraction, shift).map(|value| if minus.is_empty() { value } else { -value });
    match (read_number(&text), value) {
        (Reading::Number(Number { with_point, with_comma, is_percent: found, .. }), value) => {
            let read = if *decimal == '.' { with_point } else { with_comma };
            prop_assert_eq!(read, value, "{}", text);
            prop_assert_eq!(found, *is_percent, "{}", text);
        }
        // the other reading may be too large where this one is not
        (Reading::TooLarge, value) => {
            prop_assert!(
                value.is_none_or(|value| value.unsigned_abs() > 1_000_000_000),
                "{text} is {value:?}"
            );
        }
        (other, value) => prop_assert!(false, "{text}: {other:?}, not {value:?}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_number_comes_back_from_every_dress((whole, fraction) in digits(), dress in dress()) {
        assert_reads(&whole, &fraction, &dress)?;
    }

    /// What the fast way reads, the thorough way reads alike.
    #[test]
    fn both_readers_of_numbers_agree(text in "[-+−(]?[0-9]{0,14}[.,' ]?[0-9]{0,8}[.,]?[0-9]{0,4}[%)K]?") {
        if let Plain::Whole(value) | Plain::Point(value) = parse_number(text.as_bytes()) {
            // `5.` is read the fast way only
            match read_number(&text) {
                Reading::Number(number) => prop_assert_eq!(number.with_point, Some(value), "{}", text),
                other => prop_assert!(text.ends_with('.'), "{text}: {other:?}"),
            }
        }
        let _ = parse_decimal(&text);
    }

    #[test]
    fn numbers_and_dates_of_any_pieces_do_not_panic(
        pieces in proptest::collection::vec(select(vec!["1", "12", "2026", "999999999", "-", "−", "(", ")", "+", ".", ",", " ", "\u{a0}", "'", "%", "$", "руб.", "р.", "K", "млн", "тыс.", "<", "≥", "e", "/", ":", "T", "Z", "AM", "P.M.", "янв", "Feb", "UTC", "+03:00", "\u{feff}", "İ", "0"]), 0..9),
    ) {
        let text = pieces.concat();
        let _ = (read_number(&text), parse_number(text.as_bytes()), parse_decimal(&text), parse_date(text.as_bytes()));
    }
}
