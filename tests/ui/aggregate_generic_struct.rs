use eventsourcing::prelude::*;

#[aggregate]
pub struct World<T> {
    name: T,
}

#[aggregate]
pub struct Borrowed<'a> {
    name: &'a str,
}

fn main() {}
