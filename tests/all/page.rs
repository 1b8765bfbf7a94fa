//! Takes a page apart with a small reader of its own, which knows nothing of how the page was written, and holds what it
//! finds against the JSON.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::FIXED;

/// A piece of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    Open { name: String, attributes: BTreeMap<String, String> },
    Close(String),
    Text(String),
}

/// What entities stand for.
const ENTITIES: [(&str, &str); 5] =
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
/// Elements that have no end.
const EMPTY: [&str; 2] = ["meta", "!doctype"];

pub fn plain(text: &str) -> String {
    ENTITIES.iter().fold(text.to_string(), |text, (entity, letter)| text.replace(entity, letter))
}

/// Takes a page apart. Within scripts and styles nothing is markup but their end.
pub fn pieces(page: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        pieces.push(Piece::Text(plain(&rest[..start])));
        let end = end_of_tag(&rest[start..]) + start;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            pieces.push(Piece::Close(name.to_string()));
            continue;
        }
        let is_closed = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let name = name.to_lowercase();
        pieces.push(Piece::Open { name: name.clone(), attributes: attributes_of(attributes) });
        if name == "script" || name == "style" {
            let end = rest.find(&format!("</{name}>")).expect("scripts and styles end");
            pieces.push(Piece::Text(rest[..end].to_string()));
            rest = &rest[end..];
        } else if is_closed || EMPTY.contains(&name.as_str()) {
            pieces.push(Piece::Close(name));
        }
    }
    pieces
}

/// The place of the `>` that ends a tag: one within quotes does not.
fn end_of_tag(text: &str) -> usize {
    let mut is_quoted = false;
    for (place, letter) in text.char_indices() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => return place,
            _ => {}
        }
    }
    panic!("a tag has no end: {}", &text[..text.len().min(80)]);
}

fn attributes_of(text: &str) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    let mut rest = text.trim_start();
    while let Some((name, behind)) = rest.split_once("=\"") {
        let (value, behind) = behind.split_once('"').expect("a value has its end");
        assert!(
            name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-'),
            "`{name}` is no name"
        );
        assert!(attributes.insert(name.to_string(), plain(value)).is_none(), "{name} stands twice");
        rest = behind.trim_start();
    }
    attributes
}

/// Refuses a page whose elements do not end where they should, whose names stand twice or whose links lead nowhere.
pub fn assert_well_formed(page: &str) {
    let mut open: Vec<String> = Vec::new();
    let mut names = BTreeSet::new();
    let mut wanted = BTreeSet::new();
    for piece in pieces(page) {
        match piece {
            Piece::Open { name, attributes } => {
                open.push(name);
                if let Some(id) = attributes.get("id") {
                    assert!(names.insert(id.clone()), "the name {id} stands twice");
                }
                for name in ["aria-labelledby", "href"] {
                    let targets = attributes.get(name).map(String::as_str).unwrap_or_default();
                    wanted.extend(
                        targets.split_whitespace().map(|target| target.trim_start_matches('#').to_string()),
                    );
                }
                if let Some(target) = attributes.get("href") {
                    assert!(target.starts_with('#'), "a link leads out of the page: {target}");
                }
            }
            Piece::Close(name) => assert_eq!(open.pop().as_deref(), Some(name.as_str()), "ends in {open:?}"),
            Piece::Text(_) => {}
        }
    }
    assert!(open.is_empty(), "{open:?} do not end");
    let missing: Vec<_> = wanted.difference(&names).collect();
    assert!(missing.is_empty(), "{missing:?} are nowhere");
}

/// Refuses a page that could ask anything of a server.
pub fn assert_asks_nothing(page: &str) {
    for word in [
        "http:", "https:", "//www", " src=", "url(", "@import", "<link", "<iframe", "<img", "style=\"",
        "fetch(",
    ] {
        assert!(!page.contains(word), "the page has `{word}`");
    }
    assert!(
        page.contains(
            "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-"
        )
    );
    assert!(!page.contains("unsafe"), "the policy lets nothing in but the style and the script of the page");
}

/// Where a value belongs: table, period, KPI, and the dimensions that are no totals.
pub type Place = (String, String, String, BTreeMap<String, String>);
/// Value, numerator, denominator, both ends of the interval.
pub type Figures = [Option<f64>; 5];

/// A cell of the page that shows a value.
pub struct Cell {
    pub place: Place,
    pub figures: Figures,
    pub text: String,
}

fn number(text: Option<&String>) -> Option<f64> {
    text.map(|text| text.parse().expect("a raw number is a number"))
}

/// The cells of the page that show values themselves, in the order of the page.
pub fn cells(page: &str) -> Vec<Cell> {
    let list = |text: Option<&String>| -> Vec<String> {
        text.map(|text| serde_json::from_str(text).expect("a list is JSON")).unwrap_or_default()
    };
    let (mut table, mut row) = (BTreeMap::new(), BTreeMap::new());
    let (mut headings, mut column): (Vec<BTreeMap<String, String>>, usize) = (Vec::new(), 0);
    let mut cells: Vec<Cell> = Vec::new();
    let (mut is_inside, mut is_heading) = (false, false);
    for piece in pieces(page) {
        match piece {
            Piece::Open { name, attributes } if name == "table" => {
                table = attributes;
                headings.clear();
            }
            Piece::Open { name, .. } if name == "thead" => is_heading = true,
            Piece::Close(name) if name == "thead" => is_heading = false,
            Piece::Open { name, attributes } if name == "tr" => {
                row = attributes;
                column = 0;
            }
            Piece::Open { name, attributes } if name == "th" && is_heading => headings.push(attributes),
            Piece::Open { name, attributes } if name == "th" || name == "td" => {
                let heading = &headings[column];
                column += 1;
                let Some(figures) = attributes.get("data-v") else { continue };
                let mut key = list(row.get("data-key"));
                key.extend(list(heading.get("data-key")));
                let named = list(table.get("data-dimensions")).into_iter().zip(key);
                // what a cell does not say its row says, or its heading, or its table
                let said = |name: &str| {
                    [&attributes, &row, heading, &table]
                        .into_iter()
                        .find_map(|place| place.get(name))
                        .cloned()
                };
                let place = (
                    table["data-table"].clone(),
                    said("data-period").expect("a table has a period"),
                    said("data-kpi").expect("a figure is one of a KPI"),
                    named.filter(|(_, value)| value != "(total)").collect(),
                );
                let parts: Vec<String> = figures.split('|').map(String::from).collect();
                let figures =
                    [0, 1, 2, 3, 4].map(|place| number(parts.get(place).filter(|part| !part.is_empty())));
                cells.push(Cell { place, figures, text: String::new() });
                is_inside = true;
            }
            Piece::Text(text) if is_inside => {
                cells.last_mut().expect("a cell was just begun").text = text;
                is_inside = false;
            }
            _ => {}
        }
    }
    cells
}

/// The rows of the JSON by their places, each with its unit.
pub fn rows(json: &str) -> BTreeMap<Place, (Figures, String)> {
    let report: serde_json::Value = serde_json::from_str(json).expect("the report is JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_string();
    let row = |row: &serde_json::Value| {
        let dimensions = row.as_object().expect("a row is an object").iter();
        let dimensions = dimensions.filter(|(name, _)| !FIXED.contains(&name.as_str()));
        let key = dimensions
            .map(|(name, value)| (name.clone(), text(value)))
            .filter(|(_, value)| value != "(total)");
        let figures =
            ["value", "numerator", "denominator", "ci_low", "ci_high"].map(|name| row[name].as_f64());
        (
            (text(&row["table"]), text(&row["period"]), text(&row["kpi"]), key.collect()),
            (figures, text(&row["unit"])),
        )
    };
    report["rows"].as_array().expect("the report has rows").iter().map(row).collect()
}

/// Holds every figure of a page against the JSON, the raw ones and those that people read; returns how many rows of the
/// JSON the page has, and the KPIs of those that it lacks.
pub fn hold_against_json(page: &str, json: &str) -> (usize, BTreeSet<String>) {
    let rows = rows(json);
    let mut seen = BTreeSet::new();
    for cell in cells(page) {
        let (figures, unit) = rows.get(&cell.place).unwrap_or_else(|| panic!("no row for {:?}", cell.place));
        assert_eq!(&cell.figures, figures, "{:?}", cell.place);
        assert_is_read_as(&cell, unit);
        seen.insert(cell.place);
    }
    for (kpi, value) in tiles(page) {
        let is_told = |(place, (figures, _)): (&Place, &(Figures, String))| {
            place.2 == kpi && place.3.is_empty() && figures[0] == value
        };
        assert!(rows.iter().any(is_told), "{kpi} at the top is {value:?}");
    }
    let lacking = rows.keys().filter(|place| !seen.contains(place)).map(|place| place.2.clone()).collect();
    (seen.len(), lacking)
}

/// Whether the text of a cell is its raw number, rounded for people.
fn assert_is_read_as(cell: &Cell, unit: &str) {
    let text = cell.text.trim_start_matches(['!', '~', '*', ' ']).replace(',', "");
    let Some(value) = cell.figures[0] else { return };
    let factor = if unit == "share" { 100.0 } else { 1.0 };
    let shown: f64 =
        text.parse().unwrap_or_else(|_| panic!("`{}` is no number: {:?}", cell.text, cell.place));
    let decimals = text.split_once('.').map_or(0, |(_, part)| part.len());
    let half = 0.5 * 10.0_f64.powi(-i32::try_from(decimals).expect("few decimals")) + 1e-4;
    assert!((shown - value * factor).abs() <= half, "{:?}: {shown} for {value}", cell.place);
    // a share below 0.01 % is told with two digits that say something
    let is_little = unit == "share" && value.abs() <= 1e-4;
    assert!(decimals <= 3 || is_little, "{:?}: {}", cell.place, cell.text);
    assert!(unit != "money" || decimals == 2, "{:?}: {}", cell.place, cell.text);
}

/// KPI and raw value of each figure at the top.
pub fn tiles(page: &str) -> Vec<(String, Option<f64>)> {
    let is_tile = |piece: Piece| match piece {
        Piece::Open { name, attributes } if name == "li" && attributes.contains_key("data-kpi") => {
            Some((attributes["data-kpi"].clone(), number(attributes.get("data-value"))))
        }
        _ => None,
    };
    pieces(page).into_iter().filter_map(is_tile).collect()
}
