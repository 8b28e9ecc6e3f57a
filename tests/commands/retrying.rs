//! Retried commands with an id: the closure does not run if the command was recorded before.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use eventsourcing::prelude::*;
use eventsourcing::{Command, Executed};

use super::{Order, Shop, Variables, in_each_database, order, recorded, shop_with_order};

in_each_database! {
    a_retried_command_runs_once
    a_command_that_refuses_is_not_recorded
    a_command_that_creates_is_recorded_once
    commands_of_several_aggregates_are_recorded_once
    retried_content_that_differs_is_an_error
    a_retried_command_in_a_scope_says_that_it_was_recorded
    a_conflict_keeps_the_command_for_the_next_attempt
}

async fn a_retried_command_runs_once(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let runs = AtomicU32::new(0);
    let note = |order: &mut Order| {
        runs.fetch_add(1, SeqCst);
        order.note("gift");
        Ok::<_, Error>(order.notes.len())
    };
    let first = shop.retry(id, note).command("request-1").await.unwrap();
    assert!(matches!(first, Executed::Now(Ok(1))), "{first:?}");
    let again = shop.retry(id, note).command("request-1").await.unwrap();
    let Executed::Before(recordings) = again else { panic!("{again:?}") };
    assert_eq!((recordings.len(), runs.load(SeqCst), recorded(&shop).await), (1, 1, 2));
    assert_eq!(shop.command("request-1").await.unwrap(), Some(recordings));
    assert!(matches!(shop.retry(id, note).command("request-2").await.unwrap(), Executed::Now(Ok(2))));
    let counts = shop.command_counts();
    assert_eq!((counts.recorded, counts.repeated), (2, 1));
}

async fn a_command_that_refuses_is_not_recorded(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let refuse = |_: &mut Order| Err::<(), _>("sold out");
    assert_eq!(shop.retry(id, refuse).command("request-1").await.unwrap(), Executed::Now(Err("sold out")));
    assert_eq!(shop.command("request-1").await.unwrap(), None);
    let nothing = |_: &mut Order| ();
    assert_eq!(shop.retry(id, nothing).command("request-1").await.unwrap(), Executed::Now(()));
    let note = |order: &mut Order| order.note("too late");
    assert_eq!(shop.retry(id, note).command("request-1").await.unwrap(), Executed::Before(vec![]));
    assert_eq!(recorded(&shop).await, 1);
}

async fn a_command_that_creates_is_recorded_once(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    let command = CommandId::named("request-1");
    let id = command.uuid("order");
    let place = || shop.retry_or_create(id, || Order::import(id, "book"), |order: &mut Order| order.note("gift"));
    assert_eq!(place().command(command).await.unwrap(), Executed::Now(()));
    assert!(place().command(command).await.unwrap().was_before());
    assert_eq!((recorded(&shop).await, order(&shop, id).await.notes.len()), (2, 1));
}

async fn commands_of_several_aggregates_are_recorded_once(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let mut other = Order::place("pen");
    shop.save(&mut other).await.unwrap();
    let ids = vec![id, other.id()];
    let note = |orders: &mut Vec<Order>| orders.iter_mut().for_each(|order| order.note("together"));
    assert_eq!(shop.retry_all(ids.clone(), note).command("request-1").await.unwrap(), Executed::Now(()));
    let Executed::Before(recordings) = shop.retry_all(ids, note).command("request-1").await.unwrap() else { panic!() };
    assert_eq!((recordings.len(), recorded(&shop).await), (2, 4));
}

async fn retried_content_that_differs_is_an_error(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let note = |content: u8| {
        let note = |order: &mut Order| order.note("gift");
        shop.retry(id, note).command(Command::new("request-1").content(&content))
    };
    assert_eq!(note(1).await.unwrap(), Executed::Now(()));
    assert!(note(1).await.unwrap().was_before());
    let error = note(2).await.unwrap_err();
    assert!(matches!(error, Error::CommandReused { .. }), "{error}");
    let error = shop.retry(id, |_: &mut Order| ()).command("").await.unwrap_err();
    assert!(matches!(error, Error::CommandIdMissing), "{error}");
}

async fn a_retried_command_in_a_scope_says_that_it_was_recorded(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let note = || {
        CommandId::named("request-1").scope(async {
            let note = |order: &mut Order| order.note("gift");
            let first = shop.retry(id, note).await;
            // each scope has one save
            let second = shop.retry(id, note).await;
            assert!(matches!(second, Err(Error::CommandScopeUsed { .. })), "{second:?}");
            first
        })
    };
    note().await.unwrap();
    let error = note().await.unwrap_err();
    let Error::CommandRecorded { notifications, .. } = &error else { panic!("{error}") };
    assert_eq!((notifications.len(), recorded(&shop).await), (1, 2));
    assert!(error.to_string().contains("`retry(…).command(id)`"), "{error}");
}

async fn a_conflict_keeps_the_command_for_the_next_attempt(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let notes = (0..8).map(|number| {
        let shop = shop.clone();
        tokio::spawn(async move {
            let note = |order: &mut Order| order.note(&number.to_string());
            shop.retry(id, note).command(CommandId::named(&number.to_string())).await
        })
    });
    for outcome in futures::future::join_all(notes).await {
        assert_eq!(outcome.unwrap().unwrap(), Executed::Now(()));
    }
    assert_eq!(order(&shop, id).await.notes.len(), 8);
}
