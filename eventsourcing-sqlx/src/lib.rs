//! Recorders and views of `eventsourcing` in SQLite and PostgreSQL.
//!
//! Applications depend on the crate `eventsourcing`, which re-exports these types in `eventsourcing::database` and opens the recorder that the
//! environment variables name. To open one in code, create its configuration and call `open`:
//!
//! | recorder | configuration | views | feature |
//! |---|---|---|---|
//! | `SqliteRecorder` | `SqliteConfig` | `SqliteViews` | `sqlite` |
//! | `PostgresRecorder` | `PostgresConfig` | `PostgresViews` | `postgres` |
//!
//! A recorder keeps the events of an application in two tables: `{application}_events`, and `{application}_head` with one row that
//! holds the last notification id in use. An insert raises that id in the transaction that records its events, so ids
//! have no gaps and grow in the order of commits. Three more tables hold the dictionaries of compressed states
//! (`{application}_dictionaries`), how far the logs of other applications are processed (`{application}_tracking`), and the dead letters
//! of a policy (`{application}_letters`).
//!
//! Views hold what projections maintain, in the same database or in another.
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

// The floors, from the ground up. A module imports from those above it in this list, never from those below it:
//
//   config, runtime, time_limit, errors, rows,   settings, where tasks run, time limits, kinds of errors, numbers and rows,
//   json_array                                   texts as one value
//   schema                                       names, version and presence of an application's tables
//   report                                       what a database says about itself, as data
//   sql                                          statements
//   append, log_read, log_search, read_to_vec    what the recorders share
//   views                                        what the views share
//   postgres, sqlite                             the recorder and the views of each database
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod append;
mod config;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod errors;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod json_array;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod log_read;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod log_search;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod read_to_vec;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod report;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod rows;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod runtime;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod schema;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod time_limit;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod views;

#[cfg(feature = "postgres")]
pub use config::{PostgresConfig, PostgresViewsConfig, SslMode};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresRecorder, PostgresTransaction, PostgresViews};

#[cfg(feature = "sqlite")]
pub use config::{SqliteConfig, SqliteViewsConfig};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteRecorder, SqliteTransaction, SqliteViews};

#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use report::{DatabaseReport, DatabaseSetting, MissingIndex, RecordedApplication, Replica, UnusedSlot};

/// The driver, in the version whose connections handlers get.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use sqlx;
