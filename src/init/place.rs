//! The names of the exports as the configuration gives them: relative to its own folder.

use std::path::{Component, Path, PathBuf};

/// A file as it is named in a configuration at `place`.
pub fn relative(file: &Path, place: &Path) -> String {
    let folder = place.parent().unwrap_or(Path::new(""));
    if file.is_relative() && (folder.as_os_str().is_empty() || folder == Path::new(".")) {
        return file.display().to_string();
    }
    between(file, folder).unwrap_or_else(|| file.to_path_buf()).display().to_string()
}

/// The way from a folder to a file; none where no way leads there without naming the disk.
fn between(file: &Path, folder: &Path) -> Option<PathBuf> {
    let whole = |path: &Path| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        path.canonicalize().ok()
    };
    let (from, to) = (whole(folder)?, whole(file.parent()?)?);
    let from: Vec<Component> = from.components().collect();
    let to: Vec<Component> = to.components().collect();
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    if shared == 0 {
        return None;
    }
    let up = from[shared..].iter().map(|_| Component::ParentDir);
    let mut way: PathBuf = up.chain(to[shared..].iter().copied()).collect();
    way.push(file.file_name()?);
    Some(way)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_from_the_folder_of_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("exports")).unwrap();
        std::fs::create_dir(folder.path().join("reports")).unwrap();
        let file = folder.path().join("exports/a.csv");
        let named = |place: &str| relative(&file, &folder.path().join(place)).replace('\\', "/");
        assert_eq!(named("funnel.toml"), "exports/a.csv");
        assert_eq!(named("reports/funnel.toml"), "../exports/a.csv");
        assert_eq!(relative(Path::new("a.csv"), Path::new("funnel.toml")), "a.csv");
    }
}
