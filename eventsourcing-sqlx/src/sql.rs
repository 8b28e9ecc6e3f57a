//! Every SQL statement: each is one field of a struct, with one value per dialect.

mod identifier;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
pub(crate) mod projections;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
mod statements;

pub(crate) use self::identifier::quoted;
pub(crate) use self::statements::{Sql, Statements};
