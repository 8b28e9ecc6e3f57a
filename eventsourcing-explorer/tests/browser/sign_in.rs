//! Signing in and out.

use crate::browser::Browser;
use crate::common::TOKEN;
use crate::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_signs_in_and_out() {
    let site = Site::open().await;
    let browser = Browser::start();
    // a page asks for the token, and is shown then
    browser.go(&site.url("/Shop/log?topic=Order"));
    browser.write("#token", "a-wrong-token-0123456789");
    browser.open("form button");
    assert!(browser.text().contains("This is not the token"), "{}", browser.text());
    browser.bring_rules();
    assert_eq!(browser.broken_rules(), Vec::<String>::new());
    browser.write("#token", TOKEN);
    browser.open("form button");
    assert_eq!(browser.url(), site.url("/Shop/log?topic=Order"));
    assert!(browser.text().contains("Order.Noted"), "{}", browser.text());
    // no script can read the cookie, and it is gone afterwards
    assert_eq!(browser.run("return document.cookie"), "");
    browser.open(".foot button");
    browser.go(&site.url("/overview"));
    assert!(browser.text().contains("Sign in"), "{}", browser.text());
}
