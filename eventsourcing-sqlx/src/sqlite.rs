//! SQLite: the recorder, and the views.

mod recorder;
mod view_locks;
mod views;

pub use self::recorder::SqliteRecorder;
pub use self::views::{SqliteTransaction, SqliteViews};
