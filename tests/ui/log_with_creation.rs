use eventsourcing::prelude::*;

#[aggregate]
pub struct Register {}

#[aggregate(log)]
impl Register {
    #[event("Opened")]
    pub fn new(name: &str) -> Self {
        let _ = name;
        Self {}
    }

    pub fn create() -> Self {
        Self {}
    }

    pub fn open(id: Uuid) -> Self {
        Self::empty(id)
    }

    #[event("WorldAdded")]
    pub fn add(&mut self, world: Uuid) {}
}

fn main() {}
