//! Columns of rows, read without a copy where that is possible.

use rusqlite::Row;
use rusqlite::types::{Type, ValueRef};
use uuid::Uuid;

/// A column of 16 bytes.
pub(super) fn uuid(row: &Row<'_>, column: usize) -> Result<Uuid, rusqlite::Error> {
    let bytes = blob(row, column)?;
    Uuid::from_slice(bytes)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, Box::new(error)))
}

/// A column of 16 bytes, or NULL.
pub(super) fn uuid_if_any(row: &Row<'_>, column: usize) -> Result<Option<Uuid>, rusqlite::Error> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        _ => uuid(row, column).map(Some),
    }
}

/// A column of bytes.
pub(super) fn blob<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r [u8], rusqlite::Error> {
    match row.get_ref(column)? {
        ValueRef::Blob(bytes) => Ok(bytes),
        other => Err(wrong_type(row, column, other)),
    }
}

/// A column of text.
pub(super) fn text<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r str, rusqlite::Error> {
    match row.get_ref(column)? {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).map_err(|error| rusqlite::Error::Utf8Error(column, error)),
        other => Err(wrong_type(row, column, other)),
    }
}

fn wrong_type(row: &Row<'_>, column: usize, found: ValueRef<'_>) -> rusqlite::Error {
    let name = row.as_ref().column_name(column).map(str::to_owned).unwrap_or_default();
    rusqlite::Error::InvalidColumnType(column, name, found.data_type())
}
