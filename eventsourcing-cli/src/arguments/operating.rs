//! The arguments of commands that operate an application: its consumers, keys and database.

use clap::{Args, Subcommand};
use uuid::Uuid;

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

/// Who does something, and why.
#[derive(Args, Clone, Debug)]
pub(crate) struct Operator {
    /// Why, which is recorded with what is done
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Who, which is recorded too; the user of the system without it
    #[arg(long, env = "EVENTSOURCING_OPERATOR", value_name = "NAME")]
    pub(crate) operator: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Letters {
    /// How many dead letters each consumer has, or those of one consumer
    List(ListLetters),
    /// One dead letter with its reasons and its event
    Show(OneLetter),
    /// Retry in a transaction that is rolled back
    DryRun(SomeLetters),
    /// Handle the events again
    Retry(ActOnLetters),
    /// Never handle the events
    Discard(ActOnLetters),
    /// The letters that were retried and discarded, by whom and why
    Resolved(ListLetters),
}

/// The letters of a consumer.
#[derive(Args, Clone, Debug)]
pub(crate) struct LettersOf {
    /// The name of the projection, or of the application with the policy
    #[arg(value_name = "CONSUMER")]
    pub(crate) consumer: String,
    /// Of this application's log, if the consumer has several
    #[arg(long, value_name = "NAME")]
    pub(crate) upstream: Option<String>,
    #[command(flatten)]
    pub(crate) views: ViewsAt,
}

#[derive(Args, Debug)]
pub(crate) struct ListLetters {
    /// The name of the projection, or of the application with the policy; all of them without it
    #[arg(value_name = "CONSUMER")]
    pub(crate) consumer: Option<String>,
    /// Of this application's log, if the consumer has several
    #[arg(long, value_name = "NAME")]
    pub(crate) upstream: Option<String>,
    #[command(flatten)]
    pub(crate) views: ViewsAt,
    /// Show the letters after this position
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    pub(crate) after: u64,
    /// Show at most N letters
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) limit: u64,
    /// Count the letters by reason instead
    #[arg(long)]
    pub(crate) by_reason: bool,
}

#[derive(Args, Debug)]
pub(crate) struct OneLetter {
    #[command(flatten)]
    pub(crate) of: LettersOf,
    /// The position of the event
    #[arg(value_name = "POSITION")]
    pub(crate) position: u64,
}

#[derive(Args, Debug)]
pub(crate) struct SomeLetters {
    #[command(flatten)]
    pub(crate) of: LettersOf,
    #[command(flatten)]
    pub(crate) which: Which,
}

/// Which letters of a consumer.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// Those of one aggregate
    #[arg(long, value_name = "ID")]
    pub(crate) aggregate: Option<Uuid>,
    /// The one at this position; `retry` handles those of its aggregate, in their order
    #[arg(long, value_name = "POSITION")]
    pub(crate) position: Option<u64>,
    /// All
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ActOnLetters {
    #[command(flatten)]
    pub(crate) of: LettersOf,
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) operator: Operator,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Rebuild {
    /// How far rebuilds are
    Progress(RebuildProgress),
    /// Rebuild the view of a projection in this process, until it has caught up
    Start(RebuildStart),
    /// Make the rebuilt version live
    Switch(RebuildSwitch),
    /// Abort a rebuild, and remove what it created
    Abort(RebuildAbort),
}

#[derive(Args, Debug)]
pub(crate) struct RebuildProgress {
    /// The name of the projection; all of them without it
    pub(crate) projection: Option<String>,
    #[command(flatten)]
    pub(crate) views: ViewsAt,
    /// Look again until all rebuilds have caught up, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RebuildStart {
    /// The name of the projection
    pub(crate) projection: String,
}

#[derive(Args, Debug)]
pub(crate) struct RebuildSwitch {
    /// The name of the projection
    pub(crate) projection: String,
    /// How long to wait for the rebuild to reach the live version
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) wait: u64,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RebuildAbort {
    /// The name of the projection
    pub(crate) projection: String,
    #[command(flatten)]
    pub(crate) views: ViewsAt,
    #[command(flatten)]
    pub(crate) operator: Operator,
}

#[derive(Args, Debug)]
pub(crate) struct Top {
    #[command(flatten)]
    pub(crate) views: ViewsAt,
    /// How often to look
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) every: u64,
    /// End after so many looks
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
}

#[cfg(feature = "explore")]
#[derive(Args, Debug)]
pub(crate) struct Explore {
    /// The port of this machine; 0 is any that is free
    #[arg(long, value_name = "PORT", default_value_t = 4040)]
    pub(crate) port: u16,
    /// Open the pages in a browser
    #[arg(long)]
    pub(crate) open: bool,
    /// Show the values of an encrypted log
    #[arg(long)]
    pub(crate) show_payloads: bool,
}
