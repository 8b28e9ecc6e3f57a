//! The history of an aggregate: each event with the state after it, as a stream.

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
use super::repository::{Repository, not_found};
use crate::domain::{Aggregate, DomainEvent};
use crate::recording::{EventQuery, StoredEventRef};
use crate::{Error, Result};

impl Repository<'_> {
    /// The history of the aggregate with this id: each event with the state after it, oldest first.
    ///
    /// The stream begins with the first event and ends with the last one, unless [`after`](History::after) and
    /// [`up_to`](History::up_to) select fewer. See [`History`].
    pub fn history<A: Aggregate + Clone>(&self, id: Uuid) -> History<A> {
        let shared = Arc::clone(self.shared);
        let page_size = History::<A>::DEFAULT_PAGE_SIZE;
        History { selection: Selection { shared, id, after: 0, up_to: None, page_size }, stream: None }
    }
}

/// A version of an aggregate: an event, and the state after it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AggregateVersion<A: Aggregate> {
    /// The event, which names the version and the time.
    pub event: DomainEvent<A::Event>,
    /// The aggregate after the event.
    pub state: A,
}

impl<A: Aggregate> AggregateVersion<A> {
    /// Creates a version, for instance to test its consumer without a log.
    pub const fn new(event: DomainEvent<A::Event>, state: A) -> Self {
        Self { event, state }
    }
}

/// A stream of the versions of an aggregate: each event with the state after it, oldest first.
///
/// [`Repository::history`] makes one. It implements [`Stream`]. Its own methods are those that most callers need, so that they need no
/// import. It borrows nothing, so it can be returned, for instance as the body of a response.
///
/// The events are read page by page: a page of events and one state are in memory, however long the history is, and no connection is held
/// while the caller handles a version. Events that are recorded meanwhile are included. Each returned state is a clone, which the caller may
/// change and save, if it is the newest.
///
/// A retired event is not returned, because there is nothing to decode it to. It still counts as a version, so the states before and after
/// it are two versions apart. A split event is one version, with the state after its last part.
///
/// # Errors
/// [`AggregateNotFound`](crate::Error::AggregateNotFound) if nothing is recorded under the id,
/// [`VersionNotFound`](crate::Error::VersionNotFound) if the aggregate does not have the version of [`after`](Self::after), and the errors of
/// [`Repository::get`]. The versions before an event that cannot be read are returned. The stream ends after the first error.
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
/// for more in [2, 3] {
///     seats.trigger(Reserved { seats: more })?;
/// }
/// theatre.save(&mut seats).await?;
///
/// let mut history = theatre.repository().history::<Seats>(seats.id()).after(1);
/// let second = history.try_next().await?.expect("there are three versions");
/// assert_eq!((second.event.originator_version, second.event.event.seats, second.state.reserved), (2, 2, 3));
/// let third = history.try_next().await?.expect("there are three versions");
/// assert_eq!((third.state.version(), third.state.reserved), (3, 6));
/// assert!(history.try_next().await?.is_none());
/// # Ok::<(), Error>(())
/// # }).unwrap();
/// ```
#[must_use = "a stream does nothing unless it is polled"]
pub struct History<A: Aggregate> {
    selection: Selection,
    /// The versions, once the first one was asked for.
    stream: Option<BoxStream<'static, Result<AggregateVersion<A>>>>,
}

impl<A: Aggregate> History<A> {
    /// The default number of events of a page.
    pub const DEFAULT_PAGE_SIZE: usize = 100;

    /// The greatest number of events of a page.
    pub const MAX_PAGE_SIZE: usize = 10_000;

    /// Selects only versions after this one, which the aggregate must have; 0 selects all.
    ///
    /// Earlier events are replayed, but neither returned nor kept. A stream that has begun begins anew.
    pub fn after(mut self, version: u64) -> Self {
        self.selection.after = version;
        self.stream = None;
        self
    }

    /// Selects only versions up to and including this one. A shorter history ends earlier.
    ///
    /// A stream that has begun begins anew.
    pub fn up_to(mut self, version: u64) -> Self {
        self.selection.up_to = Some(version);
        self.stream = None;
        self
    }

    /// Sets the number of events of a page: 1 to [`MAX_PAGE_SIZE`](Self::MAX_PAGE_SIZE).
    ///
    /// A stream that has begun begins anew.
    pub fn page_size(mut self, events: usize) -> Self {
        self.selection.page_size = events.clamp(1, Self::MAX_PAGE_SIZE);
        self.stream = None;
        self
    }
}

impl<A: Aggregate + Clone> History<A> {
    /// The next version; none at the end of the history.
    pub async fn next(&mut self) -> Option<Result<AggregateVersion<A>>> {
        self.begun().next().await
    }

    /// The next version; none at the end of the history.
    ///
    /// # Errors
    /// The errors of [`History`].
    pub async fn try_next(&mut self) -> Result<Option<AggregateVersion<A>>> {
        self.begun().try_next().await
    }

    /// Collects all remaining versions.
    ///
    /// # Errors
    /// The first of the errors of [`History`].
    pub async fn try_collect<C: Default + Extend<AggregateVersion<A>>>(mut self) -> Result<C> {
        self.begun().try_collect().await
    }

    fn begun(&mut self) -> &mut BoxStream<'static, Result<AggregateVersion<A>>> {
        let Self { selection, stream } = self;
        stream.get_or_insert_with(|| {
            let selection = selection.clone();
            let replay =
                Replay { selection, state: None, page: VecDeque::new(), stage: Stage::Beginning, failure: None };
            try_unfold(replay, |mut replay: Replay<A>| async move {
                let version = replay.next().await?;
                Ok(version.map(|version| (version, replay)))
            })
            .boxed()
        })
    }
}

impl<A: Aggregate + Clone> Stream for History<A> {
    type Item = Result<AggregateVersion<A>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.begun().poll_next_unpin(context)
    }
}

impl<A: Aggregate> fmt::Debug for History<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Selection { shared, id, after, up_to, page_size } = &self.selection;
        f.debug_struct("History")
            .field("application", &shared.name)
            .field("aggregate", &A::NAME)
            .field("id", id)
            .field("after", after)
            .field("up_to", up_to)
            .field("page_size", page_size)
            .finish_non_exhaustive()
    }
}

/// Which versions are returned, and how they are read.
#[derive(Clone)]
struct Selection {
    shared: Arc<Shared>,
    id: Uuid,
    after: u64,
    up_to: Option<u64>,
    page_size: usize,
}

/// The replay of a history that returns each state.
struct Replay<A: Aggregate> {
    selection: Selection,
    /// The state after the events that were taken from the page.
    state: Option<A>,
    /// The events that were read and are not replayed yet.
    page: VecDeque<Decoded<A::Event>>,
    stage: Stage,
    /// The error of the event after those of the page.
    failure: Option<Error>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Beginning,
    /// The last page was full, so more events may follow.
    Reading,
    LastPage,
}

impl<A: Aggregate + Clone> Replay<A> {
    async fn next(&mut self) -> Result<Option<AggregateVersion<A>>> {
        if self.stage == Stage::Beginning {
            self.begin().await?;
        }
        loop {
            while let Some(decoded) = self.page.pop_front() {
                let event = match &decoded {
                    Decoded::Event(event) => Some(event.clone()),
                    Decoded::Retired { .. } => None,
                };
                decoded.replay(&mut self.state)?;
                if let (Some(event), Some(state)) = (event, &self.state) {
                    return Ok(Some(AggregateVersion { event, state: state.clone() }));
                }
            }
            if let Some(error) = self.failure.take() {
                return Err(error);
            }
            if self.stage == Stage::LastPage {
                return Ok(None);
            }
            self.read_page().await?;
        }
    }

    /// Replays what comes before the selected versions, and reads the first page.
    async fn begin(&mut self) -> Result<()> {
        let Selection { id, after, .. } = self.selection;
        let shared = Arc::clone(&self.selection.shared);
        let repository = Repository::new(&shared);
        if after > 0 {
            self.state = Some(repository.get_at(id, after).await?);
        }
        self.read_page().await?;
        let found_nothing = self.state.is_none() && self.page.is_empty() && self.failure.is_none();
        // it may exist all the same, if no version is selected
        if found_nothing && !repository.exists(id).await? {
            return Err(not_found::<A>(id));
        }
        Ok(())
    }

    /// Reads events until the page is full, the history ends or an event cannot be read.
    #[tracing::instrument(name = "history", level = "info", skip_all, fields(otel.name = format!("history {}", A::NAME), otel.kind = "client", application = %self.selection.shared.name, aggregate = A::NAME, id = %self.selection.id), err(level = "debug"))]
    async fn read_page(&mut self) -> Result<()> {
        let Self { selection: Selection { shared, id, up_to, page_size, .. }, state, page, stage, failure } = self;
        shared.topics.claim::<A::Event>()?;
        let after = state.as_ref().map(Aggregate::version);
        let query = EventQuery::of(*id).after(after).up_to(*up_to).limit(*page_size);
        let decode = |stored: StoredEventRef<'_>| {
            page.push_back(shared.decode::<A>(stored)?);
            Ok(ControlFlow::Continue(()))
        };
        // the events before one that cannot be read are returned first
        let read = shared.visit_events(query, decode).await;
        *failure = read.inspect_err(|error| tracing::debug!(%error)).err();
        *stage = if page.len() < *page_size { Stage::LastPage } else { Stage::Reading };
        Ok(())
    }
}
