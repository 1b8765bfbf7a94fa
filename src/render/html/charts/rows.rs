//! Charts of rows: a label and a figure above, bars or a point with its interval below, on one scale.

use std::fmt::Write as _;

use super::scale::Scale;
use super::{Drawing, percent, stroke, words_at};
use crate::render::html::markup::escaped;
use crate::say;

/// More rows than this are read in the table, not in a picture.
const MOST_ROWS: usize = 16;
/// The height of the line of text, of a bar, and the room below a row, in pixels.
const TEXT: u32 = 18;
const BAR: u32 = 11;
const GAP: u32 = 9;

/// So many letters of label and figure have room beside each other on a phone; else the figure stands below.
const MOST_LETTERS: usize = 46;

/// A row of a chart.
pub struct Line {
    pub label: String,
    /// The figure as the table has it.
    pub shown: String,
    /// What is told beside it to who does not see the bars.
    pub told: String,
    pub bars: Vec<Bar>,
    pub points: Vec<Point>,
    pub is_total: bool,
}

/// From 0 to a number.
pub struct Bar {
    pub number: f64,
    /// `solid` or `outlined`: two kinds of bars differ in more than colour.
    pub class: &'static str,
}

/// A number, with the ends of its interval where it has one.
pub struct Point {
    pub number: f64,
    pub interval: Option<(f64, f64)>,
    pub shape: Shape,
}

/// Which of several numbers of a row a mark is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Dot,
    Square,
    Diamond,
}

/// Draws rows; where there are too many, the first of them. `reference` is a number that all are to be held against.
pub fn draw(lines: &[Line], scale: &Scale, reference: Option<f64>) -> Drawing {
    let mut shown: Vec<&Line> = lines.iter().filter(|line| !line.is_total).take(MOST_ROWS).collect();
    let left = lines.iter().filter(|line| !line.is_total).count() - shown.len();
    shown.extend(lines.iter().filter(|line| line.is_total));
    if shown.is_empty() {
        return Drawing::default();
    }
    let text = text_height(&shown);
    let heights: Vec<u32> = shown.iter().map(|line| text + marks_height(line) + GAP).collect();
    let bottom: u32 = heights.iter().sum();
    let mut body = String::new();
    for (number, words) in scale.marks() {
        let place = scale.place(number);
        stroke(&mut body, "grid", (place, 2), (place, bottom));
        let anchor = if place < 1.0 {
            "start"
        } else if place > 99.0 {
            "end"
        } else {
            "middle"
        };
        words_at(&mut body, (place, bottom + 15), anchor, "quiet", &words);
    }
    let mut words = Vec::new();
    let mut top = 0;
    for (line, height) in shown.iter().zip(&heights) {
        row(&mut body, line, scale, (top, text));
        if let Some(place) =
            reference.map(|reference| scale.place(reference)).filter(|_| !line.points.is_empty())
        {
            stroke(&mut body, "reference", (place, top + text), (place, top + height));
        }
        words.push(words_of(line));
        top += height;
    }
    let mut height = bottom + 22;
    if left > 0 {
        let more = say!("and {count} more in the table", count = left);
        words_at(&mut body, (0.0, height + 12), "start", "quiet", &more);
        words.push(more);
        height += 20;
    }
    Drawing { body, height, words }
}

fn words_of(line: &Line) -> String {
    let parts = [line.shown.as_str(), line.told.as_str()];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}: {}", line.label, parts.join(", "))
}

/// A label that has room on a phone; the whole of it is told by the row and by the table.
fn shortened(label: &str) -> String {
    if label.chars().count() <= MOST_LETTERS {
        return label.to_string();
    }
    label.chars().take(MOST_LETTERS - 1).chain(['…']).collect()
}

/// The height of the text of each row: two lines where one row of the chart needs them.
fn text_height(lines: &[&Line]) -> u32 {
    let letters = |line: &&Line| line.label.chars().count() + line.shown.chars().count();
    if lines.iter().any(|line| letters(line) > MOST_LETTERS) { TEXT + 16 } else { TEXT }
}

fn marks_height(line: &Line) -> u32 {
    let bars = u32::try_from(line.bars.len()).unwrap_or_default() * BAR;
    if line.points.is_empty() { bars } else { bars.max(15) }
}

fn row(body: &mut String, line: &Line, scale: &Scale, (top, text): (u32, u32)) {
    let _ = writeln!(body, "<g><title>{}</title>", escaped(&words_of(line)));
    let class = if line.is_total { "total" } else { "" };
    let middle = top + text;
    words_at(body, (0.0, top + 13), "start", class, &shortened(&line.label));
    words_at(body, (100.0, middle - 5), "end", class, &line.shown);
    let zero = scale.place(0.0);
    for (place, bar) in (0..).zip(&line.bars) {
        let end = scale.place(bar.number);
        let class = if line.is_total && bar.class == "solid" { "total-bar" } else { bar.class };
        let _ = writeln!(
            body,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            percent(zero.min(end)),
            middle + 1 + BAR * place,
            percent((end - zero).abs()),
            BAR - 2
        );
    }
    for point in &line.points {
        mark(body, point, scale, (middle + 8, line.is_total));
    }
    body.push_str("</g>\n");
}

fn mark(body: &mut String, point: &Point, scale: &Scale, (middle, is_total): (u32, bool)) {
    if let Some((low, high)) = point.interval {
        let (low, high) = (scale.place(low), scale.place(high));
        stroke(body, "whisker", (low, middle), (high, middle));
        stroke(body, "whisker", (low, middle - 4), (low, middle + 4));
        stroke(body, "whisker", (high, middle - 4), (high, middle + 4));
    }
    let place = percent(scale.place(point.number));
    let class = if is_total { "dot total" } else { "dot" };
    let _ = match point.shape {
        Shape::Dot => writeln!(body, "<circle class=\"{class}\" cx=\"{place}\" cy=\"{middle}\" r=\"5\"/>"),
        Shape::Square => {
            let top = middle - 7;
            writeln!(
                body,
                "<svg x=\"{place}\" y=\"{top}\"><rect class=\"hollow\" x=\"-7\" width=\"14\" height=\"14\"/></svg>"
            )
        }
        Shape::Diamond => writeln!(
            body,
            "<svg x=\"{place}\" y=\"{middle}\"><path class=\"mark-1\" d=\"M0 -9L9 0L0 9L-9 0Z\"/></svg>"
        ),
    };
}
