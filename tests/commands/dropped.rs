//! Saves whose futures are dropped at any poll: the command is recorded once, or not at all.

use std::task::Poll;

use eventsourcing::prelude::*;

use super::{Order, Shop, Variables, in_each_database, order, recorded, shop_with_order};

in_each_database! {
    a_save_that_is_not_polled_does_nothing
    a_save_dropped_at_any_poll_is_recorded_once
    a_scope_dropped_with_its_save_can_be_entered_again
}

async fn a_save_that_is_not_polled_does_nothing(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let mut order = order(&shop, id).await;
    order.note("gift");
    let save = shop.save(&mut order).metadata(Metadata::new().with_actor("ada")).command("request-1");
    assert!(format!("{save:?}").contains("ada"), "{save:?}");
    drop(save);
    assert_eq!((recorded(&shop).await, shop.command("request-1").await.unwrap()), (1, None));
    shop.save(&mut order).command("request-1").await.unwrap();
}

async fn a_save_dropped_at_any_poll_is_recorded_once(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    for polls in 0..6 {
        let command = CommandId::named(&format!("request-{polls}"));
        let note = polls.to_string();
        let mut first = order(&shop, id).await;
        first.note(&note);
        let mut save = shop.save(&mut first).command(command);
        let mut is_done = false;
        for _ in 0..polls {
            if let Poll::Ready(saved) = futures::poll!(&mut save) {
                saved.unwrap();
                is_done = true;
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(save);
        if is_done {
            continue;
        }
        // the same attempt, and after it another one
        let recordings = match polls % 2 {
            0 => shop.save(&mut first).command(command).await.unwrap(),
            _ => {
                let mut other = order(&shop, id).await;
                if !other.notes.contains(&note) {
                    other.note(&note);
                    shop.save(&mut other).command(command).await.unwrap()
                } else {
                    shop.command(command).await.unwrap().unwrap()
                }
            }
        };
        assert_eq!(recordings.len(), 1);
        assert_eq!(shop.command(command).await.unwrap(), Some(recordings));
    }
    let order = order(&shop, id).await;
    let mut notes = order.notes.clone();
    notes.dedup();
    assert_eq!(notes, order.notes, "a command is recorded twice");
    assert!(order.notes.len() >= 5, "{:?}", order.notes);
}

async fn a_scope_dropped_with_its_save_can_be_entered_again(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    let mut order = Order::place("book");
    let command = CommandId::named("request-1");
    let recordings = command
        .scope(async {
            let mut save = shop.save(&mut order);
            let begun = futures::poll!(&mut save);
            drop(save);
            match begun {
                Poll::Ready(saved) => saved,
                // dropped, so the command is free for the next try of the attempt
                Poll::Pending => shop.save(&mut order).await,
            }
        })
        .await
        .unwrap();
    assert_eq!(shop.command(command).await.unwrap(), Some(recordings));
    assert_eq!(recorded(&shop).await, 1);
}
