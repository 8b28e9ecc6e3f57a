//! Selecting: rows are fetched all at once, because each one fetched singly costs a hand-over between threads.

use eventsourcing_core::persistence::{EventQuery, NotificationQuery};
use eventsourcing_core::{Notification, RecorderError, StoredEvent};
use sqlx::query::QueryAs;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{FromRow, Sqlite};
use tokio::time::{Instant, sleep};

use super::Inner;
use super::open::PAUSE;
use crate::deadline::deadline;
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
            if query.topics.is_empty() { select } else { select.bind(json_array(&query.topics)) }
        };
        self.select("select notifications", select, rows::notification).await
    }

    pub(super) async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        let select = || sqlx::query_as::<_, (i64,)>(self.sql.common.last.text());
        let last = self.select("read the last notification id", select, |(id,)| rows::from_id(id)).await?;
        match last.first() {
            Some(last) => Ok(Some(*last).filter(|last| *last > 0)),
            None => Err(self.no_head()),
        }
    }

    /// Runs a query; again for as long as others are at work on the same memory, for whom SQLite does not wait.
    async fn select<'q, R, T>(
        &self,
        operation: &'static str,
        query: impl Fn() -> QueryAs<'q, Sqlite, R, SqliteArguments>,
        decode: impl Fn(R) -> Result<T, RecorderError>,
    ) -> Result<Vec<T>, RecorderError>
    where
        R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let deadline = deadline(self.config.lock_timeout);
        loop {
            let error = match self.acquire_reader().await {
                Ok(mut connection) => match query().fetch_all(&mut *connection).await {
                    Ok(rows) => {
                        connection.mark_clean();
                        return rows.into_iter().map(decode).collect();
                    }
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if !self.is_passing(&error) || Instant::now() >= deadline {
                return Err(self.failed(operation, error));
            }
            sleep(PAUSE).await;
        }
    }
}

/// The texts as a JSON array, which is one value to bind and always the same statement.
fn json_array(texts: &[String]) -> String {
    let mut json = String::from("[");
    for text in texts {
        if json.len() > 1 {
            json.push(',');
        }
        json.push('"');
        for c in text.chars() {
            match c {
                '"' => json.push_str("\\\""),
                '\\' => json.push_str("\\\\"),
                c if c.is_ascii_control() => json.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => json.push(c),
            }
        }
        json.push('"');
    }
    json.push(']');
    json
}

#[cfg(test)]
mod tests {
    use super::json_array;

    #[test]
    fn any_text_survives_the_way_through_json() {
        let texts = ["World.Started".to_owned(), "a\"b\\c\n\u{1}\u{7f}ü😀".to_owned()];
        let expected = "[\"World.Started\",\"a\\\"b\\\\c\\u000a\\u0001\\u007fü😀\"]";
        assert_eq!(json_array(&texts), expected);
        assert_eq!(json_array(&[]), "[]");
    }
}
