//! A sheet that is filled from top to bottom, and the few ways in which its cells look.

use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Worksheet, XlsxError};

use super::cell::Cell;
use crate::csv_text::is_formula;
use crate::error::shortened;

/// Columns are at least and at most so wide, in characters; longer text is wrapped.
const WIDTHS: (usize, usize) = (8, 60);
/// Headings are wrapped at this width, or at their longest word.
const HEADING_WIDTH: usize = 14;
/// More characters than this a cell cannot hold.
const LONGEST_TEXT: usize = 32_767;
/// Dark red and dark brown on white: readable in print, and beside a mark that says the same.
const MISSED: u32 = 0x009C_0006;
const WARNED: u32 = 0x007F_6000;

/// A sheet and the row that is filled next.
pub struct Sheet {
    worksheet: Worksheet,
    row: u32,
    widths: Vec<usize>,
    /// What the sheet and its columns are called, for messages.
    name: String,
    headings: Vec<String>,
}

impl Sheet {
    pub fn new(name: &str) -> Sheet {
        let (widths, headings) = (Vec::new(), Vec::new());
        Sheet { worksheet: Worksheet::new(), row: 0, widths, name: name.to_string(), headings }
    }

    /// The row that is filled next, from 0.
    pub fn row(&self) -> u32 {
        self.row
    }

    /// Leaves a row empty.
    pub fn skip(&mut self) {
        self.row += 1;
    }

    /// A line of text that may run over the columns beside it.
    ///
    /// # Errors
    /// A row that a sheet cannot have, a text that is too long.
    pub fn line(&mut self, text: &str, format: &Format) -> Result<(), XlsxError> {
        self.write_text(0, text, format)?;
        self.row += 1;
        Ok(())
    }

    /// The headings of columns: so many of labels, the others of numbers.
    ///
    /// # Errors
    /// A row that a sheet cannot have, a text that is too long.
    pub fn headings(
        &mut self,
        labels: usize,
        headings: impl Iterator<Item = String>,
    ) -> Result<(), XlsxError> {
        let of_label = strong().set_text_wrap().set_border_bottom(FormatBorder::Thin);
        self.headings.clear();
        let of_number = of_label.clone().set_align(FormatAlign::Right);
        for (column, heading) in (0_u16..).zip(headings) {
            let format = if usize::from(column) < labels { &of_label } else { &of_number };
            let longest = heading.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(0);
            self.widen(column, longest.max(heading.chars().count().min(HEADING_WIDTH)));
            self.write_text(column, &heading, format)?;
            self.headings.push(heading);
        }
        self.row += 1;
        Ok(())
    }

    /// A row of cells.
    ///
    /// # Errors
    /// A row that a sheet cannot have, a text that is too long.
    pub fn cells(&mut self, cells: Vec<Cell>) -> Result<(), XlsxError> {
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => {
                    self.widen(column, text.chars().count());
                    let is_long = text.chars().count() > WIDTHS.1;
                    let format = if is_long { plain().set_text_wrap() } else { plain() };
                    self.write_text(column, &text, &format)?;
                }
                Cell::Instead(text) => {
                    self.widen(column, text.chars().count());
                    self.write_text(column, &text, &plain().set_align(FormatAlign::Right))?;
                }
                Cell::Number(number, text, format) => {
                    self.widen(column, text.chars().count());
                    match format {
                        Some(format) => {
                            self.worksheet.write_number_with_format(self.row, column, number, &format)?
                        }
                        None => self.worksheet.write_number(self.row, column, number)?,
                    };
                }
                Cell::Day(day, text) => {
                    self.widen(column, text.chars().count());
                    let format = plain().set_num_format("yyyy-mm-dd");
                    self.worksheet.write_datetime_with_format(self.row, column, &day, &format)?;
                }
                Cell::YesNo(answer) => {
                    self.worksheet.write_boolean(self.row, column, answer)?;
                }
            }
        }
        self.row += 1;
        Ok(())
    }

    /// Filters in the first row, for all that was written below it.
    ///
    /// # Errors
    /// A sheet that is too wide.
    pub fn filter(&mut self, columns: usize) -> Result<(), XlsxError> {
        if let (Some(last_row), Some(last_column)) = (self.row.checked_sub(1), columns.checked_sub(1)) {
            let last_column = u16::try_from(last_column).unwrap_or(u16::MAX);
            self.worksheet.autofilter(0, 0, last_row, last_column)?;
        }
        Ok(())
    }

    /// The sheet with columns as wide as what they hold, and so many rows and columns that stay in sight.
    ///
    /// # Errors
    /// None for a sheet that could be written.
    pub fn finish(mut self, rows: u32, columns: usize) -> Result<Worksheet, XlsxError> {
        for (column, width) in (0_u16..).zip(&self.widths) {
            // a filter or a mark needs a little room beside the text
            let width = u32::try_from(width.clamp(&WIDTHS.0, &WIDTHS.1) + 2).unwrap_or(u32::MAX);
            self.worksheet.set_column_width(column, f64::from(width))?;
        }
        self.worksheet.set_freeze_panes(rows, u16::try_from(columns).unwrap_or(0))?;
        Ok(self.worksheet)
    }

    fn write_text(&mut self, column: u16, text: &str, format: &Format) -> Result<(), XlsxError> {
        let length = text.chars().count();
        if length > LONGEST_TEXT {
            return Err(XlsxError::ParameterError(self.too_long(column, length)));
        }
        // it is text already; the mark keeps it text for those who edit the cell
        let quoted = is_formula(text).then(|| format.clone().set_quote_prefix());
        let format = quoted.as_ref().unwrap_or(format);
        self.worksheet.write_string_with_format(self.row, column, text, format)?;
        Ok(())
    }

    /// Which text is too long.
    fn too_long(&self, column: u16, length: usize) -> String {
        let heading = self.headings.get(usize::from(column)).filter(|heading| !heading.is_empty());
        let heading = heading.map(|heading| format!(" (`{}`)", shortened(heading))).unwrap_or_default();
        format!(
            "a cell holds at most 32 767 characters, and in the sheet `{}` row {}, column {}{heading} has a text of {length}",
            self.name,
            self.row + 1,
            column + 1,
        )
    }

    fn widen(&mut self, column: u16, width: usize) {
        let column = usize::from(column);
        if self.widths.len() <= column {
            self.widths.resize(column + 1, 0);
        }
        self.widths[column] = self.widths[column].max(width);
    }
}

/// Text as it is.
pub fn plain() -> Format {
    Format::new().set_align(FormatAlign::Top)
}

/// Titles of blocks and headings of columns.
pub fn strong() -> Format {
    plain().set_bold()
}

/// The title of a table.
pub fn title() -> Format {
    strong().set_font_size(14)
}

/// A number shown by a pattern, behind a mark.
pub fn number(pattern: &str, mark: &str) -> Format {
    if mark.is_empty() {
        return plain().set_num_format(pattern);
    }
    let format = plain().set_num_format(format!("\"{mark}\"{pattern};\"{mark}\"-{pattern}"));
    match mark.chars().next() {
        Some('!') => format.set_bold().set_font_color(MISSED),
        Some('~') => format.set_bold().set_font_color(WARNED),
        _ => format,
    }
}

/// A number shown by a pattern with its sign, behind a mark.
pub fn signed(pattern: &str, mark: &str) -> Format {
    let mark = if mark.is_empty() { String::new() } else { format!("\"{mark}\"") };
    plain().set_num_format(format!("{mark}+{pattern};{mark}-{pattern};{mark}{pattern}"))
}
