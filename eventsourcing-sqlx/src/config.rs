//! How the databases are configured: typed values, read from the environment variables that users set.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "postgres")]
pub use postgres::{PostgresConfig, SslMode};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteConfig;
