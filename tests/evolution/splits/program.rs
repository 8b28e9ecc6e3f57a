//! A program before and after an event was split.
#![allow(dead_code, reason = "some of these events are only read")]

/// A relocation is one event.
pub(crate) mod before {
    use eventsourcing::prelude::*;

    #[aggregate]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct World {
        pub(crate) name: String,
        pub(crate) places: Vec<String>,
    }

    #[aggregate]
    impl World {
        #[event("Started")]
        pub(crate) fn new(name: &str) -> Self {
            Self { name: name.to_owned(), places: Vec::new() }
        }

        #[event("Moved")]
        pub(crate) fn go(&mut self, place: &str) {
            self.places.push(place.to_owned());
        }

        #[event("Relocated")]
        pub(crate) fn relocate(&mut self, place: &str, name: &str) {
            self.places.push(place.to_owned());
            self.name = name.to_owned();
        }
    }
}

/// A relocation is a move and a renaming, each of which happens alone too.
pub(crate) mod after {
    use eventsourcing::prelude::*;
    use eventsourcing::{EventStruct, SplitTopic};
    use serde::{Deserialize, Serialize};

    #[aggregate]
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(crate) struct World {
        pub(crate) name: String,
        /// What happened, in order.
        pub(crate) history: Vec<String>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Painted {
        pub(crate) colour: String,
    }

    impl EventStruct for Painted {
        const TOPIC: &'static str = "World.Painted";
        const SPLITS: &'static [SplitTopic] =
            &[SplitTopic::of::<WorldEvent>("World.Founded"), SplitTopic::of::<WorldEvent>("World.Settled")];
    }

    #[derive(Deserialize)]
    pub(crate) struct BurntV1 {
        place: String,
    }

    fn burnt_v1(old: BurntV1) -> WorldBurnt {
        WorldBurnt { place: old.place, by: String::new() }
    }

    #[aggregate(snapshots, derive(PartialEq))]
    impl World {
        #[event("Started")]
        pub(crate) fn new(name: &str) -> Self {
            Self { name: name.to_owned(), history: Vec::new() }
        }

        #[event("Moved")]
        pub(crate) fn go(&mut self, place: &str) {
            self.history.push(format!("to {place}"));
        }

        #[event("Renamed")]
        pub(crate) fn rename(&mut self, name: &str) {
            self.history.push(format!("{} is {name}", self.name));
            self.name = name.to_owned();
        }

        #[event(struct = Painted)]
        pub(crate) fn paint(&mut self, colour: &str) {
            self.history.push(colour.to_owned());
        }

        /// Recorded until 2026.
        #[event("Relocated", split)]
        fn relocated(place: String, name: &str) -> (WorldMoved, WorldRenamed) {
            (WorldMoved { place }, WorldRenamed { name: name.to_owned() })
        }

        /// It founded a world, and settled in one that there was.
        #[event("Founded", split, was = ["World.Settled"])]
        fn founded(name: Option<&str>, places: &[String], #[serde(default)] colour: &str) -> Vec<WorldEvent> {
            let mut parts: Vec<WorldEvent> = Vec::new();
            parts.extend(name.map(|name| WorldEvent::Started(WorldStarted { name: name.to_owned() })));
            parts.extend(places.iter().map(|place| WorldEvent::Moved(WorldMoved { place: place.clone() })));
            if !colour.is_empty() {
                parts.push(WorldEvent::Painted(Painted { colour: colour.to_owned() }));
            }
            parts
        }

        #[event("Burnt", version = 2, upcasts = [burnt_v1], split)]
        fn burnt(place: &str, by: &str) -> std::result::Result<(WorldMoved, WorldMoved, WorldRenamed), String> {
            if place.is_empty() {
                return Err("it burnt nowhere".to_owned());
            }
            let to = |place: &str| WorldMoved { place: place.to_owned() };
            assert!(by != "a volcano", "volcanoes are not expected");
            Ok((to(place), to("ashes"), WorldRenamed { name: format!("burnt by {by}") }))
        }
    }
}
