//! Selecting: rows are decoded as they stream in.

use eventsourcing_core::persistence::{EventQuery, NotificationQuery};
use eventsourcing_core::{Notification, RecorderError, StoredEvent};
use futures::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::QueryAs;
use sqlx::{Connection, FromRow, PgConnection, Postgres};
use uuid::Uuid;

use super::Inner;
use super::error::{Fault, fault};
use crate::rows::{self, EventRow, NotificationRow};

impl Inner {
    pub(super) async fn select_events(&self, query: &EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        let statements = &self.sql.common;
        let statement = if query.descending { &statements.events_descending } else { &statements.events };
        let select = || {
            sqlx::query_as::<_, EventRow>(statement.text())
                .bind(query.originator_id)
                .bind(rows::to_after(query.after))
                .bind(rows::to_up_to(query.up_to))
                .bind(rows::to_count(query.limit.unwrap_or(usize::MAX)))
        };
        self.select("select events", select, rows::event).await
    }

    pub(super) async fn select_notifications(
        &self,
        query: &NotificationQuery,
    ) -> Result<Vec<Notification>, RecorderError> {
        let statements = &self.sql.common;
        let statement =
            if query.topics.is_empty() { &statements.notifications } else { &statements.notifications_of_topics };
        let select = || {
            let select = sqlx::query_as::<_, NotificationRow>(statement.text())
                .bind(rows::to_bound(query.after))
                .bind(rows::to_up_to(query.up_to))
                .bind(rows::to_count(query.limit));
            if query.topics.is_empty() { select } else { select.bind(&query.topics) }
        };
        self.select("select notifications", select, rows::notification).await
    }

    pub(super) async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        let select = || sqlx::query_as::<_, (i64,)>(self.sql.common.last.text());
        let last = self.select("read the last notification id", select, |(id,)| rows::from_id(id)).await?;
        match last.first() {
            Some(last) => Ok(Some(*last).filter(|last| *last > 0)),
            None => self.first_of(&[], 1).map(Some),
        }
    }

    /// The last version of an aggregate that is recorded.
    pub(super) async fn last_version(&self, originator_id: Uuid) -> Result<Option<u64>, RecorderError> {
        let select = || sqlx::query_as::<_, (Option<i64>,)>(self.sql.common.last_version.text()).bind(originator_id);
        let decode = |(version,): (Option<i64>,)| version.map(rows::from_version).transpose();
        let versions = self.select("look for the last version", select, decode).await?;
        Ok(versions.into_iter().next().flatten())
    }

    /// Runs a query; once more, on a new connection, if the one of the pool was broken or its plan too old.
    async fn select<'q, R, T>(
        &self,
        operation: &'static str,
        query: impl Fn() -> QueryAs<'q, Postgres, R, PgArguments>,
        decode: impl Fn(R) -> Result<T, RecorderError> + Copy,
    ) -> Result<Vec<T>, RecorderError>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let mut connection = self.acquire().await?;
        let error = match collect(&mut connection, query(), decode).await {
            Ok(rows) => {
                connection.mark_clean();
                return rows;
            }
            Err(error) => error,
        };
        if !matches!(fault(&error, &self.name), Fault::Lost | Fault::StaleConnection) {
            return Err(self.failed(operation, error));
        }
        drop(connection);
        let mut connection = self.reconnect().await?;
        let rows = collect(&mut connection, query(), decode).await.map_err(|error| self.failed(operation, error))?;
        drop(connection.close().await);
        rows
    }
}

/// The outer result is the connection's, the inner one that of the values.
async fn collect<R, T>(
    connection: &mut PgConnection,
    query: QueryAs<'_, Postgres, R, PgArguments>,
    decode: impl Fn(R) -> Result<T, RecorderError>,
) -> Result<Result<Vec<T>, RecorderError>, sqlx::Error>
where
    R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let mut rows = query.fetch(connection);
    let mut decoded = Ok(Vec::new());
    // read to the end even after a bad value, so that the connection can be used again
    while let Some(row) = rows.try_next().await? {
        if let Ok(values) = &mut decoded {
            match decode(row) {
                Ok(value) => values.push(value),
                Err(error) => decoded = Err(error),
            }
        }
    }
    Ok(decoded)
}
