#![allow(unused)]

use eventsourcing::{EventContext, EventEnvelope};
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
    fn not_async(&self, event: &WorldStarted, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn no_result(&self, event: &WorldStarted, view: &mut Vec<String>) {}

    #[on]
    async fn no_self(event: &WorldStarted, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn mutable_self(&mut self, event: &WorldStarted, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn no_view(&self, event: &WorldStarted) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn event_by_value(&self, event: WorldStarted, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn context_by_value(&self, event: &WorldStarted, context: EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn many_without_about(&self, events: &[WorldStarted], view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn many_with_one_about(
        &self,
        events: &[EventEnvelope<WorldStarted>],
        context: &EventContext,
        view: &mut Vec<String>,
    ) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn shared_view(&self, event: &WorldStarted, view: &Vec<String>) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn generic<T>(&self, event: &WorldStarted, view: &mut Vec<T>) -> Result<()> {
        Ok(())
    }
}

fn main() {}
