//! Fields that a program does not know: it says so instead of dropping them, unless it is told to.

use std::collections::BTreeMap;
use std::time::Duration;

use eventsourcing::codec::MapperFailure;
use eventsourcing::domain::StateError;
use eventsourcing::prelude::*;
use eventsourcing::{DeadLetters, MemoryViews, OnFailure, ProjectionRunner};

use super::common::PATIENCE;
use super::{Store, in_each_database};

in_each_database! {
    an_older_program_names_the_field_that_it_does_not_know
    an_older_program_that_is_told_to_drops_the_field
    a_field_that_is_not_written_until_it_is_used_is_no_problem
}

/// The program that is deployed.
mod older {
    #![allow(dead_code, reason = "some of these events are only read")]

    use eventsourcing::prelude::*;

    #[aggregate]
    #[derive(Clone, Debug, PartialEq)]
    pub(super) struct World {
        pub(super) name: String,
    }

    #[aggregate]
    impl World {
        #[event("Started")]
        pub(super) fn new() -> Self {
            Self { name: String::new() }
        }

        #[event("Renamed")]
        pub(super) fn rename(&mut self, #[serde(alias = "title")] name: &str) {
            self.name = name.to_owned();
        }

        #[event("Ended")]
        pub(super) fn end(&mut self) {
            self.name.clear();
        }
    }
}

/// The same program, which is told that newer ones may record more.
mod told {
    #![allow(dead_code, reason = "some of these events are only read")]

    use eventsourcing::prelude::*;

    #[aggregate]
    #[derive(Clone, Debug, PartialEq)]
    pub(super) struct World {
        pub(super) name: String,
    }

    #[aggregate(unknown_fields = ignore)]
    impl World {
        #[event("Started")]
        pub(super) fn new() -> Self {
            Self { name: String::new() }
        }

        #[event("Renamed")]
        pub(super) fn rename(&mut self, name: &str) {
            self.name = name.to_owned();
        }

        #[event("Ended", unknown_fields = refuse)]
        pub(super) fn end(&mut self) {
            self.name.clear();
        }
    }
}

/// The newer program, whose events have a field more.
mod newer {
    use eventsourcing::prelude::*;

    #[aggregate]
    #[derive(Clone, Debug, PartialEq)]
    pub(super) struct World {
        pub(super) name: String,
        pub(super) colour: String,
    }

    #[aggregate]
    impl World {
        #[event("Started")]
        pub(super) fn new() -> Self {
            Self { name: String::new(), colour: String::new() }
        }

        #[event("Renamed")]
        pub(super) fn rename(&mut self, name: &str, #[serde(default)] colour: &str) {
            self.name = name.to_owned();
            self.colour = colour.to_owned();
        }

        #[event("Ended")]
        pub(super) fn end(&mut self, #[serde(default, skip_serializing_if = "String::is_empty")] how: &str) {
            self.name = how.to_owned();
        }
    }
}

fn unknown_field(error: &Error) -> &str {
    match error {
        Error::Mapper(failed) => match &failed.failure {
            MapperFailure::State(StateError::UnknownField { field }) => field,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// Records a world that the newer program renamed.
async fn renamed(store: &Store) -> Uuid {
    let mut world = newer::World::new();
    world.rename("Mars", "red");
    store.program().await.save(&mut world).await.unwrap();
    world.id()
}

async fn an_older_program_names_the_field_that_it_does_not_know(store: Store) {
    let id = renamed(&store).await;
    let program = store.program().await;
    let error = program.repository().get::<older::World>(id).await.unwrap_err();
    assert_eq!(unknown_field(&error), "colour");
    assert_eq!(
        error.to_string(),
        format!(
            "the event `World.Renamed`, version 2 of {id}, cannot be read: it has the field `colour`, which this program does not know \
             and would drop; if newer code recorded it, deploy that code here too; if the field was removed from the event, give the \
             event a new `version` with a step from the shape that had it; `unknown_fields = ignore` on the `#[event]` drops such fields"
        )
    );
    assert!(!error.is_retryable());
    // what comes before is read, and newer code reads all of it
    assert_eq!(program.repository().get_at::<older::World>(id, 1).await.unwrap().version(), 1);
    let mut history = program.repository().history::<older::World>(id);
    assert_eq!(history.try_next().await.unwrap().unwrap().state.version(), 1);
    assert_eq!(unknown_field(&history.try_next().await.unwrap_err()), "colour");
    assert_eq!(store.program().await.repository().get::<newer::World>(id).await.unwrap().colour, "red");
}

async fn an_older_program_that_is_told_to_drops_the_field(store: Store) {
    let id = renamed(&store).await;
    let program = store.program().await;
    let mut world: told::World = program.repository().get(id).await.unwrap();
    assert_eq!((world.name.as_str(), world.version()), ("Mars", 2));
    world.rename("Ares");
    program.save(&mut world).await.unwrap();

    let newer = store.program().await;
    let mut world: newer::World = newer.repository().get(id).await.unwrap();
    assert_eq!((world.name.as_str(), world.colour.as_str()), ("Ares", ""));
    world.end("a flood");
    newer.save(&mut world).await.unwrap();
    // an event may say otherwise
    let error = store.program().await.repository().get::<told::World>(id).await.unwrap_err();
    assert_eq!(unknown_field(&error), "how");
}

async fn a_field_that_is_not_written_until_it_is_used_is_no_problem(store: Store) {
    let mut world = newer::World::new();
    world.end("");
    store.program().await.save(&mut world).await.unwrap();
    let world: older::World = store.program().await.repository().get(world.id()).await.unwrap();
    assert_eq!(world.version(), 2);
}

struct Names;

#[projection("names")]
impl Names {
    #[on]
    async fn renamed(&self, event: &older::WorldRenamed, names: &mut Vec<String>) -> Result<()> {
        names.push(event.name.clone());
        Ok(())
    }
}

#[tokio::test]
async fn a_handler_s_event_with_an_unknown_field_is_parked() {
    let store = Store::in_memory();
    renamed(&store).await;
    let mut world = older::World::new();
    world.rename("Earth");
    let program = store.program().await;
    let last = program.save(&mut world).await.unwrap().last().unwrap().id;
    let views = MemoryViews::<Vec<String>>::new(Vec::new());
    let runner = ProjectionRunner::builder(&program, Names, views.clone())
        .on_failure(OnFailure::park(1, Duration::ZERO))
        .start()
        .await
        .unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(runner.status().await.unwrap().dead_letters, 1);
    assert_eq!(views.read(Clone::clone), ["Earth"]);
    let letters = DeadLetters::new(&program, Names, views).list(0, 10).await.unwrap();
    let reason = letters[0].reason.as_deref().unwrap();
    assert!(reason.contains("it has the field `colour`"), "{reason}");
    runner.stop().await.unwrap();
}

#[tokio::test]
async fn a_key_that_may_be_data_is_not_shown() {
    let store = Store::in_memory();
    for (key, shown) in [
        ("colour", "colour"),
        ("first-name", "first-name"),
        ("ada@example.com", "*"),
        ("4111 1111", "*"),
        ("Zoë", "*"),
        ("", "*"),
        (&"x".repeat(65), "*"),
    ] {
        let id = Uuid::new_v4();
        store.insert(id, 1, "World.Started", &format!(r#","{key}":"hidden""#)).await;
        let error = store.program().await.repository().get::<older::World>(id).await.unwrap_err();
        assert_eq!(unknown_field(&error), shown);
        assert!(!format!("{error:?}").contains("hidden"), "{error:?}");
    }
    // an older name of the field is not unknown
    let id = Uuid::new_v4();
    store.insert(id, 1, "World.Started", "").await;
    store.insert(id, 2, "World.Renamed", r#","title":"Earth""#).await;
    assert_eq!(store.program().await.repository().get::<older::World>(id).await.unwrap().name, "Earth");
}

/// A program that removed the field `colour`, in three ways that read what was recorded.
mod removed {
    #![allow(dead_code, reason = "these events are only read")]

    use super::BTreeMap;
    use eventsourcing::prelude::*;
    use serde::{Deserialize, Serialize};
    use serde_json::Value;

    #[derive(Deserialize)]
    struct RenamedV1 {
        name: String,
    }

    fn renamed_v1(old: RenamedV1) -> WorldRenamed {
        WorldRenamed { name: old.name }
    }

    fn painted_v1(mut old: Value) -> Value {
        old["pigment"] = old["colour"].clone();
        old
    }

    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub(super) struct Seen {
        by: String,
    }

    #[aggregate]
    #[derive(Clone, Debug, PartialEq)]
    pub(super) struct World {
        pub(super) said: Vec<String>,
    }

    #[aggregate]
    impl World {
        #[event("Started")]
        pub(super) fn new(#[serde(flatten)] more: BTreeMap<String, u32>) -> Self {
            Self { said: more.into_keys().collect() }
        }

        #[event("Renamed", version = 2, upcasts = [renamed_v1])]
        pub(super) fn rename(&mut self, name: &str) {
            self.said.push(name.to_owned());
        }

        #[event("Painted", version = 2, upcasts = [painted_v1])]
        pub(super) fn paint(&mut self, pigment: &str) {
            self.said.push(pigment.to_owned());
        }

        #[event(struct = Seen)]
        pub(super) fn see(&mut self, by: &str) {
            self.said.push(by.to_owned());
        }
    }
}

#[tokio::test]
async fn a_removed_field_is_read_by_a_step_a_flattened_field_or_an_own_struct() {
    let store = Store::in_memory();
    let id = Uuid::new_v4();
    store.insert(id, 1, "World.Started", r#","moons":2"#).await;
    store.insert(id, 2, "World.Renamed", r#","name":"Mars","colour":"red""#).await;
    store.insert(id, 3, "World.Seen", r#","by":"Galileo","colour":"red""#).await;
    let world: removed::World = store.program().await.repository().get(id).await.unwrap();
    assert_eq!(world.said, ["moons", "Mars", "Galileo"]);
}

#[tokio::test]
async fn a_step_on_json_that_leaves_a_field_behind_is_told_which() {
    let store = Store::in_memory();
    let id = Uuid::new_v4();
    store.insert(id, 1, "World.Started", "").await;
    store.insert(id, 2, "World.Painted", r#","colour":"red""#).await;
    let error = store.program().await.repository().get::<removed::World>(id).await.unwrap_err();
    assert_eq!(unknown_field(&error), "colour");
}
