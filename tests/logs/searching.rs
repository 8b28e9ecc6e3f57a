//! Searches of an application's log, and its aggregates by their ids.

use eventsourcing::prelude::*;
use eventsourcing::recording::TopicPattern;

use super::{Universe, World, filled, in_each_database, worlds};

in_each_database! {
    a_search_finds_the_newest_events_of_a_filter_first
    a_search_for_a_rare_topic_looks_no_further_than_it_may
    aggregates_are_found_by_the_beginning_of_their_ids
    aggregates_are_listed_by_topic_without_their_type
}

fn ids(notifications: &[Notification]) -> Vec<u64> {
    notifications.iter().map(|notification| notification.id).collect()
}

async fn a_search_finds_the_newest_events_of_a_filter_first(universe: Universe) {
    let mut earth = World::new("Earth");
    earth.find_moon("Moon");
    universe.save((&mut earth, &mut World::new("Mars"))).await.unwrap();
    filled(&universe, 40).await;
    earth.find_moon("Kamoʻoalewa");
    universe.save(&mut earth).await.unwrap();
    let log = universe.log();
    let found = log.search(2).topics([TopicPattern::BeginsWith("World.".to_owned())]).await.unwrap();
    assert_eq!((ids(&found.notifications), found.looked_at.clone()), (vec![44, 3], Some(3..=44)));
    assert_eq!((found.older(), found.newer(), found.looked()), (Some(3), None, 42));
    let rest = log.search(2).except(["Register.WorldAdded"]).before(3).await.unwrap();
    assert_eq!((ids(&rest.notifications), rest.older(), rest.newer()), (vec![2, 1], None, Some(2)));
    let of_earth = log.search(10).of(earth.id()).await.unwrap();
    assert_eq!(ids(&of_earth.notifications), [44, 2, 1]);
    let forward = log.search(1).of(earth.id()).topics(["World.MoonFound"]).after(2).await.unwrap();
    assert_eq!((ids(&forward.notifications), forward.looked_at), (vec![44], Some(3..=44)));
    let beyond = log.search(1).after(44).await.unwrap();
    assert_eq!((beyond.notifications, beyond.looked_at, beyond.newest), (vec![], None, 44));
}

async fn a_search_for_a_rare_topic_looks_no_further_than_it_may(universe: Universe) {
    universe.save(&mut World::new("Earth")).await.unwrap();
    filled(&universe, 2_500).await;
    let search = || universe.log().search(5).topics(["World.Started"]).scan_at_most(1_000);
    let mut found = search().await.unwrap();
    assert_eq!((found.notifications.len(), found.looked_at.clone()), (0, Some(1_502..=2_501)));
    let mut searches = 1;
    while let Some(older) = found.older().filter(|_| found.notifications.is_empty()) {
        found = search().before(older).await.unwrap();
        searches += 1;
    }
    assert_eq!((ids(&found.notifications), searches), (vec![1], 3));
    let small = universe.log().search(5).max_bytes(1).await.unwrap();
    assert_eq!((ids(&small.notifications), small.looked_at), (vec![2_501], Some(2_501..=2_501)));
    let refused = universe.log().search(NotificationLog::MAX_LIMIT + 1).await.unwrap_err();
    assert!(matches!(refused, Error::LimitTooLarge { limit: 10_001, max: 10_000 }), "{refused}");
}

async fn aggregates_are_found_by_the_beginning_of_their_ids(universe: Universe) {
    let mut all: Vec<World> = (0..20).map(|number| World::new(&format!("world {number}"))).collect();
    all[7].find_moon("its moon");
    universe.save(&mut all).await.unwrap();
    let mut expected: Vec<Uuid> = all.iter().map(World::id).collect();
    expected.sort_unstable();
    let log = universe.log();
    let (first, second) = (log.find_aggregates("", 12).await.unwrap(), log.find_aggregates("", 12).after(expected[11]));
    let found: Vec<_> = first.into_iter().chain(second.await.unwrap()).collect();
    assert_eq!(found.iter().map(|one| one.originator_id).collect::<Vec<_>>(), expected);
    let id = all[7].id();
    let one = log.find_aggregates(&id.to_string().to_uppercase()[..13], 5).await.unwrap();
    assert_eq!((one[0].originator_id, one[0].last_version, &*one[0].first_topic), (id, 2, "World.Started"));
    let refused = log.find_aggregates("earth", 5).await.unwrap_err();
    assert!(matches!(&refused, Error::IdBeginning { beginning } if beginning == "earth"), "{refused}");
}

async fn aggregates_are_listed_by_topic_without_their_type(universe: Universe) {
    filled(&universe, 3).await;
    let mut all = [World::new("Earth"), World::new("Mars")];
    universe.save(&mut all).await.unwrap();
    let listed = universe.log().aggregates_of(["World.Started"]).page(10).await.unwrap();
    assert_eq!(
        listed.iter().map(|one| (one.id, one.position)).collect::<Vec<_>>(),
        [(all[0].id(), 4), (all[1].id(), 5)]
    );
    let mut registers = universe.log().aggregates_of(["Register.WorldAdded".to_owned()]);
    assert_eq!(registers.try_next().await.unwrap().unwrap().id, worlds());
}
