//! States of each version of an event's shape, as the first version of this library recorded them, read by an event written by hand.

use eventsourcing_core::codec::MapperFailure;
use eventsourcing_core::codec::cipher::ChaCha20Poly1305Cipher;
use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
use eventsourcing_core::{AggregateEvent, DomainEvent, Mapper, StoredEvent, Timestamp, Uuid};
use serde::{Deserialize, Serialize};

use super::first_version::hex;
use super::{ID, TOPIC, key, place};

#[derive(Deserialize)]
struct HappenedV1 {
    what: String,
}

#[derive(Deserialize)]
struct HappenedV2 {
    what: String,
    count: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Happened {
    what: String,
    count: u32,
}

fn happened_v1(old: HappenedV1) -> HappenedV2 {
    assert!(!old.what.is_empty());
    HappenedV2 { what: old.what, count: "1".to_owned() }
}

fn happened_v2(old: HappenedV2) -> Result<Happened, std::num::ParseIntError> {
    Ok(Happened { what: old.what, count: old.count.parse()? })
}

impl AggregateEvent for Happened {
    const TOPICS: &'static [&'static str] = &[TOPIC];

    fn topic(&self) -> &'static str {
        TOPIC
    }

    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
        state.write_version(3, self)
    }

    fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        match topic {
            TOPIC => match state.version(3)? {
                1 => {
                    let old = state.read()?;
                    let old = state.upcast(happened_v1, old)?;
                    state.upcast_or_fail(happened_v2, old)
                }
                2 => state.read().and_then(|old| state.upcast_or_fail(happened_v2, old)),
                _ => state.read(),
            },
            _ => Err(StateError::UnknownTopic),
        }
    }
}

fn happened() -> Happened {
    Happened { what: "dinosaurs dinosaurs dinosaurs dinosaurs dinosaurs ".to_owned(), count: 3 }
}

fn json(rest: &str) -> Vec<u8> {
    let what = happened().what;
    format!(r#"{{"timestamp":"2026-11-23T04:11:04.800139Z"{rest},"what":"{what}"}}"#).into_bytes()
}

fn read(json: &[u8]) -> Result<Happened, MapperFailure> {
    let stored = StoredEvent::new(ID, 3, TOPIC, json, Uuid::nil()).checksummed();
    Mapper::new("universe").to_domain_event(&stored).map(|event| event.event).map_err(|error| error.failure)
}

#[test]
fn the_version_of_the_shape_is_behind_the_timestamp() {
    let timestamp: Timestamp = "2026-11-23T04:11:04.800139Z".parse().unwrap();
    let event = DomainEvent::new(ID, 3, timestamp, Happened { what: "it".to_owned(), count: 3 });
    let stored = Mapper::new("universe").to_stored_event(&event, Uuid::nil()).unwrap();
    assert_eq!(
        str::from_utf8(&stored.state).unwrap(),
        r#"{"timestamp":"2026-11-23T04:11:04.800139Z","class_version":3,"what":"it","count":3}"#
    );
}

#[test]
fn a_shape_of_each_version_is_read_wherever_its_version_is_written() {
    for rest in [
        r#","class_version":3,"count":3"#,
        r#","class_version":2,"count":"3""#,
        r#","count":"3","class_version":2"#,
        r#","class_version" : 2 ,"count":"3""#,
        r#","count":"3","cl\u0061ss_version":2"#,
    ] {
        assert_eq!(read(&json(rest)).unwrap(), happened(), "{rest}");
    }
    assert_eq!(read(&json("")).unwrap().count, 1);
    assert_eq!(read(&json(r#","class_version":1"#)).unwrap().count, 1);
}

#[test]
fn a_step_by_hand_that_fails_or_panics_is_an_error() {
    let of_step = |json: &[u8]| match read(json).unwrap_err() {
        MapperFailure::State(StateError::Upcast { version, step, reason }) => (version, step, reason),
        other => panic!("{other}"),
    };
    let (version, step, reason) = of_step(&json(r#","class_version":2,"count":"three""#));
    assert_eq!((version, reason.as_str()), (2, "invalid digit found in string"));
    assert!(step.ends_with("::happened_v2"), "{step}");
    let (version, step, reason) = of_step(br#"{"timestamp":"2026-11-23T04:11:04.800139Z","what":""}"#);
    assert_eq!((version, reason.as_str()), (1, "it panicked"));
    assert!(step.ends_with("::happened_v1"), "{step}");
}

#[test]
fn a_version_given_twice_is_refused() {
    let error = read(&json(r#","class_version":2,"class_version":3,"count":3"#)).unwrap_err().to_string();
    assert!(error.contains("duplicate field `class_version`"), "{error}");
}

/// States of the versions 1, 2 and 3 of the shape, which must stay readable.
#[test]
fn states_of_each_version_of_a_shape_are_read() {
    for (state, checksum, count) in GOLDEN {
        let mapper = match state.get(2..4) {
            Some("01" | "11") => Mapper::new("universe").with_cipher(ChaCha20Poly1305Cipher::new(&key())),
            _ => Mapper::new("universe"),
        };
        let (state, expected) = (hex(state), Happened { count, ..happened() });
        let event: DomainEvent<Happened> = mapper.read_event(&place(), &state, checksum).unwrap();
        assert_eq!(event.event, expected);
    }
}

const GOLDEN: [(&str, Option<u32>, u32); 9] = [
    // plain
    (
        "7b2274696d657374616d70223a22323032362d31312d32335430343a31313a30342e3830303133395a222c2277686174223a2264696e6f7361757273 \
         2064696e6f73617572732064696e6f73617572732064696e6f73617572732064696e6f736175727320227d",
        Some(3_942_340_403),
        1,
    ),
    (
        "7b2274696d657374616d70223a22323032362d31312d32335430343a31313a30342e3830303133395a222c22636c6173735f76657273696f6e223a32 \
         2c22636f756e74223a2232222c2277686174223a2264696e6f73617572732064696e6f73617572732064696e6f73617572732064696e6f7361757273 \
         2064696e6f736175727320227d",
        Some(408_877_905),
        2,
    ),
    (
        "7b2274696d657374616d70223a22323032362d31312d32335430343a31313a30342e3830303133395a222c22636c6173735f76657273696f6e223a33 \
         2c22636f756e74223a332c2277686174223a2264696e6f73617572732064696e6f73617572732064696e6f73617572732064696e6f73617572732064 \
         696e6f736175727320227d",
        Some(1_541_961_888),
        3,
    ),
    // zstd
    (
        "0110000000000000006728b52ffd20673d0200f4037b2274696d657374616d70223a22323032362d31312d32335430343a31313a30342e3830303133 \
         395a222c2277686174223a2264696e6f736175727320227d0100bd658102",
        Some(3_666_216_196),
        1,
    ),
    (
        "0110000000000000008528b52ffd2085e502009245141a604bdcdab86f4f355e5fd9956d09824f192693a312284310043c8f031a49b85d5b084e345e \
         aedfbf96b8f4a2fbe656238a71e866457ab9817012711040b8998bb070d4641a81a27ebf60fc5ab1f5ee0802005b0a1bafc50c",
        Some(3_260_932_569),
        2,
    ),
    (
        "0110000000000000008328b52ffd2083dd02006205141a604bdcda382f9f6abcbeb22bdb12049f324ceb6210284310043c8f031849969f6388eb7b13 \
         8d76c9532f48ef1e6364310eccab502f371050220e020935531316d031994670f05cbf68dbbc1aeb3b02020083b243856206",
        Some(1_625_921_482),
        3,
    ),
    // zstd, chacha20poly1305
    (
        "0111b348f76400000067a92aedef079365088d9a5a10f59c0685a2d5c117e74abc37020a8d3f85675db896ff8692bfbe8d416aa929cb6edbd2b4a4a6 \
         0310ec129385708cbfbb8283bc0db7d8ff137a37bccaf3931f50b8fa4f3b4e419e36b41a130a4c4d0653dc8c9fe4dea7a30d042a913a258b4c75fb18 \
         164773796f385758ce87",
        None,
        1,
    ),
    (
        "0111b348f7640000008562cb5f246863757b9afbc36193b730b1327822b46a69b92075d1d8ec4e7c70fe8cc33203b3ef80925e88ca5ea9e1ca109ca9 \
         c0b7cba48480755eea6670e4a8ffae100425e4bd149b5d92989fa5a24fbc50469497abaf6972c5f4c2250fab46a85d026a719ba745e8bae980aed491 \
         cd9d404f0cf3cc19c969041b3a5638b9481251137b584facaca6f6ed88605b",
        None,
        2,
    ),
    (
        "0111b348f764000000832f660c858b8cd94353426f121a20c89a2aa5067ad0514afc3acd363a823168a8dd46eded7502332e48283a1c0cbfccb480db \
         7ee2b75ce5aa4af9d1dee5f86db6c0546ead582dfabd7c0fb108e6368950c7686faddcc3c6321258c3320cdf71d3f1a45e8879d49381329f653e1010 \
         e5461bbc06b51bb5b5944dfedba97de174e73801ceb1f0f9a612e0138414",
        None,
        3,
    ),
];
