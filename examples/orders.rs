//! A system: three applications process each other's events until an order is reserved and paid for.
//!
//! Orders, Reservations and Payments have an event log each, and share no tables. An application's policy handles events of an upstream
//! application. The events that a handler saves and the position in the upstream log are committed in one transaction, so each event takes
//! effect exactly once, also after a crash.
//!
//! ```console
//! $ cargo run --example orders
//! ```
//!
//! This keeps events in memory. Variables choose a database, such as `PERSISTENCE_MODULE=sqlite` with `ORDERS_SQLITE_DBNAME=orders.db`,
//! `RESERVATIONS_SQLITE_DBNAME=reservations.db` and `PAYMENTS_SQLITE_DBNAME=payments.db`, or those of PostgreSQL.

use std::time::Duration;

use eventsourcing::pipe;
use eventsourcing::prelude::*;
use eventsourcing::system::{SingleThreadedRunner, System, SystemRunner};

#[aggregate]
#[derive(Clone, Debug)]
pub struct Order {
    seats: u32,
    reservation: Option<Uuid>,
    payment: Option<Uuid>,
}

#[aggregate]
impl Order {
    #[event("Placed")]
    pub fn place(seats: u32) -> Self {
        Self { seats, reservation: None, payment: None }
    }

    #[event("Reserved")]
    pub fn reserve(&mut self, reservation: Uuid, seats: u32) {
        self.reservation = Some(reservation);
        self.seats = seats;
    }

    #[event("Paid")]
    pub fn pay(&mut self, payment: Uuid) {
        self.payment = Some(payment);
    }

    pub fn is_done(&self) -> bool {
        self.reservation.is_some() && self.payment.is_some()
    }
}

#[aggregate]
#[derive(Clone, Debug)]
pub struct Reservation {
    pub order: Uuid,
    pub seats: u32,
}

#[aggregate]
impl Reservation {
    #[event("Confirmed")]
    pub fn confirm(order: Uuid, seats: u32) -> Self {
        Self { order, seats }
    }
}

#[aggregate]
#[derive(Clone, Debug)]
pub struct Payment {
    pub order: Uuid,
    pub cents: u64,
}

#[aggregate]
impl Payment {
    #[event("Received")]
    pub fn receive(order: Uuid, cents: u64) -> Self {
        Self { order, cents }
    }
}

#[application(aggregates(Order))]
#[derive(Clone, Debug)]
pub struct Orders;

impl Orders {
    pub async fn place(&self, seats: u32) -> Result<Uuid> {
        let mut order = Order::place(seats);
        self.save(&mut order).await?;
        Ok(order.id())
    }
}

/// Completes an order with the results of the other two applications.
#[policy]
impl Orders {
    #[on]
    async fn reserved(
        &self,
        event: &ReservationConfirmed,
        context: &EventContext,
        work: &mut UnitOfWork,
    ) -> Result<()> {
        let mut order: Order = work.get(event.order).await?;
        order.reserve(context.originator_id, event.seats);
        work.save(&mut order)
    }

    #[on]
    async fn paid(&self, event: &PaymentReceived, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        let mut order: Order = work.get(event.order).await?;
        order.pay(context.originator_id);
        work.save(&mut order)
    }
}

#[application(aggregates(Reservation))]
#[derive(Clone, Debug)]
pub struct Reservations;

/// Reserves seats for each order.
#[policy]
impl Reservations {
    #[on]
    async fn placed(&self, event: &OrderPlaced, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut Reservation::confirm(context.originator_id, event.seats))
    }
}

#[application(aggregates(Payment))]
#[derive(Clone, Debug)]
pub struct Payments;

/// Receives a payment for each order that has its seats.
#[policy]
impl Payments {
    #[on]
    async fn reserved(&self, event: &OrderReserved, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut Payment::receive(context.originator_id, u64::from(event.seats) * 1_250))
    }
}

/// Which application processes the log of which: `A => B` means that B handles events of A.
fn system() -> System {
    System::new([pipe![Orders => Reservations => Orders, Orders => Payments => Orders]])
}

/// Runs the system step by step, as a test does: one event at a time, always in the same order.
async fn step_by_step() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let system = system().variables([("PERSISTENCE_MODULE", "memory")]);
    let mut runner = SingleThreadedRunner::open(&system).await?;
    let orders: Orders = runner.get()?;
    let id = orders.place(3).await?;
    while let Some(step) = runner.step().await? {
        println!("{} handles {} of {}", step.consumer, step.notification.topic, step.upstream);
    }
    let order: Order = orders.repository().get(id).await?;
    assert!(order.is_done());
    let payment: Payment = runner.get::<Payments>()?.repository().get(order.payment.unwrap_or_default()).await?;
    assert_eq!((payment.order, payment.cents), (id, 3_750));
    Ok(())
}

/// Runs the system as a service does: each application on a task of its own, in the databases that the environment names.
async fn all_at_once() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let runner = SystemRunner::start(&system()).await?;
    let orders: Orders = runner.get()?;
    let ids = [orders.place(1).await?, orders.place(2).await?, orders.place(4).await?];
    runner.settled(Duration::from_secs(30)).await?;
    for id in ids {
        let order: Order = orders.repository().get(id).await?;
        assert!(order.is_done());
    }
    println!("{} orders are reserved and paid for", ids.len());
    runner.stop().await;
    Ok(())
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    step_by_step().await?;
    all_at_once().await
}
