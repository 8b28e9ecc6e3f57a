//! The log that an export becomes: what it has already, what is recorded, and the proof.

use std::collections::{BTreeSet, VecDeque};

use eventsourcing::recording::{StoredDictionary, is_same_attempt};
use eventsourcing::{Notification, StoredEvent};

use super::check::Checked;
use super::digest::LogDigest;
use super::line::States;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::opened::Opened;
use crate::place::Place;
use crate::progress::Progress;
use crate::scan::Pages;

/// A batch ends after this many bytes of states.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// The events that the log had before, in its order.
pub(super) struct Present<'p> {
    place: &'p Place,
    states: States,
    pages: Pages<'p>,
    page: VecDeque<Notification>,
}

impl<'p> Present<'p> {
    pub(super) fn new(place: &'p Place, states: States, after: u64, up_to: u64) -> Self {
        Self { place, states, pages: Pages::new(place, after, up_to), page: VecDeque::new() }
    }

    /// Refuses an event that differs from the one in the log.
    pub(super) async fn compare(&mut self, position: u64, event: &StoredEvent) -> Result<(), Failure> {
        if self.page.is_empty() {
            self.page = self.pages.next().await?.into();
        }
        let is_equal = match self.page.pop_front() {
            Some(present) => present.id == position && self.is_equal(&present, event).await?,
            None => false,
        };
        if is_equal {
            return Ok(());
        }
        Err(Failure::OtherLog { application: self.place.name().to_owned(), position })
    }

    async fn is_equal(&self, present: &Notification, event: &StoredEvent) -> Result<bool, Failure> {
        let is_in_place = present.originator_id == event.originator_id
            && present.originator_version == event.originator_version
            && present.topic == event.topic
            && is_same_attempt(present.append_id, event.append_id);
        Ok(is_in_place
            && match self.states {
                States::Sealed => present.state == event.state && present.checksum == event.checksum,
                States::Json => {
                    self.place.open_event(present).await?.is_ok_and(|opened| *opened.bytes() == *event.state)
                }
            })
    }
}

/// The events and dictionaries that are recorded next.
pub(super) struct Batch<'p> {
    place: &'p Place,
    states: States,
    most: usize,
    dictionaries: Vec<StoredDictionary>,
    events: Vec<StoredEvent>,
    bytes: usize,
    /// The position of the last event that is recorded.
    pub(super) position: u64,
}

impl<'p> Batch<'p> {
    pub(super) fn new(place: &'p Place, states: States, most: usize, position: u64) -> Self {
        Self { place, states, most, dictionaries: Vec::new(), events: Vec::new(), bytes: 0, position }
    }

    pub(super) fn add_dictionary(&mut self, dictionary: StoredDictionary) {
        self.dictionaries.push(dictionary);
    }

    /// Whether the batch is to be recorded before this event. Events of one save stay together, as far as they fit.
    pub(super) fn is_full_before(&self, next: &StoredEvent) -> bool {
        let is_full = self.events.len() >= self.most || self.bytes >= BATCH_BYTES;
        let is_of_save = self.events.last().is_some_and(|last| is_same_attempt(last.append_id, next.append_id));
        is_full && (!is_of_save || self.events.len() >= 2 * self.most || self.bytes >= 2 * BATCH_BYTES)
    }

    pub(super) fn add(&mut self, position: u64, event: StoredEvent) -> Result<(), Failure> {
        let event = match self.states {
            States::Sealed => event,
            States::Json => {
                let sealed = self.place.application().mapper().seal(&event.location(), event.state.to_vec());
                let (state, checksum) =
                    sealed.map_err(|error| Failure::NotSealable { position, reason: error.failure.to_string() })?;
                let StoredEvent { originator_id, originator_version, topic, append_id, .. } = event;
                StoredEvent::new(originator_id, originator_version, topic, state, append_id).with_checksum(checksum)
            }
        };
        self.bytes += event.state.len();
        self.events.push(event);
        Ok(())
    }

    /// Records the batch: its dictionaries, then its events.
    pub(super) async fn record(&mut self) -> Result<(), Failure> {
        let (first, recorder) = (self.position + 1, self.place.recorder());
        for dictionary in self.dictionaries.drain(..) {
            recorder.insert_dictionary(dictionary).await?;
        }
        if self.events.is_empty() {
            return Ok(());
        }
        self.bytes = 0;
        let events = std::mem::take(&mut self.events);
        let last = self.position + u64::try_from(events.len()).unwrap_or(u64::MAX);
        let recorded = recorder.insert_events(events).await;
        let recorded = recorded.map_err(|source| Failure::NotRecorded { first, last, source })?;
        for (expected, notification) in (first..).zip(&recorded) {
            if notification.id != expected {
                let (application, found) = (self.place.name().to_owned(), notification.id);
                return Err(Failure::Interfered { application, expected, found });
            }
        }
        self.position = last;
        Ok(())
    }
}

/// Reads what was imported, and compares it with the export. Returns the applications whose events caused some of these.
pub(super) async fn prove(
    place: &Place,
    checked: &Checked,
    interrupt: &Interrupt,
) -> Result<BTreeSet<String>, Failure> {
    let (after, last) = (checked.header.after, checked.last);
    let progress = Progress::new("comparing", checked.events);
    let (mut digest, mut causes) = (LogDigest::default(), BTreeSet::new());
    let mut pages = Pages::new(place, after, last);
    loop {
        if interrupt.is_asked() {
            return Err(Failure::ImportInterrupted { position: last, last });
        }
        let page = pages.next().await?;
        if page.is_empty() {
            break;
        }
        for event in &page {
            let opened = place.open_event(event).await?;
            causes.extend(opened.as_ref().ok().and_then(Opened::cause));
            match (checked.header.states, opened) {
                (States::Sealed, _) => digest.add_sealed(event.as_ref()),
                (States::Json, Ok(opened)) => digest.add_json(event.as_ref(), opened.bytes()),
                (States::Json, Err(reason)) => {
                    return Err(differs(checked, &digest, format!("none: position {}: {reason}", event.id)));
                }
            }
            progress.add(1);
        }
    }
    let found = digest.finish();
    if (digest.events(), &found) == (checked.events, &checked.digest) {
        return Ok(causes);
    }
    Err(differs(checked, &digest, found))
}

fn differs(checked: &Checked, digest: &LogDigest, found: String) -> Failure {
    Failure::NotEqual {
        expected_events: checked.events,
        expected: checked.digest.clone(),
        found_events: digest.events(),
        found,
    }
}
