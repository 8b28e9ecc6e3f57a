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

    #[event = "Ended"]
    pub fn end(&mut self) {}

    #[event(1)]
    pub fn go_on(&mut self) {}

    #[event(Renamed)]
    pub fn rename(&mut self) {}

    #[event(events::Moved, topic = "x")]
    pub fn go(&mut self) {}

    #[event("Stopped" topic = "x")]
    pub fn stop(&mut self) {}
}

fn main() {}
