//! SQLite's limits for reads: prepared statements on the calling thread, with states that are decoded from SQLite's memory.

use std::hint::black_box;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use uuid::Uuid;

use super::row::Folded;
use crate::measure::Work;
use crate::wait;

const STREAM: &str = "
    SELECT originator_version, topic, state FROM bank_events
    WHERE originator_id = ?1 ORDER BY originator_version";

const NEWER: &str = "
    SELECT originator_version, topic, state, append_id FROM bank_events
    WHERE originator_id = ?1 AND originator_version > ?2 ORDER BY originator_version";

const PAGE: &str = "
    SELECT notification_id, originator_id, originator_version, topic, state FROM bank_events
    WHERE notification_id > ?1 ORDER BY notification_id LIMIT ?2";

const IDS: &str = "
    SELECT notification_id, originator_id FROM bank_events
    WHERE topic = ?1 AND originator_version = 1 AND notification_id > ?2 ORDER BY notification_id LIMIT ?3";

const LAST_VERSION: &str = "
    SELECT originator_version, state FROM bank_events
    WHERE originator_id = ?1 ORDER BY originator_version DESC LIMIT 1";

const LAST: &str = "
    SELECT notification_id, originator_id, originator_version, topic, state FROM bank_events
    ORDER BY notification_id DESC LIMIT ?1";

/// A task that reads the last event of a stream.
pub struct LastVersion(pub Connection, pub Uuid);

impl Work for LastVersion {
    async fn once(&mut self) {
        let mut statement = self.0.prepare_cached(LAST_VERSION).unwrap();
        let mut rows = statement.query([self.1.as_bytes()]).unwrap();
        let row = rows.next().unwrap().unwrap();
        black_box((row.get::<_, i64>(0).unwrap(), bytes(row, 1).len()));
    }
}

/// A task that reads the last rows of the log.
pub struct Last(pub Connection, pub usize);

impl Work for Last {
    async fn once(&mut self) {
        let mut statement = self.0.prepare_cached(LAST).unwrap();
        let mut rows = statement.query([self.1 as i64]).unwrap();
        let mut last = Vec::with_capacity(self.1);
        while let Some(row) = rows.next().unwrap() {
            let (id, version): (i64, i64) = (row.get(0).unwrap(), row.get(2).unwrap());
            let stream = Uuid::from_slice(bytes(row, 1)).unwrap();
            last.push((id, stream, version, text(row, 3).to_owned(), bytes(row, 4).to_vec()));
        }
        last.reverse();
        black_box(last);
    }
}

/// Lists the ids of all accounts in pages, and returns their number.
pub fn list_ids(connection: &Connection, topic: &str, page: usize) -> usize {
    let mut statement = connection.prepare_cached(IDS).unwrap();
    let (mut listed, mut after) = (0, 0_i64);
    loop {
        let before = listed;
        let mut rows = statement.query((topic, after, page as i64)).unwrap();
        while let Some(row) = rows.next().unwrap() {
            after = row.get(0).unwrap();
            black_box(Uuid::from_slice(bytes(row, 1)).unwrap());
            listed += 1;
        }
        if listed - before < page {
            return listed;
        }
    }
}

/// Opens the library's file for reading, with as large a cache as the library's.
pub fn open(file: &Path) -> Connection {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    connection.pragma_update(None, "cache_size", "-65536").unwrap();
    connection
}

/// The same with the file mapped into memory, as fast as SQLite can be made to read.
pub fn open_mapped(file: &Path) -> Connection {
    let connection = open(file);
    connection.pragma_update(None, "mmap_size", "4294967296").unwrap();
    connection
}

fn text<'r>(row: &'r Row<'_>, column: usize) -> &'r str {
    row.get_ref(column).unwrap().as_str().unwrap()
}

fn bytes<'r>(row: &'r Row<'_>, column: usize) -> &'r [u8] {
    row.get_ref(column).unwrap().as_blob().unwrap()
}

/// A task that folds one stream after the other.
pub struct Loader {
    connection: Connection,
    streams: Vec<Uuid>,
    next: usize,
}

impl Loader {
    pub fn new(connection: Connection, streams: &[Uuid]) -> Self {
        Self { connection, streams: streams.to_vec(), next: 0 }
    }
}

impl Work for Loader {
    async fn once(&mut self) {
        let id = self.streams[self.next % self.streams.len()];
        self.next += 1;
        let mut statement = self.connection.prepare_cached(STREAM).unwrap();
        let mut rows = statement.query([id.as_bytes()]).unwrap();
        let mut folded = Folded::default();
        while let Some(row) = rows.next().unwrap() {
            let version: i64 = row.get(0).unwrap();
            folded.take(text(row, 1), bytes(row, 2));
            assert_eq!(folded.events as i64, version);
        }
        black_box(folded.balance);
    }
}

/// A task that asks for the last event of one stream after the other, and for those after it.
pub struct Newer {
    connection: Connection,
    streams: Vec<Uuid>,
    version: i64,
    next: usize,
}

impl Newer {
    pub fn new(connection: Connection, streams: &[Uuid], version: u64) -> Self {
        Self { connection, streams: streams.to_vec(), version: version as i64, next: 0 }
    }
}

impl Work for Newer {
    async fn once(&mut self) {
        let id = self.streams[self.next % self.streams.len()];
        self.next += 1;
        let mut statement = self.connection.prepare_cached(NEWER).unwrap();
        let mut rows = statement.query((id.as_bytes(), self.version - 1)).unwrap();
        let mut found = 0;
        while let Some(row) = rows.next().unwrap() {
            black_box((text(row, 1), bytes(row, 2), Uuid::from_slice(bytes(row, 3)).unwrap()));
            found = row.get(0).unwrap();
        }
        assert_eq!(found, self.version);
    }
}

/// Reads the whole log in pages, decodes each event, and returns their number.
pub fn read_log(connection: &Connection, page: usize) -> usize {
    let mut statement = connection.prepare_cached(PAGE).unwrap();
    let mut folded = Folded::default();
    let mut after = 0_i64;
    loop {
        let before = folded.events;
        let mut rows = statement.query((after, page as i64)).unwrap();
        while let Some(row) = rows.next().unwrap() {
            after = row.get(0).unwrap();
            let id = Uuid::from_slice(bytes(row, 1)).unwrap();
            let version: i64 = row.get(2).unwrap();
            black_box((id, version));
            folded.take(text(row, 3), bytes(row, 4));
        }
        if folded.events - before < page {
            black_box(folded.balance);
            return folded.events;
        }
    }
}

/// Reads through sqlx, which runs SQLite on a thread of its own: all rows of a stream at once, then decoded.
pub struct SqlxLoader {
    connection: SqliteConnection,
    streams: Vec<Uuid>,
    next: usize,
}

impl SqlxLoader {
    pub fn open(file: &Path, streams: &[Uuid]) -> Self {
        let url = format!("sqlite://{}?mode=ro", file.display());
        Self { connection: wait(SqliteConnection::connect(&url)).unwrap(), streams: streams.to_vec(), next: 0 }
    }
}

impl Work for SqlxLoader {
    async fn once(&mut self) {
        let id = self.streams[self.next % self.streams.len()];
        self.next += 1;
        let rows = sqlx::query(STREAM).bind(id).fetch_all(&mut self.connection).await.unwrap();
        let mut folded = Folded::default();
        for row in &rows {
            black_box(row.get::<i64, _>(0));
            folded.take(row.get(1), row.get(2));
        }
        black_box(folded.balance);
    }
}
