use eventsourcing::prelude::*;

#[aggregate]
pub struct Order {
    id: Uuid,
    version: u32,
    created_on: Timestamp,
    modified_on: Timestamp,
}

#[aggregate]
impl Order {
    #[event("Placed")]
    pub fn place(order: Uuid, at: Timestamp) -> Self {
        Self { id: order, version: 1, created_on: at, modified_on: at }
    }

    pub fn id(&self) -> Uuid {
        self.id
    }

    pub fn pending_events(&self) -> usize {
        0
    }

    #[event("Versioned")]
    pub fn version(&mut self) {}
}

fn main() {}
