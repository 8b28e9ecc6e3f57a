//! Runs of consecutive events of one topic, with which handlers are called. A split event is handled as its parts.

use std::sync::Arc;

use super::failure::{Failure, Handled};
use super::handling::Handling;
use crate::domain::{CausingEvent, SplitTopic};
use crate::projection::split_event::SplitNotification;
use crate::projection::{Projection, Recorded, ViewError, ViewTransaction as _, Views};
use crate::recording::{LogPosition, Notification};

/// How the events of a topic are split, if they are.
fn split_of<P: Projection>(topic: &str) -> Option<&'static SplitTopic> {
    P::SPLITS.iter().copied().flatten().find(|split| split.topic() == topic)
}

impl<P, V> Handling<P, V>
where
    P: Projection,
    V: Views<View = P::View>,
{
    /// Calls the handlers, once for each run of consecutive events of one topic.
    pub(crate) async fn handle_in(
        &self,
        transaction: &mut V::Transaction,
        events: &[(LogPosition, Notification)],
    ) -> Result<Handled, Failure> {
        for run in events.chunk_by(|(_, one), (_, next)| one.topic == next.topic) {
            let Some((_, first)) = run.first() else { continue };
            let handled = match split_of::<P>(&first.topic) {
                Some(split) => self.handle_parts(transaction, split, run).await?,
                None => {
                    let recorded: Vec<Recorded<'_>> = run.iter().map(|(_, event)| self.recorded(event)).collect();
                    self.handle_run(transaction, &first.topic, &recorded).await?
                }
            };
            if matches!(handled, Handled::Refused(_)) {
                return Ok(handled);
            }
        }
        Ok(Handled::Done)
    }

    /// Calls the handlers of the parts of split events. Parts that no handler takes are left out.
    async fn handle_parts(
        &self,
        transaction: &mut V::Transaction,
        split: &SplitTopic,
        run: &[(LogPosition, Notification)],
    ) -> Result<Handled, Failure> {
        let mut read = Vec::with_capacity(run.len());
        for (_, event) in run {
            match SplitNotification::read(split, &self.shared.mapper, event.as_ref()) {
                Ok(parts) => read.push((event, parts)),
                Err(error) => return Ok(Handled::Refused(error.into())),
            }
        }
        let parts = read.iter().flat_map(|(event, split)| {
            let handled = split.parts().filter(|part| P::TOPICS.contains(&part.topic()));
            handled.map(|part| (part.topic(), self.recorded(event).part(part)))
        });
        let (topics, recorded): (Vec<&str>, Vec<Recorded<'_>>) = parts.unzip();
        let mut from = 0;
        for topics in topics.chunk_by(|one, next| one == next) {
            let to = from + topics.len();
            let (topic, recorded) = (topics.first().copied().unwrap_or_default(), recorded.get(from..to));
            let handled = self.handle_run(transaction, topic, recorded.unwrap_or_default()).await?;
            if matches!(handled, Handled::Refused(_)) {
                return Ok(handled);
            }
            from = to;
        }
        Ok(Handled::Done)
    }

    /// Calls the handler of events of one topic.
    async fn handle_run(
        &self,
        transaction: &mut V::Transaction,
        topic: &str,
        run: &[Recorded<'_>],
    ) -> Result<Handled, Failure> {
        if let Some(last) = run.last() {
            transaction.handles(CausingEvent::new(Arc::clone(&self.upstream), last.notification().id));
        }
        let handled = self.call(topic, run, transaction.view()).await?;
        if let (true, Some(first)) = (transaction.is_ended(), run.first()) {
            let error = self.handler_error(first.notification(), ViewError::TransactionEnded.into());
            return Err(Failure::Fatal(error));
        }
        Ok(handled)
    }

    fn recorded<'n>(&'n self, event: &'n Notification) -> Recorded<'n> {
        Recorded::new(&self.upstream, &self.shared.mapper, event, self.prefix.as_ref())
    }
}
