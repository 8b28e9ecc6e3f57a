//! The arguments of commands that move a log.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct Export {
    /// The file to write; the standard output without it
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Export the events after this position
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    pub(crate) after: u64,
    /// Continue an export to the file that was interrupted
    #[arg(long, requires = "output", conflicts_with = "after")]
    pub(crate) resume: bool,
    /// Write states as they are recorded, compressed and encrypted, instead of their JSON
    #[arg(long)]
    pub(crate) sealed: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Import {
    /// The export; `-` is the standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// How many events are recorded at a time
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) batch: u64,
}
