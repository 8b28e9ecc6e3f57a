//! The consumers of logs: projections and policies, with their positions, their lag and what they do.

use std::time::Duration;

use eventsourcing_core::Timestamp;
use eventsourcing_core::projection::{ConsumedUpstream, Progress, ProjectionKey, RecordedVersion, Status};

use super::Known;
use crate::failure::Failure;
use crate::reading::Reader;

/// The most consumers that a page lists.
const MOST: usize = 200;

/// The number of consumers whose lag in time is read from the log, one statement each.
const TIMED: usize = 20;

/// A projection or a policy, as the consumer of one log.
#[derive(Clone, Debug)]
pub(crate) struct Consumer {
    pub(crate) name: String,
    /// The key of its version: for a policy, the name of its application.
    pub(crate) key: String,
    pub(crate) version: u32,
    pub(crate) upstream: String,
    pub(crate) kind: Kind,
    /// Whether the version is rebuilt beside the live one.
    pub(crate) is_rebuilt: bool,
    pub(crate) position: u64,
    /// The last position of the log, if its application is shown.
    pub(crate) last: Option<u64>,
    /// How old the oldest event is that is not processed.
    pub(crate) behind_for: Option<Duration>,
    pub(crate) letters: u64,
    pub(crate) state: State,
    /// The error of the runner, from which it may have recovered.
    pub(crate) error: Option<String>,
    /// The database of its view.
    pub(crate) database: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Projection,
    Policy,
}

/// What a consumer does, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// No runner of this process is known.
    Unknown,
    Running,
    Retrying,
    Stopped,
    Failed,
}

impl State {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Unknown => "not run here",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

impl Consumer {
    /// The number of events that are not processed, if the end of the log is known.
    pub(crate) fn lag(&self) -> Option<u64> {
        self.last.map(|last| last.saturating_sub(self.position))
    }
}

/// All consumers that are known, and whether some could not be read.
#[derive(Debug)]
pub(crate) struct Consumers {
    pub(crate) all: Vec<Consumer>,
    /// The databases and applications that could not be read.
    pub(crate) failed: Vec<String>,
    pub(crate) is_cut: bool,
}

impl Consumers {
    /// Reads what views, applications and runners know.
    pub(crate) async fn read(known: &Known, readers: &[Reader]) -> Self {
        let mut consumers = Self { all: Vec::new(), failed: Vec::new(), is_cut: false };
        consumers.add_projections(known).await;
        consumers.add_policies(readers).await;
        consumers.add_runners(known).await;
        for reader in readers {
            consumers.end_of(reader).await;
        }
        consumers.time(readers).await;
        consumers.all.sort_by(|one, other| {
            let key = |consumer: &Consumer| (consumer.name.clone(), consumer.is_rebuilt, consumer.upstream.clone());
            key(one).cmp(&key(other))
        });
        consumers.is_cut |= consumers.all.len() > MOST;
        consumers.all.truncate(MOST);
        consumers
    }

    async fn add_projections(&mut self, known: &Known) {
        for views in &known.views {
            let database = views.database();
            let projections = match views.projections(MOST).await {
                Ok(projections) => projections,
                Err(error) => {
                    tracing::warn!(%error, "the explorer could not list the projections of a database");
                    self.failed.push(database.unwrap_or_else(|| "a database of views".to_owned()));
                    continue;
                }
            };
            self.is_cut |= projections.len() == MOST;
            for projection in &projections {
                for version in projection.versions() {
                    let RecordedVersion { upstreams, key, .. } = version;
                    for ConsumedUpstream { upstream, position, dead_letters, .. } in upstreams {
                        let mut consumer = Consumer::of(key, upstream, Kind::Projection, position.id, *dead_letters);
                        consumer.database = database.clone();
                        self.all.push(consumer);
                    }
                }
            }
        }
    }

    async fn add_policies(&mut self, readers: &[Reader]) {
        for reader in readers {
            for tracked in reader.upstreams().await {
                let Ok(letters) = reader.count_letters(&tracked.upstream).await else {
                    self.failed.push(reader.name().to_owned());
                    continue;
                };
                let (name, position) = (reader.name(), tracked.position.id);
                self.all.push(Consumer::of(name, &tracked.upstream, Kind::Policy, position, letters));
            }
        }
    }

    async fn add_runners(&mut self, known: &Known) {
        for runner in &known.runners {
            let key = runner.dead_letters().key().to_owned();
            let status = match runner.status().await {
                Ok(status) => status,
                Err(error) => {
                    tracing::warn!(%error, "the explorer could not read the status of a runner");
                    self.failed.push(runner.name().to_owned());
                    continue;
                }
            };
            let is_it = |consumer: &&mut Consumer| consumer.key == key && consumer.upstream == runner.upstream();
            match self.all.iter_mut().find(is_it) {
                Some(consumer) => consumer.run_by(status),
                None => {
                    let position = status.position;
                    let mut consumer = Consumer::of(&key, runner.upstream(), Kind::Projection, position, 0);
                    consumer.letters = status.dead_letters;
                    consumer.run_by(status);
                    self.all.push(consumer);
                }
            }
        }
    }

    /// Reads the end of a log, if there are consumers of it.
    async fn end_of(&mut self, reader: &Reader) {
        if self.all.iter().all(|consumer| consumer.upstream != reader.name()) {
            return;
        }
        match reader.newest().await {
            Ok(newest) => {
                let of_log = self.all.iter_mut().filter(|consumer| consumer.upstream == reader.name());
                of_log.for_each(|consumer| consumer.last = Some(newest.max(consumer.position)));
            }
            Err(_) => self.failed.push(reader.name().to_owned()),
        }
    }

    /// Reads how old the next event is of those that are behind and have no runner here.
    async fn time(&mut self, readers: &[Reader]) {
        let (now, mut left) = (Timestamp::now(), TIMED);
        for consumer in &mut self.all {
            let is_behind = consumer.behind_for.is_none() && consumer.lag().is_some_and(|lag| lag > 0);
            let reader = readers.iter().find(|reader| reader.name() == consumer.upstream);
            let (Some(reader), true, true) = (reader, is_behind, left > 0) else { continue };
            left -= 1;
            if let Ok(Some(time)) = reader.time_after(consumer.position).await {
                consumer.behind_for = Some(now.duration_since(time).try_into().unwrap_or_default());
            }
        }
    }

    /// The consumer of this key and log.
    pub(crate) fn find(&self, key: &str, upstream: &str) -> Result<&Consumer, Failure> {
        let found = self.all.iter().find(|consumer| consumer.key == key && consumer.upstream == upstream);
        found.ok_or(Failure::NotFound("There is no projection or policy of this name that processes this log."))
    }
}

impl Consumer {
    /// A projection of which nothing is known but its key and its log.
    pub(crate) fn named(key: &str, upstream: &str) -> Self {
        Self::of(key, upstream, Kind::Projection, 0, 0)
    }

    fn of(key: &str, upstream: &str, kind: Kind, position: u64, letters: u64) -> Self {
        let ProjectionKey { name, version, is_rebuilt, .. } = ProjectionKey::parse(key);
        Self {
            name: name.to_owned(),
            key: key.to_owned(),
            version,
            upstream: upstream.to_owned(),
            kind,
            is_rebuilt,
            position,
            last: None,
            behind_for: None,
            letters,
            state: State::Unknown,
            error: None,
            database: None,
        }
    }

    fn run_by(&mut self, status: Status) {
        let Status { last, position, behind_for, progress, last_error, .. } = status;
        // the stored position may be of another process, which is further
        self.position = self.position.max(position);
        self.last = Some(last.max(self.position));
        self.behind_for = Some(behind_for);
        self.state = match progress {
            Progress::Running => State::Running,
            Progress::Retrying(_) => State::Retrying,
            Progress::Stopped => State::Stopped,
            _ => State::Failed,
        };
        self.error = last_error.map(|error| error.to_string());
    }
}
