//! A policy whose append exceeds the database's time limit with the events of a page, and not with a few.

use eventsourcing::system::SystemRunner;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::common::pools::{postgres_options, variable};
use super::{Orders, PATIENCE, Reservations, common, events, system};

const ORDERS: u32 = 16;

/// The handlers are fast: the server cancels the append of their saves.
#[tokio::test]
async fn a_policy_whose_append_times_out_again_handles_fewer_events_at_once() {
    let variables = common::postgres();
    let schema = variable(&variables, "POSTGRES_SCHEMA");
    let patient = system().variables(variables.clone());
    // once, for the tables
    SystemRunner::start(&patient).await.unwrap().stop().await;
    // sixteen rows take more than twice the time that the server has, and four do not
    let slowly = format!(
        "CREATE FUNCTION {schema}.slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); RETURN NEW; END'; \
         CREATE TRIGGER slowly BEFORE INSERT ON {schema}.reservations_events \
           FOR EACH ROW EXECUTE FUNCTION {schema}.slowly()"
    );
    let mut outsider = PgConnection::connect_with(&postgres_options(&variables)).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(slowly)).execute(&mut outsider).await.unwrap();
    let ordering = SystemRunner::builder(&patient).only::<Orders>().start().await.unwrap();
    let orders: Orders = ordering.get().unwrap();
    for seats in 0..ORDERS {
        orders.place(seats).await.unwrap();
    }
    ordering.stop().await;
    // the server gives up after three quarters of it
    let limit = ("POSTGRES_ANSWER_TIMEOUT".to_owned(), "2".to_owned());
    let impatient = system().variables(variables.into_iter().chain([limit]));
    let reserving = SystemRunner::builder(&impatient).only::<Reservations>().start().await.unwrap();
    // a machine that is slow for a moment makes a cancelled statement a lost connection, which takes longer to sort out
    reserving.settled(PATIENCE * 3).await.unwrap();
    assert_eq!(events(&reserving.get::<Reservations>().unwrap()).await, u64::from(ORDERS));
    reserving.stop().await;
}
