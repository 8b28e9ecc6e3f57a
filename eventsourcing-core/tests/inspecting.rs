//! What a stored state says before it is opened: its form, its cipher and compressor, and what keeps a mapper from opening it.
#![cfg(all(feature = "zstd", feature = "zlib", feature = "chacha20poly1305", feature = "aes"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use eventsourcing_core::codec::cipher::{AesCipher, ChaCha20Poly1305Cipher};
use eventsourcing_core::codec::compressor::{ZlibCompressor, ZstdCompressor};
use eventsourcing_core::codec::{
    CipherKey, Compressor, CompressorError, Dictionary, MapperFailure, StateDictionary, StateForm,
};
use eventsourcing_core::recording::StateLocation;
use eventsourcing_core::{Mapper, Uuid};

fn place() -> StateLocation<'static> {
    StateLocation::event(Uuid::from_u128(7), 3, "World.SomethingHappened")
}

fn json() -> Vec<u8> {
    format!(r#"{{"timestamp":"2026-11-23T04:11:04.000000Z","what":"dinosaurs","where":"{}"}}"#, "the north ".repeat(40))
        .into_bytes()
}

fn plain() -> Mapper {
    Mapper::new("universe")
}

fn zstd() -> Mapper {
    plain().with_compressor(ZstdCompressor::default())
}

fn knowing(mapper: Mapper, id: u32) -> Mapper {
    let samples = (0..500).map(|number| format!("{} {number}", String::from_utf8(json()).unwrap()));
    let dictionary = Dictionary::train(id, samples, 1024).unwrap();
    mapper.learn_dictionary(&mapper.seal_dictionary(&dictionary).unwrap()).unwrap();
    mapper
}

fn encrypting(mapper: Mapper, key: &CipherKey) -> Mapper {
    mapper.with_cipher(ChaCha20Poly1305Cipher::new(key))
}

fn sealed(mapper: &Mapper) -> (Vec<u8>, Option<u32>) {
    mapper.seal(&place(), json()).unwrap()
}

/// A compressor of another crate.
#[derive(Debug)]
struct Halved;

impl Compressor for Halved {
    fn id(&self) -> u8 {
        9
    }

    fn compress(&self, data: &[u8], into: &mut Vec<u8>) -> Result<(), CompressorError> {
        into.extend_from_slice(&data[..data.len() / 2]);
        Ok(())
    }

    fn decompress(&self, _: &[u8], _: usize, _: &mut Vec<u8>) -> Result<(), CompressorError> {
        Err(CompressorError::new("half of it is gone"))
    }
}

#[test]
fn a_program_without_key_and_dictionary_sees_how_a_state_is_stored() {
    let key = CipherKey::create();
    let named = format!("with key {:08x}", key.id());
    let cases = [
        (plain(), "JSON".to_owned()),
        (zstd(), "zstd".to_owned()),
        (plain().with_compressor(ZlibCompressor::default()), "zlib".to_owned()),
        (knowing(zstd(), 3), "zstd with dictionary 3".to_owned()),
        (knowing(zstd(), 70_000), "zstd with dictionary 70000".to_owned()),
        (plain().with_compressor(Halved), "compressor 9".to_owned()),
        (plain().with_cipher(AesCipher::new(&key)), format!("aes {named}")),
        (encrypting(zstd(), &key), format!("zstd, chacha20poly1305 {named}")),
        (knowing(encrypting(zstd(), &key), 3), format!("zstd with a dictionary, chacha20poly1305 {named}")),
    ];
    for (mapper, form) in cases {
        let (state, checksum) = sealed(&mapper);
        let info = plain().inspect(&state, checksum);
        assert_eq!(info.form.to_string(), form);
        assert_eq!((info.stored_len, info.json_len), (state.len(), Some(json().len())), "{form}");
        assert_eq!(info.has_checksum, !mapper.has_cipher(), "{form}");
        assert_eq!(info.is_in_clear(), form == "JSON", "{form}");
        assert_eq!(info.cipher().map(|cipher| cipher.key_id), mapper.has_cipher().then(|| key.id()), "{form}");
        let is_known = info.compressor().is_none_or(|compressor| compressor.name.is_some());
        assert_eq!(is_known, form != "compressor 9");
        // another mapper sees the same, whatever it could open
        assert_eq!(mapper.inspect(&state, checksum).form, info.form);
    }
}

#[test]
fn what_is_shown_of_a_state_contains_no_json_and_no_key() {
    let key = CipherKey::create();
    for mapper in [plain(), zstd(), knowing(zstd(), 1), encrypting(plain(), &key), knowing(encrypting(zstd(), &key), 1)]
    {
        let (state, checksum) = sealed(&mapper);
        for reader in [plain(), encrypting(plain(), &CipherKey::create()), mapper.clone()] {
            let info = reader.inspect(&state, checksum);
            let shown = format!("{info} {info:?} {info:#?}");
            assert!(
                !shown.contains("dinosaurs") && !shown.contains("north") && !shown.contains(key.as_str()),
                "{shown}"
            );
        }
    }
}

/// The twin: the key of another mapper, and the dictionary that a mapper lacks, are no obstacle to the mapper that has them.
#[test]
fn the_obstacle_is_the_error_of_opening_the_state() {
    let (key, other) = (CipherKey::create(), CipherKey::create());
    let mappers = || {
        [
            plain(),
            zstd(),
            knowing(zstd(), 1),
            knowing(zstd(), 2),
            plain().with_compressor(Halved),
            encrypting(plain(), &key),
            encrypting(zstd(), &other),
            plain().with_cipher(AesCipher::new(&key)),
            encrypting(zstd(), &key).allow_unencrypted(true),
            plain().with_max_state_size(20),
        ]
    };
    let mut obstacles = 0;
    for writing in mappers().iter().filter(|mapper| mapper.seal(&place(), json()).is_ok()) {
        let (state, checksum) = sealed(writing);
        for checksum in [checksum, None] {
            for reading in mappers() {
                let obstacle = reading.inspect(&state, checksum).obstacle;
                let opened = reading.open(&place(), &state, checksum).map(|_| ()).map_err(|error| error.failure);
                match (&obstacle, opened) {
                    (Some(obstacle), opened) => assert_eq!(opened, Err(obstacle.clone())),
                    // only the compressor, which no header shows
                    (None, Err(MapperFailure::Compressor(_))) | (None, Ok(())) => {}
                    (None, Err(error)) => panic!("{error} is not shown for {:?}", reading.inspect(&state, checksum)),
                }
                obstacles += usize::from(obstacle.is_some());
            }
        }
    }
    assert!(obstacles > 50, "{obstacles}");
    let (state, checksum) = sealed(&encrypting(plain(), &key));
    assert_eq!(encrypting(plain(), &key).inspect(&state, checksum).obstacle, None);
    let wrong = encrypting(plain(), &other).inspect(&state, checksum).obstacle;
    assert_eq!(wrong, Some(MapperFailure::WrongKey { found: key.id(), configured: other.id() }));
}

#[test]
fn a_form_of_a_newer_version_is_named_as_unknown() {
    for format in (0..=u8::MAX).filter(|format| *format != b'{' && *format != 1) {
        for len in [1, 10, 300] {
            let state = vec![format; len];
            let info = plain().inspect(&state, Some(7));
            assert_eq!((info.form, info.json_len), (StateForm::Unknown { format }, None));
            assert!(info.to_string().ends_with(&format!("newer than this program, or altered, {len} bytes")), "{info}");
            assert!(info.obstacle.is_some() && !info.is_in_clear());
        }
    }
    // a known envelope with a cipher and a compressor that this version does not know
    let (mut state, _) = sealed(&encrypting(zstd(), &CipherKey::create()));
    state[1] = 0xfe;
    let info = plain().inspect(&state, None);
    let (cipher, compressor) = (info.cipher().unwrap(), info.compressor().unwrap());
    assert_eq!((cipher.id, cipher.name, compressor.id, compressor.name), (14, None, 15, None));
    assert_eq!(compressor.dictionary, StateDictionary::None);
}

#[test]
fn any_bytes_can_be_inspected() {
    let (state, _) = sealed(&knowing(zstd(), 1));
    for len in 0..state.len() {
        let form = plain().inspect(&state[..len], None).form;
        assert_eq!(form == StateForm::Truncated, len < 10, "{len}");
    }
    for suite in 0..=u8::MAX {
        for fill in [0, 1, 0x80, 0xff] {
            let state: Vec<u8> = [1, suite].into_iter().chain([fill; 40]).collect();
            for len in 0..=state.len() {
                for checksum in [None, Some(0)] {
                    let info = plain().inspect(&state[..len], checksum);
                    assert_eq!((info.stored_len, info.has_checksum), (len, checksum.is_some()));
                }
            }
        }
    }
}
