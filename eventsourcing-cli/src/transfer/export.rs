//! `export`: the log as JSON lines, in the order of replay.

use eventsourcing::recording::LogPosition;
use serde::Serialize;

use super::line::{End, FORMAT, Header, States};
use super::part_file::PartFile;
use super::writer::{Sink, Writer};
use crate::arguments::Export;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::notices::note;
use crate::output::{Output, grouped};
use crate::place::Place;
use crate::progress::Progress;
use crate::scan::Pages;

/// The fields of the JSON line about an export to a file.
#[derive(Serialize)]
struct Done<'d> {
    exported: &'d str,
    after: u64,
    last_position: u64,
    events: u64,
    digest: &'d str,
}

pub(crate) async fn run(place: &Place, export: &Export, output: &mut Output) -> Result<Outcome, Failure> {
    let interrupt = Interrupt::listen();
    let states = if export.sealed { States::Sealed } else { States::Json };
    let last = place.last().await?;
    let header = Header {
        export: FORMAT,
        application: place.name().to_owned(),
        states,
        after: export.after,
        anchor: anchor(place, export.after, last).await?,
    };
    let (mut after, mut is_whole) = (header.after, false);
    let mut writer = match &export.output {
        None => Writer::begin(Sink::Output(output), &header)?,
        Some(path) if export.resume => {
            let (file, exported) = PartFile::resume(path)?;
            let Header { application, states, .. } = &exported.header;
            if (application, states) != (&header.application, &header.states) {
                let reason = "it is of another application, or has other states".to_owned();
                return Err(Failure::NotResumable { path: path.clone(), reason });
            }
            (after, is_whole) = (exported.header.after, exported.is_whole);
            Writer::resume(file, exported)
        }
        Some(path) => Writer::begin(Sink::File(PartFile::create(path)?), &header)?,
    };
    if !is_whole {
        write(place, &mut writer, states, last, &interrupt).await?;
    }
    let (_, end) = writer.end(states, is_whole)?;
    tell(place, after, &end, export.output.is_some(), output)?;
    Ok(Outcome::Fine)
}

/// The append id of the event after which an export begins.
async fn anchor(place: &Place, after: u64, last: u64) -> Result<Option<eventsourcing::Uuid>, Failure> {
    if after == 0 {
        return Ok(None);
    }
    match place.at(after).await? {
        Some(event) => Ok(Some(event.append_id)),
        None => Err(Failure::NoEvent { position: after, last }),
    }
}

async fn write(
    place: &Place,
    writer: &mut Writer<'_>,
    states: States,
    last: u64,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let LogPosition { id: after, .. } = writer.position;
    let progress = Progress::new("exporting", last.saturating_sub(after));
    let mut pages = Pages::new(place, writer.position, last);
    loop {
        if interrupt.is_asked() {
            let (position, kept) = (writer.position.id, writer.keep()?);
            return Err(Failure::ExportInterrupted { position, last, kept });
        }
        let page = pages.next().await?;
        if page.is_empty() {
            return Ok(());
        }
        if states == States::Sealed {
            // after the page was read: a dictionary is stored before the first state that needs it
            for dictionary in place.recorder().select_dictionaries(writer.dictionary).await? {
                writer.dictionary(&dictionary)?;
            }
        }
        for event in &page {
            match states {
                States::Sealed => writer.sealed(event)?,
                States::Json => match place.open_event(event).await? {
                    Ok(opened) => writer.json(event, &opened)?,
                    Err(reason) => {
                        writer.keep()?;
                        return Err(Failure::Unreadable { position: event.id, reason });
                    }
                },
            }
            progress.add(1);
        }
    }
}

fn tell(place: &Place, after: u64, end: &End, is_in_file: bool, output: &mut Output) -> Result<(), Failure> {
    let End { end: last_position, events, digest } = end;
    let missing = (last_position - after).saturating_sub(*events);
    if missing > 0 {
        note(format!(
            "{} positions have no event, because events were deleted: no application can import this",
            grouped(missing)
        ));
    }
    let text = format!("{} events of {}, up to position {last_position}", grouped(*events), place.name());
    if !is_in_file {
        note(text);
        return Ok(());
    }
    if output.is_json {
        let (exported, last_position, events) = (place.name(), *last_position, *events);
        return output.json(&Done { exported, after, last_position, events, digest });
    }
    output.line(format_args!("exported {text}"))?;
    output.line(format_args!("digest {digest}"))
}
