use eventsourcing::EventStruct;
use eventsourcing::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Painted {
    colour: String,
}

// it does not say that such events are in `World.Relocated` too
impl EventStruct for Painted {
    const TOPIC: &'static str = "World.Painted";
}

#[aggregate]
#[derive(Clone)]
pub struct World {
    colour: String,
}

#[aggregate]
impl World {
    #[event("Started")]
    pub fn new(colour: &str) -> Self {
        Self { colour: colour.to_owned() }
    }

    #[event(struct = Painted)]
    pub fn paint(&mut self, colour: &str) {
        self.colour = colour.to_owned();
    }

    #[event("Relocated", split)]
    fn relocated(colour: String) -> (Painted, Painted) {
        (Painted { colour: colour.clone() }, Painted { colour })
    }
}

fn main() {}
