//! The dictionaries of a mapper: opened when they are loaded, and found by id without a lock.

use std::sync::{Mutex, OnceLock, PoisonError};

use super::Mapper;
use super::nonces::Nonces;
use super::open::is_of_len;
use super::seal::fill_room;
use crate::codec::compressor::ZSTD_DICTIONARY;
use crate::codec::envelope::{self, Header, check_id};
use crate::codec::{Compressor, CompressorError, Dictionary, DictionaryError, MapperFailure, compressor};
use crate::recording::StoredDictionary;

/// The dictionaries of a mapper and its clones, in the order in which they were loaded: a linked list that grows only at its end.
#[derive(Debug, Default)]
pub(super) struct Dictionaries {
    first: OnceLock<Box<Link>>,
    /// Held while a dictionary is added.
    adding: Mutex<()>,
}

#[derive(Debug)]
struct Link {
    known: Known,
    next: OnceLock<Box<Link>>,
}

/// A dictionary that was opened, or that cannot be opened.
#[derive(Debug)]
pub(super) struct Known {
    id: u32,
    /// Whether the cipher authenticates it. Anyone who can alter a dictionary can alter the states that are read with it.
    is_encrypted: bool,
    /// A dictionary that cannot be opened is kept as it is stored, so that every state that needs it gets the error.
    opened: Result<Box<dyn Compressor>, StoredDictionary>,
}

impl Dictionaries {
    fn iter(&self) -> impl Iterator<Item = &Known> {
        std::iter::successors(self.first.get(), |link| link.next.get()).map(|link| &link.known)
    }

    fn find(&self, id: u32) -> Option<&Known> {
        self.iter().find(|known| known.id == id)
    }

    fn add(&self, known: Known) {
        let _guard = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        if self.find(known.id).is_some() {
            return;
        }
        let mut end = &self.first;
        while let Some(link) = end.get() {
            end = &link.next;
        }
        // the guard ensures that no other thread adds one now
        let _ = end.set(Box::new(Link { known, next: OnceLock::new() }));
    }
}

impl Drop for Dictionaries {
    /// Drops link by link, because the recursive drop of a long list would need a deep stack.
    fn drop(&mut self) {
        let mut next = self.first.take();
        while let Some(mut link) = next {
            next = link.next.take();
        }
    }
}

impl Mapper {
    /// Returns a dictionary in its stored form: encrypted if there is a cipher, and bound to its id and this application.
    ///
    /// # Errors
    /// [`DictionaryError`] if it is longer than [`Dictionary::MAX_LEN`], or the cipher fails.
    pub fn seal_dictionary(&self, dictionary: &Dictionary) -> Result<StoredDictionary, DictionaryError> {
        let id = dictionary.id();
        let sealed = self.seal_bytes(id, dictionary.bytes());
        let (bytes, checksum) = sealed.map_err(|failure| DictionaryError { id, direction: "stored", failure })?;
        Ok(StoredDictionary { id, bytes, checksum })
    }

    fn seal_bytes(&self, id: u32, bytes: &[u8]) -> Result<(Vec<u8>, Option<u32>), MapperFailure> {
        let plain_len = check_len(bytes.len())?;
        if self.lacks_key {
            return Err(MapperFailure::KeyMissing);
        }
        let Some(cipher) = &self.cipher else {
            return Ok((bytes.to_vec(), Some(StoredDictionary::checksum_of(id, bytes))));
        };
        let header =
            Header { cipher: check_id("cipher", cipher.id())?, compressor: 0, key_id: cipher.key_id(), plain_len };
        let mut sealed = vec![0; self.room()];
        fill_room(Some(&mut sealed), header, &mut Nonces::default())?;
        sealed.extend_from_slice(bytes);
        cipher.encrypt(&mut sealed, envelope::LEN, &header.dictionary_context(&self.application, id))?;
        Ok((sealed, None))
    }

    /// Opens a dictionary, so that this mapper and its clones can read states that were compressed with it.
    ///
    /// If the compressor is zstd, the newest usable dictionary is used for writing from now on. With a cipher, a dictionary that is not
    /// encrypted is only used to read states that are not encrypted either, and only if those are allowed.
    /// A dictionary that is loaded already stays unchanged. One that cannot be opened is an error here, and again for each state that
    /// needs it.
    ///
    /// Set the compressor and the cipher first: a mapper that is given another one has no dictionaries.
    ///
    /// # Errors
    /// [`DictionaryError`] if it was altered, was moved from another id or application, or needs another key.
    pub fn learn_dictionary(&self, stored: &StoredDictionary) -> Result<(), DictionaryError> {
        let id = stored.id;
        if self.dictionaries.find(id).is_some() {
            return Ok(());
        }
        match self.open_dictionary(stored) {
            Ok((opened, is_encrypted)) => {
                self.dictionaries.add(Known { id, is_encrypted, opened: Ok(opened) });
                Ok(())
            }
            Err(failure) => {
                self.dictionaries.add(Known { id, is_encrypted: false, opened: Err(stored.clone()) });
                Err(DictionaryError { id, direction: "read", failure })
            }
        }
    }

    /// Returns the greatest id of the loaded dictionaries.
    pub fn last_dictionary(&self) -> Option<u32> {
        self.dictionaries.iter().map(|known| known.id).max()
    }

    /// Returns the id of the dictionary that is used for writing, if any.
    pub fn dictionary_in_use(&self) -> Option<u32> {
        self.in_use().map(|(id, _)| id)
    }

    fn in_use(&self) -> Option<(u32, &dyn Compressor)> {
        self.zstd_level()?;
        let usable = self.dictionaries.iter().filter(|known| known.is_encrypted || self.cipher.is_none());
        let opened = usable.filter_map(|known| Some((known.id, known.opened.as_deref().ok()?)));
        opened.max_by_key(|(id, _)| *id)
    }

    /// Returns the level of zstd, if that is the compressor.
    pub(crate) fn zstd_level(&self) -> Option<i32> {
        self.compressor.as_ref().and_then(|compressor| compressor.zstd_level())
    }

    /// Returns the compressor for writing.
    pub(super) fn writing_compressor(&self) -> Option<&dyn Compressor> {
        self.in_use().map(|(_, compressor)| compressor).or(self.compressor.as_deref())
    }

    /// Returns the compressor for reading a state that names its dictionary.
    pub(super) fn dictionary_of(&self, header: Header, compressed: &[u8]) -> Result<&dyn Compressor, MapperFailure> {
        let Some(id) = compressor::dictionary_of(compressed) else {
            return Err(MapperFailure::Corrupt { detail: "it names no dictionary".to_owned() });
        };
        let Some(known) = self.dictionaries.find(id) else { return Err(MapperFailure::UnknownDictionary { id }) };
        let failure = match &known.opened {
            Ok(_) if header.cipher != 0 && !known.is_encrypted => MapperFailure::NotEncrypted,
            Ok(opened) => return Ok(&**opened),
            Err(stored) => match self.open_dictionary(stored) {
                Err(failure) => failure,
                // it could be opened now, for instance because memory is available again; it is used once the process restarts
                Ok(_) => return Err(MapperFailure::UnknownDictionary { id }),
            },
        };
        Err(MapperFailure::Dictionary(Box::new(DictionaryError { id, direction: "read", failure })))
    }

    /// Opens a dictionary, and returns whether it was encrypted.
    fn open_dictionary(&self, stored: &StoredDictionary) -> Result<(Box<dyn Compressor>, bool), MapperFailure> {
        let corrupt = |detail: &str| MapperFailure::Corrupt { detail: detail.to_owned() };
        let StoredDictionary { id, ref bytes, checksum } = *stored;
        let encrypted = Header::split(bytes).filter(|(header, _)| header.cipher != 0);
        let plain = if let Some((header, body)) = encrypted {
            let len = usize::try_from(header.plain_len).unwrap_or(usize::MAX);
            check_len(len)?;
            let cipher = self.cipher_of(header)?;
            let mut plain = body.to_vec();
            cipher.decrypt(&mut plain, &header.dictionary_context(&self.application, id))?;
            is_of_len(&plain, len)?;
            plain
        } else {
            if self.cipher.is_some() && !self.allow_unencrypted {
                return Err(MapperFailure::NotEncrypted);
            }
            match checksum {
                Some(recorded) if recorded == StoredDictionary::checksum_of(id, bytes) => {}
                Some(_) => return Err(corrupt("its checksum does not match")),
                None => return Err(corrupt("its checksum is missing")),
            }
            check_len(bytes.len())?;
            bytes.clone()
        };
        let digested = compressor::with_dictionary(&Dictionary::new(id, plain), self.zstd_level());
        match digested.map_err(|error| corrupt(&error.to_string()))? {
            Some(opened) => Ok((opened, encrypted.is_some())),
            None => Err(MapperFailure::OtherCompressor { compressor: "the feature `zstd`".to_owned() }),
        }
    }

    /// Returns the recorded size of these states in bytes: with the current compressor, and with this dictionary instead.
    pub(crate) fn compare(
        &self,
        dictionary: &Dictionary,
        states: &[Vec<u8>],
    ) -> Result<(usize, usize), CompressorError> {
        let candidate = compressor::with_dictionary(dictionary, self.zstd_level())?;
        let len_with = |compressor: Option<&dyn Compressor>| {
            states.iter().try_fold(0, |sum, json| Ok(sum + self.recorded_len(compressor, json)?))
        };
        Ok((len_with(self.writing_compressor())?, len_with(candidate.as_deref())?))
    }

    fn recorded_len(&self, compressor: Option<&dyn Compressor>, json: &[u8]) -> Result<usize, CompressorError> {
        let as_it_is = json.len() + if self.cipher.is_some() { envelope::LEN } else { 0 };
        let Some(compressor) = compressor.filter(|compressor| compressor.min_len() <= json.len()) else {
            return Ok(as_it_is);
        };
        let mut compressed = Vec::new();
        compressor.compress(json, &mut compressed)?;
        // see `compress` in `seal.rs`
        let is_short = self.cipher.is_none() && compressor.id() == ZSTD_DICTIONARY;
        let envelope = envelope::LEN - if is_short { size_of::<u32>() } else { 0 };
        Ok(as_it_is.min(envelope + compressed.len()))
    }
}

fn check_len(len: usize) -> Result<u32, MapperFailure> {
    let max = Dictionary::MAX_LEN;
    u32::try_from(len).ok().filter(|_| len <= max).ok_or(MapperFailure::DictionaryTooLong { len, max })
}
