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

    #[event("Counted")]
    pub fn count() -> u8 {
        1
    }

    #[event("Forgotten")]
    pub fn forget() {}

    #[event("Hidden")]
    pub fn hide() -> impl Sized {
        Self { name: String::new() }
    }

    #[event("Boxed")]
    pub fn boxed() -> Box<Self> {
        Box::new(Self { name: String::new() })
    }
}

fn main() {}
