//! The arguments of commands that operate an application: its consumers, keys and database.

use clap::{Args, Subcommand};

/// Where the views of projections are.
#[derive(Args, Clone, Debug)]
pub(crate) struct ViewsAt {
    /// The database of the projections' views, if it is not that of the events: a file of SQLite, or a URL of PostgreSQL
    #[arg(long, env = "EVENTSOURCING_VIEWS", value_name = "FILE|URL", hide_env_values = true)]
    pub(crate) views: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Lag {
    #[command(flatten)]
    pub(crate) views: ViewsAt,
    /// End with exit code 3 if a consumer is further behind: a number of events, or a duration such as 30s
    #[arg(long, value_name = "LIMIT")]
    pub(crate) fail_over: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Health {
    #[command(flatten)]
    pub(crate) views: ViewsAt,
    /// Unhealthy if a consumer is further behind: a number of events, or a duration such as 30s
    #[arg(long, value_name = "LIMIT")]
    pub(crate) lag: Option<String>,
    /// Unhealthy if a consumer has more dead letters than this
    #[arg(long, value_name = "N")]
    pub(crate) letters: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) views: ViewsAt,
    /// Show only what is wrong
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Keys {
    /// How many events to look at, spread over the log
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..), conflicts_with_all = ["after", "up_to"])]
    pub(crate) sample: u64,
    /// Look at all events after this position instead
    #[arg(long, value_name = "POSITION")]
    pub(crate) after: Option<u64>,
    /// Look at all events up to this position instead
    #[arg(long, value_name = "POSITION")]
    pub(crate) up_to: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Dictionaries {
    /// The dictionaries that are stored
    List,
    /// Train a dictionary on the log, which makes states smaller
    Train(Train),
}

#[derive(Args, Debug)]
pub(crate) struct Train {
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}
