//! Days, weeks and months in which nothing happens although something happens before and after them.

use std::collections::BTreeMap;

use super::subject::{Answer, Examples, Found, Part, Subject, answer, counted, whole};
use crate::input::table::{Days, Table, code_slice};
use crate::kpi::view::NONE;
use crate::leads::Over;
use crate::period::{format_day, month_number};
use crate::{say, words};

/// An empty day or week says something where this many rows are usual: it is then empty by chance once in 22,000.
const USUAL_ROWS: u64 = 10;
const DAYS_OF_A_WEEK: usize = 7;

/// The checks of gaps.
pub fn answers(subject: &Subject) -> Vec<Answer> {
    let leads = subject.data.created_at().map(|created| Timeline::new(created, subject.counted.rows()));
    let tickets = subject.facts(Over::Tickets).and_then(|facts| {
        let opened = facts.table.dates("opened_at")?;
        Some((Timeline::new(&opened, 0..facts.table.frame.height()), &facts.table))
    });
    let leads =
        leads.ok_or(words!("no lead has a date of creation")).map(|timeline| (timeline, subject.leads()));
    let tickets = tickets.ok_or(words!("no service desk export with opening dates is named"));
    let by = |tables: &Result<(Timeline, &Table), &'static str>, look: fn(&Timeline, &Table) -> Outcome| {
        tables.as_ref().map_err(|needs| *needs).and_then(|(timeline, table)| look(timeline, table))
    };
    vec![
        answer("days_without_leads", by(&leads, empty_days)),
        answer("weeks_without_leads", by(&leads, empty_weeks)),
        answer("months_without_leads", by(&leads, empty_months)),
        answer("days_without_tickets", by(&tickets, empty_days)),
        answer("weeks_without_tickets", by(&tickets, empty_weeks)),
        answer("months_without_tickets", by(&tickets, empty_months)),
        answer("weeks_without_spend", spend_gaps(subject, Unit::Week)),
        answer("months_without_spend", spend_gaps(subject, Unit::Month)),
    ]
}

type Outcome = Result<Found, &'static str>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Day,
    Week,
    Month,
}

impl Unit {
    /// The number of the unit that a day lies in.
    fn of(self, day: i32) -> i32 {
        match self {
            Unit::Day => day,
            // 1970-01-01 was a Thursday, weeks begin on Monday
            Unit::Week => (day + 3).div_euclid(7),
            Unit::Month => month_number(day),
        }
    }

    fn label(self, number: i32) -> String {
        match self {
            Unit::Day => format_day(number),
            Unit::Week => say!("week of {day}", day = format_day(number * 7 - 3)),
            Unit::Month => format!("{:04}-{:02}", number.div_euclid(12), number.rem_euclid(12) + 1),
        }
    }
}

/// How many rows each day has, and one of them.
struct Timeline {
    first: i32,
    days: Vec<(u64, u32)>,
}

/// A unit of time without rows, and the row before it.
struct Gap {
    label: String,
    row_before: usize,
}

impl Timeline {
    fn new(dates: &Days, rows: impl Iterator<Item = usize>) -> Timeline {
        let (Some(first), Some(last)) = (dates.earliest(), dates.latest()) else {
            return Timeline { first: 0, days: Vec::new() };
        };
        let mut days = vec![(0, 0); usize::try_from(last - first).unwrap_or(0) + 1];
        for row in rows {
            let Some(place) = dates.get(row).and_then(|day| usize::try_from(day - first).ok()) else {
                continue;
            };
            // the first row of a day, so that the place does not depend on how the rest is ordered
            if days[place].0 == 0 {
                days[place].1 = u32::try_from(row).unwrap_or(u32::MAX);
            }
            days[place].0 += 1;
        }
        Timeline { first, days }
    }

    fn dated(&self) -> impl Iterator<Item = (i32, u64, u32)> + '_ {
        (self.first..).zip(&self.days).map(|(day, (count, row))| (day, *count, *row))
    }

    /// The units from the first to the last that has rows: the empty ones, and the number of all.
    fn gaps(&self, unit: Unit) -> (Vec<Gap>, u64) {
        let mut gaps = Vec::new();
        let mut last: Option<(i32, u32)> = None;
        let mut first_unit = None;
        for (day, count, row) in self.dated().filter(|(_, count, _)| *count > 0) {
            let number = unit.of(day);
            debug_assert!(count > 0);
            first_unit.get_or_insert(number);
            if let Some((before, row_before)) = last {
                gaps.extend(
                    (before + 1..number)
                        .map(|empty| Gap { label: unit.label(empty), row_before: row_before as usize }),
                );
            }
            last = Some((number, row));
        }
        let all = first_unit.zip(last).map_or(0, |(first, (last, _))| last - first + 1);
        (gaps, u64::try_from(all).unwrap_or(0))
    }

    fn rows(&self) -> u64 {
        self.days.iter().map(|(count, _)| count).sum()
    }
}

fn examples(gaps: &[Gap], table: &Table) -> Examples {
    let text = |gap: &Gap| {
        say!("{time} (after {place})", time = gap.label, place = table.origin.describe(gap.row_before))
    };
    Examples::of_texts(gaps.iter().map(text))
}

fn effect(unit: Unit) -> String {
    match unit {
        Unit::Day => say!(
            "a pause or a missing export: what is counted per day is empty there, and averages per day are too low if the \
             rows exist"
        ),
        Unit::Week => say!(
            "a pause or a missing export: what is counted per week is empty there, and averages per week are too low if \
             the rows exist"
        ),
        Unit::Month => say!(
            "a pause or a missing export: what is counted per month is empty there, and averages per month are too low if \
             the rows exist"
        ),
    }
}

fn empty_months(timeline: &Timeline, table: &Table) -> Outcome {
    let (gaps, all) = timeline.gaps(Unit::Month);
    if all == 0 {
        return Err(words!("no row has a date"));
    }
    Ok(counted(gaps.len() as u64, all, examples(&gaps, table), effect(Unit::Month)))
}

fn empty_weeks(timeline: &Timeline, table: &Table) -> Outcome {
    let (gaps, all) = timeline.gaps(Unit::Week);
    if timeline.rows() < all * USUAL_ROWS {
        return Err(words!("fewer than 10 rows a week are usual, so an empty week says nothing"));
    }
    Ok(counted(gaps.len() as u64, all, examples(&gaps, table), effect(Unit::Week)))
}

/// Days of the week count apart: an office that is closed on Sundays has no gap there.
fn empty_days(timeline: &Timeline, table: &Table) -> Outcome {
    let weekday = |day: i32| usize::try_from(day.rem_euclid(7)).unwrap_or(0);
    let (mut rows, mut days) = ([0_u64; DAYS_OF_A_WEEK], [0_u64; DAYS_OF_A_WEEK]);
    for (day, count, _) in timeline.dated() {
        rows[weekday(day)] += count;
        days[weekday(day)] += 1;
    }
    let is_usual = |place: usize| days[place] > 0 && rows[place] >= days[place] * USUAL_ROWS;
    if !(0..DAYS_OF_A_WEEK).any(is_usual) {
        return Err(words!("fewer than 10 rows a day are usual, so an empty day says nothing"));
    }
    let of: u64 = (0..DAYS_OF_A_WEEK).filter(|place| is_usual(*place)).map(|place| days[place]).sum();
    let mut row_before = 0;
    let mut gaps = Vec::new();
    for (day, count, row) in timeline.dated() {
        if count > 0 {
            row_before = row as usize;
        } else if is_usual(weekday(day)) {
            gaps.push(Gap { label: Unit::Day.label(day), row_before });
        }
    }
    Ok(counted(gaps.len() as u64, of, examples(&gaps, table), effect(Unit::Day)))
}

/// Weeks count only for channels that spend in three of four weeks: who books twice a month has no gap.
fn spend_gaps(subject: &Subject, unit: Unit) -> Outcome {
    const NEEDS: &str = words!("no spend export with dates is named");
    let spend = subject.facts(Over::Spend).ok_or(NEEDS)?;
    let dates = spend.table.dates("date").ok_or(NEEDS)?;
    let mut all = Vec::new();
    let (mut of, mut parts) = (0, Vec::new());
    for (channel, rows) in spending_rows(&spend.table) {
        let (gaps, units) = Timeline::new(&dates, rows.into_iter()).gaps(unit);
        if unit == Unit::Week && gaps.len() as u64 * 4 > units {
            continue;
        }
        of += units;
        if !gaps.is_empty() {
            let examples = examples(&gaps, &spend.table);
            parts.push(Part::new(channel, whole(gaps.len() as u64), Some(whole(units)), examples));
            all.extend(gaps);
        }
    }
    if of == 0 && unit == Unit::Week {
        return Err(words!("no channel spends in three of four weeks, so a week without spend says nothing"));
    }
    let effect = say!(
        "a pause or a missing export: if money was spent, spend, cost per lead and cost per customer of these times are \
         too low"
    );
    Ok(Found { parts, ..counted(all.len() as u64, of, examples(&all, &spend.table), effect) })
}

/// The rows with a cost of each channel; all of them under `(all)` where the exports have no channel.
fn spending_rows(spend: &Table) -> BTreeMap<String, Vec<usize>> {
    let costs = spend.numbers("cost");
    let costs = (0..spend.frame.height())
        .filter(|row| costs.as_ref().and_then(|costs| costs.get(*row)).is_some_and(|cost| cost != 0));
    let (codes, words) = (spend.codes("channel"), spend.dictionaries.get("channel"));
    let mut rows: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let Some((codes, words)) = codes.zip(words) else {
        rows.insert("(all)".to_string(), costs.collect());
        return rows;
    };
    let codes = code_slice(&codes);
    let mut of_code: Vec<Vec<usize>> = vec![Vec::new(); words.len()];
    costs.for_each(|row| of_code[codes[row] as usize].push(row));
    let name = |word: &String| if word.is_empty() { NONE.to_string() } else { word.clone() };
    rows.extend(words.iter().map(name).zip(of_code).filter(|(_, rows)| !rows.is_empty()));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::period::parse_day;

    fn day(text: &str) -> i32 {
        parse_day("--from", text).unwrap()
    }

    #[test]
    fn weeks_begin_on_monday_and_months_are_named() {
        // 2026-03-02 is a Monday
        assert_eq!(Unit::Week.of(day("2026-03-01")) + 1, Unit::Week.of(day("2026-03-02")));
        assert_eq!(Unit::Week.of(day("2026-03-02")), Unit::Week.of(day("2026-03-08")));
        assert_eq!(Unit::Week.label(Unit::Week.of(day("2026-03-08"))), "week of 2026-03-02");
        assert_eq!(Unit::Month.label(Unit::Month.of(day("2026-12-31"))), "2026-12");
    }

    #[test]
    fn a_gap_lies_between_rows() {
        let dates =
            Days::from_rows(["2026-01-31", "2026-04-01", "2026-02-01"].map(day).into_iter().map(Some));
        let (gaps, months) = Timeline::new(&dates, 0..3).gaps(Unit::Month);
        assert_eq!(months, 4);
        let shown: Vec<(&str, usize)> = gaps.iter().map(|gap| (gap.label.as_str(), gap.row_before)).collect();
        assert_eq!(shown, [("2026-03", 2)]);
    }
}
