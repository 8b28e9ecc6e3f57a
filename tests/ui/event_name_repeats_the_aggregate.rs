use eventsourcing::prelude::*;

#[aggregate]
pub struct Order {
    lines: Vec<String>,
}

#[aggregate(name = "Purchase")]
impl Order {
    #[event("OrderPlaced")]
    pub fn place() -> Self {
        Self { lines: Vec::new() }
    }

    #[event]
    pub fn order_line_added(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    // another word
    #[event("Ordered")]
    pub fn order(&mut self) {}

    // no name is left
    #[event("OrderEvent")]
    pub fn happen(&mut self) {}

    // the topic is chosen
    #[event("OrderClosed", topic = "Order.OrderClosed")]
    pub fn close(&mut self) {}

    // the name is that of the struct
    #[event(struct = OrderCancelled)]
    pub fn cancel(&mut self) {}
}

/// An event of one's own.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct OrderCancelled {}

fn main() {}
