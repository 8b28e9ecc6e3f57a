//! Immutable: the state is a value, and a command is a pure function from the state to events.
//!
//! `Book::decide` takes a state and a command, and returns events or a refusal. `Book::after` takes a state and an event, and returns the
//! next state. Neither changes anything, so both are tested without an id, a clock and a database. `Record` connects them to the library:
//! it is the aggregate, and holds the current state and the `Root`.
//!
//! ```console
//! $ cargo run --example immutable
//! ```

use eventsourcing::domain::{StateError, StateReader, StateWriter};
use eventsourcing::prelude::*;
use eventsourcing::{AggregateError, AggregateEvent, ApplyError, Root};
use serde::{Deserialize, Serialize};

/// The state: a plain value, which knows nothing of the library.
#[derive(Clone, Debug, PartialEq)]
pub struct Book {
    title: String,
    reader: Option<String>,
    loans: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Lend { reader: String },
    GiveBack,
}

/// Why a command is refused.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("the book is lent to {reader}")]
    Lent { reader: String },
    #[error("the book is not lent")]
    NotLent,
}

impl Book {
    /// The state after the first event.
    fn first(event: &BookEvent) -> Result<Self, ApplyError> {
        match event {
            BookEvent::Acquired(Acquired { title }) => Ok(Self { title: title.clone(), reader: None, loans: 0 }),
            _ => Err(ApplyError::NotACreation),
        }
    }

    /// The state after a further event.
    fn after(&self, event: &BookEvent) -> Result<Self, ApplyError> {
        match event {
            BookEvent::Acquired(_) => Err(ApplyError::IsACreation),
            BookEvent::Lent(Lent { reader }) => {
                Ok(Self { reader: Some(reader.clone()), loans: self.loans + 1, ..self.clone() })
            }
            BookEvent::Returned(Returned {}) => Ok(Self { reader: None, ..self.clone() }),
        }
    }

    /// The events that a command results in.
    fn decide(&self, command: &Command) -> Result<Vec<BookEvent>, Refusal> {
        match (command, &self.reader) {
            (Command::Lend { reader }, None) => Ok(vec![BookEvent::Lent(Lent { reader: reader.clone() })]),
            (Command::Lend { .. }, Some(reader)) => Err(Refusal::Lent { reader: reader.clone() }),
            (Command::GiveBack, Some(_)) => Ok(vec![BookEvent::Returned(Returned {})]),
            (Command::GiveBack, None) => Err(Refusal::NotLent),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acquired {
    title: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lent {
    reader: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Returned {}

#[derive(Clone, Debug, PartialEq)]
pub enum BookEvent {
    Acquired(Acquired),
    Lent(Lent),
    Returned(Returned),
}

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

/// The aggregate: a state, and the id, version and pending events that belong to it.
#[derive(Debug)]
pub struct Record {
    book: Book,
    root: Root<Record>,
}

impl Aggregate for Record {
    type Event = BookEvent;

    const NAME: &'static str = "Book";

    fn root(&self) -> &Root<Self> {
        &self.root
    }

    fn root_mut(&mut self) -> &mut Root<Self> {
        &mut self.root
    }

    fn create(event: BookEvent) -> Result<Self, ApplyError> {
        Ok(Self { book: Book::first(&event)?, root: Root::default() })
    }

    /// Replaces the state by the next one: the only assignment of this program.
    fn apply(&mut self, event: BookEvent) -> Result<(), ApplyError> {
        self.book = self.book.after(&event)?;
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Aggregate(#[from] AggregateError),
    #[error(transparent)]
    Library(#[from] Error),
}

impl Record {
    fn acquire(title: &str) -> Result<Self, AggregateError> {
        Self::create_from(Uuid::new_v4(), BookEvent::Acquired(Acquired { title: title.to_owned() }))
    }

    /// Decides on the current state, and makes the events pending.
    fn execute(&mut self, command: &Command) -> Result<(), CommandError> {
        for event in self.book.decide(command)? {
            self.trigger(event)?;
        }
        Ok(())
    }
}

#[application(aggregates(Record))]
#[derive(Debug)]
pub struct Library;

impl Library {
    /// Gets a book, executes the command and saves; after a conflict, all of it again.
    pub async fn execute(&self, id: Uuid, command: Command) -> Result<(), CommandError> {
        self.retry(id, |record: &mut Record| record.execute(&command)).await?
    }
}

/// The domain without the library.
fn pure() -> Result<(), ApplyError> {
    let acquired = BookEvent::Acquired(Acquired { title: "Emma".to_owned() });
    let lent = BookEvent::Lent(Lent { reader: "Ada".to_owned() });

    let new = Book::first(&acquired)?;
    let lend = Command::Lend { reader: "Ada".to_owned() };
    assert_eq!(new.decide(&lend), Ok(vec![lent.clone()]));
    assert_eq!(new.decide(&Command::GiveBack), Err(Refusal::NotLent));

    let on_loan = new.after(&lent)?;
    assert_eq!(on_loan.decide(&lend), Err(Refusal::Lent { reader: "Ada".to_owned() }));

    // the state before the event is still the state before the event
    assert_eq!((&new.reader, new.loans), (&None, 0));
    assert_eq!((on_loan.reader.as_deref(), on_loan.loans), (Some("Ada"), 1));

    // a state is the fold of its events
    let folded = [lent, BookEvent::Returned(Returned {})].iter().try_fold(new, |book, event| book.after(event))?;
    assert_eq!(folded, Book { title: "Emma".to_owned(), reader: None, loans: 1 });
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    pure()?;

    let library = Library::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    let mut record = Record::acquire("Emma")?;
    library.save(&mut record).await?;
    let id = record.id();

    library.execute(id, Command::Lend { reader: "Ada".to_owned() }).await?;
    let refused = library.execute(id, Command::Lend { reader: "Bea".to_owned() }).await;
    assert!(matches!(refused, Err(CommandError::Refused(Refusal::Lent { reader })) if reader == "Ada"));
    library.execute(id, Command::GiveBack).await?;
    library.execute(id, Command::Lend { reader: "Bea".to_owned() }).await?;

    let record: Record = library.repository().get(id).await?;
    assert_eq!(record.book, Book { title: "Emma".to_owned(), reader: Some("Bea".to_owned()), loans: 2 });
    assert_eq!(record.version(), 4);
    println!("{:?}", record.book);
    Ok(())
}
