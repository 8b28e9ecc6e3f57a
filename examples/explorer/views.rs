//! The views of the shop: one that is up to date, one that parks, one that lags, and the rebuild of the first one.

use std::error::Error;
use std::time::Duration;

use eventsourcing::database::SqliteViews;
use eventsourcing::prelude::*;
use eventsourcing::projection::RebuildState;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

use crate::shop::{OrderAddressSet, OrderConfirmed, OrderLineAdded, Orders};

/// How much was sold.
pub(crate) struct Revenue;

#[projection("revenue")]
impl Revenue {
    #[tables]
    async fn tables(&self, prefix: &str, view: &mut SqliteConnection) -> sqlx::Result<()> {
        create(&format!("{prefix}revenue (order_id BLOB PRIMARY KEY, cents INTEGER NOT NULL)"), view).await
    }

    #[on]
    async fn confirmed(
        &self,
        event: &OrderConfirmed,
        context: &EventContext,
        view: &mut SqliteConnection,
    ) -> sqlx::Result<()> {
        sold(event, context, view).await
    }
}

/// The same view in the next version, whose handler is slow, so that there is time to look at its rebuild.
pub(crate) struct BetterRevenue;

#[projection("revenue", version = 2)]
impl BetterRevenue {
    #[tables]
    async fn tables(&self, prefix: &str, view: &mut SqliteConnection) -> sqlx::Result<()> {
        create(&format!("{prefix}revenue (order_id BLOB PRIMARY KEY, cents INTEGER NOT NULL)"), view).await
    }

    #[on]
    async fn confirmed(
        &self,
        event: &OrderConfirmed,
        context: &EventContext,
        view: &mut SqliteConnection,
    ) -> sqlx::Result<()> {
        tokio::time::sleep(Duration::from_millis(60)).await;
        sold(event, context, view).await
    }
}

/// The labels of parcels. An address without a country has none, so its events are parked.
pub(crate) struct Labels;

#[projection("parcel_labels")]
impl Labels {
    #[tables]
    async fn tables(&self, prefix: &str, view: &mut SqliteConnection) -> sqlx::Result<()> {
        create(&format!("{prefix}labels (order_id BLOB PRIMARY KEY, label TEXT NOT NULL)"), view).await
    }

    #[on]
    async fn address_set(
        &self,
        event: &OrderAddressSet,
        context: &EventContext,
        view: &mut SqliteConnection,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        if event.country.is_empty() {
            return Err("the address has no country".into());
        }
        let label = format!("{}, {}, {}", event.street, event.city, event.country);
        let insert = format!("INSERT INTO {} (order_id, label) VALUES (?, ?)", context.table("labels"));
        sqlx::query(AssertSqlSafe(insert)).bind(id(context)).bind(label).execute(view).await?;
        Ok(())
    }
}

/// A search index that takes half a second for each line, and so falls behind.
pub(crate) struct Search;

#[projection("search")]
impl Search {
    #[tables]
    async fn tables(&self, prefix: &str, view: &mut SqliteConnection) -> sqlx::Result<()> {
        create(&format!("{prefix}sold (order_id BLOB NOT NULL, sku TEXT NOT NULL)"), view).await
    }

    #[on]
    async fn line_added(
        &self,
        event: &OrderLineAdded,
        context: &EventContext,
        view: &mut SqliteConnection,
    ) -> sqlx::Result<()> {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let insert = format!("INSERT INTO {} (order_id, sku) VALUES (?, ?)", context.table("sold"));
        sqlx::query(AssertSqlSafe(insert)).bind(id(context)).bind(&event.sku).execute(view).await?;
        Ok(())
    }
}

/// Rebuilds the view of the revenue, gives it up once it has caught up, and begins again.
pub(crate) async fn keep_rebuilding(orders: &Orders, views: SqliteViews) -> Result<(), Box<dyn Error>> {
    loop {
        let rebuild = Rebuild::builder(orders, BetterRevenue, views.clone()).batch_size(4).start().await?;
        while !matches!(rebuild.progress().await?.state, RebuildState::CaughtUp | RebuildState::Failed(_)) {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        tokio::time::sleep(Duration::from_secs(20)).await;
        rebuild.abort().await?;
    }
}

async fn create(table: &str, view: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::query(AssertSqlSafe(format!("CREATE TABLE {table}"))).execute(view).await?;
    Ok(())
}

async fn sold(event: &OrderConfirmed, context: &EventContext, view: &mut SqliteConnection) -> sqlx::Result<()> {
    let insert = format!("INSERT INTO {} (order_id, cents) VALUES (?, ?)", context.table("revenue"));
    let cents = i64::try_from(event.total).unwrap_or(i64::MAX);
    sqlx::query(AssertSqlSafe(insert)).bind(id(context)).bind(cents).execute(view).await?;
    Ok(())
}

fn id(context: &EventContext) -> &[u8] {
    context.originator_id.as_bytes().as_slice()
}
