use eventsourcing::prelude::*;

#[aggregate(was = ["Planet"])]
#[derive(Clone)]
pub struct World {
    name: String,
}

#[aggregate(was = "Planet", retired(Gone))]
impl World {
    #[event("Started", version = "3", upcasts = started_v1, was = "World.Born")]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    #[event("Renamed", version = 0, upcasts("renamed_v1"), was = [Born], downcast = "renamed_as_v1")]
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    #[event("Moved", upcast = [moved_v1])]
    pub fn relocate(&mut self, name: &str) {
        self.name = name.to_owned();
    }
}

fn main() {}
