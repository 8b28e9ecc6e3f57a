use eventsourcing::prelude::*;
use serde::Deserialize;

#[aggregate]
#[derive(Clone)]
pub struct World {
    name: String,
}

#[derive(Deserialize)]
pub struct StartedV1 {
    title: String,
}
#[derive(Deserialize)]
pub struct StartedV2 {
    name: String,
}

fn started_v1(old: StartedV1) -> StartedV2 {
    StartedV2 { name: old.title }
}
fn started_v2(old: StartedV2) -> WorldStarted {
    WorldStarted { name: old.name }
}
fn started_v3(old: StartedV2) -> WorldStarted {
    WorldStarted { name: old.name }
}

pub struct NotDeserialize;

fn not_deserialize(_: NotDeserialize) -> WorldRenamed {
    WorldRenamed { name: String::new() }
}

fn two_parameters(old: StartedV1, _: u8) -> WorldMoved {
    WorldMoved { name: old.title }
}

pub struct NoText;

fn error_without_text(old: StartedV1) -> std::result::Result<WorldPainted, NoText> {
    Ok(WorldPainted { name: old.title })
}

#[aggregate]
impl World {
    // the third takes what the first returns, not what the second returns
    #[event("Started", version = 4, upcasts = [started_v1, started_v2, started_v3])]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    // the last one returns another shape than the event
    #[event("Born", version = 2, upcasts = [started_v1])]
    pub fn born(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    #[event("Renamed", version = 2, upcasts = [not_deserialize])]
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    #[event("Moved", version = 2, upcasts = [two_parameters])]
    pub fn relocate(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    #[event("Painted", version = 2, upcasts = [error_without_text])]
    pub fn paint(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    #[event("Lowered", version = 2, upcasts = [no_such_step], downcast = started_v1)]
    pub fn lower(&mut self, name: &str) {
        self.name = name.to_owned();
    }
}

fn main() {}
