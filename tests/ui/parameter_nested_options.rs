use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone)]
pub struct World {
    name: String,
}

#[aggregate]
impl World {
    #[event("Started")]
    pub fn new() -> Self {
        Self { name: String::new() }
    }

    #[event("Renamed")]
    pub fn rename(&mut self, name: Option<Option<String>>) {
        let _ = name;
    }

    #[event("Unset")]
    pub fn unset(&mut self, which: Vec<(u8, Option<()>)>) {
        let _ = which;
    }
}

fn main() {}
