//! What the pages of an aggregate need.

use eventsourcing_core::Uuid;

use super::{Answer, Asked};
use crate::failure::Failure;
use crate::pages::{self, AggregatePage, ComparePage, Section, Sight};
use crate::reading::Reader;
use crate::site::{AggregateQuery, Form};

const NO_AGGREGATE: Failure = Failure::NotFound("There is no event of this aggregate, or none with this version.");
const NO_TIMES: Failure = Failure::NotFound("When the events of this aggregate were recorded is not known.");
const TOO_EARLY: Failure = Failure::NotFound("Nothing of this aggregate was recorded by this time.");
const NOT_LISTED: Failure =
    Failure::BadRequest("The selected version is not below the one before which the list ends.");

impl<'a> Asked<'a> {
    pub(super) async fn aggregate(&self, reader: &'a Reader, id: Uuid) -> Result<Answer, Failure> {
        let query = AggregateQuery::read(self.parts.uri.query())?;
        let path = format!("{}/aggregates/{id}", reader.name());
        if let Some(time) = query.as_of {
            let last = reader.last_version(id).await?.ok_or(NO_AGGREGATE)?;
            return match reader.version_at(id, last, time).await?.ok_or(NO_TIMES)? {
                0 => Err(TOO_EARLY),
                version => Ok(self.elsewhere(&path, &query.at(version).pairs())),
            };
        }
        if let Some(from) = query.from {
            return self.compare(reader, id, from, query).await.map(Answer::Page);
        }
        // the selected version is in the list, with some that came after it
        let half = u64::try_from(query.limit / 2).unwrap_or(0);
        let up_to = query.before.map(|before| before.saturating_sub(1)).or(query.at.map(|at| at.saturating_add(half)));
        let up_to = up_to.map(|version| version.min(i64::MAX.unsigned_abs()));
        let versions = reader.versions(id, up_to, query.limit).await?;
        let highest = versions.first().map(|first| first.event.originator_version);
        let last = match up_to {
            // the list reaches the end, or nothing is above it
            None => highest,
            Some(up_to) if query.before.is_none() && highest.is_some_and(|highest| highest < up_to) => highest,
            Some(_) => reader.last_version(id).await?,
        };
        let last = last.ok_or(NO_AGGREGATE)?;
        let wanted = query.at.or(highest).ok_or(NO_AGGREGATE)?;
        let versions = reader.open(reader.placed(id, versions).await?).await;
        let Some(selected) = versions.iter().position(|version| version.stored.event.originator_version == wanted)
        else {
            return Err(if query.before.is_some() { NOT_LISTED } else { NO_AGGREGATE });
        };
        let topic = &*versions[selected].stored.event.topic;
        let state = reader.state(topic, id, wanted, query.replays).await?;
        let sight = Sight::of(reader, self.operator);
        let frame = self.frame(Section::Log(reader.name()), path, query.pairs());
        let page = AggregatePage { id, query, versions, last, selected, state };
        Ok(Answer::Page(match self.form {
            Form::Html => pages::aggregate(&page, sight, &frame).into_string(),
            Form::Json => pages::aggregate_json(&page, sight),
        }))
    }

    /// Two versions of an aggregate, beside each other.
    async fn compare(&self, reader: &'a Reader, id: Uuid, from: u64, query: AggregateQuery) -> Result<String, Failure> {
        let last = reader.last_version(id).await?.ok_or(NO_AGGREGATE)?;
        let to = query.at.unwrap_or(last);
        let mut ends = Vec::new();
        for version in [from, to] {
            let found = reader.versions(id, Some(version), 1).await?;
            let found = found.into_iter().find(|found| found.event.originator_version == version);
            // version 0 is the time before the creation
            if found.is_none() && version != 0 {
                return Err(NO_AGGREGATE);
            }
            ends.extend(found);
        }
        let topic = ends.first().ok_or(NO_AGGREGATE)?.event.topic.to_string();
        let changes = reader.diff(&topic, id, (from, to)).await?;
        let sight = Sight::of(reader, self.operator);
        let path = format!("{}/aggregates/{id}", reader.name());
        let frame = self.frame(Section::Log(reader.name()), path, query.pairs());
        let page = ComparePage { id, from, to, last, topic, changes };
        Ok(match self.form {
            Form::Html => pages::compare(&page, sight, &frame).into_string(),
            Form::Json => pages::compare_json(&page, sight),
        })
    }
}
