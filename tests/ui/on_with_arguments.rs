#![allow(unused)]

use eventsourcing::EventContext;
use eventsourcing::prelude::*;

#[aggregate]
pub struct World {
    name: String,
}

#[aggregate]
impl World {
    #[event("Started")]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    #[event("Renamed")]
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }
}

struct Names;

#[projection("names")]
impl Names {
    #[on(WorldStarted)]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

fn main() {}
