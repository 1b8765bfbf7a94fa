//! Which times of day are such: a file that has midnight behind each of its dates has dates.

use super::super::column::{Cells, Column, NO_TIME, Zones};
use super::super::read::Piece;

/// Takes the times out of the files in which each of them is midnight; says whether the others name their zones.
pub fn settle(own: &mut [Column], pieces: &[Piece], files: usize) -> Zones {
    let has_times = |own: &[Column], file: usize| own.iter().any(|column| column.seen[file].beyond_midnight);
    let of_times: Vec<usize> = (0..files).filter(|file| has_times(own, *file)).collect();
    for piece in pieces.iter().filter(|piece| !of_times.contains(&piece.order.0)) {
        if let Cells::Time(seconds) = &mut own[piece.thread].cells {
            seconds[piece.rows.clone()].fill(NO_TIME);
        }
    }
    let seen = own.iter().flat_map(|column| of_times.iter().map(|file| column.seen[*file]));
    seen.fold(Zones::default(), |zones, seen| Zones {
        named: zones.named || seen.zones.named,
        unnamed: zones.unnamed || seen.zones.unnamed,
    })
}
