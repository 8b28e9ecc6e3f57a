use eventsourcing::prelude::*;

#[aggregate]
pub enum World {
    Flat,
    Round,
}

#[aggregate]
pub fn world() {}

#[aggregate]
pub union Worlds {
    flat: u8,
    round: i8,
}

fn main() {}
