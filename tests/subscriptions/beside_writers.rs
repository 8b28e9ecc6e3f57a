//! Subscriptions beside writers and beside each other: each gets the log, and each event's result is recorded once.

use std::time::Duration;

use eventsourcing::prelude::*;
use eventsourcing::recording::NotificationQuery;
use futures::future::join_all;
use tokio::task::yield_now;

use super::{Account, Archive, Note, NoteEvent, NoteLineAdded, Store, deposits, in_each_database, next};

in_each_database! {
    followers_beside_writers_get_exactly_the_log
    what_comes_of_each_event_is_recorded_once_by_two_followers
}

async fn followers_beside_writers_get_exactly_the_log(store: Store) {
    const EVENTS: u64 = 8 * 25;
    let mut tasks = Vec::new();
    for follower in 0..4 {
        let office = store.office().await;
        tasks.push(tokio::spawn(async move {
            let subscription = office.subscribe(0).poll_interval(Duration::from_millis(5)).page_size(7);
            if follower % 2 == 0 {
                let mut all = subscription.notifications();
                for id in 1..=EVENTS {
                    assert_eq!(next(&mut all).await.item.id, id);
                }
            } else {
                // its positions are those of the log
                let mut deposited = subscription.topics(["Account.Deposited"]).notifications();
                let mut found = Vec::new();
                while found.len() < 8 * 20 {
                    found.push(next(&mut deposited).await.item.id);
                }
                let query = NotificationQuery::after(0, usize::MAX).topics(["Account.Deposited"]);
                let log = office.recorder().select_notifications(query).await.unwrap();
                assert_eq!(found, log.iter().map(|notification| notification.id).collect::<Vec<_>>());
            }
        }));
    }
    for writer in 0..8 {
        let office = store.office().await;
        tasks.push(tokio::spawn(async move {
            for _ in 0..5 {
                let mut account = Account::open();
                (0..3).for_each(|_| account.deposit(writer));
                office.save(&mut account).await.unwrap();
                let mut stale = account.clone();
                stale.deposit(1);
                account.deposit(2);
                office.save(&mut account).await.unwrap();
                // one that is refused leaves no gap
                office.save((&mut Account::open(), &mut stale)).await.unwrap_err();
                yield_now().await;
            }
        }));
    }
    for ended in join_all(tasks).await {
        ended.unwrap();
    }
}

async fn what_comes_of_each_event_is_recorded_once_by_two_followers(store: Store) {
    let office = store.office().await;
    deposits(&office, 30, 1).await;
    let follow = async |archive: Archive| {
        let mut after = archive.tracked_position("Office").await.unwrap().id;
        let mut deposited = office.subscribe(after).topics(["Account.Deposited"]).notifications();
        while after < 30 {
            let Tracked { item, tracking, .. } = next(&mut deposited).await;
            let mut note = Note::begin();
            note.add(&item.id.to_string());
            match archive.save_tracked(&mut note, tracking).await {
                Ok(_) => after = item.id,
                Err(Error::AlreadyProcessed { recorded, .. }) => {
                    after = recorded;
                    deposited = office.subscribe(after).topics(["Account.Deposited"]).notifications();
                }
                Err(error) => panic!("{error}"),
            }
            yield_now().await;
        }
    };
    let archive = store.archive().await;
    tokio::join!(follow(archive.clone()), follow(archive.clone()));
    let mut lines = archive.subscribe(0).topics(["Note.LineAdded"]).events::<NoteEvent>();
    for id in 2..=30 {
        let expected = id.to_string();
        assert!(
            matches!(next(&mut lines).await.item.event, NoteEvent::LineAdded(NoteLineAdded { line }) if line == expected)
        );
    }
    assert_eq!(archive.log().max_id().await.unwrap(), Some(29 * 2));
}
