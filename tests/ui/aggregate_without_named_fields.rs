//! A type that cannot be an aggregate is one error, although its impl block and its callers expect one.

use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone, Debug)]
pub enum Shape {
    Flat,
    Round,
}

#[aggregate]
impl Shape {
    #[event("Started")]
    pub fn new() -> Self {
        Self::Flat
    }

    #[event("Rounded")]
    pub fn round(&mut self) {
        *self = Self::Round;
    }
}

#[aggregate]
#[derive(Clone, Debug)]
pub struct Name(String);

#[aggregate]
impl Name {
    #[event("Given")]
    pub fn give(name: &str) -> Self {
        Self(name.to_owned())
    }

    #[event("Changed")]
    pub fn change(&mut self, name: &str) {
        self.0 = name.to_owned();
    }
}

#[aggregate]
pub struct Unit;

#[aggregate]
impl Unit {
    #[event("Made")]
    pub fn make() -> Self {
        Self
    }
}

fn main() {
    let (mut shape, mut name) = (Shape::new(), Name::give("Earth"));
    shape.round();
    name.change("Terra");
    assert_eq!((shape.version(), name.version(), Unit::make().version()), (2, 2, 1));
}
