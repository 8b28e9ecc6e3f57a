//! `letters show`: one dead letter with its reasons and its event.

use serde::Serialize;
use serde_json::value::RawValue;

use super::LetterJson;
use super::source::Sources;
use crate::arguments::{General, OneLetter};
use crate::escape::{Safe, safe_lines};
use crate::failure::{Failure, Outcome};
use crate::json::indented;
use crate::opened::Opened;
use crate::output::{Output, TOPIC, WRONG};
use crate::program::Program;

pub(super) async fn run(
    general: &General,
    program: &Program,
    one: &OneLetter,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    #[derive(Serialize)]
    struct Shown<'s> {
        #[serde(flatten)]
        letter: LetterJson<'s>,
        state: Option<&'s RawValue>,
    }
    let name = &one.of.consumer;
    let sources = Sources::untyped(general, program, name, one.of.upstream.as_deref(), &one.of.views).await?;
    let (source, letter) = sources.at(name, one.position).await?;
    let event = match &source.place {
        Some(place) => match place.at(one.position).await? {
            Some(event) => Some(place.open_event(&event).await?),
            None => None,
        },
        None => None,
    };
    if output.is_json {
        let letter = LetterJson { consumer: &source.consumer, upstream: &source.upstream, letter: &letter };
        let state = event.as_ref().and_then(|event| event.as_ref().ok()).and_then(Opened::json);
        output.json(&Shown { letter, state: state.and_then(|json| serde_json::from_str(json).ok()) })?;
    } else {
        let tried = match letter.attempts {
            0 => "not yet: it waits for the events before it".to_owned(),
            times => format!("{times} times"),
        };
        let mut rows = vec![
            (
                "consumer",
                format!("{} version {}, of the log of {}", Safe(name), source.version(), Safe(&source.upstream)),
            ),
            ("position", letter.notification_id.to_string()),
            ("topic", output.styled(TOPIC, Safe(&letter.topic))),
            ("aggregate", format!("{} v{}", letter.originator_id, letter.originator_version)),
            ("parked", output.time(letter.parked_at)),
            ("tried", tried),
        ];
        rows.extend(letter.tried_at.map(|time| ("last", output.time(time))));
        for (name, value) in rows {
            output.line(format_args!("{name:<10} {value}"))?;
        }
        for (what, reason) in [("reason", &letter.reason), ("first reason", &letter.first_reason)] {
            if let Some(reason) = reason {
                output.line("")?;
                let reason = output.styled(WRONG, safe_lines(reason));
                output.line(format_args!("{what}: {reason}"))?;
            }
        }
        output.line("")?;
        output.line(match &event {
            Some(Ok(opened)) => {
                opened.own_fields().map_or_else(|| "(no JSON object)".to_owned(), |json| indented(&json))
            }
            Some(Err(reason)) => format!("the event cannot be read: {}", Safe(reason)),
            None => "(the event is not there)".to_owned(),
        })?;
    }
    sources.close().await;
    Ok(Outcome::Fine)
}
