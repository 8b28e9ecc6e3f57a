//! The traffic of the shop: what one customer does, again and again.

use std::ops::Range;
use std::time::Duration;

use eventsourcing::prelude::*;

use crate::shop::{Customer, Order, Orders};

/// A customer registers and orders. The same number always orders the same.
pub(crate) async fn order(number: u64, orders: &Orders) -> Result<()> {
    let pick = |of: &[&'static str], salt: u64| {
        let at = usize::try_from((number * 7 + salt) % 97).unwrap_or_default() % of.len();
        of[at]
    };
    let actor = pick(&["web", "app", "phone"], 1);
    let metadata = Metadata::new().with_actor(actor).with_correlation_id(format!("visit-{number}"));
    let names = ["Ada Lovelace", "Grace Hopper", "Barbara Liskov", "Frances Allen"];
    let mut customer = Customer::register(pick(&names, 3), number.is_multiple_of(2));
    let mut order = Order::place(customer.id(), pick(&["EUR", "SEK", "USD"], 5));
    for line in 0..=number % 3 {
        let sku = pick(&["TR-1180", "CA-7742", "KB-0021", "MX-2040", "DP-0007"], line);
        order.add_line(sku, 1 + u32::from(line == 1), 1_990 + 250 * (number % 9));
    }
    customer.ordered(order.id());
    orders.save((&mut customer, &mut order)).metadata(metadata.clone()).await?;

    // some forget their country, which no parcel label can be printed without
    let country = if number.is_multiple_of(41) { "" } else { pick(&["NL", "SE", "PT"], 13) };
    order.set_address(&format!("Noordwal {}", number % 200), pick(&["Den Haag", "Malmö", "Porto"], 13), country);
    order.confirm(order.cents());
    orders.save(&mut order).metadata(metadata).await?;
    Ok(())
}

/// About two orders a second with these numbers, and then none. It does not end without an error.
pub(crate) async fn keep_ordering(orders: &Orders, numbers: Range<u64>) -> Result<()> {
    for number in numbers {
        order(number, orders).await?;
        tokio::time::sleep(Duration::from_millis(150 + 110 * (number % 7))).await;
    }
    println!("The shop is closed; what was recorded can still be looked at.");
    std::future::pending().await
}
