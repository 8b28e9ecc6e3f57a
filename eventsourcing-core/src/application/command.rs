//! A command as its caller names it: an id, and the content that must be the same when the id comes again.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::domain::JsonError;
use crate::recording::CommandId;
use crate::state::json_value::json_value;
use crate::{Error, Result};

/// A command: its id and, if it is given, its content.
///
/// An id that comes again with other content is an error, because its caller would take the recordings of another command for its own. Without
/// content, the events are compared. Give the content if a repeated command may trigger other events, for instance because
/// they contain the time or a random number, or depend on what happened in between.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// # use eventsourcing_core::{AggregateEvent, DomainEvent, Timestamp, Uuid};
/// # use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
/// # #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
/// # struct Placed { number: u64 }
/// # impl AggregateEvent for Placed {
/// #     const TOPICS: &'static [&'static str] = &["Order.Placed"];
/// #     fn topic(&self) -> &'static str { "Order.Placed" }
/// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
/// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
/// #         if topic == "Order.Placed" { state.read() } else { Err(StateError::UnknownTopic) }
/// #     }
/// # }
/// # fn placed(number: u64) -> DomainEvent<Placed> { DomainEvent::new(Uuid::new_v4(), 1, Timestamp::UNIX_EPOCH, Placed { number }) }
/// use eventsourcing::application::Command;
/// use eventsourcing::{Application, Error};
/// # futures::executor::block_on(async {
/// let shop = Application::builder("Shop").open()?;
///
/// // what the client asks for is the content; the number of the order is not
/// let place = |article: &str| Command::new("request-1").content(&(article, 2));
/// let recorded = shop.save(placed(1)).command(place("book")).await?;
///
/// assert_eq!(shop.save(placed(2)).command(place("book")).await?, recorded);
/// let other = shop.save(placed(3)).command(place("lamp")).await;
/// assert!(matches!(other, Err(Error::CommandReused { .. })));
/// # Ok::<(), Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "a command does nothing until it is given to a save"]
pub struct Command {
    pub(super) id: CommandId,
    /// The digest of the content, or why there is none.
    content: Option<Result<Digest, JsonError>>,
}

/// The SHA-256 hash of a command's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest([u8; 32]);

impl Command {
    /// Creates a command with this id, whose events are its content.
    pub fn new(id: impl Into<CommandId>) -> Self {
        Self { id: id.into(), content: None }
    }

    /// Sets the content, which is compared in place of the events.
    ///
    /// Two contents are the same if they are the same as JSON, in which the order of the keys of an object does not matter. The order of a list does,
    /// so that of a `HashSet` must not be left to chance. Only a hash of the content is stored, compressed and encrypted as events are.
    ///
    /// A content without JSON is an error of the save: [`Error::CommandContent`].
    pub fn content<T: Serialize + ?Sized>(mut self, content: &T) -> Self {
        self.content = Some(json_value(content).map(|json| Digest::of(&json)));
        self
    }

    /// Returns the id.
    pub fn id(&self) -> CommandId {
        self.id
    }

    /// Returns the digest of the content, if there is content.
    ///
    /// # Errors
    /// [`Error::CommandIdMissing`] and [`Error::CommandContent`].
    pub(super) fn checked(&self) -> Result<Option<Digest>> {
        if self.id.is_nil() {
            return Err(Error::CommandIdMissing);
        }
        let refused = |reason| Error::CommandContent { id: self.id, reason };
        self.content.clone().transpose().map_err(refused)
    }
}

impl Digest {
    fn of(json: &Value) -> Self {
        let mut hasher = Sha256::new();
        add(json, &mut hasher);
        Self(hasher.finalize().into())
    }

    /// The digest as the mapper stores it.
    pub(super) fn to_json(self) -> Vec<u8> {
        let mut json = r#"{"sha256":""#.to_owned();
        for byte in self.0 {
            // writing to a `String` does not fail
            let _ = write!(json, "{byte:02x}");
        }
        json.push_str(r#""}"#);
        json.into_bytes()
    }
}

/// Adds a value to a hash, with the keys of objects in order: a program may have built serde_json so that it keeps another one.
fn add(value: &Value, hasher: &mut Sha256) {
    match value {
        Value::Array(items) => {
            hasher.update(b"[");
            for item in items {
                add(item, hasher);
                hasher.update(b",");
            }
            hasher.update(b"]");
        }
        Value::Object(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            hasher.update(b"{");
            for (key, value) in entries {
                add(&Value::from(key.as_str()), hasher);
                hasher.update(b":");
                add(value, hasher);
                hasher.update(b",");
            }
            hasher.update(b"}");
        }
        scalar => hasher.update(scalar.to_string()),
    }
}

impl From<CommandId> for Command {
    fn from(id: CommandId) -> Self {
        Self::new(id)
    }
}

impl From<Uuid> for Command {
    fn from(id: Uuid) -> Self {
        Self::new(id)
    }
}

impl From<&str> for Command {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Command {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&String> for Command {
    fn from(text: &String) -> Self {
        Self::new(text)
    }
}
