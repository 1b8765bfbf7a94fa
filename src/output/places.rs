//! Files that were written take the places of earlier ones together: what goes wrong with one is undone for all.

use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::draft::Draft;
use super::files::folder_of;

/// A place that has been taken, and what is needed to give it back.
struct Taken {
    real: PathBuf,
    earlier: Earlier,
}

/// What stood at a place before.
enum Earlier {
    Nothing,
    /// The file, under the name of an unfinished one, which goes with it unless it is put back.
    #[cfg(target_os = "linux")]
    Kept(TempPath),
    /// It is gone, because the file system knows no exchange of two files.
    Gone,
}

/// Puts each file into its place.
///
/// # Errors
/// The first place, by its number, that cannot be taken; the others hold again what they held before.
pub fn take(drafts: Vec<(Draft, &Path)>) -> Result<(), (usize, std::io::Error)> {
    // who is to change names needs one first, so that the changes themselves follow each other at once
    let ready = |(number, (draft, real)): (usize, (Draft, &Path))| {
        let named = |draft: Draft| draft.named(&folder_of(real)).map(Draft::Named);
        let draft = if real.exists() { named(draft) } else { Ok(draft) };
        Ok((draft.map_err(|error| (number, error))?, real.to_path_buf()))
    };
    let drafts: Vec<(Draft, PathBuf)> =
        drafts.into_iter().enumerate().map(ready).collect::<Result<_, (usize, std::io::Error)>>()?;
    let mut taken: Vec<Taken> = Vec::new();
    for (number, (draft, real)) in drafts.into_iter().enumerate() {
        match take_one(draft, &real) {
            Ok(earlier) => taken.push(Taken { real, earlier }),
            Err(error) => {
                taken.into_iter().rev().for_each(give_back);
                return Err((number, error));
            }
        }
    }
    Ok(())
}

fn take_one(draft: Draft, real: &Path) -> std::io::Result<Earlier> {
    if draft.takes_free_name(real) {
        return Ok(Earlier::Nothing);
    }
    put(draft.named(&folder_of(real))?.into_temp_path(), real)
}

/// Changes names with the file that is there: no reader ever finds neither of them.
#[cfg(target_os = "linux")]
fn put(file: TempPath, real: &Path) -> std::io::Result<Earlier> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, &*file, CWD, real, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(Earlier::Kept(file)),
        Err(Errno::NOENT) => replace(file, real).map(|()| Earlier::Nothing),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => replace(file, real).map(|()| Earlier::Gone),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn put(file: TempPath, real: &Path) -> std::io::Result<Earlier> {
    let earlier = if real.exists() { Earlier::Gone } else { Earlier::Nothing };
    replace(file, real).map(|()| earlier)
}

fn replace(file: TempPath, real: &Path) -> std::io::Result<()> {
    file.persist(real).map_err(|error| error.error)
}

/// The error that made it necessary is the one to tell, so that another one is not.
fn give_back(taken: Taken) {
    match taken.earlier {
        Earlier::Nothing => drop(std::fs::remove_file(&taken.real)),
        #[cfg(target_os = "linux")]
        Earlier::Kept(file) => drop(file.persist(&taken.real)),
        Earlier::Gone => {}
    }
}
