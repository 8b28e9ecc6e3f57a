//! Large payloads, long histories and large numbers in the browser.

use eventsourcing::prelude::*;

use crate::common::{in_memory, place};
use crate::site::{serve, signed_in};

#[tokio::test(flavor = "multi_thread")]
async fn much_data_is_shown_in_part_and_exactly() {
    let shop = in_memory().await;
    let mut order = place("ada");
    for number in 1..20_000 {
        order.note(number.to_string());
    }
    shop.save(&mut order).await.expect("saved");
    let mut large = place("grace");
    large.note("ü".repeat(5 * 1024 * 1024));
    shop.save(&mut large).await.expect("saved");
    let server = serve(&shop).await;
    let browser = signed_in(&server);
    let open = |path: &str| {
        browser.go(&format!("http://{}/{path}", server.address()));
        assert_eq!(browser.overflow(), 0, "{path}");
        let nodes = browser.run("return document.querySelectorAll('*').length").as_u64().expect("a number");
        assert!(nodes <= 3_000, "{path} has {nodes} elements");
        browser.text()
    };
    // more than a double can represent: the page shows each digit
    assert!(open("Shop/events/1").contains("9007199254740993"));
    assert!(open(&format!("Shop/aggregates/{}?at=1", order.id())).contains("9007199254740993"));
    let event = open("Shop/events/20002");
    assert!(event.contains("The beginning of 10 MB"), "{}", event.len());
    let aggregate = open(&format!("Shop/aggregates/{}", large.id()));
    assert!(
        aggregate.contains("is not opened here") && aggregate.contains("too long for a page"),
        "{}",
        aggregate.len()
    );
    assert!(open("Shop/log?limit=200").contains("large state"));
    let history = open(&format!("Shop/aggregates/{}", order.id()));
    assert!(history.contains("version 20,000 of 20,000") && history.contains("This history is long"), "{history}");
    browser.open(".middle a");
    assert!(browser.text().contains("20,000 of 20,000 events replayed"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
