//! `history`: the events of one aggregate, with the states after them if the program has its type.

use eventsourcing::StoredEvent;
use eventsourcing::application::{AggregateType, FieldChange, ShownState};
use eventsourcing::recording::EventQuery;
use serde_json::Value;

use super::event_line::EventLine;
use super::typed::{Found, not_comparable, print_changes};
use crate::arguments::History;
use crate::escape::Safe;
use crate::failure::{Failure, Outcome};
use crate::json::one_line;
use crate::notices::note;
use crate::output::{FAINT, Output};
use crate::place::Place;

/// The largest number of events that are read at a time.
const PAGE: usize = 500;

/// How many versions have their states shown unless others are asked for: each is replayed.
const STATES: u64 = 20;

/// What is shown after an event.
#[derive(Default)]
pub(super) struct After {
    pub(super) state: Option<Value>,
    pub(super) text: Option<String>,
    pub(super) changes: Option<Vec<FieldChange>>,
}

pub(super) async fn run(place: &Place, history: &History, output: &mut Output) -> Result<Outcome, Failure> {
    let found = Found::find(place, history.id).await?;
    let shows_states = history.states || history.diff;
    let of_type = if shows_states { Some(found.typed(place)?) } else { None };
    let newest = found.last_version;
    let mut after = history.after.or(history.last.map(|last| newest.saturating_sub(last)));
    if shows_states && after.is_none() && newest > STATES {
        after = Some(newest - STATES);
        note(format!("these are the last {STATES} of {newest} versions; --after 0 shows all"));
    }
    let mut query = EventQuery::of(history.id).after(after).up_to(newest).limit(PAGE);
    let mut is_healthy = true;
    loop {
        let page = place.recorder().select_events(query.clone()).await?;
        for event in &page {
            let opened = place.open_state(&event.location(), &event.state, event.checksum).await?;
            let shown = match of_type {
                Some(of_type) => shown_after(place, of_type, event, history).await?,
                None => After::default(),
            };
            EventLine::of_history(event, &opened, &shown).print(history.full, output)?;
            if !output.is_json {
                print(&shown, output)?;
            }
            is_healthy &= opened.is_ok();
        }
        match page.last() {
            Some(last) if last.originator_version < newest => query.advance_after(last.originator_version),
            _ => return Ok(Outcome::healthy(is_healthy)),
        }
    }
}

async fn shown_after(
    place: &Place,
    of_type: &AggregateType,
    event: &StoredEvent,
    asked: &History,
) -> Result<After, Failure> {
    let (application, id, version) = (place.application(), event.originator_id, event.originator_version);
    let mut shown = After::default();
    if asked.states {
        match of_type.load_at(application, id, version).await?.state {
            ShownState::Json(state) => shown.state = Some(state),
            ShownState::Debug(text) => shown.text = Some(text),
            _ => return Err(Failure::NotShown { aggregate: of_type.name() }),
        }
    }
    if asked.diff {
        let changes = of_type.diff(application, id, version - 1, version).await?;
        shown.changes = Some(changes.ok_or_else(|| not_comparable(of_type))?);
    }
    Ok(shown)
}

fn print(shown: &After, output: &mut Output) -> Result<(), Failure> {
    const INDENT: &str = "        ";
    if let Some(state) = &shown.state {
        let state = output.styled(FAINT, one_line(&state.to_string()));
        output.line(format_args!("{INDENT}{state}"))?;
    }
    for line in shown.text.iter().flat_map(|text| text.lines()) {
        let line = output.styled(FAINT, Safe(line));
        output.line(format_args!("{INDENT}{line}"))?;
    }
    match &shown.changes {
        Some(changes) => print_changes(changes, INDENT, output),
        None => Ok(()),
    }
}
