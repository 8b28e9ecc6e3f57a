//! The projections in a database, listed without their types.

use std::collections::HashMap;

use eventsourcing_core::projection::{ConsumedUpstream, ProjectionKey, RecordedProjection, RecordedVersion};
use eventsourcing_core::{LogPosition, ViewError};
use uuid::Uuid;

use super::session::{Session, ViewsDatabase, done, failed, reading};
use super::statement::{Columns, FromColumns};
use super::versions::Versions;
use crate::json_array::json_array;
use crate::rows;

/// What operation failed, in errors.
const OPERATION: &str = "list projections";

/// A projection with its versions.
struct NamedVersions {
    name: String,
    versions: Versions,
}

impl FromColumns for NamedVersions {
    fn from_columns(row: &impl Columns) -> sqlx::Result<Self> {
        let versions = Versions { live: row.number(1)?, rebuilt: row.number_if_any(2)? };
        Ok(Self { name: row.text(0)?, versions })
    }
}

/// An upstream of a key.
struct UpstreamRow {
    key: String,
    upstream: String,
    position: Option<i64>,
    anchor: Option<Uuid>,
    letters: i64,
}

impl FromColumns for UpstreamRow {
    fn from_columns(row: &impl Columns) -> sqlx::Result<Self> {
        Ok(Self {
            key: row.text(0)?,
            upstream: row.text(1)?,
            position: row.number_if_any(2)?,
            anchor: row.uuid_if_any(3)?,
            letters: row.number(4)?,
        })
    }
}

/// At most `limit` projections with names after this one, in two statements however many there are.
pub(crate) async fn projections<D: ViewsDatabase>(
    views: &D,
    after: &str,
    limit: usize,
) -> Result<Vec<RecordedProjection>, ViewError> {
    let failed = failed::<D::Session>(OPERATION);
    let mut session = reading(views, OPERATION).await?;
    let page = [after.into(), rows::to_count(limit).into()];
    let sql = <D::Session as Session>::CATALOGUE;
    let named = session.fetch::<NamedVersions>(sql.projections, &page).await.map_err(failed)?;
    let mut keys = Vec::new();
    for NamedVersions { name, versions } in &named {
        keys.push(ProjectionKey::new(name, versions.live()?).to_string());
        keys.extend(versions.rebuilt()?.map(|version| ProjectionKey::new(name, version).rebuilt().to_string()));
    }
    let values = json_array(&keys);
    let values = [values.as_str().into(), rows::to_bound(ConsumedUpstream::MOST_COUNTED).into()];
    let found = session.fetch::<UpstreamRow>(sql.upstreams, &values).await.map_err(failed)?;
    done(session, OPERATION).await?;
    let mut upstreams: HashMap<String, Vec<ConsumedUpstream>> = HashMap::new();
    for row in found {
        upstreams.entry(row.key.clone()).or_default().push(consumed(row)?);
    }
    let mut version_of = |key: ProjectionKey<'_>| {
        let upstreams = upstreams.remove(&key.to_string()).unwrap_or_default();
        RecordedVersion::new(key, upstreams)
    };
    let recorded = named.iter().map(|NamedVersions { name, versions }| {
        let live = version_of(ProjectionKey::new(name, versions.live()?));
        let rebuilt = versions.rebuilt()?.map(|version| version_of(ProjectionKey::new(name, version).rebuilt()));
        Ok(RecordedProjection::new(name.as_str(), live).with_rebuilt(rebuilt))
    });
    recorded.collect()
}

fn consumed(row: UpstreamRow) -> Result<ConsumedUpstream, ViewError> {
    let UpstreamRow { upstream, position, anchor, letters, .. } = row;
    let position = position.map_or(Ok(LogPosition::START), |position| rows::log_position(position, anchor))?;
    Ok(ConsumedUpstream::new(upstream, position, letters.unsigned_abs()))
}
