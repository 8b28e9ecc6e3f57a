//! Step-by-step processing: one event on request, without a task.

use super::conflicts::Conflicts;
use super::failure::{Failure, Handled};
use super::handling::Handling;
use crate::projection::{Projection, RunnerBuilder, RunnerError, Views};
use crate::recording::Notification;
use crate::subscription::pages::Pages;

/// Handles one event at a time.
pub(crate) struct Stepper<P, V> {
    handling: Handling<P, V>,
    pages: Pages<Notification>,
}

impl<P, V> Stepper<P, V>
where
    P: Projection,
    V: Views<View = P::View>,
{
    pub(crate) async fn new(builder: RunnerBuilder<P, V>) -> Result<Self, RunnerError> {
        let (handling, pages) = builder.batch_size(1).begin().await?;
        Ok(Self { handling, pages })
    }

    /// Handles the next event, if there is one. If the future is dropped, the event may or may not be handled.
    pub(crate) async fn step(&mut self) -> Result<Option<Notification>, RunnerError> {
        let mut conflicts = Conflicts::default();
        loop {
            // an event whose step failed or was dropped is the next one again
            if self.pages.position().id != self.handling.position.id {
                self.pages.go_to(self.handling.position);
            }
            let page = self.pages.next_if_any().await.map_err(|error| self.handling.upstream_error(error))?;
            let Some(page) = page else { return Ok(None) };
            match self.handling.handle(&page.items, page.up_to).await {
                Ok(Handled::Done) => {
                    if let Some((_, event)) = page.items.into_iter().next() {
                        return Ok(Some(event));
                    }
                }
                Ok(Handled::Refused(cause)) if conflicts.is_to_be_handled_again(&cause).await => {}
                Ok(Handled::Refused(cause)) => {
                    return match page.items.first() {
                        Some((_, event)) => Err(self.handling.handler_error(event, cause)),
                        None => Ok(None),
                    };
                }
                Err(Failure::Moved) => match self.handling.look_up().await {
                    Ok(position) => {
                        self.handling.position = position;
                        self.pages.go_to(position);
                    }
                    Err(Failure::Moved) => {}
                    Err(Failure::Transient(error) | Failure::TimedOut(error) | Failure::Fatal(error)) => {
                        return Err(error);
                    }
                },
                Err(Failure::Transient(error) | Failure::TimedOut(error) | Failure::Fatal(error)) => return Err(error),
            }
        }
    }
}
