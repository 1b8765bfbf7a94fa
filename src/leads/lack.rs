//! What the inputs lack to count something: in English, as errors are, and in the language of the run, for notes.

use crate::lang::{Told, fill, said};

/// What is not there, to stand behind `needs` or `the inputs lack`: `` the column `amount` in crm ``.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// For errors.
    pub english: String,
    /// For notes.
    pub told: String,
}

impl Lack {
    /// A pattern of the language files, its marks filled in; no mark may be a number, which languages group differently.
    pub fn new(pattern: &'static str, words: &[(&str, &dyn Told)]) -> Lack {
        Lack { english: fill(pattern, words), told: said(pattern, words) }
    }
}

impl Told for Lack {
    fn told(&self) -> String {
        self.told.clone()
    }

    fn typed(&self) -> String {
        self.told.clone()
    }
}

impl std::fmt::Display for Lack {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.told)
    }
}
