//! Reads of cached accounts, beside the query for new events that each of them makes, or beside a clone.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use eventsourcing::prelude::*;

use crate::account::{Account, Bank, Usual};
use crate::limits::{postgres_reads, sqlite_reads};
use crate::measure::{Contender, Round, Work};
use crate::place::{self, Database, Schema};
use crate::report::{OURS, Title};
use crate::{Run, in_a_task};

/// How many accounts are read in turns, and how many events each has.
const ACCOUNTS: usize = 20;
const EVENTS: u64 = 1_000;

/// The number of reads of a round without queries.
const MANY: usize = 1_000_000;

fn read(database: Database) -> Title {
    Title::new(database, format!("read a cached account of {EVENTS} events"), 1, "reads")
}

fn get(database: Database) -> Title {
    Title::new(database, format!("get a cached account of {EVENTS} events"), 1, "reads")
}

fn without_query(how: &str) -> Title {
    Title::new(Database::Memory, format!("{how} a cached account without a query"), 1, "reads")
}

/// Measures reads of the aggregate cache of a database.
pub fn run(run: &mut Run, database: Database) {
    let titles = match database {
        Database::Memory => [without_query("read"), without_query("get")],
        _ => [read(database), get(database)],
    };
    if !titles.iter().any(|title| run.wants(title)) {
        return;
    }
    match database {
        Database::Memory => memory(run),
        Database::Sqlite => sqlite(run),
        Database::Postgres => postgres(run),
    }
}

fn memory(run: &mut Run) {
    let bank = Arc::new(place::cached_bank_in_memory());
    let ids = in_a_task(record(Arc::clone(&bank)));
    let account = in_a_task({
        let (bank, id) = (Arc::clone(&bank), ids[0]);
        async move { bank.repository().get::<Account>(id).await.unwrap() }
    });
    let reading = || many(OURS, Arc::clone(&bank), ids.clone(), true);
    run.measure(&without_query("read"), |_| vec![reading()]);
    run.measure(&without_query("get"), |_| {
        let clone = Contender::new("a clone alone", move || {
            let start = Instant::now();
            for _ in 0..MANY {
                black_box(black_box(&account).clone());
            }
            Round::of(MANY, start.elapsed())
        });
        vec![many(OURS, Arc::clone(&bank), ids.clone(), false), clone]
    });
}

/// Reads many times, with no more clocks than two.
fn many(who: &'static str, bank: Arc<Bank>, ids: Vec<Uuid>, is_shared: bool) -> Contender<'static> {
    Contender::new(who, move || {
        let (bank, ids) = (Arc::clone(&bank), ids.clone());
        in_a_task(async move {
            let start = Instant::now();
            for id in ids.iter().cycle().take(MANY) {
                if is_shared {
                    black_box(bank.repository().read::<Account>(*id).await.unwrap().balance);
                } else {
                    black_box(bank.repository().get::<Account>(*id).await.unwrap().balance);
                }
            }
            Round::of(MANY, start.elapsed())
        })
    })
}

fn sqlite(run: &mut Run) {
    let folder = place::folder(&run.folder);
    let file = folder.path().join("ours.db");
    let bank = Arc::new(place::cached_bank_on(file.clone()));
    let ids = in_a_task(record(Arc::clone(&bank)));
    run.measure(&read(Database::Sqlite), |run| {
        let raw = sqlite_reads::Newer::new(sqlite_reads::open(&file), &ids, EVENTS);
        let limit = Contender::crew("rusqlite in place, the query for new events", run.time, vec![raw]);
        vec![Contender::crew(OURS, run.time, vec![Reader::new(&bank, &ids)]), limit]
    });
    clones(run, Database::Sqlite, &bank, &ids);
}

fn postgres(run: &mut Run) {
    let schema = Schema::create();
    let bank = Arc::new(schema.cached_bank());
    let ids = in_a_task(record(Arc::clone(&bank)));
    schema.execute("VACUUM ANALYZE bank_events");
    run.measure(&read(Database::Postgres), |run| {
        let raw = postgres_reads::Newer::new(schema.connect(), &ids, EVENTS);
        let limit = Contender::crew("driver, the query for new events", run.time, vec![raw]);
        vec![Contender::crew(OURS, run.time, vec![Reader::new(&bank, &ids)]), limit]
    });
    clones(run, Database::Postgres, &bank, &ids);
}

/// Measures what the clone of an owned account costs.
fn clones(run: &mut Run, database: Database, bank: &Arc<Bank>, ids: &[Uuid]) {
    run.measure(&get(database), |run| {
        vec![
            Contender::crew(OURS, run.time, vec![Getter(Reader::new(bank, ids))]),
            Contender::crew("a read, without a clone", run.time, vec![Reader::new(bank, ids)]),
        ]
    });
}

/// Records accounts, which are cached then.
async fn record(bank: Arc<Bank>) -> Vec<Uuid> {
    let mut ids = Vec::with_capacity(ACCOUNTS);
    for _ in 0..ACCOUNTS {
        let mut account = Account::usual();
        (1..EVENTS).for_each(|_| account.deposit_usual());
        bank.save(&mut account).await.unwrap();
        ids.push(account.id());
    }
    ids
}

/// A task that reads one account after the other.
struct Reader {
    bank: Arc<Bank>,
    ids: Vec<Uuid>,
    next: usize,
}

impl Reader {
    fn new(bank: &Arc<Bank>, ids: &[Uuid]) -> Self {
        Self { bank: Arc::clone(bank), ids: ids.to_vec(), next: 0 }
    }

    fn next(&mut self) -> Uuid {
        self.next += 1;
        self.ids[self.next % self.ids.len()]
    }
}

impl Work for Reader {
    async fn once(&mut self) {
        let id = self.next();
        let account: Arc<Account> = self.bank.repository().read(id).await.unwrap();
        black_box(account.balance);
    }
}

/// A task that gets one account after the other.
struct Getter(Reader);

impl Work for Getter {
    async fn once(&mut self) {
        let id = self.0.next();
        let account: Account = self.0.bank.repository().get(id).await.unwrap();
        black_box(account.balance);
    }
}
