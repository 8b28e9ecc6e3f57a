use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone)]
pub struct World {
    name: String,
}

#[aggregate]
impl World {
    pub fn name(&self) -> &str {
        &self.name
    }
}

fn is_an_aggregate(world: World) -> u64 {
    world.version()
}

fn main() {}
