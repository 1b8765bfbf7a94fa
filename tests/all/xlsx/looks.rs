//! How the cells of a workbook look, from its XML: calamine reads values and no formats.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use zip::ZipArchive;

/// A part of the file, such as `xl/styles.xml`; empty where there is none.
pub fn part(path: &Path, name: &str) -> String {
    let mut archive = ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut text = String::new();
    if let Ok(mut part) = archive.by_name(name) {
        part.read_to_string(&mut text).unwrap();
    }
    text
}

/// The format of each cell of a sheet, by row and column from 0. Sheets are numbered from 1.
pub fn formats(path: &Path, sheet: usize) -> BTreeMap<(usize, usize), String> {
    let styles = part(path, "xl/styles.xml");
    let codes: BTreeMap<&str, String> = styles
        .split("<numFmt ")
        .skip(1)
        .map(|tag| {
            let code = attribute(tag, "formatCode").replace("&quot;", "\"").replace("&amp;", "&");
            (attribute(tag, "numFmtId"), code)
        })
        .collect();
    let of_cells = between(&styles, "<cellXfs ", "</cellXfs>");
    let of_cells: Vec<&str> = of_cells.split("<xf ").skip(1).map(|tag| attribute(tag, "numFmtId")).collect();
    let xml = part(path, &format!("xl/worksheets/sheet{sheet}.xml"));
    let cells = xml.split("<c ").skip(1).map(|tag| {
        let style = attribute(tag, "s").parse().unwrap_or(0);
        (place(attribute(tag, "r")), codes.get(of_cells[style]).cloned().unwrap_or_default())
    });
    cells.collect()
}

/// The rows and columns that stay in sight.
pub fn frozen(path: &Path, sheet: usize) -> (String, String) {
    let xml = part(path, &format!("xl/worksheets/sheet{sheet}.xml"));
    let pane = between(&xml, "<pane ", "/>");
    (attribute(pane, "ySplit").to_string(), attribute(pane, "xSplit").to_string())
}

/// Row and column, from 0, of a cell such as `AB12`.
fn place(name: &str) -> (usize, usize) {
    let digits = name.find(|c: char| c.is_ascii_digit()).unwrap();
    let column =
        name[..digits].bytes().fold(0, |column, letter| column * 26 + usize::from(letter - b'A') + 1);
    (name[digits..].parse::<usize>().unwrap() - 1, column - 1)
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(from).map_or(text.len(), |start| start + from.len());
    let length = text[start..].find(to).unwrap_or(0);
    &text[start..start + length]
}

/// An attribute of the tag that a text begins with; empty where it has none.
fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let tag = tag.split('>').next().unwrap_or("");
    let start = format!("{name}=\"");
    let found = tag.match_indices(&start).find(|(place, _)| *place == 0 || tag[..*place].ends_with(' '));
    found.map_or("", |(place, _)| tag[place + start.len()..].split('"').next().unwrap_or(""))
}
