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

    #[event("Ended")]
    pub fn end(&mut self, how: &str) {
        let _ = how;
    }
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct WorldEnded {
    planets: u8,
}

mod ships {
    use eventsourcing::prelude::*;

    #[aggregate]
    pub struct Ship {}

    #[aggregate]
    impl Ship {
        #[event("Launched")]
        pub fn launch() -> Self {
            Self {}
        }

        #[event("Landed")]
        pub fn land(&mut self) {}
    }

    pub enum ShipEvent {
        Party,
    }
}

fn main() {}
