use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    name: String,
    history: Vec<String>,
}

impl World {
    #[event("Started")]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), history: Vec::new() }
    }

    #[event("SomethingHappened")]
    pub fn make_it_so(&mut self, what: &str) {
        self.history.push(what.to_owned());
    }

    pub fn history(&self) -> &[String] {
        &self.history
    }
}

#[application]
pub struct Universe;

impl Universe {
    pub async fn create_world(&self, name: &str) -> Result<Uuid> {
        let mut world = World::new(name);
        self.save(&mut world).await?;
        Ok(world.id())
    }

    pub async fn make_it_so(&self, world_id: Uuid, what: &str) -> Result<()> {
        let mut world: World = self.repository().get(world_id).await?;
        world.make_it_so(what);
        self.save(&mut world).await?;
        Ok(())
    }

    pub async fn history(&self, world_id: Uuid) -> Result<Vec<String>> {
        let world: World = self.repository().get_at(world_id, 2).await?;
        Ok(world.history().to_vec())
    }
}

fn main() {}
