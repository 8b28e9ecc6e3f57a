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

    #[event("Tried")]
    pub fn attempt() -> Fallible<Self> {
        Ok(Self { name: String::new() })
    }

    #[event("TriedByName")]
    pub fn attempt_by_name() -> io::Checked<World, u8> {
        Ok(Self { name: String::new() })
    }
}

type Fallible<T> = std::result::Result<T, u8>;

mod io {
    pub type Checked<T, E> = std::result::Result<T, E>;
}

fn main() {}
