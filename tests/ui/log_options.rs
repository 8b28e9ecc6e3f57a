use eventsourcing::prelude::*;

#[aggregate(log)]
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Register {}

#[aggregate(log, snapshot_every = 100, snapshot_version = 2)]
impl Register {
    #[event("WorldAdded")]
    pub fn add(&mut self, world: Uuid) {}
}

#[aggregate]
pub struct Audit {}

#[aggregate(log = true)]
impl Audit {
    #[event("Seen")]
    pub fn see(&mut self, what: &str) {
        let _ = what;
    }
}

#[aggregate]
pub struct Empty {}

#[aggregate(log)]
impl Empty {
    pub fn len(&self) -> u64 {
        self.version()
    }
}

fn main() {}
