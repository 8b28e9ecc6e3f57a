//! Rolling deployments: for a while, programs of two versions use one database, and each reads what the other records.

use eventsourcing::Mapper;
use eventsourcing::codec::{MapperFailure, StateCheck};
use eventsourcing::domain::StateError;
use eventsourcing::prelude::*;

use super::{Store, in_each_database, second, third};

in_each_database! {
    programs_of_two_versions_read_each_other_until_the_switch
}

/// The third version of the program as it is deployed first: it reads what it is going to write, and writes what the second version reads.
mod expanding {
    use eventsourcing::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Deserialize)]
    pub(crate) struct StartedV1 {
        title: String,
    }

    #[derive(Deserialize, Serialize)]
    pub(crate) struct StartedV2 {
        name: String,
    }

    fn started_v1(old: StartedV1) -> StartedV2 {
        StartedV2 { name: old.title }
    }

    fn started_v2(old: StartedV2) -> WorldStarted {
        WorldStarted { name: old.name, moons: 1 }
    }

    fn started_as_v2(event: &WorldStarted) -> StartedV2 {
        StartedV2 { name: event.name.clone() }
    }

    #[aggregate]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct World {
        pub(crate) name: String,
        pub(crate) moons: u32,
        pub(crate) history: Vec<String>,
    }

    #[aggregate(retired = ["World.Painted"])]
    impl World {
        #[event("Started", version = 3, upcasts = [started_v1, started_v2], downcast = started_as_v2)]
        pub(crate) fn new(name: &str, moons: u32) -> Self {
            Self { name: name.to_owned(), moons, history: Vec::new() }
        }

        // the third version adds a field, which this one is told to ignore
        #[event("Happened", topic = "World.SomethingHappened", was = ["World.Happened"], unknown_fields = ignore)]
        pub(crate) fn make_it_so(&mut self, what: &str) {
            self.history.push(what.to_owned());
        }
    }
}

async fn programs_of_two_versions_read_each_other_until_the_switch(store: Store) {
    let (old, new) = (store.program().await, store.program().await);

    // first, the new program beside the old one
    let mut of_old = second::World::new("Earth");
    of_old.make_it_so("dinosaurs");
    old.save(&mut of_old).await.unwrap();
    let mut of_new = expanding::World::new("Mars", 1);
    of_new.make_it_so("rovers");
    new.save(&mut of_new).await.unwrap();
    let [in_old, in_new] = [of_old.id(), of_new.id()];
    assert!(store.states(in_new).await[0].contains(r#""class_version":2,"name":"Mars"}"#));

    // each continues what the other began
    let mut found: expanding::World = new.repository().get(in_old).await.unwrap();
    found.make_it_so("people");
    new.save(&mut found).await.unwrap();
    let mut found: second::World = old.repository().get(in_new).await.unwrap();
    found.make_it_so("a base");
    old.save(&mut found).await.unwrap();
    assert_eq!(old.repository().get::<second::World>(in_old).await.unwrap().history, ["dinosaurs", "people"]);
    assert_eq!(new.repository().get::<expanding::World>(in_new).await.unwrap().history, ["rovers", "a base"]);

    // once no program of the second version runs, the switch: beside the program that is deployed already
    let switched = store.program().await;
    let mut jupiter = third::World::new("Jupiter", 95);
    jupiter.make_it_so("a storm", "Jove");
    switched.save(&mut jupiter).await.unwrap();
    let found: expanding::World = new.repository().get(jupiter.id()).await.unwrap();
    assert_eq!((found.moons, found.history), (95, vec!["a storm".to_owned()]));
    for id in [in_old, in_new] {
        assert_eq!(switched.repository().get::<third::World>(id).await.unwrap().history.len(), 2);
    }
    // too early, the old program would have said so
    let error = old.repository().get::<second::World>(jupiter.id()).await.unwrap_err().to_string();
    assert!(error.contains("deploy newer code, which knows version 3"), "{error}");
}

#[test]
fn an_event_in_its_previous_shape_is_read_back_and_one_in_its_newest_is_exact() {
    use eventsourcing::AggregateEvent as _;
    assert!(third::World::new("Mars", 1).pending_events()[0].event.is_exact());
    assert!(!expanding::World::new("Mars", 1).pending_events()[0].event.is_exact());
}

#[tokio::test]
async fn what_the_old_shape_cannot_hold_is_not_recorded_before_the_switch() {
    let store = Store::in_memory();
    let mut world = expanding::World::new("Jupiter", 95);
    let error = store.program().await.save(&mut world).await.unwrap_err();
    let Error::Mapper(failed) = &error else { panic!("{error:?}") };
    assert!(
        matches!(&failed.failure, MapperFailure::State(StateError::LostInDowncast(lost)) if lost.path == "$.moons")
    );
    assert!(
        error.to_string().contains(
            "the event is recorded in its previous shape, which loses a part of it: at `$.moons`, the event writes a number and its \
             copy writes another number; record such events after the switch, when `downcast` is removed"
        ),
        "{error}"
    );
    assert_eq!(world.pending_events().len(), 1);
    // it would be lost forever, so it is checked where nothing else is
    let unchecked = Application::builder("Universe").mapper(Mapper::new("Universe").with_state_check(StateCheck::Off));
    let error = unchecked.open().unwrap().save(&mut world).await.unwrap_err();
    assert!(error.to_string().contains("loses a part of it: at `$.moons`"), "{error}");
    assert!(store.states(world.id()).await.is_empty());
}
