use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone)]
pub struct World {
    name: String,
}

#[aggregate]
impl World {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    pub fn found(name: &str) -> Result<World, std::convert::Infallible> {
        Ok(vec![World { name: name.to_owned() }].remove(0))
    }

    #[event("Renamed")]
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    pub fn copy(&self) -> Self {
        Self { name: self.name.clone() }
    }
}

fn main() {}
