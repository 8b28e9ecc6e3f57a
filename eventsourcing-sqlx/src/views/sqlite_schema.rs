//! The tables of views in SQLite: looked at, and made or changed where that is allowed.

use eventsourcing_core::ViewError;
use sqlx::{SqliteConnection, SqlitePool};

use super::error::view_error;
use super::schema::Tables;
use super::sqlite_session::Session;
use crate::condition::sqlite as condition;
use crate::config::SqliteViewsConfig;
use crate::sql::views::SQLITE;
use crate::sql::{letters, rebuilds};

/// Makes sure that the tables are there; the path of the file, which is empty if it is in memory.
pub(super) async fn prepare(pool: &SqlitePool, config: SqliteViewsConfig) -> Result<String, ViewError> {
    let failed = |error| view_error(condition::of(&error), error, "make the tables of positions and dead letters");
    let mut session = Session::reading(pool).await.map_err(failed)?;
    let file: String = sqlx::query_scalar(SQLITE.file).fetch_one(&mut *session).await.map_err(failed)?;
    let (tables, sql) = look(&mut session).await.map_err(failed)?;
    if tables.check()? {
        return Ok(file);
    }
    if !config.create_table {
        return Err(tables.missing(if file.is_empty() { "memory" } else { &file }, &sql));
    }
    drop(session);
    let mut session = Session::begin(pool).await.map_err(failed)?;
    // others may have made them meanwhile
    let (tables, sql) = look(&mut session).await.map_err(failed)?;
    if !tables.check()? {
        for statement in sql {
            sqlx::query(statement).execute(&mut *session).await.map_err(failed)?;
        }
    }
    session.commit().await?;
    Ok(file)
}

/// The tables, and what makes them, or old ones into those of now.
async fn look(connection: &mut SqliteConnection) -> sqlx::Result<(Tables, Vec<&'static str>)> {
    let (positions, letters, versions, has_anchor, has_tables): (bool, bool, bool, bool, bool) =
        sqlx::query_as(SQLITE.tables).fetch_one(&mut *connection).await?;
    let version = if versions { sqlx::query_scalar(SQLITE.version).fetch_optional(connection).await? } else { None };
    let create = [SQLITE.create, letters::SQLITE.create, rebuilds::SQLITE.create];
    let add_anchor = (positions && !has_anchor).then_some(SQLITE.add_anchor);
    let add_tables = (versions && !has_tables).then_some(SQLITE.add_tables);
    let statements = create.into_iter().chain(add_anchor).chain(add_tables).chain([SQLITE.set_version]).collect();
    Ok((Tables { are_there: [positions, letters, versions], version, known: SQLITE.version_of_tables }, statements))
}
