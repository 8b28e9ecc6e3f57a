//! Aggregates that a snapshot would not restore: none is stored, and the error says what to do.

use std::collections::{HashMap, HashSet};

use eventsourcing::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Store, until};

/// An aggregate in several variants, all of which have the same events.
macro_rules! variant {
    ($variant:ident, [$($derives:ident),*], { $($fields:tt)* }, { $($block:tt)* }) => {
        mod $variant {
            #[allow(unused_imports, reason = "each variant uses a part of them")]
            use super::*;

            #[aggregate]
            #[derive(Clone, Serialize, Deserialize, $($derives),*)]
            pub(super) struct Thing {
                $($fields)*
            }

            // with its attribute, whose code has a `self` of its own otherwise
            $($block)*
        }
    };
}

variant!(skipping, [Debug], { #[serde(skip)] pub(super) count: u32 }, {
    #[aggregate(snapshot_every = 2)]
    impl Thing {
        #[event("Made")]
        pub(super) fn make() -> Self {
            Self { count: 0 }
        }

        #[event("Changed")]
        pub(super) fn change(&mut self, what: u32) {
            self.count += what;
        }
    }
});

variant!(keyed, [Debug], { counts: HashMap<(u32, u32), u32> }, {
    #[aggregate(snapshot_every = 2)]
    impl Thing {
        #[event("Made")]
        pub(super) fn make() -> Self {
            Self { counts: HashMap::new() }
        }

        #[event("Changed")]
        pub(super) fn change(&mut self, what: u32) {
            self.counts.insert((what, what), what);
        }
    }
});

variant!(lossy, [Debug], { #[serde(serialize_with = "halved")] count: u32 }, {
    #[aggregate(snapshot_every = 2)]
    impl Thing {
        #[event("Made")]
        pub(super) fn make() -> Self {
            Self { count: 0 }
        }

        #[event("Changed")]
        pub(super) fn change(&mut self, what: u32) {
            self.count += what;
        }
    }
});

variant!(one_way, [Debug], { #[serde(serialize_with = "as_text")] count: u32 }, {
    #[aggregate(snapshot_every = 2)]
    impl Thing {
        #[event("Made")]
        pub(super) fn make() -> Self {
            Self { count: 0 }
        }

        #[event("Changed")]
        pub(super) fn change(&mut self, what: u32) {
            self.count += what;
        }
    }
});

variant!(nested, [Debug], { count: Option<Option<u32>> }, {
    #[aggregate(snapshot_every = 2)]
    impl Thing {
        #[event("Made")]
        pub(super) fn make() -> Self {
            Self { count: Some(None) }
        }

        #[event("Changed")]
        pub(super) fn change(&mut self, what: u32) {
            self.count = if what == 0 { None } else { Some(None) };
        }
    }
});

variant!(unordered, [Debug, PartialEq], { seen: HashSet<u32>, counts: HashMap<u32, HashSet<String>>, rate: f64 }, {
    #[aggregate(snapshot_every = 2)]
    impl Thing {
        #[event("Made")]
        pub(super) fn make() -> Self {
            Self { seen: HashSet::new(), counts: HashMap::new(), rate: 0.1 }
        }

        #[event("Changed")]
        pub(super) fn change(&mut self, what: u32) {
            self.seen.extend(0..what);
            self.counts.entry(what).or_default().extend((0..what).map(|number| format!("{number}")));
            self.rate *= 1.1;
        }
    }
});

variant!(silent, [PartialEq], { count: u32 }, {
    #[aggregate(snapshot_every = 2)]
    impl Thing {
        #[event("Made")]
        pub(super) fn make() -> Self {
            Self { count: 0 }
        }

        #[event("Changed")]
        pub(super) fn change(&mut self, what: u32) {
            self.count += what;
        }
    }
});

fn halved<S: serde::Serializer>(count: &u32, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_u32(count / 2)
}

fn as_text<S: serde::Serializer>(count: &u32, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&count.to_string())
}

/// Returns why no snapshot of a variant can be taken, after its automatic snapshots have failed too.
macro_rules! refusal {
    ($variant:ident) => {{
        let store = Store::in_memory();
        let universe = store.program();
        let mut thing = $variant::Thing::make();
        thing.change(7);
        thing.change(8);
        universe.save(&mut thing).await.unwrap();
        until(&universe, |counts| counts.failed == 1).await;
        let error = universe.take_snapshot::<$variant::Thing>(thing.id()).await.unwrap_err();
        assert!(matches!(error, Error::SnapshotNotTaken { version: 3, .. }), "{error:?}");
        universe.repository().get::<$variant::Thing>(thing.id()).await.unwrap();
        assert_eq!((store.recorder.stored(), universe.snapshot_counts().taken), (vec![], 0));
        let text = error.to_string();
        let start = format!("no snapshot of Thing {} at version 3 was taken: it ", thing.id());
        text.strip_prefix(&start).unwrap_or_else(|| panic!("{text}")).to_owned()
    }};
}

#[tokio::test]
async fn a_field_that_serde_skips_is_no_snapshot() {
    assert!(refusal!(skipping).starts_with(
        "is deserialized as another state, with the same JSON but another `Debug` output: look for a field that serde skips"
    ));
    assert!(refusal!(nested).contains("another state"));
}

#[tokio::test]
async fn what_serde_does_not_restore_is_no_snapshot() {
    assert!(refusal!(keyed).starts_with("cannot be serialized ("));
    assert_eq!(
        refusal!(lossy),
        "is deserialized as another state: at `$.count`, the aggregate writes a number and its copy writes another number; \
         make its `Deserialize` restore what its `Serialize` writes"
    );
    let one_way = {
        let store = Store::in_memory();
        let universe = store.program();
        let mut thing = one_way::Thing::make();
        thing.change(98_765);
        universe.save(&mut thing).await.unwrap();
        universe.take_snapshot::<one_way::Thing>(thing.id()).await.unwrap_err().to_string()
    };
    assert!(one_way.contains("its state cannot be deserialized (") && !one_way.contains("98765"), "{one_way}");
}

#[tokio::test]
async fn loads_ask_for_no_snapshot_that_would_fail_again() {
    let store = Store::in_memory();
    let slow = store.builder().snapshot_when_slower_than(std::time::Duration::ZERO).open().unwrap();
    let mut thing = skipping::Thing::make();
    thing.change(7);
    slow.save(&mut thing).await.unwrap();
    until(&slow, |counts| counts.failed == 1).await;
    for _ in 0..10 {
        assert_eq!(slow.repository().get::<skipping::Thing>(thing.id()).await.unwrap().count, 7);
        tokio::task::yield_now().await;
    }
    assert_eq!(slow.snapshot_counts().failed, 1);
}

#[tokio::test]
async fn the_order_of_maps_and_sets_does_not_matter() {
    let store = Store::in_memory();
    let universe = store.program();
    let mut thing = unordered::Thing::make();
    (10..20).for_each(|what| thing.change(what));
    universe.save(&mut thing).await.unwrap();
    until(&universe, |counts| counts.taken == 1).await;
    for _ in 0..10 {
        assert!(universe.repository().get::<unordered::Thing>(thing.id()).await.unwrap() == thing);
    }
    assert_eq!((universe.snapshot_counts().used, universe.snapshot_counts().missed), (10, 0));
}

#[tokio::test]
async fn an_aggregate_need_not_be_debug() {
    let store = Store::in_memory();
    let universe = store.program();
    let mut thing = silent::Thing::make();
    thing.change(7);
    universe.save(&mut thing).await.unwrap();
    until(&universe, |counts| counts.taken == 1).await;
    assert!(universe.repository().get::<silent::Thing>(thing.id()).await.unwrap() == thing);
    assert_eq!(universe.snapshot_counts().used, 1);
}
