use eventsourcing::prelude::*;

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

    #[event("Renamed")]
    pub fn rename(&mut self, name: &str) -> &str {
        self.name = name.to_owned();
        &self.name
    }

    #[event("Chained")]
    pub fn chain(&mut self) -> &mut Self {
        self
    }

    #[event("Listed")]
    pub fn list(&mut self) -> impl Iterator<Item = u8> {
        [1, 2].into_iter()
    }

    #[event("Maybe")]
    pub fn maybe(&mut self) -> Option<std::borrow::Cow<'_, str>> {
        None
    }
}

fn main() {}
