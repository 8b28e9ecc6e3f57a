//! Compressed states: which are compressed, and what is refused when they are restored.

use std::io::Write;

use eventsourcing_core::Mapper;
use eventsourcing_core::codec::compressor::{ZlibCompressor, ZstdCompressor};
use eventsourcing_core::codec::{Compressor, MapperFailure};
use proptest::prelude::*;

use super::{json, place};

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
        Mapper::new("universe").with_compressor(ZlibCompressor::default()),
    ] {
        assert_eq!(mapper.seal(&place(), state_of(63)).unwrap().0, state_of(63));
        assert!(mapper.seal(&place(), state_of(64)).unwrap().0.len() < 40);
    }
}

#[test]
fn compressed_states_are_read_whatever_is_configured_for_writing() {
    let (state, checksum) =
        Mapper::new("universe").with_compressor(ZlibCompressor::default()).seal(&place(), json()).unwrap();
    for mapper in [Mapper::new("universe"), Mapper::new("universe").with_compressor(ZstdCompressor::default())] {
        assert_eq!(mapper.open(&place(), &state, checksum).unwrap(), json());
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
    ZlibCompressor::default().compress(&zeros, &mut bomb).unwrap();
    let envelope = [[1, 0x30, 0, 0, 0, 0].as_slice(), &100_u32.to_be_bytes(), &bomb].concat();
    let error = Mapper::new("universe").open(&place(), &envelope, Some(place().checksum(&envelope))).unwrap_err();
    assert!(matches!(error.failure, MapperFailure::Compressor(_)), "{error}");
}

#[test]
fn what_follows_a_compressed_stream_is_not_ignored() {
    for compressor in [&ZstdCompressor::default() as &dyn Compressor, &ZlibCompressor::default()] {
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
        ZlibCompressor::default().compress(&data, &mut compressed)?;
        let anew = encoder.finish()?;
        prop_assert_eq!(compressed.strip_prefix(b"before"), Some(anew.as_slice()));
        let mut restored = b"before".to_vec();
        ZlibCompressor::default().decompress(&compressed[6..], data.len(), &mut restored)?;
        prop_assert_eq!(restored.strip_prefix(b"before"), Some(data.as_slice()));
    }
}

#[test]
fn zlib_works_on_after_a_state_that_it_could_not_read() {
    let mut data = Vec::new();
    ZlibCompressor::default().compress(b"dinosaurs", &mut data).unwrap();
    for broken in [b"no zlib".as_slice(), &data[..data.len() - 5], &[&data[..4], b"\xff\xff\xff\xff"].concat()] {
        assert!(ZlibCompressor::default().decompress(broken, 9, &mut Vec::new()).is_err());
        let mut restored = Vec::new();
        ZlibCompressor::default().decompress(&data, 9, &mut restored).unwrap();
        assert_eq!(restored, b"dinosaurs");
    }
}

#[test]
fn a_zlib_stream_that_is_cut_off_is_refused() {
    let mut data = Vec::new();
    ZlibCompressor::default().compress(b"dinosaurs", &mut data).unwrap();
    for len in 0..data.len() {
        // the last four bytes are the checksum of what came before them
        assert!(ZlibCompressor::default().decompress(&data[..len], 9, &mut Vec::new()).is_err(), "{len} bytes");
    }
}
