use eventsourcing::prelude::*;

#[aggregate]
pub struct Register {
    worlds: Vec<Uuid>,
    name: NoDefault,
}

pub struct NoDefault;

#[aggregate(log)]
impl Register {
    #[event("WorldAdded")]
    pub fn add(&mut self, world: Uuid) {
        self.worlds.push(world);
    }
}

fn main() {}
