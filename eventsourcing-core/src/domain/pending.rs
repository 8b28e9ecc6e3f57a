//! The pending events of an aggregate, and what is known of the attempt to record them.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use uuid::Uuid;

use super::{DomainEvent, MissingEvents};

/// The events of an aggregate that are not recorded yet.
pub(super) struct Pending<E> {
    events: Vec<DomainEvent<E>>,
    /// Identifies the attempt to record the events, so that a repeated save recognizes its own rows.
    append_id: Option<Uuid>,
    /// The events that were taken from these or applied with `mutate`, unless they are known to be recorded.
    missing: Option<Box<MissingEvents>>,
}

impl<E> Pending<E> {
    /// Returns the events, oldest first.
    pub(super) fn events(&self) -> &[DomainEvent<E>] {
        &self.events
    }

    pub(super) fn add(&mut self, event: DomainEvent<E>) {
        if self.events.is_empty() {
            // most saves have a single event, and the default capacity of four is large
            self.events.reserve_exact(1);
        }
        self.events.push(event);
    }

    /// Takes the events, which nobody may record then: they are noted as missing. `aggregate` is the name of their aggregate's type.
    pub(super) fn take(&mut self, aggregate: &'static str) -> Vec<DomainEvent<E>> {
        self.append_id = None;
        let events = std::mem::take(&mut self.events);
        if let (Some(first), Some(last)) = (events.first(), events.last()) {
            let versions = (first.originator_version, last.originator_version);
            self.note_missing(aggregate, first.originator_id, versions, last.timestamp);
        }
        events
    }

    /// Notes events, from the first to the last version, that may not be recorded.
    pub(super) fn note_missing(&mut self, aggregate: &'static str, id: Uuid, versions: (u64, u64), last: Timestamp) {
        MissingEvents::note(&mut self.missing, aggregate, id, versions, last);
    }

    /// Returns the events that were taken or applied, unless they are known to be recorded.
    pub(super) fn missing(&self) -> Option<&MissingEvents> {
        self.missing.as_deref()
    }

    /// Removes the events once they are recorded.
    pub(super) fn recorded(&mut self) {
        self.append_id = None;
        self.missing = None;
        // the buffer is kept, because an aggregate that was saved once is likely to be saved again
        self.events.clear();
    }

    /// Returns the append id of the events, which stays the same until they are recorded or taken.
    ///
    /// It stays the same after a failed attempt too. An earlier attempt may have been recorded without an acknowledgement, and
    /// events have only been added since: rows with this append id are this aggregate's own.
    pub(super) fn append_id(&mut self) -> Uuid {
        *self.append_id.get_or_insert_with(new_append_id)
    }
}

// not derived: a derived impl would require `E: Default`
impl<E> Default for Pending<E> {
    fn default() -> Self {
        Self { events: Vec::new(), append_id: None, missing: None }
    }
}

/// A clone gets another append id: if both are saved, the second save is a conflict.
impl<E: Clone> Clone for Pending<E> {
    fn clone(&self) -> Self {
        Self { events: self.events.clone(), append_id: None, missing: self.missing.clone() }
    }
}

/// Returns a new append id, which no other attempt has.
///
/// It combines the clock with random bits. A process that was copied with its memory, such as a snapshot of a virtual machine,
/// continues with the same random numbers as its twin, and two attempts with one append id would count as one.
fn new_append_id() -> Uuid {
    let (high, low) = Uuid::new_v4().as_u64_pair();
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_else(|before| before.duration());
    let clock = u64::try_from(since_1970.as_nanos()).unwrap_or_default();
    let bytes = Uuid::from_u64_pair(high, low ^ clock).into_bytes();
    // restore the version 4 marks, which the clock may have changed
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
