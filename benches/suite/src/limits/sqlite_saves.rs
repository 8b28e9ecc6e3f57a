//! SQLite's limits for saves: WAL, `synchronous=FULL`, statements prepared once.

use std::path::Path;

use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot};

use super::row::{Row, Stream};
use crate::measure::Work;

/// The maximum number of saves of one transaction.
pub const BATCH: usize = 512;

const TABLE: &str = "
    CREATE TABLE events (
        notification_id INTEGER NOT NULL PRIMARY KEY,
        originator_id BLOB NOT NULL,
        originator_version INTEGER NOT NULL,
        topic TEXT NOT NULL,
        state BLOB NOT NULL,
        checksum INTEGER,
        append_id BLOB NOT NULL,
        UNIQUE (originator_id, originator_version)
    ) STRICT;
    CREATE TABLE commands (command_id BLOB NOT NULL PRIMARY KEY, first_id INTEGER NOT NULL) STRICT;
    CREATE TABLE processed (position INTEGER NOT NULL) STRICT;
    INSERT INTO processed VALUES (0)";

const INSERT: &str = "
    INSERT INTO events (notification_id, originator_id, originator_version, topic, state, checksum, append_id)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

const INSERT_COMMAND: &str = "INSERT INTO commands (command_id, first_id) VALUES (?1, ?2)";

/// A connection that writes, and the last id that it assigned.
pub struct Writer {
    connection: Connection,
    last: i64,
}

impl Writer {
    /// Creates the file and its table.
    pub fn create(file: &Path) -> Self {
        let connection = Connection::open(file).unwrap();
        for (pragma, value) in [("journal_mode", "WAL"), ("synchronous", "FULL"), ("cache_size", "-16384")] {
            connection.pragma_update(None, pragma, value).unwrap();
        }
        connection.execute_batch(TABLE).unwrap();
        Self { connection, last: 0 }
    }

    /// Records rows in a transaction. A single row without a command is committed by itself.
    fn save(&mut self, rows: &[&Row]) {
        let is_single = matches!(rows, [row] if row.command_id.is_none());
        if !is_single {
            self.run("BEGIN IMMEDIATE");
        }
        self.insert(rows.iter().copied());
        if !is_single {
            self.run("COMMIT");
        }
    }

    /// Records rows, and with them the position in another log.
    pub fn save_processed(&mut self, rows: &[Row], position: i64) {
        self.run("BEGIN IMMEDIATE");
        self.insert(rows.iter());
        self.connection.prepare_cached("UPDATE processed SET position = ?1").unwrap().execute([position]).unwrap();
        self.run("COMMIT");
    }

    fn run(&self, statement: &str) {
        self.connection.prepare_cached(statement).unwrap().execute([]).unwrap();
    }

    fn insert<'a>(&mut self, rows: impl Iterator<Item = &'a Row>) {
        let mut insert = self.connection.prepare_cached(INSERT).unwrap();
        for row in rows {
            self.last += 1;
            let (id, append_id) = (row.originator_id.as_bytes(), row.append_id.as_bytes());
            let values = params![self.last, id, row.originator_version, row.topic, row.state, row.checksum, append_id];
            insert.execute(values).unwrap();
            if let Some(command_id) = row.command_id {
                let mut insert = self.connection.prepare_cached(INSERT_COMMAND).unwrap();
                insert.execute(params![command_id.as_bytes(), self.last]).unwrap();
            }
        }
    }
}

/// A save that waits for the writer's thread, and the channel for its answer.
pub type Waiting = (Vec<Row>, oneshot::Sender<()>);

/// Starts a thread that writes all saves that queued during one transaction in the next, up to this number.
pub fn writer_thread(mut writer: Writer, at_most: usize) -> mpsc::Sender<Waiting> {
    let (sender, mut queue) = mpsc::channel::<Waiting>(BATCH);
    std::thread::spawn(move || {
        let mut batch = Vec::with_capacity(at_most);
        // it ends when the last sender is dropped
        while queue.blocking_recv_many(&mut batch, at_most) > 0 {
            let rows: Vec<&Row> = batch.iter().flat_map(|(rows, _)| rows).collect();
            writer.save(&rows);
            for (_, answer) in batch.drain(..) {
                // a saver that has ended needs no answer
                let _ = answer.send(());
            }
        }
    });
    sender
}

/// A task that saves through the writer's thread.
pub struct Saver {
    pub queue: mpsc::Sender<Waiting>,
    pub events: u64,
    pub stream: Stream,
}

impl Work for Saver {
    async fn once(&mut self) {
        let (answer, answered) = oneshot::channel();
        self.queue.send((self.stream.next(self.events), answer)).await.unwrap();
        answered.await.unwrap();
    }
}

/// A task that writes on its own thread, so that nothing is passed to another thread.
pub struct Inline {
    pub writer: Writer,
    pub events: u64,
    pub stream: Stream,
}

impl Work for Inline {
    async fn once(&mut self) {
        let rows = self.stream.next(self.events);
        self.writer.save(&rows.iter().collect::<Vec<_>>());
    }
}
