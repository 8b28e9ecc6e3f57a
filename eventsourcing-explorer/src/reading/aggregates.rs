//! Which aggregates there are: by type, by the beginning of an id, and those that changed last.

use eventsourcing_core::application::TopicKind;
use eventsourcing_core::recording::OriginatorQuery;
use eventsourcing_core::{Error, Timestamp, Uuid};

use super::reader::Reader;
use super::scan::{Filter, Found, From};
use crate::failure::Failure;

/// The number of newest events whose aggregates are listed.
pub(crate) const NEWEST: usize = 200;

/// An aggregate in a list.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) id: Uuid,
    /// The topic of one of its events.
    pub(crate) topic: Option<String>,
    /// The last version, if it is known.
    pub(crate) last_version: Option<u64>,
    /// The position of the event by which it is in the list: its first one, or its last one.
    pub(crate) position: Option<u64>,
    pub(crate) time: Option<Timestamp>,
}

impl Reader {
    /// The names of the registered types.
    pub(crate) fn type_names(&self) -> Vec<&'static str> {
        self.application.aggregate_types().iter().map(|of_type| of_type.name()).collect()
    }

    /// Aggregates of a registered type in the order of their creation, after a position; `None` if no type has the name.
    pub(crate) async fn of_type(&self, name: &str, after: u64, limit: usize) -> Result<Option<Vec<Listed>>, Failure> {
        let Some(of_type) = self.application.aggregate_types().iter().find(|of_type| of_type.name() == name) else {
            return Ok(None);
        };
        let topics = of_type.topics();
        let created = topics.iter().filter(|topic| topic.kind != TopicKind::Retired).map(|topic| topic.topic);
        let query = OriginatorQuery::of(created).after(after).limit(limit);
        let found = self.application.recorder().select_originators(query).await;
        let found = found.map_err(|error| self.failed(&error))?;
        let positions: Vec<u64> = found.iter().map(|one| one.notification_id).collect();
        let times = self.application.log().recorded_times(&positions).await.map_err(|error| self.failed(&error))?;
        let listed = found.into_iter().map(|one| Listed {
            id: one.originator_id,
            topic: Some(format!("{name}.")),
            last_version: None,
            position: Some(one.notification_id),
            time: times.iter().find(|time| time.notification_id == one.notification_id).map(|time| time.time),
        });
        Ok(Some(listed.collect()))
    }

    /// Aggregates whose ids begin with some digits, in the order of their ids; `None` if the text is no beginning of an id.
    pub(crate) async fn beginning_with(
        &self,
        digits: &str,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Option<Vec<Listed>>, Failure> {
        let mut find = self.application.log().find_aggregates(digits, limit);
        if let Some(after) = after {
            find = find.after(after);
        }
        match find.await {
            Ok(found) => Ok(Some(found.into_iter().map(Listed::from).collect())),
            Err(Error::IdBeginning { .. }) => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// The aggregates of the newest events, the one that changed last first.
    pub(crate) async fn changed_last(&self) -> Result<(Vec<Listed>, Found), Failure> {
        let mut found = self.search(&Filter::default(), From::Newest, NEWEST).await?;
        self.timed(found.rows.iter_mut().map(|row| &mut row.stored).collect()).await?;
        let mut listed: Vec<Listed> = Vec::new();
        for row in &found.rows {
            let event = &row.stored.event;
            if !listed.iter().any(|one| one.id == event.originator_id) {
                listed.push(Listed {
                    id: event.originator_id,
                    topic: Some(event.topic.to_string()),
                    last_version: Some(event.originator_version),
                    position: row.stored.position,
                    time: row.when(),
                });
            }
        }
        Ok((listed, found))
    }
}

impl std::convert::From<eventsourcing_core::recording::OriginatorSummary> for Listed {
    fn from(found: eventsourcing_core::recording::OriginatorSummary) -> Self {
        Self {
            id: found.originator_id,
            topic: Some(found.first_topic.into_string()),
            last_version: Some(found.last_version),
            position: None,
            time: None,
        }
    }
}
