//! The dead letters of consumers, listed and grouped by what is the same.

use std::collections::BTreeMap;

use eventsourcing_core::projection::ResolvedLetter;
use eventsourcing_core::{DeadLetter, Timestamp, Uuid};

use super::consumers::Kind;
use super::{Consumer, Known};
use crate::failure::Failure;
use crate::reading::Reader;
use crate::site::Of;

/// The most letters on a page.
pub(crate) const MOST_LETTERS: usize = 200;

/// The most consumers whose letters are on one page.
const MOST_CONSUMERS: usize = 20;

/// How the letters of one aggregate are looked for: the letters of a page, and the most pages.
const PAGE: usize = 1_000;
const MOST_PAGES: usize = 20;

/// The most resolved letters on a page.
const RESOLVED: usize = 20;

/// Where the dead letters of a consumer are read.
pub(crate) struct Source<'a> {
    pub(crate) known: &'a Known,
    pub(crate) readers: &'a [Reader],
    pub(crate) consumer: &'a Consumer,
}

/// A letter of one of the consumers.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The place of its consumer.
    pub(crate) consumer: usize,
    pub(crate) letter: DeadLetter,
    /// The position of the letter for which it waits.
    pub(crate) waits_for: Option<u64>,
}

/// The letters of a page.
#[derive(Debug)]
pub(crate) struct FoundLetters {
    /// The consumers that have letters.
    pub(crate) consumers: Vec<Consumer>,
    pub(crate) letters: Vec<Found>,
    /// What became of letters, the last one first, if one consumer is shown.
    pub(crate) resolved: Vec<ResolvedLetter>,
    /// Whether there are letters that are not on the page.
    pub(crate) has_more: bool,
}

/// Letters that have something in common.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    pub(crate) consumer: usize,
    pub(crate) letters: Vec<&'a Found>,
}

impl Source<'_> {
    /// Lists letters by position, in plain text where the application of the log is known.
    pub(crate) async fn list(&self, after: u64, limit: usize) -> Result<Vec<DeadLetter>, Failure> {
        let Consumer { key, name, upstream, kind, .. } = self.consumer;
        if let Some(handle) = self.known.handle(key, upstream) {
            return handle.list(after, limit).await.map_err(|error| failed(&error));
        }
        let letters = match kind {
            Kind::Policy => match self.readers.iter().find(|reader| reader.name() == name) {
                Some(reader) => reader.letters(upstream, after, limit).await?,
                None => Vec::new(),
            },
            Kind::Projection => {
                let mut letters = Vec::new();
                for views in &self.known.views {
                    if letters.is_empty() && views.database() == self.consumer.database {
                        letters =
                            views.dead_letters(key, upstream, after, limit).await.map_err(|error| failed(&error))?;
                    }
                }
                letters
            }
        };
        Ok(match self.upstream() {
            Some(upstream) => letters.into_iter().map(|letter| upstream.opened_letter(letter)).collect(),
            // reasons may be encrypted, with a key that only that application has
            None => letters,
        })
    }

    /// The letters of an aggregate, by position; `None` if there are more than `most`, or too many of others.
    pub(crate) async fn of(&self, aggregate: Uuid, most: usize) -> Result<Option<Vec<DeadLetter>>, Failure> {
        let (mut of, mut after) = (Vec::new(), 0);
        for _ in 0..MOST_PAGES {
            let page = self.list(after, PAGE).await?;
            let Some(last) = page.last().map(|last| last.notification_id) else { return Ok(Some(of)) };
            let is_last = page.len() < PAGE;
            of.extend(page.into_iter().filter(|letter| letter.originator_id == aggregate));
            if of.len() > most {
                return Ok(None);
            }
            if is_last {
                return Ok(Some(of));
            }
            after = last;
        }
        Ok(None)
    }

    /// The last letters that were resolved with a note.
    pub(crate) async fn resolved(&self) -> Result<Vec<ResolvedLetter>, Failure> {
        let Consumer { key, upstream, database, .. } = self.consumer;
        if let Some(handle) = self.known.handle(key, upstream) {
            return handle.resolved(RESOLVED).await.map_err(|error| failed(&error));
        }
        let mut resolved = Vec::new();
        for views in &self.known.views {
            if views.database() == *database {
                resolved.extend(views.resolved(key, upstream, RESOLVED).await.map_err(|error| failed(&error))?);
            }
        }
        Ok(match self.upstream() {
            Some(upstream) => resolved.into_iter().map(|letter| upstream.opened_resolved(letter)).collect(),
            None => resolved,
        })
    }

    /// The application of the log.
    pub(crate) fn upstream(&self) -> Option<&Reader> {
        self.readers.iter().find(|reader| reader.name() == self.consumer.upstream)
    }
}

impl FoundLetters {
    /// Lists the letters of these consumers, after a position if there is one consumer.
    pub(crate) async fn list(
        known: &Known,
        readers: &[Reader],
        mut consumers: Vec<Consumer>,
        after: u64,
    ) -> Result<Self, Failure> {
        let mut has_more = consumers.len() > MOST_CONSUMERS;
        consumers.truncate(MOST_CONSUMERS);
        let (mut letters, mut resolved) = (Vec::new(), Vec::new());
        for (place, consumer) in consumers.iter().enumerate() {
            let source = Source { known, readers, consumer };
            let left = MOST_LETTERS.saturating_sub(letters.len());
            if left == 0 {
                has_more = true;
                break;
            }
            let mut found = source.list(after, left + 1).await?;
            has_more |= found.len() > left;
            found.truncate(left);
            letters.extend(waiting(place, found));
            if consumers.len() == 1 {
                resolved = source.resolved().await?;
            }
        }
        Ok(Self { consumers, letters, resolved, has_more })
    }

    /// The letters in groups: those that were refused for the same reason with those that wait for them, or by aggregate or time.
    pub(crate) fn groups(&self, of: Of) -> Vec<Group<'_>> {
        let mut groups: BTreeMap<_, Vec<&Found>> = BTreeMap::new();
        let mut reasons = BTreeMap::new();
        for found in &self.letters {
            let Found { consumer, letter, .. } = found;
            let aggregate = (*consumer, letter.originator_id);
            let key = match of {
                Of::Time => (0, String::new(), String::new()),
                Of::Aggregate => (*consumer, letter.originator_id.to_string(), String::new()),
                Of::Reason => match &letter.reason {
                    Some(reason) => {
                        let key = (*consumer, letter.topic.clone(), without_numbers(reason));
                        reasons.insert(aggregate, key.clone());
                        key
                    }
                    // it waits for the one before it
                    None => reasons.get(&aggregate).cloned().unwrap_or((*consumer, String::new(), String::new())),
                },
            };
            groups.entry(key).or_default().push(found);
        }
        let mut groups: Vec<_> = groups
            .into_values()
            .map(|letters| Group { consumer: letters.first().map_or(0, |first| first.consumer), letters })
            .collect();
        if of == Of::Time {
            groups.iter_mut().for_each(|group| group.letters.sort_by_key(|found| found.letter.parked_at));
        }
        groups.sort_by_key(|group| (group.consumer, std::cmp::Reverse(group.letters.len())));
        groups
    }

    /// The letter of a consumer at a position.
    pub(crate) fn at(&self, key: &str, upstream: &str, position: u64) -> Option<&Found> {
        self.letters.iter().find(|found| {
            let consumer = self.consumers.get(found.consumer);
            found.letter.notification_id == position
                && consumer.is_some_and(|consumer| consumer.key == key && consumer.upstream == upstream)
        })
    }

    /// How many letters the page has of the same aggregate.
    pub(crate) fn beside(&self, found: &Found) -> usize {
        let is_beside = |other: &&Found| {
            other.consumer == found.consumer && other.letter.originator_id == found.letter.originator_id
        };
        self.letters.iter().filter(is_beside).count()
    }

    /// When the oldest letter was parked.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        self.letters.iter().map(|found| found.letter.parked_at).min()
    }
}

impl Group<'_> {
    /// The first letter that was refused, if one was.
    pub(crate) fn refused(&self) -> Option<&Found> {
        self.letters.iter().find(|found| found.letter.reason.is_some()).copied()
    }

    /// How many were refused, and how many wait.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let refused = self.letters.iter().filter(|found| found.letter.reason.is_some()).count();
        (refused, self.letters.len() - refused)
    }
}

/// A reason by which those are the same that differ in their numbers alone.
fn without_numbers(reason: &str) -> String {
    let mut text = String::with_capacity(reason.len());
    for c in reason.chars() {
        match c {
            '0'..='9' if text.ends_with('0') => {}
            '0'..='9' => text.push('0'),
            c => text.push(c),
        }
    }
    text
}

/// The letters of one consumer, each with the position of the first letter of its aggregate if it waits.
fn waiting(consumer: usize, letters: Vec<DeadLetter>) -> impl Iterator<Item = Found> {
    let mut first = BTreeMap::new();
    letters.into_iter().map(move |letter| {
        let before = *first.entry(letter.originator_id).or_insert(letter.notification_id);
        let waits_for = (letter.reason.is_none() && before != letter.notification_id).then_some(before);
        Found { consumer, letter, waits_for }
    })
}

fn failed(error: &dyn std::error::Error) -> Failure {
    tracing::warn!(%error, "the explorer could not read dead letters");
    Failure::Unavailable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_differ_in_numbers_alone_are_the_same() {
        assert_eq!(without_numbers("no rate for house 127"), without_numbers("no rate for house 7"));
        assert_ne!(without_numbers("no rate for 7 in Porto"), without_numbers("no rate for 7 in Malmö"));
    }
}
