//! `state`: the state of an aggregate, with what its event changed and which event last changed each field.

use eventsourcing::application::{AggregateState, AggregateType, Blame, FieldChange, ShownState};
use eventsourcing::{Timestamp, Uuid};
use serde::Serialize;
use serde_json::Value;

use super::last_seen::{self, LastSeen};
use super::typed::{Found, not_comparable, print_changes};
use crate::arguments::State;
use crate::escape::{Safe, safe_lines};
use crate::failure::{Failure, Outcome};
use crate::json::{indented, one_line};
use crate::notices::note;
use crate::output::{FAINT, Output, TOPIC};
use crate::place::Place;

/// The state that is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum At {
    Now,
    Version(u64),
    Time(Timestamp),
}

impl At {
    /// A number is a version, and everything else a time.
    fn read(at: Option<&str>, output: &Output) -> Result<Self, Failure> {
        let Some(at) = at else { return Ok(Self::Now) };
        match at.parse() {
            Ok(0) => Err(Failure::VersionZero),
            Ok(version) => Ok(Self::Version(version)),
            Err(_) => output.zone().read(at).map(Self::Time),
        }
    }
}

pub(super) async fn run(place: &Place, state: &State, output: &mut Output) -> Result<Outcome, Failure> {
    let at = At::read(state.at.as_deref(), output)?;
    let found = Found::find(place, state.id).await?;
    let Some(of_type) = found.of_type else {
        if state.diff {
            // without the type nothing is known of the state before
            found.typed(place)?;
        }
        note(format!(
            "{}. These are the fields last seen in its events, which are not its state",
            reason(place, &found)
        ));
        return last_seen::run(place, state.id, at, output).await;
    };
    let application = place.application();
    let loaded = match at {
        At::Now => of_type.load(application, state.id).await?,
        At::Version(version) => of_type.load_at(application, state.id, version).await?,
        At::Time(time) => of_type.load_as_of(application, state.id, time).await?,
    };
    let blame = match state.diff || state.blame {
        true => Some(blame(place, of_type, &loaded).await?),
        false => None,
    };
    if output.is_json {
        output.json(&StateJson::new(&loaded, blame.as_ref(), state))?;
    } else {
        print(&loaded, blame.as_ref(), state, output)?;
    }
    if loaded.state == ShownState::Hidden {
        note(format!("states of `{}` cannot be shown: derive Serialize or Debug for it", of_type.name()));
        return last_seen::run(place, state.id, At::Version(loaded.version), output).await;
    }
    Ok(Outcome::Fine)
}

async fn blame(place: &Place, of_type: &AggregateType, loaded: &AggregateState) -> Result<Blame, Failure> {
    let blame = of_type.blame(place.application(), loaded.id, loaded.version).await?;
    blame.ok_or_else(|| not_comparable(of_type))
}

/// Why the state cannot be shown.
fn reason(place: &Place, found: &Found<'_>) -> String {
    found.typed(place).err().map(|failure| failure.to_string()).unwrap_or_default()
}

/// The fields of the JSON line.
#[derive(Serialize)]
struct StateJson<'s> {
    aggregate: &'s str,
    id: Uuid,
    version: u64,
    created_on: String,
    modified_on: String,
    state: Option<&'s Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<&'s [FieldChange]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blame: Option<BlameJson<'s>>,
}

/// Which event last changed each field.
#[derive(Serialize)]
struct BlameJson<'s> {
    since: u64,
    fields: &'s [eventsourcing::application::FieldBlame],
}

impl<'s> StateJson<'s> {
    fn new(loaded: &'s AggregateState, blame: Option<&'s Blame>, asked: &State) -> Self {
        let (state, text) = match &loaded.state {
            ShownState::Json(state) => (Some(state), None),
            ShownState::Debug(text) => (None, Some(text.as_str())),
            _ => (None, None),
        };
        Self {
            aggregate: loaded.aggregate,
            id: loaded.id,
            version: loaded.version,
            created_on: loaded.created_on.to_string(),
            modified_on: loaded.modified_on.to_string(),
            state,
            text,
            changes: blame.filter(|_| asked.diff).map(|blame| &blame.changes[..]),
            blame: blame.filter(|_| asked.blame).map(|blame| BlameJson { since: blame.since, fields: &blame.fields }),
        }
    }
}

fn print(loaded: &AggregateState, blame: Option<&Blame>, asked: &State, output: &mut Output) -> Result<(), Failure> {
    let AggregateState { aggregate, id, version, created_on, modified_on, .. } = loaded;
    let rows = [
        ("aggregate", format!("{} {id} v{version}", output.styled(TOPIC, aggregate))),
        ("created", output.time(*created_on)),
        ("modified", output.time(*modified_on)),
    ];
    for (name, value) in rows {
        output.line(format_args!("{name:<10} {value}"))?;
    }
    output.line("")?;
    match (&loaded.state, blame.filter(|_| asked.blame)) {
        (ShownState::Json(_), Some(blame)) => print_blame(blame, output)?,
        (ShownState::Json(state), None) => output.line(indented(&state.to_string()))?,
        (ShownState::Debug(text), _) => output.line(safe_lines(text))?,
        _ => {}
    }
    if let Some(blame) = blame.filter(|_| asked.diff) {
        output.line("")?;
        output.line(format_args!("changed by v{version}"))?;
        print_changes(&blame.changes, "", output)?;
    }
    Ok(())
}

/// Prints each field with its value, and the event that last changed it.
fn print_blame(blame: &Blame, output: &mut Output) -> Result<(), Failure> {
    let leaves: Vec<_> =
        blame.fields.iter().filter_map(|field| leaf(blame, &field.path).map(|value| (field, value))).collect();
    let width = |text: &dyn Fn(usize) -> usize| (0..leaves.len()).map(text).max().unwrap_or(0).min(60);
    let rows: Vec<(String, String)> =
        leaves.iter().map(|(field, value)| (Safe(&field.path).to_string(), one_line(&value.to_string()))).collect();
    let (paths, values) = (width(&|row| rows[row].0.chars().count()), width(&|row| rows[row].1.chars().count()));
    for ((field, _), (path, value)) in leaves.iter().zip(&rows) {
        let event = match &field.changed_by {
            Some(by) => {
                let time = by.recorded_at.map(|time| format!("  {}", output.time(time))).unwrap_or_default();
                let position = by.position.map(|position| format!("  position {position}")).unwrap_or_default();
                format!("v{} {}{time}{position}", by.version, Safe(&by.topic))
            }
            None => format!("before v{}", blame.since),
        };
        let event = output.styled(FAINT, event);
        output.line(format_args!("{path:<paths$}  {value:<values$}  {event}"))?;
    }
    if !blame.is_whole() {
        let (since, last) = (blame.since, Blame::LAST);
        note(format!(
            "the history is long: the last {last} events were looked at, from v{since} on; --at looks at earlier ones"
        ));
    }
    Ok(())
}

/// The value of a field that contains no others.
fn leaf<'b>(blame: &'b Blame, path: &str) -> Option<&'b Value> {
    let value = blame.state.pointer(path)?;
    let is_empty = match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    };
    is_empty.then_some(value)
}

/// The fields of the state that is shown without the type.
pub(super) fn print_last_seen(seen: &LastSeen, output: &mut Output) -> Result<(), Failure> {
    if output.is_json {
        return output.json(seen);
    }
    let width = seen.fields.keys().map(|name| name.chars().count()).max().unwrap_or(0).min(40);
    for (name, field) in &seen.fields {
        let event = output.styled(FAINT, format!("v{} {}", field.version, Safe(&field.topic)));
        let value = one_line(field.value.get());
        output.line(format_args!("{:<width$}  {value}  {event}", Safe(name).to_string()))?;
    }
    if seen.fields.is_empty() {
        output.line("(its events have no fields)")?;
    }
    Ok(())
}
