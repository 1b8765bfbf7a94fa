//! The funnel as a picture, and how much of each step is still to come.

use std::fmt::Write as _;

use super::path::Part;
use super::rows::{Line, Point, Shape, draw};
use super::scale::Scale;
use super::{Chart, Drawing, chart, path, percent, sentences, words_at};
use crate::kpi::catalogue::Unit;
use crate::kpi::exact::Exact;
use crate::lang;
use crate::render::html::find::{self, is_turned, value_columns};
use crate::render::html::markup::{escaped, title_of};
use crate::render::number_text;
use crate::report::{Block, Report, Row, Show, Value};
use crate::say;

/// What people saw and clicked: so many more than leads that a bar of it would leave the others no room.
pub const BEFORE_LEADS: [&str; 4] = ["impressions", "reach", "clicks", "visits"];
/// The height of a stage, and where its bar begins and ends, in pixels.
const STAGE: u32 = 46;
const TOP: u32 = 22;
const BOTTOM: u32 = 38;

/// The whole path, and the steps with what is still open.
pub fn charts(report: &Report) -> Vec<Chart> {
    let Some(table) = find::table(report, "funnel") else { return Vec::new() };
    let path = table.blocks.iter().find(|block| block.dimensions.is_empty() && !is_turned(block));
    let Some(path) = path else {
        let stages = path::stages(report, table);
        return stages
            .and_then(|(stages, part)| picture_of_part(report, &stages, part))
            .into_iter()
            .collect();
    };
    [picture(report, path), long_run(report, &table.blocks, path)].into_iter().flatten().collect()
}

/// The picture of one of several periods, or of the total of what is split.
fn picture_of_part(report: &Report, stages: &[Stage], part: Option<Part>) -> Option<Chart> {
    let (title, about) = match part {
        Some(Part { is_over, period }) => {
            let about = if is_over {
                say!("The last period that is over and has leads.")
            } else {
                say!("The period is not over: its leads have had little time.")
            };
            (say!("From stage to stage, {period}", period = period), Some(about))
        }
        None => (say!("From stage to stage, in total"), None),
    };
    pictured(report, stages, title, about)
}

/// A stage of the picture.
pub struct Stage<'a> {
    pub label: &'a str,
    pub count: &'a Value,
    /// Of the stage before.
    pub step: Option<&'a Value>,
    /// Of the first stage of the leads, or of the path.
    pub overall: Option<&'a Value>,
}

fn picture(report: &Report, path: &Block) -> Option<Chart> {
    let columns = value_columns(path);
    let count = *columns.first()?;
    let shares: Vec<usize> =
        columns.into_iter().filter(|place| path.columns[*place].unit == Unit::Share).take(2).collect();
    let first = path.rows.first().map_or("", |row| row.values[count].kpi.as_str());
    let stages: Vec<Stage> =
        path.rows.iter().map(|row| stage(report, row, count, (&shares, first))).collect();
    pictured(report, &stages, say!("From stage to stage"), None)
}

/// The chart of stages.
fn pictured(report: &Report, stages: &[Stage], title: String, part: Option<String>) -> Option<Chart> {
    let widest = stages.iter().filter(|stage| is_drawn(stage)).filter_map(|stage| stage.count.value);
    let widest = widest.map(Exact::to_float).fold(0.0, f64::max);
    let drawing = if widest > 0.0 { draw_stages(stages, widest) } else { Drawing::default() };
    let first = stages.iter().find(|stage| is_drawn(stage)).map_or("", |stage| stage.label);
    let width = say!(
        "Width: how many came so far. Beside the count: the share of the stage before, then that of {first}.",
        first = first
    );
    let before = (!stages.iter().all(is_drawn)).then(|| say!("What came before the leads has no bar."));
    chart(report, "funnel", title, sentences(width, [before, part]), drawing)
}

fn is_drawn(stage: &Stage) -> bool {
    !BEFORE_LEADS.contains(&stage.count.kpi.as_str())
}

fn stage<'a>(report: &'a Report, row: &'a Row, count: usize, (shares, first): (&[usize], &str)) -> Stage<'a> {
    let share = |place: usize| {
        shares.get(place).map(|place| &row.values[*place]).filter(|value| value.value.is_some())
    };
    let count = &row.values[count];
    Stage {
        label: row.labels.first().map_or("", String::as_str),
        count,
        step: share(0),
        overall: match find::table(report, "conversion") {
            Some(_) => of_first_lead(report, &count.kpi),
            // without that table the path tells the share of its own first stage
            None => share(1).filter(|_| !BEFORE_LEADS.contains(&first)),
        },
    }
}

/// The share of the first stage of the leads, where the table of conversions has it.
fn of_first_lead<'a>(report: &'a Report, count: &str) -> Option<&'a Value> {
    let block = find::table(report, "conversion")?.blocks.iter().find(|block| block.dimensions.is_empty())?;
    if is_turned(block) {
        return None;
    }
    // the count of the stage that a step leads to stands in a column for machines
    let leads_to = |row: &&Row| {
        let mut cells = block.columns.iter().zip(&row.values);
        cells.any(|(column, value)| column.show == Show::Data && value.kpi == count)
    };
    let row = block.rows.iter().find(leads_to)?;
    let place = value_columns(block).into_iter().rfind(|place| block.columns[*place].unit == Unit::Share)?;
    Some(&row.values[place]).filter(|value| value.value.is_some())
}

fn draw_stages(stages: &[Stage], widest: f64) -> Drawing {
    let width = |stage: &Stage| {
        let count = stage.count.value.filter(|count| is_drawn(stage) && !count.is_zero())?;
        Some((count.to_float() / widest * 100.0).max(0.4))
    };
    let mut drawing = Drawing::default();
    let tops: Vec<u32> = (0..).step_by(STAGE as usize).take(stages.len()).collect();
    for ((stage, next), top) in stages.iter().zip(stages.iter().skip(1)).zip(&tops) {
        if let Some((from, to)) = width(stage).zip(width(next)) {
            link(&mut drawing.body, (from, to), top + BOTTOM);
        }
    }
    for (stage, top) in stages.iter().zip(&tops) {
        let words = words_of(stage);
        let _ = writeln!(drawing.body, "<g><title>{}: {}</title>", escaped(stage.label), escaped(&words));
        words_at(&mut drawing.body, (0.0, top + 15), "start", "", stage.label);
        words_at(&mut drawing.body, (100.0, top + 15), "end", "", &words);
        if let Some(width) = width(stage) {
            let _ = writeln!(
                drawing.body,
                "<rect class=\"solid\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
                percent(50.0 - width / 2.0),
                top + TOP,
                percent(width),
                BOTTOM - TOP
            );
        }
        drawing.body.push_str("</g>\n");
        drawing.words.push(format!("{}: {words}", stage.label));
    }
    drawing.height = u32::try_from(stages.len()).unwrap_or_default() * STAGE;
    drawing
}

/// What runs together from one bar to the next.
fn link(body: &mut String, (from, to): (f64, f64), top: u32) {
    let _ = writeln!(
        body,
        "<svg x=\"0\" y=\"{top}\" width=\"100%\" height=\"{}\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\">\
         <polygon class=\"link\" points=\"{:.2},0 {:.2},0 {:.2},10 {:.2},10\"/></svg>",
        STAGE - BOTTOM + TOP,
        50.0 - from / 2.0,
        50.0 + from / 2.0,
        50.0 + to / 2.0,
        50.0 - to / 2.0
    );
}

/// `26 · 72.22 % · 54.17 %`.
fn words_of(stage: &Stage) -> String {
    let mut parts = vec![number_text(stage.count.value, stage.count.unit)];
    if let Some(step) = stage.step {
        parts.push(lang::percent(&number_text(step.value, step.unit)));
        parts.extend(stage.overall.map(|overall| lang::percent(&number_text(overall.value, overall.unit))));
    }
    parts.join(" · ")
}

/// Each step so far, of those who had the time, and in the long run.
fn long_run(report: &Report, blocks: &[Block], path: &Block) -> Option<Chart> {
    const ENDING: &str = "_kaplan_meier";
    let estimates = blocks.iter().filter(|block| block.dimensions.is_empty()).flat_map(|block| {
        block.rows.iter().flat_map(|row| block.columns.iter().zip(&row.values)).filter(|(column, value)| {
            column.show == Show::Value && value.kpi.ends_with(ENDING) && value.value.is_some()
        })
    });
    let of_path = |kpi: &str| {
        let mut values = path.rows.iter().flat_map(|row| &row.values);
        values.find(|value| value.kpi == kpi && value.value.is_some())
    };
    let mut has_mature = false;
    let mut lines = Vec::new();
    for (_, estimate) in estimates {
        let step = estimate.kpi.strip_suffix(ENDING).unwrap_or_default();
        let Some(raw) = of_path(step) else { continue };
        let mature = of_path(&format!("{step}_mature"));
        has_mature |= mature.is_some();
        lines.push(step_line(report, raw, mature, estimate));
    }
    let ends = lines.iter().flat_map(|line| &line.points);
    let scale = Scale::of(
        ends.flat_map(|point| [point.number, point.interval.map_or(0.0, |(_, high)| high)]),
        Unit::Share,
    );
    let mature = has_mature.then(|| say!("Hollow square: of those old enough."));
    let diamond = say!("Diamond: the share that will have come in the long run (Kaplan–Meier).");
    chart(
        report,
        "funnel",
        say!("Conversion so far and in the long run"),
        sentences(say!("Dot with its 95% interval: so far."), [mature, Some(diamond)]),
        draw(&lines, &scale, None),
    )
}

fn step_line(report: &Report, raw: &Value, mature: Option<&Value>, estimate: &Value) -> Line {
    let point = |value: &Value, shape: Shape| {
        let interval =
            value.interval.filter(|_| shape == Shape::Dot).map(|interval| (interval.low, interval.high));
        value.value.map(|number| Point { number: number.to_float(), interval, shape })
    };
    let text = |value: &Value| lang::percent(&number_text(value.value, value.unit));
    let mut shown = vec![text(raw)];
    shown.extend(mature.map(|mature| say!("of mature {share}", share = text(mature))));
    shown.push(say!("in the long run {share}", share = text(estimate)));
    let points = [
        mature.and_then(|mature| point(mature, Shape::Square)),
        point(estimate, Shape::Diamond),
        point(raw, Shape::Dot),
    ];
    Line {
        label: title_of(report, &raw.kpi).to_string(),
        shown: shown.join(", "),
        told: String::new(),
        bars: Vec::new(),
        points: points.into_iter().flatten().collect(),
        is_total: false,
    }
}
