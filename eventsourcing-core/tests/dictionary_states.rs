//! States and dictionaries at rest: a state compressed with a dictionary is read back as it was, or refused.
#![cfg(all(feature = "zstd", feature = "chacha20poly1305"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use eventsourcing_core::codec::cipher::ChaCha20Poly1305Cipher;
use eventsourcing_core::codec::compressor::ZstdCompressor;
use eventsourcing_core::codec::{CipherError, CipherKey, Dictionary, MapperFailure};
use eventsourcing_core::recording::{StateLocation, StoredDictionary};
use eventsourcing_core::{Mapper, Uuid};

fn place() -> StateLocation<'static> {
    StateLocation::event(Uuid::from_u128(7), 3, "World.SomethingHappened")
}

fn json(number: u32) -> Vec<u8> {
    format!(
        r#"{{"timestamp":"2026-11-23T04:11:04.{:06}Z","what":"dinosaurs","where":"the north of {}"}}"#,
        number * 7_919 % 1_000_000,
        number % 17
    )
    .into_bytes()
}

fn dictionary(id: u32) -> Dictionary {
    Dictionary::train(id, (0..500).map(json), 1024).unwrap()
}

fn zstd() -> Mapper {
    Mapper::new("universe").with_compressor(ZstdCompressor::default())
}

fn encrypting(key: &CipherKey) -> Mapper {
    zstd().with_cipher(ChaCha20Poly1305Cipher::new(key))
}

/// A mapper that knows this dictionary.
fn knowing(mapper: Mapper, dictionary: &Dictionary) -> Mapper {
    let stored = mapper.seal_dictionary(dictionary).unwrap();
    mapper.learn_dictionary(&stored).unwrap();
    mapper
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn states_of_all_lengths_come_back() {
    let key = CipherKey::create();
    for mapper in [knowing(zstd(), &dictionary(300)), knowing(encrypting(&key), &dictionary(1))] {
        for len in [2_000_000, 300_000, 70_000, 5_000, 300, 100, 20, 3, 0] {
            let json = format!(r#"{{"a":"{}"}}"#, "abcdefghij".repeat(len / 10 + 1)).into_bytes();
            let (state, checksum) = mapper.seal(&place(), json.clone()).unwrap();
            assert_eq!(mapper.open(&place(), &state, checksum).unwrap(), json, "{len}");
        }
    }
}

#[test]
fn a_state_is_never_longer_than_its_json() {
    // noise in hexadecimal: compression saves something, and not always what the envelope costs
    let mut noise = 1_u64;
    for mapper in [zstd(), knowing(zstd(), &dictionary(1))] {
        for len in 1..200 {
            let mut json = b"{\"a\":\"".to_vec();
            while json.len() < len {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                json.extend_from_slice(format!("{:x}", noise >> 60).as_bytes());
            }
            json.extend_from_slice(b"\"}");
            let (state, checksum) = mapper.seal(&place(), json.clone()).unwrap();
            assert!(state.len() <= json.len(), "{} bytes of {}", state.len(), json.len());
            assert_eq!(mapper.open(&place(), &state, checksum).unwrap(), json);
        }
    }
}

#[test]
fn no_flipped_bit_is_read_as_something_else() {
    let key = CipherKey::create();
    for mapper in [knowing(zstd(), &dictionary(1)), knowing(encrypting(&key), &dictionary(1))] {
        let (state, checksum) = mapper.seal(&place(), json(4_711)).unwrap();
        for bit in 0..state.len() * 8 {
            let mut altered = state.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(mapper.open(&place(), &altered, checksum).is_err(), "bit {bit}");
            // with a checksum that fits it is another state, or an error, and never a panic
            let fitting = Some(place().checksum(&altered));
            if let Ok(other) = mapper.open(&place(), &altered, fitting) {
                assert_eq!(other.len(), json(4_711).len(), "bit {bit}");
            }
        }
        for len in 0..state.len() {
            let cut = &state[..len];
            assert!(mapper.open(&place(), cut, Some(place().checksum(cut))).is_err(), "{len} bytes");
        }
        let longer = [state.as_slice(), b"}"].concat();
        assert!(mapper.open(&place(), &longer, Some(place().checksum(&longer))).is_err());
    }
}

#[test]
fn a_length_that_lies_is_noticed_before_anything_is_allocated() {
    let mapper = knowing(zstd(), &dictionary(1)).with_max_state_size(u32::MAX);
    let (bomb, _) = mapper.seal(&place(), vec![b' '; 64 * 1024 * 1024]).unwrap();
    assert!(bomb.len() < 20_000);
    for claimed in [100_u32, 64 * 1024 * 1024 - 1] {
        let mut lies = bomb.clone();
        lies[6..10].copy_from_slice(&claimed.to_be_bytes());
        let limited = knowing(zstd(), &dictionary(1)).with_max_state_size(u32::MAX);
        let error = limited.open(&place(), &lies, Some(place().checksum(&lies))).unwrap_err();
        assert!(matches!(error.failure, MapperFailure::Compressor(_)), "{error}");
    }
    let error = knowing(zstd(), &dictionary(1)).open(&place(), &bomb, Some(place().checksum(&bomb))).unwrap_err();
    assert!(matches!(error.failure, MapperFailure::TooLarge { .. }), "{error}");
}

#[test]
fn a_state_is_read_with_its_own_dictionary_and_with_no_other() {
    let mapper = knowing(zstd(), &dictionary(1));
    let (state, checksum) = mapper.seal(&place(), json(1)).unwrap();
    let other =
        Dictionary::train(2, (0..500).map(|n| format!("{}-{}", n, "other things".repeat(n % 3))), 1024).unwrap();
    let newer = knowing(mapper.clone(), &other);
    assert_eq!((mapper.dictionary_in_use(), newer.last_dictionary()), (Some(2), Some(2)));
    // a clone shares what is known
    for mapper in [&mapper, &newer] {
        assert_eq!(mapper.open(&place(), &state, checksum).unwrap(), json(1));
    }
    let error = knowing(zstd(), &other).open(&place(), &state, checksum).unwrap_err();
    assert!(matches!(error.failure, MapperFailure::UnknownDictionary { id: 1 }), "{error}");
}

#[test]
fn another_dictionary_of_the_same_id_is_noticed() {
    let (state, checksum) = knowing(zstd(), &dictionary(1)).seal(&place(), json(1)).unwrap();
    // as like as can be: one letter in its last sample is another
    let mut bytes = dictionary(1).bytes().to_vec();
    let last = bytes.len() - 8;
    bytes[last] ^= 1;
    let error = knowing(zstd(), &Dictionary::new(1, bytes)).open(&place(), &state, checksum).unwrap_err();
    assert_eq!(
        error.failure.to_string(),
        "its state does not decompress: dictionary 1 is not the one that it was compressed with; \
         restore the table of dictionaries from a backup"
    );
}

#[test]
fn what_is_no_dictionary_is_refused_whatever_its_checksum_says() {
    let good = dictionary(5);
    let mut broken = good.bytes().to_vec();
    broken[9..40].fill(0xff);
    for (id, bytes) in [
        (5, Vec::new()),
        (5, b"raw content".to_vec()),
        (5, good.bytes()[..100].to_vec()),
        (4, good.bytes().to_vec()),
        (0, good.bytes().to_vec()),
        (5, broken),
    ] {
        let checksum = StoredDictionary::checksum_of(id, &bytes);
        let error = zstd().learn_dictionary(&StoredDictionary::new(id, bytes).with_checksum(checksum)).unwrap_err();
        assert!(matches!(error.failure, MapperFailure::Corrupt { .. }) && error.id == id, "{error}");
    }
    let long = Dictionary::new(5, vec![b' '; Dictionary::MAX_LEN + 1]);
    let error = zstd().seal_dictionary(&long).unwrap_err();
    assert_eq!(
        error.to_string(),
        "dictionary 5 cannot be stored: it is 1048577 bytes long, which exceeds the limit of 1048576 for a dictionary"
    );
}

#[test]
fn an_encrypted_dictionary_opens_in_its_own_place_only() {
    let key = CipherKey::create();
    let mapper = encrypting(&key);
    let stored = mapper.seal_dictionary(&dictionary(1)).unwrap();
    assert_eq!(stored.checksum, None);
    for word in [b"dinosaurs".as_slice(), b"timestamp", b"\x37\xa4\x30\xec"] {
        assert!(!stored.bytes.windows(word.len()).any(|bytes| bytes == word));
    }
    let moved = StoredDictionary::new(2, &*stored.bytes);
    let elsewhere = Mapper::new("multiverse").with_cipher(ChaCha20Poly1305Cipher::new(&key));
    for error in [mapper.learn_dictionary(&moved).unwrap_err(), elsewhere.learn_dictionary(&stored).unwrap_err()] {
        assert!(matches!(error.failure, MapperFailure::Cipher(CipherError::Authentication)), "{error}");
    }
    let error = encrypting(&CipherKey::create()).learn_dictionary(&stored).unwrap_err();
    assert!(matches!(error.failure, MapperFailure::WrongKey { .. }), "{error}");
    let error = zstd().learn_dictionary(&stored).unwrap_err();
    assert!(matches!(error.failure, MapperFailure::OtherCipher { .. }), "{error}");
    // nor is it taken for a state
    assert!(mapper.open(&place(), &stored.bytes, None).is_err());
    mapper.learn_dictionary(&stored).unwrap();
    assert_eq!(mapper.dictionary_in_use(), Some(1));
}

#[test]
fn a_dictionary_that_is_not_encrypted_serves_no_encrypted_state() {
    let open = zstd().seal_dictionary(&dictionary(1)).unwrap();
    let key = CipherKey::create();
    let error = encrypting(&key).learn_dictionary(&open).unwrap_err();
    assert!(matches!(error.failure, MapperFailure::NotEncrypted), "{error}");
    // from before there was a cipher: it reads what is of that time, and writes nothing
    let (old, checksum) = knowing(zstd(), &dictionary(1)).seal(&place(), json(1)).unwrap();
    let lenient = encrypting(&key).allow_unencrypted(true);
    lenient.learn_dictionary(&zstd().seal_dictionary(&dictionary(1)).unwrap()).unwrap();
    assert_eq!(lenient.dictionary_in_use(), None);
    assert!(knowing(zstd(), &dictionary(1)).open(&place(), &old, checksum).is_ok());
    // whoever puts an open one in the place of an encrypted one changes nothing that is read
    let (state, _) = knowing(encrypting(&key), &dictionary(1)).seal(&place(), json(1)).unwrap();
    let error = lenient.open(&place(), &state, None).unwrap_err();
    assert!(error.to_string().contains("dictionary 1 cannot be read: its state is not encrypted"), "{error}");
}

#[test]
fn nothing_that_holds_a_dictionary_shows_it() {
    let dictionary = dictionary(1);
    let stored = zstd().seal_dictionary(&dictionary).unwrap();
    let mapper = knowing(zstd(), &dictionary);
    for shown in [format!("{dictionary:?}"), format!("{stored:?}"), format!("{mapper:?}")] {
        assert!(!shown.contains("dinosaurs") && !shown.contains("55, 164, 48"), "{shown}");
    }
}

/// 32 bytes from 1 to 32.
const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

/// States recorded by the first version with dictionaries, which must stay readable.
#[test]
fn states_and_dictionaries_of_the_first_version_are_read() {
    let plain = zstd();
    plain.learn_dictionary(&StoredDictionary::new(3, hex(DICTIONARY)).with_checksum(3_873_766_383)).unwrap();
    assert_eq!(plain.open(&place(), &hex(STATE), Some(2_544_483_454)).unwrap(), json(4_711));

    let encrypted = encrypting(&CipherKey::parse(KEY).unwrap());
    let stored = StoredDictionary::new(3, hex(ENCRYPTED_DICTIONARY));
    encrypted.learn_dictionary(&stored).unwrap();
    assert_eq!(encrypted.open(&place(), &hex(ENCRYPTED_STATE), None).unwrap(), json(4_711));
}

const DICTIONARY: &str = "37a430ec030000001710e80ad3010000001101f028a5dc5226394c8043082101030000000000e607000000044080800200000000000000 \
     0000000000000000000000000000000000000000d63200024038040000000000248f00000001451c000000000000000000000000010000 \
     000400000008000000727468206f662038227d7b2274696d657374616d70223a22323032362d31312d3233727468206f662037227d7b22 \
     74696d657374616d70223a22323032362d31312d32335430343a31313a30342e3632313138397468206f66203133227d7b2274696d6573 \
     74616d70223a22323032362d31312d32335430343a31313a30342e3133303231317468206f66203130227d7b2274696d657374616d7022 \
     3a22323032362d31312d32335430343a31313a30342e373032353835727468206f662035227d7b2274696d657374616d70223a22323032 \
     362d31312d32335430343a31313a30342e333933373434727468206f662039227d7b2274696d657374616d70223a22323032362d3131";

/// Format 1, compressor 2, the fingerprint of the dictionary, 87 bytes; a frame without its first four bytes, which names
/// dictionary 3.
const STATE: &str = "0120067649b900000057210357bd010094023330363430395a222c2277686174223a2264696e6f7361757273657265223a22746865206e \
     6f32227d03fc2f807ffcdaf0c11f2e04";

const ENCRYPTED_DICTIONARY: &str = "0101b348f76400000180f0324885f4998bfb7049ff5706304a338f740679c22e42175f38729028c166c76f1795a3c5e12b812c5de0ebf1 \
     217f4ad9edd5335d3e8ce9a26e56328dd3c0b6eec38eccd71be50c4b282bc6b89985777ff98de2fa802e2f6704d9bcb4dd75fa28356b50 \
     aec1bf391845957663225e95523cc605a70f6e2ece79f741d24e9403a65edece24591b07e066036b0f89e1b0912beed1fea68994d38fa9 \
     7a292fb4a7810202984a76dd3866ef1a8c98b5cb6c45861fc56c09a618bbd6be8f22943f257f7899d8decb73f64ff2af256d31b6e1dcf4 \
     ddb0449c391303d45bc6e5312f9290149dff225d9308b9005da4c573904056581699a379c9f91ce97afebb4a93375427f10a458fa83a54 \
     bad601e5035f068ae64365847d05e4da9f151d05794355a8e6040d5f1113bf81ad264df887efd64925467a5dfbdaa1bb548c06e7c2cff2 \
     88a847a348f189fc9d3b5c2ba1465d543b5f7582f63d0421f36f20ce34706557cd625cb635757b558dd06be007fce91e11b6871f51b60d \
     cf9df9501648982528b19ead9a07790716499402950618959698f2c78638338f2a3d346f97c9a9044d4808f3365c5eea06";

const ENCRYPTED_STATE: &str = "0121b348f76400000057b329c79c035ae5a530e15ef4cec2247d3d2f6cb7342651ee7a2e08651d617435d0a232a03961b2ead3893b9092 \
     87e0d9804c7ec8f906448866ee2857bfb2fc836c9abe684a8085f4bede9200ef66bb91e66994c7e833c9fc3495c32bec04f16e8616fca0 \
     c42cd79445";
