//! The id of a command, by which a command that comes again is recognized.

use std::fmt;

use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

/// What a text is hashed with, so that the id is no hash of the text alone.
const PREFIX: &[u8] = b"eventsourcing/command\0";

/// The id of a command: 16 bytes, which the sender of the command chooses and sends again with each repetition.
///
/// It is a UUID, or it is made from any text, such as the value of an `Idempotency-Key` header. [`Save::command`](crate::application::Save::command)
/// records it together with the events.
///
/// The id of a text is the first half of a SHA-256 hash without a key. It hides a text that cannot be guessed. Of a text that can be, such as a
/// short number, those who read the database find out which one it is.
///
/// Two senders that choose the same id mean the same command. If they do not know of each other, make the sender a part of the text:
/// `CommandId::named(&format!("{customer}/{key}"))`.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::{CommandId, Uuid};
///
/// let command = CommandId::named("order-17");
/// assert_eq!(command, "order-17".into());
/// assert_ne!(command, CommandId::named("order-18"));
/// assert_eq!(CommandId::from(Uuid::from_u128(7)).as_uuid(), Uuid::from_u128(7));
///
/// // the same command creates aggregates with the same ids
/// assert_eq!(command.uuid("order"), CommandId::named("order-17").uuid("order"));
/// assert_ne!(command.uuid("order"), command.uuid("invoice"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId(Uuid);

impl CommandId {
    /// Returns the id of a command that has this UUID.
    ///
    /// A save refuses the nil UUID, which is the value of an id that nobody set.
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// Returns the id of a command that is named by a text of any length.
    ///
    /// A save refuses the id of the empty text, which is nil: all commands without a name would be the same one.
    pub fn named(text: &str) -> Self {
        if text.is_empty() {
            return Self(Uuid::nil());
        }
        let hash = Sha256::new().chain_update(PREFIX).chain_update(text).finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Self(Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// Returns the id as a UUID.
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }

    /// Returns an id that belongs to this command: the same for the same command and name (UUID version 5).
    ///
    /// It is for what the command creates, such as an aggregate with `#[event("Placed", id = id)]`, and for the ids of further commands.
    pub fn uuid(self, name: &str) -> Uuid {
        Uuid::new_v5(&self.0, name.as_bytes())
    }

    /// Returns whether this is the id of no command: nil, or made from an empty text.
    pub const fn is_nil(self) -> bool {
        self.0.is_nil()
    }
}

impl From<Uuid> for CommandId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl From<&str> for CommandId {
    fn from(text: &str) -> Self {
        Self::named(text)
    }
}

impl From<String> for CommandId {
    fn from(text: String) -> Self {
        Self::named(&text)
    }
}

impl From<&String> for CommandId {
    fn from(text: &String) -> Self {
        Self::named(text)
    }
}

impl From<CommandId> for Uuid {
    fn from(id: CommandId) -> Self {
        id.0
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandId({})", self.0)
    }
}
