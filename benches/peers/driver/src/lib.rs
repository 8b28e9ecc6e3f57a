//! What the peers' programs share: the protocol, the tasks, the clock. `benches/peers/README.md` tells the protocol.

use std::io::{BufRead, Write, stdin, stdout};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

/// The fields of the event that every program records: about 100 bytes of JSON.
pub const TIMESTAMP: &str = "2026-11-23T04:11:04.800139Z";
pub const AMOUNT: i64 = 5;
pub const CURRENCY: &str = "EUR";
pub const NOTE: &str = "order-000123";

/// Connections that a peer may hold.
pub const CONNECTIONS: u32 = 32;

/// Events of a stream before a task begins the next one.
const HISTORY: usize = 20;

/// Events in the log out of which streams are loaded, and the streams of each length among them.
const LOG: usize = 100_000;
const STREAMS: [(usize, usize); 2] = [(10, 300), (1_000, 20)];

/// Streams that have snapshots.
const SNAPSHOTS: usize = 20;

/// A library, opened on a database.
pub trait Peer: Clone + Send + Sync + 'static {
    /// What a task keeps of the stream that it adds to.
    type Stream: Send + 'static;

    /// Saves the next event of a stream, of which so many are saved already; begins one if there is none.
    fn save(&self, stream: Option<Self::Stream>, saved: usize) -> impl Future<Output = Self::Stream> + Send;

    /// Records a stream of so many events in the fastest way that the library offers, and gives its id.
    fn record(&self, events: usize) -> impl Future<Output = String> + Send;

    /// Loads what a stream stands for, decoded and folded, and gives the number of its events.
    fn load(&self, id: &str) -> impl Future<Output = usize> + Send;

    /// Reads all events in the order of the log, decoded, and gives their number; or says why it cannot.
    fn read_log(&self) -> impl Future<Output = Result<usize, &'static str>> + Send;

    /// Records a stream of this number of events with a snapshot, and returns its id, or why it cannot.
    fn record_with_snapshot(&self, _: usize) -> impl Future<Output = Result<String, &'static str>> + Send {
        async { Err("snapshots are measured of evento and Python's library alone") }
    }

    /// Loads what a stream of [`record_with_snapshot`](Self::record_with_snapshot) stands for, and gives the number of its events.
    fn load_from_snapshot(&self, id: &str) -> impl Future<Output = usize> + Send {
        self.load(id)
    }

    /// Removes what it made in PostgreSQL.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// Where a program is to keep its events.
#[derive(Clone, Debug)]
pub struct Place {
    /// `postgres` or `sqlite`.
    pub database: String,
    folder: PathBuf,
}

impl Place {
    /// Reads `DATABASE --folder PATH` from the command line.
    pub fn of_arguments() -> Self {
        match &std::env::args().skip(1).collect::<Vec<_>>()[..] {
            [database, flag, folder] if flag == "--folder" => {
                Self { database: database.clone(), folder: folder.into() }
            }
            _ => panic!("expected `postgres --folder PATH` or `sqlite --folder PATH`"),
        }
    }

    pub fn is_postgres(&self) -> bool {
        self.database == "postgres"
    }

    /// A file for SQLite, which is not there yet.
    pub fn file(&self, name: &str) -> PathBuf {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(self.folder.join(format!("{name}.db{suffix}")));
        }
        self.folder.join(format!("{name}.db"))
    }

    /// The address of the PostgreSQL that `POSTGRES_*` variables name, with a schema first in the search path.
    pub fn postgres_url(&self, schema: &str) -> String {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let port = Some(variable("POSTGRES_PORT")).filter(|port| !port.is_empty()).unwrap_or_else(|| "5432".to_owned());
        let parts = [
            ("host", variable("POSTGRES_HOST")),
            ("port", port),
            ("user", variable("POSTGRES_USER")),
            ("password", variable("POSTGRES_PASSWORD")),
            ("options", format!("-c search_path={schema}")),
        ];
        let parts = parts.iter().filter(|(_, value)| !value.is_empty());
        let query: Vec<String> = parts.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        format!("postgres:///{}?{}", encoded(&variable("POSTGRES_DBNAME")), query.join("&"))
    }
}

/// Percent-encoded, as parts of addresses are.
fn encoded(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Opens a peer and answers until standard input ends.
pub fn serve<P: Peer, F: Future<Output = P>>(open: impl FnOnce(Place) -> F) {
    let runtime = Runtime::new().expect("a runtime");
    let place = Place::of_arguments();
    let peer = runtime.block_on(open(place.clone()));
    let (mut streams, mut with_snapshots) = (Vec::new(), Ok(Vec::new()));
    answer("ready");
    for request in stdin().lock().lines().map_while(Result::ok) {
        let words: Vec<&str> = request.split('\t').collect();
        let [measurement, number, milliseconds] = words[..] else { panic!("`{request}` is no request") };
        let number: usize = number.parse().expect("a number");
        let time = Duration::from_millis(milliseconds.parse().expect("milliseconds"));
        if measurement != "save" && streams.is_empty() {
            streams = runtime.block_on(fill(&peer));
        }
        let result = match measurement {
            "save" => Ok(save(&runtime, &peer, number, time)),
            "load" => {
                let of_length = streams.iter().filter(|(length, _)| *length == number);
                let ids = of_length.map(|(_, id): &(usize, String)| id.clone()).collect();
                Ok(load(&runtime, &peer, ids, number, time, false))
            }
            "snapshot" => {
                if with_snapshots.as_ref().is_ok_and(Vec::is_empty) {
                    with_snapshots = runtime.block_on(record_with_snapshots(&peer, number));
                }
                with_snapshots.clone().map(|ids| load(&runtime, &peer, ids, number, time, true))
            }
            "cached" => Err("a cache is measured of Python's library alone"),
            "log" => read_log(&runtime, &peer),
            unknown => panic!("`{unknown}` is nothing that this program measures"),
        };
        let figures = match result {
            Ok((per_second, latencies)) => {
                format!("{per_second:.1}\t{}\t{}", at(&latencies, 0.5), at(&latencies, 0.99))
            }
            Err(why) => format!("-\t-\t-\t{why}"),
        };
        answer(&format!("{}\t{measurement}\t{number}\t{figures}", place.database));
    }
    runtime.block_on(peer.close());
}

fn answer(line: &str) {
    let mut out = stdout().lock();
    // who asked may be gone; standard input then ends too
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// So many a second, and how long each took.
type Measured = (f64, Vec<Duration>);

/// The microseconds that this share needed at most.
fn at(latencies: &[Duration], share: f64) -> String {
    let place = (latencies.len().saturating_sub(1) as f64 * share) as usize;
    latencies.get(place).map_or_else(|| "-".to_owned(), |latency| format!("{:.1}", latency.as_secs_f64() * 1e6))
}

fn save<P: Peer>(runtime: &Runtime, peer: &P, tasks: usize, time: Duration) -> Measured {
    let stop = Arc::new(AtomicBool::new(false));
    let start = Instant::now();
    let run = |_| {
        let (peer, stop) = (peer.clone(), Arc::clone(&stop));
        runtime.spawn(async move {
            let (mut latencies, mut stream, mut saved) = (Vec::new(), None, 0);
            while !stop.load(Ordering::Relaxed) {
                if saved == HISTORY {
                    (stream, saved) = (None, 0);
                }
                let before = Instant::now();
                stream = Some(peer.save(stream, saved).await);
                saved += 1;
                latencies.push(before.elapsed());
            }
            latencies
        })
    };
    let running: Vec<_> = (0..tasks).map(run).collect();
    std::thread::sleep(time);
    stop.store(true, Ordering::Relaxed);
    let mut latencies = Vec::new();
    for task in running {
        latencies.extend(runtime.block_on(task).expect("a task that saves"));
    }
    measured(latencies, start)
}

fn load<P: Peer>(
    runtime: &Runtime,
    peer: &P,
    ids: Vec<String>,
    events: usize,
    time: Duration,
    from_snapshot: bool,
) -> Measured {
    let peer = peer.clone();
    let task = runtime.spawn(async move {
        let (start, mut latencies) = (Instant::now(), Vec::new());
        while start.elapsed() < time {
            let before = Instant::now();
            let id = &ids[latencies.len() % ids.len()];
            let loaded = if from_snapshot { peer.load_from_snapshot(id).await } else { peer.load(id).await };
            latencies.push(before.elapsed());
            assert_eq!(loaded, events, "events of a stream");
        }
        measured(latencies, start)
    });
    runtime.block_on(task).expect("a task that loads")
}

fn measured(mut latencies: Vec<Duration>, start: Instant) -> Measured {
    let per_second = latencies.len() as f64 / start.elapsed().as_secs_f64();
    latencies.sort_unstable();
    (per_second, latencies)
}

fn read_log<P: Peer>(runtime: &Runtime, peer: &P) -> Result<Measured, &'static str> {
    let peer = peer.clone();
    let start = Instant::now();
    let events = runtime.block_on(runtime.spawn(async move { peer.read_log().await })).expect("a task that reads")?;
    assert!(events >= LOG, "the log is to have {LOG} events and has {events}");
    Ok((events as f64 / start.elapsed().as_secs_f64(), Vec::new()))
}

async fn record_with_snapshots<P: Peer>(peer: &P, events: usize) -> Result<Vec<String>, &'static str> {
    let mut ids = Vec::new();
    for _ in 0..SNAPSHOTS {
        ids.push(peer.record_with_snapshot(events).await?);
    }
    Ok(ids)
}

/// Records the streams to load, and more until the log is long enough.
async fn fill<P: Peer>(peer: &P) -> Vec<(usize, String)> {
    let mut streams = Vec::new();
    for (length, count) in STREAMS {
        for _ in 0..count {
            streams.push((length, peer.record(length).await));
        }
    }
    let mut events: usize = STREAMS.iter().map(|(length, count)| length * count).sum();
    while events < LOG {
        peer.record(1_000).await;
        events += 1_000;
    }
    streams
}
