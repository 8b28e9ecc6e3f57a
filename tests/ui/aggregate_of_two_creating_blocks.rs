use eventsourcing::prelude::*;

#[aggregate]
pub struct World {
    name: String,
}

#[aggregate]
impl World {
    #[event("Started")]
    pub fn new() -> Self {
        Self { name: String::new() }
    }
}

#[aggregate]
impl World {
    #[event("Imported")]
    pub fn import(name: &str) -> Self {
        Self { name: name.to_owned() }
    }
}

fn main() {}
