//! Measurements without a database: commands and replay, compared with the same written by hand, and saves to memory on one thread.

use std::hint::black_box;
use std::time::{Duration, Instant};

use eventsourcing::{Aggregate, DomainEvent};

use crate::account::{self, AMOUNT, CURRENCY, HISTORY, NOTE, Usual};
use crate::measure::{Contender, Round};
use crate::place::{self, Database};
use crate::report::{OURS, Title};
use crate::{Run, by_hand};

/// The number of commands on one account, and of events of one replay.
const EVENTS: usize = 1_000;

const HAND: &str = "the same written by hand";

/// Measures all of it.
pub fn run(run: &mut Run) {
    let title = |name: &str, unit| Title::new(Database::Memory, name, 1, unit);
    run.measure(&title("command", "commands"), |run| {
        vec![
            commands(OURS, run.time, account::Account::usual, |account| {
                account.deposit(AMOUNT, black_box(CURRENCY), NOTE)
            }),
            commands(HAND, run.time, by_hand::Account::usual, |account| {
                account.deposit(AMOUNT, black_box(CURRENCY), NOTE)
            }),
        ]
    });
    run.measure(&title("replay of 1000 decoded events", "events"), |run| {
        let of = account::Account::usual;
        let by_hand = by_hand::Account::usual;
        vec![
            replay(OURS, run.time, of, |account| account.deposit(AMOUNT, CURRENCY, NOTE)),
            replay(HAND, run.time, by_hand, |account| account.deposit(AMOUNT, CURRENCY, NOTE)),
        ]
    });
    run.measure(&title("save 1 event on one thread", "saves"), |run| vec![saves::<account::Account>(run.time)]);
    run.measure(&title("save 1 event on one thread, read back", "saves"), |run| {
        vec![saves::<account::Purse>(run.time)]
    });
}

/// Repeats a function for this time. The function counts and times its own work, so that its preparations are not measured.
fn repeat(time: Duration, mut once: impl FnMut() -> (usize, Duration)) -> Round {
    let start = Instant::now();
    let (mut count, mut elapsed) = (0, Duration::ZERO);
    while start.elapsed() < time {
        let (more, took) = once();
        count += more;
        elapsed += took;
    }
    Round::of(count, elapsed)
}

fn commands<A>(
    who: &'static str,
    time: Duration,
    make: fn() -> A,
    command: impl Fn(&mut A) + 'static,
) -> Contender<'static>
where
    A: Aggregate,
{
    let once = move || {
        let mut account = make();
        let start = Instant::now();
        (1..EVENTS).for_each(|_| command(&mut account));
        let took = start.elapsed();
        black_box(account);
        (EVENTS - 1, took)
    };
    Contender::new(who, move || repeat(time, &once))
}

fn replay<A>(
    who: &'static str,
    time: Duration,
    make: fn() -> A,
    command: impl Fn(&mut A) + 'static,
) -> Contender<'static>
where
    A: Aggregate + 'static,
{
    let mut account = make();
    (1..EVENTS).for_each(|_| command(&mut account));
    let events = account.collect_events();
    let once = move || {
        let events: Vec<DomainEvent<A::Event>> = events.clone();
        let start = Instant::now();
        let account = events.into_iter().fold(None::<A>, |account, event| event.mutate(account).unwrap());
        let took = start.elapsed();
        black_box(account);
        (EVENTS, took)
    };
    Contender::new(who, move || repeat(time, &once))
}

/// Saves sequentially on a thread with its own runtime. Each save is a command, its encoding and its record.
fn saves<A: Usual>(time: Duration) -> Contender<'static> {
    Contender::new(OURS, move || {
        // a new one for each round, because it fills the memory
        let bank = place::bank_in_memory();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let start = Instant::now();
            let mut saves = 0;
            while start.elapsed() < time {
                let mut account = A::usual();
                bank.save(&mut account).await.unwrap();
                for _ in 1..HISTORY {
                    account.deposit_usual();
                    bank.save(&mut account).await.unwrap();
                }
                saves += HISTORY as usize;
            }
            Round::of(saves, start.elapsed())
        })
    })
}
