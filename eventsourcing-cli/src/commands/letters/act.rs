//! `letters dry-run`, `letters retry` and `letters discard`.

use std::collections::BTreeSet;

use eventsourcing::projection::{AnyDeadLetters, DryRun, OperatorNote};
use eventsourcing::{DeadLetterError, Uuid};
use serde::Serialize;

use super::operator;
use super::source::{Source, Sources};
use crate::arguments::{ActOnLetters, General, LettersOf, SomeLetters, Which};
use crate::confirm::confirm;
use crate::escape::Safe;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::notices::note;
use crate::output::{Output, WRONG, counted};
use crate::program::Program;
use crate::progress::Progress;

/// The largest number of letters that are read at a time.
const PAGE: usize = 1_000;

/// What became of the letters of an aggregate; the fields of its JSON line.
#[derive(Serialize)]
struct Done<'d> {
    consumer: &'d str,
    upstream: &'d str,
    aggregate: Uuid,
    /// `would_succeed`, `would_fail`, `not_tried`, `retried`, `failed` or `discarded`.
    outcome: &'static str,
    events: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// The aggregates whose letters are meant, by source.
struct Meant<'s> {
    targets: Vec<(&'s Source, Uuid)>,
    letters: u64,
}

async fn open(
    general: &General,
    program: &Program,
    LettersOf { consumer, upstream, views }: &LettersOf,
) -> Result<Sources, Failure> {
    Sources::typed(general, program, consumer, upstream.as_deref(), views).await
}

async fn meant<'s>(sources: &'s Sources, of: &LettersOf, which: &Which) -> Result<Meant<'s>, Failure> {
    if let Some(position) = which.position {
        let (source, letter) = sources.at(&of.consumer, position).await?;
        let is_its = |other: &eventsourcing::DeadLetter| other.originator_id == letter.originator_id;
        let letters = all(sources, source).await?.iter().filter(|other| is_its(other)).count();
        let letters = u64::try_from(letters).unwrap_or(u64::MAX);
        return Ok(Meant { targets: vec![(source, letter.originator_id)], letters });
    }
    let mut meant = Meant { targets: Vec::new(), letters: 0 };
    for source in &sources.all {
        let mut seen = BTreeSet::new();
        for letter in all(sources, source).await? {
            if which.aggregate.is_none_or(|id| id == letter.originator_id) {
                meant.letters += 1;
                if seen.insert(letter.originator_id) {
                    meant.targets.push((source, letter.originator_id));
                }
            }
        }
    }
    Ok(meant)
}

/// All letters of a source.
async fn all(sources: &Sources, source: &Source) -> Result<Vec<eventsourcing::DeadLetter>, Failure> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = sources.page(source, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = last.notification_id;
        all.extend(page);
    }
}

pub(super) async fn dry_run(
    general: &General,
    program: &Program,
    some: &SomeLetters,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let interrupt = Interrupt::listen();
    let sources = open(general, program, &some.of).await?;
    let meant = meant(&sources, &some.of, &some.which).await?;
    let mut is_healthy = true;
    for (source, id) in &meant.targets {
        if interrupt.is_asked() {
            break;
        }
        let tried = source.typed()?.dry_run(*id).await.map_err(Failure::other)?;
        is_healthy &= tried.would_succeed();
        let (outcome, events, error) = match &tried {
            DryRun::WouldSucceed { events, .. } => ("would_succeed", *events, None),
            DryRun::WouldFail { handled, cause, .. } => ("would_fail", *handled, Some(cause.to_string())),
            DryRun::NotTried { cause, .. } => ("not_tried", 0, Some(cause.to_string())),
            _ => ("not_tried", 0, None),
        };
        if output.is_json {
            let (consumer, upstream) = (&source.consumer, &source.upstream);
            output.json(&Done { consumer, upstream, aggregate: *id, outcome, events, error })?;
        } else {
            output.line(format_args!("{id}  {}", Safe(&tried.to_string())))?;
        }
    }
    if meant.targets.is_empty() {
        note(format!("{} has no such dead letters", some.of.consumer));
    }
    sources.close().await;
    Ok(Outcome::healthy(is_healthy))
}

pub(super) async fn retry(
    general: &General,
    program: &Program,
    some: &ActOnLetters,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let interrupt = Interrupt::listen();
    let sources = open(general, program, &some.of).await?;
    let meant = meant(&sources, &some.of, &some.which).await?;
    let (letters, aggregates) = (meant.letters, u64::try_from(meant.targets.len()).unwrap_or(u64::MAX));
    if letters > 0 {
        let what = format!(
            "{} of {} will be handled again, of {}",
            counted(letters, "dead letter"),
            some.of.consumer,
            counted(aggregates, "aggregate")
        );
        confirm(&what, &letters.to_string(), some.operator.yes)?;
    }
    let note_of = operator(&some.operator);
    let progress = Progress::new("retrying", aggregates);
    let mut is_healthy = true;
    for (source, id) in &meant.targets {
        if interrupt.is_asked() {
            note("stopped; what was handled stays handled, and the other letters stay");
            is_healthy = false;
            break;
        }
        let retried = source.typed()?.retry_with(*id, &note_of).await;
        progress.add(1);
        let (outcome, events, error) = match retried {
            Ok(events) => ("retried", events, None),
            // another operator was faster
            Err(DeadLetterError::NoneOf { .. }) => continue,
            Err(error) => ("failed", 0, Some(chain(&error))),
        };
        is_healthy &= error.is_none();
        say(source, *id, (outcome, events, error), output)?;
    }
    drop(progress);
    if meant.targets.is_empty() {
        note(format!("{} has no such dead letters", some.of.consumer));
    }
    sources.close().await;
    Ok(Outcome::healthy(is_healthy))
}

pub(super) async fn discard(
    general: &General,
    program: &Program,
    some: &ActOnLetters,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    if some.operator.reason.is_none() {
        return Err(Failure::NoReason);
    }
    let interrupt = Interrupt::listen();
    let sources = open(general, program, &some.of).await?;
    let note_of = operator(&some.operator);
    let lost = "for ever; the events stay in the log";
    if let Some(position) = some.which.position {
        let (source, letter) = sources.at(&some.of.consumer, position).await?;
        let what = format!("the dead letter {position} of {} will be discarded {lost}", some.of.consumer);
        confirm(&what, "1", some.operator.yes)?;
        source.typed()?.discard_with(position, &note_of).await.map_err(Failure::other)?;
        say(source, letter.originator_id, ("discarded", 1, None), output)?;
        sources.close().await;
        return Ok(Outcome::Fine);
    }
    let meant = meant(&sources, &some.of, &some.which).await?;
    if meant.letters > 0 {
        let letters = counted(meant.letters, "dead letter");
        let what = format!("{letters} of {} will be discarded {lost}", some.of.consumer);
        confirm(&what, &meant.letters.to_string(), some.operator.yes)?;
    }
    for (source, id) in &meant.targets {
        if interrupt.is_asked() {
            note("stopped; the other letters stay");
            break;
        }
        match discard_all(source.typed()?, *id, &note_of).await? {
            0 => {}
            count => say(source, *id, ("discarded", count, None), output)?,
        }
    }
    if meant.targets.is_empty() {
        note(format!("{} has no such dead letters", some.of.consumer));
    }
    sources.close().await;
    Ok(Outcome::Fine)
}

async fn discard_all(letters: &AnyDeadLetters, id: Uuid, note: &OperatorNote) -> Result<usize, Failure> {
    match letters.discard_all_with(id, note).await {
        Ok(count) => Ok(count),
        // another operator was faster
        Err(DeadLetterError::NoneOf { .. }) => Ok(0),
        Err(error) => Err(Failure::other(error)),
    }
}

fn say(
    source: &Source,
    aggregate: Uuid,
    (outcome, events, error): (&'static str, usize, Option<String>),
    output: &mut Output,
) -> Result<(), Failure> {
    if output.is_json {
        let (consumer, upstream) = (&source.consumer, &source.upstream);
        output.json(&Done { consumer, upstream, aggregate, outcome, events, error })?;
        return output.flush();
    }
    let events = counted(u64::try_from(events).unwrap_or(u64::MAX), "event");
    match error {
        None => output.line(format_args!("{aggregate}  {events} {outcome}")),
        Some(error) => {
            let error = output.styled(WRONG, Safe(&error));
            output.line(format_args!("{aggregate}  failed again: {error}"))
        }
    }
}

/// An error with its sources on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    text
}
