//! Completions for shells, and the manual pages.

use std::fs;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// The completions for the program with this name, which may be one of a user's own.
pub(super) fn completions(shell: Shell, program: &str, output: &mut Output) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), program, &mut script);
    output.bytes(&script)?;
    Ok(Outcome::Fine)
}

pub(super) fn pages(folder: Option<&Path>, output: &mut Output) -> Result<Outcome, Failure> {
    let command = Arguments::command();
    match folder {
        Some(folder) => {
            let doing = || format!("writing manual pages into {}", folder.display());
            fs::create_dir_all(folder).map_err(Failure::file(doing()))?;
            clap_mangen::generate_to(command, folder).map_err(Failure::file(doing()))?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page).map_err(Failure::Output)?;
            output.bytes(&page)?;
        }
    }
    Ok(Outcome::Fine)
}
