//! Many who send the same command at the same time: one records, and all get the same recordings.

use std::sync::Arc;

use eventsourcing::Executed;
use eventsourcing::prelude::*;
use futures::future::join_all;
use tokio::runtime::Handle;
use tokio::sync::Barrier;
use tokio::task::block_in_place;

use super::{Order, Shop, Variables, order, recorded, shop_with_order};

/// Eight tasks, each with a program of its own on the same database.
async fn of_many_who_send_a_command_one_records(variables: Variables) {
    let (first, id) = shop_with_order(variables.clone()).await;
    let mut shops = Vec::new();
    for number in 0..8 {
        // a database in memory is that of one program
        let own = number % 2 == 0 && variables[0].1 != "memory";
        shops.push(if own { Shop::open_with(variables.clone()).await.unwrap() } else { first.clone() });
    }
    for round in 0..10 {
        let command = CommandId::named(&format!("request-{round}"));
        let start = Arc::new(Barrier::new(shops.len()));
        let tasks = shops.iter().cloned().map(|shop| {
            let start = Arc::clone(&start);
            tokio::spawn(async move {
                let (mut order, mut placed) = (order(&shop, id).await, Order::place("pen"));
                order.note("gift");
                start.wait().await;
                shop.save((&mut order, &mut placed)).command(command).await.unwrap()
            })
        });
        let recordings: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
        assert!(recordings.iter().all(|those| *those == recordings[0]), "{recordings:?}");
        assert_eq!((recordings[0].len(), recorded(&first).await), (2, 3 + 2 * round));
    }
    assert_eq!(order(&first, id).await.notes.len(), 10);
}

/// One program, whose saves share batches.
async fn repeats_in_one_batch_are_repeats_of_the_first(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    let mut orders: Vec<_> = (0..200).map(|number| Order::place(&(number % 20).to_string())).collect();
    // all are queued before one is answered
    let saves = orders
        .iter_mut()
        .zip(0..)
        .map(|(order, number)| shop.save(order).command(CommandId::named(&(number % 20).to_string())));
    let recordings = join_all(saves).await.into_iter().collect::<Result<Vec<_>>>().unwrap();
    for (number, those) in recordings.iter().enumerate() {
        assert_eq!(*those, recordings[number % 20], "{number}");
    }
    assert_eq!(recorded(&shop).await, 20);
}

/// The rival records while the command runs.
async fn a_retried_command_recorded_meanwhile_was_before(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let note = |order: &mut Order| {
        let mut rival = order.clone();
        rival.note("from elsewhere");
        let save = async { shop.save(&mut rival).command("request-1").await.unwrap() };
        block_in_place(|| Handle::current().block_on(save));
        order.note("gift");
    };
    let outcome = shop.retry(id, note).command("request-1").await.unwrap();
    let recordings = shop.command("request-1").await.unwrap().unwrap();
    assert_eq!((outcome, recorded(&shop).await), (Executed::Before(recordings), 2));
    assert_eq!(order(&shop, id).await.notes, ["from elsewhere"]);
}

/// The rival records after the id was looked up, so that the command finds what it did itself.
async fn a_command_that_refuses_its_own_effects_was_before(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let refuse = |order: &mut Order| {
        let mut rival = order.clone();
        rival.note("taken");
        let save = async { shop.save(&mut rival).command("request-1").await.unwrap() };
        block_in_place(|| Handle::current().block_on(save));
        Err::<(), _>("it is taken")
    };
    let outcome = shop.retry(id, refuse).command("request-1").await.unwrap();
    assert_eq!(outcome, Executed::Before(shop.command("request-1").await.unwrap().unwrap()));
    let another = CommandId::named("request-2");
    let error = another
        .scope(async {
            shop.save(&mut order(&shop, id).await).command("request-3").await.unwrap();
            shop.retry(id, |_: &mut Order| Err::<(), _>("it is taken")).await
        })
        .await;
    assert_eq!((error.unwrap(), shop.command(another).await.unwrap()), (Err("it is taken"), None));
}

/// Everybody finds the note of the one who was first, which no command but its own repetition may find.
async fn nobody_is_refused_because_of_the_same_command(variables: Variables) {
    let (first, id) = shop_with_order(variables.clone()).await;
    let is_shared = variables[0].1 != "memory";
    let second = if is_shared { Shop::open_with(variables).await.unwrap() } else { first.clone() };
    for round in 0..25 {
        let start = Arc::new(Barrier::new(8));
        let tasks = (0..8).map(|number| {
            let (start, shop) = (Arc::clone(&start), if number % 2 == 0 { first.clone() } else { second.clone() });
            tokio::spawn(async move {
                let note = format!("note {round}");
                start.wait().await;
                let take = |order: &mut Order| {
                    if order.notes.contains(&note) {
                        return Err("it is taken");
                    }
                    order.note(&note);
                    Ok(())
                };
                shop.retry(id, take).command(note.as_str()).await.unwrap()
            })
        });
        for outcome in join_all(tasks).await {
            let outcome = outcome.unwrap();
            assert!(matches!(outcome, Executed::Now(Ok(())) | Executed::Before(_)), "{outcome:?}");
        }
    }
    assert_eq!(order(&first, id).await.notes.len(), 25);
}

macro_rules! in_each_database_with_threads {
    ($($name:ident)*) => {
        mod memory { $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)] async fn $name() {
            super::$name(crate::in_memory()).await;
        })* }
        mod sqlite { $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)] async fn $name() {
            let folder = tempfile::tempdir().unwrap();
            super::$name(crate::common::sqlite_file(&folder)).await;
        })* }
        mod postgres { $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)] async fn $name() {
            let mut variables = crate::common::postgres();
            variables.push(("POSTGRES_POOL_SIZE".to_owned(), "1".to_owned()));
            super::$name(variables).await;
        })* }
    };
}

in_each_database_with_threads! {
    of_many_who_send_a_command_one_records
    repeats_in_one_batch_are_repeats_of_the_first
    a_retried_command_recorded_meanwhile_was_before
    a_command_that_refuses_its_own_effects_was_before
    nobody_is_refused_because_of_the_same_command
}
