use eventsourcing::CreationEvent;
use eventsourcing::prelude::*;

#[aggregate]
pub struct World {
    name: String,
}

#[aggregate]
impl World {
    #[event("Renamed")]
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }
}

fn creates<E: CreationEvent>() {}

fn main() {
    creates::<WorldCreated>();
    creates::<WorldRenamed>();
}
