//! `#[personal]`: the registry knows which fields are personal, and nothing else changes.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::sync::Arc;

use eventsourcing::prelude::*;
use eventsourcing::recording::MemoryRecorder;
use serde::{Deserialize, Serialize};

mod marked {
    use super::*;

    #[aggregate]
    #[derive(Debug, PartialEq, Serialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Guest {
        #[personal]
        pub(crate) full_name: String,
        #[personal]
        #[serde(rename = "e-mail")]
        pub(crate) email: Option<String>,
        pub(crate) nights: u32,
    }

    #[aggregate(was = ["Visitor"])]
    impl Guest {
        #[event("Registered")]
        pub(crate) fn register(#[personal] full_name: &str, nights: u32) -> Self {
            Self { full_name: full_name.to_owned(), email: None, nights }
        }

        #[event("EmailGiven")]
        pub(crate) fn give_email(
            &mut self,
            #[personal]
            #[serde(rename = "a/b", alias = "mail")]
            email: &str,
        ) {
            self.email = Some(email.to_owned());
        }

        #[event("Stayed")]
        pub(crate) fn stay(&mut self, nights: u32) {
            self.nights += nights;
        }

        #[event(struct = Moved)]
        pub(crate) fn move_to(&mut self, #[personal] street: String, city: String) {
            let _ = (street, city);
        }
    }

    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub(crate) struct Moved {
        pub(crate) street: String,
        pub(crate) city: String,
    }
}

/// The same without the marks.
mod plain {
    use super::*;

    #[aggregate]
    #[derive(Debug, PartialEq, Serialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Guest {
        pub(crate) full_name: String,
        #[serde(rename = "e-mail")]
        pub(crate) email: Option<String>,
        pub(crate) nights: u32,
    }

    #[aggregate(was = ["Visitor"])]
    impl Guest {
        #[event("Registered")]
        pub(crate) fn register(full_name: &str, nights: u32) -> Self {
            Self { full_name: full_name.to_owned(), email: None, nights }
        }

        #[event("EmailGiven")]
        pub(crate) fn give_email(&mut self, #[serde(rename = "a/b", alias = "mail")] email: &str) {
            self.email = Some(email.to_owned());
        }

        #[event("Stayed")]
        pub(crate) fn stay(&mut self, nights: u32) {
            self.nights += nights;
        }

        #[event(struct = Moved)]
        pub(crate) fn move_to(&mut self, street: String, city: String) {
            let _ = (street, city);
        }
    }

    use super::marked::Moved;
}

#[application(name = "Hotel", aggregates(marked::Guest))]
struct Hotel;

#[application(name = "Inn", aggregates(plain::Guest))]
struct Inn;

const MEMORY: [(&str, &str); 1] = [("PERSISTENCE_MODULE", "memory")];

#[tokio::test]
async fn the_registry_has_the_personal_fields_by_topic() {
    let hotel = Hotel::open_with(MEMORY).await.unwrap();
    let guest = &hotel.aggregate_types()[0];
    let personal = |topic: &str| {
        let found = guest.topics().into_iter().find(|one| one.topic == topic);
        found.unwrap_or_else(|| panic!("{topic} is a topic")).personal.to_vec()
    };
    assert_eq!(personal("Guest.Registered"), ["/full_name"]);
    assert_eq!(personal("Guest.EmailGiven"), ["/a~1b", "/mail"]);
    assert_eq!(personal("Guest.Stayed"), [""; 0]);
    assert_eq!(personal("Guest.Moved"), ["/street"]);
    // under the name that the aggregate had before, too
    assert_eq!(personal("Visitor.EmailGiven"), ["/a~1b", "/mail"]);
    assert_eq!(guest.personal_state(), ["/fullName", "/e-mail"]);

    let inn = Inn::open_with(MEMORY).await.unwrap();
    let guest = &inn.aggregate_types()[0];
    assert!(guest.topics().iter().all(|topic| topic.personal.is_empty()) && guest.personal_state().is_empty());
}

#[tokio::test]
async fn the_marks_change_nothing_that_is_recorded() {
    let recorders = [MemoryRecorder::new(), MemoryRecorder::new()];
    let hotel = Hotel::builder().variables(MEMORY).recorder(Arc::new(recorders[0].clone())).open().await.unwrap();
    let inn = Inn::builder().variables(MEMORY).recorder(Arc::new(recorders[1].clone())).open().await.unwrap();
    let mut marked = marked::Guest::register("Ada", 1);
    marked.give_email("ada@example.org");
    marked.move_to("Noordwal".to_owned(), "Den Haag".to_owned());
    marked.stay(2);
    hotel.save(&mut marked).await.unwrap();
    let mut plain = plain::Guest::register("Ada", 1);
    plain.give_email("ada@example.org");
    plain.move_to("Noordwal".to_owned(), "Den Haag".to_owned());
    plain.stay(2);
    inn.save(&mut plain).await.unwrap();
    let (marked_log, plain_log) = (hotel.log().last(10).await.unwrap(), inn.log().last(10).await.unwrap());
    for (one, other) in marked_log.iter().zip(&plain_log) {
        // after the time
        let fields = |state: &[u8]| String::from_utf8_lossy(state).split_once("Z\"").map(|(_, rest)| rest.to_owned());
        assert_eq!((&one.topic, fields(&one.state)), (&other.topic, fields(&other.state)));
    }
    assert!(String::from_utf8_lossy(&marked_log[1].state).contains(r#""a/b":"ada@example.org""#));
    assert_eq!(hotel.repository().get::<marked::Guest>(marked.id()).await.unwrap(), marked);
}

#[test]
fn the_lock_file_of_events_does_not_know_the_marks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.lock");
    eventsourcing::schema::EventsLock::new(&path).aggregate::<plain::Guest>().accept().unwrap();
    eventsourcing::schema::EventsLock::new(&path).aggregate::<marked::Guest>().check().unwrap();
}
