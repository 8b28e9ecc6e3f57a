use eventsourcing::prelude::*;

pub enum Colour {
    Red,
}

#[aggregate]
pub struct World {
    name: String,
    colour: Colour,
}

#[aggregate]
impl World {
    #[event("Renamed")]
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }
}

#[aggregate]
pub struct Ship {
    name: String,
    #[cfg(unix)]
    sails: u8,
}

#[aggregate]
impl Ship {
    #[event("Renamed")]
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }
}

fn main() {
    let _ = (World::create(), Ship::create());
}
