//! An order is reserved and paid for by applications that know nothing of each other's tables.
//!
//! Orders, Reservations and Payments each keep their own events. Each follows the log of those it depends on, and what it makes of an event is
//! recorded together with how far it is, so that nothing is done twice and nothing is forgotten, whatever is killed when.
//!
//! `cargo run --example orders` runs it in memory; with `PERSISTENCE_MODULE=sqlite` and `ORDERS_SQLITE_DBNAME=orders.db` and so on, or in
//! PostgreSQL, the same program keeps what it did.

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

/// What becomes of an order when others have done their part.
#[policy]
impl Orders {
    #[on]
    async fn reserved(&self, event: &ReservationConfirmed, about: &About, work: &mut UnitOfWork) -> Result<()> {
        let mut order: Order = work.get(event.order).await?;
        order.reserve(about.originator_id, event.seats);
        work.save(&mut order)
    }

    #[on]
    async fn paid(&self, event: &PaymentReceived, about: &About, work: &mut UnitOfWork) -> Result<()> {
        let mut order: Order = work.get(event.order).await?;
        order.pay(about.originator_id);
        work.save(&mut order)
    }
}

#[application(aggregates(Reservation))]
#[derive(Clone, Debug)]
pub struct Reservations;

#[policy]
impl Reservations {
    #[on]
    async fn placed(&self, event: &OrderPlaced, about: &About, work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut Reservation::confirm(about.originator_id, event.seats))
    }
}

#[application(aggregates(Payment))]
#[derive(Clone, Debug)]
pub struct Payments;

#[policy]
impl Payments {
    #[on]
    async fn reserved(&self, event: &OrderReserved, about: &About, work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut Payment::receive(about.originator_id, u64::from(event.seats) * 1_250))
    }
}

fn system() -> System {
    System::new([pipe![Orders => Reservations => Orders, Orders => Payments => Orders]])
}

/// Step by step, as in a test: after each step it is plain what has happened.
async fn step_by_step() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let system = system().variables([("PERSISTENCE_MODULE", "memory")]);
    let mut runner = SingleThreadedRunner::open(&system).await?;
    let orders: Orders = runner.get()?;
    let id = orders.place(3).await?;
    while let Some(step) = runner.step().await? {
        println!("{} handles {} of {}", step.follower, step.notification.topic, step.upstream);
    }
    let order: Order = orders.repository().get(id).await?;
    assert!(order.is_done());
    let payment: Payment = runner.get::<Payments>()?.repository().get(order.payment.unwrap_or_default()).await?;
    assert_eq!((payment.order, payment.cents), (id, 3_750));
    Ok(())
}

/// For good: each follower on a task of its own, in the databases that the environment names.
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
