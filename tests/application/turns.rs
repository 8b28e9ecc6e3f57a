//! Retried commands of many tasks on one aggregate: after a conflict they are serialized, and none of them gives up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use eventsourcing::prelude::*;
use eventsourcing::recording::{EventQuery, MemoryRecorder, NotificationQuery};
use eventsourcing::{Recorder, RecorderError, StoredEvent};
use futures::executor::block_on;
use futures::future::join_all;

use super::{Account, Office, in_each_database, office};

in_each_database! {
    many_deposits_of_many_tasks_are_each_recorded_once
}

const TASKS: usize = 32;

/// A recorder that lets all other tasks read before the one that has read continues.
#[derive(Debug, Default)]
struct Yields(MemoryRecorder);

#[async_trait::async_trait]
impl Recorder for Yields {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.0.insert_events(events).await
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        let events = self.0.select_events(query).await;
        tokio::task::yield_now().await;
        events
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.0.select_notifications(query).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.0.max_notification_id().await
    }
}

/// Lets tasks make this number of deposits each by `retry`, and returns the number of calls of their closures.
async fn deposit(office: &Office, deposits: usize) -> usize {
    let mut account = Account::open();
    office.save(&mut account).await.unwrap();
    let id = account.id();
    let decided = Arc::new(AtomicUsize::new(0));
    let tasks = (0..TASKS).map(|_| {
        let (office, decided) = (office.clone(), Arc::clone(&decided));
        tokio::spawn(async move {
            for _ in 0..deposits {
                let decide = |account: &mut Account| {
                    decided.fetch_add(1, Ordering::Relaxed);
                    account.deposit(1);
                };
                office.retry(id, decide).await.unwrap();
            }
        })
    });
    for task in join_all(tasks).await {
        task.unwrap();
    }
    let account: Account = office.repository().get(id).await.unwrap();
    assert_eq!(account.balance, i64::try_from(TASKS * deposits).unwrap());
    decided.load(Ordering::Relaxed)
}

/// Without the queue, all tasks decide on the same version and only one is recorded, until some give up.
#[tokio::test]
async fn a_task_that_was_in_conflict_once_is_not_so_again() {
    let variables = [("PERSISTENCE_MODULE", "memory")];
    let office = Office::builder().recorder(Arc::new(Yields::default())).variables(variables).open().await.unwrap();
    let decided = deposit(&office, 10).await;
    assert!(decided <= TASKS * 10 + TASKS, "{decided}");
}

/// As above, with two aggregates of which half of the tasks name the second one first.
#[tokio::test]
async fn tasks_that_change_two_aggregates_queue_for_both() {
    let variables = [("PERSISTENCE_MODULE", "memory")];
    let office = Office::builder().recorder(Arc::new(Yields::default())).variables(variables).open().await.unwrap();
    let (mut one, mut other) = (Account::open(), Account::open());
    office.save((&mut one, &mut other)).await.unwrap();
    let decided = Arc::new(AtomicUsize::new(0));
    let tasks = (0..TASKS).map(|number| {
        let (office, decided) = (office.clone(), Arc::clone(&decided));
        let ids = if number % 2 == 0 { (one.id(), other.id()) } else { (other.id(), one.id()) };
        tokio::spawn(async move {
            for _ in 0..10 {
                let transfer = |(from, to): &mut (Account, Account)| {
                    decided.fetch_add(1, Ordering::Relaxed);
                    from.deposit(-1);
                    to.deposit(1);
                };
                office.retry_all(ids, transfer).await.unwrap();
            }
        })
    });
    for task in join_all(tasks).await {
        task.unwrap();
    }
    let decided = decided.load(Ordering::Relaxed);
    assert!(decided <= TASKS * 10 + TASKS, "{decided}");
}

async fn many_deposits_of_many_tasks_are_each_recorded_once(office: Office) {
    deposit(&office, 50).await;
}

/// A thousand each, unless `cargo xtask soak` sets another number. Each reads the history, which takes minutes in all.
async fn a_thousand_deposits_of_each_task(office: Office) {
    let deposits = std::env::var("EVENTSOURCING_SOAK_DECISIONS").map_or(1_000, |deposits| deposits.parse().unwrap());
    deposit(&office, deposits).await;
}

mod soak {
    use super::{Office, a_thousand_deposits_of_each_task, office};
    use crate::common;

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "it takes minutes: run it with `cargo xtask soak`"]
    async fn in_memory() {
        a_thousand_deposits_of_each_task(office().await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "it takes minutes: run it with `cargo xtask soak`"]
    async fn in_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        a_thousand_deposits_of_each_task(Office::open_with(common::sqlite_file(&folder)).await.unwrap()).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "it takes minutes: run it with `cargo xtask soak`"]
    async fn in_postgres() {
        a_thousand_deposits_of_each_task(Office::open_with(common::postgres()).await.unwrap()).await;
    }
}

#[tokio::test]
async fn a_nested_retry_of_the_same_aggregate_does_not_wait_for_itself() {
    let office = office().await;
    let mut account = Account::open();
    office.save(&mut account).await.unwrap();
    let id = account.id();
    let mut made = 0;
    office
        .retry(id, |account: &mut Account| {
            made += 1;
            // the first time the conflict makes it take a turn; the second time it has one; the third time it succeeds
            if made < 3 {
                block_on(office.retry(id, |account: &mut Account| account.deposit(10))).unwrap();
            }
            account.deposit(1);
        })
        .await
        .unwrap();
    assert_eq!(made, 3);
    assert_eq!(office.repository().get::<Account>(id).await.unwrap().balance, 21);
}

#[tokio::test]
async fn a_decision_whose_future_is_dropped_gives_its_turn_to_the_next() {
    let variables = [("PERSISTENCE_MODULE", "memory")];
    let office = Office::builder().recorder(Arc::new(Yields::default())).variables(variables).open().await.unwrap();
    let mut account = Account::open();
    office.save(&mut account).await.unwrap();
    let id = account.id();
    let increment = || office.retry(id, |account: &mut Account| account.deposit(1));
    let (mut first, mut second, mut third) = (Box::pin(increment()), Box::pin(increment()), Box::pin(increment()));
    // all have read; the first records, the others are in conflict: the second has the turn then, and the third waits
    for future in [&mut first, &mut second, &mut third] {
        assert!(futures::poll!(future).is_pending());
    }
    assert!(futures::poll!(&mut first).is_ready());
    assert!(futures::poll!(&mut second).is_pending());
    assert!(futures::poll!(&mut third).is_pending());
    drop(second);
    third.await.unwrap();
    assert_eq!(office.repository().get::<Account>(id).await.unwrap().balance, 2);
}
