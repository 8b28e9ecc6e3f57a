//! `compare`: what differs between two versions of an aggregate.

use eventsourcing::Uuid;
use eventsourcing::application::FieldChange;
use serde::Serialize;

use super::typed::{Found, not_comparable, print_changes};
use crate::arguments::Compare;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, TOPIC};
use crate::place::Place;

/// The fields of the JSON line.
#[derive(Serialize)]
struct Compared<'c> {
    aggregate: &'c str,
    id: Uuid,
    from: u64,
    to: u64,
    changes: &'c [FieldChange],
}

pub(super) async fn run(place: &Place, compare: &Compare, output: &mut Output) -> Result<Outcome, Failure> {
    let Compare { id, from, to } = *compare;
    let found = Found::find(place, id).await?;
    let of_type = found.typed(place)?;
    let changes = of_type.diff(place.application(), id, from, to).await?;
    let changes = changes.ok_or_else(|| not_comparable(of_type))?;
    let aggregate = of_type.name();
    if output.is_json {
        output.json(&Compared { aggregate, id, from, to, changes: &changes })?;
    } else {
        output.line(format_args!("{} {id} v{from} → v{to}", output.styled(TOPIC, aggregate)))?;
        print_changes(&changes, "", output)?;
    }
    Ok(Outcome::Fine)
}
