use eventsourcing::prelude::*;

#[aggregate]
pub struct World {
    name: String,
}

#[aggregate]
impl World {
    pub fn create(&self) -> &str {
        &self.name
    }

    #[event("Created")]
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    #[event]
    pub fn created(&mut self) {}
}

#[aggregate]
pub struct Ship {
    name: String,
}

#[aggregate(retired = ["Ship.Created"])]
impl Ship {
    #[event("Renamed", topic = "Ship.Created")]
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }
}

fn main() {}
