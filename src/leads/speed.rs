//! How soon sales touched each lead: the time from its creation to the first touch, to the second.
//!
//! Days cannot tell an hour from a day, so this is known only of leads whose creation and first touch both have a time of
//! day (`input::clock`). A lead is judged by a limit, `[speed] within`, once its time is over: a young one is not late.

use std::sync::Arc;

use anyhow::Result;
use polars::prelude::StringChunked;

use super::Stages;
use super::index::{Index, NO_LEAD};
use crate::check::{Finding, finding};
use crate::config::Speed;
use crate::error::data_error;
use crate::input::cell;
use crate::input::clock::{Clock, FIRST_TOUCH, Moments};
use crate::input::table::{Days, Table};
use crate::lang::Bilingual;
use crate::lang::Told;
use crate::mask::Mask;
use crate::{say, words};

const SECONDS_A_DAY: i64 = cell::SECONDS_A_DAY as i64;
/// The limit where the configuration sets none.
const USUAL_LIMIT: Limit = Limit { number: 24, unit: TimeUnit::Hour };
/// The longest limit: a year.
const MOST_DAYS: i64 = 366;

/// Seconds from creation to the first touch of each lead, where both are known.
pub type Lags = Arc<[Option<i64>]>;

/// How soon each lead was touched.
#[derive(Debug, Clone)]
pub struct FirstTouches {
    /// Seconds from creation to the first touch; none where a time of day is missing, and where the touch came first.
    pub lags: Lags,
    /// The time within which a lead is to be touched.
    pub limit: Limit,
    /// The leads that can be judged: created at least the limit before the day of the data began, and either not touched
    /// or touched at a known time that is not before the creation.
    pub due: Mask,
    /// The leads touched at most the limit after their creation.
    pub in_time: Mask,
    /// Leads with a first touch of which no time tells how soon it came.
    pub untimed: u64,
}

/// The time within which a lead is to be touched (`[speed] within`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    number: i64,
    unit: TimeUnit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimeUnit {
    Minute,
    Hour,
    Day,
}

impl Limit {
    /// The limit in seconds.
    pub fn seconds(self) -> i64 {
        let unit = match self.unit {
            TimeUnit::Minute => 60,
            TimeUnit::Hour => i64::from(cell::SECONDS_AN_HOUR),
            TimeUnit::Day => SECONDS_A_DAY,
        };
        self.number.saturating_mul(unit)
    }

    /// `24 hours`.
    pub fn describe(self) -> String {
        match self.unit {
            TimeUnit::Minute => say!("{count} {count:minute|minutes}", count = self.number),
            TimeUnit::Hour => say!("{count} {count:hour|hours}", count = self.number),
            TimeUnit::Day => say!("{count} {count:day|days}", count = self.number),
        }
    }
}

/// The limit of a configuration; 24 hours where it sets none.
///
/// # Errors
/// Text that is no number of minutes, hours or days, 0, or more than a year.
pub fn limit(speed: &Speed) -> Result<Limit> {
    let Some(text) = &speed.within else { return Ok(USUAL_LIMIT) };
    read_limit(text).ok_or_else(|| {
        data_error(
            format!("`[speed]`: `within = \"{text}\"` is no number of minutes, hours or days"),
            "write `within = \"30m\"`, `within = \"1h\"` or `within = \"2d\"`, at most a year",
        )
    })
}

fn read_limit(text: &str) -> Option<Limit> {
    let units = [("m", TimeUnit::Minute), ("h", TimeUnit::Hour), ("d", TimeUnit::Day)];
    let (number, unit) = units.iter().find_map(|(sign, unit)| Some((text.strip_suffix(sign)?, *unit)))?;
    let is_plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = number.parse::<i64>().ok().filter(|_| is_plain)?;
    let limit = Limit { number, unit };
    (1..=MOST_DAYS * SECONDS_A_DAY).contains(&limit.seconds()).then_some(limit)
}

/// The rows of the CRM before several rows of a lead become one.
pub struct Rows {
    pub clock: Clock,
    /// The leads of the rows.
    pub ids: StringChunked,
}

/// What the leads are when their rows have become one.
pub struct Leads<'a> {
    pub table: &'a Table,
    pub index: &'a Index,
    pub stages: &'a Stages,
    /// The leads that are there.
    pub counted: &'a Mask,
    /// The day after which nothing has happened yet.
    pub cut: Option<i32>,
    /// The day of the data.
    pub as_of: Option<i32>,
}

/// The leads with a date of creation and of the first touch by sales.
#[derive(Debug, Clone)]
pub struct Compared {
    pub both: Mask,
    /// Those of which the touch comes first, which cannot be.
    pub early: Mask,
}

/// What is known of the first touches by sales.
#[derive(Debug, Clone)]
pub struct Known {
    /// None where the CRM has no first touches, or no date of creation.
    pub compared: Option<Compared>,
    /// How soon each lead was touched, or what the inputs lack to tell it.
    pub touches: std::result::Result<FirstTouches, Bilingual>,
}

/// What the rows of the CRM tell of the first touches of its leads.
pub fn first_touches(rows: Option<Rows>, leads: &Leads, limit: Limit, findings: &mut Vec<Finding>) -> Known {
    let lacking = |lack: Bilingual| Known { compared: None, touches: Err(lack) };
    let Some(touched) = leads.table.dates(FIRST_TOUCH) else {
        return lacking(Bilingual::new(words!("the column `{column}` in crm"), &[("column", &FIRST_TOUCH)]));
    };
    let Some(creation) = leads.stages.of_creation() else {
        return lacking(Bilingual::new(
            words!("a date of creation beside `{column}` in crm"),
            &[("column", &FIRST_TOUCH)],
        ));
    };
    let touched = leads.cut.map_or_else(|| touched.clone(), |cut| touched.filtered(|day| day <= cut));
    let rows = rows.filter(|rows| rows.clock.created == format!("{}_at", creation.name));
    let lack = match &rows {
        Some(rows) => lack_of_times(&rows.clock),
        None => Some(Bilingual::new(
            words!("the date of creation of leads with times of day, beside `{column}` in crm"),
            &[("column", &FIRST_TOUCH)],
        )),
    };
    let height = leads.table.frame.height();
    let seconds = match &rows {
        Some(rows) if lack.is_none() => rows.seconds(leads, &creation.at, &touched),
        _ => vec![(None, None); height],
    };
    let lag = |row: usize| seconds[row].0.zip(seconds[row].1).map(|(began, touched)| touched - began);
    let days = |row: usize| creation.at.get(row).zip(touched.get(row));
    let is_early = |row: usize| match (lag(row), days(row)) {
        (Some(seconds), _) => seconds < 0,
        (None, days) => days.is_some_and(|(created, touched)| touched < created),
    };
    let both = Mask::from_rows(height, |row| days(row).is_some()).and(leads.counted);
    let early = Mask::from_rows(height, is_early).and(leads.counted);
    findings.extend(finding(
        "stages_out_of_order",
        say!("data error, first touch by sales dated before the lead was created, not in speed to lead"),
        early.rows(),
        &leads.table.origin,
    ));
    let touches = match lack {
        Some(lack) => Err(lack),
        None => Ok(judge(leads, limit, &seconds, &touched, &early)),
    };
    Known { compared: Some(Compared { both, early }), touches }
}

/// The creation and the first touch of a lead in seconds from 1970-01-01 in UTC, as far as they are known.
type Seconds = (Option<i64>, Option<i64>);

fn judge(leads: &Leads, limit: Limit, seconds: &[Seconds], touched: &Days, early: &Mask) -> FirstTouches {
    let height = seconds.len();
    let lag = |(began, touched): &Seconds| Some((*touched)? - (*began)?).filter(|lag| *lag >= 0);
    let lags: Lags = seconds.iter().map(lag).collect();
    // nothing tells at what time of its last day an export was made: only what is over by its beginning is over
    let end = leads.as_of.map_or(i64::MIN, |as_of| i64::from(as_of) * SECONDS_A_DAY);
    let is_over = |row: usize| seconds[row].0.is_some_and(|began| began + limit.seconds() <= end);
    let is_told = |row: usize| touched.get(row).is_none() || lags[row].is_some();
    let due = Mask::from_rows(height, |row| is_over(row) && is_told(row));
    let in_time = Mask::from_rows(height, |row| lags[row].is_some_and(|lag| lag <= limit.seconds()));
    let untimed = Mask::from_rows(height, |row| !is_told(row)).and(&early.not()).and(leads.counted).count();
    FirstTouches { lags, limit, due, in_time, untimed }
}

impl Rows {
    /// The times of day of the rows of the CRM, each with its lead.
    pub fn new(clock: Clock, crm: &Table) -> Option<Rows> {
        crm.ids("lead_id").map(|ids| Rows { clock, ids })
    }

    /// The creation and the first touch of each lead.
    fn seconds(&self, leads: &Leads, created: &Days, touched: &Days) -> Vec<Seconds> {
        let lead_of = leads.index.find_all(&self.ids);
        let height = leads.table.frame.height();
        let began = earliest(&self.clock.of_creation, &lead_of, created, height);
        let touch = earliest(&self.clock.of_touch, &lead_of, touched, height);
        began.into_iter().zip(touch).collect()
    }
}

/// What keeps the times of day from telling how soon a lead was touched.
fn lack_of_times(clock: &Clock) -> Option<Bilingual> {
    let columns = [(clock.created.as_str(), &clock.of_creation), (FIRST_TOUCH, &clock.of_touch)];
    let untimed = columns.iter().find(|(_, moments)| !moments.is_timed());
    if let Some((column, _)) = untimed {
        return Some(Bilingual::new(
            words!("times of day in the column `{column}` of crm, which has days only"),
            &[("column", column)],
        ));
    }
    clock.mixes_zones.then(|| {
        Bilingual::new(
            words!(
                "times of day in one zone: some in the columns `{created}` and `{touched}` of crm name their zone, others do not"
            ),
            &[("created", &clock.created as &dyn Told), ("touched", &FIRST_TOUCH)],
        )
    })
}

/// For each lead the earliest of its rows' times on the day that counts for it, in seconds from 1970-01-01 in UTC.
fn earliest(moments: &Moments, lead_of: &[u32], days: &Days, height: usize) -> Vec<Option<i64>> {
    let mut earliest: Vec<Option<i64>> = vec![None; height];
    for (row, lead) in lead_of.iter().enumerate().filter(|(_, lead)| **lead != NO_LEAD) {
        let lead = *lead as usize;
        let Some((day, second)) = moments.get(row).filter(|(day, _)| days.get(lead) == Some(*day)) else {
            continue;
        };
        let moment = i64::from(day) * SECONDS_A_DAY + i64::from(second);
        earliest[lead] = Some(earliest[lead].map_or(moment, |known| known.min(moment)));
    }
    earliest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_of_minutes_hours_or_days() {
        for (text, seconds, words) in [
            ("30m", 1800, "30 minutes"),
            ("1h", 3600, "1 hour"),
            ("24h", 86_400, "24 hours"),
            ("2d", 172_800, "2 days"),
        ] {
            let limit = read_limit(text).unwrap();
            assert_eq!((limit.seconds(), limit.describe().as_str()), (seconds, words));
        }
        for text in ["", "h", "0h", "-1h", "+1h", "1.5h", "1 h", "90", "1w", "367d", "99999999999999999999m"]
        {
            assert_eq!(read_limit(text), None, "{text}");
        }
        assert_eq!(limit(&Speed::default()).unwrap().describe(), "24 hours");
    }
}
