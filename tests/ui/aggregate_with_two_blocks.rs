use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone)]
pub struct World {
    name: String,
}

#[aggregate]
impl World {
    #[event]
    pub fn new() -> Self {
        Self { name: String::new() }
    }
}

#[aggregate]
impl World {
    #[event("Renamed")]
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }
}

fn main() {}
