//! The future of a command that is retried after a conflict.
//!
//! It has a name. The future of an `async fn` has the bounds of the function too, so each use of it would repeat the error of a command
//! that returns something else.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use uuid::Uuid;

use super::attempts::Attempts;
use crate::Result;
use crate::application::Application;
use crate::application::aggregate_set::AggregateSet;
use crate::application::command::Command;
use crate::application::executed::Executed;
use crate::application::turns::deciding;

/// A command that is retried after a conflict: the future of [`Application::retry`] and its siblings. It returns what the command returned.
#[must_use = "a command runs once its future is awaited"]
pub struct Retry<'a, S, D, F> {
    application: &'a Application,
    command_id: Option<Command>,
    stage: Stage<'a, S, D>,
    load: Load<'a, S>,
    versions: fn(&S) -> Versions,
    save: Save<'a, S>,
    command: F,
    run: fn(&mut F, &mut S) -> D,
    is_refused: fn(&D) -> bool,
}

/// The ids of aggregates and their recorded versions.
type Versions = Vec<(Uuid, u64)>;
/// Waits for the turn of an attempt and loads the aggregates.
pub(super) type Load<'a, S> = Box<dyn FnMut(Attempts<'a>) -> Loading<'a, S> + Send + 'a>;
pub(super) type Loading<'a, S> = BoxFuture<'a, Result<(Attempts<'a>, S)>>;
/// Saves the aggregates. Returns the attempts for another one after a conflict, and none once the aggregates are recorded.
type Save<'a, S> = fn(Attempts<'a>, S, Versions) -> Saving<'a>;
type Saving<'a> = BoxFuture<'a, Result<Option<Attempts<'a>>>>;

enum Stage<'a, S, D> {
    /// Nothing is done before the first poll.
    Begins(Vec<Uuid>),
    Loads(Loading<'a, S>),
    /// A command with an id has refused. It may be because of what its own repetition recorded meanwhile.
    Refuses(BoxFuture<'a, Result<()>>, D),
    Saves(Saving<'a>, D),
    Over,
}

impl<'a, S: AggregateSet, D, F> Retry<'a, S, D, F> {
    pub(super) fn new(
        application: &'a Application,
        ids: Vec<Uuid>,
        load: Load<'a, S>,
        command: F,
        run: fn(&mut F, &mut S) -> D,
        is_refused: fn(&D) -> bool,
    ) -> Self {
        let stage = Stage::Begins(ids);
        Self {
            application,
            command_id: None,
            stage,
            load,
            versions: S::versions,
            save: save::<S>,
            command,
            run,
            is_refused,
        }
    }
}

impl<S, D, F> Retry<'_, S, D, F> {
    /// Sets the command that is to be recorded once.
    pub(super) fn give(&mut self, command: Command) {
        self.command_id = Some(command);
    }
}

/// Nothing in it is pinned in place.
impl<S, D, F> Unpin for Retry<'_, S, D, F> {}

// without a bound on `D`, whose error is that of the call alone
impl<S, D, F> Future for Retry<'_, S, D, F> {
    type Output = Result<D>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<D>> {
        let this = self.get_mut();
        loop {
            // after an error, or a panic of the command, it is over
            this.stage = match mem::replace(&mut this.stage, Stage::Over) {
                Stage::Begins(ids) => {
                    let attempts = Attempts::new(this.application, ids, this.command_id.take())?;
                    Stage::Loads((this.load)(attempts))
                }
                Stage::Loads(mut loading) => {
                    let Poll::Ready(loaded) = loading.as_mut().poll(context) else {
                        this.stage = Stage::Loads(loading);
                        return Poll::Pending;
                    };
                    let (attempts, mut aggregates) = loaded?;
                    let versions = (this.versions)(&aggregates);
                    let clock = &this.application.shared.clock;
                    let outcome = deciding(|| clock.run(|| (this.run)(&mut this.command, &mut aggregates)));
                    match ((this.is_refused)(&outcome), attempts.reserved.is_some()) {
                        (true, true) => Stage::Refuses(attempts.refused().boxed(), outcome),
                        (true, false) => return Poll::Ready(Ok(outcome)),
                        (false, _) => Stage::Saves((this.save)(attempts, aggregates, versions), outcome),
                    }
                }
                Stage::Refuses(mut looking, outcome) => {
                    let Poll::Ready(looked) = looking.as_mut().poll(context) else {
                        this.stage = Stage::Refuses(looking, outcome);
                        return Poll::Pending;
                    };
                    return Poll::Ready(looked.map(|()| outcome));
                }
                Stage::Saves(mut saving, outcome) => {
                    let Poll::Ready(saved) = saving.as_mut().poll(context) else {
                        this.stage = Stage::Saves(saving, outcome);
                        return Poll::Pending;
                    };
                    match saved? {
                        None => return Poll::Ready(Ok(outcome)),
                        Some(attempts) => Stage::Loads((this.load)(attempts)),
                    }
                }
                Stage::Over => panic!("a retried command was polled after it ended"),
            };
        }
    }
}

fn save<'a, S: AggregateSet>(mut attempts: Attempts<'a>, mut aggregates: S, versions: Versions) -> Saving<'a> {
    Box::pin(async move {
        let saved = match &attempts.reserved {
            None => attempts.application.save_without_command(aggregates.saveable(), None).await.map(Executed::Now),
            Some(reserved) => reserved.save(attempts.application, aggregates.saveable()).await,
        };
        match (saved, &attempts.reserved) {
            (Ok(Executed::Before(notifications)), Some(reserved)) => Err(reserved.before(notifications)),
            (Ok(_), _) => Ok(None),
            (Err(error), _) => {
                attempts.after(error, &versions).await?;
                Ok(Some(attempts))
            }
        }
    })
}

impl<S, D, F> fmt::Debug for Retry<'_, S, D, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry").finish_non_exhaustive()
    }
}
