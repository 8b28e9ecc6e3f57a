//! Which events are read back before they are recorded: those that may be restored as something else.

use eventsourcing::AggregateEvent as _;
use eventsourcing::prelude::*;
use serde::{Deserialize, Serialize};

/// A type of the user's with the name of a trusted one.
mod own {
    use super::{Deserialize, Serialize};

    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub struct String {
        #[serde(skip)]
        pub lost: u8,
    }
}

/// An event of the user's own, whose serde the macro does not see.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Closed {
    #[serde(skip)]
    lost: u8,
}

#[aggregate]
#[derive(Debug)]
struct Parcel {
    label: String,
}

#[aggregate]
impl Parcel {
    #[event("Packed")]
    pub fn pack(label: &str) -> Self {
        Self { label: label.to_owned() }
    }

    #[event("Moved")]
    pub fn move_to(&mut self, _label: Option<String>, _stops: Vec<Uuid>, _at: Timestamp) {}

    #[event("Arrived")]
    pub fn arrive(&mut self) {}

    #[event("Weighed")]
    pub fn weigh(&mut self, _kilograms: f64) {}

    #[event("Labelled")]
    pub fn label(&mut self, label: own::String) {
        self.label = label.lost.to_string();
    }

    #[event("Counted")]
    pub fn count(&mut self, #[serde(default)] _count: u8) {}

    #[event(struct = Closed)]
    pub fn close(&mut self, lost: u8) {
        let _ = lost;
    }
}

fn is_exact(parcel: &Parcel) -> bool {
    parcel.pending_events().last().unwrap().event.is_exact()
}

#[test]
fn an_event_of_strings_numbers_and_times_is_not_read_back() {
    let mut parcel = Parcel::pack("books");
    assert!(is_exact(&parcel));
    parcel.move_to(None, vec![Uuid::nil()], Timestamp::UNIX_EPOCH);
    assert!(is_exact(&parcel));
    parcel.arrive();
    assert!(is_exact(&parcel));
}

#[test]
fn an_event_that_may_be_restored_differently_is_read_back() {
    let mut parcel = Parcel::pack("books");
    parcel.weigh(1.5);
    assert!(!is_exact(&parcel));
    parcel.count(1);
    assert!(!is_exact(&parcel));
}

#[tokio::test]
async fn a_type_named_as_a_trusted_one_is_read_back_and_refused() {
    let app = super::memory().await;
    let mut parcel = Parcel::pack("books");
    app.save(&mut parcel).await.unwrap();
    parcel.label(own::String { lost: 7 });
    assert!(app.save(&mut parcel).await.unwrap_err().to_string().contains("Parcel.Labelled"));
}

#[tokio::test]
async fn an_event_struct_of_the_users_is_read_back_and_refused() {
    let app = super::memory().await;
    let mut parcel = Parcel::pack("books");
    app.save(&mut parcel).await.unwrap();
    parcel.close(7);
    assert!(app.save(&mut parcel).await.unwrap_err().to_string().contains("Parcel.Closed"));
}
