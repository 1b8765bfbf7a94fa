//! Runs that are killed at any point, and two at once.

use std::fs;
use std::hint::spin_loop;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{Contents, LEADS, contents, into_folder, other_leads, text_of, write};
use crate::support::project;

/// How often a run is killed.
const ROUNDS: u64 = 40;
/// How often it is killed as soon as an unfinished file is seen.
const AIMED: u64 = 20;
/// How often two runs meet.
const MEETINGS: u64 = 12;
const UNFINISHED: &str = ".funnel-unfinished-";

#[test]
fn a_killed_run_leaves_whole_files_and_nothing_that_stays() {
    let reports = Reports::new();
    let whole = reports.polls_of_a_whole_run();
    let mut killed = 0;
    for round in 0..ROUNDS {
        let mut run = reports.start_new();
        // every part of a run is hit once, as far as runs are alike
        for _ in 0..whole * round / ROUNDS {
            let _ = run.try_wait();
            spin_loop();
        }
        killed += reports.kill_and_look(run);
    }
    assert!(killed > 0, "every run had ended before it was killed");
}

/// The instant in which files take their names is short, so that the other test hardly ever hits it.
#[test]
fn a_run_killed_in_the_instant_of_taking_names_leaves_whole_files() {
    let reports = Reports::new();
    for _ in 0..AIMED {
        let mut run = reports.start_new();
        while run.try_wait().unwrap().is_none() && !reports.has_unfinished() {}
        reports.kill_and_look(run);
    }
}

/// Where nothing stood before a file takes its name at once: a run killed in that instant leaves no other name.
#[test]
fn a_first_run_killed_in_the_instant_of_taking_names_leaves_no_unfinished_file() {
    let memory = Path::new("/dev/shm");
    if !memory.is_dir() {
        println!("skipped: no file system is known to have files without names");
        return;
    }
    let folder = tempfile::tempdir_in(memory).unwrap();
    let whole = write(Path::new(LEADS), &folder.path().join("whole"));
    let place = folder.path().join("reports");
    let mut partial = 0;
    for _ in 0..AIMED {
        fs::create_dir(&place).unwrap();
        let mut run = start(LEADS, &place);
        let has_files = || fs::read_dir(&place).is_ok_and(|mut entries| entries.next().is_some());
        while run.try_wait().unwrap().is_none() && !has_files() {}
        run.kill().unwrap();
        run.wait().unwrap();
        let left = contents(&place);
        for (name, bytes) in &left {
            assert!(whole.get(name) == Some(bytes), "{name} is no whole file of the run");
        }
        partial += usize::from(left.len() < whole.len());
        fs::remove_dir_all(&place).unwrap();
    }
    println!("{partial} of {AIMED} runs were killed between two files");
}

#[test]
fn two_runs_into_one_folder_do_not_mix() {
    let reports = Reports::new();
    for round in 0..MEETINGS {
        let (first, second) = (reports.start_old(), reports.start_new());
        let pair = if round % 2 == 0 { [first, second] } else { [second, first] };
        for mut run in pair {
            assert!(run.wait().unwrap().success());
        }
        let left = contents(&reports.place());
        assert!(left == reports.old || left == reports.new, "round {round}: {:?}", reports.origins(&left));
    }
}

/// While someone else holds the folder nothing is written there, and then by one after the other.
#[cfg(target_os = "linux")]
#[test]
fn a_run_waits_for_the_folder() {
    let reports = Reports::new();
    let lock = fs::File::open(reports.place()).unwrap();
    lock.lock().unwrap();
    let mut runs = [reports.start_new(), reports.start_old()];
    for run in &mut runs {
        // the system lists who waits for a lock, and which process it is
        let id = run.id().to_string();
        let waits = |locks: &str| {
            let of_run = |line: &&str| line.split_whitespace().any(|word| word == id);
            locks.lines().filter(of_run).any(|line| line.contains("-> FLOCK"))
        };
        while !waits(&fs::read_to_string("/proc/locks").unwrap()) {
            assert!(run.try_wait().unwrap().is_none(), "a run did not wait for the folder");
        }
    }
    assert!(contents(&reports.place()) == reports.old);
    lock.unlock().unwrap();
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    let left = contents(&reports.place());
    assert!(left == reports.old || left == reports.new, "{:?}", reports.origins(&left));
}

/// A folder with the report of some leads, into which that of others is written.
struct Reports {
    folder: tempfile::TempDir,
    old: Contents,
    new: Contents,
}

impl Reports {
    fn new() -> Reports {
        let folder = tempfile::tempdir().unwrap();
        let old = write(Path::new(LEADS), &folder.path().join("old"));
        let new = write(&other_leads(folder.path()), &folder.path().join("new"));
        assert!(old.keys().eq(new.keys()) && old.iter().all(|(name, bytes)| new[name] != *bytes));
        write(Path::new(LEADS), &folder.path().join("reports"));
        Reports { folder, old, new }
    }

    fn place(&self) -> std::path::PathBuf {
        self.folder.path().join("reports")
    }

    /// Only the names are looked at: the instant is over soon.
    fn has_unfinished(&self) -> bool {
        let mut names = fs::read_dir(self.place()).unwrap().flatten().map(|entry| entry.file_name());
        names.any(|name| name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes()))
    }

    fn start_old(&self) -> Child {
        start(LEADS, &self.place())
    }

    fn start_new(&self) -> Child {
        start(text_of(&self.folder.path().join("other.csv")), &self.place())
    }

    /// How often a run can be asked whether it has ended: a measure of time without a clock.
    fn polls_of_a_whole_run(&self) -> u64 {
        let mut run = self.start_new();
        let mut polls = 0;
        while run.try_wait().unwrap().is_none() {
            polls += 1;
            spin_loop();
        }
        write(Path::new(LEADS), &self.place());
        polls
    }

    /// Kills a run, looks at what is left, and lets an earlier run follow. Returns 1 if the run had not ended.
    fn kill_and_look(&self, mut run: Child) -> u64 {
        run.kill().unwrap();
        let was_killed = run.wait().unwrap().code().is_none();
        let mut left = contents(&self.place());
        for name in unfinished(&left) {
            left.remove(&name);
        }
        assert!(left.keys().eq(self.old.keys()), "{:?}", left.keys());
        for (name, bytes) in &left {
            assert!(*bytes == self.old[name] || *bytes == self.new[name], "{name} is of neither run");
        }
        assert!(write(Path::new(LEADS), &self.place()) == self.old, "the next run does not clear all away");
        u64::from(was_killed)
    }

    /// Which run each file is of.
    fn origins(&self, left: &Contents) -> Vec<(String, bool, bool)> {
        let of = |contents: &Contents, name: &String| contents.get(name) == left.get(name);
        left.keys().map(|name| (name.clone(), of(&self.old, name), of(&self.new, name))).collect()
    }
}

fn start(leads: &str, place: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_funnel"));
    command.current_dir(project()).args(into_folder(leads, text_of(place)));
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn unfinished(left: &Contents) -> Vec<String> {
    left.keys().filter(|name| name.starts_with(UNFINISHED)).cloned().collect()
}

/// What an earlier run left is cleared away, what merely looks like it is not.
#[test]
fn leftovers_are_cleared_away_by_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    for name in [".funnel-unfinished-abcdef", ".funnel", "notes.txt"] {
        fs::write(folder.path().join(name), name).unwrap();
    }
    let mut left = write(Path::new(LEADS), folder.path());
    assert_eq!(left.remove(".funnel").unwrap(), b".funnel");
    assert_eq!(left.remove("notes.txt").unwrap(), b"notes.txt");
    assert_eq!(unfinished(&left), Vec::<String>::new());
}
