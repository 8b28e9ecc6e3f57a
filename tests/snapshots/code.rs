//! Code that changed: a snapshot is used by code that would have written it, and by no other.

use eventsourcing::prelude::*;

use super::{Store, in_each_database, until};

in_each_database! {
    another_body_does_not_use_the_snapshots_of_the_old_one
    another_field_does_not_use_the_snapshots_of_the_old_ones
    a_helper_of_the_block_and_a_retired_event_count_as_the_body
    comments_and_other_methods_keep_the_snapshots
    a_raised_version_keeps_no_snapshot
    a_part_that_the_fingerprint_does_not_show_is_noticed
    old_and_new_programs_each_use_their_own
}

/// A program in several versions: each defines the aggregate `Counter`, whose events are the same.
macro_rules! version {
    ($version:ident, { $($fields:tt)* }, { $($block:tt)* }) => {
        mod $version {
            #[allow(unused_imports, reason = "each version uses a part of them")]
            use super::{Tally, TallyOfNext};
            use eventsourcing::prelude::*;
            use serde::{Deserialize, Serialize};

            #[aggregate]
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            pub(super) struct Counter {
                $($fields)*
            }

            // with its attribute, whose code has a `self` of its own otherwise
            $($block)*

            /// A counter of ten events, as this version makes it.
            #[allow(dead_code, reason = "some versions only read")]
            pub(super) fn counted() -> Counter {
                let mut counter = Counter::new();
                (1..10).for_each(|by| counter.count(by));
                counter
            }
        }
    };
}

/// What is flattened into the first version of a counter.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
struct Tally {
    #[serde(default)]
    total: u64,
}

impl Tally {
    fn add(&mut self, by: u64) {
        self.total += by;
    }
}

/// The same with another name.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
struct TallyOfNext {
    #[serde(default)]
    sum: u64,
}

impl TallyOfNext {
    fn add(&mut self, by: u64) {
        self.sum += by;
    }
}

version!(first, { pub(super) total: u64 }, {
    #[aggregate(snapshot_every = 5)]
    impl Counter {
        #[event("Created")]
        pub(super) fn new() -> Self {
            Self { total: 0 }
        }

        #[event("Counted")]
        pub(super) fn count(&mut self, by: u64) {
            self.total += by;
        }
    }
});

version!(other_body, { pub(super) total: u64 }, {
    #[aggregate(snapshot_every = 5)]
    impl Counter {
        #[event("Created")]
        pub(super) fn new() -> Self {
            Self { total: 0 }
        }

        #[event("Counted")]
        pub(super) fn count(&mut self, by: u64) {
            self.total += by * 2;
        }
    }
});

version!(other_field, { pub(super) sum: u64 }, {
    #[aggregate(snapshot_every = 5)]
    impl Counter {
        #[event("Created")]
        pub(super) fn new() -> Self {
            Self { sum: 0 }
        }

        #[event("Counted")]
        pub(super) fn count(&mut self, by: u64) {
            self.sum += by;
        }
    }
});

version!(more_fields, { pub(super) total: u64, #[serde(default)] events: u64 }, {
    #[aggregate(snapshot_every = 5)]
    impl Counter {
        #[event("Created")]
        pub(super) fn new() -> Self {
            Self { total: 0, events: 0 }
        }

        #[event("Counted")]
        pub(super) fn count(&mut self, by: u64) {
            self.total += by;
            self.events += 1;
        }
    }
});

version!(with_helper, { pub(super) total: u64 }, {
    #[aggregate(snapshot_every = 5)]
    impl Counter {
        #[event("Created")]
        pub(super) fn new() -> Self {
            Self { total: 0 }
        }

        #[event("Counted")]
        pub(super) fn count(&mut self, by: u64) {
            self.total += Self::weigh(by);
        }

        fn weigh(by: u64) -> u64 {
            by
        }
    }
});

version!(other_helper, { pub(super) total: u64 }, {
    #[aggregate(snapshot_every = 5)]
    impl Counter {
        #[event("Created")]
        pub(super) fn new() -> Self {
            Self { total: 0 }
        }

        #[event("Counted")]
        pub(super) fn count(&mut self, by: u64) {
            self.total += Self::weigh(by);
        }

        fn weigh(by: u64) -> u64 {
            by * Self::WEIGHT
        }

        const WEIGHT: u64 = 3;
    }
});

version!(other_constant, { pub(super) total: u64 }, {
    #[aggregate(snapshot_every = 5)]
    impl Counter {
        #[event("Created")]
        pub(super) fn new() -> Self {
            Self { total: 0 }
        }

        #[event("Counted")]
        pub(super) fn count(&mut self, by: u64) {
            self.total += Self::weigh(by);
        }

        fn weigh(by: u64) -> u64 {
            by * Self::WEIGHT
        }

        const WEIGHT: u64 = 4;
    }
});

version!(retiring, { pub(super) total: u64 }, {
    #[aggregate(snapshot_every = 5, retired = ["Counter.Reset"])]
    impl Counter {
        #[event("Created")]
        pub(super) fn new() -> Self {
            Self { total: 0 }
        }

        #[event("Counted")]
        pub(super) fn count(&mut self, by: u64) {
            self.total += by;
        }
    }
});

version!(commented, {
    /// The sum.
    pub(super) total: u64
 }, {
    #[aggregate(snapshot_every = 7, derive(PartialEq))]
    impl Counter {
        #[event("Created")]
        pub(super) fn new() -> Self {
            Self { total: 0 }
        }

        /// Counts.
        #[event("Counted")]
        pub(super) fn count(&mut self, by: u64) {
            // adds
            self.total += by;
        }

        /// A method that no event method names.
        #[allow(dead_code, reason = "it is there to be another one")]
        pub(super) fn half(&self) -> u64 {
            self.total / 2
        }
    }
});

version!(raised, { pub(super) total: u64 }, {
    #[aggregate(snapshot_every = 5, snapshot_version = 2)]
    impl Counter {
        #[event("Created")]
        pub(super) fn new() -> Self {
            Self { total: 0 }
        }

        #[event("Counted")]
        pub(super) fn count(&mut self, by: u64) {
            self.total += by;
        }
    }
});

version!(flat, { #[serde(flatten)] pub(super) tally: Tally }, {
    #[aggregate(snapshot_every = 5)]
    impl Counter {
        #[event("Created")]
        pub(super) fn new() -> Self {
            Self { tally: std::default::Default::default() }
        }

        #[event("Counted")]
        pub(super) fn count(&mut self, by: u64) {
            self.tally.add(by);
        }
    }
});

version!(flat_next, { #[serde(flatten)] pub(super) tally: TallyOfNext }, {
    #[aggregate(snapshot_every = 5)]
    impl Counter {
        #[event("Created")]
        pub(super) fn new() -> Self {
            Self { tally: std::default::Default::default() }
        }

        #[event("Counted")]
        pub(super) fn count(&mut self, by: u64) {
            self.tally.add(by);
        }
    }
});

/// Records a counter of 1 + 9 events with one version of the program, and waits for its snapshot.
macro_rules! recorded {
    ($store:expr, $version:ident) => {{
        let program = $store.program();
        let mut counter = $version::counted();
        program.save(&mut counter).await.unwrap();
        until(&program, |counts| counts.taken == 1).await;
        (program, counter)
    }};
}

/// Asserts that the snapshots of one version are not used by another one, whose state is that of the events, and which takes its own.
macro_rules! assert_missed {
    ($store:expr, $old:ident, $new:ident) => {{
        let (_old, counter) = recorded!($store, $old);
        let (new, twin) = ($store.program(), $store.without_snapshots());
        let expected: $new::Counter = twin.repository().get(counter.id()).await.unwrap();
        for (missed, used) in [(1, 0), (1, 1)] {
            let found: $new::Counter = new.repository().get(counter.id()).await.unwrap();
            assert_eq!(found, expected);
            until(&new, |counts| counts.taken == 1).await;
            let counts = new.snapshot_counts();
            assert_eq!((counts.missed, counts.used, counts.failed), (missed, used, 0));
        }
    }};
}

/// Asserts that the snapshots of one version are used by another one.
macro_rules! assert_used {
    ($store:expr, $old:ident, $new:ident) => {{
        let (_old, counter) = recorded!($store, $old);
        let new = $store.program();
        let found: $new::Counter = new.repository().get(counter.id()).await.unwrap();
        assert_eq!((found.total, found.version()), (counter.total, 10));
        let counts = new.snapshot_counts();
        assert_eq!((counts.missed, counts.used), (0, 1));
    }};
}

async fn another_body_does_not_use_the_snapshots_of_the_old_one(store: Store) {
    assert_missed!(store, first, other_body);
    assert_missed!(store, other_body, first);
}

async fn another_field_does_not_use_the_snapshots_of_the_old_ones(store: Store) {
    assert_missed!(store, first, other_field);
    assert_missed!(store, first, more_fields);
    // newer code beside older one
    assert_missed!(store, more_fields, first);
}

async fn a_helper_of_the_block_and_a_retired_event_count_as_the_body(store: Store) {
    assert_missed!(store, with_helper, other_helper);
    assert_missed!(store, other_helper, other_constant);
    assert_missed!(store, first, retiring);
}

async fn comments_and_other_methods_keep_the_snapshots(store: Store) {
    assert_used!(store, first, commented);
}

async fn a_raised_version_keeps_no_snapshot(store: Store) {
    assert_missed!(store, first, raised);
}

/// The fields of a flattened struct are not part of the fingerprint, and a default hides that they are missing.
async fn a_part_that_the_fingerprint_does_not_show_is_noticed(store: Store) {
    let (_old, counter) = recorded!(store, flat);
    let new = store.program();
    let found: flat_next::Counter = new.repository().get(counter.id()).await.unwrap();
    assert_eq!((found.tally.sum, found.version()), (45, 10));
    until(&new, |counts| counts.taken == 1).await;
    assert_eq!(new.snapshot_counts().missed, 1);
    let fingerprints: Vec<u64> = store.recorder.stored().iter().map(|snapshot| snapshot.fingerprint).collect();
    assert_eq!(fingerprints[0], fingerprints[1], "the fingerprint shows it, and nothing is tested here");
}

async fn old_and_new_programs_each_use_their_own(store: Store) {
    let (old, counter) = recorded!(store, first);
    let (new, id) = (store.program(), counter.id());
    let mut expected = 45;
    for _ in 0..3 {
        let found: other_body::Counter = new.repository().get(id).await.unwrap();
        assert_eq!(found.total, 2 * expected);
        until(&new, |counts| counts.taken == 1).await;
        let mut found: first::Counter = old.repository().get(id).await.unwrap();
        assert_eq!(found.total, expected);
        let taken = old.snapshot_counts().taken;
        (0..5).for_each(|_| found.count(1));
        old.save(&mut found).await.unwrap();
        until(&old, |counts| counts.taken == taken + 1).await;
        expected += 5;
    }
    // the new program took one, from which all of its later loads started, although the old one has stored three since
    let (of_old, of_new) = (old.snapshot_counts(), new.snapshot_counts());
    assert_eq!((of_old.missed, of_old.used, of_old.taken), (0, 3, 4));
    assert_eq!((of_new.missed, of_new.used, of_new.taken), (1, 2, 1));
}
