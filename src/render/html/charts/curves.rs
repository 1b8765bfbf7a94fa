//! Charts of lines: a number at each age or in each period.

use std::fmt::Write as _;

use super::scale::Scale;
use super::{Drawing, percent, stroke, words_at};
use crate::render::html::markup::escaped;

/// Where the lines begin and end: in percent of the width, and in pixels.
const LEFT: f64 = 10.0;
const RIGHT: f64 = 98.0;
const TOP: u32 = 22;
const HEIGHT: u32 = 170;
/// More labels than this run into each other on a phone.
const MOST_LABELS: usize = 5;
/// Of labels with more letters than this fewer have room.
const WIDE_LABEL: usize = 7;

/// A line.
pub struct Series {
    pub label: String,
    /// The class of the line and of its marks: a number, `total`, or none for one among many.
    pub style: Option<String>,
    /// A number at each place, or none.
    pub points: Vec<Option<Point>>,
}

/// A number of a line.
#[derive(Clone)]
pub struct Point {
    pub number: f64,
    pub interval: Option<(f64, f64)>,
    /// As the table has it.
    pub shown: String,
    /// Whether it may still change, such as that of a period that is not over.
    pub is_open: bool,
}

impl Point {
    /// A number without an interval.
    pub fn plain(number: f64, shown: String) -> Point {
        Point { number, interval: None, shown, is_open: false }
    }
}

/// Draws lines over the same places.
pub fn draw(series: &[Series], places: &[String], scale: &Scale) -> Drawing {
    let mut drawing = Drawing::default();
    let bottom = TOP + HEIGHT;
    for (number, text) in scale.marks() {
        let y = height_of(scale, number);
        stroke(&mut drawing.body, "grid", (0.0, y), (100.0, y));
        words_at(&mut drawing.body, (0.0, y.saturating_sub(3)), "start", "quiet", &text);
    }
    let widest = places.iter().map(|place| place.chars().count()).max().unwrap_or(0);
    for place in labelled(places.len(), if widest > WIDE_LABEL { 3 } else { MOST_LABELS }) {
        let x = x_of(place, places.len());
        let anchor = if x < 5.0 {
            "start"
        } else if x > 90.0 {
            "end"
        } else {
            "middle"
        };
        words_at(&mut drawing.body, (x, bottom + 17), anchor, "quiet", &places[place]);
    }
    for line in series {
        polyline(&mut drawing.body, line, scale);
        marks(&mut drawing.body, line, places, scale);
        let words: Vec<String> = line
            .points
            .iter()
            .zip(places)
            .filter_map(|(point, place)| Some(format!("{place} {}", point.as_ref()?.shown)))
            .collect();
        drawing.words.push(format!("{}: {}", line.label, words.join(", ")));
    }
    drawing.height = bottom + 24;
    legend(&mut drawing, series);
    drawing
}

fn x_of(place: usize, count: usize) -> f64 {
    if count < 2 { 50.0 } else { LEFT + (RIGHT - LEFT) * place as f64 / (count - 1) as f64 }
}

/// Pixels from the top.
fn height_of(scale: &Scale, number: f64) -> u32 {
    let down = (100.0 - scale.place(number)) / 100.0 * f64::from(HEIGHT);
    // a place on a scale lies between 0 and the height
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let down = down.round() as u32;
    TOP + down
}

/// Which places are labelled: the first, the last and some between.
fn labelled(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    (0..most).map(|label| label * (count - 1) / (most - 1)).collect()
}

/// The line, broken where there is no number.
fn polyline(body: &mut String, line: &Series, scale: &Scale) {
    let class = line.style.as_ref().map_or("faint".to_string(), |style| format!("series-{style}"));
    let _ = writeln!(
        body,
        "<svg x=\"0\" y=\"0\" width=\"100%\" height=\"{}\" viewBox=\"0 0 100 {}\" preserveAspectRatio=\"none\">",
        TOP + HEIGHT,
        TOP + HEIGHT
    );
    let count = line.points.len();
    for run in line.points.iter().enumerate().collect::<Vec<_>>().split(|(_, point)| point.is_none()) {
        let points: Vec<String> = run
            .iter()
            .filter_map(|(place, point)| {
                let point = point.as_ref()?;
                Some(format!("{:.2},{}", x_of(*place, count), height_of(scale, point.number)))
            })
            .collect();
        if points.len() > 1 {
            let _ = writeln!(
                body,
                "<polyline class=\"{class}\" vector-effect=\"non-scaling-stroke\" points=\"{}\"/>",
                points.join(" ")
            );
        }
    }
    body.push_str("</svg>\n");
}

fn marks(body: &mut String, line: &Series, places: &[String], scale: &Scale) {
    let count = line.points.len();
    for (place, point) in line.points.iter().enumerate() {
        let (Some(point), Some(style)) = (point, &line.style) else { continue };
        let (x, y) = (x_of(place, count), height_of(scale, point.number));
        let words =
            format!("{}, {}: {}", line.label, places.get(place).map_or("", String::as_str), point.shown);
        // the words stand above the lines while the point is pointed at or has the focus: no script is needed
        let _ = writeln!(
            body,
            "<g class=\"point\" tabindex=\"0\"><text class=\"tip\" x=\"100%\" y=\"12\" text-anchor=\"end\">{}</text>",
            escaped(&words)
        );
        if let Some((low, high)) = point.interval {
            let (low, high) = (height_of(scale, low), height_of(scale, high));
            stroke(body, "whisker", (x, low), (x, high));
        }
        let class = if point.is_open { "hollow".to_string() } else { format!("mark-{style}") };
        let radius = if point.is_open { 4.5 } else { 4.0 };
        let _ = writeln!(
            body,
            "<circle class=\"{class}\" cx=\"{}\" cy=\"{y}\" r=\"{radius}\"/>\n</g>",
            percent(x)
        );
    }
}

/// What the lines are; one line alone is the title of the chart.
fn legend(drawing: &mut Drawing, series: &[Series]) {
    let named: Vec<(&str, &str)> =
        series.iter().filter_map(|line| Some((line.style.as_deref()?, line.label.as_str()))).collect();
    if named.len() < 2 {
        return;
    }
    // long names have no room beside each other on a phone
    let beside = if named.iter().any(|(_, label)| label.chars().count() > 16) { 1 } else { 2 };
    for (number, (style, label)) in named.iter().enumerate() {
        let left = if number % beside == 0 { 0.0 } else { 50.0 };
        if number % beside == 0 {
            drawing.height += 20;
        }
        let y = drawing.height - 8;
        let _ = writeln!(
            drawing.body,
            "<svg x=\"{}\" y=\"{}\"><polyline class=\"series-{style}\" points=\"0,5 28,5\"/><circle class=\"mark-{style}\" cx=\"14\" cy=\"5\" r=\"4\"/></svg>",
            percent(left),
            y - 9
        );
        let _ = writeln!(
            drawing.body,
            "<svg x=\"{}\" y=\"{y}\"><text x=\"34\" y=\"0\">{}</text></svg>",
            percent(left),
            escaped(label)
        );
    }
}
