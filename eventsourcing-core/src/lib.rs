//! The core of `eventsourcing`: the domain model, persistence and applications, with no database in it.
//!
//! Users depend on the crate `eventsourcing`, which re-exports all of this beside the
//! macros and the recorders. Depend on this crate alone to write a recorder: implement [`Recorder`], then run
//! the conformance suite of the feature `conformance` against it.
//!
//! | module | what it knows |
//! |---|---|
//! | [`domain`] | aggregates, their root and their events; no bytes |
//! | [`persistence`] | stored events, the mapper between the two, ciphers, compressors, recorders |
//! | [`application`] | saving, the repository, the notification log, environment variables |
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod application;
pub mod domain;
mod error;
pub mod persistence;

pub use application::{
    Application, ApplicationBuilder, Environment, EnvironmentError, Followed, NotificationLog, NotificationLogReader,
    Repository, Saveable, Section, Subscribe, Subscription, TrainedDictionary, TrainingError,
};
pub use domain::{Aggregate, AggregateEvent, ApplyError, DomainEvent, Root};
pub use error::{Error, Result};
pub use jiff::Timestamp;
pub use persistence::{Mapper, Notification, Recorder, RecorderError, StoredEvent, Tracking};
pub use uuid::Uuid;

#[doc(hidden)]
pub mod __private {
    //! What the macros' output names and nobody else should: no promise of stability is made for it.
    pub use crate::domain::halves::{AggregateImpl, AggregateStruct};
    pub use crate::domain::outcome::{Outcome, PlainOutcome};
    pub use serde;
}
