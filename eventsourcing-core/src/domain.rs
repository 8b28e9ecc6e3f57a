//! The domain model: aggregates, their common root, and the events that they record.

mod aggregate;
pub(crate) mod attributes;
mod clock;
pub(crate) mod cloning;
mod error;
mod event;
mod event_sourced_log;
mod fault;
mod fingerprint;
#[cfg(feature = "testing")]
pub(crate) mod fixed_clock;
mod missing_events;
pub(crate) mod outcome;
mod pending;
pub(crate) mod personal;
mod replayed_parts;
mod retired;
mod root;
mod snapshot_fault;
pub(crate) mod snapshot_format;
pub(crate) mod split;
pub(crate) mod stand_ins;

pub use aggregate::{Aggregate, ApplyError};
pub use clock::{new_id, now};
pub use error::AggregateError;
pub use event::{AggregateEvent, DomainEvent};
pub use event_sourced_log::EventSourcedLog;
pub(crate) use missing_events::MissingEvents;
pub use outcome::Restorable;
pub use root::Root;
pub use snapshot_fault::SnapshotFault;
pub use snapshot_format::{SnapshotFormat, Snapshottable};
pub use split::{Part, SplitEvent, SplitTopic};

pub use crate::state::{
    CausingEvent, JsonError, Metadata, MetadataError, StateDifference, StateError, StateReader, StateWriter,
};
