use eventsourcing::prelude::*;
use serde::{Deserialize, Serialize};

#[aggregate(snapshot_every = 100)]
#[derive(Debug, Serialize, Deserialize)]
pub struct World {
    name: String,
}

#[aggregate(snapshot_every = 0, snapshots = true, snapshot_version = "two")]
impl World {
    #[event("Started")]
    pub fn new() -> Self {
        Self { name: String::new() }
    }
}

#[aggregate]
#[derive(Debug, Serialize, Deserialize)]
pub struct Moon {
    name: String,
}

#[aggregate(snapshot_version = 2)]
impl Moon {
    #[event("Found")]
    pub fn new() -> Self {
        Self { name: String::new() }
    }
}

fn main() {}
