//! Checks an export and the application that is to have it, before anything is imported.

use eventsourcing::StoredEvent;
use eventsourcing::recording::is_same_attempt;

use super::line::{Header, States};
use super::reader::Item;
use super::source::Source;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::place::Place;
use crate::progress::Progress;

/// What an export has.
pub(super) struct Checked {
    pub(super) header: Header,
    /// The position of its last event.
    pub(super) last: u64,
    pub(super) events: u64,
    pub(super) digest: String,
}

/// Reads the export once, and compares its beginning with the log of the application.
pub(super) async fn check(place: &Place, source: &mut Source, interrupt: &Interrupt) -> Result<Checked, Failure> {
    let stored = place.recorder().select_dictionaries(0).await?;
    let mut export = source.read()?;
    let header = export.header()?;
    if header.states == States::Sealed && header.application != place.name() {
        let application = place.name().to_owned();
        return Err(Failure::OtherApplication { exported: header.application, application });
    }
    let progress = Progress::uncounted("checking");
    while let Some(item) = export.next()? {
        if interrupt.is_asked() {
            return Err(Failure::ImportInterrupted { position: place.last().await?, last: export.position() });
        }
        match item {
            Item::Dictionary(dictionary) => {
                if stored.iter().any(|other| other.id == dictionary.id && *other != dictionary) {
                    return Err(Failure::OtherDictionary { application: place.name().to_owned(), id: dictionary.id });
                }
            }
            Item::Event(position, event) if header.states == States::Sealed => check_key(place, position, &event)?,
            Item::Event(..) => {}
        }
        progress.add(1);
    }
    let (last, digest) = (export.position(), export.digest());
    let checked = Checked { last, events: digest.events(), digest: digest.finish(), header };
    check_beginning(place, &checked.header).await?;
    Ok(checked)
}

/// Refuses a state that this application could not read, because its key or its cipher is another one.
fn check_key(place: &Place, position: u64, event: &StoredEvent) -> Result<(), Failure> {
    match place.application().mapper().open(&event.location(), &event.state, event.checksum) {
        Err(error) if error.failure.is_of_configuration() => {
            Err(Failure::NotSealable { position, reason: error.failure.to_string() })
        }
        // an altered state is imported as it is; `verify` finds it in both logs
        _ => Ok(()),
    }
}

/// Refuses an export that does not continue the log.
async fn check_beginning(place: &Place, header: &Header) -> Result<(), Failure> {
    let Header { after, anchor, .. } = *header;
    if after == 0 {
        return Ok(());
    }
    let application = place.name().to_owned();
    let Some(event) = place.at(after).await? else {
        return Err(Failure::NotConnected { application, after, last: place.last().await? });
    };
    if anchor.is_none_or(|anchor| is_same_attempt(anchor, event.append_id)) {
        return Ok(());
    }
    Err(Failure::OtherLog { application, position: after })
}
