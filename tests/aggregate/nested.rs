//! Events inside the bodies of events, which the macro cannot see: an error, and never a wrong history.

use eventsourcing::AggregateError;
use eventsourcing::prelude::*;

use crate::memory;

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub struct Room {
    log: Vec<String>,
}

#[aggregate]
impl Room {
    #[event("Opened")]
    pub fn open() -> Self {
        Self { log: Vec::new() }
    }

    #[event("OpenedWithNote")]
    pub fn open_with_note(note: &str) -> Self {
        let mut room = Self { log: Vec::new() };
        note_twice(&mut room, note);
        room
    }

    #[event("Noted")]
    pub fn note(&mut self, what: &str) {
        self.log.push(what.to_owned());
    }

    #[event("NotedTwice")]
    pub fn note_twice(&mut self, what: &str) {
        note_twice(self, what);
    }

    #[event("NotedOrRefused")]
    pub fn note_or_refuse(&mut self, what: &str) -> std::result::Result<(), ()> {
        note_twice(self, what);
        Err(())
    }

    #[event("Reopened")]
    pub fn reopen(&mut self) {
        let mut other = Room::make();
        note_twice(&mut other, "other");
        *self = other;
    }

    #[event("Consulted")]
    pub fn consult(&mut self) {
        let mut other = Room::make();
        note_twice(&mut other, "other");
        self.log.append(&mut other.log);
    }

    fn make() -> Self {
        Self { log: Vec::new() }
    }

    /// Plain, so it may.
    pub fn note_both(&mut self, first: &str, second: &str) {
        self.note(first);
        self.note(second);
    }
}

/// Hides the command from the macro.
fn note_twice(room: &mut Room, what: &str) {
    room.note(what);
    room.note(what);
}

async fn is_refused(mut room: Room, wanted: (&str, &str)) {
    let memory = memory().await;
    let error = memory.save(&mut room).await.unwrap_err();
    assert!(
        matches!(error, Error::Aggregate(AggregateError::NestedEvent { outer, inner, .. }) if (outer, inner) == wanted),
        "{error}"
    );
    assert!(memory.log().section("1,10").await.unwrap().items.is_empty());
    // a later command does not make it good
    room.note("later");
    let error = memory.save(&mut room).await.unwrap_err();
    assert!(matches!(error, Error::Aggregate(AggregateError::NestedEvent { .. })), "{error}");
}

#[tokio::test]
async fn an_event_in_the_body_of_another_cannot_be_saved() {
    let mut room = Room::open();
    room.note_twice("a");
    assert_eq!(room.version(), 1);
    is_refused(room, ("Room.NotedTwice", "Room.Noted")).await;
}

#[tokio::test]
async fn an_event_in_the_body_of_a_creation_cannot_be_saved() {
    is_refused(Room::open_with_note("a"), ("Room.OpenedWithNote", "Room.Noted")).await;
}

#[tokio::test]
async fn an_event_of_what_replaces_self_cannot_be_saved() {
    let mut room = Room::open();
    room.reopen();
    is_refused(room, ("Room.Reopened", "Room.Noted")).await;
}

#[tokio::test]
async fn an_event_in_the_body_of_a_command_that_refuses_cannot_be_saved() {
    let mut room = Room::open();
    room.note_or_refuse("a").unwrap_err();
    is_refused(room, ("Room.NotedOrRefused", "Room.Noted")).await;
}

#[test]
fn an_event_in_the_body_of_another_is_an_error_at_replay() {
    let mut room = Room::open();
    room.note("a");
    let mut events = room.collect_events();
    events[1].event = RoomEvent::NotedTwice(RoomNotedTwice { what: "a".to_owned() });
    let second = events.remove(1);
    let begun: Option<Room> = events.remove(0).mutate(None).unwrap();
    let error = second.mutate(begun).unwrap_err();
    assert!(
        matches!(error, AggregateError::NestedEvent { outer: "Room.NotedTwice", inner: "Room.Noted", .. }),
        "{error}"
    );
}

#[test]
fn an_event_in_the_body_of_a_creation_is_an_error_at_replay() {
    let mut room = Room::open();
    let mut event = room.collect_events().remove(0);
    event.event = RoomEvent::OpenedWithNote(RoomOpenedWithNote { note: "a".to_owned() });
    let error = event.mutate::<Room>(None).unwrap_err();
    assert!(matches!(error, AggregateError::NestedEvent { outer: "Room.OpenedWithNote", .. }), "{error}");
}

#[test]
fn a_plain_method_may_call_several_events() {
    let mut room = Room::open();
    room.note_both("a", "b");
    assert_eq!((room.version(), room.log.len()), (3, 2));
    assert_eq!(crate::fold(&room), room);
}

#[tokio::test]
async fn a_scratch_aggregate_in_a_body_does_no_harm() {
    let mut room = Room::open();
    room.consult();
    assert_eq!((room.version(), room.log.len()), (2, 2));
    memory().await.save(&mut room).await.unwrap();
}
