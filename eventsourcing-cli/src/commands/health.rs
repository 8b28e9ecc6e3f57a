//! `health`: a probe, whose exit code says whether an application is well.

use eventsourcing::Error;
use serde::Serialize;

use super::lag::{behind, is_beyond, named};
use crate::amount::Limit;
use crate::arguments::{General, Health};
use crate::consumers::Consumers;
use crate::database::{Database, variables};
use crate::escape::Safe;
use crate::failure::{Failure, Outcome};
use crate::output::{ADDED, Output, WRONG, counted};
use crate::place::Place;
use crate::program::Program;
use crate::views::Access;

/// The result of a check; the fields of its JSON line.
#[derive(Serialize)]
struct Check {
    check: &'static str,
    healthy: bool,
    says: String,
}

impl Check {
    fn new(check: &'static str, healthy: bool, says: impl Into<String>) -> Self {
        Self { check, healthy, says: says.into() }
    }
}

pub(super) async fn run(
    general: &General,
    program: &Program,
    health: &Health,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let limit = health.lag.as_deref().map(Limit::read).transpose()?;
    let mut checks = Vec::new();
    match look(general, program, health, limit, &mut checks).await {
        Ok(()) => {}
        // the probe itself is wrong, and says nothing of the application
        Err(failure) if failure.is_of_configuration() => return Err(failure),
        Err(failure) => checks.push(Check::new("database", false, first_line(&failure))),
    }
    let is_healthy = checks.iter().all(|check| check.healthy);
    for check in &checks {
        if output.is_json {
            output.json(check)?;
            continue;
        }
        let mark = if check.healthy { output.styled(ADDED, "ok    ") } else { output.styled(WRONG, "FAILED") };
        output.line(format_args!("{mark}  {:<9}  {}", check.check, Safe(&check.says)))?;
    }
    Ok(Outcome::healthy(is_healthy))
}

async fn look(
    general: &General,
    program: &Program,
    health: &Health,
    limit: Option<Limit>,
    checks: &mut Vec<Check>,
) -> Result<(), Failure> {
    let names = names(general, program).await?;
    for name in names {
        let place = Place::named(&name, general.looks(), program, variables()?).await;
        let place = match place {
            Err(Failure::Library(error)) if is_of_key(&error) => {
                checks.push(Check::new("events", false, error.to_string()));
                continue;
            }
            place => place?,
        };
        let says = format!("{} answers, and has the tables of {name}", place.database.described());
        checks.push(Check::new("database", true, says));
        checks.push(newest(&place).await?);
        place.application().close().await;
    }
    if limit.is_some() || health.letters.is_some() || health.views.views.is_some() {
        consumers(general, program, health, limit, checks).await?;
    }
    Ok(())
}

/// The applications that are checked: the one that is named, those of the program, or all that the database has.
pub(super) async fn names(general: &General, program: &Program) -> Result<Vec<String>, Failure> {
    if let Some(name) = general.app.clone().filter(|name| !name.is_empty()) {
        return Ok(vec![name]);
    }
    if !program.applications.is_empty() {
        return Ok(program.applications.iter().map(|application| application.name.to_owned()).collect());
    }
    let environment = eventsourcing::Environment::from_variables("", variables()?);
    let database = Database::of(&environment, general.looks())?;
    let found: Vec<String> = database.report().await?.applications.into_iter().map(|found| found.name).collect();
    if found.is_empty() {
        return Err(Failure::NoneFound { database: database.described(), variables: database.variables() });
    }
    Ok(found)
}

/// Whether the newest event can be read with the key that is configured.
async fn newest(place: &Place) -> Result<Check, Failure> {
    let last = place.last().await?;
    let Some(event) = place.at(last).await? else {
        let is_empty = last == 0;
        let says = if is_empty { "no event is recorded yet" } else { "the newest event is missing from the log" };
        return Ok(Check::new("events", is_empty, says));
    };
    Ok(match place.open_event(&event).await? {
        Ok(_) => Check::new("events", true, format!("the newest of {} can be read", counted(last, "event"))),
        Err(reason) => Check::new("events", false, format!("event {last} cannot be read: {reason}")),
    })
}

async fn consumers(
    general: &General,
    program: &Program,
    health: &Health,
    limit: Option<Limit>,
    checks: &mut Vec<Check>,
) -> Result<(), Failure> {
    let mut consumers = Consumers::open(general, program, &health.views, Access::Read).await?;
    let found = consumers.look().await?;
    let now = consumers.now();
    consumers.close().await;
    for of in &found {
        let says = format!("{} is {} behind {}", named(of), behind(of), of.upstream);
        checks.push(Check::new("lag", !is_beyond(of, limit, now), says));
        if let Some(most) = health.letters {
            let says = format!("{} has {} of {}", named(of), letters(of.letters), of.upstream);
            checks.push(Check::new("letters", of.letters <= most, says));
        }
    }
    if found.is_empty() {
        checks.push(Check::new("lag", false, "the position of no consumer is found; check --views"));
    }
    Ok(())
}

/// Whether the application cannot be opened because its events are encrypted otherwise than configured.
fn is_of_key(error: &Error) -> bool {
    matches!(error, Error::Mapper(_))
}

/// A failure without the statements that would mend it.
fn first_line(failure: &Failure) -> String {
    failure.to_string().lines().next().unwrap_or_default().to_owned()
}

fn letters(number: u64) -> String {
    if number == 0 { "no dead letters".to_owned() } else { counted(number, "dead letter") }
}
