//! A shop with traffic, and the explorer that shows it: a view that is up to date, one that lags, dead letters and a rebuild.
//!
//! It records into SQLite files in a temporary folder, which it removes when Ctrl-C stops it. After two thousand orders no further ones arrive.
//!
//! ```console
//! $ cargo run --example explorer
//! Open   http://127.0.0.1:4040/
//! Token  5d3c…
//! ```

mod shop;
mod traffic;
mod views;

use std::error::Error;
use std::time::Duration;

use eventsourcing::database::SqliteViews;
use eventsourcing::prelude::{Application, OnFailure, ProcessApplication as _, ProjectionRunner};
use eventsourcing_explorer::{Explorer, Scope};
use sqlx::sqlite::SqlitePool;

use shop::{Orders, Payments};
use views::{Labels, Revenue, Search};

/// The orders that exist when the pages open, and all that are ever placed.
const FIRST: u64 = 300;
const MOST: u64 = 2_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::Builder::new().prefix("eventsourcing-explorer-").tempdir()?;
    let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let variables = [
        ("PERSISTENCE_MODULE", "sqlite".to_owned()),
        ("SQLITE_DBNAME", file("events.db")),
        ("COMPRESSOR_TOPIC", "zstd".to_owned()),
    ];
    let orders = Orders::builder().variables(variables.clone()).open().await?;
    let payments = Payments::builder().variables(variables).open().await?;
    for number in 1..=FIRST {
        traffic::order(number, &orders).await?;
    }

    // views of their own files: in SQLite, the transaction of a slow one keeps others of its file waiting
    let open = async |name: &str| -> Result<SqliteViews, Box<dyn Error>> {
        let pool = SqlitePool::connect(&format!("sqlite:{}?mode=rwc", file(name))).await?;
        Ok(SqliteViews::open(pool).await?)
    };
    let (views, label_views, slow_views) =
        (open("views.db").await?, open("labels.db").await?, open("search.db").await?);
    let park = OnFailure::park(1, Duration::from_millis(20));
    let runners = [
        payments.follow(&orders).start().await?,
        ProjectionRunner::start(&orders, Revenue, views.clone()).await?,
        ProjectionRunner::builder(&orders, Labels, label_views.clone()).on_failure(park).start().await?,
        ProjectionRunner::builder(&orders, Search, slow_views.clone()).batch_size(1).start().await?,
    ];

    // a port of the caller's choice, for those who have 4040 in use
    let port = std::env::args().nth(1).map_or(Ok(Explorer::ADDRESS.port()), |port| port.parse())?;
    let explorer = Explorer::of(&orders)
        .also(&payments)
        .views(&views)
        .views(&label_views)
        .views(&slow_views)
        .audit(views.clone())
        .allow([Scope::LettersRetry, Scope::LettersDiscard, Scope::Rebuild]);
    let explorer = runners.iter().fold(explorer, Explorer::runner);
    let server = explorer.serve(([127, 0, 0, 1], port).into()).await?;
    println!("Open   {}", server.url());
    println!("Token  {}", server.token().unwrap_or_default());
    println!("Ctrl-C stops it and removes {}.", folder.path().display());

    let ended: Result<(), Box<dyn Error>> = tokio::select! {
        placed = traffic::keep_ordering(&orders, FIRST..MOST) => placed.map_err(Into::into),
        rebuilt = views::keep_rebuilding(&orders, views) => rebuilt,
        () = say_now_and_then(&orders) => Ok(()),
        pressed = tokio::signal::ctrl_c() => pressed.map_err(Into::into),
    };
    server.stop().await;
    for runner in runners {
        // one that is stopped between two attempts returns why the first one failed
        if let Err(error) = runner.stop().await {
            println!("Stopped: {error}");
        }
    }
    for application in [&*orders, &*payments] {
        application.close().await;
    }
    folder.close()?;
    ended
}

/// Prints what the application counts, every ten seconds.
async fn say_now_and_then(orders: &Application) {
    loop {
        tokio::time::sleep(Duration::from_secs(10)).await;
        let state = orders.readiness().max_lag_time(Duration::from_secs(30)).await.state;
        let stats = orders.stats();
        let half = stats.append.quantile(0.5).unwrap_or_default();
        println!("{state}: {} events in {} saves, half of them in {half:?} or less", stats.events, stats.saves);
        for consumer in &stats.consumers {
            let (name, kind) = (consumer.name, if consumer.is_rebuild { " (rebuild)" } else { "" });
            println!("  {name}{kind}: {}, {} behind, {} parked", consumer.state, consumer.lag(), consumer.parked);
        }
    }
}
