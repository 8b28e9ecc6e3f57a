//! The configuration of a SQLite database.

use std::time::Duration;

use eventsourcing_core::{Environment, EnvironmentError};

use super::{QUEUE_SIZE, database_url, queue_size};

/// The configuration of a recorder in SQLite: the database, and how it is opened.
///
/// # Examples
///
/// ```
/// # mod eventsourcing { pub use eventsourcing_core::*; pub use eventsourcing_sqlx as database; }
/// use eventsourcing::Environment;
/// use eventsourcing::database::SqliteConfig;
///
/// let environment = Environment::from_variables("Universe", [("SQLITE_DBNAME", "universe.db"), ("SQLITE_LOCK_TIMEOUT", "0.5")]);
/// let config = SqliteConfig::from_environment(&environment)?;
/// assert_eq!(config.dbname, "universe.db");
/// assert_eq!(config.lock_timeout.as_millis(), 500);
/// # Ok::<(), eventsourcing_core::EnvironmentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteConfig {
    /// A path, `:memory:`, `:memory:?mode=memory&cache=shared`, or a `file:` URI as SQLite knows them (`SQLITE_DBNAME`).
    ///
    /// Each `:memory:` is a separate database. With `mode=memory&cache=shared`, a database in memory is shared by all recorders that
    /// open the same name in this process, and exists while one of them has it open.
    pub dbname: String,
    /// How long to wait for the write lock (`SQLITE_LOCK_TIMEOUT`). Default: 5 seconds.
    pub lock_timeout: Duration,
    /// Whether opening creates missing tables and migrates old ones (`CREATE_TABLE`). Default: yes.
    pub create_table: bool,
    /// Whether the database is opened to look at it: nothing is created, migrated or recorded. Default: no.
    ///
    /// The file may be write-protected, in a folder that is too. A file without a write-ahead log beside it, which no program is writing then, is
    /// read without any lock (`immutable=1`), until a program opens it. A file with one is read in SQLite's mode `ro`, which
    /// needs the `-shm` file of the program that writes it, or a folder in which it can be created.
    pub read_only: bool,
    /// The most events in the save queue (`SAVE_QUEUE_SIZE`). Default: 10,000. Saves wait for room in a full queue (back-pressure).
    pub queue_size: u32,
    /// How many bytes of the file readers map into memory (`SQLITE_MMAP_SIZE`). Default: none.
    ///
    /// Reads of events that are scattered over a file larger than SQLite's own cache become up to twice as fast. A disk error, or
    /// another program that truncates the file, then ends the process with a signal (`SIGBUS`) instead of an error:
    /// <https://www.sqlite.org/mmap.html>.
    pub mmap_size: u64,
    /// The most bytes of pages that each connection caches (`SQLITE_CACHE_SIZE`). Default: 64 MiB.
    ///
    /// A cache grows as pages are read and written, and is freed when its connection closes. A recorder has one connection that writes
    /// and keeps up to eight that read, and more only while they read at the same time. With the default, its caches take at most
    /// 576 MiB, if the file is that large. SQLite rounds down to KiB.
    pub cache_size: u64,
    /// Whether opening checks the whole file (`SQLITE_CHECK_FILE`). Default: no.
    ///
    /// With a flipped bit in an index, SQLite can return fewer rows without an error. The check reads every page and compares each
    /// index with its table (`PRAGMA integrity_check`), which takes about as long as reading the file twice.
    pub check_file: bool,
}

impl SqliteConfig {
    /// The configuration of this database, with the defaults.
    pub fn new(dbname: impl Into<String>) -> Self {
        Self {
            dbname: dbname.into(),
            lock_timeout: Duration::from_secs(5),
            create_table: true,
            read_only: false,
            queue_size: QUEUE_SIZE,
            mmap_size: 0,
            cache_size: 64 * 1024 * 1024,
            check_file: false,
        }
    }

    /// The configuration from environment variables.
    ///
    /// # Errors
    /// If neither `SQLITE_DBNAME` nor a `DATABASE_URL` of SQLite is set, or another variable has an invalid value.
    pub fn from_environment(environment: &Environment) -> Result<Self, EnvironmentError> {
        let expected = "the path of a file, `:memory:`, or `file:name?mode=memory&cache=shared`";
        let named = match environment.text("SQLITE_DBNAME")? {
            Some(name) => Some(name),
            None => database_url::sqlite(environment)?,
        };
        let defaults = Self::new(match named {
            Some(name) => name,
            None => environment.required("SQLITE_DBNAME", expected)?,
        });
        Ok(Self {
            lock_timeout: environment.seconds("SQLITE_LOCK_TIMEOUT")?.unwrap_or(defaults.lock_timeout),
            create_table: environment.flag("CREATE_TABLE", defaults.create_table)?,
            queue_size: queue_size(environment)?,
            mmap_size: environment
                .number("SQLITE_MMAP_SIZE", "a number of bytes such as 1073741824")?
                .unwrap_or(defaults.mmap_size),
            cache_size: cache_size(environment)?.unwrap_or(defaults.cache_size),
            check_file: environment.flag("SQLITE_CHECK_FILE", defaults.check_file)?,
            ..defaults
        })
    }
}

/// The fewest bytes that still hold the pages of one statement.
const LEAST_CACHE: u64 = 64 * 1024;
/// The most bytes that SQLite can count, in KiB.
const LARGEST_CACHE: u64 = 2_147_483_647 * 1024;

fn cache_size(environment: &Environment) -> Result<Option<u64>, EnvironmentError> {
    let (variable, expected) = ("SQLITE_CACHE_SIZE", "a number of bytes from 65536 to 2199023254528, such as 67108864");
    let Some(bytes) = environment.number::<u64>(variable, expected)? else { return Ok(None) };
    if (LEAST_CACHE..=LARGEST_CACHE).contains(&bytes) {
        return Ok(Some(bytes));
    }
    Err(environment.invalid(variable, &bytes.to_string(), expected))
}
