//! Consumers: handlers get the parts as if each were recorded, and subscriptions get one item for each recorded event.

use eventsourcing::prelude::*;
use eventsourcing::{MemoryViews, Projection as _, ProjectionRunner};
use tokio::time::timeout;

use super::program::after::{Painted, World, WorldEvent, WorldMoved, WorldRenamed};
use super::{Store, recorded};
use crate::common::PATIENCE;
use crate::in_each_database;

in_each_database! {
    handlers_get_the_parts_in_their_order
    parts_that_no_handler_takes_are_left_out
    a_policy_handles_the_parts_in_one_unit_of_work
    a_subscription_has_one_item_for_each_recorded_event
    a_handler_of_many_events_gets_parts_of_several_events_at_once
}

/// What happened: the position, the version, the part and the event.
struct Diary;

#[projection("diary")]
impl Diary {
    #[on]
    async fn moved(&self, event: &WorldMoved, context: &EventContext, diary: &mut Vec<String>) -> Result<()> {
        let EventContext { notification_id, originator_version, part, .. } = context;
        diary.push(format!("{notification_id}/{originator_version}/{part} to {}", event.place));
        Ok(())
    }

    #[on]
    async fn renamed(&self, event: &WorldRenamed, diary: &mut Vec<String>) -> Result<()> {
        diary.push(format!("is {}", event.name));
        Ok(())
    }

    #[on]
    async fn painted(&self, event: &Painted, diary: &mut Vec<String>) -> Result<()> {
        diary.push(format!("is {}", event.colour));
        Ok(())
    }
}

#[test]
fn handled_topics_contain_those_of_split_events_once() {
    let topics = [
        "World.Moved",
        "World.Relocated",
        "World.Founded",
        "World.Settled",
        "World.Burnt",
        "World.Renamed",
        "World.Painted",
    ];
    assert_eq!(Diary::TOPICS, topics);
    assert_eq!(Names::TOPICS, ["World.Renamed", "World.Relocated", "World.Founded", "World.Settled", "World.Burnt"]);
}

/// Runs a projection in batches of this size until it has handled the log.
async fn handled<P, S>(program: &Application, projection: P, view: S, batch_size: usize) -> S
where
    P: eventsourcing::Projection<View = S>,
    S: Clone + Send + Sync + 'static,
{
    let views = MemoryViews::new(view);
    let runner = ProjectionRunner::builder(program, projection, views.clone()).batch_size(batch_size);
    let runner = runner.start().await.unwrap();
    let last = program.recorder().max_notification_id().await.unwrap().unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
    views.read(S::clone)
}

async fn handlers_get_the_parts_in_their_order(store: Store) {
    recorded(&store).await;
    let founded = r#","name":"Mars","places":["north","south"],"colour":"red""#;
    store.insert(Uuid::new_v4(), 1, "World.Settled", founded).await;
    let expected = [
        "2/2/0 to the Sun",
        "is Terra",
        "3/3/0 to Mars",
        "4/4/0 to Jupiter",
        "is Gaia",
        "5/1/1 to north",
        "5/1/2 to south",
        "is red",
    ];
    for batch_size in [1, 2, 100] {
        assert_eq!(handled(&store.program().await, Diary, Vec::new(), batch_size).await, expected);
    }
}

/// The names alone.
struct Names;

#[projection("names")]
impl Names {
    #[on]
    async fn renamed(&self, event: &WorldRenamed, context: &EventContext, names: &mut Vec<String>) -> Result<()> {
        names.push(format!("{} at {}/{}", event.name, context.notification_id, context.part));
        Ok(())
    }
}

async fn parts_that_no_handler_takes_are_left_out(store: Store) {
    recorded(&store).await;
    store.insert(Uuid::new_v4(), 1, "World.Founded", r#","name":"Mars","places":[]"#).await;
    let names = handled(&store.program().await, Names, Vec::new(), 100).await;
    assert_eq!(names, ["Terra at 2/1", "Gaia at 4/1"]);
}

#[application]
struct Atlas;

#[policy]
impl Atlas {
    #[on]
    async fn moved(&self, event: &WorldMoved, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut World::new(&format!("{}.{} {}", context.originator_version, context.part, event.place)))
    }

    #[on]
    async fn renamed(&self, event: &WorldRenamed, work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut World::new(&event.name))
    }
}

async fn a_policy_handles_the_parts_in_one_unit_of_work(store: Store) {
    recorded(&store).await;
    let program = store.program().await;
    let atlas = Atlas::from(Application::builder("Atlas").open().unwrap());
    let runner = atlas.follow(&program).start().await.unwrap();
    runner.wait_for(4, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
    let mut pages = atlas.subscribe(0).events::<WorldEvent>();
    for (expected, cause) in [("2.0 the Sun", 2), ("Terra", 2), ("3.0 Mars", 3), ("4.0 Jupiter", 4), ("Gaia", 4)] {
        let page = timeout(PATIENCE, pages.try_next()).await.expect("pages are missing").unwrap().unwrap();
        let WorldEvent::Started(event) = &page.item.event else { panic!("{page:?}") };
        assert_eq!(event.name, expected);
        assert_eq!(page.item.metadata().cause().unwrap().notification_id, cause);
    }
    assert_eq!(atlas.tracked_position(program.name()).await.unwrap(), 4);
}

async fn a_subscription_has_one_item_for_each_recorded_event(store: Store) {
    recorded(&store).await;
    let program = store.program().await;
    let mut events = program.subscribe(0).events::<WorldEvent>();
    let mut seen = Vec::new();
    let shown = |event: &WorldEvent| match event {
        WorldEvent::Started(event) => format!("started {}", event.name),
        WorldEvent::Moved(event) => format!("moved to {}", event.place),
        WorldEvent::Renamed(event) => format!("renamed {}", event.name),
        other => panic!("{other:?}"),
    };
    while seen.len() < 4 {
        let followed = timeout(PATIENCE, events.try_next()).await.expect("events are missing").unwrap().unwrap();
        let parts: Vec<String> = followed.item.parts().iter().map(shown).collect();
        seen.push((followed.tracking.after, followed.tracking.position, parts.join(", ")));
    }
    let expected = [
        (0, 1, "started Earth"),
        (1, 2, "moved to the Sun, renamed Terra"),
        (2, 3, "moved to Mars"),
        (3, 4, "moved to Jupiter, renamed Gaia"),
    ];
    assert_eq!(seen, expected.map(|(after, position, parts)| (after, position, parts.to_owned())));
}

/// The places, as many at once as there are.
struct Places;

#[projection("places")]
impl Places {
    #[on]
    async fn moved(&self, events: &[EventEnvelope<WorldMoved>], calls: &mut Vec<Vec<String>>) -> Result<()> {
        calls.push(events.iter().map(|moved| moved.event.place.clone()).collect());
        Ok(())
    }
}

async fn a_handler_of_many_events_gets_parts_of_several_events_at_once(store: Store) {
    let id = Uuid::new_v4();
    for version in 1..=3 {
        let state = format!(r#","place":"{version}","name":"Earth""#);
        store.insert(id, version, "World.Relocated", &state).await;
    }
    let calls = handled(&store.program().await, Places, Vec::new(), 100).await;
    assert_eq!(calls, [["1", "2", "3"]]);
}

#[tokio::test]
async fn parts_have_the_metadata_of_their_event() {
    use super::program::before;

    /// Who did it.
    struct Actors;

    #[projection("actors")]
    impl Actors {
        #[on]
        async fn renamed(&self, _: &WorldRenamed, context: &EventContext, actors: &mut Vec<String>) -> Result<()> {
            actors.extend(context.metadata().actor().map(str::to_owned));
            Ok(())
        }
    }

    let store = Store::in_memory();
    let mut world = before::World::new("Earth");
    world.relocate("the Sun", "Terra");
    let save = async { store.program().await.save(&mut world).await.unwrap() };
    Metadata::new().with_actor("ada").scope(save).await;
    assert_eq!(handled(&store.program().await, Actors, Vec::new(), 10).await, ["ada"]);
}
