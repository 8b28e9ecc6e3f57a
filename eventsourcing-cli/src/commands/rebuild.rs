//! `rebuild`: zero-downtime rebuilds of projections.

use std::time::{Duration, Instant};

use eventsourcing::audit::AuditEntry;
use eventsourcing::projection::RebuildState;
use serde::Serialize;

use super::letters::name_of;
use crate::amount::duration;
use crate::arguments::{General, Rebuild, RebuildAbort, RebuildProgress, RebuildStart, RebuildSwitch};
use crate::confirm::confirm;
use crate::consumer::Rebuilding;
use crate::consumers::{Consumed, Consumers, Kind};
use crate::database::variables;
use crate::escape::Safe;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::notices::note;
use crate::output::{Output, counted, grouped};
use crate::place::Place;
use crate::program::Program;
use crate::progress::Progress;
use crate::views::Access;

/// How often the progress is looked at.
const EVERY: Duration = Duration::from_millis(250);
/// How often the progress of another process is looked at.
const WATCH: Duration = Duration::from_secs(1);

pub(super) async fn run(
    general: &General,
    program: &Program,
    rebuild: &Rebuild,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    match rebuild {
        Rebuild::Progress(options) => progress(general, program, options, output).await,
        Rebuild::Start(options) => start(general, program, options, output).await,
        Rebuild::Switch(options) => switch(general, program, options, output).await,
        Rebuild::Abort(options) => abort(general, program, options, output).await,
    }
}

/// How far a rebuild has processed one log; the fields of its JSON line.
#[derive(Serialize)]
struct ProgressJson<'p> {
    projection: &'p str,
    version: u32,
    upstream: &'p str,
    position: u64,
    last_position: Option<u64>,
    events_left: Option<u64>,
    /// By how fast it was since it was looked at first.
    events_per_second: Option<f64>,
    seconds_left: Option<f64>,
}

async fn progress(
    general: &General,
    program: &Program,
    options: &RebuildProgress,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let interrupt = Interrupt::listen();
    let mut consumers = Consumers::open(general, program, &options.views, Access::Read).await?;
    let is_meant = |of: &Consumed| {
        of.kind == Kind::Rebuild && options.projection.as_ref().is_none_or(|projection| of.name == *projection)
    };
    let began = Instant::now();
    let mut first: Option<Vec<Consumed>> = None;
    loop {
        let found: Vec<Consumed> = consumers.look().await?.into_iter().filter(is_meant).collect();
        if found.is_empty() {
            consumers.close().await;
            return match &options.projection {
                Some(name) if first.is_none() => Err(Failure::NoRebuild { name: name.clone(), cure: None }),
                _ => {
                    note(if first.is_none() { "no projection is being rebuilt" } else { "the rebuild has ended" });
                    Ok(Outcome::Fine)
                }
            };
        }
        for of in &found {
            let before = first.iter().flatten().find(|before| before.key == of.key && before.upstream == of.upstream);
            let speed = before.map(|before| rate(of.position.saturating_sub(before.position), began.elapsed()));
            say(of, speed, output)?;
        }
        output.flush()?;
        let is_done = found.iter().all(|of| of.behind() == Some(0));
        first.get_or_insert(found);
        if !options.watch || is_done || interrupt.is_asked() {
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(WATCH) => {}
            () = interrupt.asked() => break,
        }
    }
    consumers.close().await;
    Ok(Outcome::Fine)
}

fn say(of: &Consumed, speed: Option<f64>, output: &mut Output) -> Result<(), Failure> {
    let left = of.behind();
    let seconds_left = match (left, speed) {
        (Some(0), _) => Some(0.0),
        (Some(left), Some(speed)) if speed > 0.0 => Some(as_f64(left) / speed),
        _ => None,
    };
    if output.is_json {
        return output.json(&ProgressJson {
            projection: &of.name,
            version: of.version,
            upstream: &of.upstream,
            position: of.position,
            last_position: of.last,
            events_left: left,
            events_per_second: speed,
            seconds_left,
        });
    }
    let last = of.last.map_or_else(|| "?".to_owned(), grouped);
    let percent = of.last.filter(|last| *last > 0).map(|last| as_f64(of.position) / as_f64(last) * 100.0);
    let percent = percent.map(|percent| format!(" ({percent:.1} %)")).unwrap_or_default();
    let speed = speed.map(|speed| format!(", {speed:.0}/s")).unwrap_or_default();
    let time = seconds_left.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let time = match time {
        Some(time) if time.is_zero() => ", caught up".to_owned(),
        Some(time) => format!(", {} left", duration(time)),
        None => String::new(),
    };
    let (name, version, upstream) = (Safe(&of.name), of.version, Safe(&of.upstream));
    output.line(format_args!("{name} v{version}  {upstream}  {} of {last}{percent}{speed}{time}", grouped(of.position)))
}

/// The applications whose logs a projection consumes, opened, and its rebuild.
async fn begin(general: &General, program: &Program, name: &str) -> Result<(Vec<Place>, Box<dyn Rebuilding>), Failure> {
    let consumer = program.consumer(name).ok_or_else(|| Failure::NoConsumerType { name: name.to_owned() })?;
    let variables = variables()?;
    let mut places = Vec::new();
    for upstream in consumer.upstreams() {
        places.push(Place::named(upstream, general.looks(), program, variables.clone()).await?);
    }
    let applications: Vec<_> = places.iter().map(|place| place.application().clone()).collect();
    let rebuild = consumer.rebuild(&applications).ok_or_else(|| Failure::NoRebuild {
        name: name.to_owned(),
        cure: Some("a policy has no view, and a projection needs the names of its applications".to_owned()),
    })?;
    let rebuild = rebuild.await?;
    Ok((places, rebuild))
}

/// Waits until a rebuild has caught up.
async fn catch_up(name: &str, rebuild: &dyn Rebuilding, interrupt: &Interrupt) -> Result<u64, Failure> {
    let mut shown = rebuild.progress().await?;
    let progress = Progress::new("rebuild", shown.last);
    progress.add(shown.position);
    loop {
        match &shown.state {
            RebuildState::CaughtUp | RebuildState::Switched => return Ok(shown.position),
            RebuildState::Failed(error) => {
                return Err(Failure::RebuildFailed { name: name.to_owned(), reason: error.to_string() });
            }
            _ => {}
        }
        if interrupt.is_asked() {
            let (position, last) = (shown.position, shown.last);
            return Err(Failure::RebuildInterrupted { name: name.to_owned(), position, last });
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = interrupt.asked() => {}
        }
        let before = shown.position;
        shown = rebuild.progress().await?;
        progress.set_last(shown.last);
        progress.add(shown.position.saturating_sub(before));
    }
}

/// The fields of the JSON line after a rebuild has caught up or was switched to.
#[derive(Serialize)]
struct Done<'d> {
    projection: &'d str,
    version: u32,
    position: u64,
    live: bool,
}

async fn start(
    general: &General,
    program: &Program,
    options: &RebuildStart,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let interrupt = Interrupt::listen();
    let name = &options.projection;
    let (places, rebuild) = begin(general, program, name).await?;
    let caught_up = catch_up(name, &*rebuild, &interrupt).await;
    // it continues from here when it is switched to
    rebuild.leave();
    let position = caught_up?;
    close(places).await;
    let version = program.consumer(name).map(|consumer| consumer.version()).unwrap_or_default();
    if output.is_json {
        output.json(&Done { projection: name, version, position, live: false })?;
    } else {
        output.line(format_args!("version {version} of {name} has caught up, {}", counted(position, "event")))?;
        note(format!(
            "the live version is in use as before: `rebuild switch {name}` replaces it, `rebuild abort {name}` removes this one"
        ));
    }
    Ok(Outcome::Fine)
}

async fn switch(
    general: &General,
    program: &Program,
    options: &RebuildSwitch,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let interrupt = Interrupt::listen();
    let name = &options.projection;
    let consumer = program.consumer(name).ok_or_else(|| Failure::NoConsumerType { name: name.clone() })?;
    let version = consumer.version();
    let recorded = consumer.recorded().await?;
    let rebuilt = recorded.as_ref().and_then(|recorded| recorded.rebuilt.as_ref()).map(|rebuilt| rebuilt.version);
    if rebuilt != Some(version) {
        let live = recorded.map(|recorded| recorded.live.version);
        let cure = match live {
            Some(live) if live == version => format!("version {version} is live already"),
            _ => format!("begin with `rebuild start {name}`"),
        };
        return Err(Failure::NoRebuild { name: name.clone(), cure: Some(cure) });
    }
    let live = recorded.map(|recorded| recorded.live.version).unwrap_or_default();
    let what = format!(
        "version {version} of {name} will replace version {live}, whose tables are dropped and whose runners stop"
    );
    confirm(&what, name, options.yes)?;
    let (places, mut rebuild) = begin(general, program, name).await?;
    let position = match catch_up(name, &*rebuild, &interrupt).await {
        Ok(position) => position,
        Err(failure) => {
            rebuild.leave();
            return Err(failure);
        }
    };
    if let Err(failure) = rebuild.switch(Duration::from_secs(options.wait)).await {
        rebuild.leave();
        return Err(failure);
    }
    close(places).await;
    if output.is_json {
        output.json(&Done { projection: name, version, position, live: true })?;
    } else {
        output.line(format_args!("version {version} of {name} is live; start its runners"))?;
    }
    Ok(Outcome::Fine)
}

async fn abort(
    general: &General,
    program: &Program,
    options: &RebuildAbort,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    #[derive(Serialize)]
    struct Aborted<'a> {
        projection: &'a str,
        aborted: u32,
    }
    let name = &options.projection;
    let general = &General { app: None, ..general.clone() };
    let mut consumers = Consumers::open(general, program, &options.views, Access::Write).await?;
    let found = consumers.look().await?;
    let no_rebuild = || Failure::NoRebuild { name: name.clone(), cure: None };
    let recorded = match &consumers.views {
        Some(views) => views.projections().await?.into_iter().find(|projection| projection.name == *name),
        None => None,
    };
    let Some(recorded) = recorded else {
        let found = found.into_iter().filter(|of| of.kind == Kind::Projection).map(|of| of.name).collect();
        return Err(Failure::NoConsumer { name: name.clone(), found });
    };
    let version = recorded.rebuilt.as_ref().map(|rebuilt| rebuilt.version).ok_or_else(no_rebuild)?;
    let what = format!("the rebuild of version {version} of {name} will be aborted, and its tables dropped");
    confirm(&what, name, options.operator.yes)?;
    let views = consumers.views.as_ref().ok_or_else(no_rebuild)?;
    let entry = AuditEntry::new(name_of(&options.operator), "rebuild:abort", format!("{name} version {version}"));
    let entry = entry.because(options.operator.reason.clone());
    let id = views.audit().begin(entry).await.map_err(Failure::other)?;
    let aborted = views.abort_rebuild(name).await;
    let outcome = match &aborted {
        Ok(Some(version)) => format!("the rebuild of version {version} was aborted"),
        Ok(None) => "there was no rebuild any more".to_owned(),
        Err(failure) => failure.to_string(),
    };
    views.audit().end(id, outcome).await.map_err(Failure::other)?;
    let aborted = aborted?.ok_or_else(no_rebuild)?;
    consumers.close().await;
    if output.is_json {
        output.json(&Aborted { projection: name, aborted })?;
    } else {
        output.line(format_args!("the rebuild of version {aborted} of {name} was aborted, and its tables removed"))?;
    }
    Ok(Outcome::Fine)
}

async fn close(places: Vec<Place>) {
    for place in places {
        place.application().close().await;
    }
}

/// The number of events per second.
fn rate(events: u64, took: Duration) -> f64 {
    let seconds = took.as_secs_f64();
    if seconds > 0.0 { as_f64(events) / seconds } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "a speed and a share need no more digits")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
