//! An application and its database, as the environment variables name them.

use std::path::PathBuf;

use eventsourcing::database::{PostgresConfig, SqliteConfig};
use eventsourcing::recording::{NotificationQuery, StateLocation};
use eventsourcing::{Application, Builder, Environment, Error, Notification, Recorder, RecorderError};

use crate::arguments::General;
use crate::failure::Failure;
use crate::opened::Opened;

const MODULE: &str = "PERSISTENCE_MODULE";
const CREATE_TABLE: &str = "CREATE_TABLE";
/// A page of the log ends after this many bytes of states.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Whether a command may create and migrate tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tables {
    AreThere,
    /// Unless CREATE_TABLE is off.
    MayBeCreated,
}

/// An open application.
pub(crate) struct Place {
    application: Application,
    /// The database, without its password.
    pub(crate) database: String,
    pub(crate) schema: Option<String>,
}

impl Place {
    /// Opens the application that is named, without the types of its program.
    pub(crate) async fn open(general: &General, tables: Tables) -> Result<Self, Failure> {
        let name = general.app.clone().filter(|name| !name.is_empty()).ok_or(Failure::NoApplication)?;
        let mut variables = variables()?;
        let environment = Environment::from_variables(&name, variables.clone());
        let (database, schema) = database(&environment, tables)?;
        if tables == Tables::AreThere {
            // the application's own variable would take precedence
            variables.retain(|(variable, _)| *variable != format!("{}{CREATE_TABLE}", environment.prefix()));
            variables.push((CREATE_TABLE.to_owned(), "n".to_owned()));
        }
        // once for each process
        let leaked: &'static str = name.clone().leak();
        let opened = Builder::<Application>::new(leaked).variables(variables).open().await;
        let application = opened.map_err(|error| match error {
            Error::Recorder(RecorderError::SchemaMissing { application, problem, .. })
                if tables == Tables::AreThere =>
            {
                Failure::NoTables { application, problem }
            }
            error => error.into(),
        })?;
        Ok(Self { application, database, schema })
    }

    pub(crate) fn name(&self) -> &str {
        self.application.name()
    }

    pub(crate) fn application(&self) -> &Application {
        &self.application
    }

    pub(crate) fn recorder(&self) -> &dyn Recorder {
        &**self.application.recorder()
    }

    /// Returns the position of the last event; 0 if there is none.
    pub(crate) async fn last(&self) -> Result<u64, Failure> {
        Ok(self.recorder().max_notification_id().await?.unwrap_or_default())
    }

    /// Returns some of the events that a query selects, the first ones; none if it selects none.
    pub(crate) async fn page(&self, query: NotificationQuery) -> Result<Vec<Notification>, Failure> {
        Ok(self.recorder().select_notifications(query.max_bytes(PAGE_BYTES)).await?)
    }

    /// Returns the event at a position, if there is one.
    pub(crate) async fn at(&self, position: u64) -> Result<Option<Notification>, Failure> {
        let Some(before) = position.checked_sub(1) else { return Ok(None) };
        Ok(self.page(NotificationQuery::after(before, 1).up_to(position)).await?.into_iter().next())
    }

    /// Opens a state: checks, decrypts and decompresses it. The inner error is that of the state.
    pub(crate) async fn open_state(
        &self,
        location: &StateLocation<'_>,
        state: &[u8],
        checksum: Option<u32>,
    ) -> Result<Result<Opened, String>, Failure> {
        let mapper = self.application.mapper();
        let opened = match mapper.open(location, state, checksum) {
            // another process stored the dictionary after this one opened the application
            Err(error) if error.unknown_dictionary().is_some() => {
                self.application.load_dictionaries().await?;
                mapper.open(location, state, checksum)
            }
            opened => opened,
        };
        Ok(opened.map(|json| Opened::new(json.into_owned())).map_err(|error| error.failure.to_string()))
    }

    pub(crate) async fn open_event(&self, event: &Notification) -> Result<Result<Opened, String>, Failure> {
        self.open_state(&event.location(), &event.state, event.checksum).await
    }
}

/// The variables of the process.
fn variables() -> Result<Vec<(String, String)>, Failure> {
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

/// Returns the database, which must be one that outlives its process, and the schema.
fn database(environment: &Environment, tables: Tables) -> Result<(String, Option<String>), Failure> {
    let module = match environment.text(MODULE)? {
        Some(module) => Some(module),
        None => environment.text("INFRASTRUCTURE_FACTORY")?,
    };
    // the other values are the library's to refuse
    match module.as_deref() {
        None => Err(Failure::InMemory { found: None }),
        Some(named) if named.contains("memory") || named.contains("popo") => Err(Failure::InMemory { found: module }),
        Some(named) if named.contains("sqlite") => {
            let dbname = SqliteConfig::from_environment(environment)?.dbname;
            let is_memory = dbname.starts_with(":memory:") || dbname.contains("mode=memory");
            if is_memory {
                return Err(Failure::InMemory { found: Some(dbname) });
            }
            let path = PathBuf::from(&dbname);
            if tables == Tables::AreThere && !dbname.starts_with("file:") && !path.exists() {
                return Err(Failure::NoFile { path });
            }
            Ok((dbname, None))
        }
        Some(named) if named.contains("postgres") => {
            let config = PostgresConfig::from_environment(environment)?;
            Ok((config.to_string(), Some(config.schema)))
        }
        Some(_) => Ok((String::new(), None)),
    }
}
