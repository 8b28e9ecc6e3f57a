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

    #[event("Waited")]
    pub fn wait(&mut self, timestamp: Timestamp) {
        let _ = timestamp;
    }

    #[event("Upgraded")]
    pub fn upgrade(&mut self, #[serde(rename = "class_version")] to: u64) {
        let _ = to;
    }

    #[event("Stamped")]
    pub fn stamp(&mut self, #[serde(alias = "timestamp")] at: u64) {
        let _ = at;
    }

    #[event("Noted")]
    pub fn note(&mut self, #[serde(rename = "$metadata")] text: &str) {
        let _ = text;
    }
}

fn main() {}
