// what the README links to, where there is no repository around it: of two definitions of a link the first counts
#![doc = "[guide]: guide/index.html"]
#![doc = "[aggregates]: guide/aggregates/index.html"]
#![doc = "[applications]: guide/applications/index.html"]
#![doc = "[following]: guide/following/index.html"]
#![doc = "[persistence]: guide/persistence/index.html"]
#![doc = ""]
#![doc = include_str!("../README.md")]
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(doc)]
pub mod guide;
mod open;
mod variables;

pub use eventsourcing_core::*;
pub use eventsourcing_macros::{aggregate, application, event, on, policy, projection, tables, unrecorded};
pub use open::Builder;

/// The recorders that keep events in SQLite and PostgreSQL.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use eventsourcing_sqlx as sqlx;

pub mod prelude {
    //! All that a domain model and an application usually need: `use eventsourcing::prelude::*;`
    pub use crate::persistence::CipherKey;
    #[cfg(feature = "aes")]
    pub use crate::persistence::cipher::AesCipher;
    #[cfg(feature = "chacha20poly1305")]
    pub use crate::persistence::cipher::ChaCha20Poly1305Cipher;
    pub use crate::{
        About, Aggregate, Application, DomainEvent, Error, Followed, Happened, MemoryViews, Notification,
        NotificationLog, NotificationLogReader, ProcessApplication, ProjectionRunner, Repository, Result, Saveable,
        Section, Subscription, Timestamp, Tracking, UnitOfWork, Uuid,
    };
    // from where they are macros and nothing else: there is a module `application` too
    pub use eventsourcing_macros::{aggregate, application, event, on, policy, projection, tables, unrecorded};
    pub use futures::{StreamExt, TryStreamExt};
}
