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

    #[event("Moved")]
    pub fn go(&mut self, (x, y): (u8, u8)) {
        let _ = (x, y);
    }

    #[event("Waited")]
    pub fn wait(&mut self, _: u8) {}

    #[event("Referred")]
    pub fn refer(&mut self, ref name: String) {
        let _ = name;
    }
}

fn main() {}
