use eventsourcing::prelude::*;

#[application]
pub enum Universe {}

#[application]
impl Other {}

pub struct Other;

fn main() {}
