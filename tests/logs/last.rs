//! The last notifications of an application's log.

use eventsourcing::prelude::*;

use super::{Universe, World, filled, in_each_database};

in_each_database! {
    the_last_notifications_come_in_order
    the_log_is_turned_over_from_its_end
    the_last_of_some_topics
    a_limit_that_is_too_large_is_refused
}

fn ids(notifications: &[Notification]) -> Vec<u64> {
    notifications.iter().map(|notification| notification.id).collect()
}

async fn the_last_notifications_come_in_order(universe: Universe) {
    assert!(universe.log().last(5).await.unwrap().is_empty());
    filled(&universe, 2_500).await;
    let last = universe.log().last(5).await.unwrap();
    assert_eq!(ids(&last), [2_496, 2_497, 2_498, 2_499, 2_500]);
    assert_eq!(last, universe.log().select(2_496, 5).await.unwrap());
    assert_eq!(ids(&universe.log().last(3_000).await.unwrap()), (1..=2_500).collect::<Vec<_>>());
    assert!(universe.log().last(0).await.unwrap().is_empty());
}

async fn the_log_is_turned_over_from_its_end(universe: Universe) {
    filled(&universe, 25).await;
    let (mut pages, mut page) = (Vec::new(), universe.log().last(10).await.unwrap());
    while let Some(first) = page.first() {
        let before = first.id - 1;
        pages.push(page.len());
        page = universe.log().last(10).stop(before).await.unwrap();
    }
    assert_eq!(pages, [10, 10, 5]);
}

async fn the_last_of_some_topics(universe: Universe) {
    let mut worlds = ["Earth", "Mars"].map(World::new);
    universe.save(&mut worlds).await.unwrap();
    filled(&universe, 5_000).await;
    let last = universe.log().last(1).topics(["World.Started"]).await.unwrap();
    assert_eq!(ids(&last), [2]);
    let both = universe.log().last(5).topics(["World.Started", "World.MoonFound"]).await.unwrap();
    assert_eq!(ids(&both), [1, 2]);
    assert!(universe.log().last(5).topics(["World.Ended"]).await.unwrap().is_empty());
}

async fn a_limit_that_is_too_large_is_refused(universe: Universe) {
    let refused = universe.log().last(NotificationLog::MAX_LIMIT + 1).await.unwrap_err();
    assert!(matches!(refused, Error::LimitTooLarge { limit: 10_001, max: 10_000 }), "{refused}");
}
