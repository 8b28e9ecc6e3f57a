//! The database that the environment variables name, which must be one that outlives its process.

use std::path::PathBuf;
use std::sync::Arc;

use eventsourcing::database::{DatabaseReport, PostgresConfig, PostgresRecorder, SqliteConfig, SqliteRecorder};
use eventsourcing::{Environment, Recorder};

use crate::failure::Failure;

const MODULE: &str = "PERSISTENCE_MODULE";
/// The name of [`MODULE`] in older versions of the Python library.
const FACTORY: &str = "INFRASTRUCTURE_FACTORY";

/// The variables of the process.
pub(crate) type Variables = Vec<(String, String)>;

/// What a command does with an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It writes nothing at all. Without the key, the states of an encrypted log stay closed.
    Look { with_key: bool },
    /// It records something, and creates no tables.
    Change,
    /// It creates tables too, unless CREATE_TABLE is off.
    Import,
}

/// A database.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    Sqlite(SqliteConfig),
    Postgres(PostgresConfig),
}

impl Database {
    /// Returns the database that an application's variables name.
    pub(crate) fn of(environment: &Environment, purpose: Purpose) -> Result<Self, Failure> {
        let module = match environment.text(MODULE)? {
            Some(module) => Some(module),
            None => environment.text(FACTORY)?,
        };
        let Some(module) = module else {
            return Err(Failure::NoModule { hint: hint(environment) });
        };
        // the Python library's values: `eventsourcing.sqlite`, `eventsourcing.sqlite:Factory`
        let short = module.strip_prefix("eventsourcing.").unwrap_or(&module);
        match short.strip_suffix(":Factory").unwrap_or(short) {
            "memory" | "popo" => Err(Failure::InMemory { found: module }),
            "sqlite" => {
                let mut config = SqliteConfig::from_environment(environment)?;
                let dbname = &config.dbname;
                if dbname.starts_with(":memory:") || dbname.contains("mode=memory") {
                    return Err(Failure::InMemory { found: dbname.clone() });
                }
                let path = PathBuf::from(dbname);
                if purpose != Purpose::Import && !dbname.starts_with("file:") && !path.exists() {
                    return Err(Failure::NoFile { path });
                }
                config.create_table &= purpose == Purpose::Import;
                config.read_only = matches!(purpose, Purpose::Look { .. });
                Ok(Self::Sqlite(config))
            }
            "postgres" => {
                let mut config = PostgresConfig::from_environment(environment)?;
                config.create_table &= purpose == Purpose::Import;
                config.read_only = matches!(purpose, Purpose::Look { .. });
                Ok(Self::Postgres(config))
            }
            _ => Err(environment.invalid(MODULE, &module, "`sqlite` or `postgres`").into()),
        }
    }

    /// The database, without its password.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Sqlite(config) => config.dbname.clone(),
            Self::Postgres(config) => config.to_string(),
        }
    }

    pub(crate) fn schema(&self) -> Option<&str> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(config) => Some(&config.schema),
        }
    }

    /// The database with its schema, in a sentence.
    pub(crate) fn described(&self) -> String {
        match self.schema() {
            Some(schema) => format!("{}, schema {schema}", self.name()),
            None => self.name(),
        }
    }

    /// The name of the kind of database.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// The variables by which the database is found, for messages.
    pub(crate) fn variables(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLITE_DBNAME",
            Self::Postgres(_) => "POSTGRES_DBNAME and POSTGRES_SCHEMA",
        }
    }

    /// What the database says about itself.
    pub(crate) async fn report(&self) -> Result<DatabaseReport, Failure> {
        match self {
            Self::Sqlite(config) => Ok(config.report().await?),
            Self::Postgres(config) => Ok(config.report().await?),
        }
    }

    /// The recorder of an application, which needs no key.
    pub(crate) async fn recorder(&self, application: &str) -> Result<Arc<dyn Recorder>, Failure> {
        match self {
            Self::Sqlite(config) => Ok(Arc::new(SqliteRecorder::open(application, config.clone()).await?)),
            Self::Postgres(config) => Ok(Arc::new(PostgresRecorder::open(application, config.clone()).await?)),
        }
    }
}

/// What may be meant where no variable selects a database.
fn hint(environment: &Environment) -> Option<String> {
    let prefixed = environment.names().find_map(|name| {
        let prefix = name.strip_suffix(MODULE)?.strip_suffix('_')?;
        (!prefix.is_empty()).then(|| {
            format!(
                "{name} is set, for the application whose name is {prefix} in upper case: give that name with --app"
            )
        })
    });
    prefixed.or_else(|| {
        let name = environment.names().find(|name| name.ends_with("DATABASE_URL"))?;
        Some(format!("{name} is set, and PERSISTENCE_MODULE says that it is the database of the events"))
    })
}

/// The variables of the process.
pub(crate) fn variables() -> Result<Variables, Failure> {
    let families = ["PERSISTENCE_", "SQLITE_", "POSTGRES_", "DATABASE_URL", "CIPHER_", "COMPRESSOR_", "MAX_STATE_"];
    let mut variables = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => variables.push((name, value)),
            // as the library refuses it
            Err(_) if families.iter().any(|family| name.contains(family)) => {
                return Err(Failure::NotUnicode { variable: name });
            }
            Err(_) => {}
        }
    }
    Ok(variables)
}
