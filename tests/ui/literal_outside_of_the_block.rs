use eventsourcing::prelude::*;

#[aggregate]
pub struct World {
    name: String,
}

#[aggregate]
impl World {
    #[event("Started")]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }
}

impl Default for World {
    fn default() -> Self {
        Self { name: "Earth".to_owned() }
    }
}

pub fn name(world: World) -> String {
    let World { name } = world;
    name
}

fn main() {}
