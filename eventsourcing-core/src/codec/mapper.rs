//! The mapper: converts domain events to stored events and back.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use self::dictionaries::Dictionaries;
use self::nonces::Nonces;
use super::scratch::{self, Scratch};
use super::{Cipher, Compressor, MapperError, MapperFailure};
use crate::domain::{AggregateEvent, DomainEvent, StateError, StateReader, StateWriter};
use crate::recording::{Notification, StateLocation, StoredEvent};

mod dictionaries;
mod inspect;
mod metadata;
mod nonces;
mod open;
mod read_back;
mod seal;
mod shared_metadata;
mod without_key;

pub use read_back::StateCheck;
pub(crate) use shared_metadata::SharedMetadata;

/// Converts domain events to stored events and back: JSON, then compression, then encryption.
///
/// Without a compressor and a cipher, the state is plain JSON, and a checksum detects accidental changes. With a cipher, the state is
/// bound to its location: moved to another aggregate, version, topic or application, it cannot be decrypted.
///
/// A compressed state is read with the compressor that it names, whichever compressor is configured for writing. A state that was
/// compressed with a dictionary requires that dictionary: see [`learn_dictionary`](Self::learn_dictionary). With a cipher,
/// unencrypted states are rejected, because anyone could have written them; see
/// [`allow_unencrypted`](Self::allow_unencrypted).
///
/// A cipher protects the history at rest. Decrypted states are not wiped from the memory of the program, nor are the events that
/// were read from them: each thread keeps its last state until the next one replaces it.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// # #[cfg(feature = "chacha20poly1305")] {
/// use eventsourcing::codec::cipher::ChaCha20Poly1305Cipher;
/// use eventsourcing::recording::StateLocation;
/// use eventsourcing::{Mapper, Uuid};
///
/// let mapper = Mapper::new("universe").with_cipher(ChaCha20Poly1305Cipher::new(&ChaCha20Poly1305Cipher::create_key()));
/// let world = Uuid::new_v4();
/// let place = StateLocation::event(world, 1, "World.Started");
/// let (state, checksum) = mapper.seal(&place, br#"{"name":"Earth"}"#.to_vec())?;
/// assert_eq!(mapper.open(&place, &state, checksum)?, br#"{"name":"Earth"}"#.as_slice());
///
/// let elsewhere = StateLocation::event(world, 2, "World.Started");
/// assert!(mapper.open(&elsewhere, &state, checksum).is_err());
/// # }
/// # Ok::<(), eventsourcing::codec::MapperError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mapper {
    application: Arc<str>,
    compressor: Option<Arc<dyn Compressor>>,
    cipher: Option<Arc<dyn Cipher>>,
    max_state_size: u32,
    allow_unencrypted: bool,
    lacks_key: bool,
    state_check: StateCheck,
    dictionaries: Arc<Dictionaries>,
}

impl Mapper {
    /// The default maximum length of the JSON of one event or snapshot: 16 MiB.
    pub const DEFAULT_MAX_STATE_SIZE: u32 = 16 * 1024 * 1024;

    /// Creates a mapper for an application, without a compressor and without a cipher.
    pub fn new(application: impl Into<Arc<str>>) -> Self {
        Self {
            application: application.into(),
            compressor: None,
            cipher: None,
            max_state_size: Self::DEFAULT_MAX_STATE_SIZE,
            allow_unencrypted: false,
            lacks_key: false,
            state_check: StateCheck::default(),
            dictionaries: Arc::default(),
        }
    }

    /// Compresses each state if that makes it smaller, with its envelope included.
    #[must_use]
    pub fn with_compressor(mut self, compressor: impl Compressor + 'static) -> Self {
        self.compressor = Some(Arc::new(compressor));
        // they were opened for the previous compressor
        self.dictionaries = Arc::default();
        self
    }

    /// Encrypts states with a cipher.
    #[must_use]
    pub fn with_cipher(mut self, cipher: impl Cipher + 'static) -> Self {
        self.cipher = Some(Arc::new(cipher));
        self.lacks_key = false;
        self.dictionaries = Arc::default();
        self
    }

    /// Sets the maximum length of the JSON of one event or snapshot, in bytes, for writing and for reading.
    #[must_use]
    pub fn with_max_state_size(mut self, bytes: u32) -> Self {
        self.max_state_size = bytes;
        self
    }

    /// Allows to read unencrypted states although a cipher is configured, such as those from before it was configured.
    ///
    /// Anyone who can write to the database can then forge history.
    #[must_use]
    pub fn allow_unencrypted(mut self, allow: bool) -> Self {
        self.allow_unencrypted = allow;
        self.dictionaries = Arc::default();
        self
    }

    /// Sets how an event is checked before it is recorded: [`StateCheck::Full`] by default.
    #[must_use]
    pub fn with_state_check(mut self, check: StateCheck) -> Self {
        self.state_check = check;
        self
    }

    /// Converts an event to its stored form, with the metadata that it has.
    ///
    /// The event is read back first, and rejected if the copy differs from it: see [`StateCheck`].
    ///
    /// # Errors
    /// [`MapperError`] if the event cannot be serialized, differs from the copy that is read back, or is too large, or if its metadata is.
    pub fn to_stored_event<E: AggregateEvent>(
        &self,
        event: &DomainEvent<E>,
        append_id: Uuid,
    ) -> Result<StoredEvent, MapperError> {
        self.store(event, append_id, &mut Nonces::default(), &mut SharedMetadata::default())
    }

    /// Converts the events of one save to their stored forms.
    ///
    /// Equivalent to [`to_stored_event`](Self::to_stored_event) for each event, and faster with a cipher: the random numbers for all
    /// events are drawn in one call.
    ///
    /// # Errors
    /// [`MapperError`] for the first event that cannot be stored.
    pub fn to_stored_events<E: AggregateEvent>(
        &self,
        events: &[DomainEvent<E>],
        append_id: Uuid,
    ) -> Result<Vec<StoredEvent>, MapperError> {
        self.store_all(events, append_id, &mut SharedMetadata::default())
    }

    /// Converts the events of one save to their stored forms, with the metadata of the save.
    pub(crate) fn store_all<E: AggregateEvent>(
        &self,
        events: &[DomainEvent<E>],
        append_id: Uuid,
        metadata: &mut SharedMetadata,
    ) -> Result<Vec<StoredEvent>, MapperError> {
        let mut nonces = self.nonces(events.len());
        // a vector that is collected from results would start with a capacity of four
        let mut stored = Vec::with_capacity(events.len());
        for event in events {
            stored.push(self.store(event, append_id, &mut nonces, metadata)?);
        }
        Ok(stored)
    }

    fn store<E: AggregateEvent>(
        &self,
        event: &DomainEvent<E>,
        append_id: Uuid,
        nonces: &mut Nonces,
        metadata: &mut SharedMetadata,
    ) -> Result<StoredEvent, MapperError> {
        let topic = event.event.topic();
        let place = StateLocation::event(event.originator_id, event.originator_version, topic);
        let (state, checksum) = scratch::with(|scratch| {
            let metadata = metadata.json(event.metadata.as_deref())?;
            let checksum = self.write(event, metadata.as_deref(), &place, scratch, nonces)?;
            // the buffer is kept for the next state, and this state gets an exact allocation
            Ok((Arc::from(scratch.state.as_slice()), checksum))
        })
        .map_err(|failure| MapperError::at(&place, "recorded", failure))?;
        Ok(StoredEvent {
            originator_id: event.originator_id,
            originator_version: event.originator_version,
            topic: Cow::Borrowed(topic),
            state,
            checksum,
            append_id,
        })
    }

    /// Writes the state of an event to `scratch.state`.
    fn write<E: AggregateEvent>(
        &self,
        event: &DomainEvent<E>,
        metadata: Option<&str>,
        place: &StateLocation<'_>,
        scratch: &mut Scratch,
        nonces: &mut Nonces,
    ) -> Result<Option<u32>, MapperFailure> {
        let (room, state) = (self.room(), &mut scratch.state);
        state.clear();
        state.resize(room, 0);
        let mut writer = StateWriter::new(event.timestamp, state).with_metadata(metadata);
        event.event.write(&mut writer)?;
        let is_downcast = writer.is_downcast();
        self.state_check.check(event, metadata, is_downcast, scratch, room)?;
        self.seal_in_place(place, scratch, room, nonces)
    }

    /// Converts a stored event to a domain event, with its metadata.
    ///
    /// # Errors
    /// [`MapperError`] if the state was altered, cannot be opened, or does not match an event of `E`.
    pub fn to_domain_event<E: AggregateEvent>(&self, stored: &StoredEvent) -> Result<DomainEvent<E>, MapperError> {
        self.read_event(&stored.location(), &stored.state, stored.checksum)
    }

    /// Converts a notification to a domain event.
    ///
    /// # Errors
    /// The errors of [`to_domain_event`](Self::to_domain_event).
    pub fn to_notified_event<E: AggregateEvent>(
        &self,
        notification: &Notification,
    ) -> Result<DomainEvent<E>, MapperError> {
        self.read_event(&notification.location(), &notification.state, notification.checksum)
    }

    /// Reads an event and its metadata from a borrowed state, such as a column of a database row.
    ///
    /// It avoids copies: plain JSON is read in place, and compressed or encrypted data passes through buffers that the thread keeps
    /// for the next state.
    ///
    /// # Errors
    /// The errors of [`to_domain_event`](Self::to_domain_event).
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use eventsourcing::recording::StateLocation;
    /// # use eventsourcing::domain::{StateError, StateReader, StateWriter};
    /// use eventsourcing::{AggregateEvent, DomainEvent, Mapper, Timestamp, Uuid};
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
    /// let place = StateLocation::event(Uuid::new_v4(), 1, "World.Started");
    /// let row = br#"{"timestamp":"2026-11-23T04:11:04.800139Z","name":"Earth"}"#;
    /// let event: DomainEvent<Started> = Mapper::new("universe").read_event(&place, row, Some(place.checksum(row)))?;
    /// assert_eq!(event.event.name, "Earth");
    /// # Ok::<(), eventsourcing::codec::MapperError>(())
    /// ```
    pub fn read_event<E: AggregateEvent>(
        &self,
        place: &StateLocation<'_>,
        state: &[u8],
        checksum: Option<u32>,
    ) -> Result<DomainEvent<E>, MapperError> {
        let read = |reader: &mut StateReader<'_>| reader.with_metadata(|reader| E::read(place.topic, reader));
        let ((event, metadata), timestamp) = self.read(place, state, checksum, read)?;
        let StateLocation { originator_id, originator_version, .. } = *place;
        Ok(DomainEvent { metadata, ..DomainEvent::new(originator_id, originator_version, timestamp, event) })
    }

    /// Reads an event without its metadata, which a replay does not use.
    pub(crate) fn read_to_replay<E: AggregateEvent>(
        &self,
        place: &StateLocation<'_>,
        state: &[u8],
        checksum: Option<u32>,
    ) -> Result<DomainEvent<E>, MapperError> {
        let (event, timestamp) = self.read(place, state, checksum, |reader| E::read(place.topic, reader))?;
        Ok(DomainEvent::new(place.originator_id, place.originator_version, timestamp, event))
    }

    /// Reads the time of an event, whatever its topic and the version of its shape.
    pub(crate) fn read_timestamp(
        &self,
        place: &StateLocation<'_>,
        state: &[u8],
        checksum: Option<u32>,
    ) -> Result<Timestamp, MapperError> {
        self.read(place, state, checksum, |reader| reader.read_timestamp()).map(|((), timestamp)| timestamp)
    }

    /// Reads an event with a function, and the time of the event.
    pub(crate) fn read<T>(
        &self,
        place: &StateLocation<'_>,
        state: &[u8],
        checksum: Option<u32>,
        read: impl FnOnce(&mut StateReader<'_>) -> Result<T, StateError>,
    ) -> Result<(T, Timestamp), MapperError> {
        let read = |scratch: &mut Scratch| {
            let in_state = self
                .open_into(place, state, checksum, scratch)
                .map_err(|failure| MapperError::at(place, "read", failure))?;
            let mut reader = StateReader::new(in_state.unwrap_or(&scratch.json));
            let event = read(&mut reader).map_err(|failure| MapperError::at(place, "read", failure.into()))?;
            let timestamp =
                reader.timestamp().ok_or_else(|| MapperError::at(place, "read", StateError::NoTimestamp.into()))?;
            Ok((event, timestamp))
        };
        // plain JSON needs no buffers
        if state.first() == Some(&b'{') { read(&mut Scratch::default()) } else { scratch::with(read) }
    }

    /// Returns whether states are encrypted.
    pub fn has_cipher(&self) -> bool {
        self.cipher.is_some()
    }

    /// Returns whether states are compressed if that makes them smaller.
    pub fn has_compressor(&self) -> bool {
        self.compressor.is_some()
    }

    /// Compresses and encrypts a state for its location. The checksum is `None` if the cipher protects the state.
    ///
    /// # Errors
    /// [`MapperFailure::TooLarge`](crate::codec::MapperFailure::TooLarge), and the errors of the compressor and the cipher.
    pub fn seal(&self, place: &StateLocation<'_>, json: Vec<u8>) -> Result<(Vec<u8>, Option<u32>), MapperError> {
        let room = self.room();
        let sealed = scratch::with(|scratch| {
            scratch.state.clear();
            scratch.state.resize(room, 0);
            scratch.state.extend_from_slice(&json);
            let checksum = self.seal_in_place(place, scratch, room, &mut Nonces::default())?;
            Ok((scratch.state.to_vec(), checksum))
        });
        sealed.map_err(|failure| MapperError::at(place, "recorded", failure))
    }

    /// Decrypts and decompresses a state in its location.
    ///
    /// # Errors
    /// [`MapperError`] if the state was altered, was moved from another location, or needs another key.
    pub fn open<'s>(
        &self,
        place: &StateLocation<'_>,
        state: &'s [u8],
        checksum: Option<u32>,
    ) -> Result<Cow<'s, [u8]>, MapperError> {
        let mut scratch = Scratch::default();
        let in_state = self
            .open_into(place, state, checksum, &mut scratch)
            .map_err(|failure| MapperError::at(place, "read", failure))?;
        Ok(in_state.map_or(Cow::Owned(scratch.json), Cow::Borrowed))
    }
}
