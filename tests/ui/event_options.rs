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

    #[event("Ended", topics = "x")]
    pub fn end(&mut self) {}

    #[event("Stopped", topic = 5)]
    pub fn stop(&mut self) {}

    #[event("Left", topic = "a", topic = "b")]
    pub fn leave(&mut self) {}

    #[event("Renamed", struct = Named)]
    pub fn rename(&mut self) {}
}

fn main() {}
