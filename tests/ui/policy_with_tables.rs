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
struct Observers;

#[policy]
impl Observers {
    #[tables]
    async fn tables(&self, prefix: &str, work: &mut UnitOfWork) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        Ok(())
    }
}

fn main() {}
