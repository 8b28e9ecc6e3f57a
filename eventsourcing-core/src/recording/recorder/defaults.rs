//! The default implementations of a recorder's methods, by its other methods.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use uuid::Uuid;

use super::Recorder;
use crate::recording::{
    EventQuery, EventVisitor, LetterQuery, LogPosition, NotificationQuery, NotificationRef, NotificationVisitor,
    OriginatorIdQuery, OriginatorQuery, OriginatorSummary, RecordedOriginator, RecorderError, Tracking,
};

/// The number of rows that are read at a time.
const PAGE: usize = 1_000;

pub(super) async fn read_events<R: Recorder + ?Sized>(
    recorder: &R,
    query: EventQuery,
    visit: &mut EventVisitor<'_>,
) -> Result<(), RecorderError> {
    let (mut query, mut left) = (query.clone(), query.limit.unwrap_or(usize::MAX));
    loop {
        query.limit = Some(left.min(PAGE));
        let page = recorder.select_events(query.clone()).await?;
        for event in &page {
            if visit(event.as_ref()).is_break() {
                return Ok(());
            }
        }
        left -= page.len().min(left);
        match page.last() {
            Some(last) if page.len() >= PAGE && left > 0 => query.advance_after(last.originator_version),
            _ => return Ok(()),
        }
    }
}

pub(super) async fn read_notifications<R: Recorder + ?Sized>(
    recorder: &R,
    query: NotificationQuery,
    visit: &mut NotificationVisitor<'_>,
) -> Result<(), RecorderError> {
    let (mut query, mut left) = (query.clone(), query.limit);
    loop {
        query.limit = left.min(PAGE);
        let page = recorder.select_notifications(query.clone()).await?;
        for notification in &page {
            if visit(notification.as_ref()).is_break() {
                return Ok(());
            }
        }
        left -= page.len().min(left);
        match page.last() {
            Some(last) if page.len() >= PAGE && left > 0 => query.advance_after(last.position()),
            _ => return Ok(()),
        }
    }
}

pub(super) async fn count_letters<R: Recorder + ?Sized>(recorder: &R, upstream: &str) -> Result<u64, RecorderError> {
    let (mut count, mut query) = (0, LetterQuery::of(upstream).limit(PAGE));
    loop {
        let page = recorder.select_letters(query.clone()).await?;
        count += page.len() as u64;
        match page.last() {
            Some(last) if page.len() >= PAGE => query.after = last.notification_id,
            _ => return Ok(count),
        }
    }
}

pub(super) async fn originators_with_letters<R: Recorder + ?Sized>(
    recorder: &R,
    upstream: &str,
    originators: &[Uuid],
) -> Result<Vec<Uuid>, RecorderError> {
    let mut found = Vec::new();
    for id in originators {
        let first = LetterQuery::of(upstream).originator(*id).limit(1);
        if !recorder.select_letters(first).await?.is_empty() {
            found.push(*id);
        }
    }
    Ok(found)
}

pub(super) async fn initialize_tracking<R: Recorder + ?Sized>(
    recorder: &R,
    upstream: &str,
    position: LogPosition,
) -> Result<LogPosition, RecorderError> {
    if position.id == 0 {
        return Err(RecorderError::NoTracking { upstream: upstream.to_owned() });
    }
    match recorder.insert_tracked(Vec::new(), Tracking::new(upstream, 0, position)).await {
        // another writer that begins at the same time was faster
        Ok(_) | Err(RecorderError::AlreadyProcessed { .. }) => recorder.tracked_position(upstream).await,
        Err(error) => Err(error),
    }
}

pub(super) async fn select_originators<R: Recorder + ?Sized>(
    recorder: &R,
    query: OriginatorQuery,
) -> Result<Vec<RecordedOriginator>, RecorderError> {
    let mut found = Vec::new();
    let mut log = NotificationQuery::after(query.after, PAGE).topics(query.topics);
    while found.len() < query.limit && !log.topics.is_empty() {
        let page = recorder.select_notifications(log.clone()).await?;
        let firsts = page.iter().filter(|notification| notification.originator_version == 1);
        let listed = firsts.map(|first| RecordedOriginator::new(first.id, first.originator_id));
        found.extend(listed.take(query.limit - found.len()));
        match page.last() {
            Some(last) if page.len() >= PAGE => log.advance_after(last.id),
            _ => break,
        }
    }
    Ok(found)
}

pub(super) async fn count_originators<R: Recorder + ?Sized>(
    recorder: &R,
    topics: &[String],
) -> Result<u64, RecorderError> {
    let (mut count, mut query) = (0, OriginatorQuery::of(topics.iter().cloned()).limit(PAGE));
    loop {
        let page = recorder.select_originators(query.clone()).await?;
        count += page.len() as u64;
        match page.last() {
            Some(last) if page.len() >= PAGE => query.after = last.notification_id,
            _ => return Ok(count),
        }
    }
}

/// Reads the whole log, and keeps the lowest ids of the range.
pub(super) async fn select_originators_by_id<R: Recorder + ?Sized>(
    recorder: &R,
    query: OriginatorIdQuery,
) -> Result<Vec<OriginatorSummary>, RecorderError> {
    let mut found: BTreeMap<Uuid, OriginatorSummary> = BTreeMap::new();
    let mut visit = |event: NotificationRef<'_>| {
        let id = event.originator_id;
        if query.limit > 0 && (query.first..=query.last).contains(&id) {
            let new = || OriginatorSummary::new(id, event.originator_version, event.topic);
            let summary = found.entry(id).or_insert_with(new);
            summary.last_version = summary.last_version.max(event.originator_version);
            if found.len() > query.limit {
                found.pop_last();
            }
        }
        ControlFlow::Continue(())
    };
    recorder.read_notifications(NotificationQuery::after(0, usize::MAX), &mut visit).await?;
    Ok(found.into_values().collect())
}
