//! Replays the events of an aggregate: from its last snapshot on, if there is one that fits.

use std::ops::ControlFlow;

use jiff::Timestamp;
use uuid::Uuid;

use super::decoded::Decoded;
use super::handle::Shared;
use super::open_snapshot::Opened;
use crate::codec::Mapper;
use crate::domain::{Aggregate, AggregateEvent as _, SnapshotFormat};
use crate::recording::{EventQuery, RecorderError, ReplayItem, ReplayQuery, StoredEventRef, StoredSnapshotRef};
use crate::{Error, Result};

/// An aggregate while it is replayed, and then the result.
pub(super) struct Replay<A> {
    pub(super) aggregate: Option<A>,
    /// The append id of the last event; none if there is no event.
    pub(super) append_id: Option<Uuid>,
    /// The latest time of all events, which is not that of the last one if clocks differ.
    pub(super) latest: Timestamp,
    /// The version of the snapshot from which the replay started, if it did.
    pub(super) snapshot: Option<u64>,
    /// Whether there was a snapshot that could not be used.
    pub(super) missed: Option<Missed>,
    /// Events that are later are not replayed, nor those after them.
    as_of: Option<Timestamp>,
}

/// A snapshot that could not be used.
#[derive(Clone, Copy, Debug)]
pub(super) enum Missed {
    /// It was written by other code, or its row cannot be read.
    OfOtherCode,
    /// It has the right fingerprint, and cannot be read or belongs to another history.
    At(u64),
}

/// An aggregate from a snapshot, before the event of its version has proved that it belongs to this history.
struct Candidate<A> {
    aggregate: A,
    version: u64,
    append_id: Uuid,
    latest: Timestamp,
}

/// Why a replay from a snapshot stopped.
enum Stop {
    /// An event could not be replayed.
    Failed(Error),
    /// The snapshot of this version cannot be used, for this reason.
    Unfit(u64, String),
    /// The snapshot of this version contains events that are too late.
    TooLate(u64),
    /// The snapshot of this version needs this dictionary.
    NeedsDictionary(u64, u32),
}

impl Shared {
    /// Replays an aggregate up to a version and a time, from a snapshot if its type has snapshots.
    pub(super) async fn replay<A: Aggregate>(
        &self,
        id: Uuid,
        up_to: Option<u64>,
        as_of: Option<Timestamp>,
    ) -> Result<Replay<A>> {
        self.topics.claim::<A::Event>()?;
        let mut replay = Replay::new(as_of);
        let is_whole = match self.snapshots.format_of::<A>() {
            Some(format) => self.replay_from_snapshot(&format, id, up_to, &mut replay).await?,
            None => false,
        };
        if !is_whole {
            self.replay_events(id, up_to, &mut replay).await?;
        }
        Ok(replay)
    }

    /// Replays the events after those that were replayed already.
    pub(super) async fn replay_events<A: Aggregate>(
        &self,
        id: Uuid,
        up_to: Option<u64>,
        replay: &mut Replay<A>,
    ) -> Result<()> {
        let applied = replay.aggregate.as_ref().map(Aggregate::version);
        let query = EventQuery::of(id).after(applied).up_to(up_to);
        self.visit_events(query, |stored| replay.apply(&self.mapper, stored)).await
    }

    /// Replays from the last snapshot that fits. Returns whether no event is left to be replayed.
    ///
    /// A snapshot that cannot be used is no error, nor is a table of snapshots that cannot be read.
    async fn replay_from_snapshot<A: Aggregate>(
        &self,
        format: &SnapshotFormat<A>,
        id: Uuid,
        up_to: Option<u64>,
        replay: &mut Replay<A>,
    ) -> Result<bool> {
        let mut query = ReplayQuery::of(id, self.snapshots.fingerprint_of(format)).up_to(up_to);
        let mut loaded = None;
        loop {
            let (mut candidate, mut stop, mut is_begun) = (None, None, false);
            let mut visit = |item: ReplayItem<'_>| {
                is_begun = true;
                self.visit(format, item, &mut candidate, replay).unwrap_or_else(|reason| {
                    stop = Some(reason);
                    ControlFlow::Break(())
                })
            };
            match self.recorder.read_replay(query.clone(), &mut visit).await {
                Ok(()) => {}
                // the events would not be read either
                Err(error) if error.is_retryable() || matches!(error, RecorderError::Closed) => {
                    return Err(error.into());
                }
                // an event that cannot be read is found once more, and is an error then
                Err(_) if is_begun => return Ok(false),
                Err(error) => {
                    self.note_unreadable(replay, id, error);
                    return Ok(false);
                }
            }
            let unproved = candidate.map(|candidate: Candidate<A>| candidate.version);
            let unproved = unproved.map(|version| Stop::Unfit(version, "its event is not recorded".to_owned()));
            match stop.or(unproved) {
                None => return Ok(true),
                // its dictionary is loaded there
                Some(Stop::Failed(Error::Mapper(error))) if error.unknown_dictionary().is_some() => return Ok(false),
                Some(Stop::Failed(error)) => return Err(error),
                Some(Stop::TooLate(version)) => match version.checked_sub(1) {
                    Some(before) => query.up_to = Some(before),
                    None => return Ok(false),
                },
                Some(Stop::NeedsDictionary(_, dictionary)) if loaded != Some(dictionary) => {
                    loaded = Some(dictionary);
                    self.load_dictionaries().await?;
                }
                Some(Stop::NeedsDictionary(version, dictionary)) => {
                    self.note_unfit(replay, id, version, &format!("dictionary {dictionary} is missing"));
                    return Ok(false);
                }
                Some(Stop::Unfit(version, reason)) => {
                    self.note_unfit(replay, id, version, &reason);
                    return Ok(false);
                }
            }
        }
    }

    /// Takes the next item of a replay.
    fn visit<A: Aggregate>(
        &self,
        format: &SnapshotFormat<A>,
        item: ReplayItem<'_>,
        candidate: &mut Option<Candidate<A>>,
        replay: &mut Replay<A>,
    ) -> Result<ControlFlow<()>, Stop> {
        match item {
            ReplayItem::Snapshot(stored) => *candidate = Some(self.candidate(format, stored, replay)?),
            ReplayItem::OtherSnapshot => replay.missed = Some(Missed::OfOtherCode),
            ReplayItem::Event(event) => match candidate.take() {
                Some(candidate) => replay.start(candidate, event)?,
                None => return replay.apply(&self.mapper, event).map_err(Stop::Failed),
            },
        }
        Ok(ControlFlow::Continue(()))
    }

    fn candidate<A: Aggregate>(
        &self,
        format: &SnapshotFormat<A>,
        stored: StoredSnapshotRef<'_>,
        replay: &Replay<A>,
    ) -> Result<Candidate<A>, Stop> {
        let (version, append_id) = (stored.originator_version, stored.append_id);
        match self.open_snapshot(format, stored) {
            Opened::Fits(_, latest) if !replay.wants(latest) => Err(Stop::TooLate(version)),
            Opened::Fits(aggregate, latest) => Ok(Candidate { aggregate: *aggregate, version, append_id, latest }),
            Opened::NeedsDictionary(dictionary) => Err(Stop::NeedsDictionary(version, dictionary)),
            Opened::Unfit(reason) => Err(Stop::Unfit(version, reason)),
        }
    }

    /// Notes that no snapshot was read, because its row contains what no recorder writes or its table cannot be read.
    fn note_unreadable<A: Aggregate>(&self, replay: &mut Replay<A>, id: Uuid, error: RecorderError) {
        let application = self.name.as_str();
        // its text says how to restore events, of which none is lost
        let reason = match error {
            RecorderError::Corrupt { found } => found,
            error => error.to_string(),
        };
        tracing::warn!(application, aggregate = A::NAME, %id, reason, "the snapshot of an aggregate cannot be read; the aggregate is loaded from its events, and the next snapshot replaces this one; its row in the table of snapshots is safe to delete");
        replay.missed = Some(Missed::OfOtherCode);
    }

    fn note_unfit<A: Aggregate>(&self, replay: &mut Replay<A>, id: Uuid, version: u64, reason: &str) {
        let application = self.name.as_str();
        tracing::debug!(application, aggregate = A::NAME, %id, version, reason, "a snapshot is not used; the aggregate is loaded from its events");
        replay.missed = Some(Missed::At(version));
    }
}

impl<A: Aggregate> Replay<A> {
    fn new(as_of: Option<Timestamp>) -> Self {
        Self { aggregate: None, append_id: None, latest: Timestamp::MIN, snapshot: None, missed: None, as_of }
    }

    /// Continues with an aggregate.
    pub(super) fn of(aggregate: Option<A>) -> Self {
        Self { aggregate, ..Self::new(None) }
    }

    fn wants(&self, time: Timestamp) -> bool {
        self.as_of.is_none_or(|as_of| time <= as_of)
    }

    /// Starts from a snapshot, unless the event of its version is not the one that it was taken after.
    fn start(&mut self, candidate: Candidate<A>, event: StoredEventRef<'_>) -> Result<(), Stop> {
        check_type::<A>(event).map_err(Stop::Failed)?;
        let Candidate { aggregate, version, append_id, latest } = candidate;
        if (event.originator_version, event.append_id) != (version, append_id) {
            return Err(Stop::Unfit(version, "another event is recorded at its version".to_owned()));
        }
        self.aggregate = Some(aggregate);
        self.append_id = Some(append_id);
        self.latest = latest;
        self.snapshot = Some(version);
        Ok(())
    }

    /// Decodes an event from the recorder's row, and applies it if its time is wanted. A retired event only counts.
    pub(super) fn apply(&mut self, mapper: &Mapper, stored: StoredEventRef<'_>) -> Result<ControlFlow<()>> {
        let decoded = Decoded::to_replay::<A>(mapper, stored)?;
        let timestamp = decoded.timestamp();
        if !self.wants(timestamp) {
            return Ok(ControlFlow::Break(()));
        }
        decoded.replay(&mut self.aggregate)?;
        self.append_id = Some(stored.append_id);
        self.latest = self.latest.max(timestamp);
        Ok(ControlFlow::Continue(()))
    }
}

/// Returns an error for a topic of another type. The mapper reports an unknown topic that starts with this type's name.
pub(super) fn check_type<A: Aggregate>(stored: StoredEventRef<'_>) -> Result<()> {
    let all = [A::Event::TOPICS, A::Event::OLD_TOPICS, A::Event::RETIRED_TOPICS];
    let ours = all.iter().any(|topics| topics.contains(&stored.topic));
    // an aggregate name may contain dots itself
    let named_as_ours = stored.topic.strip_prefix(A::NAME).is_some_and(|rest| rest.starts_with('.'));
    if ours || named_as_ours {
        return Ok(());
    }
    Err(Error::WrongAggregate {
        expected: A::NAME,
        found: stored.topic.to_owned(),
        originator_id: stored.originator_id,
        version: stored.originator_version,
    })
}
