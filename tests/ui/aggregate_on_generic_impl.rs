use eventsourcing::prelude::*;

pub struct World<T> {
    name: T,
}

#[aggregate]
impl<T> World<T> {
    #[event]
    pub fn new(name: T) -> Self {
        Self { name }
    }
}

fn main() {}
