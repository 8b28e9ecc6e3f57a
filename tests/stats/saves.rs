//! Saves and loads: each is counted once, under what became of it.

use std::sync::atomic::Ordering::SeqCst;

use eventsourcing::prelude::*;
use futures::FutureExt as _;

use crate::common::PATIENCE;
use crate::faulty::Faulty;
use crate::{Account, Bank, bank, in_each_database};

async fn saves_and_their_events_are_counted(bank: Bank) {
    let mut account = Account::open(1);
    account.deposit(2);
    bank.save(&mut account).await.unwrap();
    bank.save((&mut Account::open(3), &mut Account::open(4))).await.unwrap();
    bank.save(&mut account).await.unwrap();

    let stats = bank.stats();
    assert_eq!((stats.saves, stats.events, stats.last_id), (2, 4, 4), "a save without events is none");
    assert_eq!((stats.refused.total(), stats.outcome_unknown), (0, 0));
    assert!(stats.append.count() > 0 && stats.append.sum() > std::time::Duration::ZERO);
    assert_eq!(stats.application, "Bank");
}

async fn a_refused_save_is_counted_by_its_cause(bank: Bank) {
    let mut account = Account::open(1);
    bank.save(&mut account).await.unwrap();
    let mut other: Account = bank.repository().get(account.id()).await.unwrap();
    account.deposit(1);
    other.deposit(1);
    bank.save(&mut account).await.unwrap();
    assert!(bank.save(&mut other).await.is_err());

    let mut twin = account.clone();
    twin.deposit(1);
    account.deposit(1);
    assert!(bank.save((&mut account, &mut twin)).await.is_err(), "one version twice");

    bank.save_tracked((), Tracking::new("Orders", 0, 3)).await.unwrap();
    assert!(bank.save_tracked((), Tracking::new("Orders", 0, 3)).await.is_err());

    let stats = bank.stats();
    let refused = stats.refused;
    assert_eq!((refused.conflicts, refused.invalid, refused.already_processed, refused.total()), (1, 1, 1, 3));
    assert_eq!((stats.saves, stats.events), (3, 2), "a position is a save without events");
    assert!((stats.conflict_rate() - 1.0 / 6.0).abs() < 1e-9, "{}", stats.conflict_rate());
}

async fn a_repeated_command_is_counted_as_repeated(bank: Bank) {
    for _ in 0..2 {
        bank.save(&mut Account::open(1)).command("request-1").await.unwrap();
    }
    let stats = bank.stats();
    assert_eq!((stats.saves, stats.refused.command_recorded), (1, 1));
    assert_eq!((stats.commands.recorded, stats.commands.repeated), (1, 1));
}

async fn a_closed_application_counts_failures(bank: Bank) {
    bank.close().await;
    assert!(bank.save(&mut Account::open(1)).await.is_err());
    let stats = bank.stats();
    assert_eq!((stats.saves, stats.refused.failed), (0, 1));
}

async fn loads_and_reads_of_the_log_are_counted(bank: Bank) {
    let mut account = Account::open(1);
    bank.save(&mut account).await.unwrap();
    let _: Account = bank.repository().get(account.id()).await.unwrap();
    let mut subscription = bank.subscribe(0).notifications();
    subscription.try_next().await.unwrap();

    let stats = bank.stats();
    assert_eq!((stats.loads, stats.load.count()), (1, 1));
    assert_eq!((stats.read.count(), stats.subscriptions.open, stats.subscriptions.items), (1, 1, 1));
    drop(subscription);
    assert_eq!(bank.stats().subscriptions.open, 0);
}

async fn an_id_that_is_in_use_is_no_conflict(bank: Bank) {
    let mut account = Account::open(1);
    bank.save(&mut account).await.unwrap();
    let events = Account::open(2).collect_events().into_iter().map(|mut event| {
        event.originator_id = account.id();
        event
    });
    assert!(matches!(bank.save(events.collect::<Vec<_>>()).await, Err(Error::AlreadyExists { .. })));
    let refused = bank.stats().refused;
    assert_eq!((refused.already_exists, refused.conflicts), (1, 0));
}

in_each_database! {
    saves_and_their_events_are_counted
    a_refused_save_is_counted_by_its_cause
    a_repeated_command_is_counted_as_repeated
    a_closed_application_counts_failures
    loads_and_reads_of_the_log_are_counted
    an_id_that_is_in_use_is_no_conflict
}

#[tokio::test]
async fn a_save_without_a_certain_outcome_is_neither_saved_nor_refused() {
    let (recorder, bank) = Faulty::application();
    recorder.is_uncertain.store(true, SeqCst);
    assert!(bank.save(&mut Account::open(1)).await.is_err());
    let stats = bank.stats();
    assert_eq!((stats.saves, stats.refused.total(), stats.outcome_unknown), (0, 0, 1));
}

#[tokio::test]
async fn a_dropped_save_has_an_unknown_outcome() {
    let (recorder, bank) = Faulty::application();
    recorder.is_silent.store(true, SeqCst);
    let mut account = Account::open(1);
    let mut save = bank.save(&mut account);
    assert!((&mut save).now_or_never().is_none());
    assert_eq!(bank.stats().outcome_unknown, 0, "it is still under way");
    drop(save);
    assert_eq!(bank.stats().outcome_unknown, 1);

    recorder.is_silent.store(false, SeqCst);
    bank.save(&mut account).await.unwrap();
    assert_eq!((bank.stats().saves, bank.stats().outcome_unknown), (1, 1), "a complete save is not counted as dropped");
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_a_cause_of_its_own() {
    let (recorder, bank) = Faulty::application();
    recorder.is_gone.store(true, SeqCst);
    assert!(bank.save(&mut Account::open(1)).await.is_err());
    assert_eq!((bank.stats().refused.unavailable, bank.stats().refused.failed), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_save_is_lost_between_threads() {
    let bank = bank().await;
    let tasks = (0..8).map(|_| {
        let bank = bank.clone();
        tokio::spawn(async move {
            for _ in 0..500 {
                bank.save(&mut Account::open(1)).await.unwrap();
            }
        })
    });
    let tasks: Vec<_> = tasks.collect();
    tokio::time::timeout(PATIENCE, futures::future::join_all(tasks)).await.unwrap();
    let stats = bank.stats();
    assert_eq!((stats.saves, stats.events, stats.last_id), (4_000, 4_000, 4_000));
}

#[tokio::test]
async fn reads_of_the_cache_are_in_the_same_numbers() {
    let bank = Bank::builder().variables([("PERSISTENCE_MODULE", "memory")]).cache(10).open().await.unwrap();
    let mut account = Account::open(1);
    bank.save(&mut account).await.unwrap();
    let _: Account = bank.repository().get(account.id()).await.unwrap();
    let stats = bank.stats();
    assert_eq!((stats.cache, stats.cache.hits, stats.loads), (bank.cache_counts(), 1, 0));
    assert_eq!((stats.snapshots, stats.commands), (bank.snapshot_counts(), bank.command_counts()));
}
