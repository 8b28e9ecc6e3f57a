//! Limits for policies: an aggregate is recorded for each deposit of another log, and how far that is processed, in one transaction.

use std::hint::black_box;

use sqlx::{PgConnection, Row as _};

use super::postgres_saves::insert_processed;
use super::row;
use super::sqlite_saves::Writer;

/// The batch size, which is that of the library's policies.
const BATCH: usize = 100;

const PAGE: &str = "
    SELECT notification_id, originator_id, originator_version, topic, state, checksum FROM bank_events
    WHERE notification_id > $1 AND topic = 'Account.Deposited' ORDER BY notification_id LIMIT $2";

/// Processes the deposits after an id until the end of the log in SQLite, and returns their number.
pub fn sqlite(bank: &rusqlite::Connection, branch: &mut Writer, mut after: i64) -> usize {
    let mut all = 0;
    loop {
        let mut statement = bank.prepare_cached(PAGE).unwrap();
        let mut rows = statement.query((after, BATCH as i64)).unwrap();
        let mut new = Vec::with_capacity(BATCH);
        while let Some(read) = rows.next().unwrap() {
            after = read.get(0).unwrap();
            black_box(read.get_ref(4).unwrap().as_blob().unwrap());
            new.push(row::first());
        }
        drop(rows);
        if new.is_empty() {
            return all;
        }
        all += new.len();
        branch.save_processed(&new, after);
    }
}

/// The same in PostgreSQL, with one connection to the upstream's tables and one to its own.
pub async fn postgres(bank: &mut PgConnection, branch: &mut PgConnection, mut after: i64) -> usize {
    let mut all = 0;
    loop {
        let read = sqlx::query(PAGE).bind(after).bind(BATCH as i64).fetch_all(&mut *bank).await.unwrap();
        let Some(last) = read.last() else { return all };
        after = last.get(0);
        let new: Vec<row::Row> = read
            .iter()
            .map(|read| {
                black_box(read.get::<&[u8], _>(4));
                row::first()
            })
            .collect();
        all += new.len();
        insert_processed(branch, &new, after).await;
    }
}
