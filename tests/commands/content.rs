//! What is compared when a command comes again.

use std::collections::{BTreeMap, HashMap};

use eventsourcing::Command;
use eventsourcing::prelude::*;

use super::{Invoice, Order, Shop, Variables, in_each_database, order, recorded, shop_with_order};

in_each_database! {
    other_events_are_an_error_and_write_nothing
    an_event_of_another_aggregate_is_an_error
    new_aggregates_are_the_same_whatever_their_ids
    content_is_compared_in_place_of_the_events
    events_are_compared_where_content_was_given_once
    content_is_the_same_whatever_the_order_of_its_keys
    content_without_json_is_refused
}

/// Saves what is given with the same command, and expects that its content differs.
async fn assert_other(shop: &Shop, what: impl Saveable, difference: &str) {
    let before = recorded(shop).await;
    let error = shop.save(what).command("request-1").await.unwrap_err();
    let Error::CommandReused { id, .. } = &error else { panic!("{error}") };
    assert_eq!(*id, "request-1".into());
    let text = error.to_string();
    assert!(text.contains(difference) && text.contains("`Command::content`"), "{text}");
    assert_eq!(recorded(shop).await, before);
}

async fn other_events_are_an_error_and_write_nothing(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let mut noted = order(&shop, id).await;
    noted.note("gift");
    let recordings = shop.save(&mut noted).command("request-1").await.unwrap();
    let changed = async |notes: &[&str]| {
        let mut order = order(&shop, id).await;
        notes.iter().for_each(|note| order.note(note));
        order
    };
    assert_other(&shop, &mut changed(&["present"]).await, "its event 1, `Order.Noted`, differs at `$.note`").await;
    assert_other(&shop, &mut changed(&[]).await, "it had 1 events and has 0 now").await;
    assert_other(&shop, &mut changed(&["gift", "gift"]).await, "it had 1 events and has 2 now").await;
    assert_other(&shop, &mut Invoice::issue(7), "its event 1 was `Order.Noted` and is `Invoice.Issued` now").await;
    assert_other(&shop, &mut Order::place("gift"), "its event 1, `Order.Placed`, was one of another aggregate").await;
    // what was refused can be saved as another command, and the first one is what it was
    let mut present = changed(&["present"]).await;
    assert_other(&shop, &mut present, "differs").await;
    shop.save(&mut present).command("request-2").await.unwrap();
    assert_eq!(shop.command("request-1").await.unwrap(), Some(recordings));
    assert_eq!(order(&shop, id).await.notes, ["gift", "present"]);
    assert_eq!(shop.command_counts().reused, 6);
}

async fn an_event_of_another_aggregate_is_an_error(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let mut other = Order::place("pen");
    shop.save(&mut other).await.unwrap();
    let mut noted = order(&shop, id).await;
    noted.note("gift");
    shop.save(&mut noted).command("request-1").await.unwrap();
    other.note("gift");
    assert_other(&shop, &mut other, "was one of another aggregate").await;
    shop.save(&mut other).await.unwrap();
    let mut twice = [order(&shop, id).await, Order::place("pen")];
    twice[0].note("a");
    twice[1].note("b");
    shop.save(&mut twice).command("request-2").await.unwrap();
    // of a new aggregate, each event belongs to the same one
    let (mut one, mut new, mut mixed) = (order(&shop, id).await, Order::place("pen"), Order::place("pen"));
    one.note("a");
    mixed.note("b");
    let (placed, noted) = (new.collect_events(), mixed.collect_events());
    let error = shop.save((&mut one, placed, noted[1].clone())).command("request-2").await.unwrap_err();
    assert!(error.to_string().contains("its event 3, `Order.Noted`, was one of another aggregate"), "{error}");
}

async fn new_aggregates_are_the_same_whatever_their_ids(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    let place = async |articles: [&str; 2]| {
        let mut orders = articles.map(Order::place);
        orders[1].note("with the first");
        shop.save(&mut orders).command("request-1").await
    };
    let first = place(["book", "pen"]).await.unwrap();
    assert_eq!(place(["book", "pen"]).await.unwrap(), first);
    let error = place(["pen", "book"]).await.unwrap_err();
    assert!(error.to_string().contains("its event 1, `Order.Placed`, differs at `$.article`"), "{error}");
    assert_eq!(recorded(&shop).await, 3);
}

async fn content_is_compared_in_place_of_the_events(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let note = async |note: &str, content: &str| {
        let mut order = order(&shop, id).await;
        order.note(note);
        shop.save(&mut order).command(Command::new("request-1").content(content)).await
    };
    // the time is in the event, and not in the content
    let first = note("gift at 10:31", "gift").await.unwrap();
    assert_eq!(note("gift at 10:32", "gift").await.unwrap(), first);
    let error = note("gift at 10:31", "present").await.unwrap_err();
    assert!(error.to_string().contains("its content was another one"), "{error}");
    assert_eq!(recorded(&shop).await, 2);
}

async fn events_are_compared_where_content_was_given_once(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let note = async |note: &str, command: Command| {
        let mut order = order(&shop, id).await;
        order.note(note);
        shop.save(&mut order).command(command).await
    };
    let with = |id: &str| Command::new(id).content(&1);
    for (first, again) in [(with("1"), Command::new("1")), (Command::new("2"), with("2"))] {
        let recordings = note("gift", first.clone()).await.unwrap();
        assert_eq!(note("gift", again.clone()).await.unwrap(), recordings);
        assert!(matches!(note("present", again).await, Err(Error::CommandReused { .. })));
    }
}

async fn content_is_the_same_whatever_the_order_of_its_keys(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    let save = async |command: Command| shop.save(&mut Invoice::issue(recorded(&shop).await)).command(command).await;
    let entries = || (0..20).map(|number| (number.to_string(), number));
    let first = save(Command::new("1").content(&entries().collect::<HashMap<_, _>>())).await.unwrap();
    assert_eq!(save(Command::new("1").content(&entries().collect::<HashMap<_, _>>())).await.unwrap(), first);
    assert_eq!(save(Command::new("1").content(&entries().rev().collect::<BTreeMap<_, _>>())).await.unwrap(), first);
    // what looks alike when it is written one after the other
    let contents: [Command; 8] = [
        Command::new("2").content(&["a", "b"]),
        Command::new("2").content(&["b", "a"]),
        Command::new("2").content(&["ab"]),
        Command::new("2").content(&[["a"], ["b"]]),
        Command::new("2").content("a,b"),
        Command::new("2").content(&("a", "b", ())),
        Command::new("2").content(&HashMap::from([("a", "b")])),
        Command::new("2").content(&()),
    ];
    for (number, content) in contents.into_iter().enumerate() {
        assert_eq!(save(content).await.is_ok(), number == 0, "{number}");
    }
}

async fn content_without_json_is_refused(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    for command in [Command::new("1").content(&f64::NAN), Command::new("1").content(&HashMap::from([(vec![1], 2)]))] {
        let error = shop.save(&mut Invoice::issue(1)).command(command).await.unwrap_err();
        assert!(matches!(&error, Error::CommandContent { id, .. } if *id == "1".into()), "{error}");
        assert!(error.to_string().contains("nothing was recorded"), "{error}");
    }
    assert_eq!(recorded(&shop).await, 0);
}
