//! What the parameters of a URL say. A value that cannot be used is refused, and never replaced by another one.

use std::borrow::Cow;

use eventsourcing_core::{Timestamp, Uuid};

use crate::failure::Failure;
use crate::reading::{Filter, From, MAX_ROWS};
use crate::times;

/// The number of events on a page that does not say how many.
const ROWS: usize = 50;

/// The number of versions on the page of an aggregate, beside its state.
const VERSIONS: usize = 30;

/// The most topics that a filter names, and the longest of them.
const MAX_TOPICS: usize = 20;
const MAX_TOPIC_LEN: usize = 256;

/// The longest query of a URL, in bytes.
const MAX_QUERY: usize = 4 * 1024;

/// The parameters of a log page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogQuery {
    pub(crate) filter: Filter,
    pub(crate) from: From,
    pub(crate) limit: usize,
    /// The position of the selected event.
    pub(crate) at: Option<u64>,
    /// Whether new events are shown as they are recorded.
    pub(crate) is_live: bool,
    /// A time, which leads to the page that begins at it.
    pub(crate) since: Option<Timestamp>,
}

/// The parameters of an aggregate's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AggregateQuery {
    /// The selected version.
    pub(crate) at: Option<u64>,
    /// Only versions below this one are listed.
    pub(crate) before: Option<u64>,
    pub(crate) limit: usize,
    /// The version that the selected one is compared with.
    pub(crate) from: Option<u64>,
    /// Whether a long history is replayed too.
    pub(crate) replays: bool,
    /// A time, which leads to the version at it.
    pub(crate) as_of: Option<Timestamp>,
}

/// A parameter, by its name.
type Pair<'q> = (Cow<'q, str>, Cow<'q, str>);

/// Returns the parameters of a query. Empty ones count as absent: a form sends its empty fields too.
pub(crate) fn pairs(query: Option<&str>) -> Result<Vec<Pair<'_>>, Failure> {
    let query = query.unwrap_or_default();
    if query.len() > MAX_QUERY {
        return Err(Failure::BadRequest("Its parameters are too long."));
    }
    Ok(form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()).collect())
}

fn position(value: &str) -> Result<u64, Failure> {
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| value.parse::<u64>().ok()).flatten();
    // the databases count in signed numbers
    number
        .filter(|number| i64::try_from(*number).is_ok())
        .ok_or(Failure::BadRequest("A position or a version is not a number from 0 to 2^63 - 1."))
}

fn time(value: &str) -> Result<Timestamp, Failure> {
    times::read(value).ok_or(Failure::BadRequest("A time is written as 2026-11-28 14:04, in UTC or with an offset."))
}

fn limit(value: &str) -> Result<usize, Failure> {
    let limit = value.parse::<usize>().ok().filter(|limit| (1..=MAX_ROWS).contains(limit));
    limit.ok_or(Failure::BadRequest("A page has 1 to 200 events."))
}

impl LogQuery {
    pub(crate) fn read(query: Option<&str>) -> Result<Self, Failure> {
        let mut read =
            Self { filter: Filter::default(), from: From::Newest, limit: ROWS, at: None, is_live: false, since: None };
        for (name, value) in pairs(query)? {
            let value = value.trim();
            let Filter { topics, except, aggregate } = &mut read.filter;
            match &*name {
                "topic" | "not" if value.len() > MAX_TOPIC_LEN => {
                    return Err(Failure::BadRequest("A topic is too long."));
                }
                "topic" | "not" if topics.len() + except.len() >= MAX_TOPICS => {
                    return Err(Failure::BadRequest("There are too many topics."));
                }
                "topic" => topics.push(value.to_owned()),
                "not" => except.push(value.to_owned()),
                "aggregate" => {
                    let id = Uuid::try_parse(value);
                    *aggregate = Some(id.map_err(|_| Failure::BadRequest("The id of an aggregate is a UUID."))?);
                }
                "before" => read.from = From::Before(position(value)?),
                "after" => read.from = From::After(position(value)?),
                "limit" => read.limit = limit(value)?,
                "at" => read.at = Some(position(value)?),
                "since" => read.since = Some(time(value)?),
                "live" => read.is_live = value == "1",
                _ => {}
            }
        }
        Ok(read)
    }

    /// The parameters as they are in a URL, without those that have their default values.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        pairs.extend(self.filter.topics.iter().map(|topic| ("topic", topic.clone())));
        pairs.extend(self.filter.except.iter().map(|topic| ("not", topic.clone())));
        pairs.extend(self.filter.aggregate.map(|id| ("aggregate", id.to_string())));
        match self.from {
            From::Newest => {}
            From::Before(position) => pairs.push(("before", position.to_string())),
            From::After(position) => pairs.push(("after", position.to_string())),
        }
        if self.limit != ROWS {
            pairs.push(("limit", self.limit.to_string()));
        }
        pairs.extend(self.at.map(|at| ("at", at.to_string())));
        if self.is_live {
            pairs.push(("live", "1".to_owned()));
        }
        pairs
    }

    /// The same filter from another place, with nothing selected.
    pub(crate) fn from(&self, from: From) -> Self {
        Self { from, at: None, is_live: false, since: None, ..self.clone() }
    }

    /// Another filter, from the newest event on.
    pub(crate) fn filtered(&self, filter: Filter) -> Self {
        Self { filter, from: From::Newest, at: None, ..self.clone() }
    }
}

impl AggregateQuery {
    pub(crate) fn read(query: Option<&str>) -> Result<Self, Failure> {
        let mut read = Self { at: None, before: None, limit: VERSIONS, from: None, replays: false, as_of: None };
        for (name, value) in pairs(query)? {
            match &*name {
                "at" => read.at = Some(position(value.trim())?),
                "before" => read.before = Some(position(value.trim())?),
                "limit" => read.limit = limit(value.trim())?,
                "from" => read.from = Some(position(value.trim())?),
                "replay" => read.replays = &*value == "1",
                "as_of" => read.as_of = Some(time(&value)?),
                _ => {}
            }
        }
        Ok(read)
    }

    /// The same aggregate at a version.
    pub(crate) fn at(&self, version: u64) -> Self {
        Self { at: Some(version), before: None, from: None, as_of: None, ..*self }
    }

    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        pairs.extend(self.from.map(|from| ("from", from.to_string())));
        pairs.extend(self.at.map(|at| ("at", at.to_string())));
        pairs.extend(self.before.map(|before| ("before", before.to_string())));
        if self.limit != VERSIONS {
            pairs.push(("limit", self.limit.to_string()));
        }
        if self.replays {
            pairs.push(("replay", "1".to_owned()));
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_of_the_log_page_survives_its_url() {
        let query = "topic=Order&not=Order.Noted&aggregate=67e55044-10b1-426f-9247-bb680e5fe0c8&before=90&limit=20&at=88&live=1";
        let read = LogQuery::read(Some(query)).expect("a query");
        let written: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(read.pairs()).finish();
        assert_eq!(LogQuery::read(Some(&written)), Ok(read));
    }

    #[test]
    fn absurd_values_are_refused() {
        let long = format!("topic={}", "x".repeat(300));
        let many = "not=a&".repeat(30);
        for query in [
            "limit=0",
            "limit=201",
            "limit=1000000000",
            "limit=-1",
            "at=x",
            "before=-1",
            "after=1e3",
            "at=18446744073709551615",
            "aggregate=7",
            "since=yesterday",
            &long,
            &many,
        ] {
            assert!(LogQuery::read(Some(query)).is_err(), "{query}");
        }
        for query in ["limit=1000000000", "as_of=soon", "from=-1", "at=x"] {
            assert!(AggregateQuery::read(Some(query)).is_err(), "{query}");
        }
    }

    #[test]
    fn empty_fields_of_a_form_are_absent() {
        assert_eq!(LogQuery::read(Some("topic=&not=&aggregate=")), LogQuery::read(None));
    }
}
