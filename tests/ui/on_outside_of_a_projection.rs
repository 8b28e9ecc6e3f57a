#![allow(unused)]

use eventsourcing::About;
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

impl Names {
    #[on]
    async fn started(&self, event: &WorldStarted, about: &About, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

fn main() {}
