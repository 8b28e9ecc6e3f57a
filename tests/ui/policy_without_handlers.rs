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

#[policy]
impl Universe {
    fn helper(&self) {}
}

fn main() {}
