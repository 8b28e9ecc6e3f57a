//! PostgreSQL's limits for reads: the driver's rows as they stream in, each decoded at once.

use std::hint::black_box;

use futures::TryStreamExt;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::row::Folded;
use crate::measure::Work;

const STREAM: &str = "
    SELECT originator_version, topic, state FROM bank_events
    WHERE originator_id = $1 ORDER BY originator_version";

const NEWER: &str = "
    SELECT originator_version, topic, state, append_id FROM bank_events
    WHERE originator_id = $1 AND originator_version > $2 ORDER BY originator_version";

const PAGE: &str = "
    SELECT notification_id, originator_id, originator_version, topic, state FROM bank_events
    WHERE notification_id > $1 ORDER BY notification_id LIMIT $2";

const IDS: &str = "
    SELECT notification_id, originator_id FROM bank_events
    WHERE topic = $1 AND originator_version = 1 AND notification_id > $2 ORDER BY notification_id LIMIT $3";

const LAST_VERSION: &str = "
    SELECT originator_version, state FROM bank_events
    WHERE originator_id = $1 ORDER BY originator_version DESC LIMIT 1";

const LAST: &str = "
    SELECT notification_id, originator_id, originator_version, topic, state FROM bank_events
    ORDER BY notification_id DESC LIMIT $1";

/// A task that reads the last event of a stream.
pub struct LastVersion(pub PgConnection, pub Uuid);

impl Work for LastVersion {
    async fn once(&mut self) {
        let row = sqlx::query(LAST_VERSION).bind(self.1).fetch_one(&mut self.0).await.unwrap();
        black_box((row.get::<i64, _>(0), row.get::<&[u8], _>(1).len()));
    }
}

/// A task that reads the last rows of the log.
pub struct Last(pub PgConnection, pub usize);

impl Work for Last {
    async fn once(&mut self) {
        let mut rows = sqlx::query(LAST).bind(self.1 as i64).fetch(&mut self.0);
        let mut last = Vec::with_capacity(self.1);
        while let Some(row) = rows.try_next().await.unwrap() {
            let place = (row.get::<i64, _>(0), row.get::<Uuid, _>(1), row.get::<i64, _>(2));
            last.push((place, row.get::<String, _>(3), row.get::<Vec<u8>, _>(4)));
        }
        last.reverse();
        black_box(last);
    }
}

/// Lists the ids of all accounts in pages, and returns their number.
pub async fn list_ids(connection: &mut PgConnection, topic: &str, page: usize) -> usize {
    let (mut listed, mut after) = (0, 0_i64);
    loop {
        let before = listed;
        let mut rows = sqlx::query(IDS).bind(topic).bind(after).bind(page as i64).fetch(&mut *connection);
        while let Some(row) = rows.try_next().await.unwrap() {
            after = row.get(0);
            black_box(row.get::<Uuid, _>(1));
            listed += 1;
        }
        if listed - before < page {
            return listed;
        }
    }
}

/// A task that folds one stream after the other.
pub struct Loader {
    connection: PgConnection,
    streams: Vec<Uuid>,
    next: usize,
}

impl Loader {
    pub fn new(connection: PgConnection, streams: &[Uuid]) -> Self {
        Self { connection, streams: streams.to_vec(), next: 0 }
    }
}

impl Work for Loader {
    async fn once(&mut self) {
        let id = self.streams[self.next % self.streams.len()];
        self.next += 1;
        let mut rows = sqlx::query(STREAM).bind(id).fetch(&mut self.connection);
        let mut folded = Folded::default();
        while let Some(row) = rows.try_next().await.unwrap() {
            let version: i64 = row.get(0);
            folded.take(row.get(1), row.get(2));
            assert_eq!(folded.events as i64, version);
        }
        black_box(folded.balance);
    }
}

/// A task that asks for the last event of one stream after the other, and for those after it.
pub struct Newer {
    connection: PgConnection,
    streams: Vec<Uuid>,
    version: i64,
    next: usize,
}

impl Newer {
    pub fn new(connection: PgConnection, streams: &[Uuid], version: u64) -> Self {
        Self { connection, streams: streams.to_vec(), version: version as i64, next: 0 }
    }
}

impl Work for Newer {
    async fn once(&mut self) {
        let id = self.streams[self.next % self.streams.len()];
        self.next += 1;
        let mut rows = sqlx::query(NEWER).bind(id).bind(self.version - 1).fetch(&mut self.connection);
        let mut found = 0_i64;
        while let Some(row) = rows.try_next().await.unwrap() {
            black_box((row.get::<&str, _>(1), row.get::<&[u8], _>(2), row.get::<Uuid, _>(3)));
            found = row.get(0);
        }
        assert_eq!(found, self.version);
    }
}

/// Reads the whole log in pages, decodes each event, and returns their number.
pub async fn read_log(connection: &mut PgConnection, page: usize) -> usize {
    let mut folded = Folded::default();
    let mut after = 0_i64;
    loop {
        let before = folded.events;
        let mut rows = sqlx::query(PAGE).bind(after).bind(page as i64).fetch(&mut *connection);
        while let Some(row) = rows.try_next().await.unwrap() {
            after = row.get(0);
            black_box((row.get::<Uuid, _>(1), row.get::<i64, _>(2)));
            folded.take(row.get(3), row.get(4));
        }
        if folded.events - before < page {
            black_box(folded.balance);
            return folded.events;
        }
    }
}
