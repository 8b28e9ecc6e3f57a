//! The mapper: turns domain events into stored events and back.

use std::borrow::Cow;
use std::sync::Arc;

use uuid::Uuid;

use super::envelope::{self, Header};
use super::{
    Cipher, Compressor, Kind, MapperError, MapperFailure, Notification, Place, StateError, StateReader, StateWriter,
    StoredEvent, cipher, compressor,
};
use crate::domain::{AggregateEvent, DomainEvent};

/// Turns domain events into stored events and back: JSON, then compressed, then encrypted.
///
/// Without a compressor and a cipher the state is plain JSON, protected against accidents by a checksum. With a cipher it is
/// bound to its place: moved to another aggregate, version, topic or application, it does not decrypt.
///
/// A state that was compressed is read by whichever compressor made it, whatever is configured for writing. With a cipher,
/// states that are not encrypted are refused, as anyone could have written them; see
/// [`allow_unencrypted`](Self::allow_unencrypted).
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
        }
    }

    /// Compresses states that get smaller by it.
    #[must_use]
    pub fn with_compressor(mut self, compressor: impl Compressor + 'static) -> Self {
        self.compressor = Some(Arc::new(compressor));
        self
    }

    /// Encrypts states.
    #[must_use]
    pub fn with_cipher(mut self, cipher: impl Cipher + 'static) -> Self {
        self.cipher = Some(Arc::new(cipher));
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
        self
    }

    /// The stored form of an event.
    ///
    /// In builds with debug assertions the event is read back first: one that cannot be read is not recorded.
    ///
    /// # Errors
    /// [`MapperError`] if the event does not serialise, or is too large.
    pub fn to_stored_event<E: AggregateEvent>(
        &self,
        event: &DomainEvent<E>,
        append_id: Uuid,
    ) -> Result<StoredEvent, MapperError> {
        let topic = event.event.topic();
        let place = Place {
            kind: Kind::Event,
            originator_id: event.originator_id,
            originator_version: event.originator_version,
            topic,
        };
        let mut json = Vec::with_capacity(128);
        event
            .event
            .write(&mut StateWriter::new(event.timestamp, &mut json))
            .map_err(|failure| place.error("recorded", failure.into()))?;
        // a type whose `Deserialize` does not take what its `Serialize` gave is to be found in development, not in history
        if cfg!(debug_assertions)
            && let Err(failure) = E::read(topic, &mut StateReader::new(&json))
        {
            return Err(place.error("recorded", StateError::NotReadBack { reason: Box::new(failure) }.into()));
        }
        let (state, checksum) = self.seal(&place, json)?;
        Ok(StoredEvent {
            originator_id: event.originator_id,
            originator_version: event.originator_version,
            topic: topic.to_owned(),
            state,
            checksum,
            append_id,
        })
    }

    /// The event that a stored one stands for.
    ///
    /// # Errors
    /// [`MapperError`] if the state was altered, cannot be opened, or is not that of an event of `E`.
    pub fn to_domain_event<E: AggregateEvent>(&self, stored: &StoredEvent) -> Result<DomainEvent<E>, MapperError> {
        let StoredEvent { originator_id, originator_version, ref topic, ref state, checksum, append_id: _ } = *stored;
        self.read(Place { kind: Kind::Event, originator_id, originator_version, topic }, state, checksum)
    }

    /// The event that a notification tells of.
    ///
    /// # Errors
    /// As [`to_domain_event`](Self::to_domain_event).
    pub fn to_notified_event<E: AggregateEvent>(
        &self,
        notification: &Notification,
    ) -> Result<DomainEvent<E>, MapperError> {
        let Notification { id: _, originator_id, originator_version, ref topic, ref state, checksum } = *notification;
        self.read(Place { kind: Kind::Event, originator_id, originator_version, topic }, state, checksum)
    }

    pub(crate) fn read_event<E: AggregateEvent>(
        &self,
        place: &Place<'_>,
        state: &[u8],
        checksum: Option<u32>,
    ) -> Result<DomainEvent<E>, MapperError> {
        self.read(*place, state, checksum)
    }

    fn read<E: AggregateEvent>(
        &self,
        place: Place<'_>,
        state: &[u8],
        checksum: Option<u32>,
    ) -> Result<DomainEvent<E>, MapperError> {
        let json = self.open(&place, state, checksum)?;
        let mut reader = StateReader::new(&json);
        let event = E::read(place.topic, &mut reader).map_err(|failure| place.error("read", failure.into()))?;
        let timestamp = reader.timestamp().ok_or_else(|| place.error("read", StateError::NoTimestamp.into()))?;
        let Place { originator_id, originator_version, .. } = place;
        Ok(DomainEvent { originator_id, originator_version, timestamp, event })
    }

    /// Compresses and encrypts a state for its place; the checksum is there if the cipher does not protect it.
    ///
    /// # Errors
    /// [`MapperFailure::TooLarge`], and what the compressor and the cipher return.
    pub fn seal(&self, place: &Place<'_>, json: Vec<u8>) -> Result<(Vec<u8>, Option<u32>), MapperError> {
        self.try_seal(place, json).map_err(|failure| place.error("recorded", failure))
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
        self.try_open(place, state, checksum).map_err(|failure| place.error("read", failure))
    }

    fn try_seal(&self, place: &Place<'_>, json: Vec<u8>) -> Result<(Vec<u8>, Option<u32>), MapperFailure> {
        let plain_len = self.check_len(json.len())?;
        let mut compressed = Vec::new();
        let mut header = Header { cipher: 0, compressor: 0, key_id: 0, plain_len };
        if let Some(compressor) = &self.compressor {
            compressor.compress(&json, &mut compressed)?;
            if compressed.len() < json.len() {
                header.compressor = compressor.id();
            }
        }
        let smallest = if header.compressor == 0 { &json } else { &compressed };
        let state = if let Some(cipher) = &self.cipher {
            header.cipher = cipher.id();
            header.key_id = cipher.key_id();
            let mut state = Vec::with_capacity(envelope::LEN + smallest.len() + 40);
            state.extend_from_slice(&header.to_bytes());
            cipher.encrypt(smallest, &header.context(&self.application, place), &mut state)?;
            return Ok((state, None));
        } else if header.compressor != 0 {
            [header.to_bytes().as_slice(), smallest].concat()
        } else {
            json
        };
        let checksum = place.checksum(&state);
        Ok((state, Some(checksum)))
    }

    fn try_open<'s>(
        &self,
        place: &Place<'_>,
        state: &'s [u8],
        checksum: Option<u32>,
    ) -> Result<Cow<'s, [u8]>, MapperFailure> {
        let corrupt = |detail: String| MapperFailure::Corrupt { detail };
        let sealed = Header::split(state);
        let encrypted = sealed.filter(|(header, _)| header.cipher != 0);
        if let Some((header, body)) = encrypted {
            let len = self.check_len_of(header)?;
            let cipher = self.cipher_of(header)?;
            let opened = cipher.decrypt(body, &header.context(&self.application, place))?;
            return self.decompress(header, len, Cow::Owned(opened));
        }
        if self.cipher.is_some() && !self.allow_unencrypted {
            return Err(MapperFailure::NotEncrypted);
        }
        match checksum {
            Some(recorded) if recorded == place.checksum(state) => {}
            Some(_) => return Err(corrupt("its checksum does not match".to_owned())),
            None => return Err(corrupt("its checksum is gone".to_owned())),
        }
        match (sealed, state.first()) {
            (Some((header, body)), _) => {
                let len = self.check_len_of(header)?;
                self.decompress(header, len, Cow::Borrowed(body))
            }
            (None, Some(b'{')) => {
                self.check_len(state.len())?;
                Ok(Cow::Borrowed(state))
            }
            (None, Some(&envelope::FORMAT)) => Err(corrupt(format!("it is cut off after {} bytes", state.len()))),
            (None, Some(byte)) => Err(corrupt(format!("it begins with the byte {byte:#04x}, as no state does"))),
            (None, None) => Err(corrupt("it is empty".to_owned())),
        }
    }

    fn cipher_of(&self, header: Header) -> Result<&dyn Cipher, MapperFailure> {
        let configured = match &self.cipher {
            Some(cipher) if cipher.id() == header.cipher => {
                return if cipher.key_id() == header.key_id {
                    Ok(&**cipher)
                } else {
                    Err(MapperFailure::WrongKey { found: header.key_id, configured: cipher.key_id() })
                };
            }
            Some(_) => "another cipher is",
            None => "no cipher is",
        };
        let cipher = cipher::name(header.cipher).map_or_else(|| format!("cipher {}", header.cipher), str::to_owned);
        Err(MapperFailure::OtherCipher { cipher, configured })
    }

    fn decompress<'s>(&self, header: Header, len: usize, body: Cow<'s, [u8]>) -> Result<Cow<'s, [u8]>, MapperFailure> {
        if header.compressor == 0 {
            if body.len() != len {
                return Err(MapperFailure::Corrupt {
                    detail: format!("it is {} bytes long, and {len} were recorded", body.len()),
                });
            }
            return Ok(body);
        }
        let configured = self.compressor.as_deref().filter(|compressor| compressor.id() == header.compressor);
        let Some(compressor) = configured.or_else(|| compressor::built_in(header.compressor)) else {
            let compressor = compressor::name(header.compressor)
                .map_or_else(|| format!("compressor {}", header.compressor), |name| format!("the feature `{name}`"));
            return Err(MapperFailure::OtherCompressor { compressor });
        };
        let restored = compressor.decompress(&body, len)?;
        Ok(Cow::Owned(restored))
    }

    fn check_len_of(&self, header: Header) -> Result<usize, MapperFailure> {
        let too_large = || MapperFailure::TooLarge { len: header.plain_len.into(), max: self.max_state_size.into() };
        let len = usize::try_from(header.plain_len).map_err(|_| too_large())?;
        self.check_len(len).map(|_| len)
    }

    fn check_len(&self, len: usize) -> Result<u32, MapperFailure> {
        match u32::try_from(len) {
            Ok(len) if len <= self.max_state_size => Ok(len),
            _ => Err(MapperFailure::TooLarge { len: len as u64, max: self.max_state_size.into() }),
        }
    }
}
