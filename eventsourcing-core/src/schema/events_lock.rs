//! The lock file of events' shapes, and its check in a test.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::comparison::{accepted, compare};
use super::described::{Described, Shapes};
use super::error::{DroppedLine, SchemaError};
use super::lock_file::{self, FORMAT, Parsed, WrongLine};
use crate::Application;
use crate::application::event_type::EventType;
use crate::domain::Aggregate;

/// The environment variable that says what to do with differences.
const VARIABLE: &str = "EVENTS_LOCK";

/// A file in the repository that says in which shapes events are recorded.
///
/// A test compares it with the program, and fails if an event that was recorded could not be read any more: because a field was removed,
/// renamed, retyped or made required, a variant of an enum was removed, or a topic is gone, without a new version of the event and a step
/// that converts the old ones. The error lists the differences field by field.
///
/// Changes that do no harm, such as a new event or a new field with a default, are differences as well, so that the file knows them from
/// then on. `EVENTS_LOCK=accept cargo test` rewrites the file; the difference is then reviewed as part of the commit. Shapes of earlier
/// versions stay in the file.
///
/// Each line of the file says all by itself. With `events.lock merge=union` in `.gitattributes`, two branches that add events merge without
/// a conflict.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// # use eventsourcing_core::{Aggregate, AggregateEvent, ApplyError, Root};
/// # use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
/// # #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
/// # struct Opened { seats: u64 }
/// # impl AggregateEvent for Opened {
/// #     const TOPICS: &'static [&'static str] = &["Seats.Opened"];
/// #     fn topic(&self) -> &'static str { "Seats.Opened" }
/// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
/// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
/// #         if topic == "Seats.Opened" { state.read() } else { Err(StateError::UnknownTopic) }
/// #     }
/// # }
/// # #[derive(Debug)]
/// # struct Seats { left: u64, root: Root<Seats> }
/// # impl Aggregate for Seats {
/// #     type Event = Opened;
/// #     const NAME: &'static str = "Seats";
/// #     fn root(&self) -> &Root<Self> { &self.root }
/// #     fn root_mut(&mut self) -> &mut Root<Self> { &mut self.root }
/// #     fn create(event: Opened) -> Result<Self, ApplyError> { Ok(Seats { left: event.seats, root: Root::default() }) }
/// #     fn apply(&mut self, _: Opened) -> Result<(), ApplyError> { Err(ApplyError::IsACreation) }
/// # }
/// # let path = &std::env::temp_dir().join(format!("{}.lock", eventsourcing::Uuid::new_v4()));
/// # eventsourcing::schema::EventsLock::new(path).aggregate::<Seats>().accept()?;
/// use eventsourcing::schema::EventsLock;
///
/// // in a test, with the path `events.lock` beside Cargo.toml
/// EventsLock::new(path).aggregate::<Seats>().check()?;
/// # assert!(std::fs::read_to_string(path)?.contains("Seats.Opened 1 seats: u64"));
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is compared until `check` is called"]
pub struct EventsLock {
    path: PathBuf,
    types: Vec<EventType>,
}

impl EventsLock {
    /// Creates a lock of no events, in this file. The path is relative to the folder of the test's package.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), types: Vec::new() }
    }

    /// Adds the events of an aggregate.
    pub fn aggregate<A: Aggregate>(mut self) -> Self {
        self.types.push(EventType::of::<A::Event>());
        self
    }

    /// Adds the events of all aggregates that are registered with an application.
    pub fn application(mut self, application: &Application) -> Self {
        self.types.extend(application.shared.aggregate_types.event_types());
        self
    }

    /// Compares the shapes of the events with the file, or rewrites the file if the environment has `EVENTS_LOCK=accept`.
    ///
    /// # Errors
    /// [`SchemaError::Changed`] if they differ, and the other variants if the file is missing or cannot be read.
    pub fn check(&self) -> Result<(), SchemaError> {
        match std::env::var_os(VARIABLE) {
            None => self.compare(),
            Some(value) if value.is_empty() => self.compare(),
            Some(value) if value == "accept" => self.accept(),
            Some(value) => Err(SchemaError::Setting { value: value.to_string_lossy().into_owned() }),
        }
    }

    /// Rewrites the file with the shapes of the events.
    ///
    /// A file with a merge conflict is rewritten with the lines of both sides.
    ///
    /// # Errors
    /// [`SchemaError::Rewritten`] if the file had lines that could not be read and are no longer in it; [`SchemaError::Folder`] or
    /// [`SchemaError::File`] if it cannot be written, [`SchemaError::NewerFormat`] if there is a file of a newer library already.
    pub fn accept(&self) -> Result<(), SchemaError> {
        let Parsed { shapes, wrong } = match self.read() {
            Err(SchemaError::Missing { .. }) => Parsed::default(),
            parsed => parsed?,
        };
        let described = self.described();
        let dropped: Vec<DroppedLine> =
            wrong.into_iter().filter(|line| is_missed(line, &described.current)).map(DroppedLine::from).collect();
        let text = lock_file::to_text(&accepted(shapes, described));
        fs::write(&self.path, text).map_err(|error| match self.path.parent() {
            Some(folder) if error.kind() == ErrorKind::NotFound => SchemaError::Folder {
                path: self.shown_path(),
                folder: std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()).display().to_string(),
            },
            _ => self.failed("written", error),
        })?;
        if dropped.is_empty() { Ok(()) } else { Err(SchemaError::Rewritten { path: self.shown_path(), dropped }) }
    }

    fn compare(&self) -> Result<(), SchemaError> {
        let Parsed { shapes, wrong } = self.read()?;
        if let Some(WrongLine { number, text, reason, .. }) = wrong.into_iter().next() {
            return Err(SchemaError::Line { path: self.shown_path(), line: number, text, reason });
        }
        let changes = compare(&shapes, &self.described());
        if changes.is_empty() { Ok(()) } else { Err(SchemaError::Changed { path: self.shown_path(), changes }) }
    }

    fn described(&self) -> Described {
        let Described { current, old, retired } = Described::of(&self.types);
        let retired = retired.iter().map(|topic| crate::state::shape::without(topic, "")).collect();
        Described { current: lock_file::as_written(current), old: lock_file::as_written(old), retired }
    }

    fn read(&self) -> Result<Parsed, SchemaError> {
        let bytes = fs::read(&self.path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => SchemaError::Missing { path: self.shown_path() },
            _ => self.failed("read", error),
        })?;
        lock_file::parse(&String::from_utf8_lossy(&bytes)).map_err(|newer| SchemaError::NewerFormat {
            path: self.shown_path(),
            found: newer.0,
            known: FORMAT,
        })
    }

    fn failed(&self, direction: &'static str, error: std::io::Error) -> SchemaError {
        SchemaError::File { path: self.shown_path(), direction, reason: error.into() }
    }

    fn shown_path(&self) -> String {
        self.path.display().to_string()
    }
}

/// Returns whether a line that cannot be read is missing in the rewritten file, which has the shapes that the program records today.
fn is_missed(line: &WrongLine, current: &Shapes) -> bool {
    let is_described = |(topic, version): &(String, u32)| {
        current.get(topic).and_then(|versions| versions.keys().next_back()).is_some_and(|known| known <= version)
    };
    line.is_lost && !line.event.as_ref().is_some_and(is_described)
}
