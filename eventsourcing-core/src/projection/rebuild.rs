//! Zero-downtime rebuilds: a projection's next version is built beside the live one, and then replaces it.

mod builder;
mod error;
mod handle;
mod memory;
mod progress;
mod views;

pub use self::builder::RebuildBuilder;
pub use self::error::RebuildError;
pub use self::handle::Rebuild;
pub use self::progress::{RebuildProgress, RebuildState};
pub use self::views::{MAX_SWITCH_HOLD, RebuildableViews, Switched};
use crate::recording::LogPosition;

/// Checks that the rebuild consumes all logs that the live version consumes.
async fn check_followed<V: RebuildableViews>(
    views: &V,
    name: &str,
    upstreams: impl Iterator<Item = &str> + Clone,
) -> Result<Vec<(String, LogPosition)>, RebuildError> {
    let live = views.live_positions(name).await?;
    match live.iter().find(|(upstream, _)| upstreams.clone().all(|followed| followed != upstream)) {
        Some((upstream, _)) => Err(RebuildError::MissingUpstream { name: name.to_owned(), upstream: upstream.clone() }),
        None => Ok(live),
    }
}
