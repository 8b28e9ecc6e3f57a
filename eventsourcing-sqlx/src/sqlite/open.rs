//! Opening: how connections are made, and the tables looked at and created.

use std::time::Duration;

use eventsourcing_core::RecorderError;
use rusqlite::{Connection, OptionalExtension};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::Inner;
use super::append::execute;
use super::error::{Failure, Fault, fault};
use crate::damage::{Tables, no_row};
use crate::deadline::deadline;
use crate::sql::{SCHEMA_VERSION, is_old, old, sqlite as sql};

/// Older versions can lose committed writes when a checkpoint meets a writer (<https://www.sqlite.org/releaselog/3_51_3.html>).
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// The pause between two tries to get what others have.
pub(super) const PAUSE: Duration = Duration::from_millis(5);

impl Inner {
    /// Connects for the first time, and makes sure that the tables are there.
    ///
    /// Each step can be made again: others may be at work on the same file or the same memory, and putting a file into WAL
    /// mode needs it alone, for which SQLite does not wait.
    pub(super) async fn prepare(&self) -> Result<(), RecorderError> {
        let deadline = deadline(self.config.lock_timeout);
        loop {
            match self.connections.write(|connection| self.check_and_migrate(connection)) {
                Ok(version) => return self.check_version(version),
                Err(failure) if self.is_passing(&failure) && Instant::now() < deadline => sleep(PAUSE).await,
                Err(Failure::Sqlite(error)) => return Err(self.failed("open the database", error)),
                Err(Failure::Recorder(error)) => return Err(error),
            }
        }
    }

    fn check_and_migrate(&self, connection: &Connection) -> Result<i64, Failure> {
        self.check_settings(connection)?;
        if self.config.check_file {
            self.check_file(connection)?;
        }
        let version = self.look_or_migrate(connection)?;
        if version == SCHEMA_VERSION {
            let (owner, log_id): (Option<String>, Uuid) = connection
                .query_row(self.sql.owner.as_str(), [], |row| Ok((row.get(0)?, super::select::uuid(row, 1)?)))?;
            self.log_id.get_or_init(|| log_id);
            self.name.check_owner(owner.as_deref())?;
        }
        Ok(version)
    }

    /// Whether a failure is that of others who are at work on the same database.
    pub(super) fn is_passing(&self, failure: &Failure) -> bool {
        matches!(failure, Failure::Sqlite(error) if self.fault(error) == Fault::Busy)
    }

    pub(super) fn fault(&self, error: &rusqlite::Error) -> Fault {
        fault(error, &self.sql.version_taken)
    }

    /// Reads back what durability depends on, because SQLite ignores a pragma that it cannot follow.
    fn check_settings(&self, connection: &Connection) -> Result<(), Failure> {
        let version = rusqlite::version();
        if is_older(version) {
            let (major, minor, patch) = OLDEST_SQLITE;
            return Err(Failure::Recorder(self.location.unusable(
                format!("this program is built with SQLite {version}, which can lose committed writes"),
                format!("build it with SQLite {major}.{minor}.{patch} or newer"),
            )));
        }
        if self.location.is_memory {
            return Ok(());
        }
        let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
        let foreign_keys: i64 = connection.pragma_query_value(None, "foreign_keys", |row| row.get(0))?;
        for (pragma, is, expected) in [
            ("journal_mode", mode, "wal"),
            ("synchronous", synchronous.to_string(), "2"),
            ("foreign_keys", foreign_keys.to_string(), "1"),
        ] {
            if is != expected {
                return Err(Failure::Recorder(self.location.unusable(
                    format!("SQLite's {pragma} is `{is}` there, not `{expected}`"),
                    "put the file on a local file system that can map memory",
                )));
            }
        }
        Ok(())
    }

    /// Reads the whole file, and compares indexes with their tables.
    fn check_file(&self, connection: &Connection) -> Result<(), Failure> {
        let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        match found.as_str() {
            "ok" => Ok(()),
            _ => {
                Err(RecorderError::Corrupt { found: format!("{} is damaged: {found}", self.location.filename) }.into())
            }
        }
    }

    fn check_version(&self, found: i64) -> Result<(), RecorderError> {
        let application = self.name.application().to_owned();
        match found {
            SCHEMA_VERSION => Ok(()),
            found if found > SCHEMA_VERSION => {
                Err(RecorderError::SchemaTooNew { application, found, known: SCHEMA_VERSION })
            }
            found => Err(RecorderError::Corrupt { found: format!("schema version {found}") }),
        }
    }

    /// The version of the tables, which are made if they are missing, and made into those of now if they are old.
    fn look_or_migrate(&self, connection: &Connection) -> Result<i64, Failure> {
        let look = match self.look(connection) {
            Ok(Some((true, version))) => Some(version),
            _ => self.look_closely(connection)?,
        };
        match look {
            Some(version) if !is_old(version) => Ok(version),
            _ if self.config.create_table => self.migrate(connection),
            Some(version) => Err(self.missing(old(version, &self.location.filename), &self.sql.upgrade(version))),
            None => {
                Err(self.missing(format!("the tables are missing from {}", self.location.filename), &self.statements()))
            }
        }
    }

    fn missing(&self, problem: String, statements: &[String]) -> Failure {
        Failure::Recorder(RecorderError::SchemaMissing {
            application: self.name.application().to_owned(),
            problem,
            sql: format!("{};\n{};\n{};\n", sql::BEGIN, statements.join(";\n"), sql::COMMIT),
        })
    }

    /// Makes the tables, or makes old ones into those of now. Others who do the same at this moment wait, and then find them.
    fn migrate(&self, connection: &Connection) -> Result<i64, Failure> {
        execute(connection, sql::BEGIN)?;
        // again: others may have made them while this waited for the lock
        let (statements, done) = match self.look_closely(connection)? {
            None => (self.statements(), "the tables of an application were created"),
            Some(version) if is_old(version) => {
                (self.sql.upgrade(version), "the tables of an application were migrated")
            }
            Some(version) => {
                execute(connection, sql::ROLLBACK)?;
                return Ok(version);
            }
        };
        for statement in statements {
            connection.execute(&statement, [])?;
        }
        execute(connection, sql::COMMIT)?;
        let (application, database) = (self.name.application(), &self.location.filename);
        tracing::info!(application, database, version = SCHEMA_VERSION, "{done}");
        Ok(SCHEMA_VERSION)
    }

    fn statements(&self) -> Vec<String> {
        self.sql.create(Uuid::new_v4())
    }

    /// Whether all is there that the version of the tables has, and that version; none if the head's row is missing.
    fn look(&self, connection: &Connection) -> Result<Option<(bool, i64)>, rusqlite::Error> {
        let names = [self.name.events(), self.name.dictionaries(), self.name.tracking()];
        connection.query_row(self.sql.common.look.as_str(), names, |row| Ok((row.get(0)?, row.get(1)?))).optional()
    }

    /// Looks at each part; none if all are missing.
    ///
    /// SQLite's code for a missing table is that of many other errors, so it is not guessed from the first look.
    fn look_closely(&self, connection: &Connection) -> Result<Option<i64>, Failure> {
        if !self.tables(connection)?.are_there(&self.name)? {
            return Ok(None);
        }
        let Some((_, version)) = self.look(connection)? else { return Err(Failure::Recorder(no_row(&self.name))) };
        // once more, because others may have migrated between the two looks: what a version has was committed with it
        self.tables(connection)?.check(version, &self.name)?;
        Ok(Some(version))
    }

    fn tables(&self, connection: &Connection) -> Result<Tables, rusqlite::Error> {
        let names = [self.name.events(), self.name.head(), self.name.dictionaries(), self.name.tracking()];
        let tables = connection.query_row(sql::TABLES, names, |row| {
            Ok((row.get::<_, bool>(0)?, row.get::<_, bool>(1)?, row.get::<_, bool>(2)?, row.get::<_, bool>(3)?))
        })?;
        Ok(Tables::from(tables))
    }
}

fn is_older(version: &str) -> bool {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next()) < OLDEST_SQLITE
}

#[cfg(test)]
mod tests {
    use super::is_older;

    #[test]
    fn only_versions_before_the_repair_of_the_wal_are_too_old() {
        for (version, older) in
            [("3.40.1", true), ("3.51.2", true), ("3.51.3", false), ("3.53.0", false), ("4.0.0", false)]
        {
            assert_eq!(is_older(version), older, "{version}");
        }
    }
}
