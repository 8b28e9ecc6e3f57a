//! The tutorial's `World`, with macros.

use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    pub name: String,
    history: Vec<String>,
}

#[aggregate]
impl World {
    #[event("Started")]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), history: Vec::new() }
    }

    #[event("SomethingHappened")]
    pub fn make_it_so(&mut self, what: &str) {
        self.history.push(what.to_owned());
    }

    pub fn history(&self) -> &[String] {
        &self.history
    }
}
