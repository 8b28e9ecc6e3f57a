//! What users write stays text in the browser too, in every field that they control.

use eventsourcing::StoredEvent;
use eventsourcing::prelude::*;

use crate::common::{Cart, Parcel, in_memory, place};
use crate::site::{serve, signed_in};

const CORPUS: [&str; 10] = [
    "<script>window.pwned = 1</script>",
    "\"><img src=x onerror=window.pwned=1>",
    "' onmouseover='window.pwned=1' autofocus onfocus='window.pwned=1",
    "</pre></td></table></title><svg onload=window.pwned=1>",
    "javascript:window.pwned=1",
    "a\r\n\r\ndata: <script>window.pwned=1</script>\nevent: y",
    "\u{202e}txt.exe\u{2066}",
    "<!-- ]]> <style>*{display:none}</style>",
    "&lt;script&gt;window.pwned=1&lt;/script&gt;",
    "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
];

#[tokio::test(flavor = "multi_thread")]
async fn hostile_texts_are_shown_and_do_nothing() {
    let shop = in_memory().await;
    let mut ids = Vec::new();
    for text in CORPUS {
        let metadata = Metadata::new().with_actor(text).with_correlation_id(text).with("note", text);
        let (mut order, mut cart, mut parcel) =
            (place(text), Cart::fill(text.to_owned()), Parcel::pack(1, text.to_owned()));
        order.note(text.to_owned());
        ids.extend([order.id(), cart.id(), parcel.id()]);
        shop.save((&mut order, &mut cart, &mut parcel)).metadata(metadata).await.expect("saved");
        // a topic, the names of fields, and a state that is no JSON: as another program may have recorded them
        for state in [serde_json::json!({ (text): { (text): text } }).to_string(), text.to_owned()] {
            let id = Uuid::new_v4();
            ids.push(id);
            let event = StoredEvent::new(id, 1, format!("Order.{text}"), state.into_bytes(), Uuid::new_v4());
            shop.recorder().insert_events(vec![event]).await.expect("recorded");
        }
    }
    let server = serve(&shop).await;
    let browser = signed_in(&server);
    let last = shop.log().max_id().await.expect("a log").expect("events");
    let mut pages =
        vec!["overview".to_owned(), "Shop/log?limit=200".to_owned(), "Shop/log?limit=200&live=1".to_owned()];
    pages.extend(ids.iter().map(|id| format!("Shop/aggregates/{id}")));
    pages.extend((1..=last).step_by(3).map(|position| format!("Shop/events/{position}")));
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    pages.extend(CORPUS.iter().map(|text| format!("Shop/log?topic={0}&not={0}", encoded(text))));
    for page in pages {
        browser.go(&format!("http://{}/{page}", server.address()));
        // the only scripts, images and styles are those of the explorer
        let foreign = "return [window.pwned ?? null, document.querySelectorAll('img, iframe, style, script:not([src]), [onload], [onerror], \
                       [onfocus], [onmouseover]').length, document.querySelectorAll('a[href^=\"javascript:\" i]').length]";
        assert_eq!(browser.run(foreign), serde_json::json!([null, 0, 0]), "{page}");
        assert_eq!(browser.complaints(), Vec::<String>::new(), "{page}");
        assert_eq!(browser.overflow(), 0, "{page}: pixels beside the window");
    }
}
