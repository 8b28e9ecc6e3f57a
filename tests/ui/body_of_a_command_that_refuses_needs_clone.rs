use eventsourcing::prelude::*;

#[aggregate]
pub struct World {
    name: String,
}

type Fallible = std::result::Result<(), String>;

#[aggregate]
impl World {
    #[event("Started")]
    pub fn new() -> Self {
        Self { name: String::new() }
    }

    #[event("Renamed")]
    pub fn rename(&mut self, name: &str) -> std::result::Result<(), String> {
        self.name = name.to_owned();
        Err("no".to_owned())
    }

    #[event("Cleared")]
    pub fn clear(&mut self) -> Fallible {
        self.name.clear();
        Ok(())
    }
}

fn main() {}
