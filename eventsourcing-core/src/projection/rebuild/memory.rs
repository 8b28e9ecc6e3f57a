//! Rebuilds of views in memory: a second state beside the live one.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::views::MAX_SWITCH_HOLD;
use super::{RebuildError, RebuildableViews, Switched};
use crate::projection::{MemoryTransaction, MemoryViews, ProjectionKey, ViewError, ViewTransaction as _, Views as _};
use crate::recording::LogPosition;

/// A rebuild begins with a clone of the initial state of the view.
impl<S: Clone + Send + Sync + 'static> RebuildableViews for MemoryViews<S> {
    const HAS_TABLES: bool = false;

    async fn begin_rebuild(&self, key: ProjectionKey<'_>) -> Result<Option<MemoryTransaction<S>>, RebuildError> {
        let ProjectionKey { name, version, .. } = key;
        let mut transaction = self.transaction(key, "").await;
        let kept = &mut transaction.changed;
        match kept.live.get(name) {
            None => return Err(RebuildError::NoLiveVersion { name: name.to_owned() }),
            Some(&live) if version <= live => {
                return Err(RebuildError::NotNewer { name: name.to_owned(), version, live });
            }
            Some(_) => {}
        }
        if let Some(other) = kept.live.keys().find(|other| *other != name) {
            return Err(RebuildError::SharedState { name: name.to_owned(), other: other.clone() });
        }
        let failed = |source| RebuildError::View { name: name.to_owned(), source };
        let beside = match kept.rebuilt.get(name) {
            Some((under_way, beside)) if *under_way == version => beside.clone(),
            Some(&(under_way, _)) => {
                return Err(RebuildError::RebuildUnderWay { name: name.to_owned(), version, under_way });
            }
            None => {
                let beside = Self::beginning_with(Arc::clone(&kept.initial));
                kept.rebuilt.insert(name.to_owned(), (version, beside.clone()));
                transaction.commit().await.map_err(failed)?;
                beside
            }
        };
        beside.ensure_live(&key.live().to_string(), true).await.map_err(failed)
    }

    async fn check_tables(&self, _: ProjectionKey<'_>, _: &mut MemoryTransaction<S>) -> Result<(), RebuildError> {
        Ok(())
    }

    async fn live_positions(&self, name: &str) -> Result<Vec<(String, LogPosition)>, RebuildError> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let is_of = |key: &str| ProjectionKey::parse(key).name == name;
        let positions = kept.positions.iter().filter(|((key, _), _)| is_of(key));
        Ok(positions.map(|((_, upstream), position)| (upstream.clone(), *position)).collect())
    }

    async fn switch(&self, key: ProjectionKey<'_>, lost: &[(String, LogPosition)]) -> Result<Switched, RebuildError> {
        let ProjectionKey { name, version, .. } = key;
        // while this transaction is held, the live version does not move
        let mut transaction = self.transaction(key, "").await;
        let kept = &mut transaction.changed;
        let beside = match kept.rebuilt.remove(name) {
            Some((under_way, beside)) if under_way == version => beside,
            _ if kept.live.get(name) == Some(&version) => return Ok(Switched::Done),
            _ => return Err(RebuildError::Ended { name: name.to_owned(), version }),
        };
        let new = key.live().to_string();
        let mut live = self.live_positions(name).await?;
        live.retain(|live| !lost.contains(live));
        let deadline = Instant::now() + MAX_SWITCH_HOLD;
        while live.iter().any(|(upstream, position)| beside.position_of(&new, upstream).id < position.id) {
            if Instant::now() > deadline {
                return Ok(Switched::Behind);
            }
            sleep(Duration::from_millis(1)).await;
        }
        let rebuilt = beside.transaction(key, "").await;
        kept.state = rebuilt.changed.state.clone();
        kept.positions = rebuilt.changed.positions.clone();
        kept.letters = rebuilt.changed.letters.clone();
        kept.live.insert(name.to_owned(), version);
        let failed = |source: ViewError| RebuildError::View { name: name.to_owned(), source };
        transaction.commit().await.map_err(failed)?;
        Ok(Switched::Done)
    }

    async fn abort_rebuild(&self, name: &str, version: Option<u32>) -> Result<Option<u32>, RebuildError> {
        let mut transaction = self.transaction(ProjectionKey::new(name, 1), "").await;
        let rebuilt = &mut transaction.changed.rebuilt;
        let Some(under_way) = rebuilt.get(name).map(|(under_way, _)| *under_way) else { return Ok(None) };
        if version.is_some_and(|version| version != under_way) {
            return Ok(None);
        }
        rebuilt.remove(name);
        transaction.commit().await.map_err(|source| RebuildError::View { name: name.to_owned(), source })?;
        Ok(Some(under_way))
    }
}
