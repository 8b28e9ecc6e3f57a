//! The delay from a save until a subscriber of the same process has the event, and until a view has it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::projection::Views;
use eventsourcing::{Projection, ProjectionRunner};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::account::{AccountEvent, Bank, HISTORY};
use crate::limits::postgres_saves::{self, Way};
use crate::limits::row::Stream;
use crate::limits::sqlite_saves::{Inline, Writer};
use crate::limits::views::{Follower, Pool};
use crate::measure::{Contender, Delayed, Work};
use crate::ours::following::{ByBatch, ByBatchInFile, PATIENCE};
use crate::ours::saves::Saver;
use crate::place::{self, Database, Schema};
use crate::report::{OURS, Title};
use crate::{RUNTIME, Run, wait};

const BY_HAND: &str = "drivers, told in the process";

fn hear(database: Database) -> Title {
    Title::new(database, "hear of a save", 1, "events")
}

fn read(database: Database) -> Title {
    Title::new(database, "read a write through wait_for", 1, "events")
}

/// Measures a database.
pub fn run(run: &mut Run, database: Database) {
    match database {
        Database::Memory => {
            run.measure(&hear(database), |run| vec![our_hearing(run, &Arc::new(place::bank_in_memory()))]);
        }
        Database::Sqlite => sqlite(run),
        Database::Postgres => postgres(run),
    }
}

fn sqlite(run: &mut Run) {
    let by_hand = |run: &Run| {
        let folder = place::folder(&run.folder);
        let file = folder.path().join("limit.db");
        let saver = Inline { writer: Writer::create(&file), events: 1, stream: Stream::new() };
        (saver, place::pool_on(&file), folder)
    };
    run.measure(&hear(Database::Sqlite), |run| {
        let folder = place::folder(&run.folder);
        let bank = Arc::new(place::bank_on(folder.path().join("ours.db")));
        let (saver, pool, limit_folder) = by_hand(run);
        vec![our_hearing(run, &bank).keeping(folder), hearing_by_hand(run, saver, &pool).keeping(limit_folder)]
    });
    run.measure(&read(Database::Sqlite), |run| {
        let folder = place::folder(&run.folder);
        let file = folder.path().join("ours.db");
        let bank = Arc::new(place::bank_on(file.clone()));
        let pool = place::pool_on(&file);
        let views = wait(SqliteViews::open(pool.clone())).unwrap();
        let ours = our_reading(run, &bank, pool, views, ByBatchInFile).keeping(folder);
        let (saver, pool, limit_folder) = by_hand(run);
        vec![ours, reading_by_hand(run, saver, pool).keeping(limit_folder)]
    });
}

fn postgres(run: &mut Run) {
    let by_hand = || {
        let schema = Schema::create();
        postgres_saves::create_tables(&schema);
        let way = Way::Unordered(postgres_saves::hold(&schema));
        let saver = postgres_saves::Saver { way, number: 0, events: 1, stream: Stream::new() };
        (saver, schema.pool(), schema)
    };
    run.measure(&hear(Database::Postgres), |run| {
        let schema = Schema::create();
        let bank = Arc::new(schema.bank());
        let (saver, pool, limit_schema) = by_hand();
        vec![our_hearing(run, &bank).keeping(schema), hearing_by_hand(run, saver, &pool).keeping(limit_schema)]
    });
    run.measure(&read(Database::Postgres), |run| {
        let schema = Schema::create();
        let bank = Arc::new(schema.bank());
        let pool = schema.pool();
        let views = wait(PostgresViews::open(pool.clone())).unwrap();
        let ours = our_reading(run, &bank, pool, views, ByBatch).keeping(schema);
        let (saver, pool, limit_schema) = by_hand();
        vec![ours, reading_by_hand(run, saver, pool).keeping(limit_schema)]
    });
}

/// Saves an event and waits until the subscriber has received it.
struct Hearing<W> {
    saver: W,
    heard: mpsc::UnboundedReceiver<Instant>,
    /// The task, which ends when this is dropped.
    _listening: JoinSet<()>,
}

impl<W: Work> Delayed for Hearing<W> {
    async fn once(&mut self) -> Duration {
        self.saver.once().await;
        let saved = Instant::now();
        // the subscriber may have received it before the saver continued
        self.heard.recv().await.unwrap().saturating_duration_since(saved)
    }
}

fn our_hearing(run: &Run, bank: &Arc<Bank>) -> Contender<'static> {
    let (tell, heard) = mpsc::unbounded_channel();
    let mut events = bank.subscribe(0).events::<AccountEvent>();
    let listen = async move {
        while let Some(event) = events.next().await {
            event.unwrap();
            // there is no receiver once the measurement has ended
            let _ = tell.send(Instant::now());
        }
    };
    Contender::delays(OURS, run.time, Hearing { saver: Saver::new(bank, 1), heard, _listening: task(listen) })
}

fn hearing_by_hand(run: &Run, saver: impl Work, pool: &impl Pool) -> Contender<'static> {
    let ((tell, told), (hear, heard)) = (watch::channel(()), mpsc::unbounded_channel());
    let listen = wait(pool.follower("events")).keep_hearing(told, hear);
    Contender::delays(BY_HAND, run.time, Hearing { saver: Telling { saver, tell }, heard, _listening: task(listen) })
}

/// Saves an event and notifies a consumer of the same process.
struct Telling<W> {
    saver: W,
    tell: watch::Sender<()>,
}

impl<W: Work> Work for Telling<W> {
    async fn once(&mut self) {
        self.saver.once().await;
        self.tell.send_replace(());
    }
}

/// Saves an event, waits until the view has it, and reads the view.
struct Reading<P> {
    saver: Saver,
    runner: ProjectionRunner,
    view: P,
}

impl<P: Pool> Delayed for Reading<P> {
    async fn once(&mut self) -> Duration {
        let id = self.saver.save().await;
        let saved = Instant::now();
        self.runner.wait_for(id, PATIENCE).await.unwrap();
        let deposits = self.view.counted().await.unsigned_abs();
        assert!(deposits >= id - id.div_ceil(HISTORY), "the view does not have what was saved");
        saved.elapsed()
    }
}

fn our_reading<P, V, C>(run: &Run, bank: &Arc<Bank>, view: P, views: V, projection: C) -> Contender<'static>
where
    P: Pool,
    V: Views,
    C: Projection<View = V::View>,
{
    wait(view.create());
    let runner = wait(ProjectionRunner::start(bank, projection, views)).unwrap();
    Contender::delays(OURS, run.time, Reading { saver: Saver::new(bank, 1), runner, view })
}

/// The same without the library.
struct ReadingByHand<W, P> {
    saver: Telling<W>,
    saves: i64,
    processed: watch::Receiver<i64>,
    view: P,
    /// The task, which ends when this is dropped.
    _counting: JoinSet<()>,
}

impl<W: Work, P: Pool> Delayed for ReadingByHand<W, P> {
    async fn once(&mut self) -> Duration {
        self.saver.once().await;
        self.saves += 1;
        let saved = Instant::now();
        self.processed.wait_for(|position| *position >= self.saves).await.unwrap();
        assert_eq!(self.view.counted().await, self.saves);
        saved.elapsed()
    }
}

fn reading_by_hand(run: &Run, saver: impl Work, view: impl Pool) -> Contender<'static> {
    wait(view.create());
    let ((tell, told), (process, processed)) = (watch::channel(()), watch::channel(0));
    let counting = task(wait(view.follower("events")).keep_counting(told, process));
    let saver = Telling { saver, tell };
    Contender::delays(BY_HAND, run.time, ReadingByHand { saver, saves: 0, processed, view, _counting: counting })
}

/// A task that ends when this is dropped.
fn task(running: impl Future<Output = ()> + Send + 'static) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn_on(running, RUNTIME.handle());
    tasks
}
