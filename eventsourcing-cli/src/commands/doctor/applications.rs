//! The applications: the versions of their tables, indexes, their newest events, and who consumes them.

use std::time::Duration;

use eventsourcing::Timestamp;
use eventsourcing::database::{DatabaseReport, MissingIndex, RecordedApplication};

use super::{Finding, Level};
use crate::amount::duration;
use crate::arguments::{General, ViewsAt};
use crate::commands::lag::behind;
use crate::consumers::{Consumers, Kind};
use crate::database::{Database, variables};
use crate::failure::Failure;
use crate::opened::Opened;
use crate::output::counted;
use crate::place::Place;
use crate::program::Program;
use crate::views::Access;

/// With fewer events, a search for a rare topic is fast without an index, and a dictionary is not worth it.
const MANY: u64 = 1_000_000;
const ENOUGH_FOR_A_DICTIONARY: u64 = 10_000;
/// A consumer that has been waiting longer is worth a warning.
const LONG: Duration = Duration::from_secs(300);

pub(super) async fn look(
    general: &General,
    program: &Program,
    views: &ViewsAt,
    database: &Database,
    report: &DatabaseReport,
    findings: &mut Vec<Finding>,
) -> Result<(), Failure> {
    let named = general.app.clone().filter(|name| !name.is_empty());
    let is_asked = |found: &&RecordedApplication| named.as_ref().is_none_or(|name| *name == found.name);
    let mut is_any = false;
    for found in report.applications.iter().filter(is_asked) {
        is_any = true;
        if tables(found, findings) {
            events(general, program, &found.name, findings).await?;
        }
    }
    if !is_any {
        let what = named.map_or_else(|| "no application".to_owned(), |name| format!("no tables of {name}"));
        findings.push(
            Finding::new(Level::Problem, "tables", format!("{} has {what}", database.described()))
                .cure(format!("open the application once, or correct {}", database.variables())),
        );
    }
    consumers(general, program, views, findings).await
}

/// Looks at the version and the indexes. Returns whether this program can read the tables.
fn tables(found: &RecordedApplication, findings: &mut Vec<Finding>) -> bool {
    let (name, known) = (&found.name, DatabaseReport::SCHEMA_VERSION);
    let Some(version) = found.schema_version else {
        findings.push(
            Finding::new(Level::Warning, name, "this role may not read its tables")
                .cure("grant it USAGE of the schema and SELECT of the tables"),
        );
        return false;
    };
    let says =
        format!("version {version} of its tables, {}", counted(found.last_position.unwrap_or_default(), "event"));
    findings.push(if version == known {
        Finding::ok(name, says)
    } else if version < known {
        Finding::new(Level::Warning, name, format!("{says}; this program has version {known}"))
            .cure("open it with a program of this version of the library, which migrates the tables")
    } else {
        Finding::new(Level::Problem, name, format!("{says}; this program knows version {known} at most"))
            .cure("install a newer version of this command")
    });
    for MissingIndex { name: index, sql, is_optional, .. } in &found.missing_indexes {
        if !is_optional {
            let finding = Finding::new(Level::Problem, name, format!("its index {index} is missing"));
            findings.push(finding.cure("create it").sql(format!("{sql};")));
        } else if found.last_position.is_some_and(|last| last > MANY) {
            findings.push(
                Finding::new(Level::Hint, name, "searches for a rare topic read many events, because no index has topics")
                    .cure("create one, if you search often: it takes about 40 bytes for each event, and appends become about a tenth slower")
                    .sql(format!("{sql};")),
            );
        }
    }
    version == known
}

/// Opens the application, and looks at its newest event.
async fn events(general: &General, program: &Program, name: &str, findings: &mut Vec<Finding>) -> Result<(), Failure> {
    let place = match Place::named(name, general.looks(), program, variables()?).await {
        Ok(place) => place,
        Err(failure) => {
            let said = failure.to_string();
            findings.push(Finding::new(Level::Problem, name, said.lines().next().unwrap_or_default()));
            return Ok(());
        }
    };
    let last = place.last().await?;
    if let Some(event) = place.at(last).await? {
        match place.open_event(&event).await? {
            Ok(opened) => time(name, &opened, findings),
            Err(reason) => {
                let finding = Finding::new(Level::Problem, name, format!("event {last} cannot be read: {reason}"));
                findings
                    .push(finding.cure("`verify` finds all events that cannot be read; restore them from a backup"));
            }
        }
    }
    let mapper = place.application().mapper();
    if !mapper.has_cipher() {
        let says = "new events are not encrypted: who can read the database can read them";
        findings.push(Finding::new(Level::Hint, name, says).cure("set CIPHER_KEY, if they are confidential"));
    }
    if mapper.has_compressor() && mapper.dictionary_in_use().is_none() && last >= ENOUGH_FOR_A_DICTIONARY {
        let says = "states are compressed without a dictionary";
        findings
            .push(Finding::new(Level::Hint, name, says).cure(format!("eventsourcing --app {name} dictionaries train")));
    }
    place.application().close().await;
    Ok(())
}

/// An event of the future was recorded by a clock that is ahead.
fn time(name: &str, opened: &Opened, findings: &mut Vec<Finding>) {
    let ahead = opened.time().map(|time| time.duration_since(Timestamp::now()));
    let ahead = ahead.and_then(|ahead| Duration::try_from(ahead).ok()).unwrap_or_default();
    if ahead > Duration::from_secs(1) {
        findings.push(
            Finding::new(Level::Warning, name, format!("the time of its newest event is {} ahead", duration(ahead)))
                .cure("let the machine that recorded it get the time from a server of NTP"),
        );
    }
}

async fn consumers(
    general: &General,
    program: &Program,
    views: &ViewsAt,
    findings: &mut Vec<Finding>,
) -> Result<(), Failure> {
    let mut consumers = Consumers::open(general, program, views, Access::Read).await?;
    let found = consumers.look().await?;
    let now = consumers.now();
    consumers.close().await;
    for of in &found {
        let says = format!("{} behind {}", behind(of), of.upstream);
        let waiting = of.waiting(now).unwrap_or_default();
        findings.push(match waiting > LONG && of.kind != Kind::Rebuild {
            true => Finding::new(Level::Warning, &of.name, format!("{says}, for {}", duration(waiting)))
                .cure("see whether its runner runs, and what it logs"),
            false => Finding::ok(&of.name, says),
        });
        if of.letters > 0 {
            let says = format!("{} of {}", counted(of.letters, "dead letter"), of.upstream);
            let finding = Finding::new(Level::Warning, &of.name, says);
            findings.push(finding.cure(format!("eventsourcing letters list {}", of.name)));
        }
        if of.kind == Kind::Rebuild {
            let says = format!("version {} is being rebuilt", of.version);
            let finding = Finding::new(Level::Hint, &of.name, says);
            findings.push(finding.cure(format!("eventsourcing rebuild progress {}", of.name)));
        }
    }
    Ok(())
}
