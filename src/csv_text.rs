//! Text of exports in CSV that a spreadsheet opens: a cell such as `=HYPERLINK(…)` runs there, whoever filled in the form
//! that it came from. Programs want the text as it is, people want it harmless; so whoever asks decides.

use std::borrow::Cow;

/// How cells of text are written in CSV. Numbers are numbers in either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsvText {
    /// As it stands in the data.
    Raw,
    /// With a `'` before what a spreadsheet would take for a formula.
    Safe,
}

impl CsvText {
    /// What `--csv-safe` asks for.
    pub fn of_option(is_safe: bool) -> CsvText {
        if is_safe { CsvText::Safe } else { CsvText::Raw }
    }

    /// A cell of text as it is written.
    pub fn write(self, text: &str) -> Cow<'_, str> {
        if self == CsvText::Safe && is_formula(text) {
            Cow::Owned(format!("'{text}"))
        } else {
            Cow::Borrowed(text)
        }
    }
}

/// Whether a spreadsheet takes a text for a formula when it opens CSV.
pub fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_marked_and_nothing_else() {
        for text in ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"] {
            assert_eq!(CsvText::Safe.write(text), format!("'{text}"));
            assert_eq!(CsvText::Raw.write(text), text);
        }
        for text in ["", "ads", "a=b", " =1", "(none)", "2026-01-05", "'=1"] {
            assert_eq!(CsvText::Safe.write(text), text);
        }
    }
}
