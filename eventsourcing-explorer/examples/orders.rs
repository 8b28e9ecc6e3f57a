//! A shop with traffic, and the explorer that shows it: `cargo run -p eventsourcing-explorer --example orders`.
//!
//! It prints the URL and a token, and records into an SQLite file in a temporary folder until it is stopped with Ctrl-C.

use std::time::Duration;

use eventsourcing::prelude::*;
use eventsourcing_explorer::Explorer;
use serde::Serialize;

#[application(aggregates(Order, Customer))]
#[derive(Clone)]
struct Orders;

#[application(aggregates(Payment))]
#[derive(Clone)]
struct Payments;

#[aggregate]
#[derive(Serialize)]
struct Order {
    customer: Uuid,
    currency: String,
    status: String,
    lines: Vec<Line>,
    cents: u64,
    ship_to: Option<Address>,
    payment: Option<Uuid>,
}

#[derive(Serialize)]
struct Line {
    sku: String,
    quantity: u32,
    cents: u64,
}

#[derive(Serialize)]
struct Address {
    street: String,
    city: String,
    country: String,
}

#[aggregate]
impl Order {
    #[event("Placed")]
    fn place(customer: Uuid, currency: String) -> Self {
        let (lines, status) = (Vec::new(), "open".to_owned());
        Self { customer, currency, status, lines, cents: 0, ship_to: None, payment: None }
    }

    #[event("LineAdded")]
    fn add_line(&mut self, sku: String, quantity: u32, unit_price: u64) {
        self.cents += u64::from(quantity) * unit_price;
        self.lines.push(Line { sku, quantity, cents: unit_price });
    }

    #[event("AddressSet")]
    fn set_address(&mut self, street: String, city: String, country: String) {
        self.ship_to = Some(Address { street, city, country });
    }

    #[event("Paid")]
    fn pay(&mut self, payment: Uuid, amount: u64) {
        let _ = amount;
        (self.payment, self.status) = (Some(payment), "paid".to_owned());
    }

    #[event("Shipped")]
    fn ship(&mut self, carrier: String, parcels: u32) {
        let _ = (&carrier, parcels);
        self.status = "shipped".to_owned();
    }
}

#[aggregate]
#[derive(Serialize)]
struct Customer {
    name: String,
    newsletter: bool,
    orders: u64,
}

#[aggregate]
impl Customer {
    #[event("Registered")]
    fn register(name: String, newsletter: bool) -> Self {
        Self { name, newsletter, orders: 0 }
    }

    #[event("Ordered")]
    fn ordered(&mut self, order: Uuid) {
        let _ = order;
        self.orders += 1;
    }
}

#[aggregate]
#[derive(Serialize)]
struct Payment {
    order: Uuid,
    amount: u64,
    provider: String,
    captured: bool,
}

#[aggregate]
impl Payment {
    #[event("Authorized")]
    fn authorize(order: Uuid, amount: u64, provider: String) -> Self {
        Self { order, amount, provider, captured: false }
    }

    #[event("Captured")]
    fn capture(&mut self) {
        self.captured = true;
    }

    #[event("Refused")]
    fn refuse(&mut self, reason: String) {
        let _ = &reason;
    }
}

/// One customer's visit: an order with some lines, its payment, and what follows.
async fn visit(number: u64, orders: &Orders, payments: &Payments) -> Result<()> {
    let skus = ["TR-1180", "CA-7742", "KB-0021", "MX-2040", "DP-0007"];
    let pick = |of: &[&str], salt: u64| {
        let at = usize::try_from((number * 7 + salt) % 97).unwrap_or(0) % of.len();
        of[at].to_owned()
    };
    let actor = pick(&["web", "app", "phone"], 1);
    let metadata = Metadata::new().with_actor(actor).with_correlation_id(format!("visit-{number}"));

    let mut customer = Customer::register(
        pick(&["Ada Lovelace", "Grace Hopper", "Barbara Liskov", "Frances Allen"], 3),
        number.is_multiple_of(2),
    );
    let mut order = Order::place(customer.id(), pick(&["EUR", "SEK", "USD"], 5));
    for line in 0..=number % 3 {
        order.add_line(pick(&skus, line), 1 + u32::try_from(line).unwrap_or(0), 1_990 + 250 * (number % 9));
    }
    customer.ordered(order.id());
    orders.save((&mut customer, &mut order)).metadata(metadata.clone()).await?;

    let mut payment = Payment::authorize(order.id(), order.cents, pick(&["adyen", "stripe"], 11));
    if number.is_multiple_of(9) {
        payment.refuse("insufficient funds".to_owned());
    } else {
        payment.capture();
        order.set_address(
            format!("Noordwal {}", number % 200),
            pick(&["Den Haag", "Malmö", "Porto"], 13),
            pick(&["NL", "SE", "PT"], 13),
        );
        order.pay(payment.id(), order.cents);
        if !number.is_multiple_of(4) {
            order.ship(pick(&["DHL", "PostNord", "UPS"], 17), 1 + u32::try_from(number % 3).unwrap_or(0));
        }
    }
    payments.save(&mut payment).metadata(metadata.clone()).await?;
    orders.save(&mut order).metadata(metadata).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let file = std::env::temp_dir().join(format!("eventsourcing-explorer-{}.db", std::process::id()));
    let variables = [
        ("PERSISTENCE_MODULE", "sqlite".to_owned()),
        ("SQLITE_DBNAME", file.to_string_lossy().into_owned()),
        ("COMPRESSOR_TOPIC", "zstd".to_owned()),
    ];
    let orders = Orders::builder().variables(variables.clone()).open().await?;
    let payments = Payments::builder().variables(variables).open().await?;
    for number in 1..=400 {
        visit(number, &orders, &payments).await?;
    }

    // a port of the caller's choice, for those who have 4040 in use
    let port = std::env::args().nth(1).map_or(Ok(Explorer::ADDRESS.port()), |port| port.parse())?;
    let server = Explorer::of(&orders).also(&payments).serve(([127, 0, 0, 1], port).into()).await?;
    println!("The shop records into {}", file.display());
    println!("Open  {}", server.url());
    println!("Token {}", server.token().unwrap_or_default());
    println!("Ctrl-C stops it.");

    let traffic = async {
        for number in 401.. {
            visit(number, &orders, &payments).await?;
            tokio::time::sleep(Duration::from_millis(200 + 130 * (number % 7))).await;
        }
        Ok::<(), Error>(())
    };
    tokio::select! {
        stopped = traffic => stopped?,
        pressed = tokio::signal::ctrl_c() => pressed?,
    }
    server.stop().await;
    for application in [&*orders, &*payments] {
        application.close().await;
    }
    Ok(())
}
