//! The in-memory paths, one at a time, for a program that counts instructions.
//!
//! `cargo xtask bench --instructions` runs each under callgrind, which counts inside `measured` alone. Unlike time, the number of
//! instructions hardly changes from run to run, so a path that got a tenth longer is found on a busy machine too.

#[path = "../../suite/src/account.rs"]
#[expect(dead_code, reason = "the suite's domain, of which the suite uses more")]
mod account;

use std::hint::black_box;

use account::{AMOUNT, Account, AccountEvent, Bank, CURRENCY, NOTE, Usual as _};
use eventsourcing::{Aggregate, DomainEvent, Mapper, StoredEvent, Uuid};

/// The number of operations of one path, over which its other costs are spread.
const TIMES: usize = 1_000;

/// The paths and their names.
const PATHS: [(&str, fn()); 5] = [
    ("command", command),
    ("replay", replay),
    ("to_stored_event", to_stored_event),
    ("to_domain_event", to_domain_event),
    ("save in memory", save),
];

fn main() {
    let asked = std::env::args().nth(1);
    match PATHS.iter().find(|(name, _)| Some(*name) == asked.as_deref()) {
        Some((_, path)) => path(),
        None => PATHS.iter().for_each(|(name, _)| println!("{name}\t{TIMES}")),
    }
}

/// What is counted.
#[inline(never)]
fn measured<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

fn command() {
    let mut account = Account::usual();
    measured(|| (0..TIMES).for_each(|_| account.deposit(AMOUNT, black_box(CURRENCY), NOTE)));
}

fn events() -> Vec<DomainEvent<AccountEvent>> {
    let mut account = Account::usual();
    (1..TIMES).for_each(|_| account.deposit_usual());
    account.collect_events()
}

fn replay() {
    let events = events();
    measured(|| {
        events.into_iter().fold(None::<Account>, |account, event| event.mutate(account).expect("the next event"))
    });
}

fn to_stored_event() {
    let (events, mapper) = (events(), Mapper::new("bank"));
    measured(|| {
        for event in &events {
            black_box(mapper.to_stored_event(event, Uuid::nil()).expect("JSON"));
        }
    });
}

fn to_domain_event() {
    let mapper = Mapper::new("bank");
    let stored: Vec<StoredEvent> =
        events().iter().map(|event| mapper.to_stored_event(event, Uuid::nil()).expect("JSON")).collect();
    measured(|| {
        for stored in &stored {
            black_box(mapper.to_domain_event::<AccountEvent>(stored).expect("an event"));
        }
    });
}

/// A command, and the save of its event, as the memory recorder takes it.
fn save() {
    // an application refuses a runtime without timers
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let bank = runtime.block_on(Bank::open_with([("PERSISTENCE_MODULE", "memory")])).expect("memory");
    let mut account = Account::usual();
    measured(|| {
        runtime.block_on(async {
            for _ in 0..TIMES {
                account.deposit_usual();
                bank.save(&mut account).await.expect("memory");
            }
        });
    });
}
