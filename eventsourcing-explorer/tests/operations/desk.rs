//! A projection that refuses notes until it is mended, in each database, and an operator with a browser.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::prelude::*;
use eventsourcing::projection::RebuildableViews;
use eventsourcing::sqlx::sqlite::SqliteConnectOptions;
use eventsourcing::sqlx::{PgConnection, SqliteConnection, SqlitePool};
use eventsourcing::{Environment, OnFailure, ProjectionRunner};
use eventsourcing_explorer::{Explorer, Scope};

use super::common::{Order, OrderNoted, Shop, TOKEN, answer, databases, plain};

pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// The scopes of an operator who may do everything.
pub(super) const ALL: [Scope; 4] = [Scope::LettersRetry, Scope::LettersDiscard, Scope::Rebuild, Scope::Reveal];

/// Whether handlers accept what they refused before.
#[derive(Clone, Debug, Default)]
pub(super) struct Mended(Arc<AtomicBool>);

impl Mended {
    pub(super) fn is(&self, mended: bool) {
        self.0.store(mended, Ordering::Relaxed);
    }

    fn check(&self, text: &str) -> std::result::Result<(), String> {
        let is_refused = text.starts_with("bad") && !self.0.load(Ordering::Relaxed);
        if is_refused { Err(format!("<b>the note `{text}` is refused</b>")) } else { Ok(()) }
    }
}

pub(super) struct InSqlite(pub(super) Mended);

#[projection("notes")]
impl InSqlite {
    #[on]
    async fn noted(&self, event: &OrderNoted, view: &mut SqliteConnection) -> std::result::Result<(), String> {
        let insert = eventsourcing::sqlx::query("INSERT INTO notes (text) VALUES (?)").bind(&event.text);
        insert.execute(view).await.map_err(|error| error.to_string())?;
        self.0.check(&event.text)
    }
}

pub(super) struct InPostgres(pub(super) Mended);

#[projection("notes")]
impl InPostgres {
    #[on]
    async fn noted(&self, event: &OrderNoted, view: &mut PgConnection) -> std::result::Result<(), String> {
        let insert = eventsourcing::sqlx::query("INSERT INTO notes (text) VALUES ($1)").bind(&event.text);
        insert.execute(view).await.map_err(|error| error.to_string())?;
        self.0.check(&event.text)
    }
}

/// Views in a new SQLite file in a folder.
pub(super) async fn sqlite_views(folder: &tempfile::TempDir) -> SqliteViews {
    let options = SqliteConnectOptions::new().filename(folder.path().join("views.db")).create_if_missing(true);
    SqliteViews::open(SqlitePool::connect_with(options).await.unwrap()).await.unwrap()
}

/// A shop with parked notes, and the explorer that shows them.
pub(super) struct Desk {
    pub(super) shop: Shop,
    pub(super) order: Uuid,
    pub(super) mended: Mended,
    pub(super) router: Router,
    /// The number of rows of the view.
    pub(super) rows: Rows,
    _runner: ProjectionRunner,
    _folder: tempfile::TempDir,
}

pub(super) enum Rows {
    Sqlite(SqliteViews),
    Postgres(PostgresViews),
}

impl Rows {
    pub(super) async fn count(&self) -> i64 {
        let count = "SELECT count(*) FROM notes";
        match self {
            Self::Sqlite(views) => eventsourcing::sqlx::query_scalar(count).fetch_one(views.pool()).await.unwrap(),
            Self::Postgres(views) => eventsourcing::sqlx::query_scalar(count).fetch_one(views.pool()).await.unwrap(),
        }
    }
}

/// Records an order whose second event is refused, so that the third and fourth wait, and another order.
async fn record(shop: &Shop) -> Uuid {
    let mut order = Order::place("ada".to_owned(), 12);
    for text in ["bad & <i>loud</i>", "good", "better"] {
        order.note(text.to_owned());
    }
    let mut other = Order::place("grace".to_owned(), 12);
    other.note("fine".to_owned());
    shop.save((&mut order, &mut other)).await.unwrap();
    order.id()
}

/// Runs the projection until everything is handled or parked.
pub(super) async fn parked<P, V>(shop: &Shop, projection: P, views: V) -> ProjectionRunner
where
    P: eventsourcing::Projection,
    V: RebuildableViews<View = P::View>,
{
    let park = OnFailure::park(1, Duration::ZERO);
    let runner = ProjectionRunner::builder(shop, projection, views).on_failure(park).start().await.unwrap();
    let last = shop.log().max_id().await.unwrap().unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    runner
}

/// A desk for each database: the events and the view in SQLite, and in PostgreSQL.
pub(super) async fn desks() -> Vec<Desk> {
    let mut desks = Vec::new();
    for is_postgres in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let variables = databases(&folder).remove(if is_postgres { 2 } else { 1 });
        let shop = Shop::builder().variables(variables.clone()).open().await.unwrap();
        let (order, mended) = (record(&shop).await, Mended::default());
        let (runner, rows, explorer) = if is_postgres {
            let environment = Environment::from_variables("Shop", variables);
            let views = PostgresViews::from_environment(&environment).await.unwrap();
            let table = "CREATE TABLE notes (text text NOT NULL)";
            eventsourcing::sqlx::query(table).execute(views.pool()).await.unwrap();
            let runner = parked(&shop, InPostgres(mended.clone()), views.clone()).await;
            (runner, Rows::Postgres(views.clone()), Explorer::of(&shop).views(&views).audit(views))
        } else {
            let views = sqlite_views(&folder).await;
            let table = "CREATE TABLE notes (text TEXT NOT NULL)";
            eventsourcing::sqlx::query(table).execute(views.pool()).await.unwrap();
            let runner = parked(&shop, InSqlite(mended.clone()), views.clone()).await;
            (runner, Rows::Sqlite(views.clone()), Explorer::of(&shop).views(&views).audit(views))
        };
        let router = explorer.token(TOKEN).runner(&runner).allow(ALL).router().unwrap();
        desks.push(Desk { shop, order, mended, router, rows, _runner: runner, _folder: folder });
    }
    desks
}

/// The fields of a form about the letters of an aggregate.
pub(super) fn about(order: Uuid) -> Vec<(&'static str, String)> {
    vec![("consumer", "notes".to_owned()), ("upstream", "Shop".to_owned()), ("aggregate", order.to_string())]
}

/// A form that a program sends, with the token.
pub(super) async fn send(router: &Router, path: &str, fields: &[(&str, String)]) -> (StatusCode, HeaderMap, String) {
    let request = plain("POST", path).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    answer(router, request.body(Body::from(encoded(fields))).unwrap()).await
}

pub(super) fn encoded(fields: &[(&str, String)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", value.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>()))
        .collect();
    pairs.join("&")
}

/// The cookie of a browser that signed in.
pub(super) async fn sign_in(router: &Router) -> String {
    let request = plain("POST", "/login").header("sec-fetch-site", "same-origin");
    let (_, headers, _) = answer(router, request.body(Body::from(format!("token={TOKEN}"))).unwrap()).await;
    headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// A form as a browser sends it.
pub(super) fn form(path: &str, cookie: &str, site: Option<&str>, fields: &[(&str, String)]) -> Request<Body> {
    let mut request = plain("POST", path).header("cookie", cookie);
    if let Some(site) = site {
        request = request.header("sec-fetch-site", site);
    }
    request.body(Body::from(encoded(fields))).unwrap()
}

/// The token of the forms on a page.
pub(super) async fn csrf(router: &Router, cookie: &str, page: &str) -> String {
    let request = plain("GET", page).header("cookie", cookie).body(Body::empty()).unwrap();
    let (_, _, body) = answer(router, request).await;
    let (_, rest) = body.split_once("name=\"csrf\" value=\"").expect("a form");
    rest.split('"').next().unwrap().to_owned()
}

/// The path of the page with the selected letter.
pub(super) const SELECTED: &str = "/letters?consumer=notes&upstream=Shop&at=2";
