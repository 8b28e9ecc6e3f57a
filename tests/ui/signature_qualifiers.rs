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

    #[event("Waited")]
    pub async fn wait(&mut self) {}

    #[event("Fixed")]
    pub const fn fix(&mut self) {}

    #[event("Risked")]
    pub unsafe fn risk(&mut self) {}

    #[event("Exported")]
    pub extern "C" fn export(&mut self) {}
}

fn main() {}
