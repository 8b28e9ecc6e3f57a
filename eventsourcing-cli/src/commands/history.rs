//! `history`: the events of one aggregate.

use eventsourcing::recording::EventQuery;

use super::event_line::EventLine;
use crate::arguments::History;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::place::Place;

/// The largest number of events that are read at a time.
const PAGE: usize = 500;

pub(super) async fn run(place: &Place, history: &History, output: &mut Output) -> Result<Outcome, Failure> {
    let newest = place.recorder().select_events(EventQuery::of(history.id).descending().limit(1)).await?;
    let Some(newest) = newest.first().map(|event| event.originator_version) else {
        return Err(Failure::NoAggregate { id: history.id, application: place.name().to_owned() });
    };
    let after = history.after.or(history.last.map(|last| newest.saturating_sub(last)));
    let mut query = EventQuery::of(history.id).after(after).up_to(newest).limit(PAGE);
    let mut is_healthy = true;
    loop {
        let page = place.recorder().select_events(query.clone()).await?;
        for event in &page {
            let opened = place.open_state(&event.location(), &event.state, event.checksum).await?;
            EventLine::of_history(event, &opened).print(history.full, output)?;
            is_healthy &= opened.is_ok();
        }
        match page.last() {
            Some(last) if last.originator_version < newest => query.advance_after(last.originator_version),
            _ => return Ok(Outcome::healthy(is_healthy)),
        }
    }
}
