use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone)]
pub struct World {
    name: String,
}

#[aggregate(was = ["Planet", "World", "", "Planet"], retired = ["World.Started", "World.Born", "", "World.Gone", "World.Gone"])]
impl World {
    #[event("Started", was = ["World.Born"])]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    // two events that claim one old name
    #[event("Dawned", was = ["World.Born"])]
    pub fn dawn(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    // it is the name of another event
    #[event("Renamed", was = ["World.Started"])]
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    // another event had this topic
    #[event("Moved", topic = "Planet.Started")]
    pub fn relocate(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    #[event("Painted", was = ["World.Painted", "", "World.Coloured", "World.Coloured"])]
    pub fn paint(&mut self, name: &str) {
        self.name = name.to_owned();
    }
}

fn main() {}
