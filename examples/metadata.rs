//! Metadata: who did it, in which request, and which event caused which.
//!
//! An order is placed in a request. The metadata of the request is set once, around the code that handles it, and recorded with each event.
//! A policy of another application reacts to the order. What it records carries the event that caused it and the id of the request, so a
//! question of a customer leads from the payment back to the request.
//!
//! ```console
//! $ cargo run --example metadata
//! ```

use std::time::Duration;

use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone, Debug)]
pub struct Order {
    cents: u64,
    is_sent: bool,
}

#[aggregate]
impl Order {
    #[event("Placed")]
    pub fn place(cents: u64) -> Self {
        Self { cents, is_sent: false }
    }

    #[event("Sent")]
    pub fn send(&mut self) {
        self.is_sent = true;
    }
}

#[aggregate]
#[derive(Clone, Debug)]
pub struct Payment {
    order: Uuid,
    cents: u64,
}

#[aggregate]
impl Payment {
    #[event("Requested")]
    pub fn request(order: Uuid, cents: u64) -> Self {
        Self { order, cents }
    }
}

#[application(aggregates(Order))]
#[derive(Clone, Debug)]
pub struct Orders;

impl Orders {
    /// Places an order. It knows nothing of requests.
    pub async fn place(&self, cents: u64) -> Result<Uuid> {
        let mut order = Order::place(cents);
        self.save(&mut order).await?;
        Ok(order.id())
    }
}

#[application(aggregates(Payment))]
#[derive(Clone, Debug)]
pub struct Payments;

#[policy]
impl Payments {
    #[on]
    async fn placed(&self, event: &OrderPlaced, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut Payment::request(context.originator_id, event.cents))
    }
}

/// The events that led to a notification, as `Payments:1 < Orders:1`.
async fn history(applications: [&Application; 2], name: &str, id: u64) -> Result<String> {
    let (mut shown, mut name, mut id) = (format!("{name}:{id}"), name.to_owned(), id);
    while let Some(application) = applications.iter().find(|application| application.name() == name) {
        let Some(notification) = application.log().select(id, 1).await?.into_iter().next() else { break };
        let metadata = application.mapper().metadata_of(&notification)?;
        let Some(cause) = metadata.cause() else { break };
        shown = format!("{shown} < {cause}");
        (name, id) = (cause.application.to_string(), cause.notification_id);
    }
    Ok(shown)
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let orders = Orders::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    let payments = Payments::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    let runner = payments.follow(&orders).start().await?;

    // around a request, such as in a middleware
    let request = Metadata::new().with_correlation_id("request-7").with_actor("ada").with("shop", "Oxford");
    let id = request.scope(orders.place(1_999)).await?;
    runner.wait_for(1, Duration::from_secs(5)).await?;

    // one save with metadata of its own
    let mut order: Order = orders.repository().get(id).await?;
    order.send();
    let recorded =
        orders.save(&mut order).metadata(Metadata::new().with_actor("grace").with_causation_id("parcel-3")).await?;
    let metadata = orders.mapper().metadata_of(&recorded[0])?;
    assert_eq!((metadata.actor(), metadata.correlation_id()), (Some("grace"), None));

    // the events of the log with their metadata
    let mut placed = orders.subscribe(0).events::<OrderEvent>();
    let followed = placed.try_next().await?.ok_or("a subscription does not end")?;
    let metadata = followed.item.metadata();
    println!("{:?} placed an order in {:?}", metadata.actor(), metadata.correlation_id());
    assert_eq!(metadata.get("shop"), Some("Oxford"));

    // the payment belongs to the same request, and was caused by the order
    let requested = payments.log().select(1, 1).await?;
    let metadata = payments.mapper().metadata_of(&requested[0])?;
    assert_eq!(metadata.correlation_id(), Some("request-7"));
    assert_eq!(metadata.actor(), None);
    let history = history([&orders, &payments], "Payments", 1).await?;
    println!("{history}");
    assert_eq!(history, "Payments:1 < Orders:1");

    // aggregates are what they are without metadata
    let payment: Payment = payments.repository().get(requested[0].originator_id).await?;
    assert_eq!((payment.order, payment.cents, order.is_sent), (id, order.cents, true));
    runner.stop().await?;
    Ok(())
}
