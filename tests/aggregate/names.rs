//! Names and topics of events, chosen ids, and hand-written event structs.

use eventsourcing::AggregateEvent as _;
use eventsourcing::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{fold, recorded, topic};

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    title: String,
    body: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TitleChanged {
    /// Comes second in the method.
    #[serde(rename = "from")]
    before: Option<String>,
    title: String,
}

mod events {
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Cleared;
}

#[aggregate(name = "pages")]
impl Page {
    #[event]
    pub fn create(title: impl Into<String>) -> Self {
        Page { title: title.into(), body: String::new() }
    }

    #[event("Imported", id = Self::create_id(&title))]
    pub fn import(title: impl Into<String>, body: &str) -> Self {
        Self { title: title.into(), body: body.to_owned() }
    }

    #[event("Copied", id = id)]
    pub fn copy(id: Uuid, title: &str) -> Self {
        let _ = id;
        Self { title: title.to_owned(), body: String::new() }
    }

    #[event]
    pub fn append_to_body(&mut self, text: &str) {
        self.body.push_str(text);
    }

    #[event("Shouted", topic = "pages/shouted/v1")]
    pub fn shout(&mut self) {
        self.body.make_ascii_uppercase();
    }

    #[event(struct = TitleChanged)]
    pub fn change_title(&mut self, title: impl Into<String>, before: Option<&str>) {
        self.title = title.into();
        if let Some(before) = before {
            self.body.push_str(before);
        }
    }

    #[event(struct = events::Cleared)]
    pub fn clear(&mut self) {
        self.body.clear();
    }

    #[event("Merged")]
    #[cfg(any())]
    pub fn merge(&mut self, nothing: DoesNotExist) {
        self.does_not_exist(nothing);
    }

    #[event("Merged")]
    #[cfg(not(any()))]
    pub fn merge(&mut self, other: &str) {
        self.body.push_str(other);
    }

    pub fn create_id(title: &str) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("/pages/{title}").as_bytes())
    }
}

#[test]
fn a_bare_event_is_named_after_its_method() {
    let mut page = Page::create("a");
    assert_eq!(topic(&page), "pages.Created");
    assert_eq!(page.id().get_version_num(), 4);
    page.append_to_body("b");
    assert_eq!(topic(&page), "pages.AppendToBody");
    assert!(matches!(page.pending_events()[1].event, PageEvent::AppendToBody(PageAppendToBody { .. })));
}

#[test]
fn a_pinned_topic_is_the_whole_topic() {
    let mut page = Page::create("a");
    page.shout();
    assert_eq!(topic(&page), "pages/shouted/v1");
}

#[test]
fn a_pinned_name_is_that_of_the_aggregate_everywhere() {
    assert_eq!(Page::NAME, "pages");
    assert_eq!(
        PageEvent::TOPICS,
        [
            "pages.Created",
            "pages.Imported",
            "pages.Copied",
            "pages.AppendToBody",
            "pages/shouted/v1",
            "pages.TitleChanged",
            "pages.Cleared",
            "pages.Merged"
        ]
    );
}

#[test]
fn an_id_is_what_its_expression_says() {
    let page = Page::import("a", "b");
    assert_eq!(page.id(), Page::create_id("a"));
    assert_eq!(fold(&page), page);
    let id = Uuid::from_u128(7);
    assert_eq!(Page::copy(id, "a").id(), id);
}

#[test]
fn each_creation_event_makes_an_aggregate() {
    for page in [Page::create("a"), Page::import("a", "b"), Page::copy(Uuid::from_u128(1), "c")] {
        assert_eq!(page.version(), 1);
        assert_eq!(fold(&page), page);
    }
}

#[test]
fn an_events_own_struct_takes_the_parameters_by_name() {
    let mut page = Page::create("a");
    page.change_title("b", Some("a"));
    assert_eq!(recorded(&page), r#"{"from":"a","title":"b"}"#);
    let changed = TitleChanged { before: Some("a".to_owned()), title: "b".to_owned() };
    assert!(matches!(&page.pending_events()[1].event, PageEvent::TitleChanged(event) if *event == changed));
    assert_eq!(fold(&page), page);
    assert_eq!((page.title.as_str(), page.body.as_str()), ("b", "a"));
}

#[test]
fn an_events_own_struct_may_be_a_unit_struct_elsewhere() {
    let mut page = Page::import("a", "b");
    page.clear();
    assert_eq!((recorded(&page).as_str(), topic(&page)), ("{}", "pages.Cleared"));
    assert!(fold(&page).body.is_empty());
}

#[test]
fn an_event_that_is_configured_away_leaves_nothing_behind() {
    let mut page = Page::create("a");
    page.merge("b");
    assert_eq!(topic(&page), "pages.Merged");
    assert_eq!(fold(&page).body, "b");
}

#[test]
fn methods_may_have_the_names_of_the_traits() {
    // `create` is one of them here
    assert_eq!(Page::create("a").title, "a");
    assert_eq!(
        <Page as Aggregate>::create(PageEvent::Shouted(PageShouted {})).unwrap_err(),
        eventsourcing::ApplyError::NotACreation
    );
}
