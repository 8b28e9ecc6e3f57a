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

    #[event("Skipped")]
    pub fn skip(&mut self, #[serde(skip)] name: String, #[serde(skip_serializing)] other: String) {
        let _ = (name, other);
    }

    #[event("NotRead")]
    pub fn not_read(&mut self, #[serde(skip_deserializing)] name: String) {
        let _ = name;
    }

    #[event("SkippedIf")]
    pub fn skip_if(&mut self, #[serde(skip_serializing_if = "String::is_empty")] name: String) {
        let _ = name;
    }

    #[event("TwoNames")]
    pub fn two_names(&mut self, #[serde(rename(serialize = "a", deserialize = "b"))] name: String) {
        let _ = name;
    }
}

fn main() {}
