//! A long log with streams of known lengths scattered over it, recorded through the library.
//!
//! The limits read the same rows from the same tables, because a copy could have a better or worse layout on the disk.

use std::collections::HashMap;

use eventsourcing::{Aggregate, DomainEvent, Uuid};

use crate::account::{Account, AccountEvent, Bank, HISTORY, Usual};
use crate::wait;

/// The number of events of a save while the log is filled.
const CHUNK: usize = 1_000;

/// The lengths of streams, and the number of streams of each.
const STREAMS: [(u64, usize); 3] = [(10, 300), (1_000, 20), (10_000, 3)];

/// A log that has been filled.
#[derive(Debug)]
pub struct History {
    pub events: usize,
    streams: HashMap<u64, Vec<Uuid>>,
    accounts: Vec<Uuid>,
}

impl History {
    /// Fills the log of an application with this number of events, each of a randomly drawn stream.
    pub fn record(bank: &Bank, events: usize) -> Self {
        let mut streams: HashMap<u64, Vec<Uuid>> = HashMap::new();
        let mut order: Vec<Uuid> = Vec::with_capacity(events);
        for (length, count) in STREAMS {
            let ids: Vec<Uuid> = (0..count).map(|_| Uuid::new_v4()).collect();
            for id in &ids {
                order.extend((0..length).map(|_| *id));
            }
            streams.insert(length, ids);
        }
        let mut accounts = Vec::new();
        while order.len() < events {
            let id = Uuid::new_v4();
            accounts.push(id);
            order.extend((0..HISTORY).map(|_| id));
        }
        shuffle(&mut order);
        let mut versions: HashMap<Uuid, u64> = HashMap::new();
        let (created, deposited) = examples();
        for chunk in order.chunks(CHUNK) {
            let event = |id: &Uuid| {
                let version = versions.entry(*id).and_modify(|version| *version += 1).or_insert(1);
                let example = if *version == 1 { &created } else { &deposited };
                DomainEvent::new(*id, *version, example.timestamp, example.event.clone())
            };
            wait(bank.save(chunk.iter().map(event).collect::<Vec<_>>())).unwrap();
        }
        Self { events: order.len(), streams, accounts }
    }

    /// Returns the streams of a length.
    pub fn streams_of(&self, length: u64) -> &[Uuid] {
        &self.streams[&length]
    }

    /// Returns the accounts that fill the log, of [`HISTORY`] events each, which are scattered over it.
    pub fn accounts(&self) -> &[Uuid] {
        &self.accounts
    }
}

/// Returns the first and the second event of an account.
fn examples() -> (DomainEvent<AccountEvent>, DomainEvent<AccountEvent>) {
    let mut account = Account::usual();
    account.deposit_usual();
    let mut events = account.collect_events().into_iter();
    (events.next().unwrap(), events.next().unwrap())
}

/// Fisher and Yates's shuffle, with a generator that gives the same order in each run.
pub fn shuffle(order: &mut [Uuid]) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for place in (1..order.len()).rev() {
        // Marsaglia's xorshift (2003)
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        order.swap(place, (state % (place as u64 + 1)) as usize);
    }
}
