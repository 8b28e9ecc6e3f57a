//! A scope: the one save in it has the id of the command.

use eventsourcing::prelude::*;
use eventsourcing::{Command, Tracking};

use super::{Order, Shop, Variables, in_each_database, order, recorded, shop_with_order};

in_each_database! {
    the_save_of_a_scope_has_its_command
    a_second_save_in_a_scope_is_refused
    a_failed_save_leaves_the_command_to_the_next
    two_saves_at_once_do_not_share_a_command
    a_command_of_the_save_counts_before_the_scope
    an_inner_scope_counts_before_an_outer_one
    a_scope_with_content_compares_it
    tracked_saves_ignore_the_scope
    a_task_of_its_own_has_no_command
}

fn request() -> CommandId {
    CommandId::named("request-1")
}

async fn the_save_of_a_scope_has_its_command(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    let place = || request().scope(async { shop.save(&mut Order::place("book")).await });
    let first = place().await.unwrap();
    assert_eq!(place().await.unwrap(), first);
    assert_eq!(shop.command(request()).await.unwrap(), Some(first));
    assert_eq!(recorded(&shop).await, 1);
}

async fn a_second_save_in_a_scope_is_refused(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    for _ in 0..2 {
        request()
            .scope(async {
                shop.save(&mut Order::place("book")).await.unwrap();
                let mut second = Order::place("book");
                let error = shop.save(&mut second).await.unwrap_err();
                assert!(matches!(error, Error::CommandScopeUsed { id } if id == request()), "{error}");
                assert!(error.to_string().contains(r#"`save(…).command(id.uuid("second"))`"#), "{error}");
                shop.save(&mut second).command(request().uuid("second")).await.unwrap();
            })
            .await;
    }
    assert_eq!(recorded(&shop).await, 2);
}

async fn a_failed_save_leaves_the_command_to_the_next(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let (mut stale, mut current) = (order(&shop, id).await, order(&shop, id).await);
    current.note("first");
    shop.save(&mut current).await.unwrap();
    let saved = request().scope(async {
        stale.note("second");
        assert!(matches!(shop.save(&mut stale).await, Err(Error::Conflict { .. })));
        let mut again = order(&shop, id).await;
        again.note("second");
        shop.save(&mut again).await
    });
    let saved = saved.await.unwrap();
    assert_eq!(shop.command(request()).await.unwrap(), Some(saved));
    assert_eq!(recorded(&shop).await, 3);
}

async fn two_saves_at_once_do_not_share_a_command(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    let (mut one, mut other) = (Order::place("book"), Order::place("book"));
    let both = request().scope(async { tokio::join!(shop.save(&mut one), shop.save(&mut other)) }).await;
    // a save in memory ends before the other begins, and is refused all the same
    let refused = [&both.0, &both.1].map(|saved| matches!(saved, Err(Error::CommandScopeUsed { .. })));
    assert_eq!(refused, [false, true], "{both:?}");
    assert_eq!(recorded(&shop).await, 1);
}

async fn a_command_of_the_save_counts_before_the_scope(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    request()
        .scope(async {
            for id in ["a", "b", "a"] {
                shop.save(&mut Order::place("book")).command(id).await.unwrap();
            }
            assert_eq!(shop.command(request()).await.unwrap(), None);
            shop.save(&mut Order::place("book")).await.unwrap();
        })
        .await;
    assert_eq!(recorded(&shop).await, 3);
    assert!(shop.command(request()).await.unwrap().is_some());
}

async fn an_inner_scope_counts_before_an_outer_one(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    request()
        .scope(async {
            CommandId::named("inner").scope(async { shop.save(&mut Order::place("a")).await.unwrap() }).await;
            shop.save(&mut Order::place("b")).await.unwrap();
        })
        .await;
    let ids = [shop.command("inner").await.unwrap(), shop.command(request()).await.unwrap()];
    assert_eq!(ids.map(|recordings| recordings.unwrap()[0].id), [1, 2]);
}

async fn a_scope_with_content_compares_it(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    let place = |article: &'static str, content: u8| {
        let shop = &shop;
        Command::new(request()).content(&content).scope(async move { shop.save(&mut Order::place(article)).await })
    };
    let first = place("book", 1).await.unwrap();
    assert_eq!(place("pen", 1).await.unwrap(), first);
    assert!(matches!(place("book", 2).await, Err(Error::CommandReused { .. })));
}

async fn tracked_saves_ignore_the_scope(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    request()
        .scope(async {
            shop.save_tracked(&mut Order::place("a"), Tracking::new("Orders", 0, 1)).await.unwrap();
            shop.save_tracked(&mut Order::place("b"), Tracking::new("Orders", 1, 2)).await.unwrap();
        })
        .await;
    assert_eq!((recorded(&shop).await, shop.command(request()).await.unwrap()), (2, None));
}

async fn a_task_of_its_own_has_no_command(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    let elsewhere = shop.clone();
    let save = async move { elsewhere.save(&mut Order::place("book")).await.map(drop) };
    request().scope(async { tokio::spawn(save).await }).await.unwrap().unwrap();
    assert_eq!((recorded(&shop).await, shop.command(request()).await.unwrap()), (1, None));
}
