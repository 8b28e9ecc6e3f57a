//! The arguments of commands that look into a log.

use clap::Args;
use uuid::Uuid;

#[derive(Args, Debug)]
pub(crate) struct Status {
    /// Print it again whenever it changes, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,
    /// How often to look
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600), requires = "watch")]
    pub(crate) every: u64,
}

#[derive(Args, Debug)]
pub(crate) struct Log {
    /// Show the last N events; 20 unless a position or a time is given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with_all = ["after", "since", "limit"])]
    pub(crate) last: Option<u64>,
    /// Show the events after this position
    #[arg(long, value_name = "POSITION", conflicts_with = "since")]
    pub(crate) after: Option<u64>,
    /// Show the events since a time: a timestamp, a date, or a duration before now such as 2h
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Show at most N events after the position or the time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// Only events with this topic; `Order.*` is all topics that begin with `Order.`
    #[arg(long, value_name = "TOPIC")]
    pub(crate) topic: Vec<String>,
    /// No events with this topic, which may end with `*` too
    #[arg(long, value_name = "TOPIC")]
    pub(crate) not: Vec<String>,
    /// Only events whose JSON contains this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) grep: Option<String>,
    /// How many events a search looks at
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) scan: u64,
    /// Show new events as they are recorded, until Ctrl-C
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// Show events in full, however long they are
    #[arg(long)]
    pub(crate) full: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Event {
    /// The position of the event
    #[arg(value_name = "POSITION", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) position: u64,
}

#[derive(Args, Debug)]
pub(crate) struct History {
    /// The id of the aggregate
    pub(crate) id: Uuid,
    /// Show the versions after this one
    #[arg(long, value_name = "VERSION", conflicts_with = "last")]
    pub(crate) after: Option<u64>,
    /// Show the last N versions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) last: Option<u64>,
    /// Show the state after each event; of the last 20 versions unless others are asked for
    #[arg(long)]
    pub(crate) states: bool,
    /// Show the fields that each event changed; of the last 20 versions unless others are asked for
    #[arg(long)]
    pub(crate) diff: bool,
    /// Show events in full, however long they are
    #[arg(long)]
    pub(crate) full: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Types {
    /// How many of the last events to look at
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) scan: u64,
}

#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// Check the events after this position
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    pub(crate) after: u64,
}

#[derive(Args, Debug)]
pub(crate) struct Find {
    /// The text, as it is spelled in the event's JSON, its topic or the id of its aggregate
    #[arg(value_name = "TEXT")]
    pub(crate) text: String,
    /// Look at the events before this position; without it, at the last ones
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) before: Option<u64>,
    /// How many events to look at
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) scan: u64,
    /// How many events to show at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: u64,
    /// Show events in full, however long they are
    #[arg(long)]
    pub(crate) full: bool,
}
