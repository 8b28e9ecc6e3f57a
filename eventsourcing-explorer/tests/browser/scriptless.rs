//! The pages work without script.

use serde_json::json;

use crate::browser::Browser;
use crate::common::TOKEN;
use crate::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn links_and_forms_work_without_script() {
    let site = Site::open().await;
    let browser = Browser::start();
    browser.devtools("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    browser.go(&site.url("/login"));
    browser.write("#token", TOKEN);
    browser.open("form button");
    assert_eq!(browser.url(), site.url("/overview"));
    browser.go(&site.url("/Shop/log"));
    browser.open("#older");
    assert!(browser.url().contains("before="), "{}", browser.url());
    browser.open("#rows tr:first-child a");
    assert!(browser.url().contains("at="), "{}", browser.url());
    browser.open("#open");
    assert!(browser.url().contains("/events/"), "{}", browser.url());
    browser.open("#prev");
    browser.go(&site.url(&format!("/Shop/aggregates/{}", site.order)));
    browser.open("#prev");
    browser.open(".state a");
    assert!(browser.url().contains("?at="), "{}", browser.url());
    browser.click(".add > summary");
    browser.write(".pop [name=from]", "");
    browser.open(".pop button");
    assert!(browser.url().contains("from="), "{}", browser.url());
    browser.go(&site.url("/Shop/log"));
    browser.write("#q", "Cart");
    browser.click(".add > summary");
    browser.write(".pop [name=topic]", "Order.Placed");
    browser.open(".pop button");
    assert!(browser.url().contains("topic=Order.Placed"), "{}", browser.url());
}
