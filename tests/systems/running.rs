//! Supervised systems: a failed downstream application is restarted while the others continue.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use eventsourcing::RunnerError;
use eventsourcing::pipe;
use eventsourcing::prelude::*;
use eventsourcing::projection::Progress;
use eventsourcing::system::{System, SystemError, SystemRunner};
use futures::future::join_all;

use super::orders::OrderPlaced;
use super::{Order, Orders, PATIENCE, Payments, Reservations, events, in_each_database, in_memory, in_postgres};

in_each_database! {
    every_order_is_reserved_and_paid_for_once
}

async fn every_order_is_reserved_and_paid_for_once(system: System) {
    let runner = SystemRunner::builder(&system).poll_interval(Duration::from_millis(20)).start().await.unwrap();
    let orders: Orders = runner.get().unwrap();
    let ids = join_all((0..50).map(|seats| orders.place(seats))).await;
    runner.settled(PATIENCE).await.unwrap();
    for id in ids {
        assert!(orders.repository().get::<Order>(id.unwrap()).await.unwrap().is_done());
    }
    assert_eq!(events(&orders).await, 150);
    assert_eq!(events(&runner.get::<Reservations>().unwrap()).await, 50);
    assert_eq!(events(&runner.get::<Payments>().unwrap()).await, 50);
    let followed: Vec<_> =
        runner.status().await.unwrap().iter().map(|one| (one.upstream, one.consumer, one.status.lag())).collect();
    let expected = [
        ("Orders", "Reservations", 0),
        ("Reservations", "Orders", 0),
        ("Orders", "Payments", 0),
        ("Payments", "Orders", 0),
    ];
    assert_eq!(followed, expected);
    runner.stop().await;
}

/// Like two processes, each with its own connections.
#[tokio::test]
async fn a_system_that_runs_twice_does_everything_once() {
    let system = in_postgres();
    let (one, other) = (SystemRunner::start(&system).await.unwrap(), SystemRunner::start(&system).await.unwrap());
    let (orders, beside): (Orders, Orders) = (one.get().unwrap(), other.get().unwrap());
    join_all((0..40).map(|seats| if seats % 2 == 0 { orders.place(seats) } else { beside.place(seats) })).await;
    one.settled(PATIENCE).await.unwrap();
    other.settled(PATIENCE).await.unwrap();
    assert_eq!(events(&orders).await, 120);
    assert_eq!(events(&one.get::<Reservations>().unwrap()).await, 40);
    assert_eq!(events(&one.get::<Payments>().unwrap()).await, 40);
}

/// Like processes of which each runs one downstream application.
#[tokio::test]
async fn followers_may_each_run_for_themselves() {
    let system = in_postgres();
    let reserving = SystemRunner::builder(&system).only::<Reservations>().start().await.unwrap();
    let missing = reserving.get::<Payments>().unwrap_err();
    let said = "no application `Payments` in this system; available: Orders, Reservations";
    assert_eq!(missing.to_string(), said);
    let paying = SystemRunner::builder(&system).only::<Payments>().start().await.unwrap();
    let ordering = SystemRunner::builder(&system).only::<Orders>().start().await.unwrap();
    let orders: Orders = ordering.get().unwrap();
    let id = orders.place(2).await.unwrap();
    // round and round, since none of them knows what the others still have to do
    while !orders.repository().get::<Order>(id).await.unwrap().is_done() {
        for runner in [&reserving, &paying, &ordering] {
            runner.settled(PATIENCE).await.unwrap();
        }
    }
}

#[application(aggregates(Order))]
struct Broken;

/// Whether the policy is mended.
static IS_MENDED: AtomicBool = AtomicBool::new(false);

#[policy]
impl Broken {
    #[on]
    async fn placed(&self, event: &OrderPlaced, work: &mut UnitOfWork) -> Result<()> {
        assert!(IS_MENDED.load(Ordering::Relaxed), "it is broken");
        work.save(&mut Order::place(event.seats))
    }
}

#[tokio::test]
async fn a_follower_that_fails_is_started_again_while_the_others_go_on() {
    let system =
        System::new([pipe![Orders => Broken, Orders => Reservations]]).variables([("PERSISTENCE_MODULE", "memory")]);
    let runner = SystemRunner::start(&system).await.unwrap();
    let orders: Orders = runner.get().unwrap();
    orders.place(1).await.unwrap();
    let reservations: Reservations = runner.get().unwrap();
    while events(&reservations).await == 0 {
        tokio::task::yield_now().await;
    }
    loop {
        let status = runner.status().await.unwrap().remove(0).status;
        if let Progress::Retrying(error) = &status.progress {
            assert!(error.to_string().ends_with("the handler panicked: it is broken"), "{error}");
            break;
        }
        tokio::task::yield_now().await;
    }
    let error = runner.settled(Duration::from_millis(1)).await.unwrap_err();
    let is_late = matches!(error, SystemError::Runner(RunnerError::NotCaughtUp { name: "Broken", .. }));
    assert!(is_late, "{error}");
    IS_MENDED.store(true, Ordering::Relaxed);
    runner.settled(PATIENCE).await.unwrap();
    assert_eq!(events(&runner.get::<Broken>().unwrap()).await, 1);
    runner.stop().await;
}

#[tokio::test]
async fn a_system_that_is_stopped_goes_on_where_it_was() {
    let (orders, reservations) = (
        Orders::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap(),
        Reservations::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap(),
    );
    let system = in_memory().with(&orders).with(&reservations);
    let runner = SystemRunner::builder(&system).only::<Reservations>().start().await.unwrap();
    orders.place(1).await.unwrap();
    runner.settled(PATIENCE).await.unwrap();
    runner.stop().await;
    orders.place(2).await.unwrap();
    assert_eq!(events(&reservations).await, 1);
    let runner = SystemRunner::builder(&system).only::<Reservations>().start().await.unwrap();
    runner.settled(PATIENCE).await.unwrap();
    assert_eq!(events(&reservations).await, 2);
}
