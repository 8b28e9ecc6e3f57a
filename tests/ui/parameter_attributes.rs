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

    #[event("Counted")]
    pub fn count(&mut self, #[cfg(unix)] count: u8, #[must_use] other: u8) {
        let _ = (count, other);
    }
}

fn main() {}
