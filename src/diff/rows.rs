//! Which rows made the difference: what each ID added to a measure then, and adds now.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::Changes;
use super::saved::SavedEvidence;
use crate::kpi::exact::Exact;

/// An ID that adds to a measure what it did not add before.
#[derive(Debug)]
pub struct RowChange {
    pub basis: String,
    pub measure: String,
    /// The KPIs that are computed of the measure.
    pub kpis: Vec<String>,
    pub table: String,
    pub id: String,
    pub old: Option<Located>,
    pub new: Option<Located>,
}

/// What an ID adds, and where the first of its rows stands.
#[derive(Debug, Clone)]
pub struct Located {
    pub amount: Exact,
    pub file: String,
    pub line: u32,
    /// How many rows the ID has.
    pub count: usize,
    /// Whether that is the number of those that add to the measure, and not to any.
    is_of_measure: bool,
    /// The values of the dimensions that split the report.
    pub dimensions: BTreeMap<String, String>,
}

/// Whether more or fewer rows add to the measure, although the sum is the same: a median of days knows the difference.
pub fn has_other_rows(old: &Located, new: &Located) -> bool {
    old.is_of_measure && new.is_of_measure && old.count != new.count
}

impl RowChange {
    /// `changed`, `added`, `removed`, or `moved`: what it adds is the same, and stands at other values of dimensions.
    pub fn kind(&self) -> &'static str {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) if old.amount == new.amount && !has_other_rows(old, new) => "moved",
            (old, new) => super::kind(old.as_ref(), new.as_ref()),
        }
    }

    /// The dimensions whose value is another one, with the earlier and the later value. What only one of the reports
    /// knows has not moved.
    pub fn moves(&self) -> Vec<(&str, &str, &str)> {
        moves(self.old.as_ref(), self.new.as_ref())
    }
}

fn moves<'a>(old: Option<&'a Located>, new: Option<&'a Located>) -> Vec<(&'a str, &'a str, &'a str)> {
    let (Some(old), Some(new)) = (old, new) else { return Vec::new() };
    let both = old
        .dimensions
        .iter()
        .filter_map(|(name, was)| Some((name.as_str(), was.as_str(), new.dimensions.get(name)?.as_str())));
    both.filter(|(_, was, is)| was != is).collect()
}

/// A basis, a measure, a table and an ID.
type Key<'a> = (&'a str, &'a str, &'a str, &'a str);

/// The IDs whose part in a measure differs, or stands at other values of dimensions, in the order of basis, measure, table and ID.
pub fn row_changes(old: &SavedEvidence, new: &SavedEvidence) -> Vec<RowChange> {
    let (earlier, later) = (by_measure(old), by_measure(new));
    let mut kpis_of: BTreeMap<(&str, &str), BTreeSet<&String>> = BTreeMap::new();
    for (basis, of_basis) in old.measures_of.iter().chain(&new.measures_of) {
        for (kpi, measure) in
            of_basis.iter().flat_map(|(kpi, all)| all.iter().map(move |measure| (kpi, measure)))
        {
            kpis_of.entry((basis, measure)).or_default().insert(kpi);
        }
    }
    let keys: BTreeSet<&Key> = earlier.keys().chain(later.keys()).collect();
    let amount = |located: Option<&Located>| located.map(|located| located.amount);
    let differs = |key: &&Key| {
        let (old, new) = (earlier.get(*key), later.get(*key));
        let has_other_rows = old.zip(new).is_some_and(|(old, new)| has_other_rows(old, new));
        amount(old) != amount(new) || has_other_rows || !moves(old, new).is_empty()
    };
    let change = |key: &Key| {
        let (basis, measure, table, id) = *key;
        RowChange {
            basis: basis.to_string(),
            measure: measure.to_string(),
            kpis: kpis_of.get(&(basis, measure)).into_iter().flatten().map(|kpi| (*kpi).clone()).collect(),
            table: table.to_string(),
            id: id.to_string(),
            old: earlier.get(key).cloned(),
            new: later.get(key).cloned(),
        }
    };
    keys.into_iter().filter(differs).map(change).collect()
}

/// The rows without those that only moved between values of which no changed value is: a lost reason that was corrected says
/// nothing of win rates.
pub fn that_matter(mut rows: Vec<RowChange>, changes: &Changes) -> Vec<RowChange> {
    let is_changed = |kpi: &String, basis: &str, names: &BTreeSet<String>| {
        changes.changed.iter().any(|change| {
            let place = &change.place;
            place.kpi == *kpi && place.basis == basis && place.key.keys().any(|name| names.contains(name))
        })
    };
    rows.retain_mut(|row| {
        if row.kind() != "moved" {
            return true;
        }
        let names: BTreeSet<String> = row.moves().iter().map(|(name, ..)| (*name).to_string()).collect();
        let basis = row.basis.clone();
        row.kpis.retain(|kpi| is_changed(kpi, &basis, &names));
        !row.kpis.is_empty()
    });
    rows
}

fn by_measure(evidence: &SavedEvidence) -> BTreeMap<Key<'_>, Located> {
    let mut all: BTreeMap<Key, Located> = BTreeMap::new();
    for row in &evidence.rows {
        for (measure, amount) in row.amounts() {
            let key = (row.basis.as_str(), measure, row.table.as_str(), row.id.as_str());
            // an ID that stands twice adds both times
            let located = all.entry(key).or_insert_with(|| Located {
                amount: Exact::ZERO,
                file: row.file.clone(),
                line: row.line,
                count: 0,
                is_of_measure: true,
                dimensions: row.dimensions.clone(),
            });
            let own = row.count_of(measure);
            located.count += own.unwrap_or(row.count);
            located.is_of_measure &= own.is_some();
            located.amount = located.amount.plus(amount).unwrap_or(located.amount);
        }
    }
    all
}
