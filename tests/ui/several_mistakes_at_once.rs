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

    #[event("something happened", topics = "x")]
    pub async fn make_it_so(&self, timestamp: &mut String) {
        timestamp.clear();
    }

    #[event("Ended")]
    pub fn end(&mut self, (a, b): (u8, u8), names: Vec<&str>) -> &str {
        let _ = (a, b, names);
        &self.name
    }

    #[event("Waited")]
    pub fn wait(&mut self) {
        let _ = Uuid::new_v4();
        self.wait_again();
    }

    #[event("WaitedAgain")]
    pub fn wait_again(&mut self) {
        let _ = Uuid::new_v4();
    }

    pub fn use_them(&mut self) {
        self.wait();
        let _ = WorldEvent::WaitedAgain(WorldWaitedAgain {});
        let _ = (self.version(), Self { name: String::new() });
    }
}

fn main() {}
