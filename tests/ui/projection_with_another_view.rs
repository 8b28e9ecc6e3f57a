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
    #[on]
    async fn started(&self, event: &WorldStarted, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

#[application]
struct Universe;

async fn run(universe: &Universe) {
    let views = eventsourcing::MemoryViews::new(0_u64);
    eventsourcing::ProjectionRunner::start(universe, Names, views).await.unwrap();
}

fn main() {}
