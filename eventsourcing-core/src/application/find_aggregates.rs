//! The aggregates whose ids begin with some digits.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use uuid::Uuid;

use super::NotificationLog;
use crate::recording::{OriginatorIdQuery, OriginatorSummary, Recorder};
use crate::{Error, Result};

/// A list of aggregates by their ids, before it is awaited: [`NotificationLog::find_aggregates`].
#[derive(Clone, Debug)]
#[must_use = "a list is not read until it is awaited"]
pub struct FindAggregates {
    recorder: Arc<dyn Recorder>,
    beginning: String,
    after: Option<Uuid>,
    limit: usize,
}

impl FindAggregates {
    pub(super) fn new(recorder: Arc<dyn Recorder>, beginning: &str, limit: usize) -> Self {
        Self { recorder, beginning: beginning.to_owned(), after: None, limit }
    }

    /// Lists only aggregates whose ids are greater than this one, that of the last one that was listed before.
    pub fn after(mut self, id: Uuid) -> Self {
        self.after = Some(id);
        self
    }
}

impl IntoFuture for FindAggregates {
    type Output = Result<Vec<OriginatorSummary>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { recorder, beginning, after, limit } = self;
        Box::pin(async move {
            if limit > NotificationLog::MAX_LIMIT {
                return Err(Error::LimitTooLarge { limit, max: NotificationLog::MAX_LIMIT });
            }
            let Some(query) = OriginatorIdQuery::beginning_with(&beginning) else {
                return Err(Error::IdBeginning { beginning });
            };
            let query = query.limit(limit);
            let query = if let Some(after) = after { query.after(after) } else { query };
            Ok(recorder.select_originators_by_id(query).await?)
        })
    }
}
