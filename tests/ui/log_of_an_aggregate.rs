use eventsourcing::prelude::*;

#[aggregate]
pub struct World {
    name: String,
}

#[aggregate]
impl World {
    #[event("Started")]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }
}

async fn opens(universe: &Application, id: Uuid) -> Result<World> {
    universe.repository().log(id).await
}

fn main() {}
