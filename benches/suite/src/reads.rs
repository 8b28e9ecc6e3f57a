//! Loads of single accounts from a long log, and reads of the log itself.

use std::sync::Arc;
use std::time::Instant;

use eventsourcing::AggregateEvent as _;

use crate::account::{AccountEvent, Bank};
use crate::history::History;
use crate::limits::{postgres_reads, sqlite_reads};
use crate::measure::{Contender, Round};
use crate::ours::reads::{LedgerLoader, Loader, follow_log, list_ids, read_log, record_ledgers};
use crate::place::{self, Database, Schema};
use crate::report::{OURS, Title};
use crate::{Run, in_a_task, logs};

const LENGTHS: [u64; 3] = [10, 1_000, 10_000];
const PAGE: usize = 1_000;

/// How many ledgers are loaded in turns, how many events each has, and at which version its snapshot is.
const LEDGERS: usize = 20;
const LONG: u64 = 10_000;
const SNAPSHOT_AT: u64 = 9_990;

fn load(database: Database, length: u64) -> Title {
    Title::new(database, format!("load {length} events"), 1, "loads")
}

fn log(database: Database) -> Title {
    Title::new(database, format!("read the log, pages of {PAGE}"), 1, "events")
}

fn followed(database: Database) -> Title {
    Title::new(database, format!("read the log through a subscription, pages of {PAGE}"), 1, "events")
}

fn listed(database: Database) -> Title {
    Title::new(database, format!("list the ids of all aggregates, pages of {PAGE}"), 1, "ids")
}

/// A load of a long history from a snapshot, beside a load of as many events as follow the snapshot.
fn from_snapshot(database: Database) -> Title {
    Title::new(database, format!("load {LONG} events, a snapshot at {SNAPSHOT_AT}"), 1, "loads")
}

/// Measures loads, the log and the list of aggregates of a database.
pub fn run(run: &mut Run, database: Database) {
    let others = [log(database), followed(database), listed(database), from_snapshot(database)];
    let ends = [logs::opened(database), logs::last(database)];
    let mut titles = LENGTHS.iter().map(|length| load(database, *length)).chain(others).chain(ends);
    if !titles.any(|title| run.wants(&title)) {
        return;
    }
    match database {
        Database::Memory => memory(run),
        Database::Sqlite => sqlite(run),
        Database::Postgres => postgres(run),
    }
}

fn memory(run: &mut Run) {
    let bank = Arc::new(place::bank_in_memory());
    let history = History::record(&bank, run.log_events);
    for length in LENGTHS {
        run.measure(&load(Database::Memory, length), |run| vec![our_load(run, &bank, &history, length)]);
    }
    snapshots(run, Database::Memory, &bank);
    run.measure(&log(Database::Memory), |_| vec![our_log(OURS, &bank, &history)]);
    subscription(run, Database::Memory, &bank, &history);
    run.measure(&listed(Database::Memory), |_| vec![our_list(&bank)]);
    // last, because it adds to the log that is read whole before
    logs::run(run, Database::Memory, &bank, |_, _| [[], []]);
}

fn sqlite(run: &mut Run) {
    let folder = place::folder(&run.folder);
    let file = folder.path().join("ours.db");
    let bank = Arc::new(place::bank_on(file.clone()));
    let history = History::record(&bank, run.log_events);
    for length in LENGTHS {
        run.measure(&load(Database::Sqlite, length), |run| {
            let streams = history.streams_of(length);
            let raw = sqlite_reads::Loader::new(sqlite_reads::open(&file), streams);
            let mapped = sqlite_reads::Loader::new(sqlite_reads::open_mapped(&file), streams);
            let mut contenders = vec![
                our_load(run, &bank, &history, length),
                Contender::crew("rusqlite in place, serde_json", run.time, vec![raw]),
                Contender::crew("the same, the file mapped into memory", run.time, vec![mapped]),
            ];
            if length == 10 {
                let sqlx = sqlite_reads::SqlxLoader::open(&file, streams);
                contenders.push(Contender::crew("sqlx fetch_all, serde_json", run.time, vec![sqlx]));
            }
            contenders
        });
    }
    snapshots(run, Database::Sqlite, &bank);
    run.measure(&log(Database::Sqlite), |_| {
        let raw = sqlite_reads::open(&file);
        let limit = timed("rusqlite in place, serde_json", history.events, move || sqlite_reads::read_log(&raw, PAGE));
        vec![our_log(OURS, &bank, &history), limit]
    });
    subscription(run, Database::Sqlite, &bank, &history);
    run.measure(&listed(Database::Sqlite), |_| {
        let (raw, ids) = (sqlite_reads::open(&file), count(&bank));
        let limit = timed("rusqlite in place", ids, move || sqlite_reads::list_ids(&raw, topic(), PAGE));
        vec![our_list(&bank), limit]
    });
    logs::run(run, Database::Sqlite, &bank, |run, journal| {
        let (version, last) = (sqlite_reads::open(&file), sqlite_reads::open(&file));
        let version = sqlite_reads::LastVersion(version, journal);
        let last = sqlite_reads::Last(last, logs::LAST);
        [
            [Contender::crew("rusqlite in place", run.time, vec![version])],
            [Contender::crew("rusqlite, rows copied", run.time, vec![last])],
        ]
    });
}

fn postgres(run: &mut Run) {
    let schema = Schema::create();
    let bank = Arc::new(schema.bank());
    let history = History::record(&bank, run.log_events);
    // otherwise the server may do both in the middle of a measurement
    schema.execute("VACUUM ANALYZE bank_events");
    schema.execute("CHECKPOINT");
    for length in LENGTHS {
        run.measure(&load(Database::Postgres, length), |run| {
            let raw = postgres_reads::Loader::new(schema.connect(), history.streams_of(length));
            vec![
                our_load(run, &bank, &history, length),
                Contender::crew("driver's rows as they come, serde_json", run.time, vec![raw]),
            ]
        });
    }
    snapshots(run, Database::Postgres, &bank);
    run.measure(&log(Database::Postgres), |_| {
        let mut raw = Some(schema.connect());
        let limit = timed("driver's rows as they come, serde_json", history.events, move || {
            let mut connection = raw.take().unwrap();
            let (read, connection) = in_a_task(async move {
                let read = postgres_reads::read_log(&mut connection, PAGE).await;
                (read, connection)
            });
            raw = Some(connection);
            read
        });
        vec![our_log(OURS, &bank, &history), limit]
    });
    subscription(run, Database::Postgres, &bank, &history);
    run.measure(&listed(Database::Postgres), |_| {
        let mut raw = Some(schema.connect());
        let limit = timed("driver's rows as they come", count(&bank), move || {
            let mut connection = raw.take().unwrap();
            let (read, connection) = in_a_task(async move {
                let read = postgres_reads::list_ids(&mut connection, topic(), PAGE).await;
                (read, connection)
            });
            raw = Some(connection);
            read
        });
        vec![our_list(&bank), limit]
    });
    logs::run(run, Database::Postgres, &bank, |run, journal| {
        let version = postgres_reads::LastVersion(schema.connect(), journal);
        let last = postgres_reads::Last(schema.connect(), logs::LAST);
        [
            [Contender::crew("driver's row", run.time, vec![version])],
            [Contender::crew("driver's rows, copied", run.time, vec![last])],
        ]
    });
}

/// Measures loads that start from a snapshot. The limit is a load of ten events of the same type, whose aggregates have no snapshot.
fn snapshots(run: &mut Run, database: Database, bank: &Arc<Bank>) {
    run.measure(&from_snapshot(database), |run| {
        let record = |events, at| in_a_task(record_ledgers(Arc::clone(bank), LEDGERS, events, at));
        let (long, short) = (record(LONG, Some(SNAPSHOT_AT)), record(10, None));
        vec![
            Contender::crew(OURS, run.time, vec![LedgerLoader::new(bank, long)]),
            Contender::crew("a load of 10 events without a snapshot", run.time, vec![LedgerLoader::new(bank, short)]),
        ]
    });
}

fn our_load(run: &Run, bank: &Arc<Bank>, history: &History, length: u64) -> Contender<'static> {
    Contender::crew(OURS, run.time, vec![Loader::new(bank, history.streams_of(length))])
}

fn our_log(who: &'static str, bank: &Arc<Bank>, history: &History) -> Contender<'static> {
    let bank = Arc::clone(bank);
    timed(who, history.events, move || in_a_task(read_log(Arc::clone(&bank), PAGE)))
}

/// The topic of the first event of an account.
fn topic() -> &'static str {
    AccountEvent::TOPICS[0]
}

fn count(bank: &Arc<Bank>) -> usize {
    in_a_task(list_ids(Arc::clone(bank), PAGE))
}

fn our_list(bank: &Arc<Bank>) -> Contender<'static> {
    let (bank, ids) = (Arc::clone(bank), count(bank));
    timed(OURS, ids, move || in_a_task(list_ids(Arc::clone(&bank), PAGE)))
}

/// Measures a subscription to the whole log, compared with the reader, which ends where the log does.
fn subscription(run: &mut Run, database: Database, bank: &Arc<Bank>, history: &History) {
    run.measure(&followed(database), |_| {
        let (following, events) = (Arc::clone(bank), history.events);
        let follow = move || in_a_task(follow_log(Arc::clone(&following), PAGE, events));
        vec![timed(OURS, events, follow), our_log("NotificationLogReader and the mapper", bank, history)]
    });
}

/// Returns a contender whose round is one read of the whole log.
fn timed(who: &'static str, expected: usize, mut read: impl FnMut() -> usize + 'static) -> Contender<'static> {
    Contender::new(who, move || {
        let start = Instant::now();
        let events = read();
        assert_eq!(events, expected, "{who} did not read the whole log");
        Round::of(events, start.elapsed())
    })
}
