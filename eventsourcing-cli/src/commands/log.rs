//! `log`: the events of the log, and new ones as they are recorded.

use std::collections::VecDeque;
use std::time::Duration;

use eventsourcing::{LogPosition, Notification};

use super::event_line::EventLine;
use super::filter::Filter;
use crate::arguments::Log;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::notices::note;
use crate::opened::Opened;
use crate::output::{Output, grouped};
use crate::place::Place;
use crate::scan::{Pages, position_before};

/// How many events are shown unless something else is asked for.
const LAST: u64 = 20;
/// How many events are read together when a search goes back, and the bytes of states after which no more are.
const PAGE: usize = 1_000;
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// How often the log is polled where no notification arrives.
const POLL: Duration = Duration::from_millis(250);
/// The pause after the database failed while the log is followed.
const PAUSE: Duration = Duration::from_secs(1);

type Shown = (Notification, Result<Opened, String>);

pub(super) async fn run(place: &Place, log: &Log, output: &mut Output) -> Result<Outcome, Failure> {
    let filter = Filter::new(log, output)?;
    let end = place.recorder().last_position().await?;
    let mut is_healthy = match start(place, log, &filter, end.id).await? {
        Some(after) => forward(place, log, &filter, after, end.id, output).await?,
        None => backward(place, log, &filter, end.id, output).await?,
    };
    if log.follow {
        is_healthy &= follow(place, log, &filter, end, output).await?;
    }
    Ok(Outcome::healthy(is_healthy))
}

/// The position after which events are shown; none if the last ones are.
async fn start(place: &Place, log: &Log, filter: &Filter, end: u64) -> Result<Option<u64>, Failure> {
    match (log.after, filter.since()) {
        (Some(after), _) => Ok(Some(after)),
        (None, Some(time)) => position_before(place, time, end).await.map(Some),
        (None, None) => Ok(None),
    }
}

/// Shows the events after a position.
async fn forward(
    place: &Place,
    log: &Log,
    filter: &Filter,
    after: u64,
    end: u64,
    output: &mut Output,
) -> Result<bool, Failure> {
    let up_to = if filter.is_search() { end.min(after.saturating_add(log.scan)) } else { end };
    let mut left = log.limit.unwrap_or(u64::MAX);
    let mut is_healthy = true;
    let mut pages = Pages::new(place, after, up_to).topics(filter.exact_topics());
    while left > 0 {
        let page = pages.next().await?;
        if page.is_empty() {
            break;
        }
        for event in page.into_iter().filter(|event| filter.has_topic(event)) {
            if left == 0 {
                break;
            }
            let opened = place.open_event(&event).await?;
            if filter.fits(&opened) {
                EventLine::of_log(&event, &opened).print(log.full, output)?;
                is_healthy &= opened.is_ok();
                left -= 1;
            }
        }
    }
    if left > 0 && up_to < end {
        note(format!(
            "looked at the {} events after position {after}; continue with --after {up_to}, or look further with --scan",
            grouped(up_to - after)
        ));
    }
    Ok(is_healthy)
}

/// Shows the last events.
async fn backward(place: &Place, log: &Log, filter: &Filter, end: u64, output: &mut Output) -> Result<bool, Failure> {
    let wanted = usize::try_from(log.last.unwrap_or(LAST)).unwrap_or(usize::MAX);
    let lowest = if filter.is_search() { end.saturating_sub(log.scan) } else { 0 };
    let mut found: VecDeque<Shown> = VecDeque::new();
    let mut before = end.saturating_add(1);
    while before > lowest + 1 && found.len() < wanted {
        // the database selects by topic, so what is found is enough unless states are searched
        let page = if filter.reads_states() { PAGE } else { PAGE.min(wanted - found.len()) };
        let search = place.application().log().search(page).filter(filter.by_topic()).before(before);
        let searched = search.scan_at_most(before - 1 - lowest).max_bytes(PAGE_BYTES).await?;
        for event in searched.notifications {
            let opened = place.open_event(&event).await?;
            if filter.fits(&opened) && found.len() < wanted {
                found.push_front((event, opened));
            }
        }
        let Some(looked_at) = searched.looked_at else { break };
        before = *looked_at.start();
    }
    let is_enough = found.len() >= wanted;
    for (event, opened) in &found {
        EventLine::of_log(event, opened).print(log.full, output)?;
    }
    if !is_enough && lowest > 0 {
        note(format!(
            "looked at the last {} events, positions {} to {end}; look further back with --scan",
            grouped(end - lowest),
            lowest + 1
        ));
    }
    Ok(found.iter().all(|(_, opened)| opened.is_ok()))
}

/// Shows events as they are recorded, until the command is interrupted.
async fn follow(
    place: &Place,
    log: &Log,
    filter: &Filter,
    after: LogPosition,
    output: &mut Output,
) -> Result<bool, Failure> {
    let interrupt = Interrupt::listen();
    output.flush()?;
    let subscribe = place.application().subscribe(after).poll_interval(POLL);
    let mut new = subscribe.topics(filter.exact_topics().iter().cloned()).notifications();
    let mut is_healthy = true;
    loop {
        let next = tokio::select! {
            next = new.try_next() => next,
            () = interrupt.asked() => return Ok(is_healthy),
        };
        match next {
            Ok(Some(followed)) => {
                let event = followed.item;
                if !filter.has_topic(&event) {
                    continue;
                }
                let opened = place.open_event(&event).await?;
                if filter.fits(&opened) {
                    EventLine::of_log(&event, &opened).print(log.full, output)?;
                    output.flush()?;
                    is_healthy &= opened.is_ok();
                }
            }
            // a subscription does not end
            Ok(None) => return Ok(is_healthy),
            Err(error) if error.is_retryable() => {
                note(format!("{error}; trying again"));
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    () = interrupt.asked() => return Ok(is_healthy),
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}
