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

    #[event("Ended", topic = "World.Started")]
    pub fn end(&mut self) {}

    #[event("Paused", topic = "World.Waited")]
    #[cfg(unix)]
    pub fn pause(&mut self) {}

    #[event("Waited")]
    #[cfg(not(unix))]
    pub fn wait(&mut self) {}
}

fn main() {}
