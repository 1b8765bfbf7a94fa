//! The man page of the program or of one of its commands, from the types of the command line: what `--help` says and
//! what the page says cannot differ.

use anyhow::Result;
use clap::CommandFactory;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::Cli;
use crate::cli::help::{EXIT_CODES, examples};
use crate::error::{suggestion, usage_error};

/// The page in the language of `man`: of a command, or of the program where none is named.
///
/// # Errors
/// A command that there is not.
pub fn page(name: Option<&str>) -> Result<Vec<u8>> {
    // `help` says what `--help` says: it needs no page of its own
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let command = match name {
        None => program,
        Some(name) => command(&program, name)?,
    };
    let examples = examples(name.unwrap_or("funnel"));
    let has_commands = command.has_subcommands();
    let source = format!("funnel {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command).source(source).manual("Funnel KPIs");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if has_commands {
        man.render_subcommands_section(&mut page)?;
    }
    let mut own = Roff::new();
    own.control("SH", ["EXAMPLES"]);
    for example in examples {
        own.control("PP", []);
        own.text([roman(example.asks)]);
        own.control("PP", []).control("RS", ["4"]).control("nf", []);
        own.text([bold(example.command)]);
        own.control("fi", []).control("RE", []);
    }
    own.control("SH", ["EXIT STATUS"]);
    for (code, means) in EXIT_CODES {
        own.control("TP", []).text([bold(code.to_string())]);
        own.text([roman(means)]);
    }
    own.to_writer(&mut page)?;
    Ok(page)
}

fn command(program: &clap::Command, name: &str) -> Result<clap::Command> {
    program.find_subcommand(name).cloned().ok_or_else(|| {
        let known: Vec<&str> = program.get_subcommands().map(clap::Command::get_name).collect();
        usage_error(format!("unknown command `{name}`"), suggestion(name, &known))
    })
}
