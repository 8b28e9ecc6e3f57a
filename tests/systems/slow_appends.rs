//! A policy whose append exceeds the database's time limit with all the events of a page, and does not with a few.

use std::collections::BTreeMap;

use eventsourcing::system::SystemRunner;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::{Orders, PATIENCE, Reservations, common, events, system};

const ORDERS: u32 = 16;

async fn outsider(variables: &BTreeMap<String, String>) -> PgConnection {
    let variable = |name: &str| variables.get(name).cloned().unwrap_or_default();
    let options = PgConnectOptions::new_without_pgpass()
        .host(&variable("POSTGRES_HOST"))
        .port(variable("POSTGRES_PORT").parse().unwrap_or(5432))
        .username(&variable("POSTGRES_USER"))
        .password(&variable("POSTGRES_PASSWORD"))
        .database(&variable("POSTGRES_DBNAME"));
    PgConnection::connect_with(&options).await.unwrap()
}

/// Its handlers were fast: it is the append of what they saved that the server cancels.
#[tokio::test]
async fn a_policy_whose_append_times_out_again_handles_fewer_events_at_once() {
    let variables: BTreeMap<String, String> = common::postgres().into_iter().collect();
    let schema = &variables["POSTGRES_SCHEMA"];
    let patient = system().variables(variables.clone());
    // once, for the tables
    SystemRunner::start(&patient).await.unwrap().stop().await;
    // sixteen rows take more than twice the time that the server has, and four do not
    let slowly = format!(
        "CREATE FUNCTION {schema}.slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); RETURN NEW; END'; \
         CREATE TRIGGER slowly BEFORE INSERT ON {schema}.reservations_events \
           FOR EACH ROW EXECUTE FUNCTION {schema}.slowly()"
    );
    sqlx::raw_sql(AssertSqlSafe(slowly)).execute(&mut outsider(&variables).await).await.unwrap();
    let ordering = SystemRunner::of(&patient).only::<Orders>().start().await.unwrap();
    let orders: Orders = ordering.get().unwrap();
    for seats in 0..ORDERS {
        orders.place(seats).await.unwrap();
    }
    ordering.stop().await;
    // the server gives up after three quarters of it
    let limit = ("POSTGRES_ANSWER_TIMEOUT".to_owned(), "2".to_owned());
    let impatient = system().variables(variables.into_iter().chain([limit]));
    let reserving = SystemRunner::of(&impatient).only::<Reservations>().start().await.unwrap();
    // a machine that is slow for a moment makes a cancelled statement a lost connection, which takes longer to sort out
    reserving.settled(PATIENCE * 3).await.unwrap();
    assert_eq!(events(&reserving.get::<Reservations>().unwrap()).await, u64::from(ORDERS));
    reserving.stop().await;
}
