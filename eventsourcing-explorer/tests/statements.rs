//! How much the pages ask of the database: few statements, each with an index, and nothing while nobody looks.

#[path = "common/mod.rs"]
mod common;
#[path = "common/counting.rs"]
mod counting;

use std::sync::Arc;
use std::time::Duration;

use common::{Cart, Order, TOKEN, databases, page, place};
use counting::Counting;
use eventsourcing::application::StateView;
use eventsourcing::database::{PostgresConfig, PostgresRecorder, SqliteConfig, SqliteRecorder};
use eventsourcing::prelude::*;
use eventsourcing::recording::MemoryRecorder;
use eventsourcing::{Environment, Recorder};
use eventsourcing_explorer::Explorer;

/// The greatest number of statements of a page.
const MOST: usize = 6;

/// A recorder of each database, empty.
async fn recorders(folder: &tempfile::TempDir) -> Vec<Arc<dyn Recorder>> {
    let file = folder.path().join("counted.db").to_string_lossy().into_owned();
    let sqlite = SqliteRecorder::open("Shop", SqliteConfig::new(file)).await.expect("a recorder");
    let [_, _, variables] = &databases(folder)[..] else { panic!("three databases") };
    let config =
        PostgresConfig::from_environment(&Environment::from_variables("Shop", variables.clone())).expect("a server");
    let postgres = PostgresRecorder::open("Shop", config).await.expect("a recorder");
    vec![Arc::new(MemoryRecorder::new()), Arc::new(sqlite), Arc::new(postgres)]
}

fn application(recorder: &Counting) -> Application {
    let builder = Application::builder("Shop").recorder(Arc::new(recorder.clone()));
    builder.aggregate_with::<Order>(StateView::hidden().json()).open().expect("an application")
}

/// Records a rare event, then a long history, and returns the ids of both.
async fn history(shop: &Application) -> (Uuid, Uuid) {
    let (mut cart, mut order) = (Cart::fill("the only one".to_owned()), place("ada"));
    shop.save(&mut cart).await.expect("saved");
    for number in 0..12_000 {
        order.note(number.to_string());
    }
    shop.save(&mut order).await.expect("saved");
    (cart.id(), order.id())
}

#[tokio::test]
async fn a_page_asks_at_most_six_statements() {
    let folder = tempfile::tempdir().expect("a folder");
    for recorder in recorders(&folder).await {
        let recorder = Counting::new(recorder);
        let shop = application(&recorder);
        let (cart, order) = history(&shop).await;
        let router = Explorer::of(&shop).token(TOKEN).router().expect("a router");
        recorder.taken();
        for path in pages_of(cart, order) {
            page(&router, &path).await;
            let asked = recorder.taken();
            assert!((1..=MOST).contains(&asked), "{path} asks {asked} statements");
        }
        shop.close().await;
    }
}

#[tokio::test]
async fn nobody_who_looks_is_no_question() {
    let recorder = Counting::new(Arc::new(MemoryRecorder::new()));
    let shop = application(&recorder);
    shop.save(&mut place("ada")).await.expect("saved");
    let router = Explorer::of(&shop).token(TOKEN).router().expect("a router");
    page(&router, "/Shop/log?live=1").await;
    assert!(recorder.taken() > 0, "a page asks something");
    tokio::time::pause();
    for _ in 0..60 {
        tokio::time::advance(Duration::from_secs(60)).await;
    }
    assert_eq!(recorder.taken(), 0, "a page that was answered asks nothing more");
    page(&router, "/login").await;
    assert_eq!(recorder.taken(), 0);
}

#[tokio::test]
async fn the_overview_is_read_once_a_second_for_all() {
    let recorder = Counting::new(Arc::new(MemoryRecorder::new()));
    let shop = application(&recorder);
    shop.save(&mut place("ada")).await.expect("saved");
    let router = Explorer::of(&shop).token(TOKEN).router().expect("a router");
    tokio::time::pause();
    recorder.taken();
    page(&router, "/overview").await;
    let once = recorder.taken();
    shop.save(&mut place("grace")).await.expect("saved");
    recorder.taken();
    let pages = futures::future::join_all((0..40).map(|_| page(&router, "/overview"))).await;
    assert_eq!(recorder.taken(), 0, "of 40 viewers in the same second");
    assert!(!pages[0].contains("grace"));
    tokio::time::advance(Duration::from_secs(1)).await;
    futures::future::join_all((0..40).map(|_| page(&router, "/overview.json"))).await;
    assert_eq!(recorder.taken(), once, "of 40 viewers in the next second");
    assert!(page(&router, "/overview.json").await.contains("grace"));
}

/// The pages of a history, and of an aggregate with one event.
fn pages_of(cart: Uuid, order: Uuid) -> Vec<String> {
    vec![
        "/overview".to_owned(),
        "/Shop/log".to_owned(),
        "/Shop/log?limit=200&before=9000".to_owned(),
        "/Shop/log?after=7".to_owned(),
        // the event that is searched for is too far away, and the selected one is not among those found
        "/Shop/log?topic=Cart&at=4000".to_owned(),
        format!("/Shop/log?aggregate={order}&not=Order.Placed&at=3"),
        "/Shop/events/1".to_owned(),
        "/Shop/events/4000".to_owned(),
        format!("/Shop/aggregates/{cart}"),
        format!("/Shop/aggregates/{order}"),
        format!("/Shop/aggregates/{order}?at=1"),
        format!("/Shop/aggregates/{order}?at=1900"),
        format!("/Shop/aggregates/{order}?at=9000&limit=200"),
        format!("/Shop/aggregates/{order}?at=12000&replay=1"),
        format!("/Shop/aggregates/{order}?before=700"),
        format!("/Shop/aggregates/{order}?from=1&at=300"),
    ]
}

/// The counters of PostgreSQL, and a scan of the whole table that is counted.
struct Scans {
    options: sqlx::postgres::PgConnectOptions,
    name: String,
    table: String,
}

impl Scans {
    /// Scans the table once, and waits until that and all that was done before it is counted.
    async fn counted(&self, at_least: i64) -> i64 {
        use sqlx::{ConnectOptions as _, Connection as _, Row as _};
        let count = format!("SELECT count(append_id) FROM {}", self.table);
        let mut control = self.options.clone().application_name(&self.name).connect().await.expect("a connection");
        sqlx::query(sqlx::AssertSqlSafe(count)).fetch_one(&mut control).await.expect("a count");
        control.close().await.expect("closed");
        let mut connection = self.options.connect().await.expect("a connection");
        loop {
            // a session counts what it did when it ends
            let ended = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = $1)";
            let row = sqlx::query(ended).bind(&self.name).fetch_one(&mut connection).await.expect("a row");
            let counters = "SELECT seq_scan FROM pg_stat_all_tables WHERE relid = $1::regclass";
            let scans = sqlx::query(counters).bind(&self.table).fetch_one(&mut connection).await.expect("a row");
            if row.get::<bool, _>(0) && scans.get::<i64, _>(0) >= at_least {
                return scans.get(0);
            }
        }
    }
}

#[tokio::test]
async fn no_page_reads_a_whole_table_of_postgres() {
    let folder = tempfile::tempdir().expect("a folder");
    let [_, _, variables] = &databases(&folder)[..] else { panic!("three databases") };
    // a name of its own, by which its sessions are found
    let name = format!("Shop{}", Uuid::new_v4().simple());
    let variable = |name: &str| variables.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let port = variable("POSTGRES_PORT").and_then(|port| port.parse().ok()).unwrap_or(5432);
    let options = sqlx::postgres::PgConnectOptions::new()
        .host(variable("POSTGRES_HOST").expect("a host"))
        .port(port)
        .username(variable("POSTGRES_USER").expect("a user"))
        .password(variable("POSTGRES_PASSWORD").unwrap_or_default())
        .database(variable("POSTGRES_DBNAME").expect("a database"));
    let schema = variable("POSTGRES_SCHEMA").expect("a schema");
    let table = format!("{schema}.{}_events", name.to_lowercase());
    let open = async || {
        let environment = Environment::from_variables(&name, variables.clone());
        let config = PostgresConfig::from_environment(&environment).expect("a server");
        let recorder = PostgresRecorder::open(&name, config).await.expect("a recorder");
        let builder = Application::builder(&*name).recorder(Arc::new(recorder));
        builder.aggregate_with::<Order>(StateView::hidden().json()).open().expect("an application")
    };
    let shop = open().await;
    let (cart, order) = history(&shop).await;
    shop.close().await;
    let scans = Scans { options, name: name.clone(), table };
    let filled = scans.counted(1).await;

    open().await.close().await;
    let opened = scans.counted(filled + 1).await;
    let of_opening = opened - filled;

    let shop = open().await;
    let router = Explorer::of(&shop).token(TOKEN).router().expect("a router");
    for path in pages_of(cart, order) {
        page(&router, &path.replace("/Shop/", &format!("/{name}/"))).await;
    }
    shop.close().await;
    let shown = scans.counted(opened + of_opening).await;
    assert_eq!(shown - opened, of_opening, "sequential scans of the table of events");
}
