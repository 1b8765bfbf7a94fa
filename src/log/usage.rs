//! A command line that cannot be read: a program that asked for events is answered with one, people with the usage.

use std::ffi::OsString;

use super::{Event, Log};

/// Tells of a command line that cannot be read, if it asks for events and this is no call for help; says whether it did.
pub fn tell(error: &clap::Error, arguments: impl Iterator<Item = OsString>) -> bool {
    if !error.use_stderr() || !asks_for_events(arguments) {
        return false;
    }
    let said = error.render().to_string();
    let (text, hint) = parts(&said);
    Log::of_events().tell([Event::Usage { text: &text, hint: &hint }]);
    true
}

/// Whether `--log json` is among the arguments, whatever else is wrong with them.
fn asks_for_events(arguments: impl Iterator<Item = OsString>) -> bool {
    let words: Vec<String> = arguments.map(|word| word.to_string_lossy().into_owned()).collect();
    // behind `--` are names
    let options = || words.iter().take_while(|word| *word != "--");
    let pairs = options().zip(options().skip(1));
    options().any(|word| word == "--log=json") || { pairs }
        .any(|(name, value)| name == "--log" && value == "json")
}

/// What is wrong, and the way out: the tips, or else the usage. Each of both in one line.
fn parts(said: &str) -> (String, String) {
    let one_line = |lines: Vec<&str>| lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    let is_tip = |line: &&str| line.trim_start().starts_with("tip: ");
    let is_way_out =
        |line: &&str| is_tip(line) || line.starts_with("Usage:") || line.starts_with("For more information");
    let wrong: Vec<&str> = said.lines().take_while(|line| !is_way_out(line)).collect();
    let tips: Vec<&str> =
        said.lines().filter(is_tip).map(|line| line.trim_start().trim_start_matches("tip: ")).collect();
    let usage: Vec<&str> = said
        .lines()
        .skip_while(|line| !line.starts_with("Usage:"))
        .take_while(|line| !line.is_empty())
        .collect();
    let text = one_line(wrong);
    let hint = match (tips.is_empty(), usage.is_empty()) {
        (false, _) => one_line(tips),
        (true, false) => one_line(usage),
        (true, true) => "`funnel --help` lists the commands".to_string(),
    };
    (text.trim_start_matches("error: ").to_string(), hint)
}
