//! Ciphers and their keys: the published test vectors, and the contract of a cipher.
#![cfg(all(feature = "chacha20poly1305", feature = "aes"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use eventsourcing_core::codec::cipher::{AesCipher, ChaCha20Poly1305Cipher};
use eventsourcing_core::codec::{Cipher, CipherError, CipherKey, Compressor, CompressorError};
use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
use eventsourcing_core::{AggregateEvent, DomainEvent, Mapper, Timestamp, Uuid};
use serde::{Deserialize, Serialize};

/// 32 bytes from 1 to 32.
const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

fn key() -> CipherKey {
    CipherKey::parse(KEY).unwrap()
}

fn ciphers() -> [Box<dyn Cipher>; 3] {
    let [fast, portable] = both(&key());
    [Box::new(fast), Box::new(portable), Box::new(AesCipher::new(&key()))]
}

/// XChaCha20-Poly1305 as the fastest implementation of this build (ring, if that feature is on) and as the portable one.
fn both(key: &CipherKey) -> [ChaCha20Poly1305Cipher; 2] {
    [ChaCha20Poly1305Cipher::new(key), ChaCha20Poly1305Cipher::portable(key)]
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Encrypts after `before`, with a nonce of zeros.
fn encrypted(cipher: &dyn Cipher, before: &[u8], data: &[u8]) -> Vec<u8> {
    let mut state = [before, &vec![0; cipher.nonce_len()], data].concat();
    cipher.encrypt(&mut state, before.len(), b"context").unwrap();
    state
}

#[test]
fn data_of_any_length_comes_back_and_grows_by_nonce_and_tag() {
    for cipher in ciphers() {
        // the blocks of the ciphers are of 16 and 64 bytes, and they take several at once
        for len in (0..600).chain([4_095, 4_096, 4_097, 70_001]) {
            let data: Vec<u8> = (0..len).map(|place| u8::try_from(place % 251).unwrap()).collect();
            let mut state = encrypted(&*cipher, b"", &data);
            assert_eq!(state.len(), cipher.nonce_len() + data.len() + 16);
            cipher.decrypt(&mut state, b"context").unwrap();
            assert_eq!(state, data, "{cipher:?}, {len} bytes");
        }
    }
}

#[test]
fn what_stands_before_the_nonce_is_left_alone() {
    for cipher in ciphers() {
        let state = encrypted(&*cipher, b"before", b"dinosaurs");
        assert_eq!(state.strip_prefix(b"before".as_slice()).unwrap(), encrypted(&*cipher, b"", b"dinosaurs"));
    }
}

#[test]
fn without_room_for_a_nonce_nothing_is_encrypted() {
    for cipher in ciphers() {
        for start in [1, usize::MAX] {
            let mut state = vec![0; cipher.nonce_len()];
            let error = cipher.encrypt(&mut state, start, b"").unwrap_err();
            assert_eq!(error.to_string(), "it cannot be encrypted: there is no room for the nonce");
            assert_eq!(state, vec![0; cipher.nonce_len()]);
        }
    }
}

#[test]
fn what_is_too_short_to_be_encrypted_is_not_decrypted() {
    for cipher in ciphers() {
        for len in 0..cipher.nonce_len() + 16 {
            assert_eq!(cipher.decrypt(&mut vec![0; len], b""), Err(CipherError::Authentication), "{cipher:?}, {len}");
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Started {
    name: String,
}

impl AggregateEvent for Started {
    const TOPICS: &'static [&'static str] = &["World.Started"];

    fn topic(&self) -> &'static str {
        "World.Started"
    }

    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
        state.write(self)
    }

    fn read(_: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        state.read()
    }
}

fn event() -> DomainEvent<Started> {
    DomainEvent::new(Uuid::from_u128(7), 1, Timestamp::UNIX_EPOCH, Started { name: "Earth".to_owned() })
}

/// A third-party cipher that hides nothing, with any id.
#[derive(Debug)]
struct Open(u8);

impl Cipher for Open {
    fn id(&self) -> u8 {
        self.0
    }

    fn key_id(&self) -> u32 {
        7
    }

    fn nonce_len(&self) -> usize {
        0
    }

    fn encrypt(&self, _: &mut Vec<u8>, _: usize, _: &[u8]) -> Result<(), CipherError> {
        Ok(())
    }

    fn decrypt(&self, _: &mut Vec<u8>, _: &[u8]) -> Result<(), CipherError> {
        Ok(())
    }
}

/// A third-party compressor that keeps nothing, with any id.
#[derive(Debug)]
struct Nothing(u8);

impl Compressor for Nothing {
    fn id(&self) -> u8 {
        self.0
    }

    fn min_len(&self) -> usize {
        0
    }

    fn compress(&self, _: &[u8], _: &mut Vec<u8>) -> Result<(), CompressorError> {
        Ok(())
    }

    fn decompress(&self, _: &[u8], len: usize, into: &mut Vec<u8>) -> Result<(), CompressorError> {
        into.resize(into.len() + len, b' ');
        Ok(())
    }
}

#[test]
fn an_id_that_no_state_can_hold_is_refused_before_anything_is_recorded() {
    let stored = |mapper: Mapper| mapper.to_stored_event(&event(), Uuid::nil());
    let mapper = || Mapper::new("universe");
    for id in [0, 16, 17, 255] {
        for (what, refused) in [
            ("cipher", stored(mapper().with_cipher(Open(id)))),
            ("compressor", stored(mapper().with_compressor(Nothing(id)))),
        ] {
            let error = refused.unwrap_err().failure;
            assert_eq!(
                error.to_string(),
                format!(
                    "the {what} has the id {id}, which is not from 1 to 15; return an id from 8 to 15 from its `id` method"
                )
            );
        }
    }
    for id in [8, 15] {
        let (cipher, compressor) = (mapper().with_cipher(Open(id)), mapper().with_compressor(Nothing(id)));
        let encrypted = stored(cipher.clone()).unwrap();
        assert_eq!(encrypted.state[1], id);
        assert_eq!(cipher.to_domain_event::<Started>(&encrypted).unwrap(), event());
        assert_eq!(stored(compressor).unwrap().state[1], id << 4);
    }
}

#[test]
fn equal_events_never_give_equal_bytes_be_they_of_one_save_or_of_two() {
    let event = event();
    let mapper = Mapper::new("universe");
    for (nonce_len, mapper) in [
        (24, mapper.clone().with_cipher(ChaCha20Poly1305Cipher::new(&key()))),
        (12, mapper.with_cipher(AesCipher::new(&key()))),
    ] {
        let save = || mapper.to_stored_events(&vec![event.clone(); 20], Uuid::nil()).unwrap();
        let mut stored = [save(), save()].concat();
        stored.push(mapper.to_stored_event(&event, Uuid::nil()).unwrap());
        for stored in &stored {
            assert_eq!(mapper.to_domain_event::<Started>(stored).unwrap(), event);
        }
        let mut nonces: Vec<&[u8]> = stored.iter().map(|stored| &stored.state[10..10 + nonce_len]).collect();
        nonces.sort();
        nonces.dedup();
        assert_eq!(nonces.len(), 41);
    }
}

#[test]
fn storing_events_together_equals_storing_them_one_by_one() {
    let event = event();
    let mapper = Mapper::new("universe");
    assert_eq!(mapper.to_stored_events::<Started>(&[], Uuid::nil()).unwrap(), []);
    let stored = mapper.to_stored_event(&event, Uuid::nil()).unwrap();
    assert_eq!(mapper.to_stored_events(&[event.clone(), event], Uuid::nil()).unwrap(), [stored.clone(), stored]);
}

/// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
#[test]
fn xchacha20_poly1305_decrypts_the_drafts_vector() {
    let key: Vec<u8> = (0x80..0xa0).collect();
    let nonce: Vec<u8> = (0x40..0x58).collect();
    let ciphertext = hex(
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb 731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452
         2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9 21f9664c97637da9768812f615c68b13b52e",
    );
    let tag = hex("c0875924c1c7987947deafd8780acf49");
    let context = hex("50515253c0c1c2c3c4c5c6c7");
    let plain = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
    for cipher in both(&key_of(&key)) {
        let sealed = [&*nonce, &*ciphertext, &*tag].concat();
        let mut decrypted = sealed.clone();
        cipher.decrypt(&mut decrypted, &context).unwrap();
        assert_eq!(std::str::from_utf8(&decrypted).unwrap(), plain);
        let mut encrypted = [&*nonce, plain.as_bytes()].concat();
        cipher.encrypt(&mut encrypted, 0, &context).unwrap();
        assert_eq!(encrypted, sealed);
    }
}

#[test]
fn what_one_means_seals_the_other_opens_and_both_seal_alike() {
    for len in (0..300).chain([1_023, 1_024, 1_025, 65_537]) {
        let data: Vec<u8> = (0..len).map(|place| u8::try_from(place % 241).unwrap()).collect();
        let [fast, portable] = both(&key());
        let sealed = encrypted(&fast, b"", &data);
        assert_eq!(sealed, encrypted(&portable, b"", &data), "{len}");
        for cipher in [fast, portable] {
            let mut opened = sealed.clone();
            cipher.decrypt(&mut opened, b"context").unwrap();
            assert_eq!(opened, data);
            let mut altered = sealed.clone();
            altered[24 + len] ^= 1;
            assert_eq!(cipher.decrypt(&mut altered, b"context"), Err(CipherError::Authentication));
            assert_eq!(cipher.decrypt(&mut sealed.clone(), b"contexT"), Err(CipherError::Authentication));
        }
    }
}

/// draft-irtf-cfrg-xchacha-03, section 2.2.1: the key for a nonce, from the crate that both means link.
#[test]
#[cfg(feature = "ring")]
fn hchacha20_derives_the_drafts_key() {
    let key: [u8; 32] = std::array::from_fn(|place| u8::try_from(place).unwrap());
    let nonce: [u8; 16] = hex("000000090000004a0000000031415927").try_into().unwrap();
    let derived = chacha20::hchacha::<chacha20::R20>(&key.into(), &nonce.into());
    assert_eq!(derived.to_vec(), hex("82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"));
}

/// RFC 8439, section 2.8.2: the cipher that XChaCha20-Poly1305 extends, from the crate that is linked.
#[test]
#[cfg(feature = "ring")]
fn chacha20_poly1305_decrypts_the_rfcs_vector() {
    use chacha20poly1305::aead::AeadInOut as _;
    use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _};
    use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

    let key: Vec<u8> = (0x80..0xa0).collect();
    let nonce: [u8; 12] = hex("070000004041424344454647").try_into().unwrap();
    let mut ciphertext = hex(
        "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6 3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36
         92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc 3ff4def08e4b7a9de576d26586cec64b6116 1ae10b594f09e26a7e902ecbd0600691",
    );
    let portable = ChaCha20Poly1305::new_from_slice(&key).unwrap();
    let mut decrypted = ciphertext.clone();
    let (data, tag) = decrypted.split_last_chunk_mut::<16>().unwrap();
    let context = hex("50515253c0c1c2c3c4c5c6c7");
    portable.decrypt_inout_detached(&nonce.into(), &context, data.into(), (&*tag).into()).unwrap();
    assert!(decrypted.starts_with(b"Ladies and Gentlemen of the class of '99"));

    let context = Aad::from(hex("50515253c0c1c2c3c4c5c6c7"));
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key).unwrap());
    let decrypted = key.open_in_place(Nonce::assume_unique_for_key(nonce), context, &mut ciphertext).unwrap();
    assert!(decrypted.starts_with(b"Ladies and Gentlemen of the class of '99"));
}

/// McGrew and Viega, The Galois/Counter Mode of Operation, test case 16.
#[test]
fn aes_256_gcm_decrypts_the_specifications_vector() {
    let half = hex("feffe9928665731c6d6a8f9467308308");
    let nonce = hex("cafebabefacedbaddecaf888");
    let ciphertext = hex(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa 8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
    );
    let tag = hex("76fc6ece0f4e1768cddf8853bb2d551b");
    let context = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let cipher = AesCipher::new(&key_of(&half.repeat(2)));
    let mut decrypted = [nonce, ciphertext, tag].concat();
    cipher.decrypt(&mut decrypted, &context).unwrap();
    let plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72 1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
    assert_eq!(decrypted, hex(plain));
}

fn key_of(bytes: &[u8]) -> CipherKey {
    use base64::Engine as _;
    CipherKey::parse(&base64::engine::general_purpose::STANDARD.encode(bytes)).unwrap()
}

#[test]
fn a_key_is_32_bytes_of_base64_and_nothing_else() {
    let message = |text: &str| CipherKey::parse(text).unwrap_err().to_string();
    assert_eq!(message("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHw=="), "it is 31 bytes of base64; expected 32 bytes");
    assert_eq!(
        message("correct horse battery staple"),
        "it is 28 characters that are not base64; expected base64 of 32 bytes"
    );
    assert_eq!(message("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), "it is all zero; expected 32 random bytes");
    assert_eq!(
        message(&format!("{KEY}\n")),
        "it has white space around it; expected base64 of 32 bytes and nothing else"
    );
    assert_eq!(message(""), "it is 0 bytes of base64; expected 32 bytes");
}

#[test]
fn nothing_that_holds_a_key_shows_it() {
    let key = key();
    let mapper = Mapper::new("universe").with_cipher(ChaCha20Poly1305Cipher::new(&key));
    let aes = Mapper::new("universe").with_cipher(AesCipher::new(&key));
    for shown in [format!("{key:?}"), format!("{mapper:?}"), format!("{aes:?}")] {
        assert!(!shown.contains(KEY) && !shown.contains("1, 2, 3, 4") && !shown.contains("01020304"), "{shown}");
    }
}
