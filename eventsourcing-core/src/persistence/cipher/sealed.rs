//! What the two AEAD ciphers have in common: nonce, ciphertext and tag, one after the other.

use aead_types::{AeadInOut, Nonce, Tag};

use super::CipherError;

#[cfg(not(feature = "chacha20poly1305"))]
use aes_gcm::aead as aead_types;
#[cfg(feature = "chacha20poly1305")]
use chacha20poly1305::aead as aead_types;

pub(super) fn encrypt<C: AeadInOut>(
    cipher: &C,
    data: &[u8],
    context: &[u8],
    into: &mut Vec<u8>,
) -> Result<(), CipherError> {
    let mut nonce = Nonce::<C>::default();
    getrandom::fill(&mut nonce).map_err(|error| CipherError::Randomness { reason: error.to_string() })?;
    into.extend_from_slice(&nonce);
    let start = into.len();
    into.extend_from_slice(data);
    let tag = cipher
        .encrypt_inout_detached(&nonce, context, (&mut into[start..]).into())
        // only data of more than 256 GiB fails, and a state is at most 4 GiB long
        .map_err(|_| CipherError::Authentication)?;
    into.extend_from_slice(&tag);
    Ok(())
}

pub(super) fn decrypt<C: AeadInOut>(cipher: &C, encrypted: &[u8], context: &[u8]) -> Result<Vec<u8>, CipherError> {
    let nonce_len = Nonce::<C>::default().len();
    let tag_len = Tag::<C>::default().len();
    let data_len = encrypted.len().checked_sub(nonce_len + tag_len).ok_or(CipherError::Authentication)?;
    let (nonce, rest) = encrypted.split_at(nonce_len);
    let (data, tag) = rest.split_at(data_len);
    let nonce = Nonce::<C>::try_from(nonce).map_err(|_| CipherError::Authentication)?;
    let tag = Tag::<C>::try_from(tag).map_err(|_| CipherError::Authentication)?;
    let mut data = data.to_vec();
    cipher
        .decrypt_inout_detached(&nonce, context, data.as_mut_slice().into(), &tag)
        .map_err(|_| CipherError::Authentication)?;
    Ok(data)
}
