//! `verify`: reads the whole log, and checks each event.

use serde::Serialize;

use crate::arguments::Verify;
use crate::escape::Safe;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::opened::Opened;
use crate::output::{Output, WRONG, grouped};
use crate::place::Place;
use crate::progress::Progress;
use crate::scan::Pages;
use crate::transfer::LogDigest;

/// The fields of the last JSON line.
#[derive(Serialize)]
struct Verified<'v> {
    verified: &'v str,
    after: u64,
    last_position: u64,
    events: u64,
    missing_positions: u64,
    unreadable: u64,
    digest: Option<String>,
}

/// The fields of the JSON line of an event that is wrong.
#[derive(Serialize)]
struct Fault<'f> {
    position: u64,
    topic: Option<&'f str>,
    error: &'f str,
}

pub(super) async fn run(place: &Place, verify: &Verify, output: &mut Output) -> Result<Outcome, Failure> {
    let interrupt = Interrupt::listen();
    let last = place.last().await?;
    let (mut digest, mut position) = (LogDigest::default(), verify.after);
    let (mut events, mut missing, mut unreadable) = (0, 0, 0);
    let progress = Progress::new("verifying", last.saturating_sub(verify.after));
    let mut pages = Pages::new(place, verify.after, last);
    let mut is_broken_off = false;
    while position < last {
        let page = match pages.next().await {
            Err(failure) if failure.is_of_data() => {
                is_broken_off = true;
                report(position + 1, None, &failure.to_string(), output)?;
                break;
            }
            page => page?,
        };
        if interrupt.is_asked() {
            return Err(Failure::VerifyInterrupted { position, last });
        }
        if page.is_empty() {
            missing += last - position;
            break;
        }
        for event in &page {
            missing += event.id - position - 1;
            position = event.id;
            let reason = match place.open_event(event).await? {
                Ok(opened) => {
                    digest.add_json(event.as_ref(), opened.bytes());
                    fault_of(&opened)
                }
                Err(reason) => Some(reason),
            };
            if let Some(reason) = reason {
                unreadable += 1;
                report(event.id, Some(&*event.topic), &reason, output)?;
            }
            events += 1;
            progress.add(1);
        }
    }
    drop(progress);
    let is_whole = unreadable == 0 && !is_broken_off;
    // of a part of the events it would prove nothing
    let digest = is_whole.then(|| digest.finish());
    if output.is_json {
        output.json(&Verified {
            verified: place.name(),
            after: verify.after,
            last_position: position,
            events,
            missing_positions: missing,
            unreadable,
            digest,
        })?;
    } else {
        output.line(format_args!("read {} events, up to position {position}", grouped(events)))?;
        if missing > 0 {
            let missing = format!("{} positions have no event: events were deleted", grouped(missing));
            output.line(output.styled(WRONG, missing))?;
        }
        if unreadable > 0 {
            output.line(output.styled(WRONG, format!("{} events cannot be read", grouped(unreadable))))?;
        }
        if let Some(digest) = digest {
            output.line(format_args!("digest {digest}"))?;
        }
    }
    Ok(Outcome::healthy(missing == 0 && is_whole))
}

/// What is wrong with a state that could be opened.
fn fault_of(opened: &Opened) -> Option<String> {
    if opened.json().is_none() {
        Some("its state is no JSON object".to_owned())
    } else if opened.time().is_none() {
        Some("its state has no valid timestamp".to_owned())
    } else {
        None
    }
}

fn report(position: u64, topic: Option<&str>, error: &str, output: &mut Output) -> Result<(), Failure> {
    if output.is_json {
        return output.json(&Fault { position, topic, error });
    }
    let topic = topic.map_or_else(String::new, |topic| format!(", {}", Safe(topic)));
    let text = format!("position {position}{topic}: {}", Safe(error));
    output.line(output.styled(WRONG, text))
}
