//! The creation of an aggregate: one that is generated, and the question whether an event creates.

use std::collections::BTreeMap;

use eventsourcing::prelude::*;
use eventsourcing::{CreationEvent, EventStruct};
use serde::{Deserialize, Serialize};

/// The simplest aggregate: no creation event, and fields with defaults.
#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Note {
    title: String,
    lines: Vec<String>,
    by_author: BTreeMap<String, Option<u32>>,
    parent: Option<Box<Self>>,
}

#[aggregate]
impl Note {
    #[event("Titled")]
    pub(crate) fn give_title(&mut self, title: &str) {
        self.title = title.to_owned();
    }

    /// A function that returns the aggregate and makes none itself.
    pub(crate) fn titled(title: &str) -> Self {
        let mut note = Self::create();
        note.give_title(title);
        note
    }
}

#[test]
fn an_aggregate_without_a_creation_event_is_created_with_default_values() {
    let note = Note::create();
    assert_eq!((note.title.as_str(), note.lines.len(), note.by_author.len(), note.version()), ("", 0, 0, 1));
    assert!(note.parent.is_none());
    assert_eq!(note.pending_events()[0].event.topic(), "Note.Created");
    assert_ne!(note.id(), Note::create().id());
    assert_eq!(Note::titled("Moon").version(), 2);
}

#[test]
fn a_generated_creation_is_replayed() {
    let mut note = Note::titled("Moon");
    let mut copy: Option<Note> = None;
    for event in note.collect_events() {
        copy = event.mutate(copy).expect("the events of one note");
    }
    assert_eq!(copy, Some(note));
}

/// An aggregate in which nothing happens but its creation.
mod flag {
    use eventsourcing::prelude::*;

    #[aggregate]
    #[derive(Debug)]
    pub(super) struct Flag {}

    #[aggregate(name = "Banner")]
    impl Flag {}
}

#[test]
fn an_aggregate_without_fields_and_events_can_be_created() {
    let flag = flag::Flag::create();
    assert_eq!(flag.pending_events()[0].event.topic(), "Banner.Created");
    assert_eq!(flag::FlagEvent::TOPICS, ["Banner.Created"]);
}

/// A type without a default, as most are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Colour {
    Red,
}

/// A field without a default is no error where the aggregate has a creation event.
#[aggregate]
#[derive(Debug)]
struct Lamp {
    colour: Colour,
    watts: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Found {
    watts: u32,
}

impl EventStruct for Found {
    const TOPIC: &'static str = "Lamp.Found";
}
impl CreationEvent for Found {}

#[aggregate]
impl Lamp {
    #[event("Made")]
    fn make() -> Self {
        Self { colour: Colour::Red, watts: 0 }
    }

    #[event(struct = Found)]
    fn find(watts: u32) -> Result<Self, std::convert::Infallible> {
        Ok(Self { colour: Colour::Red, watts })
    }

    #[event("Dimmed")]
    fn dim(&mut self, by: u32) {
        self.watts -= by;
    }
}

/// The topics of events that create, as code that is generic over events asks for them.
fn topic_of_creation<E: CreationEvent>() -> &'static str {
    E::TOPIC
}

#[test]
fn the_struct_of_a_creation_event_has_a_marker() {
    assert_eq!(topic_of_creation::<LampMade>(), "Lamp.Made");
    assert_eq!(topic_of_creation::<Found>(), "Lamp.Found");
    assert_eq!(topic_of_creation::<NoteCreated>(), "Note.Created");
}

#[test]
fn an_event_says_whether_it_creates() {
    let mut lamp = Lamp::find(60).expect("found");
    lamp.dim(20);
    assert_eq!((lamp.colour, lamp.watts), (Colour::Red, 40));
    let asked: Vec<bool> = lamp.pending_events().iter().map(|event| Lamp::is_creation(&event.event)).collect();
    assert_eq!(asked, [true, false]);
    assert!(Lamp::is_creation(&Lamp::make().pending_events()[0].event));
    assert!(flag::Flag::is_creation(&flag::Flag::create().pending_events()[0].event));
}
