//! After a repeat, the aggregates in memory hold events that were not recorded, and cannot be used.

use eventsourcing::AggregateError;
use eventsourcing::application::SaveBatch;
use eventsourcing::prelude::*;

use super::{Order, Shop, Variables, in_each_database, order, recorded, shop_with_order};

in_each_database! {
    an_aggregate_of_a_repeat_cannot_be_saved
    a_clone_of_an_aggregate_is_a_repeat
    an_aggregate_saved_again_is_its_own_attempt
    an_attempt_recorded_without_the_command_gets_it_later
    an_attempt_recorded_in_part_has_one_command_for_all
}

async fn an_aggregate_of_a_repeat_cannot_be_saved(variables: Variables) {
    let (shop, id) = shop_with_order(variables).await;
    let mut first = order(&shop, id).await;
    first.note("gift");
    shop.save(&mut first).command("request-1").await.unwrap();
    let (mut repeat, mut untouched) = (order(&shop, id).await, order(&shop, id).await);
    repeat.note("gift");
    shop.save((&mut repeat, &mut untouched)).command("request-1").await.unwrap();
    assert_eq!(repeat.pending_events().len(), 0);
    for mut of_repeat in [repeat.clone(), repeat] {
        of_repeat.note("more");
        let error = shop.save(&mut of_repeat).await.unwrap_err();
        let is_right =
            matches!(error, Error::Aggregate(AggregateError::NotRecorded { originator_id, .. }) if originator_id == id);
        assert!(is_right && error.to_string().contains("get the aggregate again"), "{error}");
        assert!(of_repeat.collect_events().is_empty());
    }
    // one without events lost nothing
    untouched.note("more");
    shop.save(&mut untouched).await.unwrap();
    assert_eq!(order(&shop, id).await.notes, ["gift", "more"]);
}

async fn a_clone_of_an_aggregate_is_a_repeat(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    let mut first = Order::place("book");
    let mut twin = first.clone();
    let recordings = shop.save(&mut first).command("request-1").await.unwrap();
    assert_eq!(shop.save(&mut twin).command("request-1").await.unwrap(), recordings);
    assert!(shop.save(&mut twin).await.is_err() && shop.save(&mut first).await.is_ok());
    assert_eq!(recorded(&shop).await, 1);
}

/// An aggregate that does not notice that it is saved, as if the future were dropped before the answer arrives.
struct Unnoticed<'a>(&'a mut Order);

impl Saveable for Unnoticed<'_> {
    fn add_to(&mut self, batch: &mut SaveBatch<'_>) -> Result<()> {
        (&mut *self.0).add_to(batch)
    }

    fn recorded(&mut self) {}
}

async fn an_aggregate_saved_again_is_its_own_attempt(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    let mut order = Order::place("book");
    let first = shop.save(Unnoticed(&mut order)).command("request-1").await.unwrap();
    assert_eq!(order.pending_events().len(), 1);
    assert_eq!(shop.save(&mut order).command("request-1").await.unwrap(), first);
    // it is done, and no repeat: the aggregate goes on
    order.note("gift");
    shop.save(&mut order).command("request-2").await.unwrap();
    assert_eq!(recorded(&shop).await, 2);
}

async fn an_attempt_recorded_without_the_command_gets_it_later(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    let mut order = Order::place("book");
    let first = shop.save(Unnoticed(&mut order)).await.unwrap();
    assert_eq!(shop.command("request-1").await.unwrap(), None);
    assert_eq!(shop.save(&mut order).command("request-1").await.unwrap(), first);
    assert_eq!(shop.command("request-1").await.unwrap(), Some(first));
    assert_eq!(recorded(&shop).await, 1);
}

async fn an_attempt_recorded_in_part_has_one_command_for_all(variables: Variables) {
    let shop = Shop::open_with(variables).await.unwrap();
    let mut early = Order::place("book");
    let first = shop.save(Unnoticed(&mut early)).await.unwrap();
    let mut other = Order::place("pen");
    early.note("gift");
    shop.save(&mut Order::place("between")).await.unwrap();
    let all = shop.save((&mut other, &mut early)).command("request-1").await.unwrap();
    let ids: Vec<_> = all.iter().map(|notification| notification.id).collect();
    assert_eq!((ids.as_slice(), &all[1]), (&[3, 1, 4][..], &first[0]));
    assert_eq!(shop.command("request-1").await.unwrap(), Some(all));
}
