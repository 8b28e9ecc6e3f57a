//! What an operator does: checked, written to the audit, done, and written to the audit again.

use std::sync::Arc;
use std::time::Duration;

use eventsourcing_core::audit::{Audit, AuditEntry};
use eventsourcing_core::projection::{AnyDeadLetters, DryRun, OperatorNote, ProjectionKey, Switched};
use eventsourcing_core::{DeadLetterError, RunnerError, Uuid};

use super::{Catalogue, Consumer, Fields, Known, MOST_LETTERS, Source};
use crate::access::{Operator, Scope};
use crate::failure::Failure;
use crate::reading::Reader;
use crate::site::Act;

/// The most letters of an aggregate that one form discards.
const MOST_DISCARDED: usize = 1_000;

/// How long a switch waits for the rebuild to catch up.
const SWITCH: Duration = Duration::from_secs(5);

const PAUSE: Duration = Duration::from_millis(100);

const NOT_RUN: Failure = Failure::Changed(
    "This explorer was given no runner and no dead letters of this consumer, so it cannot handle its events.",
);

/// What was done.
#[derive(Debug)]
pub(crate) struct Acted {
    /// The id of the entry in the audit.
    pub(crate) id: u64,
    pub(crate) outcome: String,
    /// What a dry run found out.
    pub(crate) dry_run: Option<DryRun>,
}

/// Something that is to be done, with what it needs.
enum Deed {
    DryRun(AnyDeadLetters, Uuid),
    Retry(AnyDeadLetters, Uuid, OperatorNote),
    Discard(AnyDeadLetters, Vec<u64>, OperatorNote),
    Reveal,
    Switch(Arc<dyn Catalogue>, String, u32),
    Abort(Arc<dyn Catalogue>, String, u32),
}

/// What an act is about, as the audit shows it.
struct Plan {
    deed: Deed,
    target: String,
    reason: Option<String>,
}

/// Who acts, and with what.
pub(crate) struct Acting<'a> {
    pub(crate) known: &'a Known,
    pub(crate) readers: &'a [Reader],
    pub(crate) operator: &'a Operator,
}

impl Act {
    /// The scope that it needs.
    pub(crate) fn scope(self) -> Scope {
        match self {
            Self::DryRun | Self::Retry => Scope::LettersRetry,
            Self::Discard => Scope::LettersDiscard,
            Self::Reveal | Self::RevealEvent => Scope::Reveal,
            Self::Switch | Self::Abort => Scope::Rebuild,
        }
    }

    /// Its name in the audit.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::DryRun => "dry run",
            Self::Retry => "retry",
            Self::Discard => "discard",
            Self::Reveal | Self::RevealEvent => "reveal",
            Self::Switch => "switch",
            Self::Abort => "abort",
        }
    }
}

impl Acting<'_> {
    /// Does what a form asks for. The act goes on if the future is dropped, and its outcome is written to the audit.
    pub(crate) async fn act(&self, act: Act, fields: &Fields) -> Result<Acted, Failure> {
        if !self.operator.may(act.scope()) {
            return Err(Failure::NotAllowed(act.scope().needed()));
        }
        let audit = Arc::clone(self.known.audit.as_ref().ok_or(Failure::NoAudit)?);
        let Plan { deed, target, reason } = self.plan(act, fields).await?;
        let entry = AuditEntry::new(&self.operator.name, act.name(), target).because(reason);
        let id = audit.begin(entry).await.map_err(|error| {
            tracing::warn!(%error, "the explorer could not write its audit, and did nothing");
            Failure::NotAudited
        })?;
        let done = tokio::spawn(async move {
            let (outcome, dry_run) = deed.done().await;
            tracing::info!(id, outcome, "the explorer has acted");
            end(&*audit, id, &outcome).await;
            Acted { id, outcome, dry_run }
        });
        // it ends otherwise only with its runtime
        done.await.map_err(|_| Failure::Unavailable)
    }

    async fn plan(&self, act: Act, fields: &Fields) -> Result<Plan, Failure> {
        let reason = fields.reason()?.map(ToOwned::to_owned);
        match act {
            Act::Switch | Act::Abort => self.plan_rebuild(act, fields, reason).await,
            Act::RevealEvent => {
                const NO_EVENT: Failure = Failure::NotFound("There is no event at this position.");
                let (application, position) = (fields.text("application")?, fields.number("at")?);
                let reader = self.readers.iter().find(|reader| reader.name() == application).ok_or(NO_EVENT)?;
                if position == 0 || reader.newest().await? < position {
                    return Err(NO_EVENT);
                }
                Ok(Plan { deed: Deed::Reveal, target: format!("event {position} of {application}"), reason })
            }
            Act::DryRun | Act::Retry | Act::Discard | Act::Reveal => self.plan_letters(act, fields, reason).await,
        }
    }

    async fn plan_letters(&self, act: Act, fields: &Fields, reason: Option<String>) -> Result<Plan, Failure> {
        let (key, upstream) = (fields.text("consumer")?, fields.text("upstream")?);
        let of = format!("{key} from {upstream}");
        if act == Act::Reveal {
            let position = fields.number("at")?;
            return Ok(Plan { deed: Deed::Reveal, target: format!("{of}, notification {position}"), reason });
        }
        let aggregate = fields.id("aggregate")?;
        let handle = self.known.handle(key, upstream).ok_or(NOT_RUN)?;
        let note = OperatorNote::by(cut(&self.operator.name));
        let note = match &reason {
            Some(reason) => note.because(reason.clone()),
            None => note,
        };
        let target = format!("{of}, aggregate {aggregate}");
        let deed = match act {
            Act::DryRun => Deed::DryRun(handle, aggregate),
            Act::Retry => Deed::Retry(handle, aggregate, note),
            _ => {
                if reason.is_none() {
                    return Err(Failure::BadRequest("Say why the letters are discarded."));
                }
                let ids = self.discarded(key, upstream, aggregate, fields).await?;
                let target = match ids.as_slice() {
                    [one] => format!("{of}, notification {one}"),
                    ids => format!("{target}, {} letters", ids.len()),
                };
                return Ok(Plan { deed: Deed::Discard(handle, ids, note), target, reason });
            }
        };
        Ok(Plan { deed, target, reason })
    }

    /// The letters to discard: exactly those that the operator has seen and counted.
    async fn discarded(
        &self,
        key: &str,
        upstream: &str,
        aggregate: Uuid,
        fields: &Fields,
    ) -> Result<Vec<u64>, Failure> {
        let consumer = Consumer::named(key, upstream);
        let source = Source { known: self.known, readers: self.readers, consumer: &consumer };
        let letters = source.of(aggregate, MOST_DISCARDED).await?;
        let letters =
            letters.ok_or(Failure::Changed("There are too many dead letters to count: discard them in a program."))?;
        let ids = letters.iter().map(|letter| letter.notification_id);
        let ids: Vec<u64> = match fields.text("what")? {
            "aggregate" => ids.collect(),
            _ => {
                let at = fields.number("at")?;
                ids.filter(|id| *id == at).collect()
            }
        };
        if ids.is_empty() {
            return Err(Failure::Changed("There is no such dead letter any more: it was retried or discarded."));
        }
        let counted = fields.number("count")?;
        if usize::try_from(counted) != Ok(ids.len()) {
            return Err(Failure::Changed(
                "The number that was typed is not the number of dead letters that would be discarded.",
            ));
        }
        Ok(ids)
    }

    async fn plan_rebuild(&self, act: Act, fields: &Fields, reason: Option<String>) -> Result<Plan, Failure> {
        let key = ProjectionKey::parse(fields.text("consumer")?);
        for views in &self.known.views {
            let Ok(projections) = views.projections(MOST_LETTERS).await else { continue };
            let is_it = projections.iter().any(|projection| {
                projection.name == key.name
                    && projection.rebuilt.as_ref().is_some_and(|rebuilt| rebuilt.version == key.version)
            });
            if is_it {
                let (views, name) = (Arc::clone(views), key.name.to_owned());
                let target = format!("version {} of {name}", key.version);
                let deed = match act {
                    Act::Switch => Deed::Switch(views, name, key.version),
                    _ => Deed::Abort(views, name, key.version),
                };
                return Ok(Plan { deed, target, reason });
            }
        }
        Err(Failure::Changed("This version is not being rebuilt any more."))
    }
}

impl Deed {
    /// Does the act. Returns its outcome in words, without any value of an event.
    async fn done(self) -> (String, Option<DryRun>) {
        let outcome = match self {
            Self::DryRun(letters, aggregate) => match letters.dry_run(aggregate).await {
                Ok(dry_run) => return (said(&dry_run), Some(dry_run)),
                Err(error) => failed(&error),
            },
            Self::Retry(letters, aggregate, note) => match letters.retry_with(aggregate, &note).await {
                Ok(count) => format!("handled: {count}"),
                Err(error) => failed(&error),
            },
            Self::Discard(letters, ids, note) => {
                let mut discarded = 0;
                loop {
                    let Some(id) = ids.get(discarded) else { break format!("discarded: {discarded}") };
                    match letters.discard_with(*id, &note).await {
                        Ok(_) => discarded += 1,
                        Err(error) => break format!("discarded: {discarded} of {}; {}", ids.len(), failed(&error)),
                    }
                }
            }
            Self::Reveal => "shown".to_owned(),
            Self::Switch(views, name, version) => switched(&*views, &name, version).await,
            Self::Abort(views, name, version) => match views.abort(&name, version).await {
                Ok(Some(_)) => "aborted".to_owned(),
                Ok(None) => "failed: it was not being rebuilt any more".to_owned(),
                Err(error) => {
                    tracing::warn!(%error, "a rebuild could not be aborted");
                    "failed: the log of the service says why".to_owned()
                }
            },
        };
        (outcome, None)
    }
}

async fn switched(views: &dyn Catalogue, name: &str, version: u32) -> String {
    let until = tokio::time::Instant::now() + SWITCH;
    loop {
        match views.switch(name, version).await {
            Ok(Switched::Done) => return "switched".to_owned(),
            Ok(_) if tokio::time::Instant::now() < until => tokio::time::sleep(PAUSE).await,
            Ok(_) => return "failed: the rebuild is behind the live version".to_owned(),
            Err(error) => {
                tracing::warn!(%error, "a rebuild could not be switched to");
                return "failed: the log of the service says why".to_owned();
            }
        }
    }
}

/// The outcome of a dry run, without the error, which may repeat values of events.
fn said(dry_run: &DryRun) -> String {
    match dry_run {
        DryRun::WouldSucceed { events, has_more: false, .. } => format!("would succeed: {events}"),
        DryRun::WouldSucceed { events, .. } => format!("would succeed: the first {events}"),
        DryRun::WouldFail { letter, handled, .. } => {
            format!("would fail at notification {} after {handled}", letter.notification_id)
        }
        _ => "could not be tried".to_owned(),
    }
}

/// The outcome of a failure, without the error.
fn failed(error: &DeadLetterError) -> String {
    tracing::warn!(%error, "an act on dead letters failed");
    match error {
        DeadLetterError::NoneOf { .. } | DeadLetterError::NotFound { .. } => {
            "failed: there is no such dead letter any more".to_owned()
        }
        DeadLetterError::Runner(RunnerError::Handler { notification_id, .. }) => {
            format!("failed: refused again at notification {notification_id}")
        }
        _ => "failed: the log of the service says why".to_owned(),
    }
}

/// Writes the outcome, with a second attempt. Without it, the entry says that the act was begun.
async fn end(audit: &dyn Audit, id: u64, outcome: &str) {
    for _ in 0..2 {
        match audit.end(id, outcome.to_owned()).await {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(%error, id, outcome, "the outcome of an act could not be written to the audit")
            }
        }
    }
}

/// A name that is not longer than a note may have.
fn cut(name: &str) -> &str {
    crate::text::beginning(name, OperatorNote::MAX_OPERATOR)
}
