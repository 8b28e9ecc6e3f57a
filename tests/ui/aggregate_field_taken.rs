use eventsourcing::prelude::*;

#[aggregate]
pub struct World {
    aggregate_root: String,
}

fn main() {}
