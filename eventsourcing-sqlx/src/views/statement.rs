//! Statements and rows of both databases: the values to bind, and the columns to read.

use sqlx::query::Query;
use sqlx::{ColumnIndex, Database, Decode, Encode, Row, Type};
use uuid::Uuid;

/// A value of a statement.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'v> {
    Text(Option<&'v str>),
    Number(Option<i64>),
    Uuid(Option<Uuid>),
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'v> From<&'v String> for Value<'v> {
    fn from(text: &'v String) -> Self {
        Self::Text(Some(text))
    }
}

impl<'v> From<&'v Option<String>> for Value<'v> {
    fn from(text: &'v Option<String>) -> Self {
        Self::Text(text.as_deref())
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<Uuid>> for Value<'_> {
    fn from(uuid: Option<Uuid>) -> Self {
        Self::Uuid(uuid)
    }
}

/// A statement with its values.
pub(crate) fn query<DB>(
    statement: &'static str,
    values: &[Value<'_>],
) -> Query<'static, DB, <DB as Database>::Arguments>
where
    DB: Database,
    for<'v> Option<&'v str>: Encode<'v, DB> + Type<DB>,
    Option<i64>: for<'v> Encode<'v, DB> + Type<DB>,
    Option<Uuid>: for<'v> Encode<'v, DB> + Type<DB>,
{
    values.iter().fold(sqlx::query::<DB>(statement), |query, value| match *value {
        Value::Text(text) => query.bind(text),
        Value::Number(number) => query.bind(number),
        Value::Uuid(uuid) => query.bind(uuid),
    })
}

/// A row whose columns are read by their number.
pub(crate) trait Columns {
    fn text(&self, column: usize) -> sqlx::Result<String>;

    fn text_if_any(&self, column: usize) -> sqlx::Result<Option<String>>;

    fn number(&self, column: usize) -> sqlx::Result<i64>;

    fn number_if_any(&self, column: usize) -> sqlx::Result<Option<i64>>;

    fn uuid(&self, column: usize) -> sqlx::Result<Uuid>;

    fn uuid_if_any(&self, column: usize) -> sqlx::Result<Option<Uuid>>;
}

impl<R: Row> Columns for R
where
    usize: ColumnIndex<R>,
    String: for<'r> Decode<'r, R::Database> + Type<R::Database>,
    i64: for<'r> Decode<'r, R::Database> + Type<R::Database>,
    Uuid: for<'r> Decode<'r, R::Database> + Type<R::Database>,
{
    fn text(&self, column: usize) -> sqlx::Result<String> {
        self.try_get(column)
    }

    fn text_if_any(&self, column: usize) -> sqlx::Result<Option<String>> {
        self.try_get(column)
    }

    fn number(&self, column: usize) -> sqlx::Result<i64> {
        self.try_get(column)
    }

    fn number_if_any(&self, column: usize) -> sqlx::Result<Option<i64>> {
        self.try_get(column)
    }

    fn uuid(&self, column: usize) -> sqlx::Result<Uuid> {
        self.try_get(column)
    }

    fn uuid_if_any(&self, column: usize) -> sqlx::Result<Option<Uuid>> {
        self.try_get(column)
    }
}

/// A value that is read from a row, column by column.
pub(crate) trait FromColumns: Sized + Send {
    fn from_columns(row: &impl Columns) -> sqlx::Result<Self>;
}

/// The values of rows, in their order.
pub(crate) fn read_rows<T: FromColumns>(rows: &[impl Columns]) -> sqlx::Result<Vec<T>> {
    rows.iter().map(T::from_columns).collect()
}
