//! Text that stands in errors, which are in English, and in what people read in the language of the run: what the inputs
//! lack to count something, what is wrong with a cell.

use crate::lang::{self, Told, fill, said};

/// Text in English and in the language of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bilingual {
    /// For errors.
    pub english: String,
    /// For notes.
    pub told: String,
}

impl Bilingual {
    /// A pattern of the language files, its marks filled in; no mark may be a number, which languages group differently.
    pub fn new(pattern: &'static str, words: &[(&str, &dyn Told)]) -> Bilingual {
        Bilingual { english: fill(pattern, words), told: said(pattern, words) }
    }
}

/// Text in both with its marks filled in: `bilingual!("the column `{column}` in {table}", column = name, table = "crm")`.
#[macro_export]
macro_rules! bilingual {
    ($pattern:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::lang::Bilingual::new($pattern, &[$((stringify!($name), &$value as &dyn $crate::lang::Told)),*])
    };
}

impl Bilingual {
    /// Things of which one is enough.
    pub fn any_of(texts: &[Bilingual]) -> Bilingual {
        let told: Vec<&str> = texts.iter().map(|text| text.told.as_str()).collect();
        let english: Vec<&str> = texts.iter().map(|text| text.english.as_str()).collect();
        Bilingual { english: english.join(" or "), told: lang::any_of(&told) }
    }
}

impl Told for Bilingual {
    fn told(&self) -> String {
        self.told.clone()
    }

    fn typed(&self) -> String {
        self.told.clone()
    }
}

impl std::fmt::Display for Bilingual {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.told)
    }
}
