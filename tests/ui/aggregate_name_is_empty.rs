use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone)]
pub struct World {
    name: String,
}

#[aggregate(name = "")]
impl World {
    #[event("Started")]
    pub fn new() -> Self {
        Self { name: String::new() }
    }
}

fn main() {}
