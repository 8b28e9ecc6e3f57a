use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone)]
pub struct World {
    name: String,
}

#[aggregate(retired = ["World.Claimed"])]
impl World {
    #[event("Started")]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    #[event("Renamed", was = ["World.Called"])]
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    // it changes nothing itself
    #[event("Relocated", split)]
    fn relocated(&mut self, name: String) -> (WorldRenamed, WorldRenamed) {
        (WorldRenamed { name: self.name.clone() }, WorldRenamed { name })
    }

    // it is recorded no more
    #[event("Moved", id = Uuid::nil(), version = 2, upcasts = [moved_v1], downcast = moved_as_v1, split)]
    fn moved(name: String) -> (WorldRenamed, WorldRenamed) {
        (WorldRenamed { name: name.clone() }, WorldRenamed { name })
    }

    #[event("Lost", split = true)]
    fn lost(name: String) -> (WorldRenamed, WorldRenamed) {
        (WorldRenamed { name: name.clone() }, WorldRenamed { name })
    }

    // its parts are a function of what is recorded
    #[event("Found", split)]
    fn found() -> (WorldRenamed, WorldRenamed) {
        let name = Uuid::new_v4().to_string();
        (WorldRenamed { name: name.clone() }, WorldRenamed { name })
    }

    // two events that claim one old name
    #[event("Repeated", split, was = ["World.Called"])]
    fn repeated(name: String) -> (WorldRenamed, WorldRenamed) {
        (WorldRenamed { name: name.clone() }, WorldRenamed { name })
    }

    #[event("Claimed", split)]
    fn claimed(name: String) -> (WorldRenamed, WorldRenamed) {
        (WorldRenamed { name: name.clone() }, WorldRenamed { name })
    }
}

fn main() {}
