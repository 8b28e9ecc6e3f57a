//! Each page in two sizes and two schemes: no rule of accessibility is broken, the policy forbids nothing, and nothing is too wide.

use crate::browser::{Browser, Size};
use crate::site::{Site, signed_in};

/// Checks the page that is shown.
fn check(browser: &Browser, page: &str) {
    browser.bring_rules();
    for size in [Size::Wide, Size::Phone] {
        browser.resize(size);
        for scheme in ["light", "dark"] {
            browser.prefer(scheme);
            let broken = browser.broken_rules();
            assert!(broken.is_empty(), "{page}, {size:?}, {scheme}: {}", broken.join("\n"));
            assert_eq!(browser.overflow(), 0, "{page}, {size:?}: pixels beside the window");
        }
    }
    let nodes = browser.run("return document.querySelectorAll('*').length").as_u64().expect("a number");
    assert!(nodes <= 1_600, "{page} has {nodes} elements");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_page_can_be_used_by_all_and_fits_its_window() {
    let site = Site::open().await;
    let Site { order, cart, parcel, secret, .. } = &site;
    let browser = signed_in(&site.server);
    for page in [
        "/overview".to_owned(),
        "/Shop/log".to_owned(),
        "/Shop/log?topic=Order.Noted&not=Cart&at=3".to_owned(),
        "/Shop/log?topic=Nothing".to_owned(),
        "/Shop/log?live=1&tz=local".to_owned(),
        "/Payments/log".to_owned(),
        "/Shop/events/1".to_owned(),
        "/Payments/events/1".to_owned(),
        format!("/Shop/aggregates/{order}"),
        format!("/Shop/aggregates/{order}?at=2"),
        format!("/Shop/aggregates/{order}?from=2&at=9"),
        format!("/Shop/aggregates/{cart}"),
        format!("/Shop/aggregates/{parcel}"),
        format!("/Payments/aggregates/{secret}"),
    ] {
        browser.go(&site.url(&page));
        check(&browser, &page);
        assert_eq!(browser.complaints(), Vec::<String>::new(), "{page}");
    }
    // the form over the page
    browser.go(&site.url("/Shop/log"));
    browser.click(".add > summary");
    check(&browser, "the filters of the log");
    // what a page is that does not exist
    browser.go(&site.url("/Shop/events/999"));
    check(&browser, "a missing event");
    let complaints = browser.complaints();
    assert!(complaints.iter().all(|complaint| complaint.contains("status of 404")), "{complaints:?}");
}

/// The check finds what it looks for: markup that breaks rules, is too wide, and is forbidden by the policy.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_faults_is_found() {
    let site = Site::open().await;
    let browser = signed_in(&site.server);
    browser.bring_rules();
    browser.run(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"http://example.com/x.png\"><input>'); \
         const inline = document.createElement('script'); inline.textContent = 'window.injected = true'; document.body.append(inline); \
         const wide = document.createElement('div'); wide.className = 'mono'; wide.textContent = 'x'.repeat(900); document.body.append(wide);",
    );
    let broken = browser.broken_rules().join("\n");
    assert!(broken.contains("image-alt") && broken.contains("label"), "{broken}");
    assert!(browser.overflow() > 0);
    assert!(browser.run("return window.injected").is_null(), "the policy lets inline scripts run");
    let complaints = browser.complaints().join("\n");
    assert!(complaints.contains("Content Security Policy"), "{complaints}");
}
