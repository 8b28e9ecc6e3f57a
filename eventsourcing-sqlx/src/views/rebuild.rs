//! Rebuilding views in databases: tables beside those that serve, and one transaction in which they take their place.

use std::io;
use std::time::Duration;

use eventsourcing_core::ViewError;
use eventsourcing_core::following::{ProjectionKey, RebuildError};
use tokio::time::timeout;

use super::versions::failed;
use crate::deadline::tellable;

/// A key for a task of its own.
struct OwnedKey {
    name: String,
    version: u32,
}

impl OwnedKey {
    fn rebuilt(&self) -> ProjectionKey<'_> {
        ProjectionKey::new(&self.name, self.version).rebuilt()
    }
}

/// Does this on a task of its own, which is not cut in half if whoever waits for it goes away, as [`uncut`](super::uncut).
///
/// After the longest time it is given up, as if the connection had broken.
async fn uncut<T, W, F>(key: ProjectionKey<'_>, longest: Option<Duration>, work: W) -> Result<T, RebuildError>
where
    T: Send + 'static,
    W: FnOnce(OwnedKey) -> F,
    F: Future<Output = Result<T, RebuildError>> + Send + 'static,
{
    let ProjectionKey { name, version, .. } = key;
    let work = work(OwnedKey { name: name.to_owned(), version });
    let done = tokio::spawn(within(longest, async { Ok(work.await) })).await;
    let done = done.map(|done| {
        done.unwrap_or_else(|no_answer| Err(failed(name, ViewError::Disconnected { source: no_answer.into() })))
    });
    done.unwrap_or_else(|ended| Err(failed(name, ViewError::Disconnected { source: ended.into() })))
}

/// What the database answers in time.
async fn within<T>(longest: Option<Duration>, answer: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    let Some(longest) = longest else { return answer.await };
    let no_answer = |_| sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the server did not answer in time"));
    timeout(tellable(longest), answer).await.unwrap_or_else(|elapsed| Err(no_answer(elapsed)))
}

/// All that the two databases do alike, with each one's own types and statements.
macro_rules! rebuilds {
    ($feature:literal, $module:ident, $views:ident, $transaction:ident, $connection:ident, $sql:ident, $condition:ident) => {
        #[cfg(feature = $feature)]
        pub(super) mod $module {
            use std::time::Duration;

            use eventsourcing_core::ViewError;
            use eventsourcing_core::following::{
                LONGEST_HOLD, ProjectionKey, RebuildError, RebuildableViews, Switched,
            };
            use eventsourcing_core::persistence::LogPosition;
            use sqlx::{AssertSqlSafe, $connection};
            use tokio::time::{Instant, sleep};

            use super::super::error::view_error;
            use super::super::versions::{
                Rebuild, StoredPosition, Versions, failed, is_lost, is_over, is_there, quoted,
            };
            use super::super::{$transaction, $views};
            use super::{uncut, within};
            use crate::condition::$condition as condition;
            use crate::sql::rebuilds::$sql as SQL;

            /// The version that serves.
            async fn serving(views: &$views, name: &str) -> Result<Option<u32>, ViewError> {
                let operation = "look up which version serves";
                let failed = |error| view_error(condition::of(&error), error, operation);
                let mut session = views.reading(operation).await?;
                let serving = sqlx::query_scalar(SQL.serving).bind(name).fetch_one(&mut *session);
                let serving: Option<i64> = within(views.longest(), serving).await.map_err(failed)?;
                session.done().await.map_err(failed)?;
                Ok(serving.map(crate::rows::from_projection_version).transpose()?)
            }

            /// Whether a version serves; it does not as long as none does.
            pub(in super::super) async fn serves(views: &$views, key: ProjectionKey<'_>) -> Result<bool, ViewError> {
                let Some(serving) = serving(views, key.name).await? else { return Ok(false) };
                Versions { serving: serving.into(), rebuilt: None }.check(key)?;
                Ok(true)
            }

            /// Makes sure that a version serves; whether it begins to.
            pub(in super::super) async fn claim(
                connection: &mut $connection,
                key: ProjectionKey<'_>,
            ) -> Result<bool, ViewError> {
                let failed = |error| view_error(condition::of(&error), error, "look up which version serves");
                let claim = sqlx::query(SQL.claim).bind(key.name).bind(i64::from(key.version));
                if claim.execute(&mut *connection).await.map_err(failed)?.rows_affected() == 0 {
                    let versions = look_up(connection, SQL.hold, key.name).await.map_err(failed)?;
                    versions.unwrap_or(Versions::FIRST).check(key)?;
                    return Ok(false);
                }
                if !has_begun(connection, key.name).await.map_err(failed)? {
                    return Ok(true);
                }
                Versions::FIRST.check(key)?;
                Ok(false)
            }

            /// Makes sure that this version may be changed until the transaction ends.
            pub(in super::super) async fn hold(
                connection: &mut $connection,
                key: ProjectionKey<'_>,
            ) -> Result<(), ViewError> {
                if !key.is_rebuilt {
                    return claim(connection, key).await.map(|_| ());
                }
                let failed = |error| view_error(condition::of(&error), error, "look up which version is rebuilt");
                let versions = look_up(connection, SQL.hold, key.name).await.map_err(failed)?;
                versions.unwrap_or(Versions::FIRST).check(key)
            }

            pub(in super::super) async fn look_up(
                connection: &mut $connection,
                statement: &'static str,
                name: &str,
            ) -> sqlx::Result<Option<Versions>> {
                let row: Option<(i64, Option<i64>)> =
                    sqlx::query_as(statement).bind(name).fetch_optional(connection).await?;
                Ok(row.map(|(serving, rebuilt)| Versions { serving, rebuilt }))
            }

            /// Whether the first version began before it was kept which version serves.
            pub(in super::super) async fn has_begun(connection: &mut $connection, name: &str) -> sqlx::Result<bool> {
                Ok(!positions(connection, SQL.positions, name).await?.is_empty())
            }

            async fn positions(
                connection: &mut $connection,
                statement: &'static str,
                key: &str,
            ) -> sqlx::Result<Vec<StoredPosition>> {
                sqlx::query_as(statement).bind(key).fetch_all(connection).await
            }

            /// The positions of a key, which nobody else moves until the transaction ends.
            async fn take_positions(connection: &mut $connection, key: &str) -> sqlx::Result<Vec<StoredPosition>> {
                if let Some(lock) = SQL.lock_positions {
                    sqlx::query(lock).bind(key).execute(&mut *connection).await?;
                }
                positions(connection, SQL.take_positions, key).await
            }

            async fn tables(connection: &mut $connection, prefix: &str) -> sqlx::Result<Vec<String>> {
                sqlx::query_scalar(SQL.tables).bind(prefix).fetch_all(connection).await
            }

            /// The tables that a rebuild made and that are there. Of one that began before it was kept which, all with its prefix.
            async fn made(connection: &mut $connection, key: ProjectionKey<'_>) -> sqlx::Result<Vec<String>> {
                let mut tables = tables(connection, &key.prefix()).await?;
                let made: Option<Option<String>> =
                    sqlx::query_scalar(SQL.made).bind(key.name).fetch_optional(connection).await?;
                if let Some(made) = made.flatten() {
                    tables.retain(|table| made.split('\n').any(|made| made == table));
                }
                Ok(tables)
            }

            async fn execute(connection: &mut $connection, statement: String) -> sqlx::Result<()> {
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await.map(|_| ())
            }

            async fn drop_tables(connection: &mut $connection, tables: &[String], end: &str) -> sqlx::Result<()> {
                if tables.is_empty() {
                    return Ok(());
                }
                let names: Vec<String> = tables.iter().map(|table| quoted(table)).collect();
                execute(connection, format!("DROP TABLE {}{end}", names.join(SQL.between_dropped))).await
            }

            impl RebuildableViews for $views {
                const HAS_TABLES: bool = true;

                async fn begin_rebuild(&self, key: ProjectionKey<'_>) -> Result<Option<$transaction>, RebuildError> {
                    let views = self.clone();
                    uncut(key, self.longest(), |key| async move { views.begin_rebuild_uncut(key.rebuilt()).await })
                        .await
                }

                async fn check_tables(
                    &self,
                    key: ProjectionKey<'_>,
                    transaction: &mut $transaction,
                ) -> Result<(), RebuildError> {
                    let prefix = key.prefix();
                    let made = tables(&mut transaction.transaction, &prefix).await;
                    let made = made.map_err(|error| {
                        failed(key.name, view_error(condition::of(&error), error, "look for tables"))
                    })?;
                    if made.is_empty() {
                        return Err(RebuildError::NoPrefix { name: key.name.to_owned(), prefix });
                    }
                    if let Some(table) = made.iter().find(|table| table.len() > SQL.longest_name) {
                        return Err(RebuildError::NameTooLong { table: table.clone(), longest: SQL.longest_name });
                    }
                    let keep = sqlx::query(SQL.set_tables).bind(key.name).bind(made.join("\n"));
                    let kept = keep.execute(&mut *transaction.transaction).await;
                    kept.map_err(|error| {
                        failed(key.name, view_error(condition::of(&error), error, "keep which tables were made"))
                    })?;
                    Ok(())
                }

                async fn serving_positions(&self, name: &str) -> Result<Vec<(String, LogPosition)>, RebuildError> {
                    let wrong = |error| failed(name, view_error(condition::of(&error), error, "look up how far it is"));
                    let serving = serving(self, name).await.map_err(|error| failed(name, error))?;
                    let key = ProjectionKey::new(name, serving.unwrap_or(1)).to_string();
                    let session = self.reading("look up how far it is").await;
                    let mut session = session.map_err(|error| failed(name, error))?;
                    let positions = sqlx::query_as(SQL.positions).bind(key).fetch_all(&mut *session);
                    let positions: Vec<StoredPosition> = within(self.longest(), positions).await.map_err(wrong)?;
                    session.done().await.map_err(wrong)?;
                    let positions = positions.into_iter().map(|(upstream, position, anchor)| {
                        crate::rows::log_position(position, anchor).map(|position| (upstream, position))
                    });
                    positions.collect::<Result<_, _>>().map_err(|error| failed(name, error.into()))
                }

                async fn switch(
                    &self,
                    key: ProjectionKey<'_>,
                    lost: &[(String, LogPosition)],
                ) -> Result<Switched, RebuildError> {
                    let views = self.clone();
                    let lost = lost.to_vec();
                    uncut(key, self.longest(), |key| async move {
                        match views.switch_uncut(key.rebuilt(), &lost).await {
                            // the row that is taken first waits for the commit, and tells what became of it
                            Err(RebuildError::View { source: ViewError::OutcomeUnknown { .. }, .. }) => {
                                views.switch_uncut(key.rebuilt(), &lost).await
                            }
                            switched => switched,
                        }
                    }).await
                }

                async fn abort_rebuild(&self, name: &str, version: Option<u32>) -> Result<Option<u32>, RebuildError> {
                    let views = self.clone();
                    let key = ProjectionKey::new(name, version.unwrap_or(1));
                    uncut(key, self.longest(), |key| async move { views.abort_uncut(&key.name, version, true).await }).await
                }
            }

            impl $views {
                async fn begin_rebuild_uncut(
                    &self,
                    key: ProjectionKey<'_>,
                ) -> Result<Option<$transaction>, RebuildError> {
                    let wrong = |error| failed(key.name, view_error(condition::of(&error), error, "begin a rebuild"));
                    let mut transaction =
                        self.transaction("begin a rebuild").await.map_err(|error| failed(key.name, error))?;
                    if has_begun(&mut transaction, key.name).await.map_err(wrong)? {
                        // unless it is kept already
                        let claim = sqlx::query(SQL.claim).bind(key.name).bind(1_i64);
                        claim.execute(&mut *transaction).await.map_err(wrong)?;
                    }
                    let Some(versions) = look_up(&mut transaction, SQL.take, key.name).await.map_err(wrong)? else {
                        return Err(RebuildError::NothingServes { name: key.name.to_owned() });
                    };
                    if versions.check_rebuild(key)? == Rebuild::GoesOn {
                        return Ok(None);
                    }
                    let prefix = key.prefix();
                    if let Some(table) = tables(&mut transaction, &prefix).await.map_err(wrong)?.pop() {
                        return Err(RebuildError::TableExists { table });
                    }
                    let begins = sqlx::query(SQL.set_rebuilt).bind(key.name).bind(i64::from(key.version));
                    begins.execute(&mut *transaction).await.map_err(wrong)?;
                    let beginning = self.beginning(transaction, key).await;
                    beginning.map(Some).map_err(|error| failed(key.name, error))
                }

                async fn switch_uncut(
                    &self,
                    key: ProjectionKey<'_>,
                    lost: &[(String, LogPosition)],
                ) -> Result<Switched, RebuildError> {
                    let wrong = |error| {
                        failed(key.name, view_error(condition::of(&error), error, "switch to what was rebuilt"))
                    };
                    let mut transaction = self
                        .transaction("switch to what was rebuilt")
                        .await
                        .map_err(|error| failed(key.name, error))?;
                    let connection = &mut *transaction;
                    execute(connection, SQL.before_dropping.to_owned()).await.map_err(wrong)?;
                    let versions = look_up(connection, SQL.take, key.name).await.map_err(wrong)?;
                    let versions = versions.ok_or_else(|| is_over(key))?;
                    if !versions.check_switch(key)? {
                        return Ok(Switched::Done);
                    }
                    let serving = versions.serving().map_err(|error| failed(key.name, error))?;
                    let (old, new) = (ProjectionKey::new(key.name, serving).to_string(), key.serving().to_string());
                    let rebuilt = key.rebuilt().to_string();
                    // from here on nothing of what serves moves
                    let mut serving = take_positions(connection, &old).await.map_err(wrong)?;
                    serving.retain(|serving| !is_lost(serving, lost));
                    let deadline = Instant::now() + LONGEST_HOLD;
                    while !is_there(&serving, &positions(connection, SQL.positions, &rebuilt).await.map_err(wrong)?) {
                        if !SQL.others_move || Instant::now() > deadline {
                            transaction.rollback();
                            return Ok(Switched::Behind);
                        }
                        sleep(Duration::from_millis(2)).await;
                    }
                    take_positions(connection, &rebuilt).await.map_err(wrong)?;
                    replace_tables(connection, key).await.map_err(wrong)?;
                    let serves = sqlx::query(SQL.set_serving).bind(key.name).bind(i64::from(key.version));
                    serves.execute(&mut *connection).await.map_err(wrong)?;
                    for forget in SQL.forget {
                        sqlx::query(*forget).bind(&old).execute(&mut *connection).await.map_err(wrong)?;
                    }
                    for rename in SQL.rename {
                        sqlx::query(*rename)
                            .bind(&rebuilt)
                            .bind(&new)
                            .execute(&mut *connection)
                            .await
                            .map_err(wrong)?;
                    }
                    transaction.commit().await.map_err(|error| failed(key.name, error))?;
                    Ok(Switched::Done)
                }

                async fn abort_uncut(&self, name: &str, version: Option<u32>, is_first: bool) -> Result<Option<u32>, RebuildError> {
                    let wrong = |error| failed(name, view_error(condition::of(&error), error, "abort a rebuild"));
                    let mut transaction =
                        self.transaction("abort a rebuild").await.map_err(|error| failed(name, error))?;
                    let Some(versions) = look_up(&mut transaction, SQL.take, name).await.map_err(wrong)? else {
                        return Ok(None);
                    };
                    let Some(under_way) = versions.rebuilt().map_err(|error| failed(name, error))? else {
                        return Ok(None);
                    };
                    if version.is_some_and(|version| version != under_way) {
                        return Ok(None);
                    }
                    let key = ProjectionKey::new(name, under_way).rebuilt();
                    // a transaction that was dropped moves the position no more, and lets go of the tables
                    take_positions(&mut transaction, &key.to_string()).await.map_err(wrong)?;
                    execute(&mut transaction, SQL.before_dropping.to_owned()).await.map_err(wrong)?;
                    let rebuilt = made(&mut transaction, key).await.map_err(wrong)?;
                    drop_tables(&mut transaction, &rebuilt, SQL.after_dropped).await.map_err(wrong)?;
                    let none = sqlx::query(SQL.set_rebuilt).bind(name).bind(None::<i64>);
                    none.execute(&mut *transaction).await.map_err(wrong)?;
                    for forget in SQL.forget {
                        sqlx::query(*forget).bind(key.to_string()).execute(&mut *transaction).await.map_err(wrong)?;
                    }
                    match transaction.commit().await {
                        Ok(()) => Ok(Some(under_way)),
                        Err(ViewError::OutcomeUnknown { source }) if is_first => {
                            tracing::debug!(%source, "the commit of an abort was lost, and is looked for");
                            let again = Box::pin(self.abort_uncut(name, Some(under_way), false)).await?;
                            Ok(again.or(Some(under_way)))
                        }
                        Err(error) => Err(failed(name, error)),
                    }
                }
            }

            /// Drops the tables that are replaced, and gives their names to those that replace them.
            async fn replace_tables(connection: &mut $connection, key: ProjectionKey<'_>) -> sqlx::Result<()> {
                let rebuilt = made(connection, key).await?;
                let prefix = &key.prefix();
                let mut replaced = Vec::new();
                for name in rebuilt.iter().filter_map(|table| table.strip_prefix(prefix)) {
                    let serving = sqlx::query_scalar(SQL.table).bind(name).fetch_optional(&mut *connection);
                    replaced.extend(serving.await?);
                }
                drop_tables(connection, &replaced, "").await?;
                for table in &rebuilt {
                    let Some(name) = table.strip_prefix(prefix) else { continue };
                    let rename = format!("ALTER TABLE {} RENAME TO {}", quoted(table), quoted(name));
                    execute(connection, rename).await?;
                }
                Ok(())
            }
        }
    };
}

rebuilds!("postgres", in_postgres, PostgresViews, PostgresTransaction, PgConnection, POSTGRES, postgres);
rebuilds!("sqlite", in_sqlite, SqliteViews, SqliteTransaction, SqliteConnection, SQLITE, sqlite);
