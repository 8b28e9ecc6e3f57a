//! The audit is written before an act, and its outcome after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::StatusCode;
use eventsourcing::audit::{Audit, AuditEntry, AuditRecord, MemoryAudit};
use eventsourcing::prelude::*;
use eventsourcing::projection::Recorded;
use eventsourcing::recording::Cause;
use eventsourcing::sqlx::SqliteConnection;
use eventsourcing::{DeadLetters, Projection, ViewError};
use eventsourcing_explorer::Explorer;
use futures::future::BoxFuture;

use super::common::{Shop, TOKEN, databases, page};
use super::desk::{ALL, InSqlite, Mended, about, desks, parked, send, sqlite_views};

/// An audit that cannot be written, or not ended.
#[derive(Clone, Default)]
struct Failing {
    kept: MemoryAudit,
    only_at_the_end: bool,
}

impl Audit for Failing {
    fn begin(&self, entry: AuditEntry) -> BoxFuture<'_, std::result::Result<u64, ViewError>> {
        if self.only_at_the_end { self.kept.begin(entry) } else { Box::pin(async { Err(ViewError::Closed) }) }
    }

    fn end(&self, _: u64, _: String) -> BoxFuture<'_, std::result::Result<(), ViewError>> {
        Box::pin(async { Err(ViewError::Closed) })
    }

    fn entries(&self, before: u64, limit: usize) -> BoxFuture<'_, std::result::Result<Vec<AuditRecord>, ViewError>> {
        self.kept.entries(before, limit)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_act_that_cannot_be_written_to_the_audit_is_not_done() {
    for only_at_the_end in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let shop = Shop::builder().variables(databases(&folder).remove(1)).open().await.unwrap();
        let mut order = super::common::Order::place("ada".to_owned(), 1);
        order.note("bad".to_owned());
        shop.save(&mut order).await.unwrap();
        let (views, mended) = (sqlite_views(&folder).await, Mended::default());
        eventsourcing::sqlx::query("CREATE TABLE notes (text TEXT)").execute(views.pool()).await.unwrap();
        let runner = parked(&shop, InSqlite(mended.clone()), views).await;
        mended.is(true);
        let audit = Failing { only_at_the_end, ..Failing::default() };
        let router = Explorer::of(&shop).token(TOKEN).runner(&runner).audit(audit.clone()).allow(ALL).router().unwrap();
        let (status, _, body) = send(&router, "/letters/retry", &about(order.id())).await;
        let letters = runner.dead_letters().count().await.unwrap();
        let entries = audit.entries(u64::MAX, 10).await.unwrap();
        if only_at_the_end {
            // it is done, and the entry from before says that it was begun
            assert_eq!((status, letters, entries.len()), (StatusCode::SEE_OTHER, 0, 1));
            assert_eq!(entries[0].outcome, None);
            assert!(page(&router, "/audit").await.contains("no outcome"));
        } else {
            assert_eq!((status, letters, entries.len()), (StatusCode::SERVICE_UNAVAILABLE, 1, 0), "{body}");
            assert!(body.contains("Nothing was done"), "{body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_tells_what_came_of_each_act() {
    for desk in desks().await {
        let act = |path: &'static str, more: &[(&'static str, &str)]| {
            let more = more.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
            let fields = [about(desk.order), more].concat();
            let router = desk.router.clone();
            async move { drop(send(&router, path, &fields).await) }
        };
        act("/letters/dry-run", &[]).await;
        act("/letters/retry", &[("reason", "=1+1")]).await;
        desk.mended.is(true);
        act("/letters/discard", &[("at", "2"), ("what", "letter"), ("count", "1"), ("reason", "a <test>")]).await;
        act("/letters/retry", &[]).await;
        let json: serde_json::Value = serde_json::from_str(&page(&desk.router, "/audit.json").await).unwrap();
        let told: Vec<_> = json["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| (entry["action"].as_str().unwrap(), entry["outcome"].as_str().unwrap()))
            .collect();
        let expected = [
            ("retry", "handled: 2"),
            ("discard", "discarded: 1"),
            ("retry", "failed: refused again at notification 2"),
            ("dry run", "would fail at notification 2 after 0"),
        ];
        assert_eq!(told, expected);
        let entry = &json["entries"][1];
        assert_eq!(
            (&entry["operator"], &entry["target"]),
            (&"signed in by token".into(), &"notes from Shop, notification 2".into())
        );
        let html = page(&desk.router, "/audit").await;
        assert!(html.contains("a &lt;test&gt;") && html.contains("=1+1"), "{html}");
        let csv = page(&desk.router, "/audit.csv").await;
        assert_eq!(csv.lines().count(), 5);
        assert!(csv.contains("\"'=1+1\"") && csv.contains("\"a <test>\""), "{csv}");
    }
}

/// Never answers once it is asked to.
struct Stuck(Arc<AtomicBool>);

impl Projection for Stuck {
    type View = SqliteConnection;
    const NAME: &'static str = "notes";
    const TOPICS: &'static [&'static str] = &["Order.Noted"];

    async fn handle(&self, _: &str, _: &[Recorded<'_>], _: &mut SqliteConnection) -> std::result::Result<(), Cause> {
        self.0.store(true, Ordering::SeqCst);
        std::future::pending().await
    }
}

/// The process ends while an act is under way.
#[test]
fn what_a_process_had_begun_when_it_ended_stays_in_the_audit() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let before = runtime();
    let variables = databases(&folder).remove(1);
    let shop = before.block_on(async {
        let shop = Shop::builder().variables(variables).open().await.unwrap();
        let mut order = super::common::Order::place("ada".to_owned(), 1);
        order.note("bad".to_owned());
        shop.save(&mut order).await.unwrap();
        let views = sqlite_views(&folder).await;
        eventsourcing::sqlx::query("CREATE TABLE notes (text TEXT)").execute(views.pool()).await.unwrap();
        parked(&shop, InSqlite(Mended::default()), views.clone()).await.stop().await.unwrap();
        let begun = Arc::new(AtomicBool::new(false));
        let letters = DeadLetters::new(&shop, Stuck(Arc::clone(&begun)), views.clone());
        let router = Explorer::of(&shop).token(TOKEN).letters(letters).audit(views).allow(ALL).router().unwrap();
        let fields = about(order.id());
        tokio::spawn(async move { send(&router, "/letters/retry", &fields).await });
        while !begun.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        shop
    });
    before.shutdown_background();

    runtime().block_on(async {
        let views = sqlite_views(&folder).await;
        let entries = views.entries(u64::MAX, 10).await.unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!((entries[0].entry.action.as_str(), &entries[0].outcome), ("retry", &None));
        let router = Explorer::of(&shop).token(TOKEN).views(&views).audit(views.clone()).router().unwrap();
        assert!(page(&router, "/audit").await.contains("no outcome"));
        let json = page(&router, "/letters.json").await;
        assert!(json.contains("\"position\":2") && json.contains("\"can_be_tried\":false"), "{json}");
    });
}
