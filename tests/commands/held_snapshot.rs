//! Deleting outdated commands while a transaction of another connection still sees them.

use std::time::Duration;

use eventsourcing::prelude::*;
use eventsourcing::testing::Clock;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::{Order, Shop};
use crate::common::pools::{postgres_options, variable};
use crate::common::postgres;

#[tokio::test]
async fn commands_are_deleted_while_another_transaction_sees_them() {
    let (variables, clock) = (postgres(), Clock::new());
    let recorder = std::sync::Arc::clone(Shop::open_with(variables.clone()).await.unwrap().recorder());
    let builder = Application::builder("Shop").recorder(recorder);
    let shop = builder.clock(&clock).keep_commands(Duration::from_secs(1)).open().unwrap();
    for number in 0..10 {
        shop.save(&mut Order::place("book")).command(number.to_string()).await.unwrap();
    }
    let mut outsider = postgres_options(&variables).connect().await.unwrap();
    let mut snapshot = outsider.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await.unwrap();
    let count = format!("SELECT count(*) FROM {}.shop_commands", variable(&variables, "POSTGRES_SCHEMA"));
    let seen = async |snapshot: &mut sqlx::PgConnection| -> i64 {
        sqlx::query_scalar(AssertSqlSafe(count.clone())).fetch_one(snapshot).await.unwrap()
    };
    assert_eq!(seen(&mut snapshot).await, 10);
    clock.advance(Duration::from_secs(2));

    // all but the last one, which every application keeps
    assert_eq!(shop.prune_commands().await.unwrap(), 9);
    assert_eq!((shop.command("0").await.unwrap(), shop.command("9").await.unwrap().unwrap().len()), (None, 1));
    // the same id is executed again, beside the row that the snapshot still sees
    assert_eq!(shop.save(&mut Order::place("pen")).command("0").await.unwrap()[0].id, 11);
    assert_eq!(seen(&mut snapshot).await, 10);
    snapshot.rollback().await.unwrap();
    assert_eq!(seen(&mut outsider).await, 2);
}
