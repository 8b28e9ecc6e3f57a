//! The scope of a command: the one save in it has the id of the command.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task_local;

use super::command::Command;
use crate::recording::CommandId;
use crate::{Error, Result};

task_local! {
    /// The command that this task executes, if it has one.
    static CURRENT: Option<Arc<Scope>>;
}

/// The command of a scope.
#[derive(Debug)]
struct Scope {
    command: Command,
    use_: Mutex<Use>,
}

/// Whether the command of a scope is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Free,
    /// A save is under way.
    Taken,
    Recorded,
}

impl Command {
    /// Runs a future, such as the handling of a request, in which one save has this command.
    ///
    /// It is the first save by [`save`](crate::Application::save) or [`retry`](crate::Application::retry), even one without events. A save that
    /// failed leaves the command to the next one. A second save is refused with [`Error::CommandScopeUsed`]: give it an id of its own,
    /// `app.save(…).command(id.uuid("second"))`, or save everything at once.
    ///
    /// - A save with a command of its own does not count.
    /// - A retried command is not run again if it was recorded before: [`Error::CommandRecorded`] has the events of the first time.
    /// - [`save_tracked`](crate::Application::save_tracked) and policies ignore the scope. What they record is recorded once by the position
    ///   in the upstream log.
    /// - The scope covers what is awaited in it, and no other tasks. In a scope inside of another one, the inner one applies.
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
    /// use eventsourcing::{Application, CommandId, Error};
    /// # futures::executor::block_on(async {
    /// let universe = Application::builder("Universe").open()?;
    /// let request = CommandId::named("request-7");
    ///
    /// let first = request.scope(async { universe.save(started()).await }).await?;
    /// let again = request.scope(async { universe.save(started()).await }).await?;
    /// assert_eq!(first, again);
    /// assert_eq!(universe.recorder().max_notification_id().await?, Some(1));
    /// # Ok::<(), Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        let scope = Scope { command: self, use_: Mutex::new(Use::Free) };
        CURRENT.scope(Some(Arc::new(scope)), future).await
    }
}

impl CommandId {
    /// Runs a future, such as the handling of a request, in which one save has this command id: see [`Command::scope`].
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        Command::new(self).scope(future).await
    }
}

/// Returns a future that the scopes around it do not cover.
pub(super) fn without<F: Future>(future: F) -> impl Future<Output = F::Output> + use<F> {
    CURRENT.scope(None, future)
}

/// The command of a save, which has the scope for itself until it ends.
#[derive(Debug)]
pub(super) struct Reserved {
    pub(super) command: Command,
    /// The scope that the command is from, if the caller did not give it.
    scope: Option<Arc<Scope>>,
}

impl Reserved {
    /// Returns the command of a save, if it has one: the given one, or that of the scope.
    ///
    /// # Errors
    /// [`Error::CommandScopeUsed`] if another save of the scope has recorded the command, or is recording it.
    pub(super) fn of_save(given: Option<Command>) -> Result<Option<Self>> {
        if let Some(command) = given {
            return Ok(Some(Self { command, scope: None }));
        }
        let Some(scope) = CURRENT.try_with(Option::clone).ok().flatten() else { return Ok(None) };
        if scope.replace(Use::Free, Use::Taken) {
            return Ok(Some(Self { command: scope.command.clone(), scope: Some(scope) }));
        }
        Err(Error::CommandScopeUsed { id: scope.command.id })
    }

    /// Notes that the command is recorded.
    pub(super) fn recorded(&self) {
        if let Some(scope) = &self.scope {
            scope.replace(Use::Taken, Use::Recorded);
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if let Some(scope) = &self.scope {
            scope.replace(Use::Taken, Use::Free);
        }
    }
}

impl Scope {
    /// Changes the use from one to another. Returns whether it was the one.
    fn replace(&self, from: Use, to: Use) -> bool {
        let mut now = self.use_.lock().unwrap_or_else(PoisonError::into_inner);
        let is_from = *now == from;
        if is_from {
            *now = to;
        }
        is_from
    }
}
