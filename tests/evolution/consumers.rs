//! Consumers: handlers of projections and policies, and subscriptions, get the events of each version in the newest shape.

use std::time::Duration;

use eventsourcing::prelude::*;
use eventsourcing::{MemoryViews, OnFailure, Projection as _, ProjectionRunner};
use tokio::time::timeout;

use super::common::PATIENCE;
use super::third::{WorldEvent, WorldHappened, WorldStarted};
use super::{Store, first, in_each_database, second, third};

in_each_database! {
    subscriptions_get_events_of_each_version_in_the_newest_shape
    projections_get_events_of_each_version_in_the_newest_shape
    policies_get_events_of_each_version_in_the_newest_shape
}

/// Records worlds with each version of the program: `World.Started` in three shapes, and `World.Happened` under two names.
async fn recorded(store: &Store) -> u64 {
    let mut worlds = (first::World::new("Earth"), second::World::new("Mars"), third::World::new("Jupiter", 95));
    worlds.0.make_it_so("dinosaurs");
    worlds.0.paint("blue");
    worlds.1.make_it_so("rovers");
    worlds.2.make_it_so("a storm", "Jove");
    store.program().await.save(&mut worlds.0).await.unwrap();
    store.program().await.save(&mut worlds.1).await.unwrap();
    store.program().await.save(&mut worlds.2).await.unwrap().last().unwrap().id
}

const SEEN: [&str; 6] = [
    "1 Earth has 1 moons",
    "2 dinosaurs by ",
    "4 Mars has 1 moons",
    "5 rovers by ",
    "6 Jupiter has 95 moons",
    "7 a storm by Jove",
];

async fn subscriptions_get_events_of_each_version_in_the_newest_shape(store: Store) {
    let last = recorded(&store).await;
    let mut events = store.program().await.subscribe(0).events::<WorldEvent>();
    let mut seen = Vec::new();
    while seen.len() < SEEN.len() {
        let followed = timeout(PATIENCE, events.try_next()).await.expect("events are missing").unwrap().unwrap();
        let position = followed.tracking.position;
        seen.push(match followed.item.event {
            WorldEvent::Started(event) => format!("{position} {} has {} moons", event.name, event.moons),
            WorldEvent::Happened(event) => format!("{position} {} by {}", event.what, event.by),
        });
        assert!(position <= last);
    }
    assert_eq!(seen, SEEN);
}

struct Seen;

#[projection("seen")]
impl Seen {
    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, seen: &mut Vec<String>) -> Result<()> {
        seen.push(format!("{} {} has {} moons", context.notification_id, event.name, event.moons));
        Ok(())
    }

    #[on]
    async fn happened(&self, events: &[EventEnvelope<WorldHappened>], seen: &mut Vec<String>) -> Result<()> {
        let shown = |happened: &EventEnvelope<WorldHappened>| {
            format!("{} {} by {}", happened.context.notification_id, happened.event.what, happened.event.by)
        };
        seen.extend(events.iter().map(shown));
        Ok(())
    }
}

async fn projections_get_events_of_each_version_in_the_newest_shape(store: Store) {
    let last = recorded(&store).await;
    assert_eq!(Seen::TOPICS, ["World.Started", "World.Happened", "World.SomethingHappened"]);
    let views = MemoryViews::<Vec<String>>::new(Vec::new());
    let runner = ProjectionRunner::start(&store.program().await, Seen, views.clone()).await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(views.read(Clone::clone), SEEN);
    runner.stop().await.unwrap();
}

#[application]
struct Almanac;

#[policy]
impl Almanac {
    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        let mut page = third::World::new(&format!("{} of {}", event.name, event.moons), 0);
        page.make_it_so("page", &context.originator_id.to_string());
        work.save(&mut page)
    }
}

async fn policies_get_events_of_each_version_in_the_newest_shape(store: Store) {
    let last = recorded(&store).await;
    let almanac = Almanac::from(Application::builder("Almanac").open().unwrap());
    let runner = almanac.follow(&store.program().await).start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    let names = ["Earth of 1", "Mars of 1", "Jupiter of 95"];
    let mut pages = almanac.subscribe(0).events::<WorldEvent>();
    for name in names {
        let page = timeout(PATIENCE, pages.try_next()).await.expect("pages are missing").unwrap().unwrap();
        assert!(matches!(page.item.event, WorldEvent::Started(event) if event.name == name));
        timeout(PATIENCE, pages.try_next()).await.expect("pages are missing").unwrap();
    }
    runner.stop().await.unwrap();
}

/// A program whose step fails on the first shape, until it is corrected.
mod broken {
    #![allow(dead_code, reason = "some of these events are only read")]

    use std::sync::atomic::{AtomicBool, Ordering};

    use eventsourcing::prelude::*;
    use serde::Deserialize;

    pub(crate) static IS_CORRECTED: AtomicBool = AtomicBool::new(false);

    #[derive(Deserialize)]
    pub(crate) struct StartedV1 {
        title: String,
    }

    fn started_v1(old: StartedV1) -> std::result::Result<WorldStarted, &'static str> {
        if IS_CORRECTED.load(Ordering::SeqCst) { Ok(WorldStarted { name: old.title }) } else { Err("not yet") }
    }

    #[aggregate]
    #[derive(Clone, Debug)]
    pub(crate) struct World {
        pub(crate) name: String,
    }

    #[aggregate]
    impl World {
        #[event("Started", version = 2, upcasts = [started_v1])]
        pub(crate) fn new(name: &str) -> Self {
            Self { name: name.to_owned() }
        }
    }
}

struct Names;

#[projection("names")]
impl Names {
    #[on]
    async fn started(&self, event: &broken::WorldStarted, names: &mut Vec<String>) -> Result<()> {
        names.push(event.name.clone());
        Ok(())
    }
}

#[tokio::test]
async fn consumers_lose_nothing_by_a_step_that_fails() {
    let store = Store::in_memory();
    let mut worlds = ["Earth", "Mars"].map(first::World::new);
    let mut last = 0;
    for world in &mut worlds {
        last = store.program().await.save(world).await.unwrap()[0].id;
    }
    let program = store.program().await;
    let views = MemoryViews::<Vec<String>>::new(Vec::new());
    let runner = ProjectionRunner::start(&program, Names, views.clone()).await.unwrap();
    let error = runner.wait_for(last, PATIENCE).await.unwrap_err().to_string();
    let id = worlds[0].id();
    assert!(error.contains("`World.Started`") && error.contains(&id.to_string()), "{error}");
    assert!(error.contains("broken::started_v1` does not convert it: not yet"), "{error}");

    let parked = MemoryViews::<Vec<String>>::new(Vec::new());
    let parking = ProjectionRunner::builder(&program, Names, parked.clone())
        .on_failure(OnFailure::park(1, Duration::ZERO))
        .start();
    let parking = parking.await.unwrap();
    parking.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(parking.status().await.unwrap().dead_letters, 2);

    let mut subscription = program.subscribe(0).events::<broken::WorldEvent>();
    subscription.next().await.unwrap().unwrap_err();
    broken::IS_CORRECTED.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(subscription.try_next().await.unwrap().unwrap().tracking.position, 1);
    let again = ProjectionRunner::start(&program, Names, views.clone()).await.unwrap();
    again.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(views.read(Clone::clone), ["Earth", "Mars"]);
    parking.stop().await.unwrap();
}
