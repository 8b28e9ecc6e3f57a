//! How long command ids are kept, and what happens then.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use eventsourcing::application::{CommandCounts, Retention};
use eventsourcing::prelude::*;
use eventsourcing::recording::{
    Append, EventQuery, MemoryRecorder, NotificationQuery, OutdatedCommands, RecordedCommand,
};
use eventsourcing::testing::Clock;
use eventsourcing::{Recorder, RecorderError, StoredEvent};
use futures::future::join_all;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::{Order, Shop, Variables, in_each_database, recorded};
use crate::common::PATIENCE;

in_each_database! {
    a_command_older_than_it_is_kept_counts_as_new
    the_last_commands_are_kept_by_number
    outdated_commands_are_deleted_in_the_background
    what_is_kept_forever_stays
}

const HOUR: Duration = Duration::from_secs(3_600);

/// Programs on one log, each with its own retention.
struct Programs {
    recorder: Arc<dyn Recorder>,
    clock: Clock,
}

impl Programs {
    async fn new(variables: Variables) -> Self {
        let shop = Shop::open_with(variables).await.unwrap();
        Self { recorder: Arc::clone(shop.recorder()), clock: Clock::new() }
    }

    fn keeping(&self, retention: impl Into<Retention>) -> Application {
        let builder = Application::builder("Shop").recorder(Arc::clone(&self.recorder));
        builder.clock(&self.clock).keep_commands(retention).open().unwrap()
    }
}

async fn place(shop: &Application, id: &str) -> u64 {
    shop.save(&mut Order::place("book")).command(id).await.unwrap()[0].id
}

/// Waits until the counts are as wanted.
async fn until(application: &Application, is_so: impl Fn(CommandCounts) -> bool) {
    let wait = async {
        while !is_so(application.command_counts()) {
            yield_now().await;
        }
    };
    let found = timeout(PATIENCE, wait).await;
    assert!(found.is_ok(), "the counts stay at {:?}", application.command_counts());
}

async fn a_command_older_than_it_is_kept_counts_as_new(variables: Variables) {
    let programs = Programs::new(variables).await;
    let shop = programs.keeping(HOUR);
    assert_eq!(place(&shop, "a").await, 1);
    programs.clock.advance(HOUR);
    assert_eq!(place(&shop, "b").await, 2);
    // exactly as old as it is kept
    assert_eq!(shop.prune_commands().await.unwrap(), 0);
    assert_eq!(place(&shop, "a").await, 1);
    programs.clock.advance(Duration::from_micros(1));
    assert_eq!(shop.prune_commands().await.unwrap(), 1);
    assert_eq!((shop.command("a").await.unwrap(), shop.command("b").await.unwrap().unwrap().len()), (None, 1));
    assert_eq!(place(&shop, "b").await, 2);
    assert_eq!(place(&shop, "a").await, 3);
    assert_eq!(shop.prune_commands().await.unwrap(), 0);
    // the events stay
    assert_eq!(shop.log().select(1, 10).await.unwrap().len(), 3);
}

async fn the_last_commands_are_kept_by_number(variables: Variables) {
    let programs = Programs::new(variables).await;
    let all = programs.keeping(Retention::Forever);
    let mut orders: Vec<_> = (0..2_500).map(|_| Order::place("book")).collect();
    let ids: Vec<_> = (0..2_500).map(|number: u32| number.to_string()).collect();
    for saved in join_all(orders.iter_mut().zip(&ids).map(|(order, id)| all.save(order).command(id))).await {
        saved.unwrap();
    }
    let shop = programs.keeping(Retention::Last(NonZeroU64::new(10).unwrap()));
    assert_eq!(shop.prune_commands().await.unwrap(), 2_490);
    for (id, is_kept) in [("0", false), ("2489", false), ("2490", true), ("2499", true)] {
        assert_eq!(shop.command(id).await.unwrap().is_some(), is_kept, "{id}");
    }
    // the first command of a program begins to delete too
    place(&shop, "2500").await;
    assert!(shop.prune_commands().await.unwrap() <= 1);
    assert_eq!(shop.command("2490").await.unwrap(), None);
    let more = programs.keeping(Retention::Last(NonZeroU64::MAX));
    assert_eq!(more.prune_commands().await.unwrap(), 0);
}

async fn outdated_commands_are_deleted_in_the_background(variables: Variables) {
    let programs = Programs::new(variables).await;
    let first = programs.keeping(Retention::Forever);
    for number in 0..10 {
        place(&first, &number.to_string()).await;
    }
    programs.clock.advance(HOUR * 2);
    // the first command of a program begins it
    let second = programs.keeping(HOUR);
    place(&second, "later").await;
    until(&second, |counts| counts.pruned == 10).await;
    assert_eq!((second.command("0").await.unwrap(), second.command("9").await.unwrap()), (None, None));
    assert!(second.command("later").await.unwrap().is_some());
    assert_eq!((second.command_counts().failed, recorded(&second).await), (0, 11));
}

async fn what_is_kept_forever_stays(variables: Variables) {
    let programs = Programs::new(variables).await;
    let shop = programs.keeping(Retention::Forever);
    place(&shop, "a").await;
    programs.clock.advance(HOUR * 24 * 365 * 100);
    assert_eq!((shop.prune_commands().await.unwrap(), place(&shop, "a").await), (0, 1));
}

/// A recorder whose commands cannot be deleted.
#[derive(Debug, Default)]
struct Stubborn(MemoryRecorder);

#[async_trait::async_trait]
impl Recorder for Stubborn {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.0.insert_events(events).await
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.0.select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.0.select_notifications(query).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.0.max_notification_id().await
    }

    async fn append(&self, append: Append) -> Result<Vec<Notification>, RecorderError> {
        self.0.append(append).await
    }

    fn keeps_commands(&self) -> bool {
        true
    }

    async fn find_command(&self, id: CommandId) -> Result<Option<RecordedCommand>, RecorderError> {
        self.0.find_command(id).await
    }

    async fn delete_commands(&self, _: OutdatedCommands, _: usize) -> Result<u64, RecorderError> {
        Err(RecorderError::Corrupt { found: "no commands".to_owned() })
    }
}

#[tokio::test]
async fn a_failure_to_delete_is_counted_and_fails_no_save() {
    let shop = Application::builder("Shop").recorder(Arc::new(Stubborn::default())).open().unwrap();
    place(&shop, "a").await;
    until(&shop, |counts| counts.failed == 1).await;
    assert_eq!(place(&shop, "a").await, 1);
    assert!(shop.prune_commands().await.is_err());
}

#[tokio::test]
async fn by_default_ids_are_kept_for_seven_days() {
    let (clock, days) = (Clock::new(), HOUR * 24);
    let shop = Application::builder("Shop").clock(&clock).open().unwrap();
    place(&shop, "a").await;
    place(&shop, "the last one of all, which stays").await;
    clock.advance(days * 7);
    assert_eq!(shop.prune_commands().await.unwrap(), 0);
    clock.advance(days);
    assert_eq!((shop.prune_commands().await.unwrap(), recorded(&shop).await), (1, 2));
}
