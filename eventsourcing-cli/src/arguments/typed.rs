//! The arguments of commands that show the states of aggregates.

use clap::Args;
use uuid::Uuid;

#[derive(Args, Debug)]
pub(crate) struct State {
    /// The id of the aggregate
    pub(crate) id: Uuid,
    /// The state at a version, such as 7, or at a time: a timestamp, a date, or a duration before now such as 2h
    #[arg(long, value_name = "VERSION|TIME")]
    pub(crate) at: Option<String>,
    /// Show what the event of this version changed
    #[arg(long)]
    pub(crate) diff: bool,
    /// Show for each field which event last changed it
    #[arg(long)]
    pub(crate) blame: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Compare {
    /// The id of the aggregate
    pub(crate) id: Uuid,
    /// The version before; 0 is the time before the creation
    #[arg(value_name = "FROM")]
    pub(crate) from: u64,
    /// The version after
    #[arg(value_name = "TO")]
    pub(crate) to: u64,
}
