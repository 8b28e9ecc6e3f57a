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

#[application]
struct Observers;

fn system() -> System {
    System::new([pipe![Universe => Observers]])
}

fn main() {}
