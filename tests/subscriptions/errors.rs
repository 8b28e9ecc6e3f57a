//! What ends a subscription with an error: a position beyond the log, an event that cannot be read, a closed application.

use eventsourcing::StoredEvent;
use eventsourcing::prelude::*;
use futures::FutureExt as _;

use super::{AccountEvent, NEVER, Store, deposits, in_each_database, next, try_next};

in_each_database! {
    a_position_beyond_the_log_is_an_error
    an_event_that_cannot_be_read_is_named_and_never_left_out
    a_follower_that_waits_is_told_that_the_application_is_closed
}

async fn a_position_beyond_the_log_is_an_error(store: Store) {
    let office = store.office().await;
    for (last, position) in [(0, 1), (3, 4), (3, u64::MAX)] {
        if last > 0 && office.log().max_id().await.unwrap().is_none() {
            deposits(&office, 3, 1).await;
        }
        let mut subscription = office.subscribe(position).notifications();
        for _ in 0..2 {
            let error = try_next(&mut subscription).await.unwrap_err();
            let said = format!(
                "position {position} is after the end of the log of `Office`, whose last notification id is {last}; \
                 the log is another one, or was restored from a backup: find out which processed events are lost"
            );
            assert_eq!(error.to_string(), said);
        }
    }
}

async fn an_event_that_cannot_be_read_is_named_and_never_left_out(store: Store) {
    let office = store.office().await;
    deposits(&office, 3, 1).await;
    let (originator_id, state) = (Uuid::new_v4(), b"{\"timestamp\":\"yesterday\"}".to_vec());
    let broken = StoredEvent::new(originator_id, 1, "Account.Opened", state, Uuid::new_v4()).checksummed();
    office.recorder().insert_events(vec![broken]).await.unwrap();
    deposits(&office, 1, 1).await;
    let mut decoded = office.subscribe(0).events::<AccountEvent>();
    for position in 1..=3 {
        assert_eq!(next(&mut decoded).await.tracking.position, position);
    }
    for _ in 0..3 {
        let error = try_next(&mut decoded).await.unwrap_err();
        assert!(matches!(error, Error::Mapper(_)) && error.to_string().contains(&originator_id.to_string()), "{error}");
    }
    // who does not decode passes it
    let mut undecoded = office.subscribe(2).notifications();
    for id in 3..=5 {
        assert_eq!(next(&mut undecoded).await.item.id, id);
    }
}

async fn a_follower_that_waits_is_told_that_the_application_is_closed(store: Store) {
    let office = store.office().await;
    let mut subscription = office.subscribe(0).poll_interval(NEVER).notifications();
    assert!(subscription.next().now_or_never().is_none());
    let (error, ()) = tokio::join!(try_next(&mut subscription), office.close());
    assert_eq!(error.unwrap_err().to_string(), "the application is closed; open it again");
}
