//! What a server says about a database and about itself, without the type of any application.

use eventsourcing_core::{RecorderError, Timestamp};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::answer_timeout;
use super::error::{connect_timeout, open_error, recorder_error, silent_error};
use crate::config::PostgresConfig;
use crate::errors::check_runtime;
use crate::postgres::connect;
use crate::report::{DatabaseReport, DatabaseSetting, MissingIndex, RecordedApplication, Replica, UnusedSlot};
use crate::rows::from_id;
use crate::schema::TableName;
use crate::sql::postgres::PostgresSql;
use crate::sql::postgres::report as sql;
use crate::time_limit::timeout;

/// The settings that are reported.
const SETTINGS: [&str; 8] = [
    "data_checksums",
    "default_transaction_read_only",
    "fsync",
    "full_page_writes",
    "max_connections",
    "server_encoding",
    "synchronous_commit",
    "synchronous_standby_names",
];

/// The limit of the whole report, as a multiple of that of an answer.
const STATEMENTS: u32 = 3;

/// What operation failed, in errors.
const OPERATION: &str = "look into the database";

type ServerRow = (String, i64, i64, bool, Option<i64>);
type ReplicaRow = (String, String, String, Option<i64>);
type HeadRow = (i64, i64, Option<String>);

impl PostgresConfig {
    /// Returns what the server says about the database and about itself: the applications whose tables the schema has, settings, standbys.
    ///
    /// It needs one connection, and no privilege but to connect. Tables that the role may not read are listed by the names of the tables.
    ///
    /// # Errors
    /// [`RecorderError::Open`] if the server cannot be reached or does not answer in time, and the errors of its statements.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # mod eventsourcing { pub use eventsourcing_core::*; pub use eventsourcing_sqlx as database; }
    /// use eventsourcing::database::PostgresConfig;
    ///
    /// # async fn example() -> Result<(), eventsourcing_core::RecorderError> {
    /// let report = PostgresConfig::new("shop", "localhost", "ada").report().await?;
    /// for application in &report.applications {
    ///     println!("{} {:?}", application.name, application.last_position);
    /// }
    /// assert_eq!(report.setting("fsync"), Some("on"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn report(&self) -> Result<DatabaseReport, RecorderError> {
        check_runtime(|| self.name())?;
        self.check()?;
        let mut options = connect::options("eventsourcing report", self);
        if self.transaction_pooling {
            options = options.extra_float_digits(None).statement_cache_capacity(0);
        }
        let connecting = timeout(self.connect_timeout, PgConnection::connect_with(&options)).await;
        let connection = connecting.map_err(|_| connect_timeout(self))?.map_err(|error| open_error(error, self))?;
        let limit = answer_timeout::limit(self).saturating_mul(STATEMENTS);
        let report = timeout(limit, self.look(connection)).await.map_err(|_| silent_error(self, limit))?;
        report.map_err(|error| recorder_error(error, OPERATION, self))
    }

    /// Looks in one transaction, which keeps the session behind a pooler. It is never committed.
    async fn look(&self, mut connection: PgConnection) -> sqlx::Result<DatabaseReport> {
        let mut session = connection.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY").await?;
        let (version, time, bytes, is_standby, connections): ServerRow =
            sqlx::query_as(sql::SERVER).persistent(false).fetch_one(&mut *session).await?;
        let settings: Vec<(String, String)> =
            sqlx::query_as(sql::SETTINGS).persistent(false).bind(&SETTINGS[..]).fetch_all(&mut *session).await?;
        let replicas: Vec<ReplicaRow> =
            sqlx::query_as(sql::REPLICAS).persistent(false).fetch_all(&mut *session).await?;
        let slots: Vec<(String, Option<i64>)> =
            sqlx::query_as(sql::UNUSED_SLOTS).persistent(false).fetch_all(&mut *session).await?;
        let applications = self.applications(&mut session).await?;
        let number = |number: i64| u64::try_from(number).ok();
        let report = DatabaseReport {
            database: self.name(),
            version,
            time: Timestamp::from_microsecond(time).unwrap_or_else(|_| Timestamp::now()),
            bytes: number(bytes).unwrap_or_default(),
            free_bytes: None,
            is_standby,
            connections: connections.and_then(number),
            settings: settings.into_iter().map(|(name, value)| DatabaseSetting::new(name, value)).collect(),
            replicas: replicas
                .into_iter()
                .map(|(name, state, sync_state, behind)| Replica {
                    name,
                    state,
                    sync_state,
                    behind: behind.and_then(number),
                })
                .collect(),
            unused_slots: slots
                .into_iter()
                .map(|(name, kept)| UnusedSlot { name, kept: kept.and_then(number) })
                .collect(),
            applications,
        };
        session.rollback().await?;
        // the server closes it too if this fails
        drop(connection.close().await);
        Ok(report)
    }

    async fn applications(&self, session: &mut PgConnection) -> sqlx::Result<Vec<RecordedApplication>> {
        let heads: Vec<(String, bool)> =
            sqlx::query_as(sql::HEADS).persistent(false).bind(&self.schema).fetch_all(&mut *session).await?;
        let mut applications = Vec::with_capacity(heads.len());
        for (prefix, is_readable) in heads {
            // others have tables with such names too
            let Ok(name) = TableName::of(&prefix) else { continue };
            if is_readable {
                applications.extend(self.application(session, &name).await?);
            } else {
                let (schema_version, last_position, missing_indexes) = (None, None, Vec::new());
                let name = name.application().to_owned();
                applications.push(RecordedApplication { name, schema_version, last_position, missing_indexes });
            }
        }
        applications.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(applications)
    }

    /// The application with this prefix; none if its head has no row.
    async fn application(
        &self,
        session: &mut PgConnection,
        name: &TableName,
    ) -> sqlx::Result<Option<RecordedApplication>> {
        let statements = PostgresSql::of(name, &self.schema);
        let head: Option<HeadRow> = sqlx::query_as(AssertSqlSafe(statements.head_of_any_version()))
            .persistent(false)
            .fetch_optional(&mut *session)
            .await?;
        let Some((version, last, owner)) = head else { return Ok(None) };
        let indexes: Vec<(String, String)> = sqlx::query_as(sql::INDEXES)
            .persistent(false)
            .bind(&self.schema)
            .bind(name.events())
            .fetch_all(&mut *session)
            .await?;
        let is_there = |expected: &str| indexes.iter().any(|(name, _)| name == expected);
        let required = statements.indexes(version).into_iter().filter(|(name, _)| !is_there(name));
        let mut missing_indexes: Vec<MissingIndex> =
            required.map(|(name, sql)| MissingIndex { name, sql, is_optional: false }).collect();
        if !indexes.iter().any(|(_, definition)| sql::is_topic_index(definition)) {
            let (name, sql) = statements.topic_index();
            missing_indexes.push(MissingIndex { name, sql, is_optional: true });
        }
        Ok(Some(RecordedApplication {
            name: owner.unwrap_or_else(|| name.application().to_owned()),
            schema_version: Some(version),
            last_position: from_id(last).ok(),
            missing_indexes,
        }))
    }
}
