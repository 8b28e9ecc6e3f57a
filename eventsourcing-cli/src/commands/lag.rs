//! `lag`: how far consumers are behind.

use std::time::Duration;

use eventsourcing::Timestamp;
use serde::Serialize;

use crate::amount::{Limit, duration};
use crate::arguments::{General, Lag};
use crate::consumers::{Consumed, Consumers, Kind};
use crate::escape::Safe;
use crate::failure::{Failure, Outcome};
use crate::notices::note;
use crate::output::{Output, counted, grouped};
use crate::program::Program;
use crate::table::Columns;
use crate::views::Access;

/// The fields of the JSON line of a consumer.
#[derive(Serialize)]
pub(super) struct LagJson<'l> {
    consumer: &'l str,
    kind: Kind,
    version: u32,
    upstream: &'l str,
    position: u64,
    last_position: Option<u64>,
    events_behind: Option<u64>,
    seconds_behind: Option<f64>,
    dead_letters: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    beyond: Option<bool>,
}

pub(super) async fn run(
    general: &General,
    program: &Program,
    lag: &Lag,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let limit = lag.fail_over.as_deref().map(Limit::read).transpose()?;
    let mut consumers = Consumers::open(general, program, &lag.views, Access::Read).await?;
    let found = consumers.look().await?;
    let now = consumers.now();
    let described = consumers.database.described();
    consumers.close().await;
    if output.is_json {
        for of in &found {
            output.json(&LagJson::new(of, now, limit))?;
        }
    } else if !found.is_empty() {
        table(&found, now).into_iter().try_for_each(|line| output.line(line))?;
    }
    if found.is_empty() {
        note(format!(
            "{described} has the position of no consumer; --views names the database of the projections if it is another"
        ));
    }
    let beyond: Vec<&Consumed> = found.iter().filter(|of| is_beyond(of, limit, now)).collect();
    for of in &beyond {
        let limit = limit.map(Limit::shown).unwrap_or_default();
        note(format!("{} is more than {limit} behind {}", of.name, of.upstream));
    }
    Ok(Outcome::healthy(beyond.is_empty()))
}

/// Whether a consumer is further behind than it may be.
pub(super) fn is_beyond(of: &Consumed, limit: Option<Limit>, now: Timestamp) -> bool {
    limit.is_some_and(|limit| limit.is_exceeded(of.behind(), of.waiting(now)))
}

impl<'l> LagJson<'l> {
    pub(super) fn new(of: &'l Consumed, now: Timestamp, limit: Option<Limit>) -> Self {
        Self {
            consumer: &of.name,
            kind: of.kind,
            version: of.version,
            upstream: &of.upstream,
            position: of.position,
            last_position: of.last,
            events_behind: of.behind(),
            seconds_behind: of.waiting(now).as_ref().map(Duration::as_secs_f64),
            dead_letters: of.letters,
            beyond: limit.map(|_| is_beyond(of, limit, now)),
        }
    }
}

fn table(found: &[Consumed], now: Timestamp) -> Vec<String> {
    let mut table = Columns::new(&["consumer", "kind", "log", "position", "last", "behind", "waiting", "letters"], 3);
    for of in found {
        table.row(row(of, now));
    }
    table.lines()
}

/// The cells of a consumer.
pub(super) fn row(of: &Consumed, now: Timestamp) -> Vec<String> {
    let unknown = || "?".to_owned();
    vec![
        named(of),
        kind(of.kind).to_owned(),
        Safe(&of.upstream).to_string(),
        of.position.to_string(),
        of.last.map_or_else(unknown, |last| last.to_string()),
        of.behind().map_or_else(unknown, grouped),
        of.waiting(now)
            .map_or_else(unknown, |waiting| if waiting.is_zero() { "-".to_owned() } else { duration(waiting) }),
        grouped(of.letters),
    ]
}

/// The name of a consumer with its version, if it is not the first.
pub(super) fn named(of: &Consumed) -> String {
    let name = Safe(&of.name);
    if of.version == 1 { name.to_string() } else { format!("{name} v{}", of.version) }
}

/// How many events a consumer is behind, in a sentence.
pub(super) fn behind(of: &Consumed) -> String {
    of.behind().map_or_else(|| "an unknown number of events".to_owned(), |events| counted(events, "event"))
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Projection => "projection",
        Kind::Rebuild => "rebuild",
        Kind::Policy => "policy",
    }
}
