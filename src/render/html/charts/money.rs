//! What channels cost and what they bring.

use super::rows::{Bar, Line, draw};
use super::scale::Scale;
use super::shares::label;
use super::{Chart, chart};
use crate::kpi::catalogue::Unit;
use crate::render::html::find::{self, column_of, is_total, is_turned};
use crate::render::html::markup::title_of;
use crate::render::{cell_text, number_text};
use crate::report::layout::{split_title, with_unit};
use crate::report::{Block, Report, Row, Show, Value};
use crate::say;

/// Spend beside revenue, and the cost of what it brought.
pub fn charts(report: &Report) -> Vec<Chart> {
    let split = |name: &str| {
        let blocks = find::table(report, name).map(|table| table.blocks.as_slice()).unwrap_or_default();
        blocks.iter().filter(|block| !is_turned(block) && !block.dimensions.is_empty())
    };
    let mut charts: Vec<Chart> = split("channels").filter_map(|block| returns(report, block)).collect();
    charts.extend(split("cost").filter_map(|block| costs(report, block)));
    charts
}

fn returns(report: &Report, block: &Block) -> Option<Chart> {
    let (spend, revenue) = (column_of(block, "spend")?, column_of(block, "revenue")?);
    let (romi, roas) = (column_of(block, "romi"), column_of(block, "roas"));
    // a total is as long as all together, and would press the others to the edge
    let rows = block.rows.iter().filter(|row| !is_total(row));
    let lines: Vec<Line> = rows.filter_map(|row| return_of(row, (spend, revenue), (romi, roas))).collect();
    let scale = Scale::of(numbers(&lines), Unit::Money);
    let title = with_unit(&say!("Spend and revenue"), Unit::Money, report.currency.as_deref());
    chart(
        report,
        "channels",
        split_title(&title, &block.dimensions),
        say!(
            "Upper bar, outlined: spend. Lower bar, filled: revenue. ROMI below 0: it brought less than it cost; what else \
             speaks for it is in the table."
        ),
        draw(&lines, &scale, None),
    )
    .filter(|_| !lines.is_empty())
}

/// What a channel cost and brought, as bars and as ratios; none where it neither cost nor brought anything known.
fn return_of(
    row: &Row,
    (spend, revenue): (usize, usize),
    (romi, roas): (Option<usize>, Option<usize>),
) -> Option<Line> {
    let text = |place: usize| {
        let text = number_text(row.values[place].value, row.values[place].unit);
        (!text.is_empty()).then_some(text)
    };
    let joined = |parts: [Option<String>; 2]| parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let ratios = joined([
        romi.and_then(text).map(|romi| say!("ROMI {romi} %", romi = romi)),
        roas.and_then(text).map(|roas| say!("ROAS {roas}", roas = roas)),
    ]);
    let bars: Vec<Bar> = [(spend, "outlined"), (revenue, "solid")]
        .into_iter()
        .filter_map(|(place, class)| Some(Bar { number: row.values[place].value?.to_float(), class }))
        .collect();
    (!bars.is_empty()).then(|| Line {
        label: label(row),
        shown: if ratios.is_empty() { say!("no return to tell") } else { ratios },
        told: joined([
            text(spend).map(|spend| say!("spend {spend}", spend = spend)),
            text(revenue).map(|revenue| say!("revenue {revenue}", revenue = revenue)),
        ]),
        bars,
        points: Vec::new(),
        is_total: false,
    })
}

/// The cost of a lead at the last stage.
fn costs(report: &Report, block: &Block) -> Option<Chart> {
    let is_cost = |value: &Value| value.kpi.starts_with("cost_per_") && value.unit == Unit::Money;
    let place = block.rows.first()?.values.iter().rposition(is_cost)?;
    let kpi = &block.rows.first()?.values[place].kpi;
    column_of(block, kpi)?;
    let line = |row: &Row| {
        let value = &row.values[place];
        Some(Line {
            label: label(row),
            shown: cell_text(value, Show::Value),
            told: String::new(),
            bars: vec![Bar { number: value.value?.to_float(), class: "solid" }],
            points: Vec::new(),
            is_total: is_total(row),
        })
    };
    let lines: Vec<Line> = block.rows.iter().filter_map(line).collect();
    if lines.len() < 2 {
        return None;
    }
    let scale = Scale::of(numbers(&lines), Unit::Money);
    let title = with_unit(title_of(report, kpi), Unit::Money, report.currency.as_deref());
    chart(
        report,
        "cost",
        split_title(&title, &block.dimensions),
        say!(
            "Spend over the leads that came that far. Who spent and brought none has no bar and stands in the table."
        ),
        draw(&lines, &scale, None),
    )
}

fn numbers(lines: &[Line]) -> impl Iterator<Item = f64> + '_ {
    lines.iter().flat_map(|line| &line.bars).map(|bar| bar.number)
}
