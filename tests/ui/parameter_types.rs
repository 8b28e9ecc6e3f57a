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

    #[event("Shown")]
    pub fn show(&mut self, what: impl std::fmt::Display) {
        let _ = what.to_string();
    }

    #[event("ShownTwice")]
    pub fn show_twice(&mut self, what: impl Into<String> + Clone) {
        let _ = what;
    }

    #[event("ShownDynamically")]
    pub fn show_dynamically(&mut self, what: &dyn std::fmt::Display) {
        let _ = what.to_string();
    }

    #[event("Merged")]
    pub fn merge(&mut self, other: Self) {
        self.name = other.name;
    }

    #[event("MergedByName")]
    pub fn merge_by_name(&mut self, other: &World, others: Vec<self::World>) {
        let _ = (other, others);
    }

    #[event("MergedAll")]
    pub fn merge_all(&mut self, others: &[Self]) {
        let _ = others;
    }
}

fn main() {}
