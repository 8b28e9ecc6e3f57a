#![allow(unused)]

use eventsourcing::pipe;
use eventsourcing::prelude::*;
use eventsourcing::system::System;

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

struct Observers;

#[policy]
impl Observers {
    #[on]
    async fn started(&self, event: &WorldStarted, work: &mut UnitOfWork) -> Result<()> {
        Ok(())
    }
}

fn follow(universe: &Universe) {
    Observers.follow(universe);
}

fn main() {}
