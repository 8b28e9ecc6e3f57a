use eventsourcing::prelude::*;

#[derive(Clone, Debug)]
#[application]
pub struct Universe;

fn main() {}
