use eventsourcing::prelude::*;

pub struct World {
    name: String,
}

impl World {
    #[event("Started")]
    pub fn new() -> Self {
        Self { name: String::new() }
    }
}

#[event]
fn alone() {}

fn main() {}
