//! The core of `eventsourcing`: domain model, recording, applications and projections, without a database.
//!
//! Applications depend on the crate `eventsourcing`, which re-exports everything here together with the macros and the
//! database recorders. Depend on this crate alone to write a recorder: implement [`Recorder`], then run the conformance suite
//! (feature `conformance`) against it.
//!
//! The table lists the modules from the bottom layer to the top layer. Each module uses only the modules listed above it.
//!
//! | module | contents |
//! |---|---|
//! | [`domain`] | aggregates, their root and their domain events |
//! | [`recording`] | stored events and recorders, which do not depend on domain events |
//! | [`codec`] | the mapper between domain events and stored events, with compressors, ciphers and dictionaries |
//! | [`application`] | saving, the repository and the notification log |
//! | [`subscription`] | the log as a stream |
//! | [`projection`] | handlers, views, projection runners, dead letters and rebuilds |
//! | [`process`] | process applications (process managers), which react to the events of other applications |
//! | [`schema`] | the shapes of recorded events: the lock file, and the audit of a log |
//! | [`system`] | several applications connected by pipes |
//! | `testing` | the test kit: given, when, then (feature `testing`) |
//!
//! # How the API may grow
//!
//! A later version may add fields to a struct, variants to an enum and methods to a trait, without breaking the code that uses them.
//!
//! - Structs with public fields and enums are `#[non_exhaustive]`: a pattern of a struct ends with `..`, and a `match` has an arm for other
//!   variants. The few that stay exhaustive, such as [`LogPosition`], mean exactly what they contain.
//! - A struct that other code has to create has a constructor with its required parts, usually `new`. Its optional parts are set by methods:
//!   `with_…` for data, the name of the field for queries and appends.
//! - The fields of a variant of an error stay as they are. An error that says more is a new variant.
//! - The documentation of a trait says whether other crates may implement it. If they may, each new method has a default.
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod application;
pub mod audit;
pub mod codec;
pub mod domain;
mod environment;
mod error;
mod error_chain;
mod name_claims;
pub mod process;
pub mod projection;
mod read_ahead;
pub mod recording;
pub mod schema;
mod state;
pub mod subscription;
pub mod system;
#[cfg(feature = "testing")]
pub mod testing;

pub use application::{
    AggregateVersion, Application, ApplicationBuilder, ApplicationStruct, Blame, Command, EventStream, Executed,
    FieldChange, History, NotificationLog, NotificationLogReader, Repository, Saveable, Section, TrainedDictionary,
};
pub use codec::{Mapper, TrainingError};
pub use domain::{
    Aggregate, AggregateError, AggregateEvent, ApplyError, CausingEvent, DomainEvent, EventSourcedLog, Metadata,
    MetadataError, Root, SplitEvent, SplitTopic,
};
pub use environment::{Environment, EnvironmentError};
pub use error::{Error, Result};
pub use jiff::Timestamp;
pub use process::{ProcessApplication, UnitOfWork};
pub use projection::{
    CreationEvent, DeadLetter, DeadLetterError, DeadLetters, EventContext, EventEnvelope, EventStruct, MemoryViews,
    OnFailure, Projection, ProjectionRunner, Rebuild, RebuildError, RunnerError, ViewError, Views,
};
pub use recording::{CommandId, LogPosition, Notification, Recorder, RecorderError, StoredEvent, Tracking};
pub use subscription::{Subscribe, Subscription, Tracked};
pub use uuid::Uuid;

#[doc(hidden)]
pub mod __private {
    //! Items that generated code names. Not public API: they may change in any release.
    pub use crate::application::policy_scope::PolicyScope;
    pub use crate::application::state_view::{AsJson, AsText, NoJson, NoText};
    pub use crate::domain::attributes::{AggregateStruct, AllEventsInOneImpl, DefaultFields, NoFields};
    pub use crate::domain::cloning::{Cloned, NotCloned};
    pub use crate::domain::outcome::{Outcome, PlainOutcome};
    pub use crate::domain::personal::NothingPersonal;
    pub use crate::domain::snapshot_format::{NotShown, Shown};
    pub use crate::domain::split::flat;
    pub use crate::domain::stand_ins::{NoEvents, RootField};
    pub use crate::projection::handled_topics::{
        Handled, NotHandled, Topics, are_distinct, count, gets_parts, joined, topics_of,
    };
    pub use crate::state::exact::is_exact;
    pub use crate::state::{split, upcast};
    pub use serde;
}
