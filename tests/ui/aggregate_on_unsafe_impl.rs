use eventsourcing::prelude::*;

pub struct World {
    name: String,
}

#[aggregate]
unsafe impl Send for World {}

#[aggregate]
pub struct Moon {
    name: String,
}

#[aggregate]
unsafe impl Moon {
    #[event("Started")]
    pub fn new() -> Self {
        Self { name: String::new() }
    }
}

fn main() {}
