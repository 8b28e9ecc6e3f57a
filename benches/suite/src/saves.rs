//! Saves by concurrent tasks: ours, and the database alone.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::Run;
use crate::account::{Bank, Purse};
use crate::limits::postgres_saves::{self, Way};
use crate::limits::row::{Commands, Stream};
use crate::limits::sqlite_saves::{self, Inline, Writer};
use crate::measure::Contender;
use crate::ours::saves::Saver;
use crate::place::{self, Database, Schema};
use crate::report::{OURS, Title};
use crate::wait;

const TASKS: [usize; 4] = [1, 8, 64, 512];
const EVENTS: [u64; 2] = [1, 5];

/// The number of tasks in measurements of compressed and encrypted states, and of events that are read back.
const BUSY: usize = 64;

/// Measures every number of tasks and of events.
pub fn run(run: &mut Run, database: Database) {
    for events in EVENTS {
        for tasks in TASKS {
            let name = if events == 1 { "save 1 event".to_owned() } else { format!("save {events} events") };
            run.measure(&Title::new(database, name, tasks, "saves"), |run| match database {
                Database::Memory => memory(run, tasks, events),
                Database::Sqlite => sqlite(run, tasks, events),
                Database::Postgres => postgres(run, tasks, events),
            });
        }
    }
    let title = Title::new(database, "save 1 event, zstd and XChaCha20-Poly1305", BUSY, "saves");
    match database {
        Database::Memory => (),
        Database::Sqlite => run.measure(&title, |run| sealed_sqlite(run)),
        Database::Postgres => run.measure(&title, |run| sealed_postgres(run)),
    }
    for tasks in [1, BUSY] {
        let kinds = [("a command id", Commands::Random), ("a time-ordered command id", Commands::Ordered)];
        for (id, kind) in kinds {
            let title = Title::new(database, format!("save 1 event with {id}"), tasks, "saves");
            run.measure(&title, |run| commands(run, database, tasks, kind));
        }
    }
    let title = Title::new(database, "save 1 event, read back", BUSY, "saves");
    match database {
        Database::Memory => (),
        Database::Sqlite => run.measure(&title, |run| read_back_in_sqlite(run)),
        Database::Postgres => run.measure(&title, |run| read_back_in_postgres(run)),
    }
}

fn ours(run: &Run, bank: Bank, tasks: usize, events: u64) -> Contender<'static> {
    named(OURS, run, bank, tasks, events)
}

fn named(who: &'static str, run: &Run, bank: Bank, tasks: usize, events: u64) -> Contender<'static> {
    let bank = Arc::new(bank);
    Contender::crew(who, run.time, (0..tasks).map(|_| Saver::new(&bank, events)).collect())
}

fn memory(run: &Run, tasks: usize, events: u64) -> Vec<Contender<'static>> {
    vec![ours(run, place::bank_in_memory(), tasks, events)]
}

fn sqlite(run: &Run, tasks: usize, events: u64) -> Vec<Contender<'static>> {
    let by_thread = |who, at_most| {
        let folder = place::folder(&run.folder);
        let queue = sqlite_saves::writer_thread(Writer::create(&folder.path().join("limit.db")), at_most);
        let saver = |_| sqlite_saves::Saver { queue: queue.clone(), events, stream: Stream::new() };
        Contender::crew(who, run.time, (0..tasks).map(saver).collect()).keeping(folder)
    };
    let folder = place::folder(&run.folder);
    let bank = place::bank_on(folder.path().join("ours.db"));
    let mut contenders = vec![
        ours(run, bank, tasks, events).keeping(folder),
        by_thread("rusqlite, a thread groups saves", sqlite_saves::BATCH),
        by_thread("rusqlite, a thread, one transaction a save", 1),
    ];
    if tasks == 1 {
        let folder = place::folder(&run.folder);
        let writer = Writer::create(&folder.path().join("limit.db"));
        let inline = Inline { writer, events, stream: Stream::new() };
        contenders.push(Contender::crew("rusqlite, a transaction in place", run.time, vec![inline]).keeping(folder));
    }
    contenders
}

fn postgres(run: &Run, tasks: usize, events: u64) -> Vec<Contender<'static>> {
    let limit = |who, way: fn(&Schema) -> Way| {
        let schema = Schema::create();
        postgres_saves::create_tables(&schema);
        let way = way(&schema);
        let saver = |number| postgres_saves::Saver { way: way.clone(), number, events, stream: Stream::new() };
        Contender::crew(who, run.time, (0..tasks).map(saver).collect()).keeping(schema)
    };
    let schema = Schema::create();
    let mut contenders = vec![
        ours(run, schema.bank(), tasks, events).keeping(schema),
        limit("driver, one writer groups saves, head row", |schema| Way::Grouped(postgres_saves::group_loop(schema))),
        limit("driver, LOCK TABLE each save", |schema| Way::Locked(postgres_saves::hold(schema))),
        limit("driver, INSERT each save, unordered", |schema| Way::Unordered(postgres_saves::hold(schema))),
    ];
    if (tasks, events) == (1, 1) {
        // shows how much of the difference is caused by the server
        contenders.push(limit("driver, our append function each save", |schema| {
            wait(schema.bank().close());
            Way::Function(Arc::new(Mutex::new(schema.connect())))
        }));
    }
    contenders
}

/// The name of our saves of events that need not be read back.
const TRUSTED: &str = "ours, events that need not be read back";

fn read_back(run: &Run, bank: Bank) -> Contender<'static> {
    let bank = Arc::new(bank);
    Contender::crew(OURS, run.time, (0..BUSY).map(|_| Saver::<Purse>::of(&bank, 1)).collect())
}

fn read_back_in_sqlite(run: &Run) -> Vec<Contender<'static>> {
    let (folder, trusted) = (place::folder(&run.folder), place::folder(&run.folder));
    let (bank, trusting) =
        (place::bank_on(folder.path().join("ours.db")), place::bank_on(trusted.path().join("ours.db")));
    vec![read_back(run, bank).keeping(folder), named(TRUSTED, run, trusting, BUSY, 1).keeping(trusted)]
}

fn read_back_in_postgres(run: &Run) -> Vec<Contender<'static>> {
    let (schema, trusted) = (Schema::create(), Schema::create());
    vec![read_back(run, schema.bank()).keeping(schema), named(TRUSTED, run, trusted.bank(), BUSY, 1).keeping(trusted)]
}

/// The name of our saves without a command id.
const PLAIN: &str = "ours, without a command id";

/// Saves with command ids and without, ours and the database alone: the difference of the latter is what the row of a command costs.
fn commands(run: &Run, database: Database, tasks: usize, kind: Commands) -> Vec<Contender<'static>> {
    let contender = |who, kind: Commands| {
        let crew = |bank: Bank| {
            let bank = Arc::new(bank);
            Contender::crew(who, run.time, (0..tasks).map(|_| Saver::new(&bank, 1).with(kind)).collect())
        };
        match database {
            Database::Memory => crew(place::bank_in_memory()),
            Database::Sqlite => {
                let folder = place::folder(&run.folder);
                crew(place::bank_on(folder.path().join("ours.db"))).keeping(folder)
            }
            Database::Postgres => {
                let schema = Schema::create();
                crew(schema.bank()).keeping(schema)
            }
        }
    };
    let mut contenders = vec![contender(OURS, kind), contender(PLAIN, Commands::None)];
    let limits = [("driver, one writer groups saves and commands", kind), (GROUPED, Commands::None)];
    match database {
        Database::Memory => (),
        Database::Sqlite => contenders.extend(limits.map(|(who, kind)| sqlite_writer(run, who, tasks, kind))),
        Database::Postgres => contenders.extend(limits.map(|(who, kind)| postgres_writer(run, who, tasks, kind))),
    }
    contenders
}

/// The name of the limit without commands.
const GROUPED: &str = "driver, one writer groups saves";

fn sqlite_writer(run: &Run, who: &'static str, tasks: usize, kind: Commands) -> Contender<'static> {
    let folder = place::folder(&run.folder);
    let queue = sqlite_saves::writer_thread(Writer::create(&folder.path().join("limit.db")), sqlite_saves::BATCH);
    let saver = |_| sqlite_saves::Saver { queue: queue.clone(), events: 1, stream: Stream::new().with(kind) };
    Contender::crew(who, run.time, (0..tasks).map(saver).collect()).keeping(folder)
}

fn postgres_writer(run: &Run, who: &'static str, tasks: usize, kind: Commands) -> Contender<'static> {
    let schema = Schema::create();
    postgres_saves::create_tables(&schema);
    let way = Way::Grouped(postgres_saves::group_loop(&schema));
    let stream = || Stream::new().with(kind);
    let saver = |number| postgres_saves::Saver { way: way.clone(), number, events: 1, stream: stream() };
    Contender::crew(who, run.time, (0..tasks).map(saver).collect()).keeping(schema)
}

/// The name of our saves of states that are not sealed.
const CLEAR: &str = "ours, JSON in the clear";

fn sealed_sqlite(run: &Run) -> Vec<Contender<'static>> {
    let (folder, clear) = (place::folder(&run.folder), place::folder(&run.folder));
    let (sealed_bank, bank) =
        (place::sealed_bank_on(folder.path().join("ours.db")), place::bank_on(clear.path().join("ours.db")));
    vec![ours(run, sealed_bank, BUSY, 1).keeping(folder), named(CLEAR, run, bank, BUSY, 1).keeping(clear)]
}

fn sealed_postgres(run: &Run) -> Vec<Contender<'static>> {
    let (schema, clear) = (Schema::create(), Schema::create());
    vec![
        ours(run, schema.sealed_bank(), BUSY, 1).keeping(schema),
        named(CLEAR, run, clear.bank(), BUSY, 1).keeping(clear),
    ]
}
