//! New events appear in the browser as another process records them.

use std::process::{Command, Stdio};

use crate::common::{Shop, place};
use crate::site::{serve, signed_in};

/// Set in the process that records.
const RECORDS: &str = "EVENTSOURCING_TEST_RECORDS_INTO";

/// The number of events that the other process records, one by one.
const EVENTS: usize = 40;

async fn open(file: &str) -> Shop {
    let variables = [("PERSISTENCE_MODULE", "sqlite"), ("SQLITE_DBNAME", file)];
    Shop::builder().variables(variables).open().await.expect("an application")
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_another_process_appear_without_a_reload() {
    if let Ok(file) = std::env::var(RECORDS) {
        let shop = open(&file).await;
        for number in 0..EVENTS {
            shop.save(&mut place(&format!("customer {number}"))).await.expect("saved");
        }
        shop.close().await;
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shop.db").to_string_lossy().into_owned();
    let shop = open(&file).await;
    shop.save(&mut place("the first customer")).await.expect("saved");
    let server = serve(&shop).await;
    let browser = signed_in(&server);
    browser.go(&format!("http://{}/Shop/log?live=1", server.address()));
    browser.run("window.isTheSamePage = true");
    assert_eq!(browser.run("return document.querySelectorAll('#rows tr').length"), 1);

    let mut other = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "live::events_of_another_process_appear_without_a_reload"])
        .env(RECORDS, &file)
        .stdout(Stdio::null())
        .spawn()
        .expect("a process");
    browser.wait_until(&format!("document.querySelector('#p{}')", EVENTS + 1));
    assert!(other.wait().expect("it ends").success());
    let positions = "return [...document.querySelectorAll('#rows tr')].map(row => Number(row.id.slice(1)))";
    let shown = browser.run(positions);
    let expected: Vec<usize> = (1..=EVENTS + 1).rev().collect();
    assert_eq!(shown, serde_json::json!(expected), "each event once, the newest first");
    assert_eq!(browser.run("return window.isTheSamePage"), true);
    assert_eq!(browser.complaints(), Vec::<String>::new());
    shop.close().await;
}
