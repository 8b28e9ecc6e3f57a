//! The resources that a test's process uses: memory, open files, connections to PostgreSQL.
//!
//! Linux only: the figures are read from `/proc`. On other systems the test reports that it watches nothing.
#![expect(clippy::print_stdout, reason = "figures of a long run are its result")]

use std::fmt;
use std::fs;
use std::time::Duration;

use sqlx::PgConnection;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// The time between two samples.
const INTERVAL: Duration = Duration::from_millis(500);

/// The rule does not judge series with fewer samples than this.
const SAMPLES: usize = 40;

const MIB: u64 = 1024 * 1024;

/// The growth of each resource that the rule allows between the second and the last quarter.
///
/// A memory allocator keeps some freed memory, and a pool opens another connection when requests coincide.
const ALLOWANCES: Sample = Sample { memory: 16 * MIB, files: 8, connections: 2 };

/// The resources in use at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Bytes that are resident, in this process and its children together.
    pub memory: u64,
    /// Open files, pipes and sockets, in this process and its children together.
    pub files: u64,
    /// The server's connections to clients in this database, beside the one that asks.
    pub connections: u64,
}

/// The name of a resource, and its amount in a sample.
type Resource = (&'static str, fn(&Sample) -> u64);

impl Sample {
    const RESOURCES: [Resource; 3] = [
        ("memory", |sample| sample.memory),
        ("open files", |sample| sample.files),
        ("connections", |sample| sample.connections),
    ];

    /// The resources of a process and its children; none for one that has ended.
    pub fn of_family(process: u32) -> Self {
        children(process).into_iter().chain([process]).map(Self::of_process).fold(Self::default(), |sum, sample| Self {
            memory: sum.memory + sample.memory,
            files: sum.files + sample.files,
            ..sum
        })
    }

    fn of_process(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.and_then(|value| value.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        let files = fs::read_dir(format!("/proc/{process}/fd")).map_or(0, |files| files.count() as u64);
        Self { memory: kilobytes.unwrap_or_default() * 1024, files, connections: 0 }
    }
}

/// The running processes that a process has started.
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_child = |process: &u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // the program's name is in parentheses and may contain any; the state and the parent come after it
        let parent_of = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        parent_of == Some(parent)
    };
    numbers.filter(is_child).collect()
}

/// A task that takes samples.
#[derive(Debug)]
pub struct Watch {
    task: JoinHandle<Vec<Sample>>,
    end: oneshot::Sender<()>,
}

impl Watch {
    /// Begins to take samples. The connection, if given, is used to count the server's other connections.
    pub fn start(server: Option<PgConnection>) -> Self {
        let (end, ended) = oneshot::channel();
        Self { task: tokio::spawn(take_samples(server, ended)), end }
    }

    /// Takes the last sample, prints the series and returns it.
    pub async fn end(self) -> Series {
        // a watch that failed says why when it is waited for
        let _ = self.end.send(());
        let series = Series(self.task.await.unwrap());
        println!("{series}");
        series
    }
}

async fn take_samples(mut server: Option<PgConnection>, mut ended: oneshot::Receiver<()>) -> Vec<Sample> {
    let mut samples = Vec::new();
    if !cfg!(target_os = "linux") {
        return samples;
    }
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_over = false;
    while !is_over {
        is_over = tokio::select! {
            biased;
            _ = &mut ended => true,
            _ = ticks.tick() => false,
        };
        let mut sample = Sample::of_family(std::process::id());
        if let Some(server) = &mut server {
            sample.connections = connections(server).await;
        }
        samples.push(sample);
    }
    samples
}

async fn connections(server: &mut PgConnection) -> u64 {
    let count = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' \
                 AND datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::query_scalar::<_, i64>(count).fetch_one(server).await.unwrap().unsigned_abs()
}

/// Samples in the order taken, at equal intervals.
#[derive(Debug)]
pub struct Series(pub Vec<Sample>);

/// A resource whose use keeps growing.
#[derive(Debug, PartialEq, Eq)]
pub struct Growth {
    pub resource: &'static str,
    /// The median of the second quarter.
    pub before: u64,
    /// The median of the last quarter.
    pub after: u64,
    pub allowance: u64,
}

impl Series {
    /// The resources whose median in the last quarter is above that in the second quarter by more than its allowance.
    ///
    /// The first quarter does not count: caches fill and pools open their connections there. A median is not moved by peaks, as
    /// long as they take less than half of a quarter. What leaks steadily adds half of all that leaks to the difference, so a
    /// longer run finds a smaller leak.
    pub fn growing(&self) -> Vec<Growth> {
        let Self(samples) = self;
        if samples.len() < SAMPLES {
            return Vec::new();
        }
        let quarter = samples.len() / 4;
        let (second, last) = (&samples[quarter..2 * quarter], &samples[samples.len() - quarter..]);
        let growth = |(resource, amount): Resource| {
            let (before, after, allowance) = (median(second, amount), median(last, amount), amount(&ALLOWANCES));
            (after > before + allowance).then_some(Growth { resource, before, after, allowance })
        };
        Sample::RESOURCES.into_iter().filter_map(growth).collect()
    }
}

fn median(samples: &[Sample], amount: fn(&Sample) -> u64) -> u64 {
    let mut amounts: Vec<u64> = samples.iter().map(amount).collect();
    amounts.sort_unstable();
    amounts[amounts.len() / 2]
}

/// Shows the use at the start, after a tenth of the time, at most, and at the end.
impl fmt::Display for Series {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(first), Some(last)) = (self.0.first(), self.0.last()) else {
            return formatter.write_str("memory, open files and connections are watched on Linux only");
        };
        let tenth = &self.0[self.0.len() / 10];
        write!(formatter, "{} samples: at the start, after a tenth, at most, at the end", self.0.len())?;
        for (resource, amount) in Sample::RESOURCES {
            let most = self.0.iter().map(amount).max().unwrap_or_default();
            let [first, tenth, most, last] = [amount(first), amount(tenth), most, amount(last)].map(|amount| {
                if resource == "memory" { format!("{} MiB", amount.div_ceil(MIB)) } else { amount.to_string() }
            });
            write!(formatter, "\n  {resource:<12}{first:>9}{tenth:>9}{most:>9}{last:>9}")?;
        }
        Ok(())
    }
}
