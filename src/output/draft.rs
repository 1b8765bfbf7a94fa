//! A file that has been written and is not in place yet: where the system can, one without a name, which is gone if the
//! process ends.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use super::files::folder_of;

/// What files are called for the instant between their being written and their being in place.
pub const UNFINISHED: &str = ".funnel-unfinished-";

/// Where the open files of a process have names.
#[cfg(target_os = "linux")]
const OWN_FILES: &str = "/proc/self/fd";

/// A file that has been written and is not in place yet.
pub enum Draft {
    /// Without a name: it is gone if the process ends.
    #[cfg(target_os = "linux")]
    Unnamed(File),
    /// Where the file system knows no files without a name.
    Named(NamedTempFile),
}

impl Draft {
    /// Bytes on the disk, for a place in the same folder. Who could not read the earlier file there cannot read this one.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn written(real: &Path, bytes: &[u8]) -> std::io::Result<Draft> {
        let folder = folder_of(real);
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{CWD, Mode, OFlags, openat};
            let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
            // without `/proc` such a file could never be given a name
            if Path::new(OWN_FILES).exists()
                && let Ok(file) = openat(CWD, &folder, flags, Mode::from_raw_mode(0o666))
            {
                let file = File::from(file);
                fill(&file, real, bytes)?;
                return Ok(Draft::Unnamed(file));
            }
        }
        let file = temporary(&folder)?;
        fill(file.as_file(), real, bytes)?;
        Ok(Draft::Named(file))
    }

    /// Takes a name that no file has, without any other before it; says whether it could.
    pub fn takes_free_name(&self, real: &Path) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Draft::Unnamed(file) => link(file, real).is_ok(),
            Draft::Named(_) => false,
        }
    }

    /// The draft with a name that is taken away again unless it is put into place.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn named(self, folder: &Path) -> std::io::Result<NamedTempFile> {
        match self {
            Draft::Named(file) => Ok(file),
            #[cfg(target_os = "linux")]
            Draft::Unnamed(file) => builder().make_in(folder, |path| {
                link(&file, path)?;
                file.try_clone()
            }),
        }
    }
}

#[cfg(target_os = "linux")]
fn link(file: &File, path: &Path) -> std::io::Result<()> {
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{AtFlags, CWD, linkat};
    let own = format!("{OWN_FILES}/{}", file.as_raw_fd());
    Ok(linkat(CWD, own.as_str(), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

fn fill(mut file: &File, real: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Ok(earlier) = std::fs::metadata(real)
        && earlier.permissions() != file.metadata()?.permissions()
    {
        file.set_permissions(earlier.permissions())?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

fn temporary(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = builder();
    // a temporary file is private by default, a report is as public as other files
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666))
    };
    builder.tempfile_in(folder)
}

fn builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(UNFINISHED);
    builder
}
