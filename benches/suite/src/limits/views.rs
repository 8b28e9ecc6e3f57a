//! Limits for projections and for subscribers: the driver alone reads the log and updates the view, without a library.
//!
//! SQL is the same in both dialects, but sqlx's types are not, so a macro writes the code for both.

use std::hint::black_box;
use std::time::Instant;

use sqlx::{AssertSqlSafe, Executor, Row};
use tokio::sync::{mpsc, watch};

use super::row::Folded;

/// The first table has the count, also of the library's projections. The second has the position of these consumers.
const TABLES: &str = "
    CREATE TABLE counter (deposits bigint NOT NULL);
    INSERT INTO counter VALUES (0);
    CREATE TABLE IF NOT EXISTS processed (position bigint NOT NULL);
    INSERT INTO processed SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM processed)";

/// The batch size, which is that of the library.
const BATCH: i64 = 500;

/// Whether there is a statement for each batch, or for each event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statements {
    ABatch,
    AnEvent,
}

/// A database with views.
pub trait Pool: Clone + Send + Sync + 'static {
    type Follower: Follower;

    /// Creates the tables of views.
    fn create(&self) -> impl Future<Output = ()> + Send;

    /// Resets the library's projection.
    fn clear(&self) -> impl Future<Output = ()> + Send;

    /// Returns the number of deposits that were counted.
    fn counted(&self) -> impl Future<Output = i64> + Send;

    /// Returns the number of deposits after an id in the library's table.
    fn deposits_after(&self, after: i64) -> impl Future<Output = i64> + Send;

    /// Returns a consumer of the deposits in this table, on a connection of its own.
    fn follower(&self, table: &str) -> impl Future<Output = Self::Follower> + Send;
}

/// A consumer of deposits without the library.
pub trait Follower: Send + 'static {
    /// Processes the deposits after this id until the end of the table, and returns their number.
    fn catch_up(&mut self, after: i64, statements: Statements) -> impl Future<Output = i64> + Send;

    /// Counts new deposits each time it is notified, and reports the position.
    fn keep_counting(self, told: watch::Receiver<()>, processed: watch::Sender<i64>)
    -> impl Future<Output = ()> + Send;

    /// Decodes new deposits each time it is notified, and reports the time of each.
    fn keep_hearing(
        self,
        told: watch::Receiver<()>,
        heard: mpsc::UnboundedSender<Instant>,
    ) -> impl Future<Output = ()> + Send;
}

/// A consumer in one kind of database.
pub struct ByHand<Connection> {
    connection: Connection,
    page: String,
    after: i64,
}

macro_rules! views {
    ($Pool:ty, $Connection:ty, $Row:ty, $begin:literal) => {
        impl Pool for $Pool {
            type Follower = ByHand<$Connection>;

            async fn create(&self) {
                self.execute(TABLES).await.unwrap();
            }

            async fn clear(&self) {
                self.execute("UPDATE counter SET deposits = 0").await.unwrap();
                self.execute("DELETE FROM eventsourcing_projections").await.unwrap();
            }

            async fn counted(&self) -> i64 {
                sqlx::query_scalar("SELECT deposits FROM counter").fetch_one(self).await.unwrap()
            }

            async fn deposits_after(&self, after: i64) -> i64 {
                let count = "SELECT count(*) FROM bank_events WHERE topic = 'Account.Deposited' AND notification_id > $1";
                sqlx::query_scalar(count).bind(after).fetch_one(self).await.unwrap()
            }

            async fn follower(&self, table: &str) -> ByHand<$Connection> {
                let page = format!(
                    "SELECT notification_id, originator_id, originator_version, topic, state, checksum FROM {table} \
                     WHERE notification_id > $1 AND topic = 'Account.Deposited' ORDER BY notification_id LIMIT $2"
                );
                ByHand { connection: self.acquire().await.unwrap().detach(), page, after: 0 }
            }
        }

        impl ByHand<$Connection> {
            async fn read(&mut self) -> Vec<$Row> {
                let read = sqlx::query(AssertSqlSafe(self.page.as_str())).bind(self.after).bind(BATCH);
                let rows = read.fetch_all(&mut self.connection).await.unwrap();
                if let Some(last) = rows.last() {
                    self.after = last.get(0);
                }
                rows
            }

            /// Counts the next batch in a transaction, without decoding its states, and returns its size.
            async fn count(&mut self, statements: Statements) -> usize {
                let rows = self.read().await;
                if rows.is_empty() {
                    return 0;
                }
                black_box(rows.iter().map(|row| row.get::<&[u8], _>(4).len()).sum::<usize>());
                let (times, each) = match statements {
                    Statements::ABatch => (1, rows.len() as i64),
                    Statements::AnEvent => (rows.len(), 1),
                };
                let connection = &mut self.connection;
                sqlx::query($begin).execute(&mut *connection).await.unwrap();
                let moved = sqlx::query("UPDATE processed SET position = $1").bind(self.after);
                moved.execute(&mut *connection).await.unwrap();
                for _ in 0..times {
                    let counted = sqlx::query("UPDATE counter SET deposits = deposits + $1").bind(each);
                    counted.execute(&mut *connection).await.unwrap();
                }
                sqlx::query("COMMIT").execute(&mut *connection).await.unwrap();
                rows.len()
            }
        }

        impl Follower for ByHand<$Connection> {
            async fn catch_up(&mut self, after: i64, statements: Statements) -> i64 {
                self.after = after;
                let mut all = 0;
                loop {
                    match self.count(statements).await {
                        0 => return all,
                        more => all += more as i64,
                    }
                }
            }

            async fn keep_counting(mut self, mut told: watch::Receiver<()>, processed: watch::Sender<i64>) {
                while told.changed().await.is_ok() {
                    while self.count(Statements::ABatch).await > 0 {
                        processed.send_replace(self.after);
                    }
                }
            }

            async fn keep_hearing(mut self, mut told: watch::Receiver<()>, heard: mpsc::UnboundedSender<Instant>) {
                let mut folded = Folded::default();
                while told.changed().await.is_ok() {
                    for row in self.read().await {
                        folded.take(row.get(3), row.get(4));
                        // there is no receiver once the measurement has ended
                        let _ = heard.send(Instant::now());
                    }
                }
                black_box(folded.balance);
            }
        }
    };
}

views!(sqlx::PgPool, sqlx::PgConnection, sqlx::postgres::PgRow, "BEGIN");
views!(sqlx::SqlitePool, sqlx::SqliteConnection, sqlx::sqlite::SqliteRow, "BEGIN IMMEDIATE");
