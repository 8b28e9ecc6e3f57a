// what the README links to, where there is no repository around it: of two definitions of a link the first counts
#![doc = include_str!("crate_links.md")]
#![doc = include_str!("../README.md")]
// rustdoc does not draw the README's picture, and would show its source
#![doc = "<style>pre.language-mermaid { display: none; }</style>"]
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub mod database;
#[cfg(doc)]
pub mod guide;
mod module;
mod open;
mod variables;

pub use eventsourcing_core::*;
pub use eventsourcing_macros::{aggregate, application, event, on, personal, policy, projection, tables, unrecorded};
pub use open::Builder;

/// The driver of the databases, in the version whose connections handlers get.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use eventsourcing_sqlx::sqlx;

/// The crate of [`Timestamp`], in the version that this library uses.
pub use jiff;
/// The crate of [`Uuid`], in the version that this library uses.
pub use uuid;

pub mod prelude {
    //! The items that a domain model and an application usually need: `use eventsourcing::prelude::*;`
    pub use crate::codec::CipherKey;
    #[cfg(feature = "aes")]
    pub use crate::codec::cipher::AesCipher;
    #[cfg(feature = "chacha20poly1305")]
    pub use crate::codec::cipher::ChaCha20Poly1305Cipher;
    pub use crate::{
        Aggregate, AggregateEvent, Application, CommandId, DeadLetters, DomainEvent, Error, EventContext,
        EventEnvelope, EventSourcedLog, MemoryViews, Metadata, Notification, NotificationLog, NotificationLogReader,
        OnFailure, ProcessApplication, ProjectionRunner, Rebuild, Repository, Result, Saveable, Section, Subscription,
        Timestamp, Tracked, Tracking, UnitOfWork, Uuid,
    };
    // from where they are macros and nothing else: there is a module `application` too
    pub use eventsourcing_macros::{
        aggregate, application, event, on, personal, policy, projection, tables, unrecorded,
    };
}
