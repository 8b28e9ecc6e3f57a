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

    #[event("something happened")]
    pub fn happen(&mut self) {}

    #[event("something_else")]
    pub fn happen_else(&mut self) {}

    #[event("")]
    pub fn nothing(&mut self) {}

    #[event("Self")]
    pub fn itself(&mut self) {}

    #[event(struct = lower)]
    pub fn own(&mut self) {}

    #[event]
    pub fn _1(&mut self) {}
}

fn main() {}
