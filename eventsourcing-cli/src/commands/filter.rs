//! Which events of the log are shown.

use eventsourcing::recording::{NotificationFilter, TopicPattern};
use eventsourcing::{Notification, Timestamp};

use crate::arguments::Log;
use crate::failure::Failure;
use crate::opened::Opened;
use crate::output::Output;

/// The conditions of a search.
pub(super) struct Filter {
    topics: Vec<String>,
    not: Vec<String>,
    grep: Option<String>,
    since: Option<Timestamp>,
}

impl Filter {
    pub(super) fn new(log: &Log, output: &Output) -> Result<Self, Failure> {
        let since = log.since.as_deref().map(|time| output.zone().read(time)).transpose()?;
        Ok(Self { topics: log.topic.clone(), not: log.not.clone(), grep: log.grep.clone(), since })
    }

    pub(super) fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// Whether an event that is looked at may not be shown, other than by its time.
    pub(super) fn is_search(&self) -> bool {
        !self.topics.is_empty() || !self.not.is_empty() || self.grep.is_some()
    }

    /// Whether events are selected by what is in their states.
    pub(super) fn reads_states(&self) -> bool {
        self.grep.is_some() || self.since.is_some()
    }

    /// The topics that are asked for and those that are not, as the database selects them.
    pub(super) fn by_topic(&self) -> NotificationFilter {
        let pattern = |text: &String| match text.strip_suffix('*') {
            Some(beginning) => TopicPattern::BeginsWith(beginning.to_owned()),
            None => TopicPattern::Is(text.clone()),
        };
        NotificationFilter::new().topics(self.topics.iter().map(pattern)).except(self.not.iter().map(pattern))
    }

    /// The topics that the database can select by itself; none if it cannot.
    pub(super) fn exact_topics(&self) -> &[String] {
        if self.topics.iter().any(|topic| topic.ends_with('*')) { &[] } else { &self.topics }
    }

    /// Whether an event has a topic that is asked for.
    pub(super) fn has_topic(&self, event: &Notification) -> bool {
        let is = |pattern: &String| match pattern.strip_suffix('*') {
            Some(beginning) => event.topic.starts_with(beginning),
            None => event.topic == *pattern,
        };
        (self.topics.is_empty() || self.topics.iter().any(is)) && !self.not.iter().any(is)
    }

    /// Whether a state fits. One that cannot be read is shown, because nobody knows.
    pub(super) fn fits(&self, opened: &Result<Opened, String>) -> bool {
        let Ok(opened) = opened else { return true };
        let is_late = self.since.is_none_or(|since| opened.time().is_none_or(|time| time >= since));
        let contains = |text: &String| String::from_utf8_lossy(opened.bytes()).contains(text.as_str());
        is_late && self.grep.as_ref().is_none_or(contains)
    }
}
