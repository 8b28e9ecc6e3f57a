//! Views in SQL databases: what both databases do alike.
//!
//! A database implements [`ViewsDatabase`] and [`Session`], which have a few methods each. The functions of [`calls`],
//! [`letters`], [`rebuild`] and [`switch`], and the methods of [`Transaction`], do the rest for both. `forward_views` implements
//! the public traits by forwarding to them.

pub(crate) mod audit;
pub(crate) mod calls;
pub(crate) mod catalogue;
mod error;
mod forward;
pub(crate) mod letters;
mod live_version;
mod position;
mod position_key;
mod projection_tables;
pub(crate) mod rebuild;
mod rebuild_tables;
mod session;
mod statement;
pub(crate) mod switch;
mod task;
mod transaction;
mod versions;

pub(crate) use self::error::commit_error;
#[cfg(feature = "sqlite")]
pub(crate) use self::error::view_error;
pub(crate) use self::forward::forward_views;
pub(crate) use self::live_version::hold;
#[cfg(feature = "postgres")]
pub(crate) use self::live_version::{has_begun, look_up};
#[cfg(feature = "postgres")]
pub(crate) use self::position::{lock, recorded};
pub(crate) use self::position_key::PositionKey;
pub(crate) use self::projection_tables::ProjectionTables;
pub(crate) use self::session::{Session, ViewsDatabase, failed, is_missing_table, is_timeout, is_transient};
pub(crate) use self::statement::{FromColumns, Value, query, read_rows};
pub(crate) use self::task::check_runtime;
#[cfg(feature = "postgres")]
pub(crate) use self::task::uninterrupted;
pub(crate) use self::transaction::Transaction;
#[cfg(feature = "postgres")]
pub(crate) use self::versions::Versions;
