//! A build without zstd names that feature for a state that was compressed with a dictionary. Run with `--no-default-features`.
#![cfg(not(feature = "zstd"))]

use eventsourcing_core::codec::{Dictionary, MapperFailure};
use eventsourcing_core::recording::{StateLocation, StoredDictionary};
use eventsourcing_core::{Mapper, Uuid};

#[test]
fn a_state_compressed_with_a_dictionary_names_the_feature() {
    let place = StateLocation::event(Uuid::from_u128(7), 3, "World.Started");
    // format 1, compressor 2, 87 bytes, and the frame of a dictionary
    let state = [1, 0x20, 0, 0, 0, 0, 0, 0, 0, 87, 0x21, 3, 87];
    let Err(error) = Mapper::new("universe").open(&place, &state, Some(place.checksum(&state))) else {
        panic!("it was read without zstd")
    };
    assert_eq!(
        error.failure.to_string(),
        "its state was compressed with the feature `zstd`, which this program lacks; build it with that feature, \
         or configure the mapper with that compressor"
    );
}

#[test]
fn a_dictionary_is_neither_read_nor_trained() {
    let bytes = b"7 and more".to_vec();
    let checksum = StoredDictionary::checksum_of(1, &bytes);
    let stored = StoredDictionary::new(1, bytes).with_checksum(checksum);
    let Err(error) = Mapper::new("universe").learn_dictionary(&stored) else { panic!("it was opened without zstd") };
    assert!(matches!(error.failure, MapperFailure::OtherCompressor { .. }), "{error}");
    assert!(Dictionary::train(1, [b"a sample"], 1_024).is_err());
}
