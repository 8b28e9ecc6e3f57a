//! Commits whose answer is lost: whether they took effect is found out.

use eventsourcing_core::projection::{ProjectionKey, RebuildableViews as _, Switched, ViewTransaction as _};
use eventsourcing_core::{ViewError, Views as _};

use super::common::Schema;
use super::common::proxy::Cut;
use super::{behind_a_proxy_that, config, rebuilt, tracking};

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_told_by_the_position() {
    let schema = Schema::new();
    for (cut, committed) in [(Cut::BeforeAnswer, 1), (Cut::BeforeStatement, 0)] {
        let (proxy, _, views) = behind_a_proxy_that(cut, &schema, config(), 2).await;
        let name = format!("lost {committed}");
        let transaction = views.begin(&name, &tracking(0, 1)).await.unwrap();
        proxy.cut(1);
        let error = transaction.commit().await.unwrap_err();
        assert!(matches!(error, ViewError::OutcomeUnknown { .. }) && error.is_retryable(), "{error:?}");
        // who waits for the lock of the position sees what became of it
        let next = views.begin(&name, &tracking(committed, committed + 1)).await.unwrap();
        next.commit().await.unwrap();
    }
    schema.drop().await;
}

#[tokio::test]
async fn a_switch_whose_commit_loses_its_answer_says_what_became_of_it() {
    for cut in [Cut::BeforeAnswer, Cut::BeforeStatement] {
        let schema = Schema::new();
        let (proxy, _, views) = behind_a_proxy_that(cut, &schema, config(), 2).await;
        rebuilt(&views, "switched").await;
        proxy.cut(1);
        assert_eq!(views.switch(ProjectionKey::new("switched", 2).rebuilt(), &[]).await.unwrap(), Switched::Done);
        assert!(proxy.is_done());
        assert_eq!(views.position("switched_v2", "Office").await.unwrap(), 1);
        schema.drop().await;
    }
}

#[tokio::test]
async fn an_abort_whose_commit_loses_its_answer_says_what_became_of_it() {
    for cut in [Cut::BeforeAnswer, Cut::BeforeStatement] {
        let schema = Schema::new();
        let (proxy, _, views) = behind_a_proxy_that(cut, &schema, config(), 2).await;
        rebuilt(&views, "aborted").await;
        proxy.cut(1);
        assert_eq!(views.abort_rebuild("aborted", Some(2)).await.unwrap(), Some(2));
        assert!(proxy.is_done());
        assert_eq!(views.abort_rebuild("aborted", None).await.unwrap(), None);
        schema.drop().await;
    }
}
