//! The configurations of the databases: typed values, read from environment variables.

#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod database_url;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod views;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
use eventsourcing_core::{Environment, EnvironmentError};

#[cfg(feature = "postgres")]
pub use postgres::{PostgresConfig, SslMode};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteConfig;
#[cfg(feature = "postgres")]
pub use views::PostgresViewsConfig;
#[cfg(feature = "sqlite")]
pub use views::SqliteViewsConfig;

/// The default limit of events in the save queue.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
const QUEUE_SIZE: u32 = 10_000;

/// The limit of events in the save queue, from the environment.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn queue_size(environment: &Environment) -> Result<u32, EnvironmentError> {
    let size = environment.number::<std::num::NonZeroU32>("SAVE_QUEUE_SIZE", "a number of events such as 10000")?;
    Ok(size.map_or(QUEUE_SIZE, std::num::NonZeroU32::get))
}
