//! The recorders of `eventsourcing` that keep events in SQLite and PostgreSQL.
//!
//! Users depend on the crate `eventsourcing`, which opens one of these as the environment
//! variables say. To open one in code, make its configuration and call `open`:
//!
//! | recorder | configuration | feature |
//! |---|---|---|
//! | `SqliteRecorder` | `SqliteConfig` | `sqlite` |
//! | `PostgresRecorder` | `PostgresConfig` | `postgres` |
//!
//! Both keep the events of an application in two tables: `{application}_events`, and `{application}_head` with one row that
//! holds the last notification id in use. An insert raises that id in the transaction that records its events, so ids
//! have no gaps and grow in the order of commits. Beside them stand `{application}_dictionaries`, the dictionaries of
//! compressed states, and `{application}_tracking`, how far it has processed the logs of others.
//!
//! The views of projections are kept by `SqliteViews` and `PostgresViews`, in the same database or in another.
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "postgres")]
mod clock;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod collect;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod condition;
mod config;
#[cfg(feature = "postgres")]
mod connection;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod damage;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod deadline;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod error;
#[cfg(feature = "sqlite")]
mod held_files;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod log_read;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod resolution;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod rows;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod runtime;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod stamps;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod table_name;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod views;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod writer;

#[cfg(feature = "postgres")]
pub use config::{PostgresConfig, PostgresViewsConfig, SslMode};
#[cfg(feature = "postgres")]
pub use postgres::PostgresRecorder;
#[cfg(feature = "postgres")]
pub use views::{PostgresTransaction, PostgresViews};

#[cfg(feature = "sqlite")]
pub use config::{SqliteConfig, SqliteViewsConfig};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteRecorder;
#[cfg(feature = "sqlite")]
pub use views::{SqliteTransaction, SqliteViews};
