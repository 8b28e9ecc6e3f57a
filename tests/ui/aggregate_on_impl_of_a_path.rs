use eventsourcing::prelude::*;

mod worlds {
    pub struct World {
        pub name: String,
    }
}

#[aggregate]
impl worlds::World {
    #[event]
    pub fn new() -> Self {
        Self { name: String::new() }
    }
}

fn main() {}
