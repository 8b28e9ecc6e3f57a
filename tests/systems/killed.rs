//! Processes that are killed while they run a system: every order is reserved and paid exactly once.

use std::future::pending;

use eventsourcing::system::SystemRunner;

use super::process::{Process, is_child};
use super::{Order, Orders, PATIENCE, Payments, Reservations, common, events, system};

const ORDERS: u64 = 15;

/// Kills one of two processes that run the system after each progress, until all orders are done.
async fn kill(test: &str, variables: Vec<(String, String)>) {
    if is_child() {
        let _runner = SystemRunner::start(&system()).await.unwrap();
        return pending().await;
    }
    let orders = Orders::open_with(variables.clone()).await.unwrap();
    let reservations = Reservations::open_with(variables.clone()).await.unwrap();
    let payments = Payments::open_with(variables.clone()).await.unwrap();
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
    let mut children = [Process::start(test, &variables), Process::start(test, &variables)];
    let mut ids = vec![orders.place(1).await.unwrap()];
    let (mut kills, mut seen) = (0, 1);
    while events(&payments).await < ORDERS || events(&orders).await < ORDERS * 3 {
        let done = events(&orders).await + events(&reservations).await + events(&payments).await;
        if done > seen {
            seen = done;
            let victim = &mut children[kills % 2];
            victim.child.start_kill().unwrap();
            victim.child.wait().await.unwrap();
            *victim = Process::start(test, &variables);
            kills += 1;
            // one after the other, so that there is always something to be done yet
            if (ids.len() as u64) < ORDERS {
                ids.push(orders.place(1).await.unwrap());
                seen += 1;
            }
        }
    }
    drop(children);
    // each order but the first is placed after a kill
    assert!(kills as u64 >= ORDERS - 1, "only {kills} were killed");
    let runner = SystemRunner::start(&system().with(&orders).with(&reservations).with(&payments)).await.unwrap();
    runner.settled(PATIENCE).await.unwrap();
    let done = [events(&orders).await, events(&reservations).await, events(&payments).await];
    assert_eq!(done, [ORDERS * 3, ORDERS, ORDERS]);
    for id in ids {
        assert!(orders.repository().get::<Order>(id).await.unwrap().is_done());
    }
}

#[tokio::test]
async fn whoever_is_killed_each_order_is_served_once_in_postgres() {
    let variables = if is_child() { Vec::new() } else { common::postgres() };
    kill("killed::whoever_is_killed_each_order_is_served_once_in_postgres", variables).await;
}

#[tokio::test]
async fn whoever_is_killed_each_order_is_served_once_in_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let variables = [
        ("PERSISTENCE_MODULE", "sqlite".to_owned()),
        ("ORDERS_SQLITE_DBNAME", file("orders.db")),
        ("RESERVATIONS_SQLITE_DBNAME", file("reservations.db")),
        ("PAYMENTS_SQLITE_DBNAME", file("payments.db")),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value)).to_vec();
    kill("killed::whoever_is_killed_each_order_is_served_once_in_files", variables).await;
}
