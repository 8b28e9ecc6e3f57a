//! Says what is known of a stored state without opening it.

use super::Mapper;
use crate::codec::envelope::Header;
use crate::codec::state_info::beginning;
use crate::codec::{MapperFailure, StateForm, StateInfo, compressor};

impl Mapper {
    /// Returns what the first bytes of a stored state say: its form, the cipher and the key, the compressor and the dictionary, its sizes.
    ///
    /// The state is the `state` of an event, a notification or a snapshot, and the checksum is the one that is stored beside it. Nothing
    /// is decrypted or decompressed and no checksum is computed, so it needs no key, and it does not fail. A form that is not known,
    /// because a newer version of the library recorded the state, is [`StateForm::Unknown`].
    ///
    /// [`obstacle`](StateInfo::obstacle) is the error that [`open`](Self::open) would return, as far as the first bytes show it.
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
    /// let key = ChaCha20Poly1305Cipher::create_key();
    /// let writing = Mapper::new("universe").with_cipher(ChaCha20Poly1305Cipher::new(&key));
    /// let place = StateLocation::event(Uuid::new_v4(), 1, "World.Started");
    /// let (state, checksum) = writing.seal(&place, br#"{"name":"Earth"}"#.to_vec())?;
    ///
    /// // a program without the key
    /// let info = Mapper::new("universe").inspect(&state, checksum);
    /// assert_eq!(info.to_string(), format!("chacha20poly1305 with key {:08x}, 66 bytes for 16 bytes of JSON", key.id()));
    /// assert_eq!(info.cipher().map(|cipher| cipher.key_id), Some(key.id()));
    /// assert!(!info.is_in_clear() && !info.has_checksum);
    /// assert!(info.obstacle.is_some());
    /// # }
    /// # Ok::<(), eventsourcing::codec::MapperError>(())
    /// ```
    pub fn inspect(&self, state: &[u8], checksum: Option<u32>) -> StateInfo {
        let form = StateForm::of(state);
        let json_len = match form {
            StateForm::Json => Some(state.len()),
            _ => Header::split(state).and_then(|(header, _)| usize::try_from(header.plain_len).ok()),
        };
        let obstacle = self.check_first_bytes(state, checksum).err();
        StateInfo { form, stored_len: state.len(), json_len, has_checksum: checksum.is_some(), obstacle }
    }

    /// Checks what `open` checks before it reads more than the header.
    fn check_first_bytes(&self, state: &[u8], checksum: Option<u32>) -> Result<(), MapperFailure> {
        let sealed = Header::split(state);
        let is_encrypted = sealed.is_some_and(|(header, _)| header.cipher != 0);
        if !is_encrypted {
            self.check_unencrypted()?;
            checksum
                .map(drop)
                .ok_or_else(|| MapperFailure::Corrupt { detail: "its checksum is missing".to_owned() })?;
        }
        let Some((header, body)) = sealed else { return self.check_plain(state) };
        self.check_len_of(header)?;
        if is_encrypted {
            self.cipher_of(header)?;
        }
        let is_hidden = is_encrypted && header.compressor == compressor::ZSTD_DICTIONARY && cfg!(feature = "zstd");
        if header.compressor == 0 || is_hidden {
            return Ok(());
        }
        self.compressor_of(header, &beginning(header, body)).map(drop)
    }
}
