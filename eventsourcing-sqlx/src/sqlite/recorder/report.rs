//! What a file says about itself, without the type of any application.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use eventsourcing_core::{RecorderError, Timestamp};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::error::recorder_error;
use super::location::Location;
use super::sealed_file::SealedFile;
use crate::config::SqliteConfig;
use crate::report::{DatabaseReport, DatabaseSetting, MissingIndex, RecordedApplication};
use crate::schema::TableName;
use crate::sql::sqlite::SqliteSql;
use crate::sql::sqlite::report as sql;

/// The settings that are reported.
const SETTINGS: [&str; 4] = ["journal_mode", "page_size", "page_count", "freelist_count"];

/// What operation failed, in errors.
const OPERATION: &str = "look into the database";

impl SqliteConfig {
    /// Returns what the file says about itself: the applications whose tables it has, settings, its size.
    ///
    /// The file is opened to read only. It is neither created nor changed.
    ///
    /// # Errors
    /// [`RecorderError::Open`] if there is no such file or it is no database, and the errors of reading it.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod eventsourcing { pub use eventsourcing_core::*; pub use eventsourcing_sqlx as database; }
    /// use eventsourcing::database::{SqliteConfig, SqliteRecorder};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let file = folder.path().join("shop.db").to_string_lossy().into_owned();
    /// let config = SqliteConfig::new(file);
    /// SqliteRecorder::open("Orders", config.clone()).await?;
    ///
    /// let report = config.report().await?;
    /// assert_eq!(report.applications[0].name, "Orders");
    /// assert_eq!(report.setting("journal_mode"), Some("wal"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn report(&self) -> Result<DatabaseReport, RecorderError> {
        let location = Location::of(&self.dbname);
        if let Some(path) = location.path().filter(|path| !path.exists()) {
            let cause = format!("there is no file {}", path.display());
            return Err(location.unusable(cause, "correct SQLITE_DBNAME"));
        }
        // a file that no program is writing is read without locks, and without files beside it
        let sealed = location.path().and_then(SealedFile::of);
        if let Some((file, uri)) = sealed.and_then(|file| Some((file.clone(), file.uri()?)))
            && let Ok(report) = self.look(&uri, &location)
            && file.is_unchanged()
        {
            return Ok(report);
        }
        let looked = self.look(&location.filename, &location);
        looked.map_err(|error| recorder_error(error, OPERATION, self, &location))
    }

    fn look(&self, filename: &str, location: &Location) -> Result<DatabaseReport, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(filename, flags)?;
        connection.busy_timeout(self.lock_timeout)?;
        let has_wal = location.path().is_some_and(is_in_wal_mode);
        let mut settings = Vec::new();
        for name in SETTINGS {
            let value: rusqlite::types::Value = connection.pragma_query_value(None, name, |row| row.get(0))?;
            // a connection that takes no locks has another mode than the file
            let value = if name == "journal_mode" && has_wal { "wal".to_owned() } else { shown(value) };
            settings.push(DatabaseSetting::new(name, value));
        }
        let number = |name: &str| settings.iter().find(|setting| setting.name == name);
        let number = |name: &str| number(name).and_then(|setting| setting.value.parse::<u64>().ok()).unwrap_or(0);
        let page = number("page_size");
        let (pages, free) = (number("page_count"), number("freelist_count"));
        let mut prefixes = connection.prepare(sql::HEADS)?;
        let prefixes = prefixes.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
        let mut applications = Vec::new();
        for prefix in prefixes {
            // others have tables with such names too
            let Ok(name) = TableName::of(&prefix) else { continue };
            applications.extend(application(&connection, &name)?);
        }
        applications.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(DatabaseReport {
            database: location.filename.clone(),
            version: rusqlite::version().to_owned(),
            time: Timestamp::now(),
            bytes: pages.saturating_mul(page).saturating_add(location.path().map_or(0, log_bytes)),
            free_bytes: Some(free.saturating_mul(page)),
            is_standby: false,
            connections: None,
            settings,
            replicas: Vec::new(),
            unused_slots: Vec::new(),
            applications,
        })
    }
}

/// Whether the header of a file says that it has a write-ahead log: its versions for writing and for reading are 2.
///
/// Source: <https://www.sqlite.org/fileformat2.html#file_format_version_numbers>.
fn is_in_wal_mode(path: &Path) -> bool {
    let mut header = [0; 20];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header[18..] == [2, 2]
}

/// The application with this prefix; none if its head has no row.
fn application(connection: &Connection, name: &TableName) -> Result<Option<RecordedApplication>, rusqlite::Error> {
    let statements = SqliteSql::of(name);
    let has_owner = connection.query_row(sql::HAS_OWNER, [name.head()], |row| row.get(0))?;
    let head = connection.query_row(&statements.head_of_any_version(has_owner), [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, Option<String>>(2)?))
    });
    let Some((version, last, owner)) = head.optional()? else { return Ok(None) };
    let mut indexes = connection.prepare(sql::INDEXES)?;
    let indexes = indexes.query_map([name.events()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let indexes: Vec<(String, String)> = indexes.collect::<Result<_, _>>()?;
    let mut missing_indexes = Vec::new();
    let (first, create) = statements.first_index();
    if version >= 4 && !indexes.iter().any(|(name, _)| name.eq_ignore_ascii_case(&first)) {
        missing_indexes.push(MissingIndex { name: first, sql: create, is_optional: false });
    }
    if !indexes.iter().any(|(_, definition)| sql::is_topic_index(definition)) {
        let (name, sql) = statements.topic_index();
        missing_indexes.push(MissingIndex { name, sql, is_optional: true });
    }
    Ok(Some(RecordedApplication {
        name: owner.unwrap_or_else(|| name.application().to_owned()),
        schema_version: Some(version),
        last_position: u64::try_from(last).ok(),
        missing_indexes,
    }))
}

/// The length of the write-ahead log beside the file.
fn log_bytes(path: &Path) -> u64 {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).map_or(0, |found| found.len())
}

fn shown(value: rusqlite::types::Value) -> String {
    match value {
        rusqlite::types::Value::Integer(number) => number.to_string(),
        rusqlite::types::Value::Text(text) => text,
        _ => String::new(),
    }
}
