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
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    #[event("Cleared")]
    pub fn clear(&mut self) {
        self.rename("");
        Self::rename(self, "");
        World::rename(self, "");
        assert!(vec![1].iter().all(|_| {
            self.rename("in a macro");
            true
        }));
    }

    #[event("Repeated")]
    pub fn repeat(&mut self, times: u8) {
        if times > 0 {
            self.repeat(times - 1);
        }
    }

    #[event("Restarted")]
    pub fn restart(&mut self) {
        *self = Self::new();
    }
}

fn main() {}
