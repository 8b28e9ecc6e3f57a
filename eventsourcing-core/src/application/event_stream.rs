//! The events of one aggregate or log as a stream: decoded, or as they are stored.

use std::collections::VecDeque;
use std::fmt;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::stream::{BoxStream, Stream, StreamExt as _, TryStreamExt as _, try_unfold};
use uuid::Uuid;

use super::decoded::Decoded;
use super::handle::Shared;
use super::repository::Repository;
use crate::domain::{Aggregate, DomainEvent};
use crate::recording::{EventQuery, StoredEvent, StoredEventRef};
use crate::{Error, Result};

impl Repository<'_> {
    /// Lists the events of the aggregate or log with this id, first version first, unless the stream says otherwise.
    ///
    /// Each event is decoded, and upcast if it has an old shape. None is replayed. There are no events if nothing is recorded under
    /// the id. Retired events are left out, because there is nothing to decode them to. [`history`](Self::history) returns the state after
    /// each event too. See [`EventStream`] for bounds and pages.
    ///
    /// # Errors
    /// Of the stream: [`Error::WrongAggregate`] if events of another type are recorded under the id, [`Error::Mapper`] if an
    /// event cannot be decoded, and [`Error::Recorder`] if the database fails.
    pub fn events<A: Aggregate>(&self, id: Uuid) -> EventStream<DomainEvent<A::Event>> {
        let decode = |shared: &Shared, stored: StoredEventRef<'_>| {
            shared.topics.claim::<A::Event>()?;
            Ok(match shared.decode::<A>(stored)? {
                Decoded::Event(event) => Some(event),
                Decoded::Retired { .. } => None,
            })
        };
        EventStream::new(self.shared, id, decode)
    }

    /// Lists the events of any aggregate as they are stored, without decoding them.
    ///
    /// The topics may be unknown to this program, and no key is needed: the [state](StoredEvent::state) is what the mapper has made of the
    /// event, compressed and encrypted if configured. There are no events if nothing is recorded under the id. See [`EventStream`] for
    /// bounds and pages.
    ///
    /// # Errors
    /// Of the stream: [`Error::Recorder`] if the database fails.
    pub fn stored_events(&self, id: Uuid) -> EventStream<StoredEvent> {
        EventStream::new(self.shared, id, |_, stored| Ok(Some(stored.to_owned())))
    }
}

/// Turns a row into what the stream returns; none leaves the event out.
type Read<T> = fn(&Shared, StoredEventRef<'_>) -> Result<Option<T>>;

/// The events of one aggregate or log: [`Repository::events`] and [`Repository::stored_events`].
///
/// It implements [`Stream`]. Its own methods are those that most callers need, so that they need no import. The events are read page by
/// page, each with a separate call, so it needs the memory of one page and holds no connection while the caller handles an event. Events
/// that are recorded meanwhile are included, unless the stream is descending.
///
/// A list can be continued from the version of its last event: with [`after`](Self::after), or if it is descending, with
/// [`up_to`](Self::up_to) the version before. The stream ends after the first error; the events before one that cannot be read are returned.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// # use eventsourcing_core::{Aggregate, AggregateEvent, ApplyError, Root};
/// # use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
/// # #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
/// # struct Reserved { seats: u64 }
/// # impl AggregateEvent for Reserved {
/// #     const TOPICS: &'static [&'static str] = &["Seats.Reserved"];
/// #     fn topic(&self) -> &'static str { "Seats.Reserved" }
/// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
/// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
/// #         if topic == "Seats.Reserved" { state.read() } else { Err(StateError::UnknownTopic) }
/// #     }
/// # }
/// # #[derive(Clone, Debug)]
/// # struct Seats { reserved: u64, root: Root<Seats> }
/// # impl Aggregate for Seats {
/// #     type Event = Reserved;
/// #     const NAME: &'static str = "Seats";
/// #     fn root(&self) -> &Root<Self> { &self.root }
/// #     fn root_mut(&mut self) -> &mut Root<Self> { &mut self.root }
/// #     fn create(event: Reserved) -> Result<Self, ApplyError> { Ok(Seats { reserved: event.seats, root: Root::default() }) }
/// #     fn apply(&mut self, event: Reserved) -> Result<(), ApplyError> { self.reserved += event.seats; Ok(()) }
/// # }
/// use eventsourcing::{Application, Error, Uuid};
/// # futures::executor::block_on(async {
/// let theatre = Application::builder("Theatre").open()?;
/// let mut seats = Seats::create_from(Uuid::new_v4(), Reserved { seats: 1 })?;
/// for more in [2, 3, 4] {
///     seats.trigger(Reserved { seats: more })?;
/// }
/// theatre.save(&mut seats).await?;
///
/// let mut events = theatre.repository().events::<Seats>(seats.id()).after(1).limit(2);
/// while let Some(reserved) = events.try_next().await? {
///     assert_eq!(reserved.event.seats, reserved.originator_version);
/// }
///
/// let last = theatre.repository().stored_events(seats.id()).descending().page(1).await?;
/// assert_eq!((last[0].originator_version, &*last[0].topic), (4, "Seats.Reserved"));
/// # Ok::<(), Error>(())
/// # }).unwrap();
/// ```
#[must_use = "a stream does nothing unless it is polled"]
pub struct EventStream<T> {
    selection: Selection<T>,
    /// The events, once the first one was asked for.
    stream: Option<BoxStream<'static, Result<T>>>,
}

impl<T> EventStream<T> {
    /// The default number of events of a page.
    pub const DEFAULT_PAGE_SIZE: usize = 100;

    /// The greatest number of events of a page.
    pub const MAX_PAGE_SIZE: usize = 10_000;

    fn new(shared: &Arc<Shared>, id: Uuid, read: Read<T>) -> Self {
        let (shared, query) = (Arc::clone(shared), EventQuery::of(id));
        let selection = Selection { shared, query, limit: usize::MAX, page_size: Self::DEFAULT_PAGE_SIZE, read };
        Self { selection, stream: None }
    }

    /// Selects only versions after this one. A stream that has begun begins anew.
    pub fn after(mut self, version: u64) -> Self {
        self.selection.query.after = Some(version);
        self.stream = None;
        self
    }

    /// Selects only versions up to and including this one. A stream that has begun begins anew.
    pub fn up_to(mut self, version: u64) -> Self {
        self.selection.query.up_to = Some(version);
        self.stream = None;
        self
    }

    /// Returns the last version first. A stream that has begun begins anew.
    pub fn descending(mut self) -> Self {
        self.selection.query.descending = true;
        self.stream = None;
        self
    }

    /// Sets the greatest number of events. A stream that has begun begins anew.
    pub fn limit(mut self, events: usize) -> Self {
        self.selection.limit = events;
        self.stream = None;
        self
    }

    /// Sets the number of events that are read at a time: 1 to [`MAX_PAGE_SIZE`](Self::MAX_PAGE_SIZE). A stream that has begun begins
    /// anew.
    pub fn page_size(mut self, events: usize) -> Self {
        self.selection.page_size = events.clamp(1, Self::MAX_PAGE_SIZE);
        self.stream = None;
        self
    }
}

impl<T: Send + 'static> EventStream<T> {
    /// The next event; none at the end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        self.begun().next().await
    }

    /// The next event; none at the end.
    ///
    /// # Errors
    /// Those of the method that made the stream.
    pub async fn try_next(&mut self) -> Result<Option<T>> {
        self.begun().try_next().await
    }

    /// Collects all remaining events.
    ///
    /// # Errors
    /// Those of the method that made the stream.
    pub async fn try_collect<C: Default + Extend<T>>(mut self) -> Result<C> {
        self.begun().try_collect().await
    }

    /// Collects at most this number of events, for a list that a person turns over: fewer are the last ones.
    ///
    /// # Errors
    /// Those of the method that made the stream.
    pub async fn page(self, limit: usize) -> Result<Vec<T>> {
        let limit = limit.min(self.selection.limit);
        self.limit(limit).page_size(limit).try_collect().await
    }

    fn begun(&mut self) -> &mut BoxStream<'static, Result<T>> {
        let Self { selection, stream } = self;
        stream.get_or_insert_with(|| {
            let selection = selection.clone();
            let pages = Pages { selection, page: VecDeque::new(), is_last: false, failure: None };
            try_unfold(pages, |mut pages: Pages<T>| async move {
                let event = pages.next().await?;
                Ok(event.map(|event| (event, pages)))
            })
            .boxed()
        })
    }
}

impl<T: Send + 'static> Stream for EventStream<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.begun().poll_next_unpin(context)
    }
}

/// Nothing in it is pinned in place.
impl<T> Unpin for EventStream<T> {}

impl<T> fmt::Debug for EventStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Selection { shared, query, limit, page_size, .. } = &self.selection;
        f.debug_struct("EventStream")
            .field("application", &shared.name)
            .field("query", query)
            .field("limit", limit)
            .field("page_size", page_size)
            .finish_non_exhaustive()
    }
}

/// Which events are returned, and how they are read.
struct Selection<T> {
    shared: Arc<Shared>,
    /// What is left to read.
    query: EventQuery,
    /// How many events are left to return.
    limit: usize,
    page_size: usize,
    read: Read<T>,
}

// not derived: a derived impl would require `T: Clone`
impl<T> Clone for Selection<T> {
    fn clone(&self) -> Self {
        let Self { shared, query, limit, page_size, read } = self;
        Self { shared: Arc::clone(shared), query: query.clone(), limit: *limit, page_size: *page_size, read: *read }
    }
}

/// The pages of a stream.
struct Pages<T> {
    selection: Selection<T>,
    /// The events that were read and are not returned yet.
    page: VecDeque<T>,
    is_last: bool,
    /// The error of the event after those of the page.
    failure: Option<Error>,
}

impl<T: Send> Pages<T> {
    async fn next(&mut self) -> Result<Option<T>> {
        loop {
            if self.selection.limit == 0 {
                return Ok(None);
            }
            if let Some(event) = self.page.pop_front() {
                self.selection.limit -= 1;
                return Ok(Some(event));
            }
            if let Some(error) = self.failure.take() {
                return Err(error);
            }
            if self.is_last {
                return Ok(None);
            }
            self.read_page().await;
        }
    }

    /// Reads events until the page is full, the history ends or an event cannot be read.
    async fn read_page(&mut self) {
        let Self { selection: Selection { shared, query, limit, page_size, read }, page, is_last, failure } = self;
        // an event that is left out counts as a row, and not as an event
        let wanted = (*page_size).min(*limit);
        let (mut rows, mut last) = (0, None);
        let visit = |stored: StoredEventRef<'_>| {
            page.extend(read(shared, stored)?);
            rows += 1;
            last = Some(stored.originator_version);
            Ok(ControlFlow::Continue(()))
        };
        let outcome = shared.visit_events(query.clone().limit(wanted), visit).await;
        *failure = outcome.inspect_err(|error| tracing::debug!(%error)).err();
        *is_last = rows < wanted;
        if let Some(version) = last {
            query.advance_after(version);
        }
    }
}
