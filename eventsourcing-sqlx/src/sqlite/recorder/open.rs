//! Opening: the settings are checked, and the tables are checked, created and migrated.

use eventsourcing_core::RecorderError;
use rusqlite::{Connection, OptionalExtension};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::busy::PAUSE;
use super::error::StatementError;
use super::transaction::execute;
use super::{Inner, columns};
use crate::schema::{ApplicationTables, SCHEMA_VERSION, TablesRow, is_old, no_head_row, outdated};
use crate::sql::sqlite as sql;
use crate::time_limit::deadline;

/// Older versions can lose committed writes when a checkpoint meets a writer (<https://www.sqlite.org/releaselog/3_51_3.html>).
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

impl Inner {
    /// Connects for the first time, and makes sure that the tables exist.
    ///
    /// Each step can be repeated: the database may be busy, and switching a file to WAL mode needs exclusive access, for which SQLite
    /// does not wait.
    pub(super) async fn prepare(&self) -> Result<(), RecorderError> {
        let deadline = deadline(self.config.lock_timeout);
        loop {
            let looked = if self.config.read_only {
                self.connections.read(|connection| self.check_to_read(connection))
            } else {
                self.connections.write(|connection| self.check_and_migrate(connection))
            };
            match looked {
                Ok(version) => return self.check_version(version),
                Err(failure) if self.is_busy(&failure) && Instant::now() < deadline => sleep(PAUSE).await,
                Err(StatementError::Driver(error)) => return Err(self.failed("open the database", error)),
                Err(StatementError::Recorder(error)) => return Err(error),
            }
        }
    }

    fn check_and_migrate(&self, connection: &Connection) -> Result<i64, StatementError> {
        self.check_settings(connection)?;
        if self.config.check_file {
            self.check_file(connection)?;
        }
        let version = self.look_or_migrate(connection)?;
        self.check_owner(connection, version)?;
        Ok(version)
    }

    /// Checks what is there, and changes nothing.
    fn check_to_read(&self, connection: &Connection) -> Result<i64, StatementError> {
        if self.config.check_file {
            self.check_file(connection)?;
        }
        let (database, application) = (&self.location.filename, self.name.application().to_owned());
        let not_migrated = |problem| StatementError::Recorder(RecorderError::NotMigrated { application, problem });
        match self.look_closely(connection)? {
            Some(version) if is_old(version) => Err(not_migrated(outdated(version, database))),
            Some(version) => {
                self.check_owner(connection, version)?;
                Ok(version)
            }
            None => Err(not_migrated(format!("the tables are missing from {database}"))),
        }
    }

    fn check_owner(&self, connection: &Connection, version: i64) -> Result<(), StatementError> {
        if version == SCHEMA_VERSION {
            let (owner, log_id): (Option<String>, Uuid) =
                connection.query_row(self.sql.owner.as_str(), [], |row| Ok((row.get(0)?, columns::uuid(row, 1)?)))?;
            self.log_id.get_or_init(|| log_id);
            self.name.check_owner(owner.as_deref())?;
        }
        Ok(())
    }

    /// Reads back the settings on which durability depends, because SQLite ignores a pragma that it cannot apply.
    fn check_settings(&self, connection: &Connection) -> Result<(), StatementError> {
        let version = rusqlite::version();
        if is_older(version) {
            let (major, minor, patch) = OLDEST_SQLITE;
            return Err(StatementError::Recorder(self.location.unusable(
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
                return Err(StatementError::Recorder(self.location.unusable(
                    format!("SQLite's {pragma} is `{is}` there, not `{expected}`"),
                    "put the file on a local file system that can map memory",
                )));
            }
        }
        Ok(())
    }

    /// Reads the whole file, and compares indexes with their tables.
    fn check_file(&self, connection: &Connection) -> Result<(), StatementError> {
        let found: String = connection.query_row(sql::CHECK_FILE, [], |row| row.get(0))?;
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

    /// The version of the tables. Missing tables are created, and old ones migrated.
    fn look_or_migrate(&self, connection: &Connection) -> Result<i64, StatementError> {
        let look = match self.look(connection) {
            Ok(Some((true, version))) => Some(version),
            _ => self.look_closely(connection)?,
        };
        match look {
            Some(version) if !is_old(version) => Ok(version),
            _ if self.config.create_table => self.migrate(connection),
            Some(version) => Err(self.missing(outdated(version, &self.location.filename), &self.sql.upgrade(version))),
            None => {
                Err(self.missing(format!("the tables are missing from {}", self.location.filename), &self.statements()))
            }
        }
    }

    fn missing(&self, problem: String, statements: &[String]) -> StatementError {
        StatementError::Recorder(RecorderError::SchemaMissing {
            application: self.name.application().to_owned(),
            problem,
            sql: format!("{};\n{};\n{};\n", sql::BEGIN, statements.join(";\n"), sql::COMMIT),
        })
    }

    /// Creates the tables or migrates old ones. Other processes that do the same wait, and then find them.
    fn migrate(&self, connection: &Connection) -> Result<i64, StatementError> {
        execute(connection, sql::BEGIN)?;
        // once more: another process may have created them while this waited for the lock
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

    /// Whether all tables of the version exist, and that version; none if the head's row is missing.
    fn look(&self, connection: &Connection) -> Result<Option<(bool, i64)>, rusqlite::Error> {
        let name = &self.name;
        let names =
            [name.events(), name.dictionaries(), name.tracking(), name.letters(), name.snapshots(), name.commands()];
        connection.query_row(self.sql.common.look.as_str(), names, |row| Ok((row.get(0)?, row.get(1)?))).optional()
    }

    /// Checks each table; none if all are missing.
    ///
    /// SQLite's code for a missing table is that of many other errors, so the error of the first look says nothing.
    fn look_closely(&self, connection: &Connection) -> Result<Option<i64>, StatementError> {
        if !self.tables(connection)?.exist(&self.name)? {
            return Ok(None);
        }
        let Some((_, version)) = self.look(connection)? else {
            return Err(StatementError::Recorder(no_head_row(&self.name)));
        };
        // once more, because another process may have migrated meanwhile: all tables of a version are committed with it
        self.tables(connection)?.check(version, &self.name, || self.sql.create_snapshots())?;
        Ok(Some(version))
    }

    fn tables(&self, connection: &Connection) -> Result<ApplicationTables, rusqlite::Error> {
        let name = &self.name;
        let (dictionaries, tracking) = (name.dictionaries(), name.tracking());
        let (letters, snapshots, commands) = (name.letters(), name.snapshots(), name.commands());
        let names = [name.events(), name.head(), dictionaries, tracking, letters, snapshots, commands];
        let tables: TablesRow = connection.query_row(sql::TABLES, names, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
        })?;
        Ok(ApplicationTables::from(tables))
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
