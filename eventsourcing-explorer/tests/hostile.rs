//! What users write is shown as text, wherever it is.

#[path = "common/mod.rs"]
mod common;

use common::{in_memory, json, page, place, router};
use eventsourcing::prelude::*;

#[tokio::test]
async fn what_users_write_is_text_and_no_markup() {
    let shop = in_memory().await;
    let corpus = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</pre></td></table><svg onload=alert(1)>",
        "{{constructor.constructor('alert(1)')()}}",
        "javascript:alert(1)",
        "a\r\n\r\ndata: <b>x</b>\nevent: y",
        "\u{202e}txt.exe\u{2066}",
        "<!--",
        "]]>",
        "&lt;script&gt;",
        "\u{0}\u{1b}[31m",
    ];
    for text in corpus {
        let (mut order, metadata) = (place(text), Metadata::new().with_actor(text).with("note", text));
        order.note(text.to_owned());
        shop.save(&mut order).metadata(metadata).await.expect("saved");
    }
    let router = router(&shop);
    let last = corpus.len() * 2;
    let id = json(&router, "/Shop/events/1.json").await["event"]["aggregate_id"].as_str().expect("an id").to_owned();
    let mut paths = vec!["/overview".to_owned(), "/Shop/log?limit=200".to_owned(), format!("/Shop/aggregates/{id}")];
    paths.extend((1..=last).map(|position| format!("/Shop/events/{position}")));
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    paths.extend(corpus.iter().map(|text| format!("/Shop/log?topic={0}&not={0}", encoded(text))));
    for path in paths {
        let html = page(&router, &path).await;
        for markup in ["<script>", "<img", "<svg onload", "onerror=alert(1)>", "<!--", "<b>x</b>"] {
            assert!(!html.contains(markup), "{path} contains {markup}");
        }
        // a hidden field of the filter form keeps the value as it is
        assert!(path.contains("topic=") || !html.contains(['\u{202e}', '\u{1b}']), "{path}");
        // the only script is the one of the explorer; attributes are in double quotes, so a single one ends none
        assert_eq!(html.matches("<script").count(), 1, "{path}");
        assert!(!html.contains("href=\"javascript"), "{path}");
    }
}
