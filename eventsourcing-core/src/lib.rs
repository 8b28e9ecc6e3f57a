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
//! | [`following`] | subscriptions, projections and what runs them |
//! | [`system`] | applications that follow one another |
//! | [`application`] | saving, the repository, the notification log, environment variables |
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod application;
mod claims;
pub mod domain;
mod error;
pub mod following;
pub mod persistence;
mod read_ahead;
pub mod system;

pub use application::{
    Application, ApplicationBuilder, ApplicationStruct, Environment, EnvironmentError, NotificationLog,
    NotificationLogReader, Repository, Saveable, Section, TrainedDictionary, TrainingError,
};
pub use domain::{Aggregate, AggregateEvent, ApplyError, DomainEvent, Root};
pub use error::{Error, Result};
pub use following::{
    About, DeadLetter, DeadLetterError, DeadLetters, EventStruct, Followed, Happened, MemoryViews, OnFailure,
    ProcessApplication, Projection, ProjectionRunner, Rebuild, RebuildError, RunnerError, Subscribe, Subscription,
    UnitOfWork, ViewError, Views,
};
pub use jiff::Timestamp;
pub use persistence::{LogPosition, Mapper, Notification, Recorder, RecorderError, StoredEvent, Tracking};
pub use uuid::Uuid;

#[doc(hidden)]
pub mod __private {
    //! What the macros' output names and nobody else should: no promise of stability is made for it.
    pub use crate::application::policy_scope::PolicyScope;
    pub use crate::domain::halves::{AggregateImpl, AggregateStruct};
    pub use crate::domain::outcome::{Outcome, PlainOutcome};
    pub use serde;

    /// Fails at compile time if two handlers of a projection take events of one topic.
    pub const fn are_distinct(topics: &[&str]) {
        let mut place = 0;
        while place < topics.len() {
            let mut other = 0;
            while other < place {
                assert!(
                    !is_same(topics[place].as_bytes(), topics[other].as_bytes()),
                    "two handlers of this projection take events of the same topic; do both in one handler"
                );
                other += 1;
            }
            place += 1;
        }
    }

    const fn is_same(one: &[u8], other: &[u8]) -> bool {
        let mut place = 0;
        while place < one.len() && place < other.len() && one[place] == other[place] {
            place += 1;
        }
        place == one.len() && place == other.len()
    }
}
