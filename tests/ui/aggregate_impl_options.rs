use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone)]
pub struct World {
    name: String,
}

#[aggregate(named = "Planet", crate = "eventsourcing", derive(PartialEq), derive(Eq))]
impl World {
    #[event("Started")]
    pub fn new() -> Self {
        Self { name: String::new() }
    }
}

fn main() {}
