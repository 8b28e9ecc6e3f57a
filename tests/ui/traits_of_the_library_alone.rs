use eventsourcing::application::Decision;

pub enum Verdict {
    Accepted,
    Refused,
}

// only the library implements it, so that it may get more methods
impl Decision for Verdict {
    fn is_refused(&self) -> bool {
        matches!(self, Verdict::Refused)
    }
}

fn main() {}
