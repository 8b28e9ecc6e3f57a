//! The row of an event, which is encoded beforehand, and the types that its state is decoded into.

use eventsourcing::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::account::HISTORY;

/// The columns of the library's table, except the notification id, which is assigned when the row is recorded.
#[derive(Clone, Debug)]
pub struct Row {
    pub originator_id: Uuid,
    pub originator_version: i64,
    pub topic: &'static str,
    pub state: &'static [u8],
    pub checksum: i64,
    pub append_id: Uuid,
    /// The id of the save's command, which is recorded with the first event of a save that has one.
    pub command_id: Option<Uuid>,
}

const TOPIC: &str = "Account.Deposited";
const STATE: &[u8] =
    br#"{"timestamp":"2026-11-23T04:11:04.800139Z","amount":5,"currency":"EUR","note":"order-000123"}"#;

/// The row of the first event of an aggregate.
pub fn first() -> Row {
    Row {
        originator_id: Uuid::new_v4(),
        originator_version: 1,
        topic: TOPIC,
        state: STATE,
        checksum: 0x1234_5678,
        append_id: Uuid::new_v4(),
        command_id: None,
    }
}

/// The command ids of saves.
#[derive(Clone, Copy, Debug)]
pub enum Commands {
    /// The saves have none.
    None,
    /// Each is at another place of the index.
    Random,
    /// Each comes after the one before.
    Ordered,
}

impl Commands {
    /// Returns the id of the next save.
    pub fn next(self) -> Option<Uuid> {
        match self {
            Self::None => None,
            Self::Random => Some(Uuid::new_v4()),
            Self::Ordered => Some(Uuid::now_v7()),
        }
    }
}

/// The stream of the next rows. Streams are as long as the library's accounts.
#[derive(Debug)]
pub struct Stream {
    id: Uuid,
    version: i64,
    commands: Commands,
}

impl Stream {
    pub fn new() -> Self {
        Self { id: Uuid::new_v4(), version: 0, commands: Commands::None }
    }

    /// Gives each save a command id of this kind.
    pub fn with(self, commands: Commands) -> Self {
        Self { commands, ..self }
    }

    /// Returns the rows of the next save.
    pub fn next(&mut self, events: u64) -> Vec<Row> {
        if self.version.cast_unsigned() >= HISTORY {
            *self = Self::new().with(self.commands);
        }
        let append_id = Uuid::new_v4();
        let mut command_id = self.commands.next();
        let row = |_| {
            self.version += 1;
            Row {
                originator_id: self.id,
                originator_version: self.version,
                topic: TOPIC,
                state: STATE,
                checksum: 0x1234_5678,
                append_id,
                command_id: command_id.take(),
            }
        };
        (0..events).map(row).collect()
    }
}

/// The fields of an event as a program without a library declares them.
///
/// The library's events own their fields and have a parsed time, so these do too.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "decoding them is the work that is measured")]
pub struct Event {
    pub timestamp: Timestamp,
    pub amount: i64,
    pub currency: String,
    pub note: String,
}

/// An account as such a program folds it.
#[derive(Debug, Default)]
pub struct Folded {
    pub balance: i64,
    pub events: usize,
}

impl Folded {
    /// Decodes a state and applies it.
    pub fn take(&mut self, topic: &str, state: &[u8]) {
        let event: Event = match topic {
            "Account.Created" | "Account.Deposited" => serde_json::from_slice(state).unwrap(),
            other => panic!("the topic `{other}` is none of an account"),
        };
        self.balance += event.amount;
        self.events += 1;
        std::hint::black_box(event);
    }
}
