//! The pages of consumers, of the system and of rebuilds.

use axum::http::{StatusCode, header};
use eventsourcing::prelude::*;
use eventsourcing::projection::EventContext;
use eventsourcing::sqlx;
use eventsourcing::sqlx::SqliteConnection;
use eventsourcing::{OnFailure, ProjectionRunner, Rebuild};
use eventsourcing_explorer::Explorer;

use super::common::{Order, OrderNoted, Payments, Shop, TOKEN, databases, page};
use super::desk::{ALL, PATIENCE, desks, send, sqlite_views};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_consumers_tells_position_lag_state_and_letters() {
    for desk in desks().await {
        let html = page(&desk.router, "/projections").await;
        assert!(html.contains("<b>notes</b>") && html.contains("running") && html.contains("100.0 %"), "{html}");
        let json: serde_json::Value = serde_json::from_str(&page(&desk.router, "/projections.json").await).unwrap();
        let one = &json["consumers"][0];
        assert_eq!(
            (&one["name"], &one["upstream"], &one["kind"]),
            (&"notes".into(), &"Shop".into(), &"projection".into())
        );
        assert_eq!((&one["position"], &one["lag"], &one["dead_letters"]), (&6.into(), &0.into(), &3.into()));
        assert!(one["error"].as_str().unwrap().contains("is refused"), "{json}");
        assert_eq!(json["consumers"].as_array().unwrap().len(), 1, "the runner and the views know the same one");
        let map = page(&desk.router, "/system").await;
        assert!(map.contains("<svg class=\"map\"") && map.contains("projection, up to date"), "{map}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_for_operators_has_inline_code_or_absolute_links() {
    let desk = desks().await.remove(0);
    for path in [
        "/projections",
        "/system",
        "/letters",
        super::desk::SELECTED,
        "/rebuilds",
        "/storage",
        "/verify?application=Shop",
        "/audit",
    ] {
        let html = page(&desk.router, path).await;
        assert!(!html.contains("style=") && !html.contains(" onclick") && !html.contains("<style"), "{path}");
        assert!(!html.contains("href=\"/") && !html.contains("action=\"/") && !html.contains("src=\"/"), "{path}");
        assert!(html.len() < 40 * 1024, "{path}: {}", html.len());
        let styles: Vec<&str> =
            html.split("assets/explorer-").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        for asset in styles {
            page(&desk.router, &format!("/assets/explorer-{asset}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_is_measured_and_verified_part_by_part() {
    let folder = tempfile::tempdir().unwrap();
    for (at, variables) in databases(&folder).into_iter().enumerate() {
        let shop = Shop::builder().variables(variables).open().await.unwrap();
        let router = super::common::router(&shop);
        assert!(page(&router, "/verify?application=Shop").await.contains("There is nothing to verify here."));
        let mut order = Order::place("ada".to_owned(), 1);
        (1..5_200).for_each(|number| order.note(format!("note {number}")));
        shop.save(&mut order).await.unwrap();

        let json: serde_json::Value = serde_json::from_str(&page(&router, "/storage.json").await).unwrap();
        let one = &json["applications"][0];
        assert_eq!((&one["events"], &one["newest"]["events"]), (&5_200.into(), &200.into()));
        let tables = one["tables"].as_array().unwrap();
        assert_eq!(tables.len(), [0, 1, 7][at], "{json}");
        let whole: u64 = tables.iter().map(|table| table["bytes"].as_u64().unwrap()).sum();
        assert!(at == 0 || whole > 100_000, "{json}");
        assert!(page(&router, "/storage").await.contains("JSON in clear"));

        let first: serde_json::Value =
            serde_json::from_str(&page(&router, "/verify.json?application=Shop").await).unwrap();
        let first = &first["verified"];
        assert_eq!((&first["to"], &first["events"], &first["next"]), (&5_000.into(), &5_000.into(), &5_001.into()));
        let broken = eventsourcing::StoredEvent::new(Uuid::new_v4(), 1, "Order.Placed", *b"{}", Uuid::new_v4());
        shop.recorder().insert_events(vec![broken.with_checksum(7)]).await.unwrap();
        let rest = page(&router, "/verify?application=Shop&from=5001").await;
        assert!(rest.contains("5,001 to 5,201 of 5,201") && rest.contains("1 states cannot be opened"), "{rest}");
        assert!(rest.contains("Shop/events/5201") && rest.contains("This is the end of the log."), "{rest}");
    }
}

/// Other reads of such a log are refused, and this page is for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_that_are_missing_are_counted_and_what_follows_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let variables = databases(&folder).swap_remove(1);
    let file = variables.iter().find(|(name, _)| name.as_str() == "SQLITE_DBNAME").unwrap().1.clone();
    let shop = Shop::builder().variables(variables).open().await.unwrap();
    let mut order = Order::place("ada".to_owned(), 1);
    (1..10).for_each(|number| order.note(format!("note {number}")));
    shop.save(&mut order).await.unwrap();
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{file}")).await.unwrap();
    sqlx::query("DELETE FROM shop_events WHERE notification_id IN (4, 5)").execute(&pool).await.unwrap();
    pool.close().await;

    let router = super::common::router(&shop);
    let json: serde_json::Value = serde_json::from_str(&page(&router, "/verify.json?application=Shop").await).unwrap();
    let verified = &json["verified"];
    assert_eq!((&verified["to"], &verified["events"], &verified["missing"]), (&10.into(), &8.into(), &2.into()));
    let html = page(&router, "/verify?application=Shop").await;
    assert!(html.contains("2 positions are missing"), "{html}");
}

#[tokio::test]
async fn an_explorer_of_logs_alone_shows_no_operations() {
    let shop = Shop::builder().variables(Vec::<(String, String)>::new()).open().await.unwrap();
    let router = super::common::router(&shop);
    assert!(!page(&router, "/overview").await.contains("Dead letters"));
    assert!(page(&router, "/letters").await.contains("No event is parked."));
    assert!(page(&router, "/audit").await.contains("This explorer has no audit."));
}

#[policy]
impl Payments {
    #[on]
    async fn noted(&self, event: &OrderNoted, _: &mut UnitOfWork) -> std::result::Result<(), String> {
        Err(format!("nobody pays for {}", event.text))
    }
}

#[tokio::test]
async fn a_policy_and_its_letters_are_shown_with_and_without_its_runner() {
    let shop = Shop::builder().variables(Vec::<(String, String)>::new()).open().await.unwrap();
    let payments = Payments::builder().variables(Vec::<(String, String)>::new()).open().await.unwrap();
    let mut order = Order::place("ada".to_owned(), 1);
    order.note("gift".to_owned());
    shop.save(&mut order).await.unwrap();
    let park = OnFailure::park(0, std::time::Duration::ZERO);
    let runner = payments.follow(&shop).on_failure(park).start().await.unwrap();
    runner.wait_for(2, PATIENCE).await.unwrap();
    for with_runner in [true, false] {
        let mut explorer = Explorer::of(&shop).also(&payments).token(TOKEN);
        if with_runner {
            explorer = explorer.runner(&runner);
        }
        let router = explorer.router().unwrap();
        let json: serde_json::Value = serde_json::from_str(&page(&router, "/projections.json").await).unwrap();
        let one = &json["consumers"][0];
        assert_eq!(
            (&one["kind"], &one["name"], &one["dead_letters"]),
            (&"policy".into(), &"Payments".into(), &1.into())
        );
        assert_eq!(one["state"], if with_runner { "running" } else { "not run here" });
        let letters = page(&router, "/letters.json").await;
        assert!(letters.contains("nobody pays for gift"), "{letters}");
        assert_eq!(letters.contains("\"can_be_tried\":true"), with_runner);
    }
    runner.stop().await.unwrap();
}

struct Notes<const VERSION: u32>;

impl<const VERSION: u32> eventsourcing::Projection for Notes<VERSION> {
    type View = SqliteConnection;
    const NAME: &'static str = "copies";
    const VERSION: u32 = VERSION;
    const TOPICS: &'static [&'static str] = &["Order.Noted"];
    const HAS_TABLES: bool = true;

    async fn handle(
        &self,
        _: &str,
        events: &[eventsourcing::projection::Recorded<'_>],
        view: &mut SqliteConnection,
    ) -> std::result::Result<(), eventsourcing::recording::Cause> {
        for event in events {
            let context: EventContext = event.decode::<OrderNoted>()?.context;
            let insert = format!("INSERT INTO {} (position) VALUES (?)", context.table("copies"));
            let insert = sqlx::query(sqlx::AssertSqlSafe(insert)).bind(i64::try_from(context.notification_id).unwrap());
            insert.execute(&mut *view).await?;
        }
        Ok(())
    }

    async fn tables(
        &self,
        prefix: &str,
        view: &mut SqliteConnection,
    ) -> std::result::Result<(), eventsourcing::recording::Cause> {
        let create = format!("CREATE TABLE {prefix}copies (position INTEGER NOT NULL)");
        sqlx::query(sqlx::AssertSqlSafe(create)).execute(view).await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_is_shown_and_switched_to_or_aborted() {
    for act in ["switch", "abort"] {
        let folder = tempfile::tempdir().unwrap();
        let shop = Shop::builder().variables(databases(&folder).remove(1)).open().await.unwrap();
        let mut order = Order::place("ada".to_owned(), 1);
        order.note("gift".to_owned());
        let last = shop.save(&mut order).await.unwrap().last().unwrap().id;
        let views = sqlite_views(&folder).await;
        let runner = ProjectionRunner::start(&shop, Notes::<1>, views.clone()).await.unwrap();
        runner.wait_for(last, PATIENCE).await.unwrap();
        let rebuild = Rebuild::builder(&shop, Notes::<2>, views.clone()).start().await.unwrap();
        while rebuild.progress().await.unwrap().lag() > 0 {
            tokio::task::yield_now().await;
        }
        let explorer = Explorer::of(&shop).token(TOKEN).runner(&runner).views(&views).audit(views.clone());
        let router = explorer.allow(ALL).router().unwrap();
        let html = page(&router, "/rebuilds").await;
        assert!(html.contains("version 1 serves until the switch") && html.contains("Switch to version 2"), "{html}");
        let json: serde_json::Value = serde_json::from_str(&page(&router, "/rebuilds.json").await).unwrap();
        let one = &json["rebuilds"][0];
        assert_eq!((&one["version"], &one["live_version"], &one["lag"]), (&2.into(), &1.into(), &0.into()));

        let key = one["consumer"].as_str().unwrap().to_owned();
        let fields = [("consumer", key), ("upstream", "Shop".to_owned()), ("reason", "it is correct".to_owned())];
        let (status, headers, _) = send(&router, &format!("/rebuilds/{act}"), &fields).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let after = page(&router, &headers[header::LOCATION].to_str().unwrap()[2..]).await;
        let outcome = if act == "switch" { "switched" } else { "aborted" };
        assert!(after.contains(outcome) && after.contains("No rebuild is under way."), "{after}");
        let json: serde_json::Value = serde_json::from_str(&page(&router, "/projections.json").await).unwrap();
        let is_live = json["consumers"].as_array().unwrap().iter().any(|one| one["consumer"] == "copies_v2");
        assert_eq!(is_live, act == "switch", "{json}");
        // twice is refused
        assert_eq!(send(&router, &format!("/rebuilds/{act}"), &fields).await.0, StatusCode::CONFLICT);
        drop(rebuild);
        drop(runner);
    }
}
