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

    #[event("Looked")]
    pub fn look(&self) {}

    #[event("Taken")]
    pub fn take(self) {}

    #[event("TakenToChange")]
    pub fn take_to_change(mut self) {
        self.name.clear();
    }

    #[event("Boxed")]
    pub fn take_box(self: Box<Self>) {}

    #[event("Spelled")]
    pub fn spell(self: &mut Self) {}

    #[event("Kept")]
    pub fn keep(&'static mut self) {}

    #[event("Borrowed")]
    pub fn borrow<'a>(&'a mut self) {}
}

fn main() {}
