//! Bodies that only look nondeterministic.

use eventsourcing::prelude::*;

use crate::fold;

mod dice {
    pub(super) mod rand {
        pub(crate) fn roll(seed: u64) -> u64 {
            seed % 6 + 1
        }
    }
}

struct Clock(u64);

impl Clock {
    fn now(&self) -> u64 {
        self.0
    }
}

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
struct Game {
    rand: u64,
    now: u64,
}

#[aggregate]
impl Game {
    #[event("Begun", id = Uuid::new_v4())]
    fn begin(rand: u64) -> Self {
        Self { rand, now: rand }
    }

    #[event("Rolled")]
    fn roll(&mut self, seed: u64, at: u64) {
        let rng = |seed| dice::rand::roll(seed);
        self.rand += self::dice::rand::roll(seed) + rng(seed) + self.rng();
        self.now = Clock(at).now();
    }

    #[event("Timed")]
    fn time(&mut self, at: Timestamp, id: Uuid) {
        assert!(at <= Timestamp::MAX && id == Uuid::from_u128(1), "{}", stringify!(self.clock));
        self.now += 1;
    }

    /// A plain method of an event's name with something behind it.
    fn roll_twice(&mut self, seed: u64) {
        self.roll(seed, 1);
        self.roll(seed, 2);
    }

    fn rng(&self) -> u64 {
        self.now
    }
}

#[test]
fn values_of_parameters_fields_and_own_types_are_equal_at_every_replay() {
    let mut game = Game::begin(1);
    game.roll_twice(5);
    game.time(Timestamp::now(), Uuid::from_u128(1));
    assert_eq!(fold(&game), game);
}
