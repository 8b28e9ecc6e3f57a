//! `status`: the application, its database and its newest event.

use std::time::Duration;

use serde::Serialize;

use crate::arguments::Status;
use crate::escape::Safe;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::opened::Opened;
use crate::output::{Output, TOPIC, WRONG, grouped};
use crate::place::Place;

/// What is known of an application; the fields of its JSON line.
#[derive(PartialEq, Serialize)]
struct Facts {
    application: String,
    database: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<String>,
    last_position: u64,
    newest_time: Option<String>,
    newest_topic: Option<String>,
    dictionaries: usize,
    dictionary_in_use: Option<u32>,
    compresses: bool,
    encrypts: bool,
    newest_is_encrypted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(super) async fn run(place: &Place, status: &Status, output: &mut Output) -> Result<Outcome, Failure> {
    let (mut facts, mut shown) = look(place, output).await?;
    print(&facts, &shown, output)?;
    if !status.watch {
        return Ok(Outcome::healthy(facts.error.is_none()));
    }
    let interrupt = Interrupt::listen();
    output.flush()?;
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(status.every)) => {}
            () = interrupt.asked() => return Ok(Outcome::healthy(facts.error.is_none())),
        }
        let (now, text) = look(place, output).await?;
        if now != facts {
            (facts, shown) = (now, text);
            if output.is_terminal && !output.is_json {
                // home, and clear what is below
                output.line("\u{1b}[H\u{1b}[J")?;
            }
            print(&facts, &shown, output)?;
            output.flush()?;
        }
    }
}

/// Looks at the application. The text is the newest event's time as it is shown.
async fn look(place: &Place, output: &Output) -> Result<(Facts, Option<String>), Failure> {
    let last = place.last().await?;
    let newest = place.at(last).await?;
    let opened = match &newest {
        Some(event) => Some(place.open_event(event).await?),
        None => None,
    };
    let mapper = place.application().mapper();
    let time = opened.as_ref().and_then(|opened| opened.as_ref().ok()).and_then(Opened::time);
    let facts = Facts {
        application: place.name().to_owned(),
        database: place.database.name(),
        schema: place.database.schema().map(str::to_owned),
        last_position: last,
        newest_time: time.map(|time| time.to_string()),
        newest_topic: newest.as_ref().map(|event| event.topic.to_string()),
        dictionaries: place.recorder().select_dictionaries(0).await?.len(),
        dictionary_in_use: mapper.dictionary_in_use(),
        compresses: mapper.has_compressor(),
        encrypts: mapper.has_cipher(),
        newest_is_encrypted: newest.as_ref().map(|event| event.checksum.is_none()),
        error: opened.and_then(Result::err),
    };
    Ok((facts, time.map(|time| output.time(time))))
}

fn print(facts: &Facts, time: &Option<String>, output: &mut Output) -> Result<(), Failure> {
    if output.is_json {
        return output.json(facts);
    }
    let database = match &facts.schema {
        Some(schema) => format!("{}, schema {schema}", facts.database),
        None => facts.database.clone(),
    };
    let newest = match (&facts.newest_topic, time) {
        (Some(topic), Some(time)) => format!("{time}  {}", output.styled(TOPIC, Safe(topic))),
        (Some(topic), None) => output.styled(TOPIC, Safe(topic)),
        (None, _) => "(none)".to_owned(),
    };
    let dictionaries = match (facts.dictionaries, facts.dictionary_in_use) {
        (0, _) => "none".to_owned(),
        (count, Some(id)) => format!("{count}, new events use {id}"),
        (count, None) => format!("{count}, new events use none"),
    };
    let states = match (facts.compresses, facts.encrypts) {
        (true, true) => "compressed and encrypted",
        (true, false) => "compressed",
        (false, true) => "encrypted",
        (false, false) => "plain JSON",
    };
    let rows = [
        ("application", Safe(&facts.application).to_string()),
        ("database", Safe(&database).to_string()),
        ("events", format!("{}, the last position", grouped(facts.last_position))),
        ("newest", newest),
        ("states", format!("{states}, by these environment variables")),
        ("dictionaries", dictionaries),
    ];
    for (name, value) in rows {
        output.line(format_args!("{name:<13} {value}"))?;
    }
    if let Some(error) = &facts.error {
        let error = output.styled(WRONG, format!("the newest event cannot be read: {}", Safe(error)));
        output.line(error)?;
    }
    Ok(())
}
