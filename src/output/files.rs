//! Files that are written whole or not at all, and the files of one run together.
//!
//! What is written has no name until all of it is on the disk (`draft`), so that a run that is killed leaves nothing behind.
//! Then every file takes its name within an instant (`places`). The folder is locked meanwhile: of two runs into one folder
//! the second waits, and their files do not mix.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::draft::{Draft, UNFINISHED};
use super::places;
use crate::error::{data_error, io_reason, usage_error};
use anyhow::Result;

/// Writes files whole or not at all, behind a last step that is taken when all of them are on the disk and none is in place.
/// A link is followed, and a device or pipe is written to as it is. A file that is written over keeps who may read it.
///
/// # Errors
/// A place that cannot be written to, or that two files are to have, or the error of the last step; what stood there before
/// stands there still.
pub fn write_files_after(files: &[(PathBuf, Vec<u8>)], last_step: impl FnOnce() -> Result<()>) -> Result<()> {
    if let Some((folder, _)) = files.iter().find(|(path, _)| path.is_dir()) {
        return Err(unwritable(folder, &std::io::ErrorKind::IsADirectory.into()));
    }
    // the name of a folder that is not there is no name of a file
    if let Some((folder, _)) = files.iter().find(|(path, _)| is_named_as_folder(path)) {
        return Err(unwritable(folder, &std::io::ErrorKind::NotFound.into()));
    }
    let (regular, special): (Vec<_>, Vec<_>) =
        files.iter().partition(|(path, _)| path.is_file() || !path.exists());
    let mut places: Vec<Place> = regular.into_iter().map(|(path, bytes)| Place::new(path, bytes)).collect();
    places.sort_by(|one, other| one.real.cmp(&other.real));
    refuse_two_in_one_place(&places)?;
    // each once, and in one order, so that no two runs wait for each other
    let folders: BTreeSet<PathBuf> = places.iter().map(|place| folder_of(&place.real)).collect();
    let locks: Vec<File> = folders.iter().filter_map(|folder| lock(folder)).collect();
    // everything is on the disk before anything takes its place, so that a full disk is noticed in time
    let drafts = drafts(&places)?;
    last_step()?;
    places::take(drafts).map_err(|(number, error)| unwritable(places[number].path, &error))?;
    drop(locks);
    for (path, bytes) in special {
        std::fs::write(path, bytes).map_err(|error| unwritable(path, &error))?;
    }
    Ok(())
}

fn drafts<'a>(places: &'a [Place]) -> Result<Vec<(Draft, &'a Path)>> {
    let draft = |place: &'a Place| match Draft::written(&place.real, place.bytes) {
        Ok(draft) => Ok((draft, place.real.as_path())),
        Err(error) => Err(unwritable(place.path, &error)),
    };
    places.iter().map(draft).collect()
}

/// Of two files in one place one would be lost.
fn refuse_two_in_one_place(places: &[Place]) -> Result<()> {
    let differ = |pair: &&[Place]| pair[0].real == pair[1].real && pair[0].bytes != pair[1].bytes;
    match places.windows(2).find(differ) {
        None => Ok(()),
        Some(pair) => Err(usage_error(
            format!("`{}` is to be written twice, with different contents", pair[0].path.display()),
            "name another file for one of them",
        )),
    }
}

/// Where bytes go.
struct Place<'a> {
    /// As it was named.
    path: &'a Path,
    /// Without links: the path of the file, else that of its folder, so that one folder has one name.
    real: PathBuf,
    bytes: &'a [u8],
}

impl<'a> Place<'a> {
    fn new(path: &'a Path, bytes: &'a [u8]) -> Place<'a> {
        let in_folder = || Some(folder_of(path).canonicalize().ok()?.join(path.file_name()?));
        let real = path.canonicalize().ok().or_else(in_folder).unwrap_or_else(|| path.to_path_buf());
        Place { path, real, bytes }
    }
}

/// Whether a path ends as only that of a folder does.
pub fn is_named_as_folder(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with(['/', '\\'])
}

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_path_buf()
}

/// Waits until no other run writes into a folder, and clears away what a killed one may have left there. None where the
/// system cannot lock a folder: then files are still whole, but those of two runs may mix.
fn lock(folder: &Path) -> Option<File> {
    let lock = File::open(folder).ok()?;
    lock.lock().ok()?;
    let unfinished = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(UNFINISHED);
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if unfinished(&entry.file_name()) {
            // whoever began it has no lock any more
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Some(lock)
}

/// The error of a place that cannot be written to.
pub fn unwritable(path: &Path, error: &std::io::Error) -> anyhow::Error {
    let reason = match error.kind() {
        std::io::ErrorKind::NotFound => "no such folder".to_string(),
        std::io::ErrorKind::NotADirectory | std::io::ErrorKind::AlreadyExists => {
            "a file stands in the way".to_string()
        }
        _ => io_reason(error),
    };
    let hint = match error.kind() {
        std::io::ErrorKind::StorageFull
        | std::io::ErrorKind::QuotaExceeded
        | std::io::ErrorKind::FileTooLarge => {
            "make room, or write elsewhere; what stood there before is as it was"
        }
        std::io::ErrorKind::NotFound => "make the folder first, or name a file in one that exists",
        std::io::ErrorKind::NotADirectory | std::io::ErrorKind::AlreadyExists => {
            "what has the name of a folder is a file: name another folder, or move the file away"
        }
        std::io::ErrorKind::IsADirectory => "name a file in it, such as `report.csv`",
        std::io::ErrorKind::PermissionDenied => {
            "ask whoever owns the folder for the right to write there, or write elsewhere"
        }
        std::io::ErrorKind::ReadOnlyFilesystem => "write to another disk: on this one nothing can be written",
        std::io::ErrorKind::ResourceBusy => "close what holds it, or write elsewhere",
        _ => "write elsewhere; what stood there before is as it was",
    };
    data_error(format!("{}: cannot be written: {reason}", path.display()), hint)
}
