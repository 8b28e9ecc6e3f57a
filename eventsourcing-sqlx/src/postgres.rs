//! PostgreSQL: the recorder, and the views.

mod connect;
mod guarded_connection;
mod recorder;
mod views;

pub(crate) use self::guarded_connection::GuardedConnection;
pub use self::recorder::PostgresRecorder;
pub use self::views::{PostgresTransaction, PostgresViews};
