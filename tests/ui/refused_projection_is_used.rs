#![allow(unused)]

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
}

#[application]
struct Universe;

#[application]
struct Observatory;

#[policy]
impl Observatory {
    #[on]
    async fn started(&self, event: WorldStarted, work: &mut UnitOfWork) -> Result<()> {
        Ok(())
    }
}

struct Names;

#[projection("names")]
impl Names {
    #[on]
    async fn started(&self, names: &mut Vec<String>, event: &WorldStarted) -> Result<()> {
        Ok(())
    }
}

struct Count;

#[projection("count")]
impl Count {
    async fn started(&self, event: &WorldStarted, count: &mut u64) -> Result<()> {
        Ok(())
    }
}

struct Unnamed;

#[projection]
impl Unnamed {
    #[on]
    async fn started(&self, event: &WorldStarted, count: &mut u64) -> Result<()> {
        Ok(())
    }
}

// none of these is another error
async fn used(universe: &Universe, observatory: &Observatory) {
    let _ = observatory.follow(universe).start().await;
    let _ = ProjectionRunner::start(universe, Names, MemoryViews::new(Vec::new())).await;
    let _ = ProjectionRunner::start(universe, Count, MemoryViews::new(0)).await;
    let _ = ProjectionRunner::start(universe, Unnamed, MemoryViews::new(0)).await;
}

fn main() {}
