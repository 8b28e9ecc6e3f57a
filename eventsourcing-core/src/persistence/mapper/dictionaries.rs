//! The dictionaries that a mapper knows: opened when it learns of them, and found by their ids without a lock.

use std::sync::{Mutex, OnceLock, PoisonError};

use super::Mapper;
use super::nonces::Nonces;
use super::open::is_of_len;
use super::seal::fill_room;
use crate::persistence::compressor::ZSTD_DICTIONARY;
use crate::persistence::envelope::{self, Header, check_id};
use crate::persistence::{
    Compressor, CompressorError, Dictionary, DictionaryError, MapperFailure, StoredDictionary, compressor,
};

/// What a mapper and its clones know, one after the other as they were learnt: a chain that grows at its end and nowhere else.
#[derive(Debug, Default)]
pub(super) struct Dictionaries {
    first: OnceLock<Box<Link>>,
    /// Held by whoever adds one.
    adding: Mutex<()>,
}

#[derive(Debug)]
struct Link {
    known: Known,
    next: OnceLock<Box<Link>>,
}

/// A dictionary that was opened, or that cannot be.
#[derive(Debug)]
pub(super) struct Known {
    id: u32,
    /// Whether the cipher vouches for it. Whoever could alter it could alter what is read with it.
    is_encrypted: bool,
    /// The one that cannot be opened is kept as it is, so that each who needs it is told why.
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
        // nobody else adds one now
        let _ = end.set(Box::new(Link { known, next: OnceLock::new() }));
    }
}

impl Drop for Dictionaries {
    /// Link by link: dropped as they hang together, a long chain would need a deep stack.
    fn drop(&mut self) {
        let mut next = self.first.take();
        while let Some(mut link) = next {
            next = link.next.take();
        }
    }
}

impl Mapper {
    /// A dictionary as it is kept: encrypted if there is a cipher, and bound to its id and this application.
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

    /// Opens a dictionary, so that states that were compressed with it can be read, by this mapper and its clones.
    ///
    /// The newest one that can be used is used for writing from now on, if the compressor is zstd. Where there is a cipher, one
    /// that is not encrypted is only ever used to read states that are not encrypted either, and only if those are allowed.
    /// A dictionary that is known already is left as it is. One that cannot be opened is an error here, and again for each state
    /// that needs it.
    ///
    /// Name compressor and cipher first: a mapper that is given another one knows no dictionaries.
    ///
    /// # Errors
    /// [`DictionaryError`] if it was altered, moved here from another id or application, or needs another key.
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

    /// The greatest id among the dictionaries that this mapper knows.
    pub fn last_dictionary(&self) -> Option<u32> {
        self.dictionaries.iter().map(|known| known.id).max()
    }

    /// The id of the dictionary that states are written with now, if there is one.
    pub fn dictionary_in_use(&self) -> Option<u32> {
        self.in_use().map(|(id, _)| id)
    }

    fn in_use(&self) -> Option<(u32, &dyn Compressor)> {
        self.zstd_level()?;
        let usable = self.dictionaries.iter().filter(|known| known.is_encrypted || self.cipher.is_none());
        let opened = usable.filter_map(|known| Some((known.id, known.opened.as_deref().ok()?)));
        opened.max_by_key(|(id, _)| *id)
    }

    /// The level of zstd, if that is the compressor.
    pub(crate) fn zstd_level(&self) -> Option<i32> {
        self.compressor.as_ref().and_then(|compressor| compressor.zstd_level())
    }

    /// What compresses states that are written now.
    pub(super) fn writing_compressor(&self) -> Option<&dyn Compressor> {
        self.in_use().map(|(_, compressor)| compressor).or(self.compressor.as_deref())
    }

    /// What a state was compressed with that names its dictionary.
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
                // it is read again, and the memory that it needed may be there by now; the next program has it
                Ok(_) => return Err(MapperFailure::UnknownDictionary { id }),
            },
        };
        Err(MapperFailure::Dictionary(Box::new(DictionaryError { id, direction: "read", failure })))
    }

    /// The dictionary, and whether it was encrypted.
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
                None => return Err(corrupt("its checksum is gone")),
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

    /// How many bytes these states are when they are recorded: with what is in use, and with this dictionary instead.
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
