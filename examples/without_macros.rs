//! Without macros: the book of `declarative.rs`, hand-written. It records the same bytes.
//!
//! The macros generate what this file spells out: a struct for each event, an enum of them, how the enum is written and read, and the trait
//! `Aggregate`. An aggregate keeps a `Root` in a field, which has its id, version, times and pending events.
//!
//! ```console
//! $ cargo run --example without_macros
//! ```

use eventsourcing::domain::{StateError, StateReader, StateWriter};
use eventsourcing::{Aggregate, AggregateError, AggregateEvent, Application, ApplyError, Error, Root, Uuid};
use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub struct Book {
    title: String,
    reader: Option<String>,
    root: Root<Book>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Acquired {
    title: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lent {
    reader: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Returned {}

#[derive(Clone, Debug)]
pub enum BookEvent {
    Acquired(Acquired),
    Lent(Lent),
    Returned(Returned),
}

/// The commands: each makes an event and applies it.
impl Book {
    pub fn acquire(title: &str) -> Result<Self, AggregateError> {
        Self::create_from(Uuid::new_v4(), BookEvent::Acquired(Acquired { title: title.to_owned() }))
    }

    pub fn lend(&mut self, reader: &str) -> Result<(), AggregateError> {
        self.trigger(BookEvent::Lent(Lent { reader: reader.to_owned() }))
    }

    pub fn give_back(&mut self) -> Result<(), AggregateError> {
        self.trigger(BookEvent::Returned(Returned {}))
    }
}

/// How events make the aggregate and change it, when a command triggers them and when they are replayed.
impl Aggregate for Book {
    type Event = BookEvent;

    const NAME: &'static str = "Book";

    fn root(&self) -> &Root<Self> {
        &self.root
    }

    fn root_mut(&mut self) -> &mut Root<Self> {
        &mut self.root
    }

    fn create(event: BookEvent) -> Result<Self, ApplyError> {
        match event {
            BookEvent::Acquired(Acquired { title }) => Ok(Self { title, reader: None, root: Root::default() }),
            BookEvent::Lent(_) | BookEvent::Returned(_) => Err(ApplyError::NotACreation),
        }
    }

    fn apply(&mut self, event: BookEvent) -> Result<(), ApplyError> {
        match event {
            BookEvent::Acquired(_) => return Err(ApplyError::IsACreation),
            BookEvent::Lent(Lent { reader }) => self.reader = Some(reader),
            BookEvent::Returned(Returned {}) => self.reader = None,
        }
        Ok(())
    }
}

/// The topics of the events, and how their fields are written and read.
impl AggregateEvent for BookEvent {
    const TOPICS: &'static [&'static str] = &["Book.Acquired", "Book.Lent", "Book.Returned"];

    fn topic(&self) -> &'static str {
        match self {
            Self::Acquired(_) => "Book.Acquired",
            Self::Lent(_) => "Book.Lent",
            Self::Returned(_) => "Book.Returned",
        }
    }

    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
        match self {
            Self::Acquired(event) => state.write(event),
            Self::Lent(event) => state.write(event),
            Self::Returned(event) => state.write(event),
        }
    }

    fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        match topic {
            "Book.Acquired" => state.read().map(Self::Acquired),
            "Book.Lent" => state.read().map(Self::Lent),
            "Book.Returned" => state.read().map(Self::Returned),
            _ => Err(StateError::UnknownTopic),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    // an application needs no macro either: by default it keeps events in memory, as plain JSON
    let library = Application::builder("Library").aggregate::<Book>().open()?;

    let mut book = Book::acquire("Emma")?;
    book.lend("Ada")?;
    library.save(&mut book).await?;

    let mut book: Book = library.repository().get(book.id()).await?;
    assert_eq!((book.title.as_str(), book.reader.as_deref(), book.version()), ("Emma", Some("Ada"), 2));
    book.give_back()?;
    library.save(&mut book).await?;

    // the same topics and the same JSON as in `declarative.rs`
    let recorded = library.log().select(1, 10).await?;
    let expected =
        [("Book.Acquired", r#""title":"Emma"}"#), ("Book.Lent", r#""reader":"Ada"}"#), ("Book.Returned", "\"}")];
    assert_eq!(recorded.len(), expected.len());
    for (notification, (topic, fields)) in recorded.iter().zip(expected) {
        let state = String::from_utf8_lossy(&notification.state);
        println!("{topic}: {state}");
        assert_eq!(notification.topic, topic);
        assert!(state.starts_with(r#"{"timestamp":""#) && state.ends_with(fields), "{state}");
    }
    Ok(())
}
