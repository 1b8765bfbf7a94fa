//! One cell to one value: dates to days, numbers to exact millionths. Nothing is rounded on the way in and nothing guessed.
//!
//! Only the plain forms are read here, as fast as can be. What may mean two things (3/4/2024, 1.234) or is written
//! otherwise is for `date` and `number`, and decided for a column over all its rows.

/// Numbers are whole millionths: exact for money in any currency and for the fractions that ad platforms charge.
pub const SCALE: i64 = 1_000_000;
const DECIMALS: usize = 6;
/// Seconds of an hour and of a day.
pub const SECONDS_AN_HOUR: i32 = 60 * 60;
pub const SECONDS_A_DAY: i32 = 24 * SECONDS_AN_HOUR;

/// Days from 1970-01-01 of a date with four-digit year, or none if the cell is no such date.
///
/// Read are `2024-02-29`, `2024/02/29`, `29.02.2024`, each with an optional time behind a blank or `T`
/// (`09:30`, `09:30:15`, `09:30:15.123`) and an optional zone (`Z`, `UTC`, `+03:00`). A time with a zone is taken in UTC.
pub fn parse_date(cell: &[u8]) -> Option<i32> {
    if let (Some(year_and_month), [_, _, _, _, b'-', _, _, b'-', d1, d2]) = (cell.first_chunk::<8>(), cell) {
        // by far the most frequent form
        let [y1, y2, y3, y4, _, m1, m2, _] = all_digits(*year_and_month)?.map(u32::from);
        let year = y1 * 1000 + y2 * 100 + y3 * 10 + y4;
        return days_from_civil(year, m1 * 10 + m2, two_digits(*d1, *d2)?);
    }
    let (date, rest) = cell.split_at_checked(10)?;
    let (year, month, day) = match (date[2], date[4], date[5], date[7]) {
        (_, b'-', _, b'-') | (_, b'/', _, b'/') => (&date[..4], &date[5..7], &date[8..]),
        (b'.', _, b'.', _) => (&date[6..], &date[3..5], &date[..2]),
        _ => return None,
    };
    let days = days_from_civil(digits(year)?, digits(month)?, digits(day)?)?;
    if rest.is_empty() { Some(days) } else { days.checked_add(day_shift_of_time(rest)?) }
}

/// The digits of `2024-02-` by their places, or none where one is no digit; looked at together.
#[inline]
fn all_digits(year_and_month: [u8; 8]) -> Option<[u8; 8]> {
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    // what brings a digit above 9, and anything but 0 in place of a dash, to the highest bit
    const BEYOND: u64 = u64::from_le_bytes([0x76, 0x76, 0x76, 0x76, 0x7f, 0x76, 0x76, 0x7f]);
    let digits = u64::from_le_bytes(year_and_month) ^ u64::from_le_bytes(*b"0000-00-");
    ((digits | digits.wrapping_add(BEYOND)) & HIGH == 0).then(|| digits.to_le_bytes())
}

/// Days from 1970-01-01 of a day of the Gregorian calendar (years 1 to 9999), or none if there is no such day.
#[inline]
pub fn days_from_civil(year: u32, month: u32, day: u32) -> Option<i32> {
    let start = *YEAR_STARTS.get(year as usize)?;
    let month_starts = &MONTH_STARTS[usize::from(is_leap(year))];
    let (before, next) = (*month_starts.get(month as usize)?, *month_starts.get(month as usize + 1)?);
    if year == 0 || day == 0 || day > next - before {
        return None;
    }
    i32::try_from(before + day - 1).ok().map(|days| start + days)
}

/// The first day of each year, from 0 to 9999: looked up, because exports are full of dates.
static YEAR_STARTS: [i32; 10_000] = {
    let mut starts = [0; 10_000];
    // 1970 years with 478 leap days, that of year 0 among them
    let mut start: i32 = -(1970 * 365 + 478);
    let mut year = 0;
    while year < 10_000 {
        starts[year as usize] = start;
        start += if is_leap(year) { 366 } else { 365 };
        year += 1;
    }
    starts
};

/// The days of a year before each month, for years of 365 and of 366 days. There is no month 0 or 13: the months beside
/// them have no days.
const MONTH_STARTS: [[u32; 14]; 2] = [
    [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365],
    [0, 0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366],
];

const fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// A number in the plain form that most exports have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plain {
    /// Millionths of a number without a decimal sign.
    Whole(i64),
    /// Millionths of a number with a decimal point that can be nothing else.
    Point(i64),
    /// Everything else: other forms, what is no number, and `50.000`, which may be fifty thousand.
    Odd,
}

/// Reads a plain decimal number (`-1234.5`, `1054`).
///
/// Further digits behind the sixth decimal are rounded half away from zero: exports of floating-point numbers have them.
#[inline]
pub fn parse_number(cell: &[u8]) -> Plain {
    let (is_negative, unsigned) = match cell {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, cell),
    };
    let mut whole: i64 = 0;
    let mut length = 0;
    while let Some(digit) =
        unsigned.get(length).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10)
    {
        // twelve digits fit with their millionths, whatever they are
        if length == 12 {
            return Plain::Odd;
        }
        whole = whole * 10 + i64::from(digit);
        length += 1;
    }
    let signed = |value: i64| if is_negative { -value } else { value };
    match unsigned.get(length..) {
        Some([]) if length > 0 => Plain::Whole(signed(whole * SCALE)),
        Some([b'.', fraction @ ..]) if length + fraction.len() > 0 => {
            let may_be_thousands = fraction.len() == 3 && (1..=3).contains(&length) && unsigned[0] != b'0';
            match millionths_of(fraction) {
                Some(fraction) if !may_be_thousands => Plain::Point(signed(whole * SCALE + fraction)),
                _ => Plain::Odd,
            }
        }
        _ => Plain::Odd,
    }
}

/// Millionths of a number whose decimal sign is known to be a point, as in a formula.
pub fn parse_decimal(text: &str) -> Option<i64> {
    // with a fourth decimal `50.000` cannot be fifty thousand
    let text = if text.contains('.') { format!("{text}0") } else { text.to_string() };
    match parse_number(text.as_bytes()) {
        Plain::Whole(value) | Plain::Point(value) => Some(value),
        Plain::Odd => None,
    }
}

fn millionths_of(fraction: &[u8]) -> Option<i64> {
    let mut value = 0;
    let mut unit = SCALE / 10;
    for (place, byte) in fraction.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        if place < DECIMALS {
            value += i64::from(digit) * unit;
            unit /= 10;
        } else if place == DECIMALS && digit >= 5 {
            value += 1;
        }
    }
    Some(value)
}

#[inline]
fn two_digits(tens: u8, units: u8) -> Option<u32> {
    let (tens, units) = (tens.wrapping_sub(b'0'), units.wrapping_sub(b'0'));
    (tens < 10 && units < 10).then(|| u32::from(tens) * 10 + u32::from(units))
}

fn digits(bytes: &[u8]) -> Option<u32> {
    bytes
        .iter()
        .try_fold(0_u32, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
}

/// The time behind a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOfDay {
    /// Seconds from midnight, as it is written.
    pub written: i32,
    /// The seconds by which its zone is ahead of UTC, if it names one.
    pub zone: Option<i32>,
}

impl TimeOfDay {
    /// By how many days the zone moves the date to UTC.
    pub fn day_shift(self) -> i32 {
        self.in_utc().div_euclid(SECONDS_A_DAY)
    }

    /// Seconds from midnight in UTC; a time without a zone is taken as it is.
    pub fn second_of_day(self) -> i32 {
        self.in_utc().rem_euclid(SECONDS_A_DAY)
    }

    fn in_utc(self) -> i32 {
        self.written - self.zone.unwrap_or_default()
    }
}

/// By how many days the zone behind a time moves the date to UTC; none if the cell's rest is no time.
pub fn day_shift_of_time(rest: &[u8]) -> Option<i32> {
    time_of_day(rest).map(TimeOfDay::day_shift)
}

/// The time of a cell whose date has one of the plain forms of [`parse_date`]; none if it has no time.
pub fn parse_time(cell: &[u8]) -> Option<TimeOfDay> {
    parse_date(cell)?;
    cell.split_at_checked(10).and_then(|(_, rest)| time_of_day(rest))
}

/// The time that the rest of a cell is, behind its date; none if it is no time.
pub fn time_of_day(rest: &[u8]) -> Option<TimeOfDay> {
    let time = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"T"))?;
    let time_end =
        time.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b':' | b'.')).unwrap_or(time.len());
    let written = second_of_clock(&time[..time_end])?;
    let zone = match time[time_end..].trim_ascii() {
        b"" => None,
        b"Z" | b"UTC" | b"GMT" | b"(UTC)" => Some(0),
        [sign @ (b'+' | b'-'), offset @ ..] => {
            let seconds = minutes_of_offset(offset)? * 60;
            Some(if *sign == b'+' { seconds } else { -seconds })
        }
        _ => return None,
    };
    Some(TimeOfDay { written, zone })
}

fn second_of_clock(time: &[u8]) -> Option<i32> {
    let (clock, fraction) = match time.iter().position(|&byte| byte == b'.') {
        Some(point) => (&time[..point], Some(&time[point + 1..])),
        None => (time, None),
    };
    let mut parts = clock.split(|&byte| byte == b':');
    let (hours, minutes) = (
        parts.next().filter(|part| matches!(part.len(), 1 | 2))?,
        parts.next().filter(|part| part.len() == 2)?,
    );
    let seconds = parts.next();
    let has_bad_fraction = fraction.is_some_and(|part| {
        part.is_empty() || seconds.is_none() || digits(&part[..part.len().min(9)]).is_none()
    });
    let seconds = match seconds {
        Some(part) if part.len() == 2 => digits(part).filter(|seconds| *seconds <= 60)?,
        Some(_) => return None,
        None => 0,
    };
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    if hours > 23 || minutes > 59 || has_bad_fraction || parts.next().is_some() {
        return None;
    }
    // a leap second is the last one of its minute, so that it moves no day
    i32::try_from(hours * 3600 + minutes * 60 + seconds.min(59)).ok()
}

fn minutes_of_offset(offset: &[u8]) -> Option<i32> {
    let (hours, minutes) = match offset {
        [hours @ .., b':', m1, m2] if hours.len() == 2 => (hours, [*m1, *m2]),
        [h1, h2, m1, m2] => (&[*h1, *h2][..], [*m1, *m2]),
        [_, _] => (offset, [b'0', b'0']),
        _ => return None,
    };
    let (hours, minutes) = (digits(hours)?, digits(&minutes)?);
    if hours > 14 || minutes > 59 { None } else { i32::try_from(hours * 60 + minutes).ok() }
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike, NaiveDate};
    use proptest::prelude::*;

    use super::*;

    fn days(text: &str) -> Option<i32> {
        parse_date(text.as_bytes())
    }

    #[test]
    fn dates_in_the_usual_forms() {
        assert_eq!(days("1970-01-01"), Some(0));
        assert_eq!(days("2000-03-01"), Some(11_017));
        for same in [
            "01.03.2000",
            "2000/03/01",
            "2000-03-01 23:59:59",
            "2000-03-01T00:00",
            "2000-03-01T10:00:00.123Z",
        ] {
            assert_eq!(days(same), Some(11_017), "{same}");
        }
    }

    #[test]
    fn a_zone_moves_the_day_to_utc() {
        assert_eq!(days("2000-03-01T01:00:00+03:00"), Some(11_016));
        assert_eq!(days("2000-03-01 23:00:00-0200"), Some(11_018));
        assert_eq!(days("2000-03-01 12:00+03"), Some(11_017));
    }

    #[test]
    fn a_time_is_kept_to_the_second_and_taken_in_utc() {
        let time = |cell: &str| parse_time(cell.as_bytes()).map(|time| (time.second_of_day(), time.zone));
        assert_eq!(time("2000-03-01 09:30"), Some((34_200, None)));
        assert_eq!(time("01.03.2000 09:30:15"), Some((34_215, None)));
        assert_eq!(time("2000-03-01T09:30:15.987Z"), Some((34_215, Some(0))));
        assert_eq!(time("2000-03-01T01:00:00+03:00"), Some((22 * 3600, Some(10_800))));
        assert_eq!(time("2000-03-01 23:59:60"), Some((86_399, None)));
        for none in ["2000-03-01", "", "09:30", "2000-02-30 09:30", "2000-03-01 24:00"] {
            assert_eq!(time(none), None, "{none}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for bad in [
            "",
            "31/02/2026",
            "2026-02-30",
            "2026-13-01",
            "2026-1-1",
            "2026-01-01 25:00",
            "2026-01-01x",
            "0000-01-01",
            "2026-01-01 10",
            "1900-02-29",
        ] {
            assert_eq!(days(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_are_exact() {
        for (text, number) in [
            ("0.1", Plain::Point(100_000)),
            ("-1234.50", Plain::Point(-1_234_500_000)),
            ("7", Plain::Whole(7_000_000)),
            (".5", Plain::Point(500_000)),
            ("5.", Plain::Point(5_000_000)),
            ("12.340000000000002", Plain::Point(12_340_000)),
            ("0.0000005", Plain::Point(1)),
            ("0.500", Plain::Point(500_000)),
            ("1234.567", Plain::Point(1_234_567_000)),
            ("999999999999.9999999", Plain::Point(1_000_000_000_000_000_000)),
        ] {
            assert_eq!(parse_number(text.as_bytes()), number, "{text}");
        }
        for odd in
            ["", "-", ".", "1,5", "1e3", "12 ", "1.2.3", "0x1", "99999999999999999999", "50.000", "-1.234"]
        {
            assert_eq!(parse_number(odd.as_bytes()), Plain::Odd, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn every_day_of_the_calendar_agrees_with_chrono(offset in -719_000_i32..2_900_000) {
            let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
            let date = epoch + chrono::Days::new(0) + chrono::TimeDelta::days(i64::from(offset));
            let year = u32::try_from(date.year()).unwrap();
            prop_assert_eq!(days_from_civil(year, date.month(), date.day()), Some(offset));
            prop_assert_eq!(days(&format!("{:04}-{:02}-{:02}", year, date.month(), date.day())), Some(offset));
        }

        /// Looking at the digits together is the same as looking at each, whatever byte stands among them.
        #[test]
        fn a_stray_byte_makes_no_date(place in 0_usize..10, byte in any::<u8>()) {
            let mut cell = *b"2024-02-19";
            cell[place] = byte;
            let part = |from: usize, to: usize| std::str::from_utf8(&cell[from..to]).ok().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
            let expected = part(0, 4).zip(part(5, 7)).zip(part(8, 10)).filter(|_| cell[4] == b'-' && cell[7] == b'-').and_then(|((year, month), day)| {
                NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).filter(|date| date.year() > 0)
            });
            let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
            let expected = expected.map(|date| i32::try_from((date - epoch).num_days()).unwrap());
            prop_assert_eq!(parse_date(&cell), expected);
        }

        #[test]
        fn parsing_never_panics(cell in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse_date(&cell);
            let _ = parse_number(&cell);
        }

        #[test]
        fn a_number_of_cents_comes_back(cents in -9_000_000_000_i64..9_000_000_000) {
            let sign = if cents < 0 { "-" } else { "" };
            let text = format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100);
            prop_assert_eq!(parse_number(text.as_bytes()), Plain::Point(cents * (SCALE / 100)));
        }
    }
}
