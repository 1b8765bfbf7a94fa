//! The answer to `explain` as a plain value, so that where a number comes from is told apart from how it is laid out.

use crate::say;

/// What is known of a KPI, or of what stands beside one.
#[derive(Debug)]
pub struct Explanation {
    /// `MQL → SQL (mql_to_sql)`
    pub title: String,
    /// What it is, in a sentence; empty where nobody wrote one.
    pub definition: String,
    pub sections: Vec<Section>,
}

/// Some lines under a heading.
#[derive(Debug)]
pub struct Section {
    /// Empty where the lines need none.
    pub title: String,
    /// Labels and what they are for.
    pub pairs: Vec<(String, String)>,
    /// Numbers of several rows.
    pub grid: Option<Grid>,
    /// What is said below them.
    pub lines: Vec<String>,
}

/// Rows of numbers under headings.
#[derive(Debug)]
pub struct Grid {
    pub headings: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// So many columns to the left are no numbers.
    pub labels: usize,
}

impl Section {
    /// Labels and what they are for, under a heading.
    pub fn of_pairs(title: String, pairs: Vec<(String, String)>) -> Section {
        Section { title, pairs, grid: None, lines: Vec::new() }
    }

    /// Sentences under a heading.
    pub fn of_lines(title: String, lines: Vec<String>) -> Section {
        Section { title, pairs: Vec::new(), grid: None, lines }
    }

    /// Rows of numbers under a heading, and what is said below them; without rows that alone.
    pub fn of_grid(title: String, grid: Grid, lines: Vec<String>) -> Section {
        let grid = (!grid.rows.is_empty()).then_some(grid);
        Section { title, pairs: Vec::new(), grid, lines }
    }
}

/// The heading of findings, which are about the whole of the files even where the answer is about a part of them.
pub fn findings_title(is_of_part: bool) -> String {
    if is_of_part {
        say!("Left out, or worth knowing, in the whole of the files")
    } else {
        say!("Left out, or worth knowing")
    }
}
