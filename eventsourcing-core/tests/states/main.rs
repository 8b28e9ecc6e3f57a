//! States at rest: what was recorded is read back as it was, or refused.
#![cfg(all(feature = "zstd", feature = "zlib", feature = "chacha20poly1305", feature = "aes"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod compression;
mod first_version;
mod shapes;

use eventsourcing_core::codec::cipher::{AesCipher, ChaCha20Poly1305Cipher};
use eventsourcing_core::codec::compressor::{ZlibCompressor, ZstdCompressor};
use eventsourcing_core::codec::{CipherError, CipherKey, MapperFailure};
use eventsourcing_core::recording::{StateKind, StateLocation};
use eventsourcing_core::{Mapper, Uuid};

/// 32 bytes from 1 to 32.
const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

fn key() -> CipherKey {
    CipherKey::parse(KEY).unwrap()
}

const ID: Uuid = Uuid::from_u128(7);
const TOPIC: &str = "World.SomethingHappened";

fn place() -> StateLocation<'static> {
    StateLocation::event(ID, 3, TOPIC)
}

fn json() -> Vec<u8> {
    format!(r#"{{"timestamp":"2026-11-23T04:11:04.800139Z","what":"{}"}}"#, "dinosaurs ".repeat(12)).into_bytes()
}

/// A mapper for each way to write a state.
fn mappers() -> Vec<(&'static str, Mapper)> {
    let plain = || Mapper::new("universe");
    let (chacha, aes) = (|| ChaCha20Poly1305Cipher::new(&key()), || AesCipher::new(&key()));
    vec![
        ("plain", plain()),
        ("zstd", plain().with_compressor(ZstdCompressor::default())),
        ("zlib", plain().with_compressor(ZlibCompressor::default())),
        ("chacha20poly1305", plain().with_cipher(chacha())),
        ("aes", plain().with_cipher(aes())),
        ("zstd and chacha20poly1305", plain().with_compressor(ZstdCompressor::default()).with_cipher(chacha())),
        ("zlib and aes", plain().with_compressor(ZlibCompressor::default()).with_cipher(aes())),
    ]
}

#[test]
fn a_state_is_read_as_it_was_recorded() {
    for (name, mapper) in mappers() {
        let (state, checksum) = mapper.seal(&place(), json()).unwrap();
        assert_eq!(mapper.open(&place(), &state, checksum).unwrap(), json(), "{name}");
    }
}

#[test]
fn plain_json_stays_plain_json() {
    let (state, _) = Mapper::new("universe").seal(&place(), json()).unwrap();
    assert_eq!(state, json());
}

#[test]
fn states_of_all_lengths_come_back_one_after_the_other() {
    for (name, mapper) in mappers() {
        // from long to short: what is left in the buffers must not show
        for len in [70_000, 5_000, 300, 100, 20, 3, 0] {
            let json = format!(r#"{{"a":"{}"}}"#, "abcdefghij".repeat(len / 10 + 1)).into_bytes();
            let (state, checksum) = mapper.seal(&place(), json.clone()).unwrap();
            assert_eq!(mapper.open(&place(), &state, checksum).unwrap(), json, "{name}, {len}");
        }
    }
}

#[test]
fn no_flipped_bit_is_read_as_something_else() {
    for (name, mapper) in mappers() {
        let (state, checksum) = mapper.seal(&place(), json()).unwrap();
        for bit in 0..state.len() * 8 {
            let mut altered = state.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(mapper.open(&place(), &altered, checksum).is_err(), "{name}, bit {bit}");
        }
    }
}

#[test]
fn with_a_checksum_that_was_made_again_altered_json_passes() {
    // the twin: it is the checksum that finds accidents, and it takes a cipher to find those who mean it
    let mapper = Mapper::new("universe");
    let (mut state, _) = mapper.seal(&place(), json()).unwrap();
    let last_letter = state.len() - 4;
    state[last_letter] ^= 1;
    assert!(mapper.open(&place(), &state, Some(place().checksum(&state))).is_ok());
}

#[test]
fn a_state_without_its_checksum_is_not_read() {
    for (name, mapper) in mappers().into_iter().filter(|(name, _)| !name.contains("chacha") && !name.contains("aes")) {
        let (state, _) = mapper.seal(&place(), json()).unwrap();
        let error = mapper.open(&place(), &state, None).unwrap_err();
        assert!(error.to_string().contains("(its checksum is missing)"), "{name}: {error}");
    }
}

#[test]
fn no_truncated_or_extended_state_is_read() {
    for (name, mapper) in mappers() {
        let (state, checksum) = mapper.seal(&place(), json()).unwrap();
        for len in 0..state.len() {
            assert!(mapper.open(&place(), &state[..len], checksum).is_err(), "{name}, {len} bytes");
            // not even with a checksum that fits
            let fitting = Some(place().checksum(&state[..len]));
            if name != "plain" {
                assert!(mapper.open(&place(), &state[..len], fitting).is_err(), "{name}, {len} bytes");
            }
        }
        let longer = [state.as_slice(), b"}"].concat();
        assert!(mapper.open(&place(), &longer, checksum).is_err(), "{name}");
        if name != "plain" {
            assert!(mapper.open(&place(), &longer, Some(place().checksum(&longer))).is_err(), "{name}");
        }
    }
}

#[test]
fn a_state_decrypts_in_its_own_place_only() {
    for (name, mapper) in mappers().into_iter().filter(|(name, _)| name.contains("chacha") || name.contains("aes")) {
        let (state, checksum) = mapper.seal(&place(), json()).unwrap();
        let elsewhere = [
            StateLocation::event(Uuid::from_u128(8), 3, TOPIC),
            StateLocation::event(ID, 4, TOPIC),
            StateLocation::event(ID, 3, "World.Started"),
            StateLocation::new(StateKind::Snapshot, ID, 3, TOPIC),
        ];
        for place in elsewhere {
            let error = mapper.open(&place, &state, checksum).unwrap_err();
            assert!(matches!(error.failure, MapperFailure::Cipher(CipherError::Authentication)), "{name}: {error}");
        }
        let other_application = match name {
            "chacha20poly1305" => Mapper::new("multiverse").with_cipher(ChaCha20Poly1305Cipher::new(&key())),
            _ => Mapper::new("multiverse").with_cipher(AesCipher::new(&key())),
        };
        if !name.contains("and") {
            assert!(other_application.open(&place(), &state, checksum).is_err(), "{name}");
        }
    }
}

#[test]
fn a_state_without_a_cipher_does_not_notice_its_application() {
    // the twin: what keeps applications apart is the cipher, the checksum knows nothing of it
    let (state, checksum) = Mapper::new("universe").seal(&place(), json()).unwrap();
    assert!(Mapper::new("multiverse").open(&place(), &state, checksum).is_ok());
}

#[test]
fn rows_mixed_up_are_noticed_without_a_cipher_too() {
    let mapper = Mapper::new("universe");
    let (state, checksum) = mapper.seal(&place(), json()).unwrap();
    let error = mapper.open(&StateLocation::event(ID, 4, TOPIC), &state, checksum).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the event `World.SomethingHappened`, version 4 of 00000000-0000-0000-0000-000000000007, cannot be read: \
         its state was altered since it was recorded (its checksum does not match); restore it from a backup"
    );
}

#[test]
fn a_wrong_key_is_told_from_a_broken_state() {
    let mapper = Mapper::new("universe").with_cipher(ChaCha20Poly1305Cipher::new(&key()));
    let (state, checksum) = mapper.seal(&place(), json()).unwrap();
    let other_key = CipherKey::create();
    let other = Mapper::new("universe").with_cipher(ChaCha20Poly1305Cipher::new(&other_key));
    let error = other.open(&place(), &state, checksum).unwrap_err();
    assert_eq!(
        error.failure.to_string(),
        format!(
            "its state was encrypted with key {:08x}, but the configured key is {:08x}; \
             set CIPHER_KEY to the key it was recorded with",
            key().id(),
            other_key.id()
        )
    );
    let error = Mapper::new("universe").open(&place(), &state, checksum).unwrap_err();
    assert_eq!(
        error.failure.to_string(),
        "its state was encrypted with chacha20poly1305, but no cipher is configured; \
         set CIPHER_TOPIC and CIPHER_KEY to the values it was recorded with"
    );
    let error =
        Mapper::new("universe").with_cipher(AesCipher::new(&key())).open(&place(), &state, checksum).unwrap_err();
    assert!(matches!(error.failure, MapperFailure::OtherCipher { .. }), "{error}");
}

#[test]
fn a_state_that_is_not_encrypted_is_refused_where_there_is_a_cipher() {
    let (state, checksum) = Mapper::new("universe").seal(&place(), json()).unwrap();
    let encrypting = Mapper::new("universe").with_cipher(ChaCha20Poly1305Cipher::new(&key()));
    let error = encrypting.open(&place(), &state, checksum).unwrap_err();
    assert!(matches!(error.failure, MapperFailure::NotEncrypted), "{error}");
    // the twin: if it is allowed explicitly, it is read
    let lenient = encrypting.allow_unencrypted(true);
    assert_eq!(lenient.open(&place(), &state, checksum).unwrap(), json());
}

#[test]
fn a_state_over_the_limit_is_neither_recorded_nor_read() {
    for (name, mapper) in mappers() {
        let (state, checksum) = mapper.seal(&place(), json()).unwrap();
        let limited = mapper.with_max_state_size(64);
        for error in
            [limited.seal(&place(), json()).unwrap_err(), limited.open(&place(), &state, checksum).unwrap_err()]
        {
            assert!(matches!(error.failure, MapperFailure::TooLarge { len: 173, max: 64 }), "{name}: {error}");
        }
    }
}

#[test]
fn a_checksum_is_that_of_the_place_and_the_state_of_any_length() {
    // ISO 3309, bit by bit
    let crc32 = |bytes: &[u8]| {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
        })
    };
    for topic in ["World.Started", &"long".repeat(100)] {
        let place = StateLocation::event(ID, 3, topic);
        let state: Vec<u8> = (0..u8::MAX).cycle().take(520).collect();
        for state in (0..=state.len()).map(|len| &state[..len]) {
            let written = [
                [0].as_slice(),
                place.originator_id.as_bytes(),
                &place.originator_version.to_be_bytes(),
                &(topic.len() as u64).to_be_bytes(),
                topic.as_bytes(),
                state,
            ]
            .concat();
            assert_eq!(place.checksum(state), crc32(&written), "{topic}, {} bytes", state.len());
        }
    }
}
