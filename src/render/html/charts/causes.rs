//! The quarrel about churn as a picture: four fields of customers, and the differences between them.

use std::fmt::Write as _;

use super::rows::{Line, Point, Shape, draw};
use super::scale::Scale;
use super::shares::label;
use super::{Chart, Drawing, chart, words_at};
use crate::kpi::catalogue::Unit;
use crate::kpi::derived::complaints::{NO, YES};
use crate::kpi::derived::profile::{DOES_NOT_FIT, FITS};
use crate::kpi::exact::Exact;
use crate::lang;
use crate::render::html::find::{self, column_of, is_turned};
use crate::render::html::markup::{escaped, parts, title_of};
use crate::render::{interval_text, number_text};
use crate::report::{Block, Report, Value};
use crate::say;

const SHARE: &str = "left_share";
const DIFFERENCE: &str = "left_share_difference";
/// The height of a field and of the heading above it, in pixels.
const FIELD: u32 = 86;
const HEADING: u32 = 22;

/// The fields with the words of the table, and the differences.
pub fn charts(report: &Report) -> Vec<Chart> {
    let Some(table) = find::table(report, "churn") else { return Vec::new() };
    let with = |kpi: &str| {
        let place = |block: &Block| column_of(block, kpi).filter(|_| !is_turned(block));
        table.blocks.iter().find_map(|block| Some((block, place(block)?)))
    };
    let fields = with(SHARE).and_then(|(block, place)| fields(report, block, place));
    let differences = with(DIFFERENCE).and_then(|(block, place)| differences(report, block, place));
    let mut charts: Vec<Chart> = fields.into_iter().chain(differences).collect();
    // the words of the table belong to the last picture that they are about
    if let Some(last) = charts.last_mut() {
        last.notes.clone_from(&table.notes);
    }
    charts
}

fn fields(report: &Report, block: &Block, place: usize) -> Option<Chart> {
    let at = |profile: &str, complained: &str| {
        let row = block.rows.iter().find(|row| row.key == [profile, complained])?;
        Some(&row.values[place])
    };
    let mut drawing = Drawing::default();
    let mut top = 0;
    for profile in [FITS, DOES_NOT_FIT] {
        words_at(
            &mut drawing.body,
            (0.0, top + 15),
            "start",
            "total",
            &say!("profile: {profile}", profile = lang::text(profile)),
        );
        for (left, complained) in [(0.0, NO), (51.0, YES)] {
            let value = at(profile, complained)?;
            let (profile, complained) = (lang::text(profile), lang::text(complained));
            field(&mut drawing.body, (left, top + HEADING), &complained, value);
            drawing.words.push(format!("{profile}, {complained}: {}", words_of(value)));
        }
        top += HEADING + FIELD + 8;
    }
    drawing.height = top;
    chart(
        report,
        "churn",
        say!("{title}, by lead quality and service", title = title_of(report, SHARE)),
        say!("The stronger the colour of a field, the larger the share of its customers that left."),
        drawing,
    )
}

fn words_of(value: &Value) -> String {
    let interval =
        value.interval.map(interval_text).map(|interval| say!("95%: {interval}", interval = interval));
    let words = [Some(share_of(value)), parts(value), interval];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The share of a field that left, in percent.
fn share_of(value: &Value) -> String {
    let share = number_text(value.value, value.unit);
    if share.is_empty() { say!("no customers") } else { lang::percent(&share) }
}

fn field(body: &mut String, (left, top): (f64, u32), heading: &str, value: &Value) {
    let share = value.value.map_or(0.0, Exact::to_float);
    let _ = writeln!(
        body,
        "<g><title>{}</title>\n<rect class=\"field\" x=\"{left}%\" y=\"{top}\" width=\"49%\" height=\"{FIELD}\" fill-opacity=\"{:.2}\"/>\n\
         <rect class=\"frame\" x=\"{left}%\" y=\"{top}\" width=\"49%\" height=\"{FIELD}\"/>",
        escaped(&format!("{heading}: {}", words_of(value))),
        share * 0.6,
    );
    let lines = [
        (18, "", heading.to_string()),
        (42, "large", share_of(value)),
        (60, "", parts(value).map(|parts| say!("{parts} left", parts = parts)).unwrap_or_default()),
        (
            77,
            "",
            value
                .interval
                .map(|interval| say!("95%: {interval}", interval = interval_text(interval)))
                .unwrap_or_default(),
        ),
    ];
    for (down, class, words) in lines {
        words_at(body, (left + 1.5, top + down), "start", class, &words);
    }
    body.push_str("</g>\n");
}

/// A difference of shares in points, which are no percent.
fn points(share: f64) -> f64 {
    share * 100.0
}

fn differences(report: &Report, block: &Block, place: usize) -> Option<Chart> {
    let lines: Vec<Line> = block
        .rows
        .iter()
        .filter_map(|row| {
            let value = &row.values[place];
            let interval = value.interval;
            let sure = interval.map(|interval| format!(" ({})", interval_text(interval))).unwrap_or_default();
            Some(Line {
                label: label(row),
                shown: format!("{}{sure}", number_text(Some(value.value?), value.unit)),
                told: String::new(),
                bars: Vec::new(),
                points: vec![Point {
                    number: points(value.value?.to_float()),
                    interval: interval.map(|interval| (points(interval.low), points(interval.high))),
                    shape: Shape::Dot,
                }],
                is_total: false,
            })
        })
        .collect();
    let ends = lines.iter().flat_map(|line| &line.points).flat_map(|point| {
        let (low, high) = point.interval.unwrap_or((point.number, point.number));
        [point.number, low, high]
    });
    let scale = Scale::of(ends, Unit::Number);
    chart(
        report,
        "churn",
        say!("{title}, points", title = block.title),
        say!(
            "Dot: the difference. Whiskers: its 95% interval; where it crosses the dashed line at 0, it may be chance."
        ),
        draw(&lines, &scale, Some(0.0)),
    )
}
