//! The builder of an application.

use std::any::TypeId;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, Once, OnceLock, Weak};
use std::time::Duration;

use super::aggregate_cache::AggregateCache;
use super::aggregate_type::RegisteredTypes;
use super::aggregate_types::AggregateTypes;
use super::application_clock::ApplicationClock;
use super::cache_settings::CacheSettings;
use super::command_pruning::{Pruning, Retention};
use super::handle::{Application, Shared};
use super::snapshots::{SnapshotSettings, Snapshots};
use super::state_view::StateView;
use super::topics::Topics;
use super::turns::Turns;
use crate::codec::Mapper;
use crate::domain::Aggregate;
use crate::recording::{MemoryRecorder, ReadOnlyRecorder, Recorder, check_name, check_timers};
use crate::{Error, Result};

/// A builder of an [`Application`].
///
/// It reads no environment variables: `eventsourcing::Builder` does, which `#[application]` uses.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use std::sync::Arc;
///
/// use eventsourcing::Application;
/// use eventsourcing::recording::MemoryRecorder;
///
/// let application = Application::builder("Universe").recorder(Arc::new(MemoryRecorder::new())).section_size(50).open()?;
/// assert_eq!(application.name(), "Universe");
///
/// // a name must also be usable as a table name
/// assert!(Application::builder("no table name").open().is_err());
/// # Ok::<(), eventsourcing::Error>(())
/// ```
#[derive(Debug)]
pub struct ApplicationBuilder {
    name: String,
    recorder: Option<Arc<dyn Recorder>>,
    mapper: Option<Mapper>,
    topics: Topics,
    aggregate_types: AggregateTypes,
    registered_types: RegisteredTypes,
    topic_taken: Option<crate::Error>,
    section_size: usize,
    is_read_only: bool,
    clock: ApplicationClock,
    snapshots: SnapshotSettings,
    commands: Retention,
    cache: CacheSettings,
    /// The first type with an interval of snapshots and without snapshots.
    without_snapshots: Option<&'static str>,
}

impl ApplicationBuilder {
    /// The default maximum number of notifications of a section.
    pub const DEFAULT_SECTION_SIZE: usize = 10;

    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            recorder: None,
            mapper: None,
            topics: Topics::default(),
            aggregate_types: AggregateTypes::default(),
            registered_types: RegisteredTypes::default(),
            topic_taken: None,
            section_size: Self::DEFAULT_SECTION_SIZE,
            is_read_only: false,
            clock: ApplicationClock::default(),
            snapshots: SnapshotSettings::default(),
            commands: Retention::default(),
            cache: CacheSettings::default(),
            without_snapshots: None,
        }
    }

    /// Records events with this recorder. The default is a recorder in memory.
    #[must_use]
    pub fn recorder(mut self, recorder: Arc<dyn Recorder>) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// Maps events with this mapper. The default maps to plain JSON.
    #[must_use]
    pub fn mapper(mut self, mapper: Mapper) -> Self {
        self.mapper = Some(mapper);
        self
    }

    /// Registers an aggregate type, so that a topic it shares with another type is an error when the application opens.
    ///
    /// If the application compresses with zstd, its first dictionary is made from the fields of the registered types' events: see
    /// [`Application::prepare_dictionaries`].
    #[must_use]
    pub fn aggregate<A: Aggregate>(self) -> Self {
        self.aggregate_with::<A>(StateView::hidden())
    }

    /// Registers an aggregate type like [`aggregate`](Self::aggregate), and says how tools that do not know the type show its states.
    ///
    /// [`Application::aggregate_types`] has an example.
    #[must_use]
    pub fn aggregate_with<A: Aggregate>(mut self, view: StateView<A>) -> Self {
        self.registered_types.add(view);
        self.aggregate_types.add::<A::Event>();
        self.topic_taken = self.topic_taken.or(self.topics.claim::<A::Event>().err());
        self
    }

    /// Opens the application to look at it: nothing is recorded, moved or deleted, and no task in the background writes.
    ///
    /// Each call that would change something fails with [`RecorderError::OpenedReadOnly`](crate::RecorderError::OpenedReadOnly), which names the
    /// call. Snapshots are read, and none is taken.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use eventsourcing::{Application, RecorderError};
    /// # futures::executor::block_on(async {
    /// let application = Application::builder("Universe").read_only().open()?;
    /// assert!(application.is_read_only());
    /// let refused = application.recorder().insert_events(Vec::new()).await.unwrap_err();
    /// assert!(matches!(refused, RecorderError::OpenedReadOnly { call: "insert_events" }));
    /// # Ok::<(), eventsourcing::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }

    /// Sets the maximum number of notifications of a section: at least 1, 10 by default.
    #[must_use]
    pub fn section_size(mut self, notifications: usize) -> Self {
        self.section_size = notifications.max(1);
        self
    }

    /// Enables or disables snapshots: enabled by default, for the aggregates whose types have them.
    ///
    /// Disabled, no snapshot is read, written or taken.
    #[must_use]
    pub fn snapshots(mut self, are_enabled: bool) -> Self {
        self.snapshots.is_enabled = are_enabled;
        self
    }

    /// Takes a snapshot of an aggregate after a load that took longer than this, if its type has snapshots.
    #[must_use]
    pub fn snapshot_when_slower_than(mut self, duration: Duration) -> Self {
        self.snapshots.slower_than = Some(duration);
        self
    }

    /// Takes a snapshot of aggregates of this type after each save that reaches a multiple of this number of events.
    ///
    /// It takes precedence over the `snapshot_every` of the type. With 0, none is taken after saves.
    #[must_use]
    pub fn snapshot_every<A: Aggregate>(mut self, events: u64) -> Self {
        if A::SNAPSHOTS.is_none() {
            self.without_snapshots = self.without_snapshots.or(Some(A::NAME));
        }
        self.snapshots.intervals.retain(|(id, _)| *id != TypeId::of::<A>());
        self.snapshots.intervals.push((TypeId::of::<A>(), NonZeroU64::new(events)));
        self
    }

    /// Sets how many snapshots of an aggregate are kept: at least 1, 1 by default.
    ///
    /// More of them make [`get_at`](crate::Repository::get_at) and [`get_as_of`](crate::Repository::get_as_of) faster.
    #[must_use]
    pub fn keep_snapshots(mut self, snapshots: usize) -> Self {
        self.snapshots.keep = snapshots.max(1);
        self
    }

    /// Sets how long the ids of commands are kept: seven days by default.
    ///
    /// A command whose id is no longer kept counts as new. A number of them is [`Retention::Last`]. Older ids are deleted in the background:
    /// see [`prune_commands`](Application::prune_commands). All programs that share a log should set the same.
    #[must_use]
    pub fn keep_commands(mut self, retention: impl Into<Retention>) -> Self {
        self.commands = retention.into();
        self
    }

    /// Keeps the states of up to about this many aggregates in memory; with 0, the default, of none.
    ///
    /// [`read`](crate::Repository::read), [`get`](crate::Repository::get), [`retry`](crate::Application::retry) and units of work use
    /// the states. A read of a cached aggregate reads its new events only, and is as current as one without a cache: see
    /// [`cache_fast_forward`](Self::cache_fast_forward). When the cache is full, aggregates that are seldom read leave it first. The number
    /// is a weight if aggregates have [weights](Self::weight_in_cache).
    #[must_use]
    pub fn cache(mut self, max: u64) -> Self {
        self.cache.max = max;
        self
    }

    /// Sets whether each read of a cached aggregate asks the database for new events: yes by default.
    ///
    /// Without it, a cached aggregate is read without a query. Then this application, with its clones, must be the only writer of its events:
    /// what others record, in other processes or with the recorder itself, is not seen before a save is in conflict with it.
    #[must_use]
    pub fn cache_fast_forward(mut self, is_enabled: bool) -> Self {
        self.cache.forwards = is_enabled;
        self
    }

    /// Sets how much an aggregate of this type weighs in the cache, such as the length of its lists: 1 by default, and at least 1.
    ///
    /// The cache is divided into parts, about four for each core of the machine, or fewer if the cache is small. An aggregate that is too
    /// heavy for its part is not cached.
    #[must_use]
    pub fn weight_in_cache<A: Aggregate>(mut self, weight: fn(&A) -> u64) -> Self {
        self.cache.weigh(weight);
        self
    }

    /// Sets the clock by which the application calls the program: handlers of its policy, and commands that it retries.
    ///
    /// Their events have the time and the ids of the clock, on whichever threads the runners and the callers are. Events that the program
    /// makes elsewhere need a scope of the clock, such as that of [`Clock::enter`](crate::testing::Clock::enter) in the test.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use eventsourcing::Application;
    /// use eventsourcing::testing::Clock;
    ///
    /// let clock = Clock::new();
    /// let application = Application::builder("Universe").clock(&clock).open()?;
    /// # Ok::<(), eventsourcing::Error>(())
    /// ```
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn clock(mut self, clock: &crate::domain::fixed_clock::Clock) -> Self {
        self.clock = clock.clone().into();
        self
    }

    /// Opens the application.
    ///
    /// # Errors
    /// [`Error::TopicTaken`](crate::Error::TopicTaken) if two registered aggregate types share a topic,
    /// [`Error::NoSnapshots`](crate::Error::NoSnapshots) if a type with [`snapshot_every`](Self::snapshot_every) has no snapshots,
    /// [`RecorderError::Name`](crate::RecorderError::Name) if the name cannot be used in table names,
    /// [`RecorderError::Open`](crate::RecorderError::Open) in a Tokio runtime without timers.
    pub fn open(self) -> Result<Application> {
        let Self { name, recorder, mapper, topics, aggregate_types, topic_taken, section_size, clock, .. } = self;
        if let Some(topic_taken) = topic_taken {
            return Err(topic_taken);
        }
        if let Some(aggregate) = self.without_snapshots {
            return Err(Error::no_snapshots_of_type(aggregate));
        }
        check_name(&name)?;
        check_timers(|| format!("the application `{name}`"))?;
        warn_of_arbitrary_precision();
        let registered_types = self.registered_types;
        let is_read_only = self.is_read_only;
        let mut recorder = recorder.unwrap_or_else(|| Arc::new(MemoryRecorder::new()));
        if is_read_only {
            recorder = Arc::new(ReadOnlyRecorder::new(recorder));
        }
        let mapper = mapper.unwrap_or_else(|| Mapper::new(name.to_lowercase()));
        let (turns, claim, carried_over) = (Turns::default(), OnceLock::new(), Mutex::default());
        let (settings, keeps_snapshots, retention) = (self.snapshots, recorder.keeps_snapshots(), self.commands);
        let takes_snapshots = !is_read_only && !mapper.lacks_key();
        let cache = AggregateCache::new(self.cache);
        Ok(Application::new(|application| Shared {
            name,
            recorder,
            mapper,
            topics,
            aggregate_types,
            registered_types,
            section_size,
            is_read_only,
            clock,
            turns,
            snapshots: Snapshots::new(settings, keeps_snapshots, takes_snapshots, Weak::clone(&application)),
            commands: Pruning::new(retention, application),
            cache,
            claim,
            carried_over,
        }))
    }
}

/// Warns once if serde_json is built with its feature `arbitrary_precision`, which any crate of a program can enable for all.
///
/// With that feature, numbers are passed on as maps with one private key. Untagged and internally tagged enums and flattened
/// structs misread such maps. An affected event is refused when it is saved.
fn warn_of_arbitrary_precision() {
    static WARNED: Once = Once::new();
    let keeps_digits =
        serde_json::from_str::<serde_json::Number>("1.10").is_ok_and(|number| number.to_string() == "1.10");
    if keeps_digits {
        WARNED.call_once(|| {
            tracing::warn!(
                "serde_json is built with the feature `arbitrary_precision`; numbers in untagged and internally tagged enums and in \
                 flattened structs may be read differently than they were written; disable the feature \
                 (`cargo tree -e features -i serde_json` shows which crate enables it)"
            );
        });
    }
}
