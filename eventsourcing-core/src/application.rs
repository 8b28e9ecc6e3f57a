//! Applications: saving aggregates, getting them back, and the notification log.

// first: rustdoc shows the methods of `Application` in the order of these modules
mod handle;

mod aggregate_ids;
mod aggregate_set;
pub(crate) mod aggregate_types;
mod application_clock;
mod application_struct;
mod builder;
mod decoded;
mod dictionaries;
mod diff;
mod due_snapshot;
pub(crate) mod event_type;
mod field_change;
mod history;
mod log_reader;
pub(crate) mod metadata_scope;
mod notification_log;
mod open_snapshot;
pub(crate) mod policy_scope;
mod recorded_check;
mod replay;
mod repository;
mod retry;
mod saveable;
mod snapshot_counts;
mod snapshot_queue;
mod snapshots;
mod take_snapshot;
mod topics;
mod traceparent;
mod training;
mod turns;
mod upstreams;

pub use aggregate_ids::{AggregateIds, RecordedAggregate};
pub use aggregate_set::AggregateSet;
pub use application_struct::ApplicationStruct;
pub use builder::ApplicationBuilder;
pub(crate) use due_snapshot::Due;
pub use field_change::FieldChange;
pub use handle::Application;
pub(crate) use handle::Shared;
pub use history::{AggregateVersion, History};
pub use log_reader::{NotificationLogReader, NotificationStream};
pub use notification_log::{NotificationLog, Section, Select};
pub(crate) use recorded_check::are_among;
pub use repository::Repository;
pub(crate) use retry::{ATTEMPTS, pause_after};
pub use retry::{Decision, Retry};
pub(crate) use saveable::Batch;
pub use saveable::{SaveBatch, Saveable};
pub use snapshot_counts::SnapshotCounts;
pub(crate) use topics::Topics;
pub use training::TrainedDictionary;
