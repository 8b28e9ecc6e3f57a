use eventsourcing::prelude::*;

macro_rules! nanoid {
    () => {};
}

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
    pub fn wait(&mut self) {
        let _ = std::time::SystemTime::now();
        let _ = Instant::now();
        self.name = format!("{} {}", Timestamp::now(), Uuid::new_v4());
    }

    #[event("Rolled")]
    pub fn roll(&mut self) {
        let _: u8 = rand::random();
        let _: u8 = ::rand::rng().random_range(1..=6);
        let _ = fastrand::u8(..);
        let _ = thread_rng().next_u32();
        let _ = rng().next_u32();
        let _ = (random::<u8>(), random());
        let _ = rand_core::OsRng.next_u32();
    }

    #[event("Named")]
    pub fn give_id(&mut self) {
        let _ = [uid7::Uuid::now_v7(), uid7::Uuid::new_v7(at)];
        let _ = ulid::Ulid::new();
        nanoid!();
    }

    #[event("Timed")]
    pub fn time(&mut self) {
        let _ = chrono::Utc::now();
        let _ = Local::now();
        let _ = Zoned::now();
        let _ = OffsetDateTime::now_utc();
        let now = SystemTime::now;
        let _ = now();
        let _ = (domain::new_id(), eventsourcing::domain::now());
    }
}

fn main() {}
