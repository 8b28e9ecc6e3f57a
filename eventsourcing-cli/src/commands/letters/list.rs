//! `letters list` and `letters resolved`.

use std::collections::BTreeMap;

use eventsourcing::DeadLetter;
use eventsourcing::projection::{LetterResolution, ResolvedLetter};
use serde::Serialize;

use super::LetterJson;
use super::source::{Source, Sources};
use crate::arguments::{General, ListLetters};
use crate::commands::lag::named;
use crate::consumers::Consumers;
use crate::escape::Safe;
use crate::failure::{Failure, Outcome};
use crate::notices::note;
use crate::output::{FAINT, NUMBER, Output, TOPIC, WRONG, counted, grouped};
use crate::program::Program;
use crate::table::Columns;
use crate::views::Access;

/// The largest number of letters that are counted by reason.
const MOST: u64 = 100_000;
const PAGE: usize = 1_000;

pub(super) async fn run(
    general: &General,
    program: &Program,
    list: &ListLetters,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let Some(name) = &list.consumer else { return overview(general, program, list, output).await };
    let sources = Sources::untyped(general, program, name, list.upstream.as_deref(), &list.views).await?;
    for source in &sources.all {
        if list.by_reason {
            reasons(&sources, source, output).await?;
        } else {
            letters(&sources, source, list, output).await?;
        }
    }
    sources.close().await;
    Ok(Outcome::Fine)
}

/// How many letters each consumer has.
async fn overview(
    general: &General,
    program: &Program,
    list: &ListLetters,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    #[derive(Serialize)]
    struct Count<'c> {
        consumer: &'c str,
        version: u32,
        upstream: &'c str,
        dead_letters: u64,
    }
    let mut consumers = Consumers::open(general, program, &list.views, Access::Read).await?;
    let found = consumers.look().await?;
    consumers.close().await;
    let mut table = Columns::new(&["consumer", "log", "dead letters"], 2);
    for of in &found {
        let (consumer, upstream) = (&of.name, &of.upstream);
        if output.is_json {
            output.json(&Count { consumer, version: of.version, upstream, dead_letters: of.letters })?;
        } else {
            table.row(vec![named(of), Safe(upstream).to_string(), grouped(of.letters)]);
        }
    }
    if found.is_empty() {
        note("no consumer is recorded; --views names the database of the projections if it is another");
    } else if !output.is_json {
        table.lines().into_iter().try_for_each(|line| output.line(line))?;
    }
    Ok(Outcome::Fine)
}

async fn letters(sources: &Sources, source: &Source, list: &ListLetters, output: &mut Output) -> Result<(), Failure> {
    let limit = usize::try_from(list.limit).unwrap_or(usize::MAX);
    let page = sources.page(source, list.after, limit).await?;
    for letter in &page {
        if output.is_json {
            output.json(&LetterJson { consumer: &source.consumer, upstream: &source.upstream, letter })?;
        } else {
            line(letter, output)?;
        }
    }
    let (name, upstream) = (&source.consumer, &source.upstream);
    match page.last() {
        None => note(format!(
            "{name}, version {}, has no dead letters of {upstream} after position {}",
            source.version(),
            list.after
        )),
        Some(last) if page.len() >= limit => {
            note(format!("there may be more of {upstream}: go on with --after {}", last.notification_id));
        }
        Some(_) => {}
    }
    Ok(())
}

fn line(letter: &DeadLetter, output: &mut Output) -> Result<(), Failure> {
    let DeadLetter { notification_id, originator_id, originator_version, topic, parked_at, attempts, .. } = letter;
    let position = output.styled(NUMBER, format!("{notification_id:>8}"));
    let topic = output.styled(TOPIC, Safe(topic));
    let aggregate = output.styled(FAINT, format!("{originator_id} v{originator_version}"));
    let why = match &letter.reason {
        Some(reason) => {
            let tried = if *attempts > 1 { format!(" (tried {attempts} times)") } else { String::new() };
            output.styled(WRONG, format!("{}{tried}", Safe(reason)))
        }
        None => output.styled(FAINT, "waits for the events before it"),
    };
    output.line(format_args!("{position}  {}  {topic}  {aggregate}  {why}", output.time(*parked_at)))
}

/// The letters counted by their reasons, the most frequent first.
async fn reasons(sources: &Sources, source: &Source, output: &mut Output) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Group<'g> {
        consumer: &'g str,
        upstream: &'g str,
        reason: Option<&'g str>,
        letters: u64,
        first_position: u64,
    }
    let mut groups: BTreeMap<Option<String>, (u64, u64)> = BTreeMap::new();
    let (mut after, mut count) = (0, 0_u64);
    loop {
        let page = sources.page(source, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.notification_id;
        for letter in page {
            count += 1;
            groups.entry(letter.reason).or_insert((0, letter.notification_id)).0 += 1;
        }
        if count >= MOST {
            note(format!("counted the first {}", counted(count, "letter")));
            break;
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, (letters, _))| std::cmp::Reverse(*letters));
    for (reason, (letters, first_position)) in &groups {
        if output.is_json {
            let (consumer, upstream, reason) = (&*source.consumer, &*source.upstream, reason.as_deref());
            output.json(&Group { consumer, upstream, reason, letters: *letters, first_position: *first_position })?;
        } else {
            let reason = reason.as_deref().unwrap_or("(wait for the events before them)");
            output.line(format_args!("{:>8}  first {first_position}  {}", grouped(*letters), Safe(reason)))?;
        }
    }
    Ok(())
}

/// What became of letters, and by whom.
pub(super) async fn resolved(
    general: &General,
    program: &Program,
    list: &ListLetters,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    #[derive(Serialize)]
    struct Resolved<'r> {
        consumer: &'r str,
        upstream: &'r str,
        #[serde(flatten)]
        resolved: &'r ResolvedLetter,
    }
    let Some(name) = &list.consumer else {
        return Err(Failure::NoConsumerNamed);
    };
    let sources = Sources::typed(general, program, name, list.upstream.as_deref(), &list.views).await?;
    for source in &sources.all {
        let limit = usize::try_from(list.limit).unwrap_or(usize::MAX);
        for resolved in source.typed()?.resolved(limit).await.map_err(Failure::other)? {
            if output.is_json {
                output.json(&Resolved {
                    consumer: &source.consumer,
                    upstream: &source.upstream,
                    resolved: &resolved,
                })?;
                continue;
            }
            let DeadLetter { notification_id, topic, .. } = &resolved.letter;
            let done = match resolved.resolution {
                LetterResolution::Retried => "retried",
                _ => "discarded",
            };
            let by = resolved.operator.as_deref().unwrap_or("somebody");
            let why = resolved.why.as_deref().map(|why| format!(": {}", Safe(why))).unwrap_or_default();
            let time = output.time(resolved.resolved_at);
            output.line(format_args!("{notification_id:>8}  {time}  {}  {done} by {}{why}", Safe(topic), Safe(by)))?;
        }
    }
    sources.close().await;
    Ok(Outcome::Fine)
}
