//! The reference of the manual is what the catalogue says.

use crate::support::{project, stdout};

const BEGIN: &str = "<!-- kpis -->\n";
const END: &str = "<!-- /kpis -->";

/// With `TRYCMD=overwrite` the manual is written anew, as the transcripts are.
#[test]
fn the_manual_has_every_kpi_of_the_catalogue() {
    let path = project().join("README.md");
    let manual = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = manual.split_once(BEGIN).expect("the manual has a reference");
    let (found, after) = rest.split_once(END).expect("the reference has an end");
    let folder = tempfile::tempdir().unwrap();
    let expected = format!("{}\n", stdout(folder.path(), &["kpis", "--format", "markdown"]).trim_end());
    if std::env::var("TRYCMD").is_ok_and(|mode| mode == "overwrite") {
        std::fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert!(found == expected, "write it anew: `TRYCMD=overwrite cargo test --test all reference::`");
    }
}
