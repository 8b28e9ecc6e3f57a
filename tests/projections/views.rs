//! What views guarantee in memory, in SQLite and in PostgreSQL: each event changes a view once, together with its position.

use eventsourcing::prelude::*;
use eventsourcing::projection::{ViewTransaction as _, Views as _};
use eventsourcing::recording::LogPosition;
use eventsourcing::{OnFailure, ProjectionRunner, ViewError};
use futures::future::join_all;
use tokio::task::yield_now;

use super::places::{Place, in_each_place};
use super::{Note, PATIENCE, deposits, office};

in_each_place! {
    a_view_is_what_happened_and_then_what_happens
    topics_that_nobody_handles_advance_the_position
    a_view_goes_on_from_where_it_is
    two_runners_of_a_projection_do_each_event_once
    runners_dropped_at_any_moment_do_each_event_once
    a_transaction_dropped_is_as_if_it_had_never_been
    a_position_moves_only_from_where_it_is
    a_position_has_an_anchor_and_is_moved_anywhere_from_exactly_there
    projections_and_upstreams_have_positions_of_their_own
}

async fn a_view_is_what_happened_and_then_what_happens<P: Place>(place: P) {
    let office = office().await;
    let last = deposits(&office, 1_201, 2).await;
    let runner = ProjectionRunner::start(&office, P::projection(), place.views().await).await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(place.sums().await, (2_400, 1_201));
    for more in 1..=10 {
        let last = deposits(&office, 3, 10).await;
        runner.wait_for(last, PATIENCE).await.unwrap();
        assert_eq!(place.sums().await, (2_400 + more * 20, 1_201 + more * 3));
    }
    let status = runner.status().await.unwrap();
    assert_eq!((status.position, status.last, status.lag()), (1_231, 1_231, 0));
    runner.stop().await.unwrap();
}

async fn topics_that_nobody_handles_advance_the_position<P: Place>(place: P) {
    let office = office().await;
    let runner = ProjectionRunner::start(&office, P::projection(), place.views().await).await.unwrap();
    for last in 1..=3 {
        office.save(&mut Note::begin()).await.unwrap();
        runner.wait_for(last, PATIENCE).await.unwrap();
    }
    runner.stop().await.unwrap();
    assert_eq!(place.views().await.position("balances", "Office").await.unwrap(), 3);
    assert_eq!(place.sums().await, (0, 0));
}

async fn a_view_goes_on_from_where_it_is<P: Place>(place: P) {
    let office = office().await;
    let mut events = 0;
    for _ in 0..5 {
        let last = deposits(&office, 7, 1).await;
        events += 7;
        let runner = ProjectionRunner::builder(&office, P::projection(), place.views().await).batch_size(3);
        let runner = runner.start().await.unwrap();
        runner.wait_for(last, PATIENCE).await.unwrap();
        runner.stop().await.unwrap();
        assert_eq!(place.sums().await.1, events);
    }
}

async fn two_runners_of_a_projection_do_each_event_once<P: Place>(place: P) {
    let office = office().await;
    let mut runners = Vec::new();
    for batch_size in [1, 3, 7] {
        let runner = ProjectionRunner::builder(&office, P::projection(), place.views().await);
        runners.push(runner.batch_size(batch_size).start().await.unwrap());
    }
    let mut last = 0;
    for _ in 0..20 {
        last = deposits(&office, 5, 1).await;
    }
    // what one did the others learn of
    for waited in join_all(runners.iter().map(|runner| runner.wait_for(last, PATIENCE))).await {
        waited.unwrap();
    }
    for runner in runners {
        runner.stop().await.unwrap();
    }
    assert_eq!(place.sums().await, (80, 100));
}

async fn runners_dropped_at_any_moment_do_each_event_once<P: Place>(place: P) {
    let office = office().await;
    let last = deposits(&office, 300, 1).await;
    for polls in 0..200 {
        let runner = ProjectionRunner::builder(&office, P::projection(), place.views().await).batch_size(1 + polls % 5);
        let runner = runner.start().await.unwrap();
        for _ in 0..polls {
            yield_now().await;
        }
        drop(runner);
    }
    // a transaction that was dropped may hold its lock for a moment
    let policy = OnFailure::retry(10, std::time::Duration::from_millis(10));
    let runner = ProjectionRunner::builder(&office, P::projection(), place.views().await).on_failure(policy);
    let runner = runner.start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
    assert_eq!(place.sums().await, (299, 300));
}

async fn a_transaction_dropped_is_as_if_it_had_never_been<P: Place>(place: P) {
    let views = place.views().await;
    for _ in 0..3 {
        let mut transaction = views.begin("balances", &Tracking::new("Office", 0, 5)).await.unwrap();
        let _: &mut _ = transaction.view();
        drop(transaction);
        assert_eq!(views.position("balances", "Office").await.unwrap(), 0);
    }
    views.begin("balances", &Tracking::new("Office", 0, 5)).await.unwrap().commit().await.unwrap();
    assert_eq!(views.position("balances", "Office").await.unwrap(), 5);
}

async fn a_position_moves_only_from_where_it_is<P: Place>(place: P) {
    let views = place.views().await;
    for (recorded, refused) in [(0, vec![(1, 2), (4, 9)]), (5, vec![(0, 5), (0, 7), (4, 6), (6, 7)])] {
        for (after, position) in refused {
            match views.begin("balances", &Tracking::new("Office", after, position)).await.map(|_| ()) {
                Err(ViewError::AlreadyProcessed { recorded: found, .. }) => assert_eq!(found, recorded),
                other => panic!("{after} to {position}: {other:?}"),
            }
        }
        let tracking = Tracking::new("Office", recorded, recorded + 5);
        views.begin("balances", &tracking).await.unwrap().commit().await.unwrap();
        assert_eq!(views.position("balances", "Office").await.unwrap(), recorded + 5);
    }
}

async fn a_position_has_an_anchor_and_is_moved_anywhere_from_exactly_there<P: Place>(place: P) {
    let views = place.views().await;
    let at = |id: u64| LogPosition::anchored(id, Uuid::from_u128(id.into()));
    let position = async || views.position("balances", "Office").await.unwrap();
    views.begin("balances", &Tracking::new("Office", 0, at(5))).await.unwrap().commit().await.unwrap();
    views.begin("balances", &Tracking::new("Office", 5, at(9))).await.unwrap().commit().await.unwrap();
    views.begin("balances", &Tracking::new("Branch", 0, at(9))).await.unwrap().commit().await.unwrap();
    assert_eq!(position().await, at(9));
    for from in [at(8), LogPosition::from(9), LogPosition::anchored(9, Uuid::nil()), LogPosition::START] {
        let error = views.move_position("balances", "Office", from, at(3)).await.unwrap_err();
        assert!(matches!(error, ViewError::AlreadyProcessed { recorded: 9, .. }), "{error:?}");
    }
    let mut from = at(9);
    for to in [at(3), LogPosition::from(7), at(7), at(4), LogPosition::START] {
        // the second finds that it was done
        for _ in 0..2 {
            views.move_position("balances", "Office", from, to).await.unwrap();
        }
        assert_eq!(position().await, to);
        from = to;
    }
    views.begin("balances", &Tracking::new("Office", 0, at(2))).await.unwrap().commit().await.unwrap();
    assert_eq!(position().await, at(2));
    assert_eq!(views.position("balances", "Branch").await.unwrap(), at(9));
}

async fn projections_and_upstreams_have_positions_of_their_own<P: Place>(place: P) {
    let views = place.views().await;
    for (projection, upstream, position) in [("a", "X", 1), ("a", "Y", 2), ("b", "X", 3)] {
        let tracking = Tracking::new(upstream, 0, position);
        views.begin(projection, &tracking).await.unwrap().commit().await.unwrap();
    }
    for (projection, upstream, position) in [("a", "X", 1), ("a", "Y", 2), ("b", "X", 3), ("b", "Y", 0)] {
        assert_eq!(views.position(projection, upstream).await.unwrap(), position);
    }
}
