//! What the command line can say.

mod looking;
mod moving;
mod operating;
mod typed;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use self::looking::{Event, Find, History, Log, Status, Types, Verify};
pub(crate) use self::moving::{Export, Import};
#[cfg(feature = "explore")]
pub(crate) use self::operating::Explore;
pub(crate) use self::operating::{
    ActOnLetters, Dictionaries, Doctor, Health, Keys, Lag, Letters, LettersOf, ListLetters, OneLetter, Operator,
    Rebuild, RebuildAbort, RebuildProgress, RebuildStart, RebuildSwitch, SomeLetters, Top, Train, ViewsAt, Which,
};
pub(crate) use self::typed::{Compare, State};
use crate::database::Purpose;

/// Looks into the log of an application, operates its consumers, exports the log, imports it and verifies it.
///
/// The environment variables of the library name the database, as they do for the application itself: PERSISTENCE_MODULE, SQLITE_DBNAME,
/// POSTGRES_HOST and so on, CIPHER_KEY if its events are encrypted.
///
/// Exit codes: 0 fine; 1 the command failed; 2 the command line cannot be understood; 3 something is wrong, in the
/// log or with a consumer.
#[derive(Debug, Parser)]
#[command(name = "eventsourcing", version, propagate_version = true, max_term_width = 120)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) general: General,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct General {
    /// The name of the application, as its program spells it; not needed if it is the only one
    #[arg(long, global = true, env = "EVENTSOURCING_APP", value_name = "NAME")]
    pub(crate) app: Option<String>,
    /// Look at an encrypted log without its key: at all but the states
    #[arg(long, global = true)]
    pub(crate) without_key: bool,
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

impl General {
    /// How a command that looks opens an application.
    pub(crate) fn looks(&self) -> Purpose {
        Purpose::Look { with_key: !self.without_key }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The database, the last position, the newest event, dictionaries and encryption
    Status(Status),
    /// The events of the log, the last ones unless a position or a time is given
    Log(Log),
    /// Everything about the event at one position
    Event(Event),
    /// The events that contain a text, the newest first
    Find(Find),
    /// The events of one aggregate
    History(History),
    /// The state of one aggregate, now or at a version or a time
    State(State),
    /// What differs between two versions of one aggregate
    Compare(Compare),
    /// The topics of the last events, with counts, sizes and versions
    Types(Types),
    /// With which keys, ciphers and compressors events are stored
    Keys(Keys),
    /// The dictionaries of compressed events
    #[command(subcommand)]
    Dictionaries(Dictionaries),
    /// How far projections and policies are behind
    Lag(Lag),
    /// What happens now: events per second and consumers, until Ctrl-C
    Top(Top),
    /// Events that consumers refused: list, try, retry and discard them
    #[command(subcommand)]
    Letters(Letters),
    /// Zero-downtime rebuilds of projections
    #[command(subcommand)]
    Rebuild(Rebuild),
    /// A probe: exit code 3 unless the application is well
    Health(Health),
    /// Look for what is wrong with the database and its settings, with the cures
    Doctor(Doctor),
    /// Read the whole log and check each event
    Verify(Verify),
    /// Serve the pages of the explorer to a browser on this machine, until Ctrl-C
    #[cfg(feature = "explore")]
    Explore(Explore),
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
