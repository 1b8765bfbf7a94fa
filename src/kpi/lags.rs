//! Times between two dates: whole days, and hours where the dates have times of day. Both are counted in histograms, the
//! one by days, the other by seconds.

use std::collections::BTreeMap;

use anyhow::Result;

use super::definitions::{Kpi, Measure, Unit};
use super::exact::Exact;
use super::templates::fill_kpi;
use crate::config::Config;
use crate::error::data_error;
use crate::input::cell;
use crate::input::clock::FIRST_TOUCH;
use crate::input::table::Days;
use crate::leads::{Over, speed};

/// The seconds of an hour.
pub const SECONDS_AN_HOUR: i128 = cell::SECONDS_AN_HOUR as i128;

/// The time of each row between two dates.
#[derive(Debug)]
pub enum Lags {
    /// From and to, in whole days.
    Days(Days, Days),
    /// To the second; none where it is not known.
    Seconds(speed::Lags),
}

impl Lags {
    /// The time of a row in days, or in hours.
    pub fn exact(&self, row: usize, includes_negative: bool) -> Option<Exact> {
        match self {
            Lags::Days(from, to) => {
                let days = i128::from(to.get(row)?) - i128::from(from.get(row)?);
                (days >= 0 || includes_negative).then(|| Exact::whole(days))
            }
            Lags::Seconds(seconds) => Exact::fraction(i128::from(seconds[row]?), SECONDS_AN_HOUR),
        }
    }
}

/// Times of day are read of the creation and of the first touch by sales alone.
///
/// # Errors
/// A measure of hours between other dates.
pub fn refuse_other_hours(measure: &Measure, from: &str, to: &str) -> Result<()> {
    if from == "created_at" && to == FIRST_TOUCH && measure.over.unwrap_or(Over::Leads) == Over::Leads {
        return Ok(());
    }
    Err(data_error(
        format!("there are no hours from `{from}` to `{to}`"),
        format!(
            "times of day are kept for `hours = [\"created_at\", \"{FIRST_TOUCH}\"]` over the leads alone; between other dates write `days`"
        ),
    ))
}

/// A measure of days has no statistic in hours.
///
/// # Errors
/// A KPI in hours; `measure` is the measure of days that it is of.
pub fn refuse_hours_of_days(measure: &str, unit: Unit) -> Result<()> {
    if unit != Unit::Hours {
        return Ok(());
    }
    Err(data_error(
        format!("`{measure}` counts whole days, which tell no hours"),
        "write `unit = \"days\"`, or take a measure of hours, such as `speed_to_lead`",
    ))
}

/// The KPIs with the time within which a lead is to be touched.
///
/// # Errors
/// A limit that is none, which the configuration has been checked for.
pub fn with_limit(kpis: &BTreeMap<String, Kpi>, config: &Config) -> Result<BTreeMap<String, Kpi>> {
    let limit = speed::limit(&config.speed)?.describe();
    let fill = |text: &str| text.replace("{speed}", &limit);
    Ok(kpis.iter().map(|(name, kpi)| (name.clone(), fill_kpi(kpi, &fill))).collect())
}
