//! No attribute changes what the compiler says about a type that it cannot infer: the documentation of `get` starts with the cure.

use eventsourcing::prelude::*;

#[aggregate]
pub struct World {
    name: String,
}

#[aggregate]
impl World {
    #[event("Started")]
    pub fn new() -> Self {
        Self { name: String::new() }
    }

    pub fn name(&self) -> &str {
        &self.name
    }
}

#[application]
pub struct Universe;

pub async fn name_of(universe: &Universe, id: Uuid) -> Result<String> {
    let world = universe.repository().get(id).await?;
    Ok(world.name().to_owned())
}

pub async fn is_there(universe: &Universe, id: Uuid) -> Result<bool> {
    Ok(universe.repository().find(id).await?.is_some())
}

fn main() {}
