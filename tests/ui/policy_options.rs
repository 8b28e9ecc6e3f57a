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

#[policy("universe")]
impl Universe {
    #[on]
    async fn started(&self, event: &WorldStarted, work: &mut UnitOfWork) -> Result<()> {
        Ok(())
    }
}

fn main() {}
