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

    #[event("Ended")]
    pub fn end(&mut self) {}

    #[event("Ended")]
    pub fn finish(&mut self) {}

    #[event]
    pub fn ended(&mut self) {}
}

fn main() {}
