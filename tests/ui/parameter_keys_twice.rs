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

    #[event("Named")]
    pub fn set_names(&mut self, name: &str, #[serde(rename = "name")] other: &str) {
        let _ = (name, other);
    }
}

fn main() {}
