//! Searchable content: a projection keeps a full-text index of pages, in SQLite's FTS5.
//!
//! Aggregates are found by their ids. Other questions, such as "which pages have this word", are answered by a view: a projection handles
//! each event and updates tables. Here the view is a file of its own. A handler's changes and the position in the log are committed in one
//! transaction, so each event is indexed exactly once, also after a crash.
//!
//! ```console
//! $ cargo run --example searchable_content
//! ```

use std::time::Duration;

use eventsourcing::database::SqliteViews;
use eventsourcing::prelude::*;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnection, SqlitePool};

#[aggregate]
#[derive(Debug)]
pub struct Page {
    title: String,
    text: String,
}

#[aggregate]
impl Page {
    #[event("Created")]
    pub fn create(title: &str, text: &str) -> Self {
        Self { title: title.to_owned(), text: text.to_owned() }
    }

    #[event("Renamed")]
    pub fn rename(&mut self, title: &str) {
        self.title = title.to_owned();
    }

    #[event("Rewritten")]
    pub fn rewrite(&mut self, text: &str) {
        self.text = text.to_owned();
    }

    #[event("Deleted")]
    pub fn delete(&mut self) {
        self.title.clear();
        self.text.clear();
    }
}

#[application(aggregates(Page))]
#[derive(Debug)]
pub struct Wiki;

/// The index: `pages` has a number for each page, under which `pages_text` has its words.
#[derive(Debug)]
pub struct Search;

#[projection("search")]
impl Search {
    #[tables]
    async fn tables(&self, prefix: &str, view: &mut SqliteConnection) -> sqlx::Result<()> {
        let pages = format!("CREATE TABLE {prefix}pages (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE)");
        sqlx::query(AssertSqlSafe(pages)).execute(&mut *view).await?;
        let text = format!("CREATE VIRTUAL TABLE {prefix}pages_text USING fts5 (title, text)");
        sqlx::query(AssertSqlSafe(text)).execute(view).await?;
        Ok(())
    }

    #[on]
    async fn created(
        &self,
        event: &PageCreated,
        context: &EventContext,
        view: &mut SqliteConnection,
    ) -> sqlx::Result<()> {
        let insert = format!("INSERT INTO {} (id) VALUES (?) RETURNING number", context.table("pages"));
        let number = sqlx::query_scalar(AssertSqlSafe(insert)).bind(id(context));
        let number: i64 = number.fetch_one(&mut *view).await?;
        let insert = format!("INSERT INTO {} (rowid, title, text) VALUES (?, ?, ?)", context.table("pages_text"));
        let insert = sqlx::query(AssertSqlSafe(insert)).bind(number).bind(&event.title).bind(&event.text);
        insert.execute(view).await?;
        Ok(())
    }

    #[on]
    async fn renamed(
        &self,
        event: &PageRenamed,
        context: &EventContext,
        view: &mut SqliteConnection,
    ) -> sqlx::Result<()> {
        let update = format!("UPDATE {} SET title = ? WHERE {}", context.table("pages_text"), this_page(context));
        sqlx::query(AssertSqlSafe(update)).bind(&event.title).bind(id(context)).execute(view).await?;
        Ok(())
    }

    #[on]
    async fn rewritten(
        &self,
        event: &PageRewritten,
        context: &EventContext,
        view: &mut SqliteConnection,
    ) -> sqlx::Result<()> {
        let update = format!("UPDATE {} SET text = ? WHERE {}", context.table("pages_text"), this_page(context));
        sqlx::query(AssertSqlSafe(update)).bind(&event.text).bind(id(context)).execute(view).await?;
        Ok(())
    }

    #[on]
    async fn deleted(&self, _: &PageDeleted, context: &EventContext, view: &mut SqliteConnection) -> sqlx::Result<()> {
        let delete = format!("DELETE FROM {} WHERE {}", context.table("pages_text"), this_page(context));
        sqlx::query(AssertSqlSafe(delete)).bind(id(context)).execute(&mut *view).await?;
        let delete = format!("DELETE FROM {} WHERE id = ?", context.table("pages"));
        sqlx::query(AssertSqlSafe(delete)).bind(id(context)).execute(view).await?;
        Ok(())
    }
}

fn id(context: &EventContext) -> &[u8] {
    context.originator_id.as_bytes()
}

/// The condition for the row of the event's page, with its id as a parameter.
fn this_page(context: &EventContext) -> String {
    format!("rowid = (SELECT number FROM {} WHERE id = ?)", context.table("pages"))
}

/// The titles of the pages that have all of these words, best match first.
async fn search(pool: &SqlitePool, words: &str) -> sqlx::Result<Vec<String>> {
    // each word in quotes, so that none is taken for an operator of FTS5
    let quoted = words.split_whitespace().map(|word| format!("\"{}\"", word.replace('"', "\"\"")));
    let query = quoted.collect::<Vec<_>>().join(" ");
    let select = sqlx::query_scalar("SELECT title FROM pages_text WHERE pages_text MATCH ? ORDER BY rank");
    select.bind(query).fetch_all(pool).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let events = file("events.db");
    let wiki = Wiki::open_with([("PERSISTENCE_MODULE", "sqlite"), ("SQLITE_DBNAME", events.as_str())]).await?;
    let pool = SqlitePool::connect(&format!("sqlite:{}?mode=rwc", file("search.db"))).await?;
    let views = SqliteViews::open(pool.clone()).await?;
    let runner = ProjectionRunner::start(&wiki, Search, views.clone()).await?;

    let mut tea = Page::create("Tea", "Pour hot water over dried leaves.");
    let mut coffee = Page::create("Coffee", "Pour hot water over ground beans.");
    let recorded = wiki.save((&mut tea, &mut coffee)).await?;
    // a reader that must see its own save waits until the runner has processed it
    let wait = Duration::from_secs(10);
    runner.wait_for(recorded[1].id, wait).await?;
    assert_eq!(search(&pool, "leaves").await?, ["Tea"]);
    assert_eq!(search(&pool, "water hot").await?.len(), 2);
    assert_eq!(search(&pool, "\"beans OR").await?, Vec::<String>::new());

    // the index changes with the pages
    tea.rewrite("Steep the leaves for three minutes.");
    coffee.rename("Filter coffee");
    let recorded = wiki.save((&mut tea, &mut coffee)).await?;
    runner.wait_for(recorded[1].id, wait).await?;
    assert_eq!(search(&pool, "minutes").await?, ["Tea"]);
    assert_eq!(search(&pool, "water").await?, ["Filter coffee"]);
    runner.stop().await?;

    // events that are recorded while the projection is stopped are indexed when it starts again, from its stored position
    coffee.delete();
    let recorded = wiki.save(&mut coffee).await?;
    assert_eq!(search(&pool, "coffee").await?, ["Filter coffee"]);
    let runner = ProjectionRunner::start(&wiki, Search, views).await?;
    runner.wait_for(recorded[0].id, wait).await?;
    assert_eq!(search(&pool, "coffee").await?, Vec::<String>::new());
    let status = runner.status().await?;
    assert_eq!((status.position, status.last), (5, 5));
    println!("pages with `leaves`: {:?}", search(&pool, "leaves").await?);

    runner.stop().await?;
    wiki.close().await;
    pool.close().await;
    Ok(())
}
