//! The performance of the library, compared with the limits of the machine in the same run.
//!
//! ```console
//! $ cargo run --release --manifest-path benches/suite/Cargo.toml -- --quick --only "sqlite save 1 event"
//! ```
//!
//! PostgreSQL is the server that `POSTGRES_*` variables name; `cargo xtask bench` starts one.
//! A bench stops at the first error, so errors are unwrapped.

mod account;
mod by_hand;
mod cached;
mod catching_up;
mod codecs;
mod delays;
mod facts;
mod held_snapshot;
mod history;
mod in_memory;
mod limits;
mod logs;
mod long_log;
mod measure;
mod metadata;
mod ours;
mod place;
mod processes;
mod reads;
mod report;
mod saves;
mod serve;

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use measure::Contender;
use place::Database;
use report::{Report, Title};
use tokio::runtime::Runtime;

const HELP: &str = "\
suite [--quick] [--only PATTERN] [--folder PATH] [--figures FILE]
    --quick    fewer and shorter rounds, and a shorter log, for a first look
    --only     only measurements with PATTERN in their titles, such as `postgres save 1 event, 64 tasks`;
               alternatives: A|B
    --folder   the folder of SQLite's files, on the disk that is to be measured
    --figures  writes the figures to FILE, one per line, with fields separated by tabs:
               database, measurement, tasks, value, p50 and p99 in microseconds, who, unit, slowest, fastest round

suite --serve ours|grouped DATABASE [--schema NAME] [--folder PATH]
    Measures what standard input requests. benches/peers/README.md describes the protocol.
";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// Waits for a future, on a thread that does not belong to the runtime.
fn wait<F: Future>(future: F) -> F::Output {
    RUNTIME.block_on(future)
}

/// Runs a future on a thread of the runtime, as an application does.
fn in_a_task<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    wait(RUNTIME.spawn(future)).unwrap()
}

/// The options of a run, and its report.
struct Run {
    rounds: usize,
    /// The duration of a round, where it can be chosen.
    time: Duration,
    /// The number of events in the log from which accounts are loaded.
    log_events: usize,
    /// The number of events in the log that is compared with a short one.
    long_log_events: usize,
    /// The time for which a snapshot is held before saves are measured.
    hold: Duration,
    folder: PathBuf,
    only: Vec<String>,
    report: Report,
    /// The role and the database of a process that answers requests; `None` if this process runs the measurements.
    serve: Option<(String, Database)>,
    schema: Option<String>,
}

impl Run {
    /// Reads the command line; `None` if it asks for help.
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut run = Self {
            rounds: 5,
            time: Duration::from_secs(1),
            log_events: 1_000_000,
            long_log_events: 10_000_000,
            hold: Duration::from_mins(10),
            // beside the program, which is on a disk rather than in a memory file system
            folder: std::env::current_exe().unwrap().with_file_name("bench-files"),
            only: Vec::new(),
            report: Report::new(None),
            serve: None,
            schema: None,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} needs a value"));
            match argument.as_str() {
                "--quick" => {
                    (run.rounds, run.time, run.hold) = (3, Duration::from_millis(300), Duration::from_secs(10));
                    (run.log_events, run.long_log_events) = (100_000, 500_000);
                }
                "--only" => run.only = value().split('|').map(str::to_owned).collect(),
                "--folder" => run.folder = value().into(),
                "--serve" => run.serve = Some((value(), value().parse().unwrap())),
                "--schema" => run.schema = Some(value()),
                "--figures" => run.report = Report::new(Some(&value())),
                _ => return None,
            }
        }
        Some(run)
    }

    /// Returns whether a measurement is selected.
    fn wants(&self, title: &Title) -> bool {
        self.only.is_empty() || self.only.iter().any(|pattern| title.text().contains(pattern))
    }

    /// Measures contenders alternately and reports the results, if the measurement is selected.
    fn measure<'a>(&mut self, title: &Title, contenders: impl FnOnce(&Self) -> Vec<Contender<'a>>) {
        if !self.wants(title) {
            return;
        }
        let measured = measure::alternate(self.rounds, contenders(self));
        self.report.add(title, &measured);
    }
}

fn main() {
    let Some(mut run) = Run::parse(std::env::args().skip(1)) else {
        print!("{HELP}");
        return;
    };
    if let Some((who, database)) = &run.serve {
        serve::run(who, *database, run.schema, &run.folder);
        return;
    }
    facts::run(&mut run);
    in_memory::run(&mut run);
    metadata::run(&mut run);
    codecs::run(&mut run);
    let mut databases = vec![Database::Memory, Database::Sqlite];
    if place::has_postgres() {
        databases.push(Database::Postgres);
    } else {
        run.report.leave_out("postgres", "POSTGRES_HOST, POSTGRES_USER and POSTGRES_DBNAME name no server");
    }
    for database in databases {
        saves::run(&mut run, database);
        reads::run(&mut run, database);
        cached::run(&mut run, database);
        catching_up::run(&mut run, database);
        delays::run(&mut run, database);
        if database != Database::Memory {
            long_log::run(&mut run, database);
        }
    }
    if place::has_postgres() {
        processes::run(&mut run);
        held_snapshot::run(&mut run);
    }
}
