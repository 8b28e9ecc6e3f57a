//! Recorders and views in SQLite and PostgreSQL.
//!
//! The environment variables open a recorder. To open one in code, create its configuration and call `open`:
//!
//! | recorder | configuration | views | feature |
//! |---|---|---|---|
//! | `SqliteRecorder` | `SqliteConfig` | `SqliteViews` | `sqlite` |
//! | `PostgresRecorder` | `PostgresConfig` | `PostgresViews` | `postgres` |

// by name: rustdoc shows a re-exported crate as one line, or else with all pages of its driver
#[cfg(feature = "postgres")]
#[doc(inline)]
pub use eventsourcing_sqlx::{
    PostgresConfig, PostgresRecorder, PostgresTransaction, PostgresViews, PostgresViewsConfig, SslMode,
};

// what a database says about itself
#[doc(inline)]
pub use eventsourcing_sqlx::{DatabaseReport, DatabaseSetting, MissingIndex, RecordedApplication, Replica, UnusedSlot};

#[cfg(feature = "sqlite")]
#[doc(inline)]
pub use eventsourcing_sqlx::{SqliteConfig, SqliteRecorder, SqliteTransaction, SqliteViews, SqliteViewsConfig};
