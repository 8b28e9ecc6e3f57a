use std::collections::BTreeMap;

use eventsourcing::prelude::*;

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Seen {
    by: String,
}

#[aggregate(unknown_fields = ignore)]
pub struct World {
    name: String,
}

#[aggregate(unknown_fields = "ignore")]
impl World {
    #[event("Started", unknown_fields)]
    pub fn new() -> Self {
        Self { name: String::new() }
    }

    #[event("Renamed", unknown_fields = warn)]
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    #[event(struct = Seen, unknown_fields = refuse)]
    pub fn see(&mut self, by: &str) {
        self.name = by.to_owned();
    }

    #[event("Measured", unknown_fields = refuse)]
    pub fn measure(&mut self, #[serde(flatten)] sizes: BTreeMap<String, u32>) {
        self.name = format!("{sizes:?}");
    }
}

fn main() {}
