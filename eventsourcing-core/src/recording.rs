//! Stored events and the recorders that store them.
//!
//! A [`Recorder`] stores [`StoredEvent`]s and knows no domain events. The in-memory recorder is in this module; those of SQLite and
//! PostgreSQL are in `eventsourcing-sqlx`. The feature `conformance` adds the contract of a recorder as a test suite.

mod append;
mod attempt;
mod cause;
mod command_id;
#[cfg(feature = "conformance")]
pub mod conformance;
mod event_place;
mod location;
mod log_position;
mod memory;
pub(crate) mod messages;
mod name;
mod originator;
mod query;
mod read_only;
mod recorded_time;
mod recorder;
mod recorder_error;
mod search_query;
mod stored_command;
mod stored_dictionary;
mod stored_event;
mod stored_letter;
mod stored_snapshot;
mod timers;
mod tracking;
mod watermark;

pub use append::Append;
pub use attempt::{is_same_attempt, stamped};
pub use cause::Cause;
pub use command_id::CommandId;
pub use event_place::EventPlace;
pub use location::{StateKind, StateLocation};
pub use log_position::{LogPosition, LogPositionError};
pub use memory::MemoryRecorder;
pub use name::check_name;
pub use originator::{OriginatorIdQuery, OriginatorQuery, OriginatorSummary, RecordedOriginator};
pub use query::{EventQuery, EventVisitor, NotificationQuery, NotificationVisitor};
pub use read_only::ReadOnlyRecorder;
pub use recorded_time::RecordedTime;
pub use recorder::Recorder;
pub use recorder_error::RecorderError;
pub use search_query::{NotificationFilter, SearchQuery, TopicPattern};
pub use stored_command::{CommandContent, NewCommand, OutdatedCommands, RecordedCommand};
pub use stored_dictionary::StoredDictionary;
pub use stored_event::{Notification, NotificationRef, StoredEvent, StoredEventRef};
pub use stored_letter::{LetterChanges, LetterQuery, StoredLetter};
pub use stored_snapshot::{ReplayItem, ReplayQuery, ReplayVisitor, StoredSnapshot, StoredSnapshotRef};
pub use timers::check_timers;
pub(crate) use timers::has_timers;
pub use tracking::{TrackedPosition, Tracking};
pub use watermark::Watermark;
