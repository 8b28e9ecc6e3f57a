//! The tables of an application: their names, their version, and which of them exist.

mod application_tables;
mod table_name;
mod version;

pub(crate) use self::application_tables::{ApplicationTables, TablesRow, no_head_row};
pub(crate) use self::table_name::TableName;
pub(crate) use self::version::{SCHEMA_VERSION, is_old, outdated};
