//! States at rest: what was recorded is read back as it was, or not at all.
#![cfg(all(feature = "zstd", feature = "zlib", feature = "chacha20poly1305", feature = "aes"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::io::Write;

use eventsourcing_core::persistence::cipher::{AesCipher, ChaCha20Poly1305Cipher};
use eventsourcing_core::persistence::compressor::{ZlibCompressor, ZstdCompressor};
use eventsourcing_core::persistence::{CipherError, CipherKey, Compressor, Kind, MapperFailure, Place};
use eventsourcing_core::{Mapper, Uuid};
use proptest::prelude::*;

/// 32 bytes from 1 to 32.
const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

fn key() -> CipherKey {
    CipherKey::parse(KEY).unwrap()
}

fn place() -> Place<'static> {
    Place {
        kind: Kind::Event,
        originator_id: Uuid::from_u128(7),
        originator_version: 3,
        topic: "World.SomethingHappened",
    }
}

fn json() -> Vec<u8> {
    format!(r#"{{"timestamp":"2026-11-23T04:11:04.800139Z","what":"{}"}}"#, "dinosaurs ".repeat(12)).into_bytes()
}

/// Every way to write a state.
fn mappers() -> Vec<(&'static str, Mapper)> {
    let plain = || Mapper::new("universe");
    let (chacha, aes) = (|| ChaCha20Poly1305Cipher::new(&key()), || AesCipher::new(&key()));
    vec![
        ("plain", plain()),
        ("zstd", plain().with_compressor(ZstdCompressor::default())),
        ("zlib", plain().with_compressor(ZlibCompressor)),
        ("chacha20poly1305", plain().with_cipher(chacha())),
        ("aes", plain().with_cipher(aes())),
        ("zstd and chacha20poly1305", plain().with_compressor(ZstdCompressor::default()).with_cipher(chacha())),
        ("zlib and aes", plain().with_compressor(ZlibCompressor).with_cipher(aes())),
    ]
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
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
fn a_state_that_compression_does_not_shrink_is_recorded_as_it_is() {
    let mapper = Mapper::new("universe").with_compressor(ZstdCompressor::default());
    let (state, _) = mapper.seal(&place(), br#"{"a":1}"#.to_vec()).unwrap();
    assert_eq!(state, br#"{"a":1}"#);
}

#[test]
fn a_state_of_less_than_64_bytes_is_not_compressed() {
    let state_of = |len: usize| format!(r#"{{"a":"{}"}}"#, "a".repeat(len - 8)).into_bytes();
    for mapper in [
        Mapper::new("universe").with_compressor(ZstdCompressor::default()),
        Mapper::new("universe").with_compressor(ZlibCompressor),
    ] {
        assert_eq!(mapper.seal(&place(), state_of(63)).unwrap().0, state_of(63));
        assert!(mapper.seal(&place(), state_of(64)).unwrap().0.len() < 40);
    }
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
        assert!(error.to_string().contains("(its checksum is gone)"), "{name}: {error}");
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
            Place { originator_id: Uuid::from_u128(8), ..place() },
            Place { originator_version: 4, ..place() },
            Place { topic: "World.Started", ..place() },
            Place { kind: Kind::Snapshot, ..place() },
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
    let error = mapper.open(&Place { originator_version: 4, ..place() }, &state, checksum).unwrap_err();
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
            "its state was encrypted with key {:08x}, and the configured key is {:08x}; \
             set CIPHER_KEY to the key it was recorded with",
            key().id(),
            other_key.id()
        )
    );
    let error = Mapper::new("universe").open(&place(), &state, checksum).unwrap_err();
    assert_eq!(
        error.failure.to_string(),
        "its state was encrypted with chacha20poly1305 and no cipher is configured; \
         set CIPHER_TOPIC and CIPHER_KEY to what it was recorded with"
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
    // the twin: said in so many words, it is read
    let lenient = encrypting.allow_unencrypted(true);
    assert_eq!(lenient.open(&place(), &state, checksum).unwrap(), json());
}

#[test]
fn compressed_states_are_read_whatever_is_configured_for_writing() {
    let (state, checksum) = Mapper::new("universe").with_compressor(ZlibCompressor).seal(&place(), json()).unwrap();
    for mapper in [Mapper::new("universe"), Mapper::new("universe").with_compressor(ZstdCompressor::default())] {
        assert_eq!(mapper.open(&place(), &state, checksum).unwrap(), json());
    }
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
fn a_length_that_lies_is_noticed_before_anything_is_allocated() {
    let zeros = vec![0; 64 * 1024 * 1024];
    let mut bomb = Vec::new();
    ZstdCompressor::default().compress(&zeros, &mut bomb).unwrap();
    assert!(bomb.len() < 10_000);
    // an envelope that admits its 64 MiB is over the limit; one that claims 100 bytes does not fit its frame
    for (claimed, too_large) in [(64 * 1024 * 1024_u32, true), (100, false)] {
        let envelope = [[1, 0x10, 0, 0, 0, 0].as_slice(), &claimed.to_be_bytes(), &bomb].concat();
        let error = Mapper::new("universe").open(&place(), &envelope, Some(place().checksum(&envelope))).unwrap_err();
        assert_eq!(matches!(error.failure, MapperFailure::TooLarge { .. }), too_large, "{error}");
        assert_eq!(matches!(error.failure, MapperFailure::Compressor(_)), !too_large, "{error}");
    }
    let mut bomb = Vec::new();
    ZlibCompressor.compress(&zeros, &mut bomb).unwrap();
    let envelope = [[1, 0x30, 0, 0, 0, 0].as_slice(), &100_u32.to_be_bytes(), &bomb].concat();
    let error = Mapper::new("universe").open(&place(), &envelope, Some(place().checksum(&envelope))).unwrap_err();
    assert!(matches!(error.failure, MapperFailure::Compressor(_)), "{error}");
}

#[test]
fn what_follows_a_compressed_stream_is_not_ignored() {
    for compressor in [&ZstdCompressor::default() as &dyn Compressor, &ZlibCompressor] {
        let mut data = Vec::new();
        compressor.compress(b"dinosaurs", &mut data).unwrap();
        let restored = |data: &[u8], len| {
            let mut restored = b"many ".to_vec();
            compressor.decompress(data, len, &mut restored).map(|()| restored)
        };
        assert_eq!(restored(&data, 9).unwrap(), b"many dinosaurs");
        assert!(restored(&data, 8).is_err());
        assert!(restored(&data, 10).is_err());
        let two = [data.as_slice(), &data].concat();
        assert!(restored(&two, 9).is_err());
        assert!(restored(&two, 18).is_err());
        assert!(restored(b"", 9).is_err());
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
        let place = Place { topic, ..place() };
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

proptest! {
    #[test]
    fn zlib_writes_what_a_new_encoder_writes_and_restores_it(
        word in proptest::collection::vec(any::<u8>(), 0..2_000),
        times in prop_oneof![Just(1_usize), 1..200_usize],
    ) {
        let data = word.repeat(times);
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&data)?;
        let mut compressed = b"before".to_vec();
        ZlibCompressor.compress(&data, &mut compressed)?;
        let anew = encoder.finish()?;
        prop_assert_eq!(compressed.strip_prefix(b"before"), Some(anew.as_slice()));
        let mut restored = b"before".to_vec();
        ZlibCompressor.decompress(&compressed[6..], data.len(), &mut restored)?;
        prop_assert_eq!(restored.strip_prefix(b"before"), Some(data.as_slice()));
    }
}

#[test]
fn zlib_works_on_after_a_state_that_it_could_not_read() {
    let mut data = Vec::new();
    ZlibCompressor.compress(b"dinosaurs", &mut data).unwrap();
    for broken in [b"no zlib".as_slice(), &data[..data.len() - 5], &[&data[..4], b"\xff\xff\xff\xff"].concat()] {
        assert!(ZlibCompressor.decompress(broken, 9, &mut Vec::new()).is_err());
        let mut restored = Vec::new();
        ZlibCompressor.decompress(&data, 9, &mut restored).unwrap();
        assert_eq!(restored, b"dinosaurs");
    }
}

#[test]
fn a_zlib_stream_that_is_cut_off_is_refused() {
    let mut data = Vec::new();
    ZlibCompressor.compress(b"dinosaurs", &mut data).unwrap();
    for len in 0..data.len() {
        // the last four bytes are the checksum of what came before them
        assert!(ZlibCompressor.decompress(&data[..len], 9, &mut Vec::new()).is_err(), "{len} bytes");
    }
}

/// States that were recorded by the first version: they must be read for ever.
#[test]
fn states_of_the_first_version_are_read() {
    let event =
        br#"{"timestamp":"2026-11-23T04:11:04.800139Z","what":"dinosaurs dinosaurs dinosaurs dinosaurs dinosaurs "}"#;
    for (state, checksum) in GOLDEN {
        let mapper = match state.get(2..4) {
            Some("01" | "11") => Mapper::new("universe").with_cipher(ChaCha20Poly1305Cipher::new(&key())),
            Some("02" | "32") => Mapper::new("universe").with_cipher(AesCipher::new(&key())),
            _ => Mapper::new("universe"),
        };
        assert_eq!(mapper.open(&place(), &hex(state), checksum).unwrap(), event.as_slice(), "{state}");
    }
}

const GOLDEN: [(&str, Option<u32>); 7] = [
    // plain
    (
        "7b2274696d657374616d70223a22323032362d31312d32335430343a31313a30342e3830303133395a222c2277686174223a2264696e6f736175727320\
         64696e6f73617572732064696e6f73617572732064696e6f73617572732064696e6f736175727320227d",
        Some(3_942_340_403),
    ),
    // zstd
    (
        "0110000000000000006728b52ffd20673d0200f4037b2274696d657374616d70223a22323032362d31312d32335430343a31313a30342e383030313339\
         5a222c2277686174223a2264696e6f736175727320227d0100bd658102",
        Some(3_666_216_196),
    ),
    // zlib
    (
        "01300000000000000067789c8dca310a80300c00c0af48662b495a44f30e27b780821daa62220ee2dff5096e37dc0d9ecb6cae650701466e0351e03860\
         1222c1d4748814fb116ab816f52f4d79dd4ccfc3aabf82e705462f21a3",
        Some(1_142_765_918),
    ),
    // chacha20poly1305
    (
        "0101b348f7640000006721364984886f6ffdd29d42bc0f3b988713e40dd52eeb2a5f947ad6ef3e3eadb7281c29aea588b1d130b926a0142fc28268cd65\
         6e178cd60132cc8fb2cc6b1cdd4c0b28fbf8fcd8372f61c5e5b5ce2aaa447055ed6d3eaccaf99e59beb48b4d01da84e59b7df58727961bd29dfe7518f2\
         57021ac622ef1af19652498c629273c60a96e01f68ce9b4010d62a052b22ba",
        None,
    ),
    // aes
    (
        "0102b348f76400000067571adfcd7466a90140952e2ca013c05dbaed0fda2143e7dfe6c9077ff406835f6cef03227b87d2b18d178116c79335c3634871\
         56542383b1152d02e816954aa525f0cc73f9f0852d4a094d65313e6e4bbefc4534667a9f99f3dc90ece9ea2bcf0316da8d3f82a1254ef9d31786c51995\
         acc9933beb0fbf3dc88d9ab0931b276932ff7c",
        None,
    ),
    // zstd, chacha20poly1305
    (
        "0111b348f764000000670992b50fbf241dc66f3153b706588c589fb194776872b36776bd5f409ec2336bdd7c9b85b9faef213ae7c0aac536e87520eb99\
         bc15c4b5c15235d663fed44acc8da304a40f80a097125641645fc65aeffd390370ce518f3f7db6adac7613b80017153f74231f4afd73a2418dafb1dfe2\
         e6739dc7a3e22957",
        None,
    ),
    // zlib, aes
    (
        "0132b348f764000000677f1a5c124ba7cd88d5cb41421edc70ced65410d2e73ac4b2a2ef607dca3927fc83bf12dfa46db95f0700c109a726b732ad57f1\
         922b47b2648ccd83afe6583a3eb41b600b0fd7c4e51f75be17a813c152206361ad82221b72084403fa23d4d1a59b2d0c6044194746852bd7fe",
        None,
    ),
];
