//! The audit of a log: which recorded events the program cannot read.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;

use crate::application::event_type::EventType;
use crate::codec::{Mapper, MapperError, MapperFailure};
use crate::domain::StateError;
use crate::recording::{NotificationQuery, NotificationRef, RecorderError, SearchQuery};
use crate::{Application, Result};

/// The number of events that are read at a time.
const PAGE: usize = 1_000;

/// The result of reading a whole log.
///
/// Its `Display` is a report of a few lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogAudit {
    /// The number of events that were read.
    pub events: u64,
    /// What cannot be read, by topic.
    pub findings: Vec<AuditFinding>,
}

/// Events of one topic that cannot be read for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditFinding {
    /// The topic of the events; empty if they are missing.
    pub topic: String,
    /// What is wrong with them.
    pub problem: AuditProblem,
    /// The number of events.
    pub count: u64,
    /// The notification id of the first of them.
    pub first: u64,
}

/// What is wrong with recorded events.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AuditProblem {
    /// No registered aggregate has an event with that topic, now or formerly.
    UnknownTopic,
    /// A newer version of the program recorded them.
    NewerVersion {
        /// The recorded version of the shape.
        found: u64,
    },
    /// They are missing: the log has later notification ids, and not these.
    Missing,
    /// They cannot be decoded.
    Undecodable {
        /// Why not.
        reason: String,
    },
}

impl LogAudit {
    /// Returns whether every event can be read.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for LogAudit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_clean() {
            return write!(f, "all {} events can be read", self.events);
        }
        let unreadable: u64 = self.findings.iter().map(|finding| finding.count).sum();
        write!(f, "{unreadable} of {} events cannot be read:", self.events)?;
        self.findings.iter().try_for_each(|finding| write!(f, "\n  {finding}"))
    }
}

impl fmt::Display for AuditFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, problem, count, first } = self;
        if *problem == AuditProblem::Missing {
            return write!(f, "{count} × no event, the first at position {first}: {problem}");
        }
        write!(f, "{count} × `{topic}`, the first at position {first}: {problem}")
    }
}

impl fmt::Display for AuditProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTopic => f.write_str(
                "no registered aggregate has an event with that topic; if newer code recorded it, deploy that code; \
                 if its aggregate is not registered, register it; if it was renamed, keep its old name with `was = [\"…\"]`; \
                 `retired = [\"…\"]` drops such events, so write it only if none of them matters any more",
            ),
            Self::Missing => f.write_str("it was deleted from the log; restore it from a backup, or restore the whole log"),
            Self::NewerVersion { found } => write!(f, "recorded with version {found} of its shape, by a newer program"),
            Self::Undecodable { reason } => f.write_str(reason),
        }
    }
}

impl Application {
    /// Reads the whole log, and reports the events that the program cannot read: unknown topics, newer versions, states that do not decode, and
    /// ids without an event.
    ///
    /// Run it against the real database before a new version of the program is deployed. It needs the aggregates to be registered, as
    /// `#[application(aggregates(…))]` and [`ApplicationBuilder::aggregate`](crate::ApplicationBuilder::aggregate) do. It reads the log
    /// in pages, in the time that reading and decoding the log takes, and changes nothing.
    ///
    /// # Errors
    /// [`Error::Recorder`](crate::Error::Recorder) if the database fails.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use eventsourcing::Application;
    /// # futures::executor::block_on(async {
    /// let application = Application::builder("Universe").open()?;
    /// let audit = application.audit_log().await?;
    /// assert!(audit.is_clean());
    /// assert_eq!(audit.to_string(), "all 0 events can be read");
    /// # Ok::<(), eventsourcing::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn audit_log(&self) -> Result<LogAudit> {
        let shared = &self.shared;
        let (types, mapper) = (shared.aggregate_types.event_types(), &shared.mapper);
        let (mut events, mut found, mut holes) = (0, BTreeMap::new(), Vec::new());
        let mut query = NotificationQuery::after(0, PAGE);
        let (mut loaded, mut end) = (None, None);
        loop {
            let (mut last, mut missing) = (None, None);
            let mut visit = |notification: NotificationRef<'_>| {
                if let Err(problem) = read(types, mapper, notification) {
                    // another process stored the dictionary after this application opened
                    if let Some(dictionary) = problem.1.filter(|id| loaded != Some(*id)) {
                        missing = Some(dictionary);
                        return ControlFlow::Break(());
                    }
                    let key = (notification.topic.to_owned(), problem.0);
                    found.entry(key).or_insert((0_u64, notification.id)).0 += 1;
                }
                events += 1;
                last = Some(notification.id);
                ControlFlow::Continue(())
            };
            let read = shared.recorder.read_notifications(query.clone(), &mut visit).await;
            if let Some(last) = last {
                query.advance_after(last);
            }
            if let Err(error) = read {
                let hole = self.hole_after(query.after, &error).await?.ok_or(error)?;
                query.advance_after(hole.last);
                holes.push(hole.finding());
                continue;
            }
            match (missing, last) {
                (Some(dictionary), _) => {
                    loaded = Some(dictionary);
                    shared.load_dictionaries().await?;
                }
                (None, Some(_)) => {}
                // events that are recorded meanwhile are read, and rows that are missing at the end are found
                (None, None) => match shared.recorder.max_notification_id().await? {
                    Some(last) if last > query.after && end == Some(last) => {
                        holes.push(Hole { first: query.after + 1, last }.finding());
                        break;
                    }
                    Some(last) if last > query.after => end = Some(last),
                    _ => break,
                },
            }
        }
        let findings =
            found.into_iter().map(|((topic, problem), (count, first))| AuditFinding { topic, problem, count, first });
        Ok(LogAudit { events, findings: holes.into_iter().chain(findings).collect() })
    }

    /// Returns the ids that are missing after one, if a read failed because of them.
    async fn hole_after(&self, before: u64, error: &RecorderError) -> Result<Option<Hole>> {
        if !matches!(error, RecorderError::Corrupt { .. }) {
            return Ok(None);
        }
        let recorder = &self.shared.recorder;
        let last_up_to = async |id: Option<u64>| -> Result<Option<u64>> {
            let mut found = None;
            let query = SearchQuery::newest_first(1).after(before).up_to(id);
            let mut visit = |notification: NotificationRef<'_>| {
                found = Some(notification.id);
                ControlFlow::Continue(())
            };
            recorder.search_notifications(query, &mut visit).await?;
            Ok(found)
        };
        let Some(mut next) = last_up_to(None).await? else { return Ok(None) };
        // no id between the first two numbers has an event, and the second one has
        let mut empty = before;
        while next - empty > 1 {
            let middle = empty + (next - empty) / 2;
            match last_up_to(Some(middle)).await? {
                Some(found) => next = found,
                None => empty = middle,
            }
        }
        Ok((next - before > 1).then(|| Hole { first: before + 1, last: next - 1 }))
    }
}

/// Notification ids without events.
struct Hole {
    first: u64,
    last: u64,
}

impl Hole {
    fn finding(&self) -> AuditFinding {
        let count = self.last - self.first + 1;
        AuditFinding { topic: String::new(), problem: AuditProblem::Missing, count, first: self.first }
    }
}

/// Reads an event; what is wrong with it, and the dictionary that is missing, if one is.
fn read(
    types: &[EventType],
    mapper: &Mapper,
    notification: NotificationRef<'_>,
) -> Result<(), (AuditProblem, Option<u32>)> {
    let Some(of_topic) = types.iter().find(|of_type| of_type.has_topic(notification.topic)) else {
        return Err((AuditProblem::UnknownTopic, None));
    };
    of_topic.read(mapper, notification).map_err(|error| {
        let dictionary = error.unknown_dictionary();
        (problem(error), dictionary)
    })
}

fn problem(error: MapperError) -> AuditProblem {
    match error.failure {
        MapperFailure::State(StateError::NewerVersion { found, .. }) => AuditProblem::NewerVersion { found },
        failure => AuditProblem::Undecodable { reason: failure.to_string() },
    }
}
