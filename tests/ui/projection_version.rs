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

struct Zero;

#[projection("names", version = 0)]
impl Zero {
    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

struct Text;

#[projection("names", version = "2")]
impl Text {
    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

struct Suffixed;

#[projection("names", version = 2u32)]
impl Suffixed {
    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

struct Large;

#[projection("names", version = 4294967296)]
impl Large {
    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

struct Bare;

#[projection("names", version)]
impl Bare {
    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

fn main() {}
