//! The storage of a measurement's events: memory, a file of its own, or a schema of its own.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use eventsourcing::codec::cipher::ChaCha20Poly1305Cipher;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, SqlitePool};

use crate::account::Bank;
use crate::ours::following::Branch;
use crate::wait;

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Memory,
    Sqlite,
    Postgres,
}

impl FromStr for Database {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let all = [Self::Memory, Self::Sqlite, Self::Postgres];
        all.into_iter().find(|database| database.to_string() == name).ok_or_else(|| format!("there is no `{name}`"))
    }
}

impl fmt::Display for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        })
    }
}

/// The size of a cache, which is more than any measurement needs.
const CACHED: u64 = 1_000;

/// The variables of the process that name a PostgreSQL.
fn postgres_variables() -> Vec<(String, String)> {
    std::env::vars().filter(|(name, value)| name.starts_with("POSTGRES_") && !value.is_empty()).collect()
}

/// Returns whether these variables name a PostgreSQL.
pub fn has_postgres() -> bool {
    let named = postgres_variables();
    ["POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_DBNAME"]
        .iter()
        .all(|name| named.iter().any(|(found, _)| found == name))
}

/// Creates a folder on the disk that is measured. It is removed when the value is dropped.
pub fn folder(parent: &Path) -> tempfile::TempDir {
    std::fs::create_dir_all(parent).unwrap();
    tempfile::tempdir_in(parent).unwrap()
}

/// Opens our application in memory.
pub fn bank_in_memory() -> Bank {
    wait(Bank::open_with([("PERSISTENCE_MODULE", "memory")])).unwrap()
}

/// Opens our application in memory, with a cache that is read without queries.
pub fn cached_bank_in_memory() -> Bank {
    let builder = Bank::builder().variables([("PERSISTENCE_MODULE", "memory")]);
    wait(builder.cache(CACHED).cache_fast_forward(false).open()).unwrap()
}

/// Opens our application on a file, with a cache.
pub fn cached_bank_on(file: PathBuf) -> Bank {
    wait(Bank::builder().variables(file_variables(file)).cache(CACHED).open()).unwrap()
}

/// Opens our application on a file.
pub fn bank_on(file: PathBuf) -> Bank {
    wait(Bank::open_with(file_variables(file))).unwrap()
}

/// Opens our application on a file, its states compressed and encrypted.
pub fn sealed_bank_on(file: PathBuf) -> Bank {
    wait(Bank::open_with(sealed(file_variables(file)))).unwrap()
}

fn file_variables(file: PathBuf) -> Vec<(String, String)> {
    let file = file.into_os_string().into_string().unwrap();
    vec![("PERSISTENCE_MODULE".to_owned(), "sqlite".to_owned()), ("SQLITE_DBNAME".to_owned(), file)]
}

fn sealed(mut variables: Vec<(String, String)>) -> Vec<(String, String)> {
    variables.push(("COMPRESSOR_TOPIC".to_owned(), "zstd".to_owned()));
    variables.push(("CIPHER_KEY".to_owned(), ChaCha20Poly1305Cipher::create_key().as_str().to_owned()));
    variables
}

/// Opens another of our applications in memory.
pub fn branch_in_memory() -> Branch {
    wait(Branch::open_with([("PERSISTENCE_MODULE", "memory")])).unwrap()
}

/// Opens another of our applications on a file.
pub fn branch_on(file: PathBuf) -> Branch {
    wait(Branch::open_with(file_variables(file))).unwrap()
}

/// Opens a pool of the driver alone on a file in WAL mode, with as large a cache as the library's, and rows that come in large parts.
pub fn pool_on(file: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .synchronous(SqliteSynchronous::Full)
        .pragma("cache_size", "-65536")
        .row_buffer_size(4096);
    wait(SqlitePoolOptions::new().test_before_acquire(false).connect_with(options)).unwrap()
}

/// A schema of one measurement, which is removed when this is dropped.
#[derive(Debug)]
pub struct Schema {
    name: String,
    /// Its database, if that is not the one of the variables. It is removed with the schema.
    database: Option<String>,
    is_ours: bool,
}

impl Schema {
    pub fn create() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("bench_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let schema = Self { name, database: None, is_ours: true };
        schema.execute(&format!("CREATE SCHEMA {}", schema.name));
        schema
    }

    /// Creates a schema in a database of its own, whose rows no snapshot of another database keeps.
    pub fn create_apart() -> Self {
        let beside = Self::create();
        beside.execute(&format!("CREATE DATABASE {}", beside.name));
        let schema = Self { name: beside.name.clone(), database: Some(beside.name.clone()), is_ours: true };
        schema.execute(&format!("CREATE SCHEMA {}", schema.name));
        schema
    }

    /// Returns the schema of another process, which is not removed.
    pub fn of_another(name: String) -> Self {
        Self { name, database: None, is_ours: false }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Opens our application on it.
    pub fn bank(&self) -> Bank {
        wait(Bank::open_with(self.variables())).unwrap()
    }

    /// Opens our application on it, with a cache.
    pub fn cached_bank(&self) -> Bank {
        wait(Bank::builder().variables(self.variables()).cache(CACHED).open()).unwrap()
    }

    /// Opens our application on it, its states compressed and encrypted.
    pub fn sealed_bank(&self) -> Bank {
        wait(Bank::open_with(sealed(self.variables()))).unwrap()
    }

    /// Opens another of our applications on it.
    pub fn branch(&self) -> Branch {
        wait(Branch::open_with(self.variables())).unwrap()
    }

    fn variables(&self) -> Vec<(String, String)> {
        let mut variables = postgres_variables();
        variables.push(("PERSISTENCE_MODULE".to_owned(), "postgres".to_owned()));
        variables.push(("POSTGRES_SCHEMA".to_owned(), self.name.clone()));
        if let Some(database) = &self.database {
            variables.retain(|(name, _)| name != "POSTGRES_DBNAME");
            variables.push(("POSTGRES_DBNAME".to_owned(), database.clone()));
        }
        variables
    }

    /// Connects the driver alone.
    pub fn connect(&self) -> PgConnection {
        wait(PgConnection::connect_with(&self.options())).unwrap()
    }

    /// Opens a pool of the driver alone.
    pub fn pool(&self) -> PgPool {
        wait(PgPoolOptions::new().test_before_acquire(false).connect_with(self.options())).unwrap()
    }

    /// Returns options for the driver with which names of tables need no schema.
    fn options(&self) -> PgConnectOptions {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(&variable("POSTGRES_HOST").unwrap())
            .port(variable("POSTGRES_PORT").map_or(5432, |port| port.parse().unwrap()))
            .username(&variable("POSTGRES_USER").unwrap())
            .database(self.database.as_ref().unwrap_or(&variable("POSTGRES_DBNAME").unwrap()))
            .options([("search_path", self.name.as_str())]);
        if let Some(password) = variable("POSTGRES_PASSWORD") {
            options = options.password(&password);
        }
        options
    }

    /// Runs a statement.
    pub fn execute(&self, statement: &str) {
        let mut connection = self.connect();
        wait(connection.execute(AssertSqlSafe(statement))).unwrap();
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        if let Some(database) = self.database.take() {
            // a database cannot be dropped through a connection to it, nor while a connection that was just closed still exists
            self.execute(&format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"));
        } else if self.is_ours {
            self.execute(&format!("DROP SCHEMA IF EXISTS {} CASCADE", self.name));
        }
    }
}
