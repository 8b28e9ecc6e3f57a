//! `top`: what happens now, drawn again and again: events per second, and how far consumers are.
//!
//! It is a plain redraw. A library for whole-screen programs would bring widgets, layouts and an event loop of its own for three tables that
//! nobody moves around in.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use eventsourcing::Timestamp;
use serde::Serialize;

use super::lag::{LagJson, named};
use crate::amount::duration;
use crate::arguments::{General, Top};
use crate::consumers::{Consumed, Consumers, Kind};
use crate::escape::Safe;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::notices::note;
use crate::output::{FAINT, Output, WRONG, grouped};
use crate::program::Program;
use crate::screen::Screen;
use crate::table::Columns;
use crate::views::Access;

/// How many looks a speed is the mean of.
const LOOKS: usize = 5;

/// What is seen at one moment.
struct Seen {
    at: Instant,
    logs: BTreeMap<String, u64>,
    consumers: Vec<Consumed>,
}

/// The fields of the JSON line of each look.
#[derive(Serialize)]
struct SeenJson<'s> {
    time: String,
    applications: Vec<LogJson<'s>>,
    consumers: Vec<ConsumerJson<'s>>,
}

#[derive(Serialize)]
struct LogJson<'s> {
    application: &'s str,
    last_position: u64,
    events_per_second: Option<f64>,
}

#[derive(Serialize)]
struct ConsumerJson<'s> {
    #[serde(flatten)]
    lag: LagJson<'s>,
    events_per_second: Option<f64>,
}

pub(super) async fn run(
    general: &General,
    program: &Program,
    top: &Top,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let interrupt = Interrupt::listen();
    let mut consumers = Consumers::open(general, program, &top.views, Access::Read).await?;
    let mut seen = vec![look(&mut consumers).await?];
    let is_drawn = output.is_terminal && !output.is_json;
    let screen = is_drawn.then(Screen::take);
    let watched = watch(&mut consumers, &mut seen, top, &interrupt, screen.as_ref(), output).await;
    drop(screen);
    watched?;
    if is_drawn {
        // what was seen last stays after the screen is gone
        for line in lines(&seen, &consumers, output) {
            output.line(line)?;
        }
    }
    consumers.close().await;
    Ok(Outcome::Fine)
}

async fn watch(
    consumers: &mut Consumers,
    seen: &mut Vec<Seen>,
    top: &Top,
    interrupt: &Interrupt,
    screen: Option<&Screen>,
    output: &mut Output,
) -> Result<(), Failure> {
    let (mut looks, mut failed) = (0, None);
    loop {
        show(seen, consumers, top, failed.as_deref(), screen, output)?;
        looks += 1;
        if top.count.is_some_and(|count| looks >= count) {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(top.every)) => {}
            () = interrupt.asked() => return Ok(()),
        }
        failed = match look(consumers).await {
            Ok(now) => {
                seen.push(now);
                let old = seen.len().saturating_sub(LOOKS + 1);
                seen.drain(..old);
                None
            }
            Err(Failure::Library(error)) if error.is_retryable() => {
                if screen.is_none() {
                    note(format!("{error}; trying again"));
                }
                Some(error.to_string())
            }
            Err(failure) => return Err(failure),
        };
    }
}

async fn look(consumers: &mut Consumers) -> Result<Seen, Failure> {
    let found = consumers.look().await?;
    Ok(Seen { at: Instant::now(), logs: consumers.logs().await?, consumers: found })
}

fn show(
    seen: &[Seen],
    consumers: &Consumers,
    top: &Top,
    failed: Option<&str>,
    screen: Option<&Screen>,
    output: &mut Output,
) -> Result<(), Failure> {
    if output.is_json {
        output.json(&to_json(seen, consumers.now()))?;
        return output.flush();
    }
    let lines = lines(seen, consumers, output);
    match screen {
        Some(screen) => {
            let time = output.time(Timestamp::now());
            let mut drawn = vec![format!("every {}s, at {time}; Ctrl-C ends", top.every), String::new()];
            drawn.extend(lines);
            drawn.extend(failed.map(|failed| output.styled(WRONG, format!("{}; trying again", Safe(failed)))));
            screen.draw(&drawn, output)
        }
        None => {
            lines.into_iter().try_for_each(|line| output.line(line))?;
            output.line("")?;
            output.flush()
        }
    }
}

/// How many events per second a position moved, between the first and the last look; none before there are two.
fn speed(seen: &[Seen], position: impl Fn(&Seen) -> Option<u64>) -> Option<f64> {
    let (first, last) = (seen.first()?, seen.last()?);
    let seconds = last.at.duration_since(first.at).as_secs_f64();
    let moved = position(last)?.saturating_sub(position(first)?);
    (seen.len() > 1 && seconds > 0.0).then(|| as_f64(moved) / seconds)
}

fn speed_of_log(seen: &[Seen], name: &str) -> Option<f64> {
    speed(seen, |seen| seen.logs.get(name).copied())
}

fn speed_of(seen: &[Seen], of: &Consumed) -> Option<f64> {
    let is_same = |other: &&Consumed| other.kind == of.kind && other.key == of.key && other.upstream == of.upstream;
    speed(seen, |seen| seen.consumers.iter().find(is_same).map(|of| of.position))
}

fn lines(seen: &[Seen], consumers: &Consumers, output: &Output) -> Vec<String> {
    let Some(now) = seen.last() else { return Vec::new() };
    let shown = |speed: Option<f64>| speed.map_or_else(|| "-".to_owned(), |speed| format!("{speed:.1}"));
    let mut logs = Columns::new(&["application", "events", "events/s"], 1);
    for (name, last) in &now.logs {
        logs.row(vec![Safe(name).to_string(), grouped(*last), shown(speed_of_log(seen, name))]);
    }
    let mut lines = vec![output.styled(FAINT, consumers.database.described()), String::new()];
    lines.extend(logs.lines());
    if now.consumers.is_empty() {
        return lines;
    }
    let headings = ["consumer", "log", "position", "behind", "events/s", "caught up in", "letters"];
    let mut table = Columns::new(&headings, 2);
    for of in &now.consumers {
        let speed = speed_of(seen, of);
        let name = if of.kind == Kind::Rebuild { format!("{} (rebuild)", named(of)) } else { named(of) };
        table.row(vec![
            name,
            Safe(&of.upstream).to_string(),
            grouped(of.position),
            of.behind().map_or_else(|| "?".to_owned(), grouped),
            shown(speed),
            caught_up_in(of, speed, speed_of_log(seen, &of.upstream)),
            grouped(of.letters),
        ]);
    }
    lines.push(String::new());
    lines.extend(table.lines());
    lines
}

/// How long the rest takes while the log grows as it does.
fn caught_up_in(of: &Consumed, speed: Option<f64>, of_log: Option<f64>) -> String {
    match (of.behind(), speed) {
        (Some(0), _) => "-".to_owned(),
        (Some(left), Some(speed)) => {
            let gains = speed - of_log.unwrap_or_default();
            let left = if gains > 0.0 { Duration::try_from_secs_f64(as_f64(left) / gains).ok() } else { None };
            left.map_or_else(|| "never".to_owned(), duration)
        }
        _ => "?".to_owned(),
    }
}

fn to_json<'s>(seen: &'s [Seen], time: Timestamp) -> SeenJson<'s> {
    let now = seen.last();
    let logs = now.into_iter().flat_map(|now| &now.logs);
    let applications = logs.map(|(application, last_position)| LogJson {
        application,
        last_position: *last_position,
        events_per_second: speed_of_log(seen, application),
    });
    let of = now.into_iter().flat_map(|now| &now.consumers);
    let of = of.map(|of| ConsumerJson { lag: LagJson::new(of, time, None), events_per_second: speed_of(seen, of) });
    SeenJson { time: time.to_string(), applications: applications.collect(), consumers: of.collect() }
}

#[expect(clippy::cast_precision_loss, reason = "a speed needs no more digits")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
