//! The join itself: from an ID to the row of its lead, by a hash table that threads build side by side.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use polars::prelude::*;
use rayon::prelude::*;

/// Stands for a row whose ID is unknown, in lists of lead rows.
pub const NO_LEAD: u32 = u32::MAX;

/// From IDs to rows.
pub struct Index {
    ids: StringChunked,
    hasher: PlFixedStateQuality,
    shards: Vec<HashTable<u32>>,
    /// What a row of `ids` stands for where it is not the row itself.
    targets: Option<Vec<u32>>,
}

/// A later row with the ID of an earlier one: (later, first).
pub type Duplicate = (u32, u32);

impl Index {
    /// An index over the first row of each ID, and the later rows with the same ID in their order. Empty IDs are in none.
    pub fn new(ids: StringChunked) -> (Index, Vec<Duplicate>) {
        let hasher = PlFixedStateQuality::default();
        let hashes = hash_all(&ids, &hasher);
        let count = rayon::current_num_threads().max(1);
        let built: Vec<(HashTable<u32>, Vec<Duplicate>)> =
            (0..count).into_par_iter().map(|shard| build_shard(&ids, &hashes, shard, count)).collect();
        let (shards, duplicates): (Vec<_>, Vec<_>) = built.into_iter().unzip();
        let mut duplicates: Vec<Duplicate> = duplicates.into_iter().flatten().collect();
        duplicates.sort_unstable();
        (Index { ids, hasher, shards, targets: None }, duplicates)
    }

    /// The same index after its rows have been moved: row `r` now stands for `targets[r]`.
    #[must_use]
    pub fn with_targets(self, targets: Vec<u32>) -> Index {
        Index { targets: Some(targets), ..self }
    }

    /// The row of an ID.
    pub fn find(&self, id: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(id);
        let shard = &self.shards[shard_of(hash, self.shards.len())];
        let array = self.ids.downcast_as_array();
        let row = *shard.find(hash, |&row| array.value(row as usize) == id)?;
        Some(self.targets.as_ref().map_or(row, |targets| targets[row as usize]))
    }

    /// The row of each ID, [`NO_LEAD`] for unknown and empty ones.
    pub fn find_all(&self, ids: &StringChunked) -> Vec<u32> {
        let ids = ids.rechunk();
        let array = ids.downcast_as_array();
        (0..array.len())
            .into_par_iter()
            .with_min_len(1 << 12)
            .map(|row| array.get(row).and_then(|id| self.find(id)).unwrap_or(NO_LEAD))
            .collect()
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
        fn the_index_finds_what_a_map_finds(ids in proptest::collection::vec(proptest::option::of("[ab]{0,3}"), 0..60), probe in "[ab]{0,3}") {
            let column = StringChunked::from_iter_options("id".into(), ids.iter().cloned());
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
            let (index, duplicates) = Index::new(column);
            prop_assert_eq!(duplicates, expected);
            prop_assert_eq!(index.find(&probe), first.get(probe.as_str()).copied());
        }
    }
}
