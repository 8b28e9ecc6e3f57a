//! Subscriptions and readers of a log that was rolled back get an error, while they run and when they start again.

use eventsourcing::prelude::*;
use eventsourcing::recording::LogPosition;

use super::server::Server;
use super::{Archive, OFTEN, Office, assert_log_changed, deposits};

/// A subscription to all topics, and one to a single topic.
fn subscriptions(office: &Office, after: LogPosition) -> [Subscription<Notification>; 2] {
    let all = office.subscribe(after).poll_interval(OFTEN).page_size(2);
    [all.clone().notifications(), all.topics(["Account.Deposited"]).notifications()]
}

#[tokio::test]
async fn a_subscription_that_runs_is_told_that_the_log_went_back() {
    // the log is shorter than what was read, as long, and longer
    for more in [0, 2, 50] {
        for of_topic in [0, 1] {
            let server = Server::default();
            let office = server.office().await;
            deposits(&office, 5, 1).await;
            let [all, topic] = subscriptions(&office, LogPosition::START);
            let mut subscription = if of_topic == 0 { all } else { topic };
            let mut last = 0;
            while last < 5 {
                last = subscription.try_next().await.unwrap().unwrap().item.id;
            }
            server.go_back(3).await;
            if more > 0 {
                deposits(&office, more, 1).await;
            }
            for _ in 0..2 {
                let error = subscription.try_next().await.unwrap_err();
                assert_log_changed(&error, 5);
            }
        }
    }
}

#[tokio::test]
async fn a_position_that_was_recorded_is_refused_by_another_log() {
    let server = Server::default();
    let office = server.office().await;
    let archive = Archive::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    deposits(&office, 5, 1).await;
    for mut subscription in [office.subscribe(0).notifications()] {
        for _ in 0..5 {
            let followed = subscription.try_next().await.unwrap().unwrap();
            archive.save_tracked((), followed.tracking).await.unwrap();
        }
    }
    let position = archive.tracked_position("Office").await.unwrap();
    assert_eq!(Some(position), office.recorder().position_at(5).await.unwrap());
    server.go_back(3).await;
    deposits(&office, 10, 1).await;
    for mut subscription in subscriptions(&office, position) {
        assert_log_changed(&subscription.try_next().await.unwrap_err(), 5);
    }
    // the twin: a number goes on after events that it never saw
    let mut subscription = office.subscribe(position.id).notifications();
    assert_eq!(subscription.try_next().await.unwrap().unwrap().item.id, 6);
}

#[tokio::test]
async fn a_reader_of_the_log_is_told_between_two_pages() {
    let server = Server::default();
    let office = server.office().await;
    deposits(&office, 5, 1).await;
    let mut log = NotificationLogReader::new(office.log()).page_size(4).read(1);
    for id in 1..=4 {
        assert_eq!(log.try_next().await.unwrap().unwrap().id, id);
    }
    server.go_back(3).await;
    deposits(&office, 10, 1).await;
    assert_log_changed(&log.try_next().await.unwrap_err(), 4);
}
