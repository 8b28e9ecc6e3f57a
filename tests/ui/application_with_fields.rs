use eventsourcing::prelude::*;

#[application]
pub struct Universe {
    name: String,
}

#[application]
pub struct Tuple(String);

fn main() {}
