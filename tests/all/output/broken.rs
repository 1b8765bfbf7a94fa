//! Disks without room, files that may not grow, and places that cannot be taken.
//!
//! A small disk needs a name space of its own (`unshare`); where none can be made, its tests say that they are skipped.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::{ALL_FORMATS, Contents, LEADS, contents, errors, other_leads, text_of, write};
use crate::support::project;

/// Runs a script in which `$funnel` is the program, `$leads` are other leads than those of the earlier report, and
/// `$1` is a folder.
fn shell(command: &mut Command, script: &str, leads: &Path, folder: &Path) -> Output {
    command
        .args(["-c", script, "sh", text_of(folder)])
        .current_dir(project())
        .env("funnel", env!("CARGO_BIN_EXE_funnel"))
        .env("leads", leads)
        .env("formats", ALL_FORMATS)
        .output()
        .unwrap()
}

/// Whether the tests may have disks of their own.
fn has_own_disks(test: &str) -> bool {
    let output = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
    let has = output.is_ok_and(|output| output.status.success());
    if !has {
        eprintln!("skipped: {test}: no disk of its own can be made here");
    }
    has
}

/// Of the two dozen files of a report more and more have room beside those of the earlier one.
#[test]
fn a_full_disk_leaves_the_earlier_report() {
    if !has_own_disks("a_full_disk_leaves_the_earlier_report") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let leads = other_leads(folder.path());
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let old = write(Path::new(LEADS), &folder.path().join("old"));
    let new = write(&leads, &folder.path().join("new"));
    // what is on the disk afterwards is copied to where it can be looked at
    let script = "mount -t tmpfs -o size=$size tmpfs $1/disk && cp $1/old/* $1/disk/ || exit 99
        $funnel report --crm $leads -q --format $formats -o $1/disk; code=$?
        mkdir $1/left && cp $1/disk/* $1/left/ && ls -A $1/disk > $1/names; exit $code";
    let pages: usize = old.values().map(|bytes| bytes.len().div_ceil(4096)).sum();
    let mut codes = Vec::new();
    for room in [0, 1, 2, 7, 12, 23, 2 * pages] {
        let mut unshare = Command::new("unshare");
        unshare.args(["-rm", "sh"]).env("size", (4096 * (pages + room)).to_string());
        let output = shell(&mut unshare, script, &leads, folder.path());
        let left = contents(&folder.path().join("left"));
        let names = fs::read_to_string(folder.path().join("names")).unwrap();
        fs::remove_dir_all(folder.path().join("left")).unwrap();
        codes.push(output.status.code());
        let expected = if output.status.success() { &new } else { &old };
        assert!(left == *expected, "{room} pages of room: files of neither run alone");
        assert!(names.lines().eq(expected.keys()), "{room} pages of room: {names}");
        if !output.status.success() {
            told(&output, ": cannot be written: no space is left\nhint: make room, or write elsewhere");
        }
    }
    assert_eq!(codes[..5], [Some(1); 5]);
    assert_eq!(codes[6], Some(0));
}

/// The third of its files cannot take its place: something else has mounted it.
#[test]
fn a_place_that_cannot_be_taken_gives_all_others_back() {
    if !has_own_disks("a_place_that_cannot_be_taken_gives_all_others_back") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let leads = other_leads(folder.path());
    let reports = folder.path().join("reports");
    let mut old = write(Path::new(LEADS), &reports);
    // the report of one table has not been made before
    for name in ["channels.csv", "conversion.csv"] {
        fs::remove_file(reports.join(name)).unwrap();
        old.remove(name);
    }
    let script = "mount --bind $leads $1/owners.csv || exit 99
        exec $funnel report --crm $leads -q --format $formats -o $1";
    let output = shell(Command::new("unshare").args(["-rm", "sh"]), script, &leads, &reports);
    told(&output, "owners.csv: cannot be written: something else holds it\nhint: ");
    assert!(contents(&reports) == old, "{:?}", contents(&reports).keys());
}

/// Without `/proc` no file without a name could get one, so that files have names from the beginning.
#[test]
fn files_that_have_names_from_the_beginning_are_whole_too() {
    if !has_own_disks("files_that_have_names_from_the_beginning_are_whole_too") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let leads = other_leads(folder.path());
    let reports = folder.path().join("reports");
    let old = write(Path::new(LEADS), &reports);
    let new = write(&leads, &folder.path().join("new"));
    let script = "mount -t tmpfs tmpfs /proc && umask 022 || exit 99
        trap '' XFSZ; ulimit -f $blocks; exec $funnel report --crm $leads -q --format $formats -o $1";
    for (blocks, expected) in [("2", &old), ("unlimited", &new)] {
        let mut unshare = Command::new("unshare");
        let output = shell(unshare.args(["-rm", "sh"]).env("blocks", blocks), script, &leads, &reports);
        assert_eq!(output.status.code(), Some(i32::from(blocks == "2")), "{}", errors(&output));
        assert!(contents(&reports) == *expected, "{blocks} blocks: {:?}", contents(&reports).keys());
    }
}

/// With the signal held off, writing fails; without, the process ends at once.
#[test]
fn a_file_that_may_not_grow_leaves_the_earlier_report() {
    let folder = tempfile::tempdir().unwrap();
    let leads = other_leads(folder.path());
    let reports = folder.path().join("reports");
    let old = write(Path::new(LEADS), &reports);
    // in blocks of 512 bytes: some of the files are larger, others are not
    let run = "ulimit -c 0; ulimit -f 2; exec $funnel report --crm $leads -q --format $formats -o $1";
    assert!(old.values().any(|bytes| bytes.len() > 1024) && old.values().any(|bytes| bytes.len() < 1024));
    let failed = shell(&mut Command::new("sh"), &format!("trap '' XFSZ; {run}"), &leads, &reports);
    told(
        &failed,
        ": cannot be written: it is larger than a file may be here\nhint: make room, or write elsewhere",
    );
    assert!(contents(&reports) == old, "a run that failed changed the earlier report");
    let killed = shell(&mut Command::new("sh"), run, &leads, &reports);
    assert_eq!(killed.status.code(), None, "{}", errors(&killed));
    assert!(contents(&reports) == old, "a run that was killed changed the earlier report");
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    shell(&mut Command::new("sh"), run, &leads, &empty);
    assert_eq!(contents(&empty), Contents::new());
}

/// A single file, and the disk that stdout goes to.
#[test]
fn what_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let leads = other_leads(folder.path());
    let file = folder.path().join("report.csv");
    fs::write(&file, "earlier").unwrap();
    let script =
        "trap '' XFSZ; ulimit -f 0; exec $funnel report --crm $leads -q --format csv -o $1/report.csv";
    let output = shell(&mut Command::new("sh"), script, &leads, folder.path());
    told(&output, "report.csv: cannot be written: it is larger than a file may be here\nhint: ");
    assert_eq!(fs::read_to_string(&file).unwrap(), "earlier");
    if Path::new("/dev/full").exists() {
        let script = "exec $funnel report --crm $leads -q > /dev/full";
        let output = shell(&mut Command::new("sh"), script, &leads, folder.path());
        told(&output, "stdout: cannot be written: no space is left\nhint: ");
    }
}

/// What is written beside the answer waits for the answer.
#[test]
fn an_answer_that_cannot_be_printed_leaves_the_files_as_they_were() {
    if !Path::new("/dev/full").exists() {
        println!("skipped: the system has no full device");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let leads = other_leads(folder.path());
    for (file, script) in [
        ("funnel.toml", "exec $funnel init $leads --force -o $1/funnel.toml > /dev/full"),
        (
            "rejects.csv",
            "exec $funnel report segments --config fixtures/formats/skip.toml -q --rejects $1/rejects.csv > /dev/full",
        ),
    ] {
        let place = folder.path().join(file);
        fs::write(&place, "earlier").unwrap();
        let output = shell(&mut Command::new("sh"), script, &leads, folder.path());
        told(&output, "stdout: cannot be written: no space is left\nhint: ");
        assert_eq!(fs::read_to_string(&place).unwrap(), "earlier", "{file}");
        // a reader that has seen enough is no failure
        let script = format!("{} | true", script.replace(" > /dev/full", "").replace("exec ", ""));
        let output = shell(&mut Command::new("sh"), &script, &leads, folder.path());
        assert!(output.status.success(), "{}", errors(&output));
        assert_ne!(fs::read_to_string(&place).unwrap(), "earlier", "{file}");
    }
}

/// It failed, and said so and how to go on.
fn told(output: &Output, message: &str) {
    let told = errors(output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.starts_with("error: ") && told.contains(message), "{told}");
}
