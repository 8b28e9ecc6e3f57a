//! Events to stored events and back, with each codec, compared with serde_json alone.

use std::hint::black_box;
use std::time::Instant;

use eventsourcing::codec::cipher::{AesCipher, ChaCha20Poly1305Cipher};
use eventsourcing::codec::compressor::{ZlibCompressor, ZstdCompressor};
use eventsourcing::{Aggregate, DomainEvent, Mapper, StoredEvent, Timestamp, Uuid};
use serde::Serialize;

use crate::Run;
use crate::account::{AMOUNT, Account, AccountEvent, CURRENCY, NOTE, Usual};
use crate::limits::row::Event;
use crate::measure::{Contender, Round};
use crate::place::Database;
use crate::report::Title;

/// The number of events that are timed together.
const EVENTS: usize = 1_000;

/// The same fields in a struct, for serde_json alone.
#[derive(Serialize)]
struct Deposit {
    timestamp: Timestamp,
    amount: i64,
    currency: String,
    note: String,
}

fn mappers() -> [(&'static str, Mapper); 5] {
    let key = ChaCha20Poly1305Cipher::create_key();
    let new = || Mapper::new("bank");
    [
        ("mapper, JSON", new()),
        ("mapper, zstd", new().with_compressor(ZstdCompressor::default())),
        ("mapper, zlib", new().with_compressor(ZlibCompressor::default())),
        ("mapper, AES-256-GCM", new().with_cipher(AesCipher::new(&key))),
        ("mapper, XChaCha20-Poly1305", new().with_cipher(ChaCha20Poly1305Cipher::new(&key))),
    ]
}

/// Measures both directions.
pub fn run(run: &mut Run) {
    let title = |name| Title::new(Database::Memory, name, 1, "events");
    run.measure(&title("encode events"), |run| {
        let mut contenders = vec![alone("serde_json alone", run, encode_alone())];
        contenders.extend(mappers().map(|(who, mapper)| alone(who, run, encode(mapper))));
        contenders
    });
    run.measure(&title("decode events"), |run| {
        let mut contenders = vec![alone("serde_json alone", run, decode_alone())];
        contenders.extend(mappers().map(|(who, mapper)| alone(who, run, decode(mapper))));
        contenders
    });
    run.measure(&title("decode events of a changed shape"), |run| {
        vec![
            alone("version 3, as it is", run, decode_shape(3)),
            alone("version 2, one step", run, decode_shape(2)),
            alone("version 1, two steps", run, decode_shape(1)),
            alone("split into two events", run, decode_split()),
        ]
    });
}

fn alone(who: &'static str, run: &Run, mut turn: impl FnMut() + 'static) -> Contender<'static> {
    let time = run.time;
    Contender::new(who, move || {
        let start = Instant::now();
        let mut events = 0;
        while start.elapsed() < time {
            turn();
            events += EVENTS;
        }
        Round::of(events, start.elapsed())
    })
}

fn events() -> Vec<DomainEvent<AccountEvent>> {
    let mut account = Account::usual();
    (1..EVENTS).for_each(|_| account.deposit_usual());
    account.collect_events()
}

fn encode_alone() -> impl FnMut() {
    let deposit = |event: DomainEvent<AccountEvent>| Deposit {
        timestamp: event.timestamp,
        amount: AMOUNT,
        currency: CURRENCY.to_owned(),
        note: NOTE.to_owned(),
    };
    let deposits: Vec<Deposit> = events().into_iter().map(deposit).collect();
    move || deposits.iter().for_each(|deposit| drop(black_box(serde_json::to_vec(deposit).unwrap())))
}

fn encode(mapper: Mapper) -> impl FnMut() {
    let events = events();
    let append_id = Uuid::new_v4();
    move || events.iter().for_each(|event| drop(black_box(mapper.to_stored_event(event, append_id).unwrap())))
}

fn decode_alone() -> impl FnMut() {
    let mapper = Mapper::new("bank");
    let states = events().into_iter().map(move |event| mapper.to_stored_event(&event, Uuid::nil()).unwrap().state);
    let states: Vec<_> = states.collect();
    move || {
        for state in &states {
            black_box(serde_json::from_slice::<Event>(state).unwrap());
        }
    }
}

/// The deposits of an account whose shape has changed twice.
mod changed {
    use eventsourcing::prelude::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub struct DepositedV1 {
        amount: i64,
        currency: String,
        text: String,
    }

    #[derive(Deserialize)]
    pub struct DepositedV2 {
        amount: i64,
        currency: String,
        note: String,
    }

    fn deposited_v1(old: DepositedV1) -> DepositedV2 {
        DepositedV2 { amount: old.amount, currency: old.currency, note: old.text }
    }

    fn deposited_v2(old: DepositedV2) -> AccountDeposited {
        AccountDeposited { amount: old.amount, currency: old.currency, note: old.note, branch: 0 }
    }

    #[aggregate]
    pub struct Account {}

    #[aggregate]
    #[allow(dead_code, reason = "its events are only read")]
    impl Account {
        #[event("Opened")]
        pub fn open() -> Self {
            Self {}
        }

        #[event("Deposited", version = 3, upcasts = [deposited_v1, deposited_v2])]
        pub fn deposit(&mut self, amount: i64, currency: &str, note: &str, branch: u32) {
            let _ = (amount, currency, note, branch);
        }

        #[event("Noted")]
        pub fn note(&mut self, note: &str) {
            let _ = note;
        }

        #[event("Transferred", split)]
        fn transferred(amount: i64, currency: String, note: String, branch: u32) -> (AccountDeposited, AccountNoted) {
            (AccountDeposited { amount, currency, note: String::new(), branch }, AccountNoted { note })
        }
    }
}

fn decode_shape(version: u32) -> impl FnMut() {
    let fields = match version {
        1 => format!(r#""amount":{AMOUNT},"currency":"{CURRENCY}","text":"{NOTE}""#),
        2 => format!(r#""class_version":2,"amount":{AMOUNT},"currency":"{CURRENCY}","note":"{NOTE}""#),
        _ => format!(r#""class_version":3,"amount":{AMOUNT},"currency":"{CURRENCY}","note":"{NOTE}","branch":0"#),
    };
    decode_changed("Account.Deposited", &fields)
}

fn decode_split() -> impl FnMut() {
    let fields = format!(r#""amount":{AMOUNT},"currency":"{CURRENCY}","note":"{NOTE}","branch":0"#);
    decode_changed("Account.Transferred", &fields)
}

fn decode_changed(topic: &'static str, fields: &str) -> impl FnMut() + use<> {
    let mapper = Mapper::new("bank");
    let state = format!(r#"{{"timestamp":"2026-11-23T04:11:04.800139Z",{fields}}}"#).into_bytes();
    let stored = StoredEvent::new(Uuid::new_v4(), 2, topic, state, Uuid::nil()).checksummed();
    move || {
        for _ in 0..EVENTS {
            black_box(mapper.to_domain_event::<changed::AccountEvent>(black_box(&stored)).unwrap());
        }
    }
}

fn decode(mapper: Mapper) -> impl FnMut() {
    let stored: Vec<_> = events().iter().map(|event| mapper.to_stored_event(event, Uuid::nil()).unwrap()).collect();
    move || {
        for stored in &stored {
            black_box(mapper.to_domain_event::<AccountEvent>(stored).unwrap());
        }
    }
}
