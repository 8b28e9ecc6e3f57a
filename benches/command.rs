//! A command and its replay: the macro's code, the same by hand, and a plain struct that keeps no history.
//!
//! `cargo bench --bench command`. The macro's medians may be at most 1.2 times those by hand. The replays differ by more
//! than the macro: the hand moves the recorded text into the history, where the tutorial's body copies it from a `&str`.
#![allow(
    unreachable_pub,
    missing_docs,
    dead_code,
    reason = "a program, whose worlds are shared with `tests/by_hand.rs`"
)]

use divan::{Bencher, black_box};
use eventsourcing::prelude::*;

#[path = "../tests/by_hand/world.rs"]
mod by_hand;
#[path = "../tests/by_hand/macro_world.rs"]
mod by_macro;

/// What there would be without event sourcing.
#[derive(Clone)]
struct PlainWorld {
    history: Vec<String>,
}

impl PlainWorld {
    #[inline(never)]
    fn make_it_so(&mut self, what: &str) {
        self.history.push(what.to_owned());
    }
}

fn main() {
    divan::main();
}

const COMMANDS: usize = 1_000;
const WHAT: &str = "something happened here";

/// A thousand commands on a new aggregate, as many as grow its lists the same way.
#[divan::bench_group(name = "1000_commands")]
mod commands {
    use super::{Bencher, COMMANDS, PlainWorld, WHAT, black_box, by_hand, by_macro};

    #[divan::bench]
    fn plain(bencher: Bencher<'_, '_>) {
        bencher.with_inputs(|| PlainWorld { history: Vec::new() }).bench_values(|mut world| {
            (0..COMMANDS).for_each(|_| world.make_it_so(black_box(WHAT)));
            world
        });
    }

    #[divan::bench]
    fn by_hand(bencher: Bencher<'_, '_>) {
        bencher.with_inputs(|| by_hand::World::new("Earth")).bench_values(|mut world| {
            (0..COMMANDS).for_each(|_| world.make_it_so(black_box(WHAT)));
            world
        });
    }

    #[divan::bench]
    fn by_macro(bencher: Bencher<'_, '_>) {
        bencher.with_inputs(|| by_macro::World::new("Earth")).bench_values(|mut world| {
            (0..COMMANDS).for_each(|_| world.make_it_so(black_box(WHAT)));
            world
        });
    }
}

/// The fold of recorded events.
#[divan::bench_group]
mod replay {
    use super::{Aggregate, Bencher, DomainEvent, PlainWorld, WHAT, black_box, by_hand, by_macro};

    const EVENTS: [u64; 2] = [10, 1_000];

    fn fold<A: Aggregate>(events: Vec<DomainEvent<A::Event>>) -> Option<A> {
        events.into_iter().try_fold(None, |aggregate, event| event.mutate(aggregate)).ok().flatten()
    }

    #[divan::bench(args = EVENTS)]
    fn plain(bencher: Bencher<'_, '_>, events: u64) {
        bencher.bench(|| {
            let mut world = PlainWorld { history: Vec::new() };
            (1..events).for_each(|_| world.make_it_so(black_box(WHAT)));
            world
        });
    }

    #[divan::bench(args = EVENTS)]
    fn by_hand(bencher: Bencher<'_, '_>, events: u64) {
        let make = || {
            let mut world = by_hand::World::new("Earth");
            (1..events).for_each(|_| world.make_it_so(WHAT));
            world.collect_events()
        };
        bencher.with_inputs(make).bench_values(fold::<by_hand::World>);
    }

    #[divan::bench(args = EVENTS)]
    fn by_macro(bencher: Bencher<'_, '_>, events: u64) {
        let make = || {
            let mut world = by_macro::World::new("Earth");
            (1..events).for_each(|_| world.make_it_so(WHAT));
            world.collect_events()
        };
        bencher.with_inputs(make).bench_values(fold::<by_macro::World>);
    }
}
