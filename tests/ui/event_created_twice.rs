use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone)]
pub struct World {
    name: String,
}

#[aggregate]
impl World {
    #[event]
    pub fn register() -> Self {
        Self { name: String::new() }
    }

    #[event]
    pub fn import() -> Self {
        Self { name: String::new() }
    }
}

fn main() {}
