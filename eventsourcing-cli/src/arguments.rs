//! What the command line can say.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use uuid::Uuid;

/// Looks into the log of an application, exports it, imports it and verifies it.
///
/// The environment variables of the library name the database, as they do for the application itself: PERSISTENCE_MODULE, SQLITE_DBNAME,
/// POSTGRES_HOST and so on, CIPHER_KEY if its events are encrypted.
///
/// Exit codes: 0 fine; 1 the command failed; 2 the command line cannot be understood; 3 something in the log is wrong.
#[derive(Debug, Parser)]
#[command(name = "eventsourcing", version, propagate_version = true, max_term_width = 120)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) general: General,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args, Debug)]
pub(crate) struct General {
    /// The name of the application, as its program spells it
    #[arg(long, global = true, env = "EVENTSOURCING_APP", value_name = "NAME")]
    pub(crate) app: Option<String>,
    /// Print JSON lines
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Show times in UTC, which is the default
    #[arg(long, global = true, conflicts_with = "local")]
    pub(crate) utc: bool,
    /// Show times in the local time zone
    #[arg(long, global = true)]
    pub(crate) local: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The database, the last position, the newest event, dictionaries and encryption
    Status(Status),
    /// The events of the log, the last ones unless a position or a time is given
    Log(Log),
    /// Everything about the event at one position
    Event(Event),
    /// The events of one aggregate
    History(History),
    /// The topics of the last events, with counts, sizes and versions
    Types(Types),
    /// Read the whole log and check each event
    Verify(Verify),
    /// Write the log as JSON lines, in the order of replay
    Export(Export),
    /// Read an export into an empty application, and prove that both are equal
    Import(Import),
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    Man {
        /// Write the pages of all commands into this folder
        #[arg(long, value_name = "FOLDER")]
        dir: Option<PathBuf>,
    },
}

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
