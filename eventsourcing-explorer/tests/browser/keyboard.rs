//! Everything can be reached and used without a mouse.

use crate::browser::{Browser, ENTER, ESCAPE, LEFT, TAB};
use crate::site::{Site, signed_in};

/// Presses Tab until the focus has gone through the page, and returns what had it.
fn stops(browser: &Browser) -> Vec<String> {
    let mut stops = Vec::new();
    browser.run("window.seen = new Set()");
    loop {
        browser.press(TAB);
        let stop = browser.run(
            "const at = document.activeElement; if (at === document.body || seen.has(at)) return null; seen.add(at); \
             const style = getComputedStyle(at.id === 'q' ? at.closest('form') : at), box = at.getBoundingClientRect(); \
             const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1; \
             const shown = box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth; \
             return [at.tagName + ' ' + (at.id || at.getAttribute('aria-label') || at.textContent.trim()), ring, shown]",
        );
        if stop.is_null() {
            return stops;
        }
        let name = stop[0].as_str().expect("a name").to_owned();
        assert!(stop[1] == true, "{name} has the focus and no ring");
        assert!(stop[2] == true, "{name} has the focus and is not shown");
        stops.push(name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_stop_of_the_focus_is_seen_and_each_link_is_one() {
    let site = Site::open().await;
    let browser = signed_in(&site.server);
    for page in ["/overview".to_owned(), "/Shop/log".to_owned(), format!("/Shop/aggregates/{}?at=40", site.order)] {
        browser.go(&site.url(&page));
        let links = "return [...document.querySelectorAll('a[href], button, input:not([type=hidden]), summary, [tabindex]')]\
                     .filter(at => at.checkVisibility()).length";
        let links = browser.run(links).as_u64().and_then(|links| usize::try_from(links).ok()).expect("a number");
        let stops = stops(&browser);
        assert_eq!(stops[0], "A Skip to content", "{page}");
        assert_eq!(stops.len(), links, "{page}: {stops:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_move_open_search_and_follow() {
    let site = Site::open().await;
    let browser = signed_in(&site.server);
    browser.go(&site.url("/Shop/log"));
    let last = site.shop.log().max_id().await.expect("a log").expect("events");
    browser.press("j");
    browser.press("j");
    let third = last - 2;
    browser.wait_until(&format!(
        "document.querySelector('#p{third}[aria-selected]') && location.search.includes('at={third}')"
    ));
    browser.press("k");
    browser.wait_until(&format!("location.search.includes('at={}')", last - 1));
    browser.follow(|browser| browser.press(ENTER));
    assert_eq!(browser.url(), site.url(&format!("/Shop/events/{}", last - 1)));
    browser.follow(|browser| browser.press(LEFT));
    assert_eq!(browser.url(), site.url(&format!("/Shop/events/{third}")));

    browser.press("/");
    assert_eq!(browser.run("return document.activeElement.id"), "q");
    browser.press(ESCAPE);
    assert_eq!(browser.run("return document.activeElement.tagName"), "BODY");
    browser.write("#q", "1");
    browser.follow(|browser| browser.press(ENTER));
    assert_eq!(browser.url(), site.url("/Shop/events/1"));

    browser.go(&site.url("/Shop/log"));
    browser.follow(|browser| browser.press("t"));
    assert!(browser.url().contains("live=1"), "{}", browser.url());

    browser.go(&site.url(&format!("/Shop/aggregates/{}", site.order)));
    browser.follow(|browser| browser.press(LEFT));
    assert!(browser.url().ends_with("?at=81"), "{}", browser.url());
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
