use eventsourcing::prelude::*;

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Ended {
    why: String,
}

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

    #[event(struct = Ended)]
    pub fn end(
        &mut self,
        /// Why it ended.
        #[serde(default)]
        why: String,
    ) {
        let _ = why;
    }
}

fn main() {}
