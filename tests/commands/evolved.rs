//! Events that were recorded under an old name, or in an old shape, are compared in their newest form.

use super::{Variables, in_each_database};

in_each_database! {
    old_events_are_compared_in_their_newest_form
}

mod before {
    use eventsourcing::prelude::*;

    #[aggregate]
    pub(super) struct Ticket {
        text: String,
    }

    #[aggregate]
    impl Ticket {
        #[event("Opened")]
        pub(super) fn open(text: &str) -> Self {
            Self { text: text.to_owned() }
        }

        #[event("Renamed")]
        pub(super) fn rename(&mut self, text: &str) {
            self.text = text.to_owned();
        }
    }
}

mod after {
    use eventsourcing::prelude::*;
    use serde::Deserialize;

    #[aggregate]
    pub(super) struct Ticket {
        pub(super) title: String,
    }

    #[derive(Deserialize)]
    struct OpenedV1 {
        text: String,
    }

    fn opened_v1(old: OpenedV1) -> TicketOpened {
        TicketOpened { title: old.text }
    }

    #[aggregate]
    impl Ticket {
        #[event("Opened", version = 2, upcasts = [opened_v1])]
        pub(super) fn open(title: &str) -> Self {
            Self { title: title.to_owned() }
        }

        #[event("Retitled", was = ["Ticket.Renamed"])]
        pub(super) fn retitle(&mut self, text: &str) {
            self.title = text.to_owned();
        }
    }
}

async fn old_events_are_compared_in_their_newest_form(variables: Variables) {
    use eventsourcing::prelude::*;

    let recorder = std::sync::Arc::clone(super::Shop::open_with(variables).await.unwrap().recorder());
    let old = Application::builder("Shop").recorder(std::sync::Arc::clone(&recorder)).open().unwrap();
    let new = Application::builder("Shop").recorder(recorder).open().unwrap();
    let mut ticket = before::Ticket::open("broken");
    ticket.rename("broken lamp");
    let recordings = old.save(&mut ticket).command("request-1").await.unwrap();
    assert_eq!(&recordings[1].topic, "Ticket.Renamed");

    let reopened = |title: &str, then: &str| {
        let mut ticket = after::Ticket::open(title);
        ticket.retitle(then);
        ticket
    };
    assert_eq!(new.save(&mut reopened("broken", "broken lamp")).command("request-1").await.unwrap(), recordings);
    for (title, then, difference) in [
        ("other", "broken lamp", "its event 1, `Ticket.Opened`, differs at `$.title`"),
        ("broken", "other", "its event 2, `Ticket.Retitled`, differs at `$.text`"),
    ] {
        let error = new.save(&mut reopened(title, then)).command("request-1").await.unwrap_err();
        assert!(error.to_string().contains(difference), "{error}");
    }
    assert_eq!(new.repository().get::<after::Ticket>(recordings[0].originator_id).await.unwrap().title, "broken lamp");
}
