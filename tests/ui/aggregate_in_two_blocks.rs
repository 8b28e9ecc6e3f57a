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
}

#[aggregate]
impl World {
    #[event("Renamed")]
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    pub fn copy(&self) -> Self {
        Self { name: self.name.clone() }
    }
}

fn main() {
    let mut world = World::new();
    world.rename("Earth");
    let _ = WorldRenamed { name: world.copy().name };
}
