//! The events of a log change as those of any aggregate do.

use eventsourcing::prelude::*;

use super::{Register, Universe, in_each_database, worlds};

in_each_database! {
    old_shapes_and_names_are_read
    a_log_whose_events_are_retired_goes_on
}

mod newer {
    use super::*;

    #[derive(serde::Deserialize)]
    pub(super) struct AddedV1 {
        number: u64,
    }

    fn added_v1(old: AddedV1) -> RegistryWorldAdded {
        RegistryWorldAdded { number: old.number, name: format!("World {}", old.number) }
    }

    #[aggregate]
    #[derive(Clone, Debug)]
    pub(super) struct Registry {}

    #[aggregate(log, was = ["Register"])]
    impl Registry {
        #[event("WorldAdded", version = 2, upcasts = [added_v1])]
        pub(super) fn add(&mut self, number: u64, name: &str) {}

        #[event("WorldNamed")]
        #[expect(dead_code, reason = "this program only reads it")]
        pub(super) fn give_name(&mut self, name: &str) {}
    }
}

mod retired {
    use super::*;

    #[aggregate]
    #[derive(Clone, Debug)]
    pub(super) struct Register {}

    #[aggregate(log, retired = ["Register.WorldAdded"])]
    impl Register {
        #[event("WorldNamed")]
        pub(super) fn give_name(&mut self, name: &str) {}
    }
}

/// Records an event of each kind, by the program of before.
async fn recorded_before(universe: &Universe) {
    let mut register = Register::empty(worlds());
    register.add(7);
    register.give_name("Earth").unwrap();
    universe.save(&mut register).await.unwrap();
}

/// Another program on the same log.
fn newer(universe: &Universe) -> Application {
    Application::builder("Universe").recorder(universe.recorder().clone()).open().unwrap()
}

async fn old_shapes_and_names_are_read(universe: Universe) {
    recorded_before(&universe).await;
    let universe = newer(&universe);
    // the id of a name outlives the name of the type
    assert_eq!(newer::Registry::id_of("worlds"), worlds());
    let mut registry: newer::Registry = universe.repository().log(worlds()).await.unwrap();
    assert_eq!(registry.version(), 2);
    registry.add(8, "Mars");
    universe.save(&mut registry).await.unwrap();
    let events = universe.repository().events::<newer::Registry>(worlds()).page(10).await.unwrap();
    let names: Vec<_> = events
        .iter()
        .map(|event| match &event.event {
            newer::RegistryEvent::WorldAdded(added) => added.name.as_str(),
            newer::RegistryEvent::WorldNamed(named) => named.name.as_str(),
        })
        .collect();
    assert_eq!(names, ["World 7", "Earth", "Mars"]);
}

async fn a_log_whose_events_are_retired_goes_on(universe: Universe) {
    recorded_before(&universe).await;
    let universe = newer(&universe);
    let events = universe.repository().events::<retired::Register>(worlds()).page_size(1);
    let events: Vec<_> = events.try_collect().await.unwrap();
    assert_eq!(events.iter().map(|event| event.originator_version).collect::<Vec<_>>(), [2]);
    // a replay counts the first event, although it is retired
    let mut history = universe.repository().history::<retired::Register>(worlds());
    assert_eq!(history.try_next().await.unwrap().unwrap().state.version(), 2);
    let as_of = universe.repository().get_as_of::<retired::Register>(worlds(), Timestamp::MAX).await.unwrap();
    assert_eq!(as_of.version(), 2);
    let mut register: retired::Register = universe.repository().log(worlds()).await.unwrap();
    register.give_name("Mars");
    universe.save(&mut register).await.unwrap();
    assert_eq!(register.version(), 3);
}
