use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone)]
pub struct World {
    name: String,
}

pub struct Old;

fn started_v1(old: Old) -> Old {
    old
}
fn started_v2(old: Old) -> Old {
    old
}
fn started_as_v0(_: &WorldStarted) -> Old {
    Old
}

#[aggregate]
impl World {
    #[event("Started", version = 3, upcasts = [started_v1])]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    #[event("Born", version = 4)]
    pub fn born(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    #[event("Renamed", version = 2)]
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    #[event("Moved", version = 2, upcasts = [started_v1, started_v2])]
    pub fn relocate(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    #[event("Painted", upcasts = [started_v1])]
    pub fn paint(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    #[event("Repeated", version = 3, upcasts = [started_v1, started_v1])]
    pub fn repeat(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    #[event("Lowered", downcast = started_as_v0)]
    pub fn lower(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    #[event("Merged", was = ["World.Split" => []])]
    pub fn merge(&mut self, name: &str) {
        self.name = name.to_owned();
    }
}

fn main() {}
