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
struct Observatory;

#[policy]
impl Observatory {
    #[on]
    fn not_async(&self, event: &WorldStarted, work: &mut UnitOfWork) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn mutable_self(&mut self, event: &WorldStarted, work: &mut UnitOfWork) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn no_work(&self, event: &WorldStarted) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn context_instead_of_work(&self, event: &WorldStarted, context: &EventContext) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn context_by_value(&self, event: &WorldStarted, context: EventContext, work: &mut UnitOfWork) -> Result<()> {
        Ok(())
    }
}

fn main() {}
