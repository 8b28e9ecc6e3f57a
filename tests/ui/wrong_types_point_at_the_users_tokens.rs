use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone)]
pub struct World {
    name: String,
}

#[aggregate]
impl World {
    #[event("Started")]
    pub fn new() -> Self {
        Self { name: String::new() }
    }

    #[event("Ended", id = 5)]
    pub fn end(name: impl Into<String>) -> Self {
        Self { name: name }
    }

    #[event("Renamed")]
    pub fn rename(&mut self, name: &str) -> u8 {
        self.name = name;
    }
}

fn main() {}
