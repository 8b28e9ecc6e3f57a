//! Which version of a projection may run, and which may be rebuilt.

use eventsourcing::projection::Progress;
use eventsourcing::{ProjectionRunner, Rebuild, RebuildError, RunnerError};

use super::super::{PATIENCE, deposits, office};
use super::places::{self, Place, Version as _};

in_each_place! {
    a_new_version_runs_only_if_rebuilt_or_if_no_version_is_live
    versions_that_cannot_be_rebuilt_are_refused
}

async fn a_new_version_runs_only_if_rebuilt_or_if_no_version_is_live<P: Place>(place: P) {
    let office = office().await;
    let last = deposits(&office, 10, 1).await;
    let views = place.views().await;
    let error = Rebuild::builder(&office, P::V3::open(), views.clone()).start().await.unwrap_err();
    assert!(matches!(error, RebuildError::NoLiveVersion { .. }), "{error:?}");
    let second = ProjectionRunner::start(&office, P::V2::open(), views.clone()).await.unwrap();
    second.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(place.seen().await, (18, 10, 2, 2));
    let before = place.traces().await;
    let error = ProjectionRunner::start(&office, P::V3::open(), views.clone()).await.unwrap_err();
    let said = "version 3 of `sums` is not live yet (live: 2); \
                build its view with `Rebuild::builder(&application, projection, views)` and switch to it first";
    assert_eq!(error.to_string(), said);
    let error = ProjectionRunner::start(&office, P::V1::open(), views.clone()).await.unwrap_err();
    assert!(matches!(error, RunnerError::Superseded { version: 1, live: 2, .. }), "{error:?}");
    assert_eq!(place.traces().await, before);
    assert!(matches!(second.status().await.unwrap().progress, Progress::Running));
}

async fn versions_that_cannot_be_rebuilt_are_refused<P: Place>(place: P) {
    let office = office().await;
    let views = place.views().await;
    let second = ProjectionRunner::start(&office, P::V2::open(), views.clone()).await.unwrap();
    let error = Rebuild::builder(&office, P::V1::open(), views.clone()).start().await.unwrap_err();
    let said = "version 1 of `sums` cannot be rebuilt: version 2 is live; \
                set a greater version: `#[projection(\"sums\", version = 3)]`";
    assert_eq!(error.to_string(), said);
    let error = Rebuild::builder(&office, P::V2::open(), views.clone()).start().await.unwrap_err();
    assert!(matches!(error, RebuildError::NotNewer { version: 2, live: 2, .. }), "{error:?}");
    second.stop().await.unwrap();
}
