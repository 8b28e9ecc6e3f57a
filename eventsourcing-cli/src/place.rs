//! An application, opened in the database that the environment variables name.

use eventsourcing::recording::{NotificationQuery, StateLocation};
use eventsourcing::{Application, Builder, Environment, Error, Notification, Recorder, RecorderError};

use crate::arguments::General;
use crate::database::{Database, Purpose, Variables, variables};
use crate::failure::Failure;
use crate::opened::Opened;
use crate::program::Program;

const CREATE_TABLE: &str = "CREATE_TABLE";
/// A page of the log ends after this many bytes of states.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// An open application.
pub(crate) struct Place {
    application: Application,
    pub(crate) database: Database,
    /// Whether the program has its types.
    pub(crate) is_typed: bool,
}

impl Place {
    /// Opens the application that is named, or the only one, with its types if the program has them.
    pub(crate) async fn open(general: &General, purpose: Purpose, program: &Program) -> Result<Self, Failure> {
        let variables = variables()?;
        let name = match general.app.clone().filter(|name| !name.is_empty()) {
            Some(name) => name,
            None => only_one(purpose, program, &variables).await?,
        };
        Self::named(&name, purpose, program, variables).await
    }

    /// Opens the application with this name.
    pub(crate) async fn named(
        name: &str,
        purpose: Purpose,
        program: &Program,
        mut variables: Variables,
    ) -> Result<Self, Failure> {
        let environment = Environment::from_variables(name, variables.clone());
        let database = Database::of(&environment, purpose)?;
        if purpose != Purpose::Import {
            // the application's own variable would take precedence
            variables.retain(|(variable, _)| *variable != format!("{}{CREATE_TABLE}", environment.prefix()));
            variables.push((CREATE_TABLE.to_owned(), "n".to_owned()));
        }
        let typed = program.application(name);
        let opened = match (typed, purpose) {
            (Some(typed), Purpose::Look { with_key }) => typed.look(variables, with_key).await,
            (Some(typed), _) => typed.open(variables).await,
            (None, purpose) => {
                // the name is leaked once for each application that the process opens
                let builder = Builder::<Application>::new(name.to_owned().leak()).variables(variables);
                match purpose {
                    Purpose::Look { with_key: true } => builder.read_only().open().await,
                    Purpose::Look { with_key: false } => builder.read_only().without_key().open().await,
                    _ => builder.open().await,
                }
            }
        };
        match opened {
            Ok(application) => Ok(Self { application, database, is_typed: typed.is_some() }),
            Err(Error::Recorder(
                RecorderError::SchemaMissing { application, problem, .. }
                | RecorderError::NotMigrated { application, problem },
            )) if purpose != Purpose::Import => {
                // what is known besides is only a help
                let found = database.report().await.map(|report| report.applications).unwrap_or_default();
                let found: Vec<String> = found.into_iter().map(|found| found.name).collect();
                Err(Failure::NoTables { application, problem, found })
            }
            Err(error) => Err(error.into()),
        }
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

/// Returns the name of the application that is meant where none is named: the only one of the program, or the only one of the database.
async fn only_one(purpose: Purpose, program: &Program, variables: &Variables) -> Result<String, Failure> {
    if let [only] = &program.applications[..] {
        return Ok(only.name.to_owned());
    }
    let database = Database::of(&Environment::from_variables("", variables.clone()), purpose)?;
    if purpose == Purpose::Import {
        return Err(Failure::NoApplication { registered: names(program) });
    }
    let found = database.report().await?.applications;
    let mut candidates: Vec<String> = found.into_iter().map(|found| found.name).collect();
    let is_registered = |name: &String| program.application(name).is_some();
    if candidates.iter().any(is_registered) {
        candidates.retain(is_registered);
    }
    match &candidates[..] {
        [] => Err(Failure::NoneFound { database: database.described(), variables: database.variables() }),
        [only] => Ok(only.clone()),
        _ => Err(Failure::SeveralFound { database: database.described(), found: candidates }),
    }
}

fn names(program: &Program) -> Vec<String> {
    program.applications.iter().map(|application| application.name.to_owned()).collect()
}
