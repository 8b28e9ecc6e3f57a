//! The program whose events are looked into: a shop, its payments, and a view of the cities that it sends to.

use std::error::Error as StdError;

use eventsourcing::database::SqliteViews;
use eventsourcing::prelude::*;
use eventsourcing::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool};
use eventsourcing::sqlx::{self, AssertSqlSafe};
use serde::{Deserialize, Serialize};

/// A line of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) count: u32,
}

/// An order. It is `Serialize`, so its states are shown as JSON.
#[aggregate]
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Order {
    city: String,
    lines: Vec<Line>,
    parcel: Option<u64>,
}

#[aggregate]
impl Order {
    #[event("Placed")]
    pub(crate) fn place(city: String) -> Self {
        Self { city, lines: Vec::new(), parcel: None }
    }

    #[event("LineAdded")]
    pub(crate) fn add_line(&mut self, sku: String, count: u32) {
        self.lines.push(Line { sku, count });
    }

    #[event("Moved")]
    pub(crate) fn move_to(&mut self, city: String) {
        self.city = city;
    }

    #[event("Sent")]
    pub(crate) fn send(&mut self, parcel: u64) {
        self.parcel = Some(parcel);
    }
}

/// A payment. It is `Debug` alone, so its states are shown as text.
#[aggregate]
#[derive(Debug)]
pub(crate) struct Payment {
    #[expect(dead_code, reason = "it is shown")]
    parcel: u64,
}

#[aggregate]
impl Payment {
    #[event("Received")]
    pub(crate) fn receive(parcel: u64) -> Self {
        Self { parcel }
    }
}

#[application(aggregates(Order))]
#[derive(Clone, Debug)]
pub(crate) struct Shop;

#[application(aggregates(Payment))]
#[derive(Clone, Debug)]
pub(crate) struct Payments;

/// Receives a payment for each parcel. Parcel 13 is not understood before the program is mended.
#[policy]
impl Payments {
    #[on]
    async fn sent(&self, event: &OrderSent, work: &mut UnitOfWork) -> Result<(), Box<dyn StdError + Send + Sync>> {
        if event.parcel == 13 && !is_mended() {
            return Err("parcel 13 has no price".into());
        }
        work.save(&mut Payment::receive(event.parcel))?;
        Ok(())
    }
}

/// The number of orders of each city, as it was deployed first.
pub(crate) struct OldCities;

#[projection("cities")]
impl OldCities {
    #[tables]
    async fn tables(&self, prefix: &str, view: &mut SqliteConnection) -> sqlx::Result<()> {
        create(prefix, view).await
    }

    #[on]
    async fn placed(&self, event: &OrderPlaced, context: &EventContext, view: &mut SqliteConnection) -> Counted {
        count(&event.city, context, view).await
    }
}

/// The number of orders of each city. Atlantis is not known before the program is mended.
pub(crate) struct Cities;

#[projection("cities", version = 2)]
impl Cities {
    #[tables]
    async fn tables(&self, prefix: &str, view: &mut SqliteConnection) -> sqlx::Result<()> {
        create(prefix, view).await
    }

    #[on]
    async fn placed(&self, event: &OrderPlaced, context: &EventContext, view: &mut SqliteConnection) -> Counted {
        count(&event.city, context, view).await
    }
}

type Counted = Result<(), Box<dyn StdError + Send + Sync>>;

async fn create(prefix: &str, view: &mut SqliteConnection) -> sqlx::Result<()> {
    let create = format!("CREATE TABLE {prefix}cities (city TEXT PRIMARY KEY, orders INTEGER NOT NULL)");
    sqlx::query(AssertSqlSafe(create)).execute(view).await?;
    Ok(())
}

async fn count(city: &str, context: &EventContext, view: &mut SqliteConnection) -> Counted {
    if city == "Atlantis" && !is_mended() {
        return Err("there is no city `Atlantis`".into());
    }
    let table = context.table("cities");
    let insert = format!(
        "INSERT INTO {table} (city, orders) VALUES (?, 1) ON CONFLICT (city) DO UPDATE SET orders = orders + 1"
    );
    sqlx::query(AssertSqlSafe(insert)).bind(city).execute(view).await?;
    Ok(())
}

fn is_mended() -> bool {
    std::env::var_os("SHOP_IS_MENDED").is_some()
}

/// Opens the views, in the file that SHOP_VIEWS names.
pub(crate) async fn views() -> Result<SqliteViews, Box<dyn StdError + Send + Sync>> {
    views_in(&std::env::var("SHOP_VIEWS").map_err(|_| "SHOP_VIEWS is not set; set it to the file of the views")?).await
}

/// Opens the views in a file.
pub(crate) async fn views_in(file: &str) -> Result<SqliteViews, Box<dyn StdError + Send + Sync>> {
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(file).create_if_missing(true)).await?;
    Ok(SqliteViews::open(pool).await?)
}
