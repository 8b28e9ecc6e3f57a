//! Versions are listed without the types of the projections: the live one, and the one that is rebuilt beside it.

use eventsourcing::projection::{ConsumedUpstream, RecordedProjection, RecordedVersion};

use super::*;

in_each_place! {
    a_rebuild_is_listed_beside_the_live_version_until_it_ends
}

async fn a_rebuild_is_listed_beside_the_live_version_until_it_ends<P: Place>(place: P) {
    let office = office().await;
    let last = deposits(&office, 10, 5).await;
    let old = ProjectionRunner::start(&office, P::V1::open(), place.views().await).await.unwrap();
    old.wait_for(last, PATIENCE).await.unwrap();
    old.stop().await.unwrap();
    let last = office.log().last_position().await.unwrap();
    let up_to_date = |key: ProjectionKey<'_>| RecordedVersion::new(key, vec![ConsumedUpstream::new("Office", last, 0)]);
    let (v1, v2) = (ProjectionKey::new("sums", 1), ProjectionKey::new("sums", 2));
    let views = place.views().await;
    let only = async || views.projections("", 10).await.unwrap().remove(0);
    assert_eq!(only().await, RecordedProjection::new("sums", up_to_date(v1)));

    let gate = closed();
    let rebuild = Rebuild::builder(&office, P::V2::gated(Arc::clone(&gate)), place.views().await);
    let mut rebuilding = rebuild.start().await.unwrap();
    let listed = only().await;
    let (live, rebuilt) = (&listed.live, listed.rebuilt.as_ref().unwrap());
    assert_eq!(*live, up_to_date(v1));
    assert_eq!((rebuilt.version, rebuilt.key.as_str(), &rebuilt.upstreams[..]), (2, "sums_v2.rebuilt", &[][..]));
    assert_eq!(listed.versions().count(), 2);

    open(&gate);
    rebuilding.switch(PATIENCE).await.unwrap();
    assert_eq!(only().await, RecordedProjection::new("sums", up_to_date(v2)));
    // one that has begun to move, and is aborted
    let views = place.views().await;
    assert!(views.begin_rebuild(ProjectionKey::new("sums", 3)).await.is_ok());
    views.abort_rebuild("sums", None).await.unwrap();
    assert_eq!(only().await.rebuilt, None);
}
