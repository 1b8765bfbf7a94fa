//! A number as people and systems write it: signs of currency, thousands, letters for powers of ten, percent.
//!
//! A cell may fit two readings (`50.000` is fifty or fifty thousand): both are given here, and the column decides.

use super::cell::SCALE;

/// Blanks that stand between thousands: the plain one, no-break, figure, thin and narrow no-break.
const BLANKS: [char; 5] = [' ', '\u{a0}', '\u{2007}', '\u{2009}', '\u{202f}'];
const APOSTROPHES: [char; 2] = ['\'', '\u{2019}'];
const MINUS_SIGNS: [char; 3] = ['-', '\u{2212}', '\u{2013}'];
/// Letters behind a number, with the power of ten that each stands for.
const POWERS: [(&str, u32); 9] =
    [("млрд", 9), ("тыс.", 3), ("млн.", 6), ("тыс", 3), ("млн", 6), ("K", 3), ("k", 3), ("M", 6), ("B", 9)];
/// Signs and words of currencies, the longer ones first, each with its code; `$` and `¥` are of several currencies.
const CURRENCIES: [(&str, &str); 67] = [
    ("US$", "USD"),
    ("HK$", "HKD"),
    ("NZ$", "NZD"),
    ("руб.", "RUB"),
    ("грн.", "UAH"),
    ("руб", "RUB"),
    ("грн", "UAH"),
    ("тг.", "KZT"),
    ("лв.", "BGN"),
    ("R$", "BRL"),
    ("A$", "AUD"),
    ("C$", "CAD"),
    ("S$", "SGD"),
    ("zł", "PLN"),
    ("Kč", "CZK"),
    ("kr", "kr"),
    ("Ft", "HUF"),
    ("lei", "RON"),
    ("лв", "BGN"),
    ("р.", "RUB"),
    ("р", "RUB"),
    ("$", "$"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("¥", "¥"),
    ("₽", "RUB"),
    ("₴", "UAH"),
    ("₸", "KZT"),
    ("₺", "TRY"),
    ("₹", "INR"),
    ("₪", "ILS"),
    ("₩", "KRW"),
    ("₫", "VND"),
    ("₾", "GEL"),
    ("֏", "AMD"),
    ("USD", "USD"),
    ("EUR", "EUR"),
    ("GBP", "GBP"),
    ("CHF", "CHF"),
    ("RUB", "RUB"),
    ("RUR", "RUB"),
    ("BGN", "BGN"),
    ("UAH", "UAH"),
    ("KZT", "KZT"),
    ("BYN", "BYN"),
    ("PLN", "PLN"),
    ("CZK", "CZK"),
    ("HUF", "HUF"),
    ("RON", "RON"),
    ("SEK", "SEK"),
    ("NOK", "NOK"),
    ("DKK", "DKK"),
    ("TRY", "TRY"),
    ("INR", "INR"),
    ("BRL", "BRL"),
    ("MXN", "MXN"),
    ("CAD", "CAD"),
    ("AUD", "AUD"),
    ("NZD", "NZD"),
    ("JPY", "JPY"),
    ("CNY", "CNY"),
    ("KRW", "KRW"),
    ("SGD", "SGD"),
    ("HKD", "HKD"),
    ("AED", "AED"),
    ("ILS", "ILS"),
    ("ZAR", "ZAR"),
];

/// What a cell says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    Number(Number),
    /// `< 10%`: a bound, no value.
    Bound,
    TooLarge,
    NotANumber,
}

/// A number in millionths, as it reads with each of the two decimal signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    pub with_point: Option<i64>,
    pub with_comma: Option<i64>,
    /// `25 %`, already a quarter in the readings.
    pub is_percent: bool,
    /// The code of the currency whose sign the cell bears; `$` and `¥` stand for themselves.
    pub currency: Option<&'static str>,
}

/// Reads a cell in every convention.
pub fn read_number(cell: &str) -> Reading {
    let mut core = trim(cell);
    if core.starts_with(['<', '>', '≤', '≥']) {
        return if core.chars().any(|c| c.is_ascii_digit()) { Reading::Bound } else { Reading::NotANumber };
    }
    let mut is_negative = false;
    if let Some(inner) = core.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        (core, is_negative) = (trim(inner), true);
    }
    let (mut power, mut is_percent, mut currency) = (None, false, None);
    loop {
        let before = core;
        if let Some(rest) = core.strip_prefix(MINUS_SIGNS).filter(|_| !is_negative) {
            (core, is_negative) = (trim(rest), true);
        }
        core = core.strip_prefix('+').map_or(core, trim);
        if let Some(rest) = core.strip_suffix('%').filter(|_| !is_percent) {
            (core, is_percent) = (trim(rest), true);
        }
        if currency.is_none() {
            (core, currency) = without_currency(core);
        }
        if power.is_none() {
            (core, power) = without_power(core);
        }
        if core == before {
            break;
        }
    }
    let starts_well = core.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','));
    if !starts_well || !core.ends_with(|c: char| c.is_ascii_digit()) {
        return Reading::NotANumber;
    }
    let scale = Scale { power: power.unwrap_or(0), is_percent, is_negative };
    match (read_with(core, '.', ',', &scale), read_with(core, ',', '.', &scale)) {
        (None, None) => Reading::NotANumber,
        (Some(Err(TooLarge)), _) | (_, Some(Err(TooLarge))) => Reading::TooLarge,
        (with_point, with_comma) => Reading::Number(Number {
            with_point: with_point.and_then(Result::ok),
            with_comma: with_comma.and_then(Result::ok),
            is_percent,
            currency,
        }),
    }
}

/// The code of the currency that a word such as `RUB`, `руб.` or `₽` names.
pub fn currency_of(word: &str) -> Option<&'static str> {
    let word = trim(word);
    CURRENCIES.iter().find(|(sign, _)| *sign == word).map(|(_, code)| *code)
}

/// Whether amounts with the sign of one currency can be in the other: `$` is the sign of several dollars.
pub fn may_be_same_currency(sign: &str, code: &str) -> bool {
    let of_sign: &[&str] = match sign {
        "$" => &["$", "USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "ARS", "CLP", "COP", "TWD"],
        "¥" => &["¥", "JPY", "CNY"],
        "kr" => &["kr", "SEK", "NOK", "DKK", "ISK"],
        _ => return sign.eq_ignore_ascii_case(code) || currency_of(code) == Some(sign),
    };
    of_sign.iter().any(|known| known.eq_ignore_ascii_case(code))
}

/// A cell without the blanks around it, no-break ones among them.
pub fn trim(cell: &str) -> &str {
    cell.trim_matches(|c: char| c.is_whitespace() || BLANKS.contains(&c) || c == '\u{feff}')
}

fn without_currency(core: &str) -> (&str, Option<&'static str>) {
    for (sign, code) in CURRENCIES {
        if let Some(rest) = core.strip_prefix(sign).or_else(|| core.strip_suffix(sign)) {
            return (trim(rest), Some(code));
        }
    }
    (core, None)
}

fn without_power(core: &str) -> (&str, Option<u32>) {
    for (letters, power) in POWERS {
        if let Some(rest) = core.strip_suffix(letters) {
            return (trim(rest), Some(power));
        }
    }
    (core, None)
}

struct Scale {
    power: u32,
    is_percent: bool,
    is_negative: bool,
}

struct TooLarge;

/// Millionths of a number with this decimal sign, thousands parted by the other one, by blanks or by apostrophes.
fn read_with(core: &str, decimal: char, other: char, scale: &Scale) -> Option<Result<i64, TooLarge>> {
    let mut parts = core.split(decimal);
    let (whole, fraction) = (parts.next()?, parts.next());
    let is_fraction = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if parts.next().is_some() || !fraction.is_none_or(is_fraction) {
        return None;
    }
    let digits = digits_of_groups(whole, other)?;
    if digits.is_empty() && fraction.is_none() {
        return None;
    }
    Some(millionths(&digits, fraction.unwrap_or_default(), scale).ok_or(TooLarge))
}

/// `1 234 567` → `1234567`; none where the groups are no thousands.
fn digits_of_groups(whole: &str, other: char) -> Option<String> {
    let Some(sign) = whole.chars().find(|c| !c.is_ascii_digit()) else {
        return Some(whole.to_string());
    };
    if sign != other && !BLANKS.contains(&sign) && !APOSTROPHES.contains(&sign) {
        return None;
    }
    let groups: Vec<&str> = whole.split(sign).collect();
    let (first, rest) = groups.split_first()?;
    let (last, middle) = rest.split_last()?;
    let is_thousands = middle.iter().all(|group| group.len() == 3);
    // 12,34,567 in India
    let is_indian = sign == ',' && middle.iter().all(|group| group.len() == 2) && first.len() <= 2;
    let is_number = groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_digit()));
    let begins_well = (1..=3).contains(&first.len()) && !first.starts_with('0');
    (is_number && begins_well && last.len() == 3 && (is_thousands || is_indian)).then(|| groups.concat())
}

/// None where the number is too large.
fn millionths(whole: &str, fraction: &str, scale: &Scale) -> Option<i64> {
    // behind the eighteenth decimal nothing can change a millionth of a percent
    let fraction = &fraction[..fraction.len().min(18)];
    let mut value: i128 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        value = value.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
    }
    let numerator = value.checked_mul(i128::from(SCALE))?.checked_mul(10_i128.pow(scale.power))?;
    let percent = if scale.is_percent { 100 } else { 1 };
    let denominator = 10_i128.pow(u32::try_from(fraction.len()).ok()?) * percent;
    let rounded = numerator.checked_add(denominator / 2)? / denominator;
    // symmetric: the smallest number of all would be one without a counterpart, and stands for no value in a column
    let millionths = i64::try_from(rounded).ok()?;
    Some(if scale.is_negative { -millionths } else { millionths })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Both readings, in units.
    fn readings(cell: &str) -> (Option<f64>, Option<f64>) {
        let units = |millionths: i64| millionths as f64 / SCALE as f64;
        match read_number(cell) {
            Reading::Number(number) => (number.with_point.map(units), number.with_comma.map(units)),
            _ => (None, None),
        }
    }

    #[test]
    fn each_convention_is_read() {
        for (cell, with_point, with_comma) in [
            ("1,234.50", Some(1234.5), None),
            ("1.234,50", None, Some(1234.5)),
            ("146536,25", None, Some(146_536.25)),
            ("50.000", Some(50.0), Some(50_000.0)),
            ("1,234", Some(1234.0), Some(1.234)),
            ("0.500", Some(0.5), None),
            ("1 234 567,8", None, Some(1_234_567.8)),
            ("1\u{a0}234.5", Some(1234.5), None),
            ("1\u{202f}234", Some(1234.0), Some(1234.0)),
            ("1'234.50", Some(1234.5), None),
            ("1,17,100.5", Some(117_100.5), None),
            ("R$ 100.000,00", None, Some(100_000.0)),
            ("$1,117.10K", Some(1_117_100.0), None),
            ("(12.50)", Some(-12.5), None),
            ("-$5", Some(-5.0), Some(-5.0)),
            ("−5", Some(-5.0), Some(-5.0)),
            ("2,5 млн руб.", None, Some(2_500_000.0)),
            ("25 %", Some(0.25), Some(0.25)),
            ("12.5%", Some(0.125), None),
        ] {
            let (point, comma) = readings(cell);
            assert_eq!((point, comma), (with_point, with_comma), "{cell}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for cell in
            ["", "-", "abc", "1.2.3", "1,23,4", "12 34", "1 2", "$", "%", "K", "1,234.567.8", "5-", "--5"]
        {
            assert_eq!(read_number(cell), Reading::NotANumber, "{cell}");
        }
        assert_eq!(read_number("< 10%"), Reading::Bound);
        assert_eq!(read_number("99999999999999999999"), Reading::TooLarge);
    }

    #[test]
    fn a_number_is_too_large_on_either_side_of_zero() {
        assert_eq!(readings("9223372036854.775807").0, Some(i64::MAX as f64 / SCALE as f64));
        assert_eq!(readings("-9223372036854.775807").0, Some(-i64::MAX as f64 / SCALE as f64));
        for cell in ["9223372036854.775808", "-9223372036854.775808", "170141183460469.231731687303715884%"] {
            assert_eq!(read_number(cell), Reading::TooLarge, "{cell}");
        }
    }

    #[test]
    fn the_sign_of_a_currency_is_kept() {
        for (cell, code) in [("€ 5", "EUR"), ("5 ₽", "RUB"), ("USD 12.50", "USD"), ("$1", "$")] {
            let Reading::Number(number) = read_number(cell) else { panic!("{cell}") };
            assert_eq!(number.currency, Some(code));
        }
        assert!(may_be_same_currency("$", "CAD") && !may_be_same_currency("$", "EUR"));
    }

    proptest! {
        #[test]
        fn reading_never_panics(cell in "\\PC{0,30}") {
            let _ = read_number(&cell);
        }

        #[test]
        fn an_amount_comes_back_from_every_convention(cents in 0_i64..900_000_000_000) {
            let (whole, rest) = (cents / 100, cents % 100);
            let grouped = crate::lang::whole(whole);
            let millionths = Some(cents * (SCALE / 100));
            let Reading::Number(us) = read_number(&format!("${grouped}.{rest:02}")) else { panic!() };
            prop_assert_eq!(us.with_point, millionths);
            let european = format!("{}.", grouped.replace(',', "."));
            let Reading::Number(read) = read_number(&format!("{},{rest:02} €", european.trim_end_matches('.'))) else { panic!() };
            prop_assert_eq!(read.with_comma, millionths);
        }
    }
}
