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

    #[event(struct = Ended<u8>)]
    pub fn end(&mut self, value: u8) {
        let _ = value;
    }
}

fn main() {}
