use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone)]
pub struct Moon {}

#[aggregate]
impl Moon {
    #[event("Landed")]
    pub fn land() -> Self {
        Self {}
    }
}

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

    // a part of another aggregate
    #[event("Relocated", split)]
    fn relocated(name: String) -> (WorldRenamed, MoonLanded) {
        (WorldRenamed { name }, MoonLanded {})
    }

    // its parts are itself and an event that is split too
    #[event("Repeated", split)]
    fn repeated(name: String) -> (WorldRepeated, WorldGone) {
        (WorldRepeated { name: name.clone() }, WorldGone { name })
    }

    #[event("Gone", split)]
    fn gone(name: String) -> (WorldRenamed, WorldRenamed) {
        (WorldRenamed { name: name.clone() }, WorldRenamed { name })
    }

    // any number of events of another aggregate
    #[event("Lost", split)]
    fn lost(name: String) -> Vec<MoonEvent> {
        vec![MoonEvent::Landed(MoonLanded {}); name.len()]
    }

    // no event, which is retired
    #[event("Forgotten", split)]
    fn forgotten(name: String) {
        drop(name);
    }

    #[event("Empty", split)]
    fn empty() -> () {}

    // one event, which is merged
    #[event("Called", split)]
    fn called(name: String) -> WorldRenamed {
        WorldRenamed { name }
    }

    #[event("Named", split)]
    fn named(name: String) -> std::result::Result<(WorldRenamed,), String> {
        Ok((WorldRenamed { name },))
    }

    // the aggregate, and an option
    #[event("Born", split)]
    fn born(name: String) -> Self {
        Self { name }
    }

    #[event("Perhaps", split)]
    fn perhaps(name: String) -> Option<(WorldRenamed, WorldRenamed)> {
        drop(name);
        None
    }
}

fn main() {}
