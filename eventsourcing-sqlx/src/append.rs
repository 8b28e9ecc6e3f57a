//! Appending, for both databases: group commit, the resolution of saves that may be recorded already, and stamps.

mod commands;
mod leader;
mod queue;
mod queue_stats;
mod resolution;
mod stamps;
mod storage;
mod writer;

#[cfg(feature = "postgres")]
pub(crate) use self::commands::StoredRow;
pub(crate) use self::commands::{CommandRow, from_row, to_time};
#[cfg(feature = "postgres")]
pub(crate) use self::queue::bytes_of;
pub(crate) use self::resolution::{Found, Positions, Resolution, complete, resolve, wanted};
#[cfg(feature = "postgres")]
pub(crate) use self::resolution::{predecessors, version_of};
pub(crate) use self::stamps::Stamps;
pub(crate) use self::storage::{SaveOutcome, Storage};
pub(crate) use self::writer::Writer;
