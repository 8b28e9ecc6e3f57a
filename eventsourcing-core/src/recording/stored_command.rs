//! Commands as a recorder stores them: what an append records of one, and what is found when it comes again.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::CommandId;

/// A command to record, as a part of an [`Append`](super::Append).
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::recording::{Append, MemoryRecorder, NewCommand};
/// use eventsourcing::{CommandId, Recorder, RecorderError, Timestamp};
/// # futures::executor::block_on(async {
/// let (recorder, id) = (MemoryRecorder::new(), CommandId::named("order-17"));
/// let append = || Append::new(vec![]).command(NewCommand::new(id, Timestamp::now()));
/// recorder.append(append()).await?;
///
/// let again = recorder.append(append()).await;
/// assert!(matches!(again, Err(RecorderError::CommandRecorded { recorded }) if recorded.id == id));
/// # Ok::<(), RecorderError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewCommand {
    /// The id of the command.
    pub id: CommandId,
    /// The time of the save, from which its age is counted. Recorders keep it in microseconds.
    pub recorded_at: Timestamp,
    /// What the command consists of, if its caller says.
    pub content: Option<CommandContent>,
}

impl NewCommand {
    /// Creates a command without content.
    pub fn new(id: CommandId, recorded_at: Timestamp) -> Self {
        Self { id, recorded_at, content: None }
    }

    /// Sets the content, if there is any.
    #[must_use]
    pub fn content(mut self, content: impl Into<Option<CommandContent>>) -> Self {
        self.content = content.into();
        self
    }

    /// Returns the command once it is recorded, with the notification ids of its events in the order of their append.
    pub fn recorded(self, notification_ids: Vec<u64>) -> RecordedCommand {
        RecordedCommand { id: self.id, recorded_at: self.recorded_at, notification_ids, content: self.content }
    }
}

/// A command that is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedCommand {
    /// The id of the command.
    pub id: CommandId,
    /// The time of the save.
    pub recorded_at: Timestamp,
    /// The notification ids of the events that its append recorded, in the order in which they were given.
    ///
    /// They are consecutive, unless an earlier try of the append had recorded a part of the events.
    pub notification_ids: Vec<u64>,
    /// What the command consists of, if its caller said.
    pub content: Option<CommandContent>,
}

/// What a command consists of, as a recorder stores it: bytes that the mapper made.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandContent {
    /// The bytes, encrypted if configured.
    pub state: Arc<[u8]>,
    /// The CRC-32 of the bytes in their place; `None` if the cipher protects both.
    pub checksum: Option<u32>,
}

impl CommandContent {
    /// Creates content without a checksum.
    pub fn new(state: impl Into<Arc<[u8]>>) -> Self {
        Self { state: state.into(), checksum: None }
    }

    /// Sets the checksum, if there is one.
    #[must_use]
    pub fn with_checksum(mut self, checksum: impl Into<Option<u32>>) -> Self {
        self.checksum = checksum.into();
        self
    }
}

/// Shows the length and not the bytes, which are an application's data.
impl fmt::Debug for CommandContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { state, checksum } = self;
        f.debug_struct("CommandContent").field("len", &state.len()).field("checksum", checksum).finish()
    }
}

/// The commands that [`Recorder::delete_commands`](super::Recorder::delete_commands) deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutdatedCommands {
    /// Those that were recorded before this time.
    Before(Timestamp),
    /// All but this number of the last ones.
    AllBut(u64),
}
