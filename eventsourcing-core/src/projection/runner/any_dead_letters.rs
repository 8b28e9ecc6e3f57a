//! Dead letters of a projection without its type, for tools that show those of many.

use std::fmt;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use uuid::Uuid;

use super::dead_letter_error::DeadLetterError;
use super::dead_letters::DeadLetters;
use super::dry_run::DryRun;
use crate::projection::{DeadLetter, OperatorNote, Projection, ProjectionKey, ResolvedLetter, Views};

/// The [`DeadLetters`] of a projection or a policy, without its types: for tools that show those of many.
///
/// It is made of [`DeadLetters`] with `from`, and [`ProjectionRunner::dead_letters`](crate::ProjectionRunner::dead_letters) returns that of a
/// runner. A clone is another handle to the same letters.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::projection::AnyDeadLetters;
/// use eventsourcing::{Application, DeadLetters, MemoryViews};
/// # use eventsourcing::projection::Recorded;
/// # use eventsourcing::{Projection, recording::Cause};
/// # struct Seats;
/// # impl Projection for Seats {
/// #     type View = u32;
/// #     const NAME: &'static str = "seats";
/// #     const TOPICS: &'static [&'static str] = &["Trip.Booked"];
/// #     async fn handle(&self, _: &str, _: &[Recorded<'_>], _: &mut u32) -> Result<(), Cause> { Ok(()) }
/// # }
/// # futures::executor::block_on(async {
/// let agency = Application::builder("Agency").open()?;
///
/// let all = [AnyDeadLetters::from(DeadLetters::new(&agency, Seats, MemoryViews::new(0)))];
/// for letters in &all {
///     assert_eq!((letters.name(), letters.upstream(), letters.count().await?), ("seats", "Agency", 0));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct AnyDeadLetters(Arc<dyn Erased>);

impl AnyDeadLetters {
    /// The name of the projection or the policy.
    pub fn name(&self) -> &str {
        ProjectionKey::parse(self.key()).name
    }

    /// The key of the version of the projection: the name of the projection for [`Views::dead_letters`].
    pub fn key(&self) -> &str {
        self.0.key()
    }

    /// The name of the upstream application.
    pub fn upstream(&self) -> &str {
        self.0.upstream()
    }

    /// As [`DeadLetters::count`].
    ///
    /// # Errors
    /// Those of [`DeadLetters::count`].
    pub async fn count(&self) -> Result<u64, DeadLetterError> {
        self.0.count().await
    }

    /// As [`DeadLetters::list`].
    ///
    /// # Errors
    /// Those of [`DeadLetters::list`].
    pub async fn list(&self, after: u64, limit: usize) -> Result<Vec<DeadLetter>, DeadLetterError> {
        self.0.list(after, limit).await
    }

    /// As [`DeadLetters::resolved`].
    ///
    /// # Errors
    /// Those of [`DeadLetters::resolved`].
    pub async fn resolved(&self, limit: usize) -> Result<Vec<ResolvedLetter>, DeadLetterError> {
        self.0.resolved(limit).await
    }

    /// As [`DeadLetters::dry_run`].
    ///
    /// # Errors
    /// Those of [`DeadLetters::dry_run`].
    pub async fn dry_run(&self, originator_id: Uuid) -> Result<DryRun, DeadLetterError> {
        self.0.dry_run(originator_id).await
    }

    /// As [`DeadLetters::retry_with`].
    ///
    /// # Errors
    /// Those of [`DeadLetters::retry_with`].
    pub async fn retry_with(&self, originator_id: Uuid, note: &OperatorNote) -> Result<usize, DeadLetterError> {
        self.0.retry_with(originator_id, note).await
    }

    /// As [`DeadLetters::discard_with`].
    ///
    /// # Errors
    /// Those of [`DeadLetters::discard_with`].
    pub async fn discard_with(&self, notification_id: u64, note: &OperatorNote) -> Result<DeadLetter, DeadLetterError> {
        self.0.discard_with(notification_id, note).await
    }

    /// As [`DeadLetters::discard_all_with`].
    ///
    /// # Errors
    /// Those of [`DeadLetters::discard_all_with`].
    pub async fn discard_all_with(&self, originator_id: Uuid, note: &OperatorNote) -> Result<usize, DeadLetterError> {
        self.0.discard_all_with(originator_id, note).await
    }
}

impl<P, V> From<DeadLetters<P, V>> for AnyDeadLetters
where
    P: Projection,
    V: Views<View = P::View>,
{
    fn from(letters: DeadLetters<P, V>) -> Self {
        Self(Arc::new(letters))
    }
}

impl fmt::Debug for AnyDeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyDeadLetters")
            .field("projection", &self.key())
            .field("upstream", &self.upstream())
            .finish_non_exhaustive()
    }
}

type Answer<'a, T> = BoxFuture<'a, Result<T, DeadLetterError>>;

/// [`DeadLetters`] as a trait object.
trait Erased: Send + Sync {
    fn key(&self) -> &str;
    fn upstream(&self) -> &str;
    fn count(&self) -> Answer<'_, u64>;
    fn list(&self, after: u64, limit: usize) -> Answer<'_, Vec<DeadLetter>>;
    fn resolved(&self, limit: usize) -> Answer<'_, Vec<ResolvedLetter>>;
    fn dry_run(&self, originator_id: Uuid) -> Answer<'_, DryRun>;
    fn retry_with<'a>(&'a self, originator_id: Uuid, note: &'a OperatorNote) -> Answer<'a, usize>;
    fn discard_with<'a>(&'a self, notification_id: u64, note: &'a OperatorNote) -> Answer<'a, DeadLetter>;
    fn discard_all_with<'a>(&'a self, originator_id: Uuid, note: &'a OperatorNote) -> Answer<'a, usize>;
}

impl<P, V> Erased for DeadLetters<P, V>
where
    P: Projection,
    V: Views<View = P::View>,
{
    fn key(&self) -> &str {
        &self.handling.key
    }

    fn upstream(&self) -> &str {
        DeadLetters::upstream(self)
    }

    fn count(&self) -> Answer<'_, u64> {
        DeadLetters::count(self).boxed()
    }

    fn list(&self, after: u64, limit: usize) -> Answer<'_, Vec<DeadLetter>> {
        DeadLetters::list(self, after, limit).boxed()
    }

    fn resolved(&self, limit: usize) -> Answer<'_, Vec<ResolvedLetter>> {
        DeadLetters::resolved(self, limit).boxed()
    }

    fn dry_run(&self, originator_id: Uuid) -> Answer<'_, DryRun> {
        DeadLetters::dry_run(self, originator_id).boxed()
    }

    fn retry_with<'a>(&'a self, originator_id: Uuid, note: &'a OperatorNote) -> Answer<'a, usize> {
        DeadLetters::retry_with(self, originator_id, note).boxed()
    }

    fn discard_with<'a>(&'a self, notification_id: u64, note: &'a OperatorNote) -> Answer<'a, DeadLetter> {
        DeadLetters::discard_with(self, notification_id, note).boxed()
    }

    fn discard_all_with<'a>(&'a self, originator_id: Uuid, note: &'a OperatorNote) -> Answer<'a, usize> {
        DeadLetters::discard_all_with(self, originator_id, note).boxed()
    }
}
