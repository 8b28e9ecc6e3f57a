//! A log of ten million events compared with one of a hundred thousand: the cost of a save, a load and a page must not depend on the length.
//!
//! Pages that are not in the database's cache are read from the system's. The events of any account are on twenty pages of a long log.

use std::any::Any;
use std::sync::Arc;

use eventsourcing::Uuid;

use crate::Run;
use crate::account::{Bank, HISTORY};
use crate::history::{History, shuffle};
use crate::measure::{Contender, Work};
use crate::ours::reads::{Loader, Pager};
use crate::ours::saves::Saver;
use crate::place::{self, Database, Schema};
use crate::report::{OURS, Title};

const SHORT_LOG: usize = 100_000;
const SHORT: &str = "ours, a log of 100,000";
const PAGE: usize = 1_000;
const SAVERS: usize = 64;

/// The number of accounts that are loaded again and again. The pages of their events fit into each cache.
const IN_USE: usize = 300;

/// A log and its storage.
struct Log {
    bank: Arc<Bank>,
    history: History,
    /// Accounts in random order.
    accounts: Vec<Uuid>,
    _keep: Box<dyn Any>,
}

/// Measures saves, loads and pages of a database.
pub fn run(run: &mut Run, database: Database) {
    let long = run.long_log_events;
    let of = |what: &str| format!("{what}, a log of {}", grouped(long));
    let save = Title::new(database, of("save 1 event"), SAVERS, "saves");
    let save_one = Title::new(database, of("save 1 event"), 1, "saves");
    let load = Title::new(database, of(&format!("load one of {IN_USE} accounts of {HISTORY} events")), 1, "loads");
    let load_any = Title::new(database, of(&format!("load any account of {HISTORY} events")), 1, "loads");
    let page = Title::new(database, of(&format!("read a page of {PAGE} anywhere")), 1, "pages");
    if ![&save, &save_one, &load, &load_any, &page].iter().any(|title| run.wants(title)) {
        return;
    }
    let logs = [(OURS, Log::record(run, database, long)), (SHORT, Log::record(run, database, SHORT_LOG))];
    run.measure(&page, |run| {
        crews(run, &logs, |log| {
            let last_start = log.history.events - PAGE;
            let starts = (0..4_096_u64).map(|place| 1 + place * 0x9e37_79b9 % last_start as u64);
            vec![Pager::new(&log.bank, PAGE, starts.collect())]
        })
    });
    run.measure(&load, |run| crews(run, &logs, |log| vec![Loader::new(&log.bank, &log.accounts[..IN_USE])]));
    run.measure(&load_any, |run| crews(run, &logs, |log| vec![Loader::new(&log.bank, &log.accounts)]));
    run.measure(&save_one, |run| crews(run, &logs, |log| vec![Saver::new(&log.bank, 1)]));
    run.measure(&save, |run| crews(run, &logs, |log| (0..SAVERS).map(|_| Saver::new(&log.bank, 1)).collect()));
}

/// Formats a number with its digits in groups of three.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let threes = digits.as_bytes().rchunks(3).rev().map(|three| String::from_utf8_lossy(three));
    threes.collect::<Vec<_>>().join(",")
}

fn crews<W: Work>(run: &Run, logs: &[(&'static str, Log)], crew: impl Fn(&Log) -> Vec<W>) -> Vec<Contender<'static>> {
    logs.iter().map(|(who, log)| Contender::crew(who, run.time, crew(log))).collect()
}

impl Log {
    fn record(run: &Run, database: Database, events: usize) -> Self {
        let (bank, keep): (Bank, Box<dyn Any>) = match database {
            Database::Memory => unreachable!("memory has no long log"),
            Database::Sqlite => {
                let folder = place::folder(&run.folder);
                (place::bank_on(folder.path().join("ours.db")), Box::new(folder))
            }
            Database::Postgres => {
                let schema = Schema::create();
                (schema.bank(), Box::new(schema))
            }
        };
        let history = History::record(&bank, events);
        if let Some(schema) = keep.downcast_ref::<Schema>() {
            // otherwise the server may do both in the middle of a measurement
            schema.execute("VACUUM ANALYZE bank_events");
            schema.execute("CHECKPOINT");
        }
        let mut accounts = history.accounts().to_vec();
        shuffle(&mut accounts);
        Self { bank: Arc::new(bank), history, accounts, _keep: keep }
    }
}
