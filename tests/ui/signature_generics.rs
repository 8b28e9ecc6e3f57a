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

    #[event("Taken")]
    pub fn take<T: Into<String>>(&mut self, name: T) {
        self.name = name.into();
    }

    #[event("Checked")]
    pub fn check(&mut self)
    where
        Self: Sized,
    {
    }

    #[event("Sized")]
    pub fn size<const N: usize>(&mut self, sides: [u8; N]) {
        let _ = sides;
    }
}

fn main() {}
