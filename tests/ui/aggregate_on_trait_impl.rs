use eventsourcing::prelude::*;

pub struct World {
    name: String,
}

#[aggregate]
impl Default for World {
    fn default() -> Self {
        Self { name: String::new() }
    }
}

fn main() {}
