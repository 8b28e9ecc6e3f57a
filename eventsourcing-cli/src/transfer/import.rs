//! `import`: an export becomes the log of an application, and both are proved to be equal.

use std::collections::BTreeSet;

use serde::Serialize;

use super::check::{Checked, check};
use super::reader::Item;
use super::source::Source;
use super::target::{Batch, Present, prove};
use crate::arguments::Import;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::notices::note;
use crate::output::{Output, grouped};
use crate::place::Place;
use crate::progress::Progress;

/// The fields of the JSON line after each batch.
#[derive(Serialize)]
struct Step {
    position: u64,
    of: u64,
}

/// The fields of the last JSON line.
#[derive(Serialize)]
struct Done<'d> {
    imported: &'d str,
    events: u64,
    recorded_before: u64,
    last_position: u64,
    digest: &'d str,
    equal: bool,
    /// The applications whose logs this one has processed.
    upstreams: &'d BTreeSet<String>,
}

/// Opens the export. What is no export is refused before tables are created for it.
pub(crate) fn open(import: &Import) -> Result<Source, Failure> {
    let mut source = Source::open(&import.file)?;
    source.read()?.header()?;
    Ok(source)
}

pub(crate) async fn run(
    place: &Place,
    import: &Import,
    mut source: Source,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let interrupt = Interrupt::listen();
    let checked = check(place, &mut source, &interrupt).await?;
    let before = place.last().await?;
    let most = usize::try_from(import.batch).unwrap_or(usize::MAX);
    record(place, &mut source, &checked, before, most, &interrupt, output).await?;
    let mut causes = prove(place, &checked, &interrupt).await?;
    causes.remove(place.name());
    tell(place, &checked, before, &causes, output)?;
    Ok(Outcome::Fine)
}

/// Compares the events that are recorded already, and records the others.
async fn record(
    place: &Place,
    source: &mut Source,
    checked: &Checked,
    before: u64,
    most: usize,
    interrupt: &Interrupt,
    output: &mut Output,
) -> Result<(), Failure> {
    let (states, last) = (checked.header.states, checked.last);
    let progress = Progress::new("importing", checked.events);
    let mut present = Present::new(place, states, checked.header.after, before.min(last));
    let mut batch = Batch::new(place, states, most, before);
    let mut export = source.read()?;
    while let Some(item) = export.next()? {
        match item {
            Item::Dictionary(dictionary) => batch.add_dictionary(dictionary),
            Item::Event(position, event) if position <= before => present.compare(position, &event).await?,
            Item::Event(position, event) => {
                if batch.is_full_before(&event) {
                    step(&mut batch, last, interrupt, output).await?;
                }
                batch.add(position, event)?;
            }
        }
        progress.add(1);
    }
    step(&mut batch, last, interrupt, output).await
}

/// Records a batch, and stops after it if the command was interrupted.
async fn step(batch: &mut Batch<'_>, last: u64, interrupt: &Interrupt, output: &mut Output) -> Result<(), Failure> {
    batch.record().await?;
    let position = batch.position;
    if output.is_json {
        output.json(&Step { position, of: last })?;
        output.flush()?;
    }
    if interrupt.is_asked() && position < last {
        return Err(Failure::ImportInterrupted { position, last });
    }
    Ok(())
}

fn tell(
    place: &Place,
    checked: &Checked,
    before: u64,
    upstreams: &BTreeSet<String>,
    output: &mut Output,
) -> Result<(), Failure> {
    let Checked { header, last, events, digest } = checked;
    let recorded_before = before.min(*last) - header.after;
    if before > *last {
        note(format!("the log has {} events after those of the export", grouped(before - last)));
    }
    for upstream in upstreams {
        note(format!(
            "some events were caused by events of {upstream}. An export does not have how far that log was processed: before the policy \
             runs again, store that position with `initialize_tracking`, or it handles {upstream} from the beginning"
        ));
    }
    if output.is_json {
        let (imported, events, last_position) = (place.name(), *events, *last);
        return output.json(&Done { imported, events, recorded_before, last_position, digest, equal: true, upstreams });
    }
    let there = match recorded_before {
        0 => String::new(),
        count => format!(", {} of which were there before", grouped(count)),
    };
    output.line(format_args!("{} has {} events of the export{there}", place.name(), grouped(*events)))?;
    output.line(format_args!("both are equal, digest {digest}"))
}
