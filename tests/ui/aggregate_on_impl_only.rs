use eventsourcing::prelude::*;

pub struct World {
    name: String,
}

#[aggregate]
impl World {
    #[event]
    pub fn new() -> Self {
        Self { name: String::new() }
    }
}

fn main() {}
