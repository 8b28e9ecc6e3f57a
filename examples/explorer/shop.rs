//! The model of the shop: orders, customers, and the payments that follow from orders.

use eventsourcing::prelude::*;
use serde::Serialize;

#[application(aggregates(Order, Customer))]
#[derive(Clone)]
pub(crate) struct Orders;

#[application(aggregates(Payment))]
#[derive(Clone)]
pub(crate) struct Payments;

#[derive(Serialize)]
#[aggregate]
pub(crate) struct Order {
    customer: Uuid,
    currency: String,
    lines: Vec<Line>,
    cents: u64,
    ship_to: Option<Address>,
}

#[derive(Serialize)]
pub(crate) struct Line {
    sku: String,
    quantity: u32,
    cents: u64,
}

#[derive(Serialize)]
pub(crate) struct Address {
    street: String,
    city: String,
    country: String,
}

#[aggregate]
impl Order {
    #[event("Placed")]
    pub(crate) fn place(customer: Uuid, currency: &str) -> Self {
        Self { customer, currency: currency.to_owned(), lines: Vec::new(), cents: 0, ship_to: None }
    }

    #[event("LineAdded")]
    pub(crate) fn add_line(&mut self, sku: &str, quantity: u32, cents: u64) {
        self.cents += u64::from(quantity) * cents;
        self.lines.push(Line { sku: sku.to_owned(), quantity, cents });
    }

    #[event("AddressSet")]
    pub(crate) fn set_address(&mut self, street: &str, city: &str, country: &str) {
        let [street, city, country] = [street, city, country].map(str::to_owned);
        self.ship_to = Some(Address { street, city, country });
    }

    /// The price is part of the event, so that consumers need not add lines up.
    #[event("Confirmed")]
    pub(crate) fn confirm(&mut self, total: u64) {
        let _ = total;
    }
}

impl Order {
    pub(crate) fn cents(&self) -> u64 {
        self.cents
    }
}

#[derive(Serialize)]
#[aggregate]
pub(crate) struct Customer {
    name: String,
    orders: Vec<Uuid>,
}

#[aggregate]
impl Customer {
    #[event("Registered")]
    pub(crate) fn register(name: &str, newsletter: bool) -> Self {
        let _ = newsletter;
        Self { name: name.to_owned(), orders: Vec::new() }
    }

    #[event("Ordered")]
    pub(crate) fn ordered(&mut self, order: Uuid) {
        self.orders.push(order);
    }
}

#[derive(Serialize)]
#[aggregate]
pub(crate) struct Payment {
    order: Uuid,
    cents: u64,
    status: String,
}

#[aggregate]
impl Payment {
    #[event("Authorized")]
    pub(crate) fn authorize(order: Uuid, cents: u64) -> Self {
        Self { order, cents, status: "authorized".to_owned() }
    }

    #[event("Captured")]
    pub(crate) fn capture(&mut self) {
        self.status = "captured".to_owned();
    }

    #[event("Refused")]
    pub(crate) fn refuse(&mut self, reason: &str) {
        self.status = format!("refused: {reason}");
    }
}

#[policy]
impl Payments {
    /// Takes the money of each confirmed order; every now and then there is none.
    #[on]
    async fn confirmed(&self, event: &OrderConfirmed, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        let mut payment = Payment::authorize(context.originator_id, event.total);
        if event.total.is_multiple_of(9) {
            payment.refuse("insufficient funds");
        } else {
            payment.capture();
        }
        work.save(&mut payment)
    }
}
