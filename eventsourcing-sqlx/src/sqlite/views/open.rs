//! The tables of views in SQLite: looked up, and created or migrated where that is allowed.

use eventsourcing_core::ViewError;
use sqlx::{Row as _, SqliteConnection, SqlitePool};

use super::session::Session;
use crate::config::SqliteViewsConfig;
use crate::sql::projections::positions::SQLITE_ONLY;
use crate::sql::projections::{audit, dead_letters, versions as projection_versions};
use crate::views::{ProjectionTables, Session as _, failed};

/// Makes sure that the tables exist. Returns the path of the file, which is empty if the database is in memory.
pub(super) async fn prepare(pool: &SqlitePool, config: SqliteViewsConfig) -> Result<String, ViewError> {
    let failed = failed::<Session>("create the tables of positions and dead letters");
    let mut session = Session::reading(pool).await.map_err(failed)?;
    let file: String = sqlx::query_scalar(SQLITE_ONLY.file).fetch_one(&mut *session).await.map_err(failed)?;
    let (tables, sql) = look(&mut session).await.map_err(failed)?;
    if tables.check()? {
        return Ok(file);
    }
    if !config.create_table {
        return Err(tables.missing(if file.is_empty() { "memory" } else { &file }, &sql));
    }
    drop(session);
    let mut session = Session::begin(pool).await.map_err(failed)?;
    // another process may have created them meanwhile
    let (tables, sql) = look(&mut session).await.map_err(failed)?;
    if !tables.check()? {
        for statement in sql {
            sqlx::query(statement).execute(&mut *session).await.map_err(failed)?;
        }
    }
    session.commit().await?;
    Ok(file)
}

/// The tables, and the statements that create or migrate them.
async fn look(connection: &mut SqliteConnection) -> sqlx::Result<(ProjectionTables, Vec<&'static str>)> {
    let row = sqlx::query(SQLITE_ONLY.tables).fetch_one(&mut *connection).await?;
    let is = |column: usize| row.try_get::<bool, _>(column);
    let (positions, letters, versions, resolved, audited) = (is(0)?, is(1)?, is(2)?, is(3)?, is(4)?);
    let (has_anchor, has_tables, has_attempts) = (is(5)?, is(6)?, is(7)?);
    let version =
        if versions { sqlx::query_scalar(SQLITE_ONLY.version).fetch_optional(connection).await? } else { None };
    let create = [SQLITE_ONLY.create, dead_letters::SQLITE.create, projection_versions::SQLITE.create];
    let create = create.into_iter().chain([dead_letters::SQLITE.create_resolved, audit::SQLITE.create]);
    let add_anchor = (positions && !has_anchor).then_some(SQLITE_ONLY.add_anchor);
    let add_tables = (versions && !has_tables).then_some(SQLITE_ONLY.add_tables);
    let add_attempts = (letters && !has_attempts).then_some(dead_letters::SQLITE.add_attempts);
    let add_attempts = add_attempts.into_iter().flatten().copied();
    let set_version = [SQLITE_ONLY.set_version];
    let statements = create.chain(add_anchor).chain(add_tables).chain(add_attempts).chain(set_version).collect();
    let are_complete = positions && letters && versions && resolved && audited;
    let known = SQLITE_ONLY.version_of_tables;
    Ok((ProjectionTables { has_positions: positions, are_complete, version, known }, statements))
}
