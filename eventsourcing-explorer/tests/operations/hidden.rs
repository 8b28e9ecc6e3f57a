//! Errors may repeat the values of an encrypted log, so they are hidden like these.

use axum::http::StatusCode;
use eventsourcing::Aggregate as _;
use eventsourcing_explorer::{Explorer, Scope};

use super::common::{Order, Shop, TOKEN, databases, page};
use super::desk::{ALL, InSqlite, Mended, about, parked, send, sqlite_views};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const SECRET: &str = "Noordwal 7";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reasons_of_an_encrypted_log_are_hidden_until_they_are_revealed() {
    let folder = tempfile::tempdir().unwrap();
    let mut variables = databases(&folder).remove(1);
    variables.push(("CIPHER_KEY".to_owned(), KEY.to_owned()));
    let shop = Shop::builder().variables(variables).open().await.unwrap();
    let mut order = Order::place("ada".to_owned(), 1);
    order.note(format!("bad {SECRET}"));
    shop.save(&mut order).await.unwrap();
    let views = sqlite_views(&folder).await;
    eventsourcing::sqlx::query("CREATE TABLE notes (text TEXT)").execute(views.pool()).await.unwrap();
    let runner = parked(&shop, InSqlite(Mended::default()), views.clone()).await;
    let explorer = || Explorer::of(&shop).token(TOKEN).runner(&runner).views(&views).audit(views.clone());
    let selected = "/letters?consumer=notes&upstream=Shop&at=2";
    let pages = [
        "/letters",
        "/letters.json",
        "/letters?by=time",
        selected,
        "/projections",
        "/projections.json",
        "/system.json",
    ];

    let router = explorer().allow(ALL).router().unwrap();
    let at = [about(order.id()), vec![("at", "2".to_owned())]].concat();
    send(&router, "/letters/retry", &[at.clone(), vec![("reason", "mended".to_owned())]].concat()).await;
    let (_, _, tried) = send(&router, "/letters/dry-run", &at).await;
    assert!(tried.contains("would fail at 2") && !tried.contains(SECRET), "{tried}");
    for path in pages.into_iter().chain(["/audit", "/audit.csv", "/audit.json"]) {
        let body = page(&router, path).await;
        assert!(!body.contains(SECRET) && !body.contains("sealed:1:"), "{path}: {body}");
    }

    // the twin: with the scope it is there, and without the scope to reveal it cannot be asked for
    let reader = explorer().show_payloads(true).router().unwrap();
    assert!(page(&reader, "/letters").await.contains(SECRET));
    assert!(page(&reader, selected).await.contains(SECRET));
    let other = explorer().allow([Scope::LettersRetry]).router().unwrap();
    assert_eq!(send(&other, "/letters/reveal", &at).await.0, StatusCode::FORBIDDEN);

    let (status, _, revealed) = send(&router, "/letters/reveal", &at).await;
    assert_eq!(status, StatusCode::OK);
    assert!(revealed.contains(SECRET), "{revealed}");
    let audit = page(&router, "/audit").await;
    assert!(audit.contains("reveal") && audit.contains("notes from Shop, notification 2"), "{audit}");
    assert!(!page(&router, selected).await.contains(SECRET), "it was shown once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reasons_of_a_log_that_is_not_shown_are_hidden_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut variables = databases(&folder).remove(1);
    variables.push(("CIPHER_KEY".to_owned(), KEY.to_owned()));
    let shop = Shop::builder().variables(variables).open().await.unwrap();
    let mut order = Order::place("ada".to_owned(), 1);
    order.note(format!("bad {SECRET}"));
    shop.save(&mut order).await.unwrap();
    let views = sqlite_views(&folder).await;
    eventsourcing::sqlx::query("CREATE TABLE notes (text TEXT)").execute(views.pool()).await.unwrap();
    let runner = parked(&shop, InSqlite(Mended::default()), views.clone()).await;
    let other = super::common::Payments::builder().variables(Vec::<(String, String)>::new()).open().await.unwrap();
    for sees_all in [false, true] {
        // its runner knows the key
        let explorer = Explorer::of(&other).token(TOKEN).runner(&runner).views(&views).show_payloads(sees_all);
        let router = explorer.router().unwrap();
        for path in ["/letters", "/letters.json", "/projections", "/projections.json"] {
            assert_eq!(page(&router, path).await.contains(SECRET), sees_all, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_values_of_an_event_are_revealed_once_and_audited() {
    let variables = vec![("CIPHER_KEY".to_owned(), KEY.to_owned())];
    let shop = Shop::builder().variables(variables).open().await.unwrap();
    shop.save(&mut Order::place(SECRET.to_owned(), 1)).await.unwrap();
    let audit = eventsourcing::audit::MemoryAudit::new();
    let explorer = || Explorer::of(&shop).token(TOKEN).audit(audit.clone());
    let (path, at) = ("/Shop/events/1", [("application", "Shop".to_owned()), ("at", "1".to_owned())]);

    let without = explorer().allow([Scope::LettersRetry]).router().unwrap();
    assert!(!page(&without, path).await.contains("Reveal the values"));
    assert_eq!(send(&without, "/reveal", &at).await.0, StatusCode::FORBIDDEN);
    let router = explorer().allow([Scope::Reveal]).router().unwrap();
    let hidden = page(&router, path).await;
    assert!(hidden.contains("Reveal the values") && !hidden.contains(SECRET), "{hidden}");
    let (status, _, revealed) = send(&router, "/reveal", &at).await;
    assert_eq!(status, StatusCode::OK);
    assert!(revealed.contains(SECRET), "{revealed}");
    assert!(page(&router, "/audit").await.contains("event 1 of Shop"));
    assert!(!page(&router, path).await.contains(SECRET));
    let missing = [("application", "Shop".to_owned()), ("at", "9".to_owned())];
    assert_eq!(send(&router, "/reveal", &missing).await.0, StatusCode::NOT_FOUND);
}
