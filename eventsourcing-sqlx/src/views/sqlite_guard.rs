//! What serves is guarded against handlers of a rebuild that do not ask for the names of tables.

use eventsourcing_core::ViewError;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::error::view_error;
use super::versions::quoted;
use crate::condition::sqlite as condition;
use crate::sql::rebuilds::{SQLITE, SQLITE_ONLY};

/// Lets nobody write to what serves through this connection: by triggers that others do not see, and that go with the transaction.
pub(super) async fn guard(connection: &mut SqliteConnection, prefix: &str) -> Result<(), ViewError> {
    let failed = |error| view_error(condition::of(&error), error, "guard what serves");
    let rebuilt = sqlx::query_scalar(SQLITE.tables).bind(prefix);
    let rebuilt: Vec<String> = rebuilt.fetch_all(&mut *connection).await.map_err(failed)?;
    for serving in rebuilt.iter().filter_map(|table| table.strip_prefix(prefix)) {
        let is_there: Option<String> =
            sqlx::query_scalar(SQLITE.table).bind(serving).fetch_optional(&mut *connection).await.map_err(failed)?;
        if is_there.is_none() {
            continue;
        }
        let said = ViewError::ServingTable { table: serving.to_owned() }.to_string().replace('\'', "''");
        for verb in ["INSERT", "UPDATE", "DELETE"] {
            let name = quoted(&format!("{}{verb}_{serving}", SQLITE_ONLY.guard));
            let table = quoted(serving);
            let trigger = format!(
                "CREATE TEMP TRIGGER {name} BEFORE {verb} ON main.{table} BEGIN SELECT RAISE(ABORT, '{said}'); END"
            );
            sqlx::raw_sql(AssertSqlSafe(trigger)).execute(&mut *connection).await.map_err(failed)?;
        }
    }
    Ok(())
}

/// Takes the guards away, before the connection is somebody else's.
pub(super) async fn unguard(connection: &mut SqliteConnection) -> Result<(), ViewError> {
    let failed = |error| view_error(condition::of(&error), error, "leave what serves unguarded");
    let guards: Vec<String> =
        sqlx::query_scalar(SQLITE_ONLY.guards).fetch_all(&mut *connection).await.map_err(failed)?;
    for guard in guards {
        let drop = format!("DROP TRIGGER temp.{}", quoted(&guard));
        sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut *connection).await.map_err(failed)?;
    }
    Ok(())
}
