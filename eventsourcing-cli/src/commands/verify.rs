//! `verify`: reads the whole log, and checks each event.

use std::ops::ControlFlow;

use eventsourcing::application::{VerifiedLog, VerifiedPosition};
use serde::Serialize;

use crate::arguments::Verify;
use crate::escape::Safe;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::output::{Output, WRONG, grouped};
use crate::place::Place;
use crate::progress::Progress;
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
    let (mut digest, mut failure) = (LogDigest::default(), None);
    let (mut position, mut is_broken_off) = (verify.after, false);
    let progress = Progress::new("verifying", last.saturating_sub(verify.after));
    let verified = place.application().verify(verify.after.saturating_add(1)..=last, |found| {
        let reported = match found {
            VerifiedPosition::Sound { event, json } => {
                position = event.id;
                digest.add_json(event.as_ref(), json);
                progress.add(1);
                Ok(())
            }
            VerifiedPosition::Unreadable { event, fault } => {
                position = event.id;
                progress.add(1);
                report(event.id, Some(&*event.topic), &fault.to_string(), output)
            }
            VerifiedPosition::Broken { position, error } => {
                is_broken_off = true;
                report(position, None, &error.to_string(), output)
            }
            VerifiedPosition::Missing { positions } => {
                let (first, last) = positions.into_inner();
                let missing = match first == last {
                    true => "there is no event: it was deleted".to_owned(),
                    false => format!("there is no event up to position {last}: they were deleted"),
                };
                report(first, None, &missing, output)
            }
            // what a later version of the library finds
            other => report(position.saturating_add(1), None, &format!("{other:?}"), output),
        };
        failure = reported.err();
        if failure.is_some() || interrupt.is_asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let verified = verified.await?;
    drop(progress);
    if let Some(failure) = failure {
        return Err(failure);
    }
    if !verified.is_complete() && !is_broken_off {
        return Err(Failure::VerifyInterrupted { position, last });
    }
    let VerifiedLog { events, missing, unreadable, .. } = verified;
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

fn report(position: u64, topic: Option<&str>, error: &str, output: &mut Output) -> Result<(), Failure> {
    if output.is_json {
        return output.json(&Fault { position, topic, error });
    }
    let topic = topic.map_or_else(String::new, |topic| format!(", {}", Safe(topic)));
    let text = format!("position {position}{topic}: {}", Safe(error));
    output.line(output.styled(WRONG, text))
}
