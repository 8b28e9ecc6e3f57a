//! Declarative: the shortest aggregate, in which the signatures of methods are the events.
//!
//! A method with `#[event]` is a command. Calling it runs the body and records the arguments as an event. Replaying the events runs the
//! bodies again, which gives the state back. The next two examples write the same aggregate in longer ways.
//!
//! ```console
//! $ cargo run --example declarative
//! ```

use eventsourcing::prelude::*;

#[aggregate]
#[derive(Debug)]
pub struct Book {
    title: String,
    reader: Option<String>,
}

#[aggregate]
impl Book {
    #[event("Acquired")]
    pub fn acquire(title: &str) -> Self {
        Self { title: title.to_owned(), reader: None }
    }

    #[event("Lent")]
    pub fn lend(&mut self, reader: &str) {
        self.reader = Some(reader.to_owned());
    }

    #[event("Returned")]
    pub fn give_back(&mut self) {
        self.reader = None;
    }
}

#[application(aggregates(Book))]
#[derive(Debug)]
pub struct Library;

#[tokio::main]
async fn main() -> Result<()> {
    let library = Library::open_with([("PERSISTENCE_MODULE", "memory")]).await?;

    let mut book = Book::acquire("Emma");
    book.lend("Ada");
    library.save(&mut book).await?;

    let mut book: Book = library.repository().get(book.id()).await?;
    assert_eq!((book.title.as_str(), book.reader.as_deref()), ("Emma", Some("Ada")));
    book.give_back();
    library.save(&mut book).await?;

    // the past stays: the same book, as it was at version 2
    let before: Book = library.repository().get_at(book.id(), 2).await?;
    assert_eq!(before.reader.as_deref(), Some("Ada"));

    // an event is recorded as JSON, under a topic: the names of the aggregate and of the event
    let recorded = library.log().select(1, 10).await?;
    let expected = [
        ("Book.Acquired", r#""title":"Emma"}"#),
        ("Book.Lent", r#""reader":"Ada"}"#),
        // no arguments, so the time is all that is recorded
        ("Book.Returned", "\"}"),
    ];
    assert_eq!(recorded.len(), expected.len());
    for (notification, (topic, fields)) in recorded.iter().zip(expected) {
        let state = String::from_utf8_lossy(&notification.state);
        println!("{topic}: {state}");
        assert_eq!(notification.topic, topic);
        assert!(state.starts_with(r#"{"timestamp":""#) && state.ends_with(fields), "{state}");
    }
    Ok(())
}
