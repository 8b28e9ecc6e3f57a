//! The future of a save, and what can be set before it begins.
//!
//! It has a name and no type parameters. The future of an `async fn` has the bounds of the function too, so each use of it would repeat the
//! error of a missing `&mut`.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::Application;
use super::command::Command;
use super::saveable::Saveable;
use crate::Result;
use crate::domain::Metadata;
use crate::recording::Notification;

/// A save: the future of [`Application::save`]. It returns the notifications of the recorded events.
///
/// Nothing is done before it is awaited.
#[must_use = "nothing is saved until the future is awaited"]
pub struct Save<'a> {
    options: Options,
    work: Pin<Box<dyn Work + 'a>>,
}

/// What a save is given beside what it saves.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) metadata: Option<Metadata>,
    pub(super) command: Option<Command>,
}

impl<'a> Save<'a> {
    pub(super) fn new<S, F, B>(application: &'a Application, what: S, begin: B) -> Self
    where
        S: Saveable + 'a,
        F: Future<Output = Result<Vec<Notification>>> + Send + 'a,
        B: FnOnce(&'a Application, S, Options) -> F + Send + 'a,
    {
        let ingredients = Some((application, what, begin));
        Self { options: Options::default(), work: Box::pin(Stage::Begins { ingredients }) }
    }

    /// Records the events with metadata.
    ///
    /// Metadata of a [`scope`](Metadata::scope) applies too; where both set a value, this one counts. To add metadata to what
    /// [`retry`](Application::retry) saves, run it in a scope.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # use eventsourcing_core::{AggregateEvent, DomainEvent, Timestamp, Uuid};
    /// # use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
    /// # #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    /// # struct Started {}
    /// # impl AggregateEvent for Started {
    /// #     const TOPICS: &'static [&'static str] = &["World.Started"];
    /// #     fn topic(&self) -> &'static str { "World.Started" }
    /// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
    /// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
    /// #         if topic == "World.Started" { state.read() } else { Err(StateError::UnknownTopic) }
    /// #     }
    /// # }
    /// # fn started() -> DomainEvent<Started> { DomainEvent::new(Uuid::new_v4(), 1, Timestamp::UNIX_EPOCH, Started {}) }
    /// use eventsourcing::{Application, Error, Metadata};
    /// # futures::executor::block_on(async {
    /// let universe = Application::builder("Universe").open()?;
    /// universe.save(started()).metadata(Metadata::new().with_actor("ada").with("tenant", "12")).await?;
    ///
    /// let mut events = universe.subscribe(0).events::<Started>();
    /// let followed = events.try_next().await?.expect("a subscription does not end");
    /// assert_eq!(followed.item.metadata().get("tenant"), Some("12"));
    /// # Ok::<(), Error>(())
    /// # }).unwrap();
    /// ```
    pub fn metadata(mut self, metadata: Metadata) -> Self {
        self.options.metadata = Some(metadata);
        self
    }

    /// Records the id of a command in the same transaction as the events, so that the command is recorded once.
    ///
    /// If the id is recorded already, nothing is recorded, and the save returns the notifications of the first time: after a crash, from another
    /// process, and if both arrive at the same time. The aggregates of such a save hold events that are not recorded. They cannot be used any more
    /// ([`NotRecorded`](crate::AggregateError::NotRecorded)): get them again.
    ///
    /// The same id with other content is an error. The content is what [`Command::content`] says, or else the events: their topics and
    /// fields, without their times, metadata and versions, and without the ids of aggregates that the save creates.
    ///
    /// A save without events records the id too: a command that decided nothing stays decided. An id is kept for a while:
    /// see [`keep_commands`](crate::ApplicationBuilder::keep_commands).
    ///
    /// # Errors
    /// Beside those of [`save`](Application::save): [`CommandReused`](crate::Error::CommandReused) if the id is recorded with other content;
    /// [`CommandIdMissing`](crate::Error::CommandIdMissing) if it is nil or made from an empty text;
    /// [`CommandContent`](crate::Error::CommandContent) if the content has no JSON; [`NoCommands`](crate::RecorderError::NoCommands) if the
    /// recorder stores no command ids. Nothing is recorded then.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # use eventsourcing_core::{AggregateEvent, DomainEvent, Timestamp, Uuid};
    /// # use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
    /// # #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    /// # struct Placed { article: String }
    /// # impl AggregateEvent for Placed {
    /// #     const TOPICS: &'static [&'static str] = &["Order.Placed"];
    /// #     fn topic(&self) -> &'static str { "Order.Placed" }
    /// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
    /// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
    /// #         if topic == "Order.Placed" { state.read() } else { Err(StateError::UnknownTopic) }
    /// #     }
    /// # }
    /// # fn placed(article: &str) -> DomainEvent<Placed> {
    /// #     DomainEvent::new(Uuid::new_v4(), 1, Timestamp::UNIX_EPOCH, Placed { article: article.to_owned() })
    /// # }
    /// use eventsourcing::{Application, Error};
    /// # futures::executor::block_on(async {
    /// let shop = Application::builder("Shop").open()?;
    /// let recorded = shop.save(placed("book")).command("request-1").await?;
    ///
    /// assert_eq!(shop.save(placed("book")).command("request-1").await?, recorded);
    /// assert_eq!(shop.command("request-1").await?, Some(recorded));
    ///
    /// let other = shop.save(placed("lamp")).command("request-1").await;
    /// assert!(matches!(other, Err(Error::CommandReused { .. })));
    /// # Ok::<(), Error>(())
    /// # }).unwrap();
    /// ```
    pub fn command(mut self, command: impl Into<Command>) -> Self {
        self.options.command = Some(command.into());
        self
    }
}

impl Future for Save<'_> {
    type Output = Result<Vec<Notification>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { options, work } = &mut *self;
        work.as_mut().poll(options, context)
    }
}

impl fmt::Debug for Save<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options { metadata, command } = &self.options;
        f.debug_struct("Save").field("metadata", metadata).field("command", command).finish_non_exhaustive()
    }
}

/// A future that takes its options when it begins. One box holds what it needs for that, and the future afterwards.
trait Work: Send {
    fn poll(self: Pin<&mut Self>, options: &mut Options, context: &mut Context<'_>) -> Poll<Result<Vec<Notification>>>;
}

pin_project! {
    #[project = StageOf]
    enum Stage<'a, S, B, F> {
        Begins { ingredients: Option<(&'a Application, S, B)> },
        Runs { #[pin] future: F },
    }
}

impl<'a, S, B, F> Work for Stage<'a, S, B, F>
where
    S: Send,
    F: Future<Output = Result<Vec<Notification>>> + Send,
    B: FnOnce(&'a Application, S, Options) -> F + Send,
{
    fn poll(
        mut self: Pin<&mut Self>,
        options: &mut Options,
        context: &mut Context<'_>,
    ) -> Poll<Result<Vec<Notification>>> {
        if let StageOf::Begins { ingredients } = self.as_mut().project()
            && let Some((application, what, begin)) = ingredients.take()
        {
            let future = begin(application, what, std::mem::take(options));
            self.set(Stage::Runs { future });
        }
        match self.project() {
            StageOf::Runs { future } => future.poll(context),
            // a panic of the function that begins took the ingredients with it
            StageOf::Begins { .. } => panic!("a save was polled after it panicked"),
        }
    }
}
