//! What the inputs lack to count something: in English, as errors are, and in the language of the run, for notes.

use crate::lang::{self, Told, fill, said};

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

/// A lack with its marks filled in: `lacks!("the column `{column}` in {table}", column = name, table = "crm")`.
#[macro_export]
macro_rules! lacks {
    ($pattern:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::leads::lack::Lack::new($pattern, &[$((stringify!($name), &$value as &dyn $crate::lang::Told)),*])
    };
}

impl Lack {
    /// Things of which one would be enough.
    pub fn any_of(lacks: &[Lack]) -> Lack {
        let told: Vec<&str> = lacks.iter().map(|lack| lack.told.as_str()).collect();
        let english: Vec<&str> = lacks.iter().map(|lack| lack.english.as_str()).collect();
        Lack { english: english.join(" or "), told: lang::any_of(&told) }
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
