//! Opens an application with the recorder and the mapper that environment variables describe.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use eventsourcing_core::application::StateView;
use eventsourcing_core::recording::{MemoryRecorder, NotificationQuery};
use eventsourcing_core::{Aggregate, Application, ApplicationBuilder, Environment, Mapper, Recorder, Result};

use crate::module::{FACTORY, MODULE};
use crate::variables::{CACHE, FAST_FORWARD, SNAPSHOTS, check_module, warn_of_others};

/// What is expected of the variable of the cache's size.
const CACHE_SIZES: &str = "a number of aggregates, such as 1000, or 0 for no cache";

/// A builder of an application, configured by environment variables where the program does not configure it.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use eventsourcing::recording::MemoryRecorder;
/// use eventsourcing::prelude::*;
///
/// #[application]
/// struct Universe;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let universe = Universe::builder().variables([("COMPRESSOR_TOPIC", "zstd")]).recorder(Arc::new(MemoryRecorder::new())).open().await?;
/// assert_eq!(universe.name(), "Universe");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it opens"]
pub struct Builder<T> {
    name: &'static str,
    application: ApplicationBuilder,
    environment: Option<Environment>,
    recorder: Option<Arc<dyn Recorder>>,
    mapper: Option<Mapper>,
    snapshots: Option<bool>,
    cache: Option<u64>,
    fast_forward: Option<bool>,
    is_read_only: bool,
    lacks_key: bool,
    opens: PhantomData<fn() -> T>,
}

impl<T: From<Application>> Builder<T> {
    /// A builder of the application with this name.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            application: Application::builder(name),
            environment: None,
            recorder: None,
            mapper: None,
            snapshots: None,
            cache: None,
            fast_forward: None,
            is_read_only: false,
            lacks_key: false,
            opens: PhantomData,
        }
    }

    /// Reads these variables only, instead of the environment of the process.
    pub fn variables<K: Into<String>, V: Into<String>>(mut self, variables: impl IntoIterator<Item = (K, V)>) -> Self {
        self.environment = Some(Environment::from_variables(self.name, variables));
        self
    }

    /// Records events with this recorder.
    pub fn recorder(mut self, recorder: Arc<dyn Recorder>) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// Maps events with this mapper.
    pub fn mapper(mut self, mapper: Mapper) -> Self {
        self.mapper = Some(mapper);
        self
    }

    /// Opens the application to look at it: nothing at all is written, neither now nor later.
    ///
    /// No table is created or migrated, no name is claimed, and no task in the background writes. A role that may only `SELECT`, a standby
    /// of PostgreSQL and a write-protected file of SQLite are enough. Tables that are missing or need a migration are an error that says which
    /// version was found. Each call that would change something fails with
    /// [`RecorderError::OpenedReadOnly`](crate::RecorderError::OpenedReadOnly), which names the call.
    ///
    /// # Examples
    ///
    /// ```
    /// use eventsourcing::prelude::*;
    ///
    /// #[application]
    /// struct Universe;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let file = folder.path().join("universe.db").to_string_lossy().into_owned();
    /// let variables = || [("PERSISTENCE_MODULE", "sqlite".to_owned()), ("SQLITE_DBNAME", file.clone())];
    /// let universe = Universe::builder().variables(variables()).open().await?;
    /// let looked_at = Universe::builder().variables(variables()).read_only().open().await?;
    /// assert_eq!(looked_at.log().max_id().await?, None);
    /// let refused = looked_at.recorder().insert_events(Vec::new()).await.unwrap_err();
    /// assert!(matches!(refused, eventsourcing::RecorderError::OpenedReadOnly { .. }));
    /// # Ok(())
    /// # }
    /// ```
    pub fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }

    /// Opens an encrypted log without its key, whatever CIPHER_KEY and CIPHER_TOPIC are.
    ///
    /// Positions, topics, ids, lengths and recorded times are readable. Opening a state fails with
    /// [`MapperFailure::KeyMissing`](crate::codec::MapperFailure::KeyMissing), and so does a save, so that no event is recorded unencrypted.
    /// A log that is not encrypted is read as always.
    pub fn without_key(mut self) -> Self {
        self.lacks_key = true;
        self
    }

    /// Registers an aggregate type, so that a topic it shares with another type is an error when the application opens.
    pub fn aggregate<A: Aggregate>(mut self) -> Self {
        self.application = self.application.aggregate::<A>();
        self
    }

    /// Registers an aggregate type, and says how tools that do not know the type show its states.
    ///
    /// See [`ApplicationBuilder::aggregate_with`].
    pub fn aggregate_with<A: Aggregate>(mut self, view: StateView<A>) -> Self {
        self.application = self.application.aggregate_with(view);
        self
    }

    /// Sets the maximum number of notifications of a section; the default is 10.
    pub fn section_size(mut self, notifications: usize) -> Self {
        self.application = self.application.section_size(notifications);
        self
    }

    /// Enables or disables snapshots, whatever IS_SNAPSHOTTING_ENABLED is.
    ///
    /// See [`ApplicationBuilder::snapshots`].
    pub fn snapshots(mut self, are_enabled: bool) -> Self {
        self.snapshots = Some(are_enabled);
        self
    }

    /// Takes a snapshot of an aggregate after a load that took longer than this, if its type has snapshots.
    pub fn snapshot_when_slower_than(mut self, duration: Duration) -> Self {
        self.application = self.application.snapshot_when_slower_than(duration);
        self
    }

    /// Takes a snapshot of aggregates of this type after each save that reaches a multiple of this number of events; with 0, after none.
    ///
    /// See [`ApplicationBuilder::snapshot_every`].
    pub fn snapshot_every<A: Aggregate>(mut self, events: u64) -> Self {
        self.application = self.application.snapshot_every::<A>(events);
        self
    }

    /// Sets how many snapshots of an aggregate are kept: at least 1, 1 by default.
    ///
    /// See [`ApplicationBuilder::keep_snapshots`].
    pub fn keep_snapshots(mut self, snapshots: usize) -> Self {
        self.application = self.application.keep_snapshots(snapshots);
        self
    }

    /// Sets how long the ids of commands are kept: seven days by default.
    ///
    /// See [`ApplicationBuilder::keep_commands`].
    pub fn keep_commands(mut self, retention: impl Into<eventsourcing_core::application::Retention>) -> Self {
        self.application = self.application.keep_commands(retention);
        self
    }

    /// Keeps the states of up to about this many aggregates in memory, whatever AGGREGATE_CACHE_MAXSIZE is; with 0, of none.
    ///
    /// See [`ApplicationBuilder::cache`].
    pub fn cache(mut self, max: u64) -> Self {
        self.cache = Some(max);
        self
    }

    /// Sets whether each read of a cached aggregate asks the database for new events, whatever AGGREGATE_CACHE_FASTFORWARD is.
    ///
    /// See [`ApplicationBuilder::cache_fast_forward`].
    pub fn cache_fast_forward(mut self, is_enabled: bool) -> Self {
        self.fast_forward = Some(is_enabled);
        self
    }

    /// Sets how much an aggregate of this type weighs in the cache: 1 by default, and at least 1.
    ///
    /// See [`ApplicationBuilder::weight_in_cache`].
    pub fn weight_in_cache<A: Aggregate>(mut self, weight: fn(&A) -> u64) -> Self {
        self.application = self.application.weight_in_cache(weight);
        self
    }

    /// Sets the clock by which the application calls the program: handlers of its policy, and commands that it retries.
    ///
    /// See [`ApplicationBuilder::clock`].
    #[cfg(feature = "testing")]
    pub fn clock(mut self, clock: &crate::testing::Clock) -> Self {
        self.application = self.application.clock(clock);
        self
    }

    /// Opens the application: connects to its database, creates or migrates its tables, and loads its dictionaries,
    /// as [`Application::prepare_dictionaries`] describes.
    ///
    /// # Errors
    /// [`Error::Environment`](crate::Error::Environment) if a variable is missing or invalid,
    /// [`Error::Recorder`](crate::Error::Recorder) if the database cannot be opened,
    /// [`Error::NameTaken`](crate::Error::NameTaken) if an application of another type is open in this process under the same name in
    /// the same database, [`Error::TopicTaken`](crate::Error::TopicTaken) if two of the registered aggregate types share a topic, and
    /// [`Error::Mapper`](crate::Error::Mapper) if the last event is not encrypted with the configured cipher and key.
    pub async fn open(self) -> Result<T> {
        let environment = self.environment.unwrap_or_else(|| Environment::from_process(self.name));
        warn_of_others(self.name, &environment);
        // errors of the variables are returned before anything is opened or changed
        let mapper = match self.mapper {
            Some(mapper) if self.lacks_key => mapper.without_key(),
            Some(mapper) => mapper,
            None if self.lacks_key => Mapper::from_environment_without_key(self.name, &environment)?,
            None => Mapper::from_environment(self.name, &environment)?,
        };
        let snapshots = match self.snapshots {
            Some(are_enabled) => are_enabled,
            None => environment.flag(SNAPSHOTS, true)?,
        };
        let cache = match self.cache {
            Some(max) => max,
            None => environment.number(CACHE, CACHE_SIZES)?.unwrap_or_default(),
        };
        let forwards = match self.fast_forward {
            Some(is_enabled) => is_enabled,
            None => environment.flag(FAST_FORWARD, true)?,
        };
        let opened = match self.recorder {
            Some(recorder) => Opened { recorder, backend: "a recorder of the program", database: None, schema: None },
            // boxed, because opening a database needs 16 KiB of state, which the futures of all callers would contain
            None => Box::pin(recorder(self.name, &environment, self.is_read_only)).await?,
        };
        let Opened { recorder, backend, database, schema } = opened;
        let application = self.application.mapper(mapper).recorder(recorder).snapshots(snapshots);
        let application = application.cache(cache).cache_fast_forward(forwards);
        let application = if self.is_read_only { application.read_only() } else { application };
        let application = application.open()?;
        if !self.is_read_only {
            application.claim_name::<T>().await?;
        }
        if !self.lacks_key {
            check_cipher(&**application.recorder(), application.mapper()).await?;
        }
        application.prepare_dictionaries().await?;
        let mapper = application.mapper();
        let (is_compressed, is_encrypted) = (mapper.has_compressor(), mapper.has_cipher());
        tracing::info!(
            application = self.name,
            backend,
            database,
            schema,
            is_compressed,
            is_encrypted,
            "an application is open"
        );
        Ok(T::from(application))
    }
}

/// Opens the last recorded event, so that a program with a wrong or missing key does not record events that the others cannot
/// read, or that are not encrypted.
async fn check_cipher(recorder: &dyn Recorder, mapper: &Mapper) -> Result<()> {
    let Some(last) = recorder.max_notification_id().await? else { return Ok(()) };
    for notification in recorder.select_notifications(NotificationQuery::after(last - 1, 1)).await? {
        let opened = mapper.open(&notification.location(), &notification.state, notification.checksum);
        let Err(error) = opened else { continue };
        // a broken state is reported to its readers
        if error.failure.is_of_configuration() {
            return Err(error.into());
        }
    }
    Ok(())
}

/// A recorder, with a description of its database for the log.
struct Opened {
    recorder: Arc<dyn Recorder>,
    backend: &'static str,
    /// The database, without its password.
    database: Option<String>,
    schema: Option<String>,
}

/// The recorder that the environment variables describe.
async fn recorder(name: &str, environment: &Environment, is_read_only: bool) -> Result<Opened> {
    let (variable, value) = match (environment.text(MODULE)?, environment.text(FACTORY)?) {
        (Some(module), _) => (MODULE, module),
        (None, Some(factory)) => (FACTORY, factory),
        (None, None) => {
            check_module(environment)?;
            (MODULE, "memory".to_owned())
        }
    };
    // the Python library's values: `eventsourcing.sqlite`, `eventsourcing.sqlite:Factory`
    let short = value.strip_prefix("eventsourcing.").unwrap_or(&value);
    match short.strip_suffix(":Factory").unwrap_or(short) {
        "memory" | "popo" => {
            let recorder = Arc::new(MemoryRecorder::new());
            Ok(Opened { recorder, backend: "memory", database: None, schema: None })
        }
        "sqlite" => sqlite(name, environment, variable, &value, is_read_only).await,
        "postgres" => postgres(name, environment, variable, &value, is_read_only).await,
        _ => Err(environment.invalid(variable, &value, "`memory`, `sqlite` or `postgres`").into()),
    }
}

#[cfg(feature = "sqlite")]
async fn sqlite(name: &str, environment: &Environment, _: &str, _: &str, is_read_only: bool) -> Result<Opened> {
    let mut config = eventsourcing_sqlx::SqliteConfig::from_environment(environment)?;
    config.read_only = is_read_only;
    let database = Some(config.dbname.clone());
    let recorder = Arc::new(eventsourcing_sqlx::SqliteRecorder::open(name, config).await?);
    Ok(Opened { recorder, backend: "sqlite", database, schema: None })
}

#[cfg(not(feature = "sqlite"))]
async fn sqlite(_: &str, environment: &Environment, variable: &str, value: &str, _: bool) -> Result<Opened> {
    Err(environment.feature_off(variable, value, "sqlite").into())
}

#[cfg(feature = "postgres")]
async fn postgres(name: &str, environment: &Environment, _: &str, _: &str, is_read_only: bool) -> Result<Opened> {
    let mut config = eventsourcing_sqlx::PostgresConfig::from_environment(environment)?;
    config.read_only = is_read_only;
    let (database, schema) = (Some(config.to_string()), Some(config.schema.clone()));
    let recorder = Arc::new(eventsourcing_sqlx::PostgresRecorder::open(name, config).await?);
    Ok(Opened { recorder, backend: "postgres", database, schema })
}

#[cfg(not(feature = "postgres"))]
async fn postgres(_: &str, environment: &Environment, variable: &str, value: &str, _: bool) -> Result<Opened> {
    Err(environment.feature_off(variable, value, "postgres").into())
}
