//! `status`: the application, its database and its newest event.

use std::time::Duration;

use eventsourcing::Timestamp;
use serde::Serialize;

use crate::arguments::Status;
use crate::escape::Safe;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::notices::note;
use crate::opened::Opened;
use crate::output::{Output, TOPIC, WRONG, grouped};
use crate::place::Place;
use crate::screen::Screen;

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
    if !status.watch {
        print(&facts, &shown, output)?;
        return Ok(Outcome::healthy(facts.error.is_none()));
    }
    let interrupt = Interrupt::listen();
    let is_drawn = output.is_terminal && !output.is_json;
    if !is_drawn {
        print(&facts, &shown, output)?;
    }
    let screen = is_drawn.then(Screen::take);
    let watched = watch(place, status, (&mut facts, &mut shown), &interrupt, screen.as_ref(), output).await;
    // what was seen last stays after the screen is gone
    drop(screen);
    watched?;
    if is_drawn {
        print(&facts, &shown, output)?;
    }
    Ok(Outcome::healthy(facts.error.is_none()))
}

/// Looks again and again, until the command is interrupted. While the database fails it waits for it.
async fn watch(
    place: &Place,
    status: &Status,
    (facts, shown): (&mut Facts, &mut Option<String>),
    interrupt: &Interrupt,
    screen: Option<&Screen>,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut failed: Option<String> = None;
    loop {
        if let Some(screen) = screen {
            let drawn = drawn(facts, shown, status, failed.as_deref(), output);
            screen.draw(&drawn, output)?;
        }
        output.flush()?;
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(status.every)) => {}
            () = interrupt.asked() => return Ok(()),
        }
        match look(place, output).await {
            Ok((now, text)) => {
                let is_new = now != *facts;
                (*facts, *shown, failed) = (now, text, None);
                if is_new && screen.is_none() {
                    print(facts, shown, output)?;
                }
            }
            Err(Failure::Library(error)) if error.is_retryable() => {
                if screen.is_none() {
                    note(format!("{error}; trying again"));
                }
                failed = Some(error.to_string());
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// What is drawn: the facts, and why they are not of now.
fn drawn(facts: &Facts, time: &Option<String>, status: &Status, failed: Option<&str>, output: &Output) -> Vec<String> {
    let now = output.time(Timestamp::now());
    let mut drawn = vec![format!("every {}s, at {now}; Ctrl-C ends", status.every), String::new()];
    drawn.extend(lines(facts, time, output));
    drawn.extend(failed.map(|failed| output.styled(WRONG, format!("{}; trying again", Safe(failed)))));
    drawn
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
    lines(facts, time, output).into_iter().try_for_each(|line| output.line(line))
}

/// What is known, as lines of text.
fn lines(facts: &Facts, time: &Option<String>, output: &Output) -> Vec<String> {
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
    let rows = rows.into_iter().map(|(name, value)| format!("{name:<13} {value}"));
    let error = facts.error.as_ref();
    let error = error.map(|error| output.styled(WRONG, format!("the newest event cannot be read: {}", Safe(error))));
    rows.chain(error).collect()
}
