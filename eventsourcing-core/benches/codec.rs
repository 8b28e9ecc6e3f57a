//! What a state costs to write and to read, beside serde_json alone: `cargo bench -p eventsourcing-core --all-features --bench codec`.
//!
//! `write` and `read` are the mapper's, once for each way to keep a state; `alone` is serde_json with the same struct and
//! its time as fields of one struct, which is the least that a JSON state can cost.
#![expect(clippy::unwrap_used, reason = "a bench stops where it fails")]

use divan::{Bencher, black_box};
use eventsourcing_core::codec::cipher::{AesCipher, ChaCha20Poly1305Cipher};
use eventsourcing_core::codec::compressor::{ZlibCompressor, ZstdCompressor};
use eventsourcing_core::codec::{CipherKey, Compressor, Dictionary, StateCheck};
use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
use eventsourcing_core::recording::StoredEvent;
use eventsourcing_core::{AggregateEvent, DomainEvent, Mapper, Timestamp, Uuid};
use serde::{Deserialize, Serialize};

fn main() {
    // how long the same state is, for those who ask what a way is worth
    for kept in WAYS {
        let stored = mapper(kept).to_stored_event(&event(), Uuid::nil()).unwrap();
        println!("{kept:?}: {} bytes", stored.state.len());
    }
    divan::main();
}

/// Four fields, which with the time are a hundred bytes of JSON or so.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Deposited {
    account: String,
    amount: i64,
    currency: String,
    purpose: String,
}

/// The same as one struct, for serde_json alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Alone {
    timestamp: Timestamp,
    account: String,
    amount: i64,
    currency: String,
    purpose: String,
}

fn deposited() -> Deposited {
    Deposited {
        account: "DE-70-4471".to_owned(),
        amount: 129_900,
        currency: "EUR".to_owned(),
        purpose: "invoice 2026-1123".to_owned(),
    }
}

fn alone() -> Alone {
    let Deposited { account, amount, currency, purpose } = deposited();
    Alone { timestamp: timestamp(), account, amount, currency, purpose }
}

fn timestamp() -> Timestamp {
    "2026-11-23T04:11:04.800139Z".parse().unwrap()
}

impl AggregateEvent for Deposited {
    const TOPICS: &'static [&'static str] = &["Account.Deposited"];

    fn topic(&self) -> &'static str {
        "Account.Deposited"
    }

    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
        state.write(self)
    }

    fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        match topic {
            "Account.Deposited" => state.read(),
            _ => Err(StateError::UnknownTopic),
        }
    }
}

fn event() -> DomainEvent<Deposited> {
    DomainEvent::new(Uuid::from_u128(7), 3, timestamp(), deposited())
}

/// How a state is kept.
#[derive(Clone, Copy, Debug)]
enum Kept {
    Plain,
    Zlib,
    Zstd,
    Dictionary,
    Aes,
    ChaCha20Poly1305,
    /// Without ring.
    PortableChaCha20Poly1305,
    ZstdAndChaCha20Poly1305,
    DictionaryAndChaCha20Poly1305,
}

const WAYS: [Kept; 9] = [
    Kept::Plain,
    Kept::Zlib,
    Kept::Zstd,
    Kept::Dictionary,
    Kept::Aes,
    Kept::ChaCha20Poly1305,
    Kept::PortableChaCha20Poly1305,
    Kept::ZstdAndChaCha20Poly1305,
    Kept::DictionaryAndChaCha20Poly1305,
];

fn mapper(kept: Kept) -> Mapper {
    let key = CipherKey::create();
    let plain = Mapper::new("bank");
    let zstd = ZstdCompressor::default();
    match kept {
        Kept::Plain => plain,
        Kept::Zlib => plain.with_compressor(ZlibCompressor::default()),
        Kept::Zstd => plain.with_compressor(zstd),
        Kept::Aes => plain.with_cipher(AesCipher::new(&key)),
        Kept::ChaCha20Poly1305 => plain.with_cipher(ChaCha20Poly1305Cipher::new(&key)),
        Kept::PortableChaCha20Poly1305 => plain.with_cipher(ChaCha20Poly1305Cipher::portable(&key)),
        Kept::ZstdAndChaCha20Poly1305 => plain.with_compressor(zstd).with_cipher(ChaCha20Poly1305Cipher::new(&key)),
        Kept::Dictionary => with_dictionary(plain.with_compressor(zstd)),
        Kept::DictionaryAndChaCha20Poly1305 => {
            with_dictionary(plain.with_compressor(zstd).with_cipher(ChaCha20Poly1305Cipher::new(&key)))
        }
    }
}

/// A dictionary of 16 KiB, trained on other deposits than the one that is measured.
fn with_dictionary(mapper: Mapper) -> Mapper {
    let plain = Mapper::new("bank");
    let samples = (0..5_000_i64).map(|number| {
        let (noise, purpose) = (number * 104_729 % 1_000_003, format!("invoice 2026-{:04}", number * 7_919 % 10_000));
        let account = format!("DE-{:02}-{:04}", noise % 100, noise / 100 % 10_000);
        let currency = ["EUR", "USD", "GBP"][usize::try_from(noise % 3).unwrap()].to_owned();
        let event = Deposited { account, amount: noise, currency, purpose };
        let timestamp = Timestamp::from_microsecond(1_763_900_000_000_000 + noise * 17_389_999).unwrap();
        let event = DomainEvent::new(Uuid::from_u128(7), 3, timestamp, event);
        plain.to_stored_event(&event, Uuid::nil()).unwrap().state
    });
    let dictionary = Dictionary::train(1, samples, 16 * 1024).unwrap();
    mapper.learn_dictionary(&mapper.seal_dictionary(&dictionary).unwrap()).unwrap();
    mapper
}

#[divan::bench]
fn write_alone(bencher: Bencher<'_, '_>) {
    let alone = alone();
    bencher.bench_local(|| serde_json::to_vec(black_box(&alone)).unwrap());
}

#[divan::bench]
fn write_alone_without_the_time(bencher: Bencher<'_, '_>) {
    let deposited = deposited();
    bencher.bench_local(|| serde_json::to_vec(black_box(&deposited)).unwrap());
}

#[divan::bench(args = WAYS)]
fn write(bencher: Bencher<'_, '_>, kept: Kept) {
    let (mapper, event) = (mapper(kept), event());
    bencher.bench_local(|| mapper.to_stored_event(black_box(&event), Uuid::nil()).unwrap());
}

/// What it costs to read an event back before it is recorded.
#[divan::bench(args = [StateCheck::Off, StateCheck::Json, StateCheck::Full])]
fn write_checked(bencher: Bencher<'_, '_>, check: StateCheck) {
    let (mapper, event) = (mapper(Kept::Plain).with_state_check(check), event());
    bencher.bench_local(|| mapper.to_stored_event(black_box(&event), Uuid::nil()).unwrap());
}

/// Ten events as one save: the figure is that of all ten.
#[divan::bench(args = WAYS)]
fn write_ten(bencher: Bencher<'_, '_>, kept: Kept) {
    let (mapper, events) = (mapper(kept), vec![event(); 10]);
    bencher.bench_local(|| mapper.to_stored_events(black_box(&events), Uuid::nil()).unwrap());
}

#[divan::bench]
fn read_alone(bencher: Bencher<'_, '_>) {
    let json = serde_json::to_vec(&alone()).unwrap();
    bencher.bench_local(|| serde_json::from_slice::<Alone>(black_box(&json)).unwrap());
}

#[divan::bench]
fn read_alone_without_the_time(bencher: Bencher<'_, '_>) {
    let json = serde_json::to_vec(&deposited()).unwrap();
    bencher.bench_local(|| serde_json::from_slice::<Deposited>(black_box(&json)).unwrap());
}

#[divan::bench(args = WAYS)]
fn read(bencher: Bencher<'_, '_>, kept: Kept) {
    let mapper = mapper(kept);
    let stored: StoredEvent = mapper.to_stored_event(&event(), Uuid::nil()).unwrap();
    let place = stored.location();
    bencher.bench_local(|| {
        mapper.read_event::<Deposited>(&place, black_box(&stored.state), black_box(stored.checksum)).unwrap()
    });
}

/// Four deposits as one JSON, since a single one does not get smaller by compression without a dictionary.
fn four_deposits() -> Vec<u8> {
    serde_json::to_vec(&[alone(), alone(), alone(), alone()]).unwrap()
}

const COMPRESSORS: [&str; 2] = ["zstd", "zlib"];

fn compressor(name: &str) -> Box<dyn Compressor> {
    if name == "zlib" { Box::new(ZlibCompressor::default()) } else { Box::new(ZstdCompressor::default()) }
}

#[divan::bench(args = COMPRESSORS)]
fn compress(bencher: Bencher<'_, '_>, name: &str) {
    let (compressor, data, mut compressed) = (compressor(name), four_deposits(), Vec::new());
    bencher.bench_local(|| {
        compressed.clear();
        compressor.compress(black_box(&data), &mut compressed).unwrap();
    });
}

#[divan::bench(args = COMPRESSORS)]
fn decompress(bencher: Bencher<'_, '_>, name: &str) {
    let (compressor, data, mut compressed, mut restored) = (compressor(name), four_deposits(), Vec::new(), Vec::new());
    compressor.compress(&data, &mut compressed).unwrap();
    bencher.bench_local(|| {
        restored.clear();
        compressor.decompress(black_box(&compressed), data.len(), &mut restored).unwrap();
    });
}
