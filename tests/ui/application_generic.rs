use eventsourcing::prelude::*;

#[application]
pub struct Universe<T>;

fn main() {}
