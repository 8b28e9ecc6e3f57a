use eventsourcing::prelude::*;

#[aggregate]
#[derive(serde::Serialize)]
pub struct Guest {
    #[personal(partly)]
    name: String,
    #[personal]
    #[serde(flatten)]
    address: Address,
}

#[aggregate]
impl Guest {
    #[event("Registered")]
    pub fn register(#[personal = "yes"] name: String, address: Address) -> Self {
        Self { name, address }
    }

    #[event("Renamed")]
    #[personal]
    pub fn rename(#[personal] &mut self, name: String) {
        self.name = name;
    }

    #[event("Moved")]
    pub fn move_to(&mut self, #[personal] #[serde(flatten)] address: Address) {
        self.address = address;
    }

    pub fn is_called(#[personal] &self, #[personal] name: &str) -> bool {
        self.name == name
    }
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Address {
    street: String,
}

#[personal]
pub struct Elsewhere;

fn main() {}
