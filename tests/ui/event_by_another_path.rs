mod events {
    pub use eventsourcing::event;
}

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

    #[events::event("Renamed")]
    pub fn rename(&mut self, name: &str) {
        let _ = name;
    }
}

fn main() {}
