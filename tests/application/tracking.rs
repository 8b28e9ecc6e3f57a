//! The results of another application's events: recorded once, together with the position in its log.

use eventsourcing::prelude::*;
use eventsourcing::recording::TrackedPosition;

use super::{Account, Office, in_each_database, office};

in_each_database! {
    upstreams_are_listed_by_name_with_their_positions
}

#[tokio::test]
async fn pending_events_are_cleared_only_when_recorded_with_their_tracking() {
    let office = office().await;
    let (mut account, mut again) = (Account::open(), Account::open());
    office.save_tracked(&mut account, Tracking::new("Orders", 0, 4)).await.unwrap();
    assert!(account.pending_events().is_empty());

    let error = office.save_tracked(&mut again, Tracking::new("Orders", 0, 4)).await.unwrap_err();
    assert!(matches!(error, Error::AlreadyProcessed { after: 0, recorded: 4, .. }), "{error:?}");
    assert!(!error.is_retryable(), "the same call can never succeed");
    let said = "the save continues from position 0 of `Orders`, but the log is processed up to 4; \
                nothing was recorded; continue after 4";
    assert_eq!(error.to_string(), said);
    assert_eq!(again.pending_events().len(), 1);
    assert!(!office.repository().exists(again.id()).await.unwrap());
    assert_eq!(office.tracked_position("Orders").await.unwrap(), 4);

    office.save_tracked(&mut again, Tracking::new("Orders", 4, 5)).await.unwrap();
    assert!(again.pending_events().is_empty());
    assert_eq!(office.repository().get::<Account>(again.id()).await.unwrap(), again);
}

#[tokio::test]
async fn an_aggregate_without_pending_events_moves_the_position_all_the_same() {
    let office = office().await;
    let mut account = Account::open();
    office.save(&mut account).await.unwrap();
    assert_eq!(office.save_tracked(&mut account, Tracking::new("Orders", 0, 1)).await.unwrap(), []);
    assert_eq!(office.save_tracked((), Tracking::new("Orders", 1, 2)).await.unwrap(), []);
    assert_eq!(office.tracked_position("Orders").await.unwrap(), 2);
    assert_eq!(office.recorder().max_notification_id().await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_recorder_that_keeps_no_tracking_says_so() {
    let recorder = std::sync::Arc::new(super::lost_answers::LosesAnswers::default());
    let office =
        Office::builder().recorder(recorder).variables([("PERSISTENCE_MODULE", "memory")]).open().await.unwrap();
    let mut account = Account::open();
    let saved = office.save_tracked(&mut account, Tracking::new("Orders", 0, 1)).await.map(|_| 0);
    for error in [saved.unwrap_err(), office.tracked_position("Orders").await.unwrap_err()] {
        let said = "this recorder does not store how far the log of `Orders` is processed; \
                    give the application a recorder that does";
        assert_eq!(error.to_string(), said);
    }
    assert_eq!(account.pending_events().len(), 1);
}

async fn upstreams_are_listed_by_name_with_their_positions(office: Office) {
    assert_eq!(office.tracked_upstreams().await.unwrap(), []);
    for (upstream, after, position) in [("Orders", 0, 7), ("Bank", 0, 2), ("Orders", 7, 9)] {
        office.save_tracked((), Tracking::new(upstream, after, position)).await.unwrap();
    }
    let listed = office.tracked_upstreams().await.unwrap();
    assert_eq!(listed, [TrackedPosition::new("Bank", 2), TrackedPosition::new("Orders", 9)]);
}

#[tokio::test]
async fn a_recorder_that_lists_no_upstreams_says_so() {
    let recorder = std::sync::Arc::new(super::lost_answers::LosesAnswers::default());
    let office =
        Office::builder().recorder(recorder).variables([("PERSISTENCE_MODULE", "memory")]).open().await.unwrap();
    let said = "this recorder does not list the applications whose logs are processed; \
                ask for the position of each by its name, or give the application a recorder that lists them";
    assert_eq!(office.tracked_upstreams().await.unwrap_err().to_string(), said);
}
