//! What changed between two reports, value by value.

use std::collections::BTreeMap;

use super::saved::{Numbers, Place, Saved};
use crate::kpi::exact::Exact;

/// What changed, and how much did not.
#[derive(Debug)]
pub struct Changes {
    /// In the order of the later report; what is gone stands behind it in the order of the earlier one.
    pub changed: Vec<Change>,
    /// How many values both reports have.
    pub common: usize,
}

/// A value that is not what it was.
#[derive(Debug)]
pub struct Change {
    pub place: Place,
    /// None: the earlier report does not have it.
    pub old: Option<Numbers>,
    /// None: the later report does not have it.
    pub new: Option<Numbers>,
}

impl Change {
    /// `changed`, `added` or `removed`.
    pub fn kind(&self) -> &'static str {
        super::kind(self.old.as_ref(), self.new.as_ref())
    }

    /// The later value less the earlier one, where there are both.
    pub fn difference(&self) -> Option<Exact> {
        self.new?.value?.minus(self.old?.value?)
    }
}

/// The values that differ in value, numerator, denominator, target or status, and those that only one report has. Targets
/// are compared where both reports were held against some.
pub fn changes(old: &Saved, new: &Saved) -> Changes {
    let is_judged = old.is_judged && new.is_judged;
    let shown = |numbers: &Numbers| {
        if is_judged { *numbers } else { Numbers { target: None, status: None, ..*numbers } }
    };
    let earlier: BTreeMap<&Place, Numbers> =
        old.values.iter().map(|(place, numbers)| (place, shown(numbers))).collect();
    let later: BTreeMap<&Place, Numbers> =
        new.values.iter().map(|(place, numbers)| (place, shown(numbers))).collect();
    let of_new = new.values.iter().map(|(place, numbers)| Change {
        place: place.clone(),
        old: earlier.get(place).copied(),
        new: Some(shown(numbers)),
    });
    let gone = old
        .values
        .iter()
        .filter(|(place, _)| !later.contains_key(place))
        .map(|(place, numbers)| Change { place: place.clone(), old: Some(shown(numbers)), new: None });
    let changed = of_new.filter(|change| change.old != change.new).chain(gone).collect();
    Changes { changed, common: earlier.keys().filter(|place| later.contains_key(*place)).count() }
}
