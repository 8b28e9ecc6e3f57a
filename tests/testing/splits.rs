//! Split events and events of a later version, as events that are recorded already.

use eventsourcing::prelude::*;
use eventsourcing::testing::{given, given_log, id};
use serde::Deserialize;

#[aggregate]
#[derive(Clone, Debug)]
struct World {
    name: String,
    history: Vec<String>,
}

#[derive(Deserialize)]
struct StartedV1 {
    title: String,
}

fn started_v1(old: StartedV1) -> WorldStarted {
    WorldStarted { name: old.title, moons: 0 }
}

#[derive(Deserialize)]
struct RelocatedV1 {
    place: String,
}

fn relocated_v1(old: RelocatedV1) -> WorldRelocated {
    WorldRelocated { place: old.place, name: "nameless".to_owned() }
}

#[aggregate]
impl World {
    #[event("Started", version = 2, upcasts = [started_v1])]
    fn new(name: &str, moons: u32) -> Self {
        Self { name: name.to_owned(), history: vec![format!("{moons} moons")] }
    }

    #[event("Moved")]
    fn go(&mut self, place: &str) {
        self.history.push(place.to_owned());
    }

    #[event("Renamed")]
    fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    #[event("Relocated", version = 2, upcasts = [relocated_v1], split)]
    fn relocated(place: String, name: String) -> (WorldMoved, WorldRenamed) {
        (WorldMoved { place }, WorldRenamed { name })
    }
}

fn started() -> WorldStarted {
    WorldStarted { name: "Earth".to_owned(), moons: 1 }
}

fn relocated(place: &str) -> WorldRelocated {
    WorldRelocated { place: place.to_owned(), name: "Ares".to_owned() }
}

#[test]
fn a_split_event_is_given_as_it_was_recorded() {
    given((started(), relocated("Mars")))
        .when(|world: &mut World| {
            world.go("Io");
            world.rename("Mars");
        })
        .then((WorldMoved { place: "Io".to_owned() }, WorldRenamed { name: "Mars".to_owned() }))
        .then_state(|world| {
            assert_eq!((world.version(), world.name.as_str()), (4, "Mars"));
            assert_eq!(world.history, ["1 moons", "Mars", "Io"]);
        });
}

#[test]
fn an_event_of_a_later_version_is_given_and_expected_in_that_version() {
    eventsourcing::testing::when_created(|| World::new("Earth", 1)).then(started());
}

/// Not idempotent for two parts of an event that have one version, if it looks at the version alone.
struct Places;

#[projection("places")]
impl Places {
    #[on]
    async fn moved(
        &self,
        event: &WorldMoved,
        context: &EventContext,
        seen: &mut Vec<(u64, u32, String)>,
    ) -> Result<()> {
        let entry = (context.originator_version, context.part, event.place.clone());
        if !seen.contains(&entry) {
            seen.push(entry);
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_projection_handles_the_parts_of_a_log_once_and_twice_alike() {
    let log = || given_log().of(id(1), (started(), relocated("Mars"), WorldMoved { place: "Io".to_owned() }));
    let places = |seen: &Vec<(u64, u32, String)>| {
        assert_eq!(*seen, [(2, 0, "Mars".to_owned()), (3, 0, "Io".to_owned())]);
    };
    log().when_projected(Places, MemoryViews::new(Vec::new())).await.then_view(places);
    log().then_idempotent(Places, MemoryViews::new(Vec::new())).await;
}
