use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone)]
pub struct World {
    name: String,
}

#[aggregate]
impl World {
    #[event("Started")]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    #[event("Renamed")]
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    #[event("Relocated", split)]
    fn relocated(name: String) -> (WorldRenamed, WorldRenamed) {
        (WorldRenamed { name: name.clone() }, WorldRenamed { name })
    }
}

fn shown(event: WorldEvent) -> String {
    match event {
        WorldEvent::Started(event) => event.name,
        WorldEvent::Renamed(event) => event.name,
        // it is its parts
        WorldEvent::Relocated(event) => event.name,
    }
}

struct Names;

#[projection("names")]
impl Names {
    // its parts are handled
    #[on]
    async fn relocated(&self, event: &WorldRelocated, names: &mut Vec<String>) -> Result<()> {
        names.push(event.name.clone());
        Ok(())
    }
}

fn main() {
    let mut world = World::new("Earth");
    world.relocated("Mars".to_owned());
    drop(World::relocated("Mars".to_owned()));
    drop(shown(WorldEvent::Relocated(Vec::new())));
}
