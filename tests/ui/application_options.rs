use eventsourcing::prelude::*;

#[application(names = "Cosmos", aggregates = World)]
pub struct Universe;

#[application(name = "")]
pub struct Multiverse;

fn main() {}
