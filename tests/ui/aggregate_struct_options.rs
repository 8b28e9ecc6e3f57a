use eventsourcing::prelude::*;

#[aggregate(name = "Planet")]
pub struct World {
    name: String,
}

#[aggregate(crates = eventsourcing)]
pub struct Moon {
    name: String,
}

#[aggregate]
impl World {
    #[event]
    fn new() -> Self {
        Self { name: String::new() }
    }
}

#[aggregate]
impl Moon {
    #[event]
    fn new() -> Self {
        Self { name: String::new() }
    }
}

fn main() {}
