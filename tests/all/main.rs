//! The tests that see the program as its users do: through the command line. One binary, because each further one links
//! polars again.
//!
//! `audited` keeps what auditors found, `cdnow` follows customers of a log of purchases, `check` holds the audit against counts made by hand, `cron` tries that chapter of the manual, `csv_safe` text that a spreadsheet would run, `deals` several deals of a lead, `folded` what `--top` folds in several periods, `goals` looks for what a target is about, `help` runs the examples of every `--help`, `html` holds the page against the JSON and opens it in a browser, `init` runs reports with the configuration that is written for
//! files, `joined` holds what a deal says of its lead, `language` finds texts that a language lacks, `little` is about what is little and not nothing, `log` reads the events, `maturity` holds the curves by age against plain estimates, `markdown` names that are markup, `messy` holds exports as they come against clean twins, `newcomer` tells what one stumbled over, `overlap` holds what two files both have, `oracle` compares every number with one that was
//! computed another way, `output` takes files, disks and time away from runs, `periods` compares periods with reports of each, `pictures` looks at the funnel of one of several periods, `presets` reads known exports, `properties` tries companies nobody thought of, `published`
//! reaches figures that others published, `rebuilt` computes every KPI once more from the rows that `explain --rows` lists, `regressions` keeps what was once wrong from coming back, `roles` tries funnels of 2 to 20 stages, `schema` fixes what programs read, `transcripts`
//! fixes what is printed to the letter, `xlsx` reads the workbook with another library.

mod audited;
mod cdnow;
mod check;
mod cron;
mod csv_safe;
mod deals;
mod diff;
mod folded;
mod goals;
mod help;
mod html;
mod init;
mod joined;
mod language;
mod little;
mod log;
mod markdown;
mod maturity;
mod messy;
mod newcomer;
mod oracle;
mod output;
mod overlap;
mod page;
mod periods;
mod pictures;
mod presets;
mod properties;
mod published;
mod rebuilt;
mod reference;
mod regressions;
mod roles;
mod schema;
mod support;
mod terminal;
mod transcripts;
mod xlsx;
