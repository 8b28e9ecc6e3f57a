use eventsourcing::prelude::*;

#[aggregate]
pub struct World {
    name: String,
}

impl World {
    pub fn new() -> Self {
        todo!()
    }
}

fn main() {}
