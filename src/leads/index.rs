//! The join itself: from an ID to the row of its lead.
//!
//! Exports mostly come in the order of their IDs, which for numbers without leading zeros is shorter ones first; then two
//! lists are walked side by side. Else a hash table is built, by all threads at once, when the first ID is looked up.

use std::hash::BuildHasher;
use std::sync::OnceLock;

use hashbrown::HashTable;
use polars::prelude::*;
use polars_arrow::array::{Array, Utf8ViewArray, View};
use rayon::prelude::*;

/// Stands for a row whose ID is unknown, in lists of lead rows.
pub const NO_LEAD: u32 = u32::MAX;

/// Rows that a thread looks up in one go.
const CHUNK: usize = 1 << 14;
/// A list goes back at most once in so many rows where walking it is faster than hashing it.
const STEPS_PER_RETURN: usize = 16;

/// From IDs to rows.
pub struct Index {
    ids: StringChunked,
    /// The order in which each ID is greater than the one before it; then none is empty and none occurs twice.
    order: Option<Order>,
    /// Built when it is needed.
    hashed: OnceLock<Hashed>,
    /// What a row of `ids` stands for where it is not the row itself.
    targets: Option<Vec<u32>>,
}

/// An order in which exports list IDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// By their bytes: `L10` before `L9`.
    Text,
    /// Shorter ones first: `L9` before `L10`.
    Length,
}

/// The first row of each ID in hash tables, one for each thread that builds them.
struct Hashed {
    hasher: PlFixedStateQuality,
    shards: Vec<HashTable<u32>>,
}

/// A later row with the ID of an earlier one: (later, first).
pub type Duplicate = (u32, u32);

/// Tells the first rows whose later rows are several of those that count: most IDs have one, and need no hash table.
pub fn several(
    height: usize,
    duplicates: &[Duplicate],
    counts: impl Fn(u32) -> bool,
) -> impl Fn(u32) -> bool {
    let mut later_rows = vec![0_u8; height];
    for (later, first) in duplicates.iter().filter(|(later, _)| counts(*later)) {
        debug_assert!(first < later, "the first row stands before the later ones");
        let count = &mut later_rows[*first as usize];
        *count = count.saturating_add(1);
    }
    move |first| later_rows[first as usize] > 1
}

impl Index {
    /// An index over the first row of each ID, and the later rows with the same ID in their order. Empty IDs are in none.
    pub fn new(ids: StringChunked) -> (Index, Vec<Duplicate>) {
        let ascends = |order: &Order| {
            let cells = Ordered::new(ids.downcast_as_array(), *order);
            rows_after_first(ids.len()).all(|row| cells.compare(row - 1, &cells, row).is_lt())
        };
        let order = [Order::Text, Order::Length].into_iter().find(ascends).filter(|_| ids.null_count() == 0);
        let index = Index { ids, order, hashed: OnceLock::new(), targets: None };
        if order.is_some() {
            return (index, Vec::new());
        }
        let (hashed, duplicates) = Hashed::new(&index.ids);
        (Index { hashed: OnceLock::from(hashed), ..index }, duplicates)
    }

    /// Whether the rows stand in the order of their IDs by the bytes of these, each ID once.
    pub fn is_ascending(&self) -> bool {
        self.order == Some(Order::Text)
    }

    /// The same index after its rows have been moved: row `r` now stands for `targets[r]`.
    #[must_use]
    pub fn with_targets(self, targets: Vec<u32>) -> Index {
        Index { targets: Some(targets), ..self }
    }

    /// The row of each ID, [`NO_LEAD`] for unknown and empty ones.
    pub fn find_all(&self, wanted: &StringChunked) -> Vec<u32> {
        let wanted = wanted.rechunk();
        let (wanted, known) = (wanted.downcast_as_array(), self.ids.downcast_as_array());
        let mut rows = vec![NO_LEAD; wanted.len()];
        let chunks = rows.par_chunks_mut(CHUNK).enumerate().map(|(chunk, rows)| (chunk * CHUNK, rows));
        let wanted_in = |order: Order| Ordered::new(wanted, order);
        if let Some(order) = self.order.filter(|order| seldom_goes_back(&wanted_in(*order))) {
            let known = Ordered::new(known, order);
            chunks.for_each(|(first, rows)| walk(&known, &wanted_in(order), first, rows));
        } else {
            let hashed = self.hashed.get_or_init(|| Hashed::new(&self.ids).0);
            chunks.for_each(|(first, rows)| {
                for (place, row) in rows.iter_mut().enumerate() {
                    let found = wanted.get(first + place).and_then(|id| hashed.find(known, id));
                    *row = found.unwrap_or(NO_LEAD);
                }
            });
        }
        if let Some(targets) = &self.targets {
            for row in rows.iter_mut().filter(|row| **row != NO_LEAD) {
                *row = targets[*row as usize];
            }
        }
        rows
    }
}

/// All rows but the first, for threads that compare each with the one before it.
fn rows_after_first(count: usize) -> impl IndexedParallelIterator<Item = usize> {
    (1..count.max(1)).into_par_iter().with_min_len(CHUNK)
}

fn seldom_goes_back(cells: &Ordered) -> bool {
    let count = cells.views.len();
    let goes_back = |row: &usize| cells.compare(*row, cells, *row - 1).is_lt();
    rows_after_first(count).filter(goes_back).count() <= count / STEPS_PER_RETURN
}

/// IDs that are compared as numbers where they are short: the bytes of such an ID stand in its view.
struct Ordered<'a> {
    ids: &'a Utf8ViewArray,
    views: &'a [View],
    order: Order,
}

impl<'a> Ordered<'a> {
    fn new(ids: &'a Utf8ViewArray, order: Order) -> Ordered<'a> {
        Ordered { ids, views: ids.views().as_slice(), order }
    }

    /// The order of two IDs; an empty one is before all others.
    #[inline]
    fn compare(&self, row: usize, other: &Ordered, other_row: usize) -> std::cmp::Ordering {
        let (view, other_view) = (&self.views[row], &other.views[other_row]);
        if view.is_inline() && other_view.is_inline() {
            // the view begins with the length in its first four bytes: after a turn it is behind the bytes of the ID, so
            // that an ID that ends in NUL is behind the one without
            let key = |view: &View| match self.order {
                Order::Text => view.as_u128().rotate_right(32).swap_bytes(),
                Order::Length => view.as_u128().swap_bytes(),
            };
            key(view).cmp(&key(other_view))
        } else {
            let by_length = (self.order == Order::Length).then(|| view.length.cmp(&other_view.length));
            let by_text = || self.ids.value(row).cmp(other.ids.value(other_row));
            by_length.unwrap_or(std::cmp::Ordering::Equal).then_with(by_text)
        }
    }
}

/// Looks IDs up among ascending ones, from `first` on: each search begins where the one before it ended.
fn walk(known: &Ordered, wanted: &Ordered, first: usize, rows: &mut [u32]) {
    let mut start = 0;
    for (place, row) in rows.iter_mut().enumerate() {
        if wanted.ids.is_null(first + place) {
            continue;
        }
        start =
            lower_bound(known.views.len(), start, |row| known.compare(row, wanted, first + place).is_lt());
        if start < known.views.len() && known.compare(start, wanted, first + place).is_eq() {
            *row = u32::try_from(start).unwrap_or(NO_LEAD);
        }
    }
}

/// The first row whose ID is not smaller: from `start` in doubling steps up or down, then in halving ones.
fn lower_bound(length: usize, start: usize, is_smaller: impl Fn(usize) -> bool) -> usize {
    let mut step = 1;
    let (mut low, mut high) = (0, length);
    if start < length && is_smaller(start) {
        low = start + 1;
        while low + step <= length && is_smaller(low + step - 1) {
            low += step;
            step *= 2;
        }
        high = length.min(low + step - 1);
    } else {
        high = start.min(high);
        while step <= high && !is_smaller(high - step) {
            high -= step;
            step *= 2;
        }
        low = if step <= high { high - step + 1 } else { low };
    }
    while low < high {
        let middle = low.midpoint(high);
        if is_smaller(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

impl Hashed {
    fn new(ids: &StringChunked) -> (Hashed, Vec<Duplicate>) {
        let hasher = PlFixedStateQuality::default();
        let hashes = hash_all(ids, &hasher);
        let count = rayon::current_num_threads().max(1);
        let built: Vec<(HashTable<u32>, Vec<Duplicate>)> =
            (0..count).into_par_iter().map(|shard| build_shard(ids, &hashes, shard, count)).collect();
        let (shards, duplicates): (Vec<_>, Vec<_>) = built.into_iter().unzip();
        let mut duplicates: Vec<Duplicate> = duplicates.into_iter().flatten().collect();
        duplicates.sort_unstable();
        (Hashed { hasher, shards }, duplicates)
    }

    /// The row of an ID.
    fn find(&self, known: &Utf8ViewArray, id: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(id);
        let shard = &self.shards[shard_of(hash, self.shards.len())];
        shard.find(hash, |&row| known.value(row as usize) == id).copied()
    }
}

fn hash_all(ids: &StringChunked, hasher: &PlFixedStateQuality) -> Vec<u64> {
    let array = ids.downcast_as_array();
    (0..array.len())
        .into_par_iter()
        .with_min_len(1 << 12)
        .map(|row| array.get(row).map_or(0, |id| hasher.hash_one(id)))
        .collect()
}

fn shard_of(hash: u64, count: usize) -> usize {
    // the table itself uses the lowest and the highest bits
    (hash >> 40) as usize % count
}

fn build_shard(
    ids: &StringChunked,
    hashes: &[u64],
    shard: usize,
    count: usize,
) -> (HashTable<u32>, Vec<Duplicate>) {
    let array = ids.downcast_as_array();
    let mut table = HashTable::with_capacity(hashes.len() / count + hashes.len() / 16);
    let mut duplicates = Vec::new();
    for (row, &hash) in hashes.iter().enumerate() {
        if shard_of(hash, count) != shard {
            continue;
        }
        let Some(id) = array.get(row) else { continue };
        let row = u32::try_from(row).unwrap_or(NO_LEAD);
        let entry =
            table.entry(hash, |&first| array.value(first as usize) == id, |&first| hashes[first as usize]);
        match entry {
            hashbrown::hash_table::Entry::Occupied(first) => duplicates.push((row, *first.get())),
            hashbrown::hash_table::Entry::Vacant(place) => {
                place.insert(row);
            }
        }
    }
    (table, duplicates)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_index_finds_what_a_map_finds(
            mut ids in proptest::collection::vec(proptest::option::of("[ab\\x00]{0,3}|a{11,13}b?"), 0..60),
            mut wanted in proptest::collection::vec(proptest::option::of("[ab\\x00]{0,3}|a{11,13}b?"), 0..60),
            order in prop_oneof![Just(None), Just(Some(Order::Text)), Just(Some(Order::Length))],
            is_wanted_sorted in any::<bool>(),
        ) {
            let key = |id: &Option<String>| {
                let text = id.clone().unwrap_or_default();
                (if order == Some(Order::Length) { text.len() } else { 0 }, text)
            };
            if order.is_some() {
                ids.retain(Option::is_some);
                ids.sort_by_key(key);
                ids.dedup();
            }
            if is_wanted_sorted {
                wanted.sort_by_key(key);
                wanted.extend_from_within(..wanted.len() / 2);
            }
            let column = |cells: &[Option<String>]| StringChunked::from_iter_options("id".into(), cells.iter().cloned());
            let mut first: HashMap<&str, u32> = HashMap::new();
            let mut expected = Vec::new();
            for (row, id) in ids.iter().enumerate() {
                let Some(id) = id else { continue };
                let row = u32::try_from(row).unwrap();
                match first.get(id.as_str()) {
                    Some(&earlier) => expected.push((row, earlier)),
                    None => { first.insert(id, row); }
                }
            }
            let (index, duplicates) = Index::new(column(&ids));
            prop_assert_eq!(duplicates, expected);
            prop_assert!(order.is_none() || index.order.is_some());
            prop_assert!(order != Some(Order::Text) || index.is_ascending());
            let found: Vec<u32> = wanted.iter().map(|id| id.as_deref().and_then(|id| first.get(id)).copied().unwrap_or(NO_LEAD)).collect();
            prop_assert_eq!(index.find_all(&column(&wanted)), found.clone());
            if let Some(order) = order {
                let (column, wanted) = (column(&ids), column(&wanted));
                let mut rows = vec![NO_LEAD; wanted.len()];
                let cells = |ids| Ordered::new(ids, order);
                walk(&cells(column.downcast_as_array()), &cells(wanted.downcast_as_array()), 0, &mut rows);
                prop_assert_eq!(rows, found);
            }
        }
    }
}
