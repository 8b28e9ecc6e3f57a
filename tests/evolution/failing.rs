//! What a program does with an event that it cannot read: it says why, and the event stays as it is.

use eventsourcing::codec::MapperFailure;
use eventsourcing::domain::StateError;
use eventsourcing::prelude::*;
use serde::Deserialize;

use super::{Store, first, second, third};

#[tokio::test]
async fn an_event_of_a_newer_version_says_to_deploy_newer_code() {
    let store = Store::in_memory();
    let mut world = third::World::new("Earth", 1);
    store.program().await.save(&mut world).await.unwrap();
    let id = world.id();
    let read = async |version: u64, known: u32, error: Error| {
        let Error::Mapper(failed) = &error else { panic!("{error:?}") };
        assert_eq!(failed.failure, MapperFailure::State(StateError::NewerVersion { found: version, known }));
        error.to_string()
    };
    let of_second = store.program().await.repository().get::<second::World>(id).await.unwrap_err();
    assert_eq!(
        read(3, 2, of_second).await,
        format!(
            "the event `World.Started`, version 1 of {id}, cannot be read: it was recorded with version 3 of its shape, \
             and this program reads versions up to 2; deploy newer code, which knows version 3"
        )
    );
    // its shape does not match at all, and the version is the reason
    let of_first = store.program().await.repository().get::<first::World>(id).await.unwrap_err();
    assert!(read(3, 1, of_first).await.contains("reads versions up to 1; deploy newer code"));

    let other = Uuid::new_v4();
    store.insert(other, 1, "World.Started", r#","name":"x","moons":1,"class_version":18446744073709551615"#).await;
    let of_third = store.program().await.repository().get::<third::World>(other).await.unwrap_err();
    assert!(read(u64::MAX, 3, of_third).await.contains("version 18446744073709551615"));
}

#[tokio::test]
async fn a_version_that_is_no_number_from_1_is_refused() {
    let store = Store::in_memory();
    for version in ["0", "-1", "\"2\"", "2.5", "1e3", "null", "18446744073709551616"] {
        let id = Uuid::new_v4();
        store.insert(id, 1, "World.Started", &format!(r#","class_version":{version},"name":"x","moons":1"#)).await;
        let error = store.program().await.repository().get::<third::World>(id).await.unwrap_err().to_string();
        assert!(error.contains("the `class_version` is not a number from 1"), "{version}: {error}");
    }
}

/// A program whose steps fail on some events.
mod hasty {
    #![allow(dead_code, reason = "some of these events are only read")]

    use super::Deserialize;
    use eventsourcing::prelude::*;

    #[derive(Deserialize)]
    pub(crate) struct StartedV1 {
        title: String,
    }
    #[derive(Deserialize)]
    pub(crate) struct StartedV2 {
        words: Vec<String>,
    }

    fn words(old: StartedV1) -> std::result::Result<StartedV2, String> {
        if old.title.is_empty() {
            return Err("a title has at least one word".to_owned());
        }
        Ok(StartedV2 { words: old.title.split(' ').map(ToOwned::to_owned).collect() })
    }

    fn second_word(old: StartedV2) -> WorldStarted {
        WorldStarted { name: old.words[1].clone() }
    }

    #[aggregate]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct World {
        pub(crate) name: String,
    }

    #[aggregate]
    impl World {
        #[event("Started", version = 3, upcasts = [words, second_word])]
        pub(crate) fn new(name: &str) -> Self {
            Self { name: name.to_owned() }
        }
    }
}

#[tokio::test]
async fn a_step_that_fails_or_panics_is_an_error_and_nothing_is_lost() {
    let store = Store::in_memory();
    let mut worlds = ["the Earth", "", "Mars"].map(first::World::new);
    for world in &mut worlds {
        store.program().await.save(world).await.unwrap();
    }
    let [earth, nameless, mars] = worlds.each_ref().map(Aggregate::id);
    let hasty = store.program().await;
    assert_eq!(hasty.repository().get::<hasty::World>(earth).await.unwrap().name, "Earth");
    let failed = hasty.repository().get::<hasty::World>(nameless).await.unwrap_err();
    assert_eq!(
        failed.to_string(),
        format!(
            "the event `World.Started`, version 1 of {nameless}, cannot be read: it was recorded with version 1 of its shape, \
             and the step `evolution::failing::hasty::words` does not convert it: a title has at least one word; \
             correct the step, which must accept every recorded event"
        )
    );
    let panicked = hasty.repository().get::<hasty::World>(mars).await.unwrap_err();
    assert_eq!(
        panicked.to_string(),
        format!(
            "the event `World.Started`, version 1 of {mars}, cannot be read: it was recorded with version 1 of its shape, \
             and the step `evolution::failing::hasty::second_word` does not convert it: it panicked; \
             correct the step, which must accept every recorded event"
        )
    );
    // the events are as they were
    for (id, name) in [(earth, "the Earth"), (nameless, ""), (mars, "Mars")] {
        assert_eq!(store.program().await.repository().get::<third::World>(id).await.unwrap().name, name);
    }
}

#[tokio::test]
async fn an_old_shape_that_does_not_match_names_the_field() {
    let store = Store::in_memory();
    let id = Uuid::new_v4();
    store.insert(id, 1, "World.Started", r#","title":5"#).await;
    let error = store.program().await.repository().get::<third::World>(id).await.unwrap_err().to_string();
    assert!(error.contains("invalid type: integer, expected a string") && error.contains("`$.title`"), "{error}");
}

#[tokio::test]
async fn a_retired_event_that_created_an_aggregate_is_an_error_with_the_cure() {
    let store = Store::in_memory();
    let id = Uuid::new_v4();
    store.insert(id, 1, "World.Painted", r#","colour":"red""#).await;
    let error = store.program().await.repository().get::<third::World>(id).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the event `World.Painted` cannot be applied to the World {id}: it is retired, and it is the first event of the aggregate, \
             which would never be created; write `was = [\"…\"]` with its topic on the event that creates the aggregate now"
        )
    );
}

#[tokio::test]
async fn a_retired_event_that_is_decoded_all_the_same_says_that_it_is_retired() {
    let store = Store::in_memory();
    let id = Uuid::new_v4();
    store.insert(id, 1, "World.Painted", r#","colour":"red""#).await;
    let mut selected = store.program().await.subscribe(0).topics(["World.Painted"]).events::<third::WorldEvent>();
    let error = selected.next().await.unwrap().unwrap_err().to_string();
    assert!(error.contains("the event is retired, so it cannot be decoded"), "{error}");
}
