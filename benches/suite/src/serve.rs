//! The suite as one of several programs that alternate: it measures what a line of standard input requests, and answers.
//!
//! Peers use the same protocol (`benches/peers/README.md`), so `cargo xtask bench` can alternate between ours and theirs,
//! although no two of them can be linked into one program. Several processes on one database are measured in this way too.

use std::io::{BufRead, stdin};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eventsourcing::Uuid;
use tokio::sync::mpsc;

use crate::account::Bank;
use crate::history::History;
use crate::limits::postgres_saves::{self, Waiting, Way};
use crate::limits::row::Stream;
use crate::measure::{Round, work};
use crate::ours::reads::{LedgerLoader, Loader, read_log, record_ledgers};
use crate::ours::saves::Saver;
use crate::place::{self, Database, Schema};
use crate::{RUNTIME, wait};

/// The number of events in the log from which accounts are loaded.
const EVENTS: usize = 100_000;

/// The number of events of a page of the log.
const PAGE: usize = 1_000;

/// The number of aggregates with snapshots, and that of the events after each snapshot.
const LEDGERS: usize = 20;
const TAIL: u64 = 10;

/// The contender that answers.
enum Server {
    Ours {
        bank: Arc<Bank>,
        history: Option<History>,
        /// Aggregates with snapshots.
        ledgers: Vec<Uuid>,
        /// The same application, with a cache.
        cached: Arc<Bank>,
    },
    /// The limit, as one process of several: a writer that groups saves.
    Grouped(mpsc::Sender<Waiting>),
}

/// Answers until standard input ends: as `ours`, or as the limit `grouped`.
///
/// A schema that is named belongs to another process. Otherwise this process creates one.
pub fn run(who: &str, database: Database, schema: Option<String>, folder: &Path) {
    let files = place::folder(folder);
    let schema = match (database, schema) {
        (Database::Postgres, Some(name)) => Some(Schema::of_another(name)),
        (Database::Postgres, None) => Some(Schema::create()),
        _ => None,
    };
    let file = || files.path().join("ours.db");
    let banks = match &schema {
        Some(schema) if who == "grouped" => Err(postgres_saves::group_loop(schema)),
        Some(schema) => Ok((schema.bank(), schema.cached_bank())),
        None => Ok((place::bank_on(file()), place::cached_bank_on(file()))),
    };
    let mut server = match banks {
        Ok((bank, cached)) => {
            Server::Ours { bank: Arc::new(bank), history: None, ledgers: Vec::new(), cached: Arc::new(cached) }
        }
        Err(queue) => Server::Grouped(queue),
    };
    println!("ready");
    for request in stdin().lock().lines().map_while(Result::ok) {
        let words: Vec<&str> = request.split('\t').collect();
        let [measurement, number, milliseconds] = words[..] else { panic!("`{request}` is not a request") };
        let (number, time) = (number.parse().unwrap(), Duration::from_millis(milliseconds.parse().unwrap()));
        let round = server.measure(measurement, number, time);
        let or_dash = |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.1}"));
        let (p50, p99) = (or_dash(round.p50), or_dash(round.p99));
        println!("{database}\t{measurement}\t{number}\t{:.1}\t{p50}\t{p99}", round.per_second);
    }
}

impl Server {
    fn measure(&mut self, measurement: &str, number: usize, time: Duration) -> Round {
        match (measurement, self) {
            ("save", Self::Ours { bank, .. }) => work(&mut (0..number).map(|_| Saver::new(bank, 1)).collect(), time),
            ("save", Self::Grouped(queue)) => {
                let saver = |number| postgres_saves::Saver {
                    way: Way::Grouped(queue.clone()),
                    number,
                    events: 1,
                    stream: Stream::new(),
                };
                work(&mut (0..number).map(saver).collect(), time)
            }
            ("snapshot", Self::Ours { bank, ledgers, .. }) => {
                if ledgers.is_empty() {
                    let (count, events) = (LEDGERS, number as u64);
                    *ledgers = wait(record_ledgers(Arc::clone(bank), count, events, Some(events - TAIL)));
                }
                work(&mut vec![LedgerLoader::new(bank, ledgers.clone())], time)
            }
            ("cached", Self::Ours { bank, history, cached, .. }) => {
                let history = history.get_or_insert_with(|| History::record(bank, EVENTS));
                work(&mut vec![Loader::new(cached, history.streams_of(number as u64))], time)
            }
            ("load", Self::Ours { bank, history, .. }) => {
                let history = history.get_or_insert_with(|| History::record(bank, EVENTS));
                work(&mut vec![Loader::new(bank, history.streams_of(number as u64))], time)
            }
            ("log", Self::Ours { bank, history, .. }) => {
                history.get_or_insert_with(|| History::record(bank, EVENTS));
                let start = Instant::now();
                let events = wait(RUNTIME.spawn(read_log(Arc::clone(bank), PAGE))).unwrap();
                Round::of(events, start.elapsed())
            }
            _ => panic!("this program does not measure `{measurement}`"),
        }
    }
}
