//! A save with a command id, and the same save again.

use eventsourcing::prelude::*;
use eventsourcing::{AggregateError, Command};

use super::{Invoice, Order, Shop, Variables, in_each_database, order, recorded, shop_with_order};

in_each_database! {
    a_command_that_comes_again_returns_the_first_recordings
    a_command_of_several_aggregates_returns_all_of_them
    a_command_that_decided_nothing_stays_decided
    a_command_without_an_id_is_refused
    commands_with_different_ids_are_all_recorded
    ids_derived_from_the_command_are_the_same_again
    domain_events_have_a_command_too
    a_conflict_leaves_the_command_free
}

async fn a_command_that_comes_again_returns_the_first_recordings(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let mut first = order(&shop, id).await;
    first.note("gift");
    let recordings = shop.save(&mut first).command("request-1").await.unwrap();
    assert_eq!((recordings.len(), recordings[0].id, recordings[0].originator_version), (1, 2, 2));
    // from a stale aggregate, from a current one, and after others were recorded
    let mut stale = Order::place("pen");
    shop.save(&mut stale).await.unwrap();
    let mut again = order(&shop, id).await;
    again.note("gift");
    assert_eq!(shop.save(&mut again).command("request-1").await.unwrap(), recordings);
    assert_eq!(shop.command("request-1").await.unwrap(), Some(recordings.clone()));
    assert_eq!(shop.command("request-2").await.unwrap(), None);
    assert_eq!((recorded(&shop).await, order(&shop, id).await.notes.len()), (3, 1));
    let counts = shop.command_counts();
    assert_eq!((counts.recorded, counts.repeated, counts.reused), (1, 1, 0));
    // its own aggregate goes on
    first.note("wrapped");
    shop.save(&mut first).command("request-2").await.unwrap();
    assert_eq!(order(&shop, id).await.notes, ["gift", "wrapped"]);
}

async fn a_command_of_several_aggregates_returns_all_of_them(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let decide = async || {
        let (mut order, mut placed, mut invoice) = (order(&shop, id).await, Order::place("lamp"), Invoice::issue(7));
        order.note("a lamp too");
        placed.note("see the other");
        shop.save((&mut order, &mut placed, &mut invoice)).command("request-1").await
    };
    let recordings = decide().await.unwrap();
    let topics: Vec<_> = recordings.iter().map(|notification| notification.topic.to_string()).collect();
    assert_eq!(topics, ["Order.Noted", "Order.Placed", "Order.Noted", "Invoice.Issued"]);
    assert_eq!(decide().await.unwrap(), recordings);
    assert_eq!(recorded(&shop).await, 5);
}

async fn a_command_that_decided_nothing_stays_decided(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let mut unchanged = order(&shop, id).await;
    assert_eq!(shop.save(&mut unchanged).command("request-1").await.unwrap(), []);
    assert_eq!(shop.command("request-1").await.unwrap(), Some(vec![]));
    assert_eq!(shop.save(()).command("request-1").await.unwrap(), []);
    // an aggregate without events was not touched
    unchanged.note("later");
    let error = shop.save(&mut unchanged).command("request-1").await.unwrap_err();
    assert!(matches!(error, Error::CommandReused { .. }), "{error}");
    shop.save(&mut unchanged).await.unwrap();
    assert_eq!(recorded(&shop).await, 2);
}

async fn a_command_without_an_id_is_refused(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let mut order = order(&shop, id).await;
    order.note("gift");
    for command in [Command::new(""), Command::new(Uuid::nil()), Command::new(CommandId::named(""))] {
        let error = shop.save(&mut order).command(command.clone()).await.unwrap_err();
        assert!(matches!(error, Error::CommandIdMissing), "{error}");
        assert!(error.to_string().contains("refuse a request without one"), "{error}");
        let error = shop.command(command.id()).await.unwrap_err();
        assert!(matches!(error, Error::CommandIdMissing), "{error}");
    }
    assert_eq!(recorded(&shop).await, 1);
    shop.save(&mut order).command("request-1").await.unwrap();
}

async fn commands_with_different_ids_are_all_recorded(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    let mut ids = vec![CommandId::from(Uuid::from_u128(u128::MAX)), "a".into(), "b".into(), String::from("c").into()];
    ids.push(ids[0].uuid("second").into());
    for id in &ids {
        assert_eq!(shop.save(&mut Order::place("book")).command(*id).await.unwrap().len(), 1);
    }
    assert_eq!(recorded(&shop).await, 5);
}

async fn ids_derived_from_the_command_are_the_same_again(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    let command = CommandId::named("request-1");
    let place = async || {
        let mut order = Order::import(command.uuid("order"), "book");
        (shop.save(&mut order).command(command).await.unwrap(), order.id())
    };
    let ((first, id), (again, same)) = (place().await, place().await);
    assert_eq!((&first, id), (&again, same));
    assert_eq!(order(&shop, id).await.article, "book");
    assert_eq!(recorded(&shop).await, 1);
}

async fn domain_events_have_a_command_too(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    let mut placed = Order::place("book");
    placed.note("gift");
    let events = placed.collect_events();
    let first = shop.save(events.clone()).command("request-1").await.unwrap();
    assert_eq!(shop.save(events.clone()).command("request-1").await.unwrap(), first);
    let error = shop.save(events[0].clone()).command("request-1").await.unwrap_err();
    assert!(error.to_string().contains("it had 2 events and has 1 now"), "{error}");
    assert_eq!(recorded(&shop).await, 2);
}

async fn a_conflict_leaves_the_command_free(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let (mut stale, mut first) = (order(&shop, id).await, order(&shop, id).await);
    first.note("first");
    shop.save(&mut first).await.unwrap();
    stale.note("stale");
    let error = shop.save(&mut stale).command("request-1").await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    assert_eq!(shop.command("request-1").await.unwrap(), None);
    let mut current = order(&shop, id).await;
    current.note("current");
    shop.save(&mut current).command("request-1").await.unwrap();
    // a repeat from a stale aggregate is a repeat, and no conflict
    let mut repeat = stale.clone();
    let error = shop.save(&mut repeat).command("request-1").await.unwrap_err();
    assert!(matches!(error, Error::CommandReused { .. }), "{error}");
    let error = shop.save(&mut stale).await.unwrap_err();
    assert!(
        matches!(error, Error::Conflict { .. })
            && !matches!(error, Error::Aggregate(AggregateError::NotRecorded { .. }))
    );
    assert_eq!(order(&shop, id).await.notes, ["first", "current"]);
}
