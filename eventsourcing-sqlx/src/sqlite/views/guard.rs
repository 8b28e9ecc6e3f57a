//! The guard of the live tables against handlers of a rebuild that do not ask for the names of tables.

use eventsourcing_core::ViewError;
use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::errors::sqlite::kind_of;
use crate::sql::projections::versions::{SQLITE, SQLITE_ONLY};
use crate::sql::quoted;
use crate::views::view_error;

/// Forbids writes to live tables on this connection, by temporary triggers that only this connection has. They are rolled back with the
/// transaction.
pub(super) async fn guard(connection: &mut SqliteConnection, prefix: &str) -> Result<(), ViewError> {
    let failed = |error| view_error(kind_of(&error), error, "guard the live tables");
    let rebuilt = sqlx::query_scalar(SQLITE.tables).bind(prefix);
    let rebuilt: Vec<String> = rebuilt.fetch_all(&mut *connection).await.map_err(failed)?;
    for live in rebuilt.iter().filter_map(|table| table.strip_prefix(prefix)) {
        let found: Option<String> =
            sqlx::query_scalar(SQLITE.table).bind(live).fetch_optional(&mut *connection).await.map_err(failed)?;
        if found.is_none() {
            continue;
        }
        let message = ViewError::LiveTable { table: live.to_owned() }.to_string().replace('\'', "''");
        for verb in ["INSERT", "UPDATE", "DELETE"] {
            let name = quoted(&format!("{}{verb}_{live}", SQLITE_ONLY.guard));
            let table = quoted(live);
            let trigger = format!(
                "CREATE TEMP TRIGGER {name} BEFORE {verb} ON main.{table} BEGIN SELECT RAISE(ABORT, '{message}'); END"
            );
            sqlx::raw_sql(AssertSqlSafe(trigger)).execute(&mut *connection).await.map_err(failed)?;
        }
    }
    Ok(())
}

/// Removes the guards, before the connection is used by others.
pub(super) async fn unguard(connection: &mut SqliteConnection) -> Result<(), ViewError> {
    let failed = |error| view_error(kind_of(&error), error, "remove the guards of the live tables");
    let guards: Vec<String> =
        sqlx::query_scalar(SQLITE_ONLY.guards).fetch_all(&mut *connection).await.map_err(failed)?;
    for guard in guards {
        let drop = format!("DROP TRIGGER temp.{}", quoted(&guard));
        sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut *connection).await.map_err(failed)?;
    }
    Ok(())
}
