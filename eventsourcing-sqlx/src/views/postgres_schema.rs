//! The tables of views in PostgreSQL: looked at, and made or changed where that is allowed.

use eventsourcing_core::ViewError;
use sqlx::PgPool;

use super::error::view_error;
use super::postgres_session::Session;
use super::schema::{Tables, is_forbidden};
use crate::condition::postgres as condition;
use crate::config::PostgresViewsConfig;
use crate::sql::views::POSTGRES;
use crate::sql::{letters, rebuilds};

/// Makes sure that the tables are there; the database and the schema that they are in.
pub(super) async fn prepare(pool: &PgPool, config: &PostgresViewsConfig) -> Result<String, ViewError> {
    let failed = |error| view_error(condition::of(&error), error, "make the tables of positions and dead letters");
    let mut session = Session::begin(pool, config).await.map_err(failed)?;
    let limit = session.limit();
    let (schema, tables) = look(&mut session, config).await.map_err(failed)?;
    let sql = statements();
    if tables.check()? {
        session.rollback();
        return Ok(schema);
    }
    if !config.create_table {
        session.rollback();
        return Err(tables.missing(&schema, &sql));
    }
    limit.on(sqlx::query(POSTGRES.lock).execute(&mut *session)).await.map_err(failed)?;
    // others may have made them meanwhile
    let (_, tables) = look(&mut session, config).await.map_err(failed)?;
    if !tables.check()? {
        for statement in &sql {
            match limit.on(sqlx::query(*statement).execute(&mut *session)).await {
                Ok(_) => {}
                Err(error) if is_forbidden(&error) => return Err(tables.missing(&schema, &sql)),
                Err(error) => return Err(failed(error)),
            }
        }
    }
    session.commit().await?;
    Ok(schema)
}

async fn look(session: &mut Session, config: &PostgresViewsConfig) -> sqlx::Result<(String, Tables)> {
    let limit = session.limit();
    // who makes tables makes them in the first schema of the path; who may not uses what there is
    let look = sqlx::query_as(POSTGRES.look).bind(!config.create_table);
    let (schema, positions, letters, versions): (String, bool, bool, bool) =
        limit.on(look.fetch_one(&mut **session)).await?;
    let version = if versions {
        limit.on(sqlx::query_scalar(POSTGRES.version).fetch_optional(&mut **session)).await?
    } else {
        None
    };
    Ok((schema, Tables { are_there: [positions, letters, versions], version, known: POSTGRES.version_of_tables }))
}

/// What makes the tables, and makes old ones into those of now: each statement changes nothing where there is nothing to be done.
fn statements() -> Vec<&'static str> {
    let create = [POSTGRES.create, letters::POSTGRES.create, rebuilds::POSTGRES.create];
    create.into_iter().chain(POSTGRES.upgrade.iter().copied()).collect()
}
