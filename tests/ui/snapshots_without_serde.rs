use eventsourcing::prelude::*;

#[aggregate]
#[derive(Debug)]
pub struct World {
    name: String,
}

#[aggregate(snapshot_every = 100)]
impl World {
    #[event("Started")]
    pub fn new() -> Self {
        Self { name: String::new() }
    }
}

fn main() {}
