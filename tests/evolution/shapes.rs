//! Shapes: an event of any version is read in the newest one.

#[cfg(feature = "zstd")]
use eventsourcing::codec::compressor::ZstdCompressor;
use eventsourcing::domain::{StateError, StateReader};
use eventsourcing::prelude::*;
use eventsourcing::{Mapper, MemoryViews, ProjectionRunner};

use super::common::PATIENCE;
use super::{Store, first, in_each_database, second, third};

in_each_database! {
    events_of_each_version_are_read_in_the_newest_shape
    retired_events_count_and_do_nothing
    a_history_leaves_out_retired_events_and_counts_them
}

async fn events_of_each_version_are_read_in_the_newest_shape(store: Store) {
    let mut worlds = (first::World::new("Earth"), second::World::new("Mars"), third::World::new("Jupiter", 95));
    worlds.0.make_it_so("dinosaurs");
    worlds.2.make_it_so("a storm", "Jove");
    let ids = [worlds.0.id(), worlds.1.id(), worlds.2.id()];
    store.program().await.save(&mut worlds.0).await.unwrap();
    store.program().await.save(&mut worlds.1).await.unwrap();
    store.program().await.save(&mut worlds.2).await.unwrap();

    let newest = store.program().await;
    let mut found = Vec::new();
    for id in ids {
        let world: third::World = newest.repository().get(id).await.unwrap();
        found.push((world.name.clone(), world.moons, world.history.clone(), world.version()));
    }
    let happened = |what: &str, by: &str| vec![(what.to_owned(), by.to_owned())];
    assert_eq!(
        found,
        [
            ("Earth".to_owned(), 1, happened("dinosaurs", ""), 2),
            ("Mars".to_owned(), 1, Vec::new(), 1),
            ("Jupiter".to_owned(), 95, happened("a storm", "Jove"), 2),
        ]
    );
}

async fn retired_events_count_and_do_nothing(store: Store) {
    let mut world = first::World::new("Mars");
    world.paint("red");
    world.make_it_so("rovers");
    world.paint("rust");
    let id = world.id();
    store.program().await.save(&mut world).await.unwrap();

    let newest = store.program().await;
    let mut found: third::World = newest.repository().get(id).await.unwrap();
    assert_eq!((found.version(), found.modified_on()), (4, world.modified_on()));
    assert_eq!(found.history, [("rovers".to_owned(), String::new())]);
    assert_eq!(newest.repository().get_at::<third::World>(id, 2).await.unwrap().version(), 2);
    found.make_it_so("people", "us");
    newest.save(&mut found).await.unwrap();
    assert_eq!(newest.repository().get::<third::World>(id).await.unwrap(), found);
    assert_eq!(found.version(), 5);
}

async fn a_history_leaves_out_retired_events_and_counts_them(store: Store) {
    let mut world = first::World::new("Mars");
    world.paint("red");
    world.make_it_so("rovers");
    world.paint("rust");
    store.program().await.save(&mut world).await.unwrap();

    let newest = store.program().await;
    for page_size in 1..6 {
        let mut history = newest.repository().history::<third::World>(world.id()).page_size(page_size);
        let mut found = Vec::new();
        while let Some(version) = history.try_next().await.unwrap() {
            found.push((version.event.event.topic(), version.state.version()));
        }
        assert_eq!(found, [("World.Started", 1), ("World.Happened", 3)], "{page_size}");
    }
    let after = newest.repository().history::<third::World>(world.id()).after(2).try_next().await.unwrap().unwrap();
    assert_eq!((after.state.version(), after.state.history.len()), (3, 1));
}

#[tokio::test]
async fn the_version_of_a_shape_is_recorded_from_the_second_on() {
    let store = Store::in_memory();
    let mut worlds = (first::World::new("Earth"), second::World::new("Mars"), third::World::new("Jupiter", 95));
    let program = store.program().await;
    program.save(&mut worlds.0).await.unwrap();
    store.program().await.save(&mut worlds.1).await.unwrap();
    store.program().await.save(&mut worlds.2).await.unwrap();
    let rest = async |id| store.states(id).await[0].split_once(',').unwrap().1.to_owned();
    assert_eq!(rest(worlds.0.id()).await, r#""title":"Earth"}"#);
    assert_eq!(rest(worlds.1.id()).await, r#""class_version":2,"name":"Mars"}"#);
    assert_eq!(rest(worlds.2.id()).await, r#""class_version":3,"name":"Jupiter","moons":95}"#);
}

/// Steps of every kind, one after the other.
mod mixed {
    #![allow(dead_code, reason = "these events are only read")]

    use std::num::ParseIntError;

    use eventsourcing::prelude::*;
    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};

    #[derive(Deserialize)]
    struct V1 {
        text: String,
    }
    #[derive(Serialize)]
    struct V2 {
        number: i64,
    }
    #[derive(Deserialize, Serialize)]
    struct V4 {
        number: i64,
        unit: String,
    }

    fn parsed(old: V1) -> std::result::Result<V2, ParseIntError> {
        Ok(V2 { number: old.text.parse()? })
    }
    fn with_unit(mut old: Value) -> Value {
        old["units"] = json!("m");
        old
    }
    fn renamed(mut old: Value) -> Value {
        old["unit"] = old["units"].take();
        old
    }
    fn doubled(old: V4) -> V4 {
        V4 { number: old.number * 2, unit: old.unit }
    }
    fn checked(old: V4) -> std::result::Result<Value, String> {
        if old.number < 0 { Err("negative".to_owned()) } else { Ok(json!({ "number": old.number, "unit": old.unit })) }
    }

    /// The struct of the event, which the aggregate does not generate.
    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub(crate) struct Measured {
        pub(crate) number: i64,
        unit: String,
    }

    #[aggregate]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct Length {
        pub(crate) number: i64,
        pub(crate) unit: String,
    }

    #[aggregate]
    impl Length {
        #[event(struct = Measured, version = 6, upcasts = [parsed, with_unit, renamed, doubled, checked])]
        pub(crate) fn measure(number: i64, unit: &str) -> Self {
            Self { number, unit: unit.to_owned() }
        }
    }
}

#[tokio::test]
async fn typed_steps_and_steps_on_json_follow_each_other() {
    let store = Store::in_memory();
    let shapes = [
        r#","text":"4""#,
        r#","class_version":2,"number":4"#,
        r#","class_version":3,"number":4,"units":"m""#,
        r#","class_version":4,"number":4,"unit":"m""#,
        r#","class_version":5,"number":8,"unit":"m""#,
        r#","class_version":6,"number":8,"unit":"m""#,
        // as another program may write it
        r#","number":8,"unit":"m","class_version":6"#,
        r#","number":8,"class\u005fversion":5,"unit":"m""#,
    ];
    for shape in shapes {
        let id = Uuid::new_v4();
        store.insert(id, 1, "Length.Measured", shape).await;
        let length: mixed::Length = store.program().await.repository().get(id).await.unwrap();
        assert_eq!((length.number, length.unit.as_str()), (8, "m"), "{shape}");
    }
}

/// Handlers of a struct of one's own need an impl, which reads the enum that knows the steps.
impl eventsourcing::EventStruct for mixed::Measured {
    const TOPIC: &'static str = "Length.Measured";

    fn read(topic: &str, state: &mut StateReader<'_>) -> std::result::Result<Self, StateError> {
        let mixed::LengthEvent::Measured(event) = mixed::LengthEvent::read(topic, state)?;
        Ok(event)
    }
}

struct Lengths;

#[projection("lengths")]
impl Lengths {
    #[on]
    async fn measured(&self, event: &mixed::Measured, lengths: &mut Vec<i64>) -> Result<()> {
        lengths.push(event.number);
        Ok(())
    }
}

#[tokio::test]
async fn a_handler_of_an_own_struct_gets_the_newest_shape() {
    let store = Store::in_memory();
    for shape in [r#","text":"4""#, r#","class_version":6,"number":9,"unit":"m""#] {
        store.insert(Uuid::new_v4(), 1, "Length.Measured", shape).await;
    }
    let views = MemoryViews::<Vec<i64>>::new(Vec::new());
    let runner = ProjectionRunner::start(&store.program().await, Lengths, views.clone()).await.unwrap();
    runner.wait_for(2, PATIENCE).await.unwrap();
    assert_eq!(views.read(Clone::clone), [8, 9]);
    runner.stop().await.unwrap();
}

#[cfg(feature = "zstd")]
#[tokio::test]
async fn the_first_dictionary_is_made_of_the_shapes_that_are_recorded() {
    let mapper = Mapper::new("Universe").with_compressor(ZstdCompressor::default());
    let universe = Application::builder("Universe").mapper(mapper).aggregate::<third::World>().open().unwrap();
    universe.prepare_dictionaries().await.unwrap();
    let stored = universe.recorder().select_dictionaries(0).await.unwrap();
    let dictionary = String::from_utf8_lossy(&stored[0].bytes).into_owned();
    assert!(dictionary.contains(r#","class_version":3,"name":"#), "{dictionary}");
    assert!(!dictionary.contains("title"), "{dictionary}");
}

#[tokio::test]
async fn the_words_class_version_in_a_value_are_no_version() {
    let store = Store::in_memory();
    for title in ["class_version", r#"\"class_version\":9,"#, r"\u0063lass"] {
        let id = Uuid::new_v4();
        store.insert(id, 1, "World.Started", &format!(r#","title":"{title}""#)).await;
        let world: third::World = store.program().await.repository().get(id).await.unwrap();
        assert_eq!(world.moons, 1, "{title}");
    }
}
