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

    #[event("Changed")]
    pub fn change(&mut self, name: &mut String) {
        name.clear();
    }

    #[event("ChangedIfAny")]
    pub fn change_if_any(&mut self, name: Option<&mut String>) {
        let _ = name;
    }

    #[event("Fixed")]
    pub fn fix(&mut self, name: &'static str) {
        let _ = name;
    }

    #[event("Listed")]
    pub fn list(&mut self, names: Vec<&str>) {
        let _ = names;
    }

    #[event("Paired")]
    pub fn pair(&mut self, pair: (&'static str, u8)) {
        let _ = pair;
    }

    #[event("Twice")]
    pub fn twice(&mut self, name: &&str) {
        let _ = name;
    }

    #[event("ListedForEver")]
    pub fn list_for_ever(&mut self, names: std::borrow::Cow<'static, [&'static str]>) {
        let _ = names;
    }

    #[event("Maybe")]
    pub fn maybe(&mut self, name: std::borrow::Cow<'_, str>) {
        let _ = name;
    }
}

fn main() {}
