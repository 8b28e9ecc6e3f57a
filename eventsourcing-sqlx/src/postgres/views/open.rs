//! The tables of views in PostgreSQL: looked up, and created or migrated where that is allowed.

use eventsourcing_core::ViewError;
use sqlx::PgPool;

use super::session::Session;
use crate::config::PostgresViewsConfig;
use crate::sql::projections::positions::POSTGRES_ONLY;
use crate::sql::projections::{audit, dead_letters, versions};
use crate::views::{ProjectionTables, Session as _, failed};

/// The place of the table of versions among those that are looked up.
const VERSIONS: usize = 2;

/// Makes sure that the tables exist. Returns the database and the schema that they are in.
pub(super) async fn prepare(pool: &PgPool, config: &PostgresViewsConfig) -> Result<String, ViewError> {
    let failed = failed::<Session>("create the tables of positions and dead letters");
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
    limit.on(sqlx::query(POSTGRES_ONLY.lock).execute(&mut *session)).await.map_err(failed)?;
    // another process may have created them meanwhile
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

async fn look(session: &mut Session, config: &PostgresViewsConfig) -> sqlx::Result<(String, ProjectionTables)> {
    let limit = session.limit();
    // a role that creates tables creates them in the first schema of the path; one that may not uses those that exist
    let look = sqlx::query_as(POSTGRES_ONLY.look).bind(!config.create_table);
    let (schema, exist): (Option<String>, Vec<bool>) = limit.on(look.fetch_one(&mut **session)).await?;
    let version = if exist.get(VERSIONS) == Some(&true) {
        limit.on(sqlx::query_scalar(POSTGRES_ONLY.version).fetch_optional(&mut **session)).await?
    } else {
        None
    };
    let known = POSTGRES_ONLY.version_of_tables;
    let schema = schema.ok_or_else(|| sqlx::Error::Configuration(NO_SCHEMA.into()))?;
    let has_positions = exist.first() == Some(&true);
    let are_complete = exist.iter().all(|exists| *exists);
    Ok((schema, ProjectionTables { has_positions, are_complete, version, known }))
}

/// The statements that create the tables and migrate old ones. Each changes nothing where there is nothing to do.
fn statements() -> Vec<&'static str> {
    let letters = dead_letters::POSTGRES;
    let create = [POSTGRES_ONLY.create, letters.create, versions::POSTGRES.create, letters.create_resolved];
    let upgrade = letters.add_attempts.iter().chain(POSTGRES_ONLY.upgrade).copied();
    create.into_iter().chain([audit::POSTGRES.create]).chain(upgrade).collect()
}

const NO_SCHEMA: &str = "the search path of the views' connections names no schema that exists; create the schema, or open first the application \
     that stores its events there";

/// Whether the role lacks a privilege.
fn is_forbidden(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "42501")
}
