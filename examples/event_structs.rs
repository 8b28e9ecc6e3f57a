//! Event structs: the events are types of your own, with their own docs, derives and methods.
//!
//! `#[event("Lent")]` generates the struct `BookLent`. `#[event(struct = Lent)]` uses a struct that you wrote: its fields have the
//! names of the method's parameters. What is recorded is the same as in `declarative.rs`.
//!
//! ```console
//! $ cargo run --example event_structs
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use eventsourcing::EventStruct;
use eventsourcing::prelude::*;
use serde::{Deserialize, Serialize};

/// The library bought a book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acquired {
    pub title: String,
}

/// A reader took the book home.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lent {
    pub reader: String,
}

impl Lent {
    /// The first letter of the reader's name, which is all that statistics show.
    pub fn initial(&self) -> Option<char> {
        self.reader.chars().next()
    }
}

/// The reader brought the book back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Returned {}

#[aggregate]
#[derive(Debug)]
pub struct Book {
    title: String,
    reader: Option<String>,
}

// `derive(PartialEq)` is for the enum of the events, `BookEvent`, so that events can be compared
#[aggregate(derive(PartialEq))]
impl Book {
    #[event(struct = Acquired)]
    pub fn acquire(title: &str) -> Self {
        Self { title: title.to_owned(), reader: None }
    }

    #[event(struct = Lent)]
    pub fn lend(&mut self, reader: &str) {
        self.reader = Some(reader.to_owned());
    }

    #[event(struct = Returned)]
    pub fn give_back(&mut self) {
        self.reader = None;
    }
}

#[application(aggregates(Book))]
#[derive(Debug)]
pub struct Library;

/// Names the topic of `Lent`, so that a projection can take it. Generated structs have this impl already.
impl EventStruct for Lent {
    const TOPIC: &'static str = "Book.Lent";
}

/// A view in memory: how often readers of an initial borrowed a book.
#[derive(Debug)]
pub struct Loans;

#[projection("loans")]
impl Loans {
    #[on]
    async fn lent(&self, event: &Lent, loans: &mut BTreeMap<char, u32>) -> Result<()> {
        if let Some(initial) = event.initial() {
            *loans.entry(initial).or_default() += 1;
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut book = Book::acquire("Emma");
    book.lend("Ada");
    book.give_back();
    assert_eq!((book.title.as_str(), &book.reader), ("Emma", &None));

    let events: Vec<&BookEvent> = book.pending_events().iter().map(|event| &event.event).collect();
    let expected = [
        &BookEvent::Acquired(Acquired { title: "Emma".to_owned() }),
        &BookEvent::Lent(Lent { reader: "Ada".to_owned() }),
        &BookEvent::Returned(Returned {}),
    ];
    assert_eq!(events, expected);

    let library = Library::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    let loans = MemoryViews::new(BTreeMap::new());
    let runner = ProjectionRunner::start(&library, Loans, loans.clone()).await?;
    let recorded = library.save(&mut book).await?;

    let expected =
        [("Book.Acquired", r#""title":"Emma"}"#), ("Book.Lent", r#""reader":"Ada"}"#), ("Book.Returned", "\"}")];
    assert_eq!(recorded.len(), expected.len());
    for (notification, (topic, fields)) in recorded.iter().zip(expected) {
        let state = String::from_utf8_lossy(&notification.state);
        println!("{topic}: {state}");
        assert_eq!(notification.topic, topic);
        assert!(state.ends_with(fields), "{state}");
    }

    runner.wait_for(recorded[2].id, Duration::from_secs(10)).await?;
    assert_eq!(loans.read(Clone::clone), BTreeMap::from([('A', 1)]));
    runner.stop().await?;
    Ok(())
}
