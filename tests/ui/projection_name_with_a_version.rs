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

struct InTheEnd;

#[projection("names_v2")]
impl InTheEnd {
    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

struct InTheMiddle;

#[projection("names_v2_of_worlds")]
impl InTheMiddle {
    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

struct NoNumber;

#[projection("names_v")]
impl NoNumber {
    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

fn main() {}
