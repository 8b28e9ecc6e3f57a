//! Split events that cannot be read or applied: the error says which event and which part it is, and the event stays as it is.

use eventsourcing::codec::MapperFailure;
use eventsourcing::domain::StateError;
use eventsourcing::prelude::*;
use eventsourcing::{AggregateError, ApplyError, MemoryViews, ProjectionRunner, RunnerError};

use super::Store;
use super::program::after::{World, WorldEvent, WorldMoved};
use crate::common::PATIENCE;

/// Records a world whose second event is this one.
async fn second(store: &Store, topic: &'static str, rest: &str) -> Uuid {
    let id = Uuid::new_v4();
    store.insert(id, 1, "World.Started", r#","name":"Earth""#).await;
    store.insert(id, 2, topic, rest).await;
    id
}

#[tokio::test]
async fn a_function_that_fails_is_an_error_of_the_event() {
    let store = Store::in_memory();
    for (rest, reason) in [
        (r#","class_version":2,"place":"","by":"fire""#, "it burnt nowhere"),
        (r#","class_version":2,"place":"Rome","by":"a volcano""#, "it panicked"),
    ] {
        let id = second(&store, "World.Burnt", rest).await;
        let error = store.program().await.repository().get::<World>(id).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the event `World.Burnt`, version 2 of {id}, cannot be read: it is split into other events, and \
                 `evolution::splits::program::after::World::burnt` does not return them: {reason}; \
                 correct the function, which must accept every recorded event"
            )
        );
        let Error::Mapper(failed) = error else { panic!("{error:?}") };
        assert!(matches!(failed.failure, MapperFailure::State(StateError::Split { .. })), "{failed:?}");
        // the versions before it are read
        assert_eq!(store.program().await.repository().get_at::<World>(id, 1).await.unwrap().name, "Earth");
    }
}

#[tokio::test]
async fn a_step_before_a_split_fails_as_any_step() {
    let store = Store::in_memory();
    let id = second(&store, "World.Burnt", r#","class_version":3,"place":"Rome""#).await;
    let error = store.program().await.repository().get::<World>(id).await.unwrap_err().to_string();
    assert!(error.contains("recorded with version 3 of its shape, and this program reads versions up to 2"), "{error}");
    let other = second(&store, "World.Relocated", r#","place":"Mars","name":"Ares","speed":9"#).await;
    let error = store.program().await.repository().get::<World>(other).await.unwrap_err().to_string();
    assert!(error.contains("it has the field `speed`, which this program does not know"), "{error}");
}

struct Places;

#[projection("places")]
impl Places {
    #[on]
    async fn moved(&self, event: &WorldMoved, places: &mut Vec<String>) -> Result<()> {
        places.push(event.place.clone());
        Ok(())
    }
}

#[tokio::test]
async fn a_consumer_stops_at_an_event_that_cannot_be_split_and_names_it() {
    let store = Store::in_memory();
    let id = second(&store, "World.Relocated", r#","place":"Mars","name":"Ares""#).await;
    store.insert(id, 3, "World.Burnt", r#","class_version":2,"place":"","by":"fire""#).await;
    let program = store.program().await;
    let views = MemoryViews::new(Vec::<String>::new());
    let runner = ProjectionRunner::start(&program, Places, views.clone()).await.unwrap();
    let error = runner.wait_for(3, PATIENCE).await.unwrap_err();
    let RunnerError::Handler { topic, notification_id: 3, originator_version: 3, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(topic, "World.Burnt");
    assert!(error.to_string().contains("it burnt nowhere"), "{error}");
    // the event before it is handled, once
    assert_eq!(views.read(Clone::clone), ["Mars"]);

    let mut events = program.subscribe(0).events::<WorldEvent>();
    for position in [1, 2] {
        assert_eq!(events.try_next().await.unwrap().unwrap().tracking.position, position);
    }
    let error = events.try_next().await.unwrap_err().to_string();
    assert!(error.contains("`World.Burnt`, version 3") && error.contains("it burnt nowhere"), "{error}");
}

#[tokio::test]
async fn a_part_that_creates_is_refused_behind_the_first_place() {
    let store = Store::in_memory();
    let id = second(&store, "World.Founded", r#","name":"Mars","places":["north"]"#).await;
    let error = store.program().await.repository().get::<World>(id).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the event `World.Founded` cannot be applied to the World {id}, because its part `World.Started` cannot: \
             it creates an aggregate, so it can only be the first event of one"
        )
    );
    let Error::Aggregate(failed) = error else { panic!("{error:?}") };
    assert!(matches!(failed, AggregateError::ApplyPart { reason: ApplyError::IsACreation, .. }), "{failed:?}");
}

#[tokio::test]
async fn a_first_event_whose_first_part_creates_nothing_is_an_error() {
    let store = Store::in_memory();
    let id = Uuid::new_v4();
    store.insert(id, 1, "World.Relocated", r#","place":"Mars","name":"Ares""#).await;
    let error = store.program().await.repository().get::<World>(id).await.unwrap_err().to_string();
    let said =
        "because its part `World.Moved` cannot: it does not create an aggregate, so it cannot be the first event";
    assert!(error.contains("the event `World.Relocated` cannot be applied") && error.contains(said), "{error}");

    let empty = Uuid::new_v4();
    store.insert(empty, 1, "World.Founded", r#","name":null,"places":[]"#).await;
    let error = store.program().await.repository().get::<World>(empty).await.unwrap_err();
    let said = "it was split into no event, and it is the first event of the aggregate, which would never be created";
    assert!(error.to_string().contains(said), "{error}");
}

/// The struct of a consumer that does not use the aggregate's own.
mod foreign {
    use eventsourcing::{EventStruct, SplitTopic};
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(crate) struct Moved {
        pub(crate) place: String,
    }

    impl EventStruct for Moved {
        const TOPIC: &'static str = "World.Moved";
        const SPLITS: &'static [SplitTopic] = &[SplitTopic::of::<super::WorldEvent>("World.Relocated")];
    }
}

struct Elsewhere;

#[projection("elsewhere")]
impl Elsewhere {
    #[on]
    async fn moved(&self, event: &foreign::Moved, places: &mut Vec<String>) -> Result<()> {
        places.push(event.place.clone());
        Ok(())
    }
}

#[tokio::test]
async fn a_handler_of_another_struct_is_told_which_one_the_part_is() {
    let store = Store::in_memory();
    let id = second(&store, "World.Moved", r#","place":"Io""#).await;
    store.insert(id, 3, "World.Relocated", r#","place":"Mars","name":"Ares""#).await;
    let views = MemoryViews::new(Vec::<String>::new());
    let runner = ProjectionRunner::start(&store.program().await, Elsewhere, views.clone()).await.unwrap();
    let error = runner.wait_for(3, PATIENCE).await.unwrap_err().to_string();
    assert!(
        error.contains("its part is a `evolution::splits::program::after::WorldMoved`, but the handler"),
        "{error}"
    );
    assert_eq!(views.read(Clone::clone), ["Io"]);
}
