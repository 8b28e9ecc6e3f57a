//! The mapper: turns domain events into stored events and back.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use self::dictionaries::Dictionaries;
use self::nonces::Nonces;
use super::scratch::{self, Scratch};
use super::{
    Cipher, Compressor, Kind, MapperError, MapperFailure, Notification, Place, StateError, StateReader, StateWriter,
    StoredEvent,
};
use crate::domain::{AggregateEvent, DomainEvent};

mod dictionaries;
mod nonces;
mod open;
mod read_back;
mod seal;

pub use read_back::StateCheck;

/// Turns domain events into stored events and back: JSON, then compressed, then encrypted.
///
/// Without a compressor and a cipher the state is plain JSON, protected against accidents by a checksum. With a cipher it is
/// bound to its place: moved to another aggregate, version, topic or application, it does not decrypt.
///
/// A state that was compressed is read by whichever compressor made it, whatever is configured for writing. Those that were
/// compressed with a dictionary need that one: see [`learn_dictionary`](Self::learn_dictionary). With a cipher,
/// states that are not encrypted are refused, as anyone could have written them; see
/// [`allow_unencrypted`](Self::allow_unencrypted).
///
/// What a cipher protects is the history at rest. States that were decrypted are not wiped from the memory of the program,
/// no more than the events that were read from them: each thread keeps its last one until the next takes its place.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "chacha20poly1305")] {
/// use eventsourcing_core::persistence::cipher::ChaCha20Poly1305Cipher;
/// use eventsourcing_core::persistence::{Kind, Place};
/// use eventsourcing_core::{Mapper, Uuid};
///
/// let mapper = Mapper::new("universe").with_cipher(ChaCha20Poly1305Cipher::new(&ChaCha20Poly1305Cipher::create_key()));
/// let place = Place { kind: Kind::Event, originator_id: Uuid::new_v4(), originator_version: 1, topic: "World.Started" };
/// let (state, checksum) = mapper.seal(&place, br#"{"name":"Earth"}"#.to_vec())?;
/// assert_eq!(mapper.open(&place, &state, checksum)?, br#"{"name":"Earth"}"#.as_slice());
///
/// let elsewhere = Place { originator_version: 2, ..place };
/// assert!(mapper.open(&elsewhere, &state, checksum).is_err());
/// # }
/// # Ok::<(), eventsourcing_core::persistence::MapperError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mapper {
    application: Arc<str>,
    compressor: Option<Arc<dyn Compressor>>,
    cipher: Option<Arc<dyn Cipher>>,
    max_state_size: u32,
    allow_unencrypted: bool,
    state_check: StateCheck,
    dictionaries: Arc<Dictionaries>,
}

impl Mapper {
    /// The largest JSON of one event or snapshot unless said otherwise: 16 MiB.
    pub const DEFAULT_MAX_STATE_SIZE: u32 = 16 * 1024 * 1024;

    /// A mapper for an application, with neither compressor nor cipher.
    pub fn new(application: impl Into<Arc<str>>) -> Self {
        Self {
            application: application.into(),
            compressor: None,
            cipher: None,
            max_state_size: Self::DEFAULT_MAX_STATE_SIZE,
            allow_unencrypted: false,
            state_check: StateCheck::default(),
            dictionaries: Arc::default(),
        }
    }

    /// Compresses states that get smaller by it, what says so included.
    #[must_use]
    pub fn with_compressor(mut self, compressor: impl Compressor + 'static) -> Self {
        self.compressor = Some(Arc::new(compressor));
        // they were opened for the other one
        self.dictionaries = Arc::default();
        self
    }

    /// Encrypts states.
    #[must_use]
    pub fn with_cipher(mut self, cipher: impl Cipher + 'static) -> Self {
        self.cipher = Some(Arc::new(cipher));
        self.dictionaries = Arc::default();
        self
    }

    /// The largest JSON of one event or snapshot, in bytes, for writing and for reading.
    #[must_use]
    pub fn with_max_state_size(mut self, bytes: u32) -> Self {
        self.max_state_size = bytes;
        self
    }

    /// Reads states that are not encrypted although there is a cipher: those from before there was one.
    ///
    /// Whoever can write to the database can then forge history.
    #[must_use]
    pub fn allow_unencrypted(mut self, allow: bool) -> Self {
        self.allow_unencrypted = allow;
        self.dictionaries = Arc::default();
        self
    }

    /// How an event is checked before it is recorded: [`StateCheck::Full`] unless said otherwise.
    #[must_use]
    pub fn with_state_check(mut self, check: StateCheck) -> Self {
        self.state_check = check;
        self
    }

    /// The stored form of an event.
    ///
    /// The event is read back first, and one that does not come back as it was is refused: see [`StateCheck`].
    ///
    /// # Errors
    /// [`MapperError`] if the event does not serialise, does not come back as it was, or is too large.
    pub fn to_stored_event<E: AggregateEvent>(
        &self,
        event: &DomainEvent<E>,
        append_id: Uuid,
    ) -> Result<StoredEvent, MapperError> {
        self.store(event, append_id, &mut Nonces::default())
    }

    /// The stored forms of the events of one save.
    ///
    /// As [`to_stored_event`](Self::to_stored_event) for each, and faster where there is a cipher: the random numbers for
    /// all of them are drawn in one call.
    ///
    /// # Errors
    /// [`MapperError`] for the first event that cannot be stored.
    pub fn to_stored_events<E: AggregateEvent>(
        &self,
        events: &[DomainEvent<E>],
        append_id: Uuid,
    ) -> Result<Vec<StoredEvent>, MapperError> {
        let mut nonces = self.nonces(events.len());
        // the room is asked for once: a list collected from results begins with room for four
        let mut stored = Vec::with_capacity(events.len());
        for event in events {
            stored.push(self.store(event, append_id, &mut nonces)?);
        }
        Ok(stored)
    }

    fn store<E: AggregateEvent>(
        &self,
        event: &DomainEvent<E>,
        append_id: Uuid,
        nonces: &mut Nonces,
    ) -> Result<StoredEvent, MapperError> {
        let topic = event.event.topic();
        let place = Place {
            kind: Kind::Event,
            originator_id: event.originator_id,
            originator_version: event.originator_version,
            topic,
        };
        let (state, checksum) = scratch::with(|scratch| {
            let checksum = self.write(event, &place, scratch, nonces)?;
            // the buffer stays for the next state, and this one gets the room that it needs
            Ok((Arc::from(scratch.state.as_slice()), checksum))
        })
        .map_err(|failure| place.error("recorded", failure))?;
        Ok(StoredEvent {
            originator_id: event.originator_id,
            originator_version: event.originator_version,
            topic: Cow::Borrowed(topic),
            state,
            checksum,
            append_id,
        })
    }

    /// Leaves the state of an event in `scratch.state`.
    fn write<E: AggregateEvent>(
        &self,
        event: &DomainEvent<E>,
        place: &Place<'_>,
        scratch: &mut Scratch,
        nonces: &mut Nonces,
    ) -> Result<Option<u32>, MapperFailure> {
        let (room, state) = (self.room(), &mut scratch.state);
        state.clear();
        state.resize(room, 0);
        event.event.write(&mut StateWriter::new(event.timestamp, state))?;
        self.state_check.check(event, scratch, room)?;
        self.seal_in_place(place, scratch, room, nonces)
    }

    /// The event that a stored one stands for.
    ///
    /// # Errors
    /// [`MapperError`] if the state was altered, cannot be opened, or is not that of an event of `E`.
    pub fn to_domain_event<E: AggregateEvent>(&self, stored: &StoredEvent) -> Result<DomainEvent<E>, MapperError> {
        let StoredEvent { originator_id, originator_version, ref topic, ref state, checksum, append_id: _ } = *stored;
        self.read_event(&Place { kind: Kind::Event, originator_id, originator_version, topic }, state, checksum)
    }

    /// The event that a notification tells of.
    ///
    /// # Errors
    /// As [`to_domain_event`](Self::to_domain_event).
    pub fn to_notified_event<E: AggregateEvent>(
        &self,
        notification: &Notification,
    ) -> Result<DomainEvent<E>, MapperError> {
        let Notification { id: _, originator_id, originator_version, ref topic, ref state, checksum, append_id: _ } =
            *notification;
        self.read_event(&Place { kind: Kind::Event, originator_id, originator_version, topic }, state, checksum)
    }

    /// The event of a state that is borrowed from wherever it was recorded, such as a row of a database.
    ///
    /// Copies nothing that it need not: JSON is read where it stands, and what is compressed or encrypted passes through
    /// buffers that the thread keeps for the next one.
    ///
    /// # Errors
    /// As [`to_domain_event`](Self::to_domain_event).
    ///
    /// # Examples
    ///
    /// ```
    /// use eventsourcing_core::persistence::{Kind, Place};
    /// # use eventsourcing_core::persistence::{StateError, StateReader, StateWriter};
    /// use eventsourcing_core::{AggregateEvent, DomainEvent, Mapper, Timestamp, Uuid};
    /// # use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    /// struct Started { name: String }
    /// # impl AggregateEvent for Started {
    /// #     const TOPICS: &'static [&'static str] = &["World.Started"];
    /// #     fn topic(&self) -> &'static str { "World.Started" }
    /// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
    /// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
    /// #         if topic == "World.Started" { state.read() } else { Err(StateError::UnknownTopic) }
    /// #     }
    /// # }
    ///
    /// let place = Place { kind: Kind::Event, originator_id: Uuid::new_v4(), originator_version: 1, topic: "World.Started" };
    /// let row = br#"{"timestamp":"2026-11-23T04:11:04.800139Z","name":"Earth"}"#;
    /// let event: DomainEvent<Started> = Mapper::new("universe").read_event(&place, row, Some(place.checksum(row)))?;
    /// assert_eq!(event.event.name, "Earth");
    /// # Ok::<(), eventsourcing_core::persistence::MapperError>(())
    /// ```
    pub fn read_event<E: AggregateEvent>(
        &self,
        place: &Place<'_>,
        state: &[u8],
        checksum: Option<u32>,
    ) -> Result<DomainEvent<E>, MapperError> {
        let (event, timestamp) = self.read(place, state, checksum, |reader| E::read(place.topic, reader))?;
        let Place { originator_id, originator_version, .. } = *place;
        Ok(DomainEvent { originator_id, originator_version, timestamp, event })
    }

    /// The struct of an event, whatever its topic, and when it happened.
    pub(crate) fn read_struct<T: DeserializeOwned>(
        &self,
        place: &Place<'_>,
        state: &[u8],
        checksum: Option<u32>,
    ) -> Result<(T, Timestamp), MapperError> {
        self.read(place, state, checksum, |reader| reader.read())
    }

    fn read<T>(
        &self,
        place: &Place<'_>,
        state: &[u8],
        checksum: Option<u32>,
        read: impl FnOnce(&mut StateReader<'_>) -> Result<T, StateError>,
    ) -> Result<(T, Timestamp), MapperError> {
        let read = |scratch: &mut Scratch| {
            let in_state =
                self.open_into(place, state, checksum, scratch).map_err(|failure| place.error("read", failure))?;
            let mut reader = StateReader::new(in_state.unwrap_or(&scratch.json));
            let event = read(&mut reader).map_err(|failure| place.error("read", failure.into()))?;
            let timestamp = reader.timestamp().ok_or_else(|| place.error("read", StateError::NoTimestamp.into()))?;
            Ok((event, timestamp))
        };
        // plain JSON needs no buffers
        if state.first() == Some(&b'{') { read(&mut Scratch::default()) } else { scratch::with(read) }
    }

    /// Whether states are encrypted.
    pub fn has_cipher(&self) -> bool {
        self.cipher.is_some()
    }

    /// Whether states that get smaller by it are compressed.
    pub fn has_compressor(&self) -> bool {
        self.compressor.is_some()
    }

    /// Compresses and encrypts a state for its place; the checksum is there if the cipher does not protect it.
    ///
    /// # Errors
    /// [`MapperFailure::TooLarge`](super::MapperFailure::TooLarge), and what the compressor and the cipher return.
    pub fn seal(&self, place: &Place<'_>, json: Vec<u8>) -> Result<(Vec<u8>, Option<u32>), MapperError> {
        let room = self.room();
        let sealed = scratch::with(|scratch| {
            scratch.state.clear();
            scratch.state.resize(room, 0);
            scratch.state.extend_from_slice(&json);
            let checksum = self.seal_in_place(place, scratch, room, &mut Nonces::default())?;
            Ok((scratch.state.to_vec(), checksum))
        });
        sealed.map_err(|failure| place.error("recorded", failure))
    }

    /// Decrypts and decompresses a state in its place.
    ///
    /// # Errors
    /// [`MapperError`] if the state was altered, moved here, or needs another key.
    pub fn open<'s>(
        &self,
        place: &Place<'_>,
        state: &'s [u8],
        checksum: Option<u32>,
    ) -> Result<Cow<'s, [u8]>, MapperError> {
        let mut scratch = Scratch::default();
        let in_state =
            self.open_into(place, state, checksum, &mut scratch).map_err(|failure| place.error("read", failure))?;
        Ok(in_state.map_or(Cow::Owned(scratch.json), Cow::Borrowed))
    }
}
