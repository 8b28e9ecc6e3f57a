use eventsourcing::prelude::*;

#[aggregate]
pub struct Tuple(String);

#[aggregate]
pub struct Unit;

fn main() {}
